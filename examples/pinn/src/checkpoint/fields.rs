//! The fields of a run, on their way into a checkpoint or out of it.

use std::mem;
use std::slice;
use std::time::Duration;
use trimtab::checkpoint::{self, State};

/// Writes fields, or reads them in the same order.
///
/// What has fields names them in one function, which serves both ways and so cannot write one thing and read another.
/// It takes `&mut self` for that; writing changes nothing.
pub struct Fields<'a>(Way<'a>);

enum Way<'a> {
    /// Into a checkpoint: the bytes so far.
    Write(Vec<u8>),
    /// Out of one: the bytes to come; none: they did not fit.
    Read(Option<&'a [u8]>),
}

impl<'a> Fields<'a> {
    /// The bytes of the fields that `name` names.
    pub fn write(name: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut fields = Self(Way::Write(Vec::new()));
        name(&mut fields);
        match fields.0 {
            Way::Write(bytes) => bytes,
            Way::Read(_) => unreachable!("the way does not change"),
        }
    }

    /// Sets the fields that `name` names to what `bytes` hold, and gives the bytes that are left; none if there were
    /// too few or they hold something else. Some fields have been set even then.
    pub fn read(bytes: &'a [u8], name: impl FnOnce(&mut Self)) -> Option<&'a [u8]> {
        let mut fields = Self(Way::Read(Some(bytes)));
        name(&mut fields);
        match fields.0 {
            Way::Read(rest) => rest,
            Way::Write(_) => unreachable!("the way does not change"),
        }
    }

    /// As they are.
    pub fn bytes(&mut self, bytes: &mut [u8]) {
        match &mut self.0 {
            Way::Write(written) => written.extend_from_slice(bytes),
            Way::Read(rest) => {
                let parts = rest.and_then(|rest| rest.split_at_checked(bytes.len()));
                if let Some((first, _)) = parts {
                    bytes.copy_from_slice(first);
                }
                *rest = parts.map(|(_, rest)| rest);
            }
        }
    }

    /// 8 bytes.
    pub fn u64(&mut self, x: &mut u64) {
        let mut bytes = x.to_le_bytes();
        self.bytes(&mut bytes);
        *x = u64::from_le_bytes(bytes);
    }

    /// 16 bytes.
    pub fn u128(&mut self, x: &mut u128) {
        let mut bytes = x.to_le_bytes();
        self.bytes(&mut bytes);
        *x = u128::from_le_bytes(bytes);
    }

    /// 4 bytes: the bits, which may be those of a NaN.
    pub fn f32(&mut self, x: &mut f32) {
        let mut bytes = x.to_le_bytes();
        self.bytes(&mut bytes);
        *x = f32::from_le_bytes(bytes);
    }

    /// 8 bytes: the bits, which may be those of a NaN.
    pub fn f64(&mut self, x: &mut f64) {
        let mut bytes = x.to_le_bytes();
        self.bytes(&mut bytes);
        *x = f64::from_le_bytes(bytes);
    }

    /// A u64.
    pub fn count(&mut self, x: &mut usize) {
        let mut wide = *x as u64;
        self.u64(&mut wide);
        match usize::try_from(wide) {
            Ok(narrow) => *x = narrow,
            Err(_) => self.refuse(),
        }
    }

    /// Nanoseconds, a u64.
    pub fn duration(&mut self, x: &mut Duration) {
        let mut nanoseconds = x.as_nanos() as u64;
        self.u64(&mut nanoseconds);
        *x = Duration::from_nanos(nanoseconds);
    }

    /// Their number, then one behind the other as `each` names them.
    pub fn list<T: Default>(&mut self, items: &mut Vec<T>, each: impl Fn(&mut Self, &mut T)) {
        let mut len = items.len();
        self.count(&mut len);
        if let Way::Read(Some(rest)) = self.0
            && len > rest.len()
        {
            // Every item has a byte at least: no memory for what cannot be there.
            self.refuse();
        }
        if let Way::Read(None) = self.0 {
            return;
        }
        items.resize_with(len, T::default);
        items.iter_mut().for_each(|item| each(self, item));
    }

    /// A list of one or none.
    pub fn option<T: Default>(&mut self, x: &mut Option<T>, each: impl Fn(&mut Self, &mut T)) {
        let mut items: Vec<T> = x.take().into_iter().collect();
        self.list(&mut items, each);
        *x = items.pop();
        if !items.is_empty() {
            self.refuse();
        }
    }

    /// A list of the bytes of its UTF-8.
    pub fn text(&mut self, x: &mut String) {
        let mut bytes = mem::take(x).into_bytes();
        self.list(&mut bytes, |fields, byte| {
            fields.bytes(slice::from_mut(byte))
        });
        match String::from_utf8(bytes) {
            Ok(text) => *x = text,
            Err(_) => self.refuse(),
        }
    }

    /// A record of [`trimtab::checkpoint`] that holds them; there are to be as many when they are read.
    pub fn states<S: State>(&mut self, states: &mut [S]) {
        let mut record = vec![0; checkpoint::size(|to| to.put(states))];
        if let Way::Write(_) = self.0 {
            checkpoint::save(&mut record, |to| to.put(states)).expect("it has the size asked for");
        }
        self.bytes(&mut record);
        if let Way::Read(Some(_)) = self.0
            && checkpoint::load(&record, |from| from.take(states)).is_err()
        {
            self.refuse();
        }
    }

    /// Nothing is read any more.
    fn refuse(&mut self) {
        if let Way::Read(rest) = &mut self.0 {
            *rest = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab::{NormState, StepState};

    #[derive(Clone, Debug, Default)]
    struct Sample {
        count: usize,
        single: f32,
        doubles: Vec<f64>,
        rows: Vec<Vec<f64>>,
        some: Option<u64>,
        none: Option<u64>,
        text: String,
        wide: u128,
        time: Duration,
        norms: [NormState; 2],
        step: StepState,
    }

    impl Sample {
        fn new() -> Self {
            let norm = NormState {
                m: f64::from_bits(0x7FF0_0000_0000_0001),
                ..NormState::default()
            };
            Self {
                count: 3,
                single: f32::from_bits(0xFF80_1234),
                doubles: vec![-0.0, f64::from_bits(0x7FF8_0000_0000_BEEF), f64::MIN],
                rows: vec![vec![], vec![1.5, f64::INFINITY]],
                some: Some(7),
                none: None,
                text: "ν".to_owned(),
                wide: 1 << 100,
                time: Duration::from_nanos(12_345_678_901),
                norms: [norm; 2],
                step: StepState { steps: 9 },
            }
        }

        fn name(&mut self, fields: &mut Fields) {
            fields.count(&mut self.count);
            fields.f32(&mut self.single);
            fields.list(&mut self.doubles, Fields::f64);
            fields.list(&mut self.rows, |fields, row| fields.list(row, Fields::f64));
            fields.option(&mut self.some, Fields::u64);
            fields.option(&mut self.none, Fields::u64);
            fields.text(&mut self.text);
            fields.u128(&mut self.wide);
            fields.duration(&mut self.time);
            fields.states(&mut self.norms);
            fields.states(slice::from_mut(&mut self.step));
        }

        fn bytes(&mut self) -> Vec<u8> {
            Fields::write(|fields| self.name(fields))
        }
    }

    #[test]
    fn every_bit_comes_back() {
        let bytes = Sample::new().bytes();
        // By hand: 8 + 4 + (8 + 24) + (8 + 8 + 8 + 16) + 16 + 8 + (8 + 2) + 16 + 8, and records of 32 bytes, 16 for an
        // entry, 2 x 32 and 8 for its states.
        assert_eq!(bytes.len(), 142 + (48 + 64) + (48 + 8));
        assert_eq!(
            (&bytes[..8], &bytes[8..12]),
            (&[3, 0, 0, 0, 0, 0, 0, 0][..], &[0x34, 0x12, 0x80, 0xFF][..])
        );
        let mut read = Sample {
            none: Some(5),
            doubles: vec![1.0; 20],
            ..Sample::default()
        };
        let rest = Fields::read(&bytes, |fields| read.name(fields));
        assert_eq!(rest, Some(&[][..]));
        assert_eq!(read.bytes(), bytes);
        let (bits, expected) = (
            read.doubles[1].to_bits(),
            Sample::new().doubles[1].to_bits(),
        );
        assert_eq!((bits, read.single.to_bits()), (expected, 0xFF80_1234));
        assert_eq!(
            (read.some, read.none, read.text.as_str()),
            (Some(7), None, "ν")
        );
        assert_eq!(read.norms[1].m.to_bits(), 0x7FF0_0000_0000_0001);
        assert_eq!(
            (read.time, read.wide, read.step.steps),
            (Duration::from_nanos(12_345_678_901), 1 << 100, 9)
        );
    }

    #[test]
    fn too_few_bytes_are_refused_and_others_are_left() {
        let bytes = Sample::new().bytes();
        for len in 0..bytes.len() {
            let mut read = Sample::default();
            let rest = Fields::read(&bytes[..len], |fields| read.name(fields));
            assert_eq!(rest, None, "{len} bytes");
        }
        let longer = [&bytes[..], b"more"].concat();
        let rest = Fields::read(&longer, |fields| Sample::default().name(fields));
        assert_eq!(rest, Some(&b"more"[..]));
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let huge = u64::MAX.to_le_bytes();
        let mut list: Vec<f64> = Vec::new();
        assert_eq!(
            Fields::read(&huge, |fields| fields.list(&mut list, Fields::f64)),
            None
        );
        let two = [[2, 0, 0, 0, 0, 0, 0, 0]; 3].concat();
        let mut option = None;
        assert_eq!(
            Fields::read(&two, |fields| fields.option(&mut option, Fields::u64)),
            None
        );
        let latin1 = [1, 0, 0, 0, 0, 0, 0, 0, 0xE9];
        let mut text = String::new();
        assert_eq!(Fields::read(&latin1, |fields| fields.text(&mut text)), None);
    }

    #[test]
    fn states_of_another_number_are_refused() {
        let bytes = Fields::write(|fields| fields.states(&mut [StepState::default(); 2]));
        for count in [1, 3] {
            let mut states = vec![StepState::default(); count];
            assert_eq!(
                Fields::read(&bytes, |fields| fields.states(&mut states)),
                None
            );
        }
    }
}
