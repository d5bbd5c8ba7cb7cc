//! Decisions, numbers and elements out of bytes. Bytes that have run out are zeros, and zeros are harmless.

use arbitrary::Unstructured;

use super::blob::{self, Blob};

/// What lies on or beside a border of some check or of some format.
const SPECIAL: [f64; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    1e150,
    1.0000001e150,
    -1e-150,
    0.9,
    0.999,
    1.0 - f64::EPSILON / 2.0,
    1.0 + f64::EPSILON,
    65504.0,
    65520.0,
    3.402_823_466_385_288_6e38,
    1.844e19,
    1e-45,
    6e-8,
    1e200,
];

/// Lengths around the loops' groups of 16 and 32 and their runs of 2,048.
const LENGTHS: [usize; 16] = [
    0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257, 2_049,
];

/// A reader of bytes.
pub struct Source<'a>(Unstructured<'a>);

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    pub fn word(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or(0)
    }

    /// An index below `n`, which is at most 256.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// Once in `n`, which is at least 2; never from a zero.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// A small code: mostly 0 or 1, which enums and switches have, now and then none.
    pub fn code(&mut self) -> u32 {
        match self.below(8) {
            7 => self.word() as u32,
            small => small as u32 % 2,
        }
    }

    /// Any number, mostly an ordinary one.
    pub fn number(&mut self) -> f64 {
        match self.below(8) {
            0..=3 => f64::from(self.byte() as i8) / 16.0,
            4 => 10.0_f64.powi(i32::from(self.byte() as i8)),
            5 => 1.0 - 1.0 / (1.0 + f64::from(self.byte())),
            6 => SPECIAL[self.below(SPECIAL.len())],
            _ => f64::from_bits(self.word()),
        }
    }

    /// How many elements; the longest is rare, because it is slow.
    pub fn len(&mut self) -> usize {
        match self.below(4) {
            3 => LENGTHS[self.below(LENGTHS.len())],
            _ => self.below(24),
        }
    }

    /// A buffer in which up to eight elements are repeated.
    pub fn blob(&mut self, dtype: u32, len: usize) -> Blob {
        let size = blob::size(dtype);
        let count = 1 + self.below(8);
        let elements: Vec<Vec<u8>> = (0..count).map(|_| self.element(dtype)).collect();
        let bytes = elements.iter().flatten().copied().cycle();
        Blob::of_bytes(dtype, &bytes.take(len * size).collect::<Vec<u8>>())
    }

    /// One element: a number rounded to the type, or any bits.
    fn element(&mut self, dtype: u32) -> Vec<u8> {
        match self.below(16) {
            15 => self.word().to_ne_bytes()[..blob::size(dtype)].to_vec(),
            0..=11 => blob::encode(dtype, f64::from(self.byte() as i8) / 16.0),
            _ => blob::encode(dtype, self.number()),
        }
    }
}
