//! All states of a run as a record of bytes, so that it continues after a restart as if it had never stopped.
//!
//! A caller names its states to a [`Writer`], and later, in the same order, to a [`Reader`]:
//!
//! ```
//! use trimtab::{GuardState, NormState, StepState, checkpoint};
//!
//! let (norms, guard, adam) = ([NormState::default(); 3], GuardState::default(), StepState { steps: 7 });
//! let mut bytes = [0; 256];
//! let len = checkpoint::save(&mut bytes, |to| {
//!     to.put(&norms);
//!     to.put_one(&guard);
//!     to.put_one(&adam);
//! })?;
//!
//! // After the restart:
//! let (mut norms, mut guard, mut adam) = <([NormState; 3], GuardState, StepState)>::default();
//! checkpoint::load(&bytes[..len], |from| {
//!     from.take(&mut norms);
//!     from.take_one(&mut guard);
//!     from.take_one(&mut adam);
//! })?;
//! assert_eq!(adam.steps, 7);
//! # Ok::<(), trimtab::Error>(())
//! ```
//!
//! Loading is all or nothing. Every bit of every field comes back, also of NaNs and negative zeros; the
//! method that uses a state judges its values. The caller saves configurations, parameters and the
//! optimizers' buffers.
//!
//! # The bytes
//!
//! Everything is little-endian. A checksum is the CRC-32 of zlib and PNG (polynomial 0x04C11DB7,
//! reflected, initial value and final xor 0xFFFFFFFF; 0xCBF43926 for the text `123456789`).
//!
//! | offset | bytes | holds |
//! |---:|---:|---|
//! | 0 | 8 | 0x89, then `TRIMTAB` in ASCII |
//! | 8 | 4 | version of this table: 1 |
//! | 12 | 4 | number of entries |
//! | 16 | 8 | length of the whole record in bytes |
//! | 24 | 4 | checksum of everything from offset 32 |
//! | 28 | 4 | checksum of bytes 0 to 27 |
//! | 32 | | the entries, one behind the other |
//!
//! An entry is an array of states of one kind. Its length does not depend on the kind.
//!
//! | offset | bytes | holds |
//! |---:|---:|---|
//! | 0 | 4 | kind |
//! | 4 | 4 | length of one state in bytes |
//! | 8 | 8 | number of states |
//! | 16 | | the states, one behind the other |
//!
//! A state is its fields in this order, 8 bytes each: f64 (IEEE binary64) or u64.
//!
//! | kind | state | fields |
//! |---:|---|---|
//! | 0 | [`NormState`](crate::NormState) | m: f64, v: f64, steps: u64, skipped: u64 |
//! | 1 | [`AutoscaleState`](crate::AutoscaleState) | exponent: f64, sigma: f64, alpha: f64, steps: u64 |
//! | 2 | [`ZclipState`](crate::ZclipState) | mean: f64, var: f64, steps: u64 |
//! | 3 | [`GuardState`](crate::GuardState) | consecutive: u64, total: u64 |
//! | 4 | [`StepState`](crate::StepState) | steps: u64 |
//!
//! A new kind leaves the version at 1. Every other change of these tables raises it, and [`load`]
//! continues to read earlier versions.

use core::cmp::Ordering;
use core::slice;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use crate::status::Error;

const MAGIC: [u8; 8] = *b"\x89TRIMTAB";
const VERSION: u32 = 1;

/// Bytes before the first entry; their own checksum is in the last four.
const HEADER: usize = 32;

/// Computed without a table of 1 KiB: records are short.
const CHECKSUM: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// A state that can be saved: a fixed number of fields of 64 bits.
///
/// Kinds below 2^31 are this library's. A state of your own takes one of the others.
pub trait State {
    /// The number of the kind in the bytes.
    const KIND: u32;
    /// `[u64; N]` for N fields.
    type Words: Default + AsRef<[u64]> + AsMut<[u64]>;

    /// The fields in the order of the format, an f64 by its bits.
    fn to_words(&self) -> Self::Words;

    /// The state of these fields.
    fn from_words(words: Self::Words) -> Self;
}

/// Number of bytes that [`save`] needs for the states that `states` puts.
pub fn size(states: impl FnOnce(&mut Writer)) -> usize {
    let mut nowhere = Writer::new(&mut []);
    states(&mut nowhere);
    nowhere.len
}

/// Writes a record of all states that `states` puts, in this order, to the beginning of `bytes`,
/// and returns its length. The bytes behind it stay as they are.
///
/// `states` is called twice and must put the same both times: the first call only counts.
///
/// # Errors
///
/// [`Error::BadSize`] if `bytes` is too short; nothing is written then.
pub fn save(bytes: &mut [u8], states: impl Fn(&mut Writer)) -> Result<usize, Error> {
    let needed = size(&states);
    let record = bytes.get_mut(..needed);
    let Some((header, entries)) = record.and_then(<[u8]>::split_first_chunk_mut) else {
        let needed = needed as u64;
        return Err(Error::BadSize { needed });
    };
    let mut writer = Writer::new(entries);
    states(&mut writer);
    let count = writer.count;
    write_header(header, count, needed, entries);
    Ok(needed)
}

/// Reads the states that `states` takes from a record: of the same kinds and counts and in the same
/// order as they were put. Nothing is changed unless everything matches.
///
/// `states` is called twice and must take the same both times: the first call only compares.
///
/// # Errors
///
/// The first that applies, in this order:
///
/// 1. [`Error::BadMagic`]: the first bytes are not those of a record;
/// 2. [`Error::BadVersion`]: a version other than that of the tables above;
/// 3. [`Error::Truncated`]: fewer bytes than a header has;
/// 4. [`Error::BadChecksum`]: the checksum of the header does not match;
/// 5. [`Error::Truncated`] or [`Error::BadSize`]: fewer or more bytes than the header says;
/// 6. [`Error::BadChecksum`]: the checksum of the entries does not match;
/// 7. for the first entry that does not match, [`Error::WrongKind`]: it is of another kind, missing, or
///    not asked for; [`Error::WrongCount`]: it holds more or fewer states; [`Error::BadLength`]: its
///    length disagrees with the record's, which only another program can have written.
///
/// So a record cut off at any byte is reported as truncated; and one with a changed byte, or up to 32
/// changed bits in a row, as a bad magic or version if they lie there, and else as a bad checksum.
pub fn load(bytes: &[u8], mut states: impl FnMut(&mut Reader)) -> Result<(), Error> {
    let fresh = Reader::new(bytes)?;
    for copy in [false, true] {
        let mut reader = Reader { copy, ..fresh };
        states(&mut reader);
        reader.finish()?;
    }
    Ok(())
}

/// Collects the states of a run, for [`save`].
#[derive(Debug)]
pub struct Writer<'a> {
    /// The free rest of the buffer; beyond it, words are only counted.
    words: slice::IterMut<'a, [u8; 8]>,
    /// Bytes so far, with the header.
    len: usize,
    /// Entries so far.
    count: u32,
}

impl<'a> Writer<'a> {
    fn new(entries: &'a mut [u8]) -> Self {
        Self {
            words: entries.as_chunks_mut().0.iter_mut(),
            len: HEADER,
            count: 0,
        }
    }

    /// Adds an entry of these states.
    pub fn put<S: State>(&mut self, states: &[S]) {
        self.word(entry_word::<S>());
        self.word(states.len() as u64);
        for state in states {
            for word in state.to_words().as_ref() {
                self.word(*word);
            }
        }
        match self.count.checked_add(1) {
            Some(count) => self.count = count,
            // More than the header can hold: no buffer is large enough.
            None => self.len = usize::MAX,
        }
    }

    /// Adds an entry of this one state.
    pub fn put_one<S: State>(&mut self, state: &S) {
        self.put(slice::from_ref(state));
    }

    fn word(&mut self, word: u64) {
        self.len = self.len.saturating_add(size_of::<u64>());
        if let Some(bytes) = self.words.next() {
            *bytes = word.to_le_bytes();
        }
    }
}

/// Restores the states of a run, for [`load`].
#[derive(Debug)]
pub struct Reader<'a> {
    /// The entries not taken yet.
    words: &'a [[u8; 8]],
    /// The number of entries, and the number taken so far.
    count: u32,
    taken: u32,
    /// Whether states are written: only after the pass that compares.
    copy: bool,
    /// The first mismatch.
    refusal: Result<(), Error>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        let (count, entries) = intact(bytes)?;
        let (words, []) = entries.as_chunks() else {
            let index = count as usize;
            return Err(Error::BadLength { index });
        };
        Ok(Self {
            words,
            count,
            taken: 0,
            copy: false,
            refusal: Ok(()),
        })
    }

    /// Takes the next entry, which must hold this many states of this kind.
    pub fn take<S: State>(&mut self, states: &mut [S]) {
        if let Some(words) = self.entry::<S>(|saved| saved == states.len() as u64) {
            let mut words = words.iter();
            states.fill_with(|| read(&mut words));
        }
    }

    /// Takes the next entry, which must hold one state of this kind.
    pub fn take_one<S: State>(&mut self, state: &mut S) {
        self.take(slice::from_mut(state));
    }

    /// Takes the next entry of states that exist only from the first step on, of the saved run or of
    /// this one.
    pub(crate) fn take_grown<S: State + Clone + Default>(
        &mut self,
        states: &mut [S],
        count: &mut usize,
    ) {
        let (len, room) = (*count as u64, states.len() as u64);
        let fits = |saved| saved == len || saved == 0 || (len == 0 && saved <= room);
        if let Some(words) = self.entry::<S>(fits) {
            let mut words = words.iter();
            states.fill(S::default());
            *count = 0;
            for state in states {
                if words.as_slice().is_empty() {
                    break;
                }
                *state = read(&mut words);
                *count += 1;
            }
        }
    }

    /// The fields of the next entry's states, in the pass that writes.
    fn entry<S: State>(&mut self, fits: impl FnOnce(u64) -> bool) -> Option<&'a [[u8; 8]]> {
        let found = self.refusal.and_then(|()| self.find::<S>(fits));
        self.refusal = found.map(drop);
        found.ok().filter(|_| self.copy)
    }

    /// The fields of the next entry's states.
    fn find<S: State>(&mut self, fits: impl FnOnce(u64) -> bool) -> Result<&'a [[u8; 8]], Error> {
        let index = self.taken as usize;
        if self.taken == self.count {
            return Err(Error::WrongKind { index });
        }
        self.taken += 1;
        let ([kind, saved], rest) = self
            .words
            .split_first_chunk()
            .ok_or(Error::BadLength { index })?;
        if u64::from_le_bytes(*kind) != entry_word::<S>() {
            return Err(Error::WrongKind { index });
        }
        let saved = u64::from_le_bytes(*saved);
        if !fits(saved) {
            return Err(Error::WrongCount { index, saved });
        }
        let len = usize::try_from(saved)
            .ok()
            .and_then(|saved| saved.checked_mul(fields::<S>()));
        let parts = len.and_then(|len| rest.split_at_checked(len));
        let (states, rest) = parts.ok_or(Error::BadLength { index })?;
        self.words = rest;
        Ok(states)
    }

    /// The first mismatch; else an error if entries are left over.
    fn finish(self) -> Result<(), Error> {
        self.refusal?;
        let index = self.taken as usize;
        if self.taken != self.count {
            Err(Error::WrongKind { index })
        } else if !self.words.is_empty() {
            Err(Error::BadLength { index })
        } else {
            Ok(())
        }
    }
}

/// Number of fields of a state.
fn fields<S: State>() -> usize {
    S::Words::default().as_ref().len()
}

/// The first eight bytes of an entry: the kind, and the length of one state.
fn entry_word<S: State>() -> u64 {
    let len = size_of::<u64>() * fields::<S>();
    u64::from(S::KIND) | (len as u64) << 32
}

/// The next state of an entry.
fn read<S: State>(words: &mut slice::Iter<[u8; 8]>) -> S {
    let mut fields = S::Words::default();
    for (field, word) in fields.as_mut().iter_mut().zip(words) {
        *field = u64::from_le_bytes(*word);
    }
    S::from_words(fields)
}

fn write_header(header: &mut [u8; HEADER], count: u32, len: usize, entries: &[u8]) {
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&count.to_le_bytes());
    header[16..24].copy_from_slice(&(len as u64).to_le_bytes());
    header[24..28].copy_from_slice(&CHECKSUM.checksum(entries).to_le_bytes());
    let own = CHECKSUM.checksum(&header[..28]);
    header[28..].copy_from_slice(&own.to_le_bytes());
}

/// The number of entries and their bytes, of an undamaged record.
fn intact(bytes: &[u8]) -> Result<(u32, &[u8]), Error> {
    if bytes.iter().zip(MAGIC).any(|(byte, magic)| *byte != magic) {
        return Err(Error::BadMagic);
    }
    let needed = HEADER as u64;
    let field = |at| u32_at(bytes, at).ok_or(Error::Truncated { needed });
    match field(8)? {
        VERSION => (),
        found => return Err(Error::BadVersion { found }),
    }
    let (entries_sum, own_sum) = (field(24)?, field(28)?);
    check_sum(bytes.get(..28).unwrap_or_default(), own_sum)?;
    let needed = u64::from(field(16)?) | u64::from(field(20)?) << 32;
    match needed.cmp(&(bytes.len() as u64)) {
        Ordering::Greater => return Err(Error::Truncated { needed }),
        Ordering::Less => return Err(Error::BadSize { needed }),
        Ordering::Equal => (),
    }
    let entries = bytes.get(HEADER..).unwrap_or_default();
    check_sum(entries, entries_sum)?;
    Ok((field(12)?, entries))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

fn check_sum(bytes: &[u8], sum: u32) -> Result<(), Error> {
    match CHECKSUM.checksum(bytes) == sum {
        true => Ok(()),
        false => Err(Error::BadChecksum),
    }
}
