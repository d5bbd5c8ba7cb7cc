//! A buffer of any element type, aligned as C's malloc would.

use std::ffi::c_void;

use half::{bf16, f16};

pub const F32: u32 = 0;
pub const F16: u32 = 1;
pub const BF16: u32 = 2;
pub const F64: u32 = 3;
pub const DTYPES: [u32; 4] = [F32, F16, BF16, F64];

/// Elements of one type in words of 8 bytes, so that every element type is aligned. One word more than needed, so
/// that a shifted pointer stays inside.
#[derive(Clone, Debug)]
pub struct Blob {
    words: Vec<u64>,
    pub len: usize,
    pub dtype: u32,
}

impl Blob {
    /// Values rounded to the element type.
    pub fn new(dtype: u32, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|&x| encode(dtype, x)).collect();
        Self::of_bytes(dtype, &bytes)
    }

    /// Elements of any bits.
    pub fn of_bytes(dtype: u32, elements: &[u8]) -> Self {
        let mut bytes = elements.to_vec();
        bytes.resize((bytes.len() / 8 + 2) * 8, 0xa5);
        let word = |bytes: &[u8]| u64::from_ne_bytes(bytes.try_into().expect("8 bytes"));
        Self {
            words: bytes.chunks_exact(8).map(word).collect(),
            len: elements.len() / size(dtype),
            dtype,
        }
    }

    pub fn zeros(dtype: u32, len: usize) -> Self {
        Self::new(dtype, &vec![0.0; len])
    }

    pub fn pointer(&mut self) -> *mut c_void {
        self.words.as_mut_ptr().cast()
    }

    /// Every byte, also those behind the last element.
    pub fn bytes(&self) -> Vec<u8> {
        self.words
            .iter()
            .flat_map(|word| word.to_ne_bytes())
            .collect()
    }

    pub fn values(&self) -> Vec<f64> {
        let (bytes, size) = (self.bytes(), size(self.dtype));
        let elements = bytes.chunks_exact(size).take(self.len);
        elements
            .map(|element| decode(self.dtype, element))
            .collect()
    }

    /// Overwrites everything with the bits of another buffer of this length and type, in place.
    pub fn copy_from(&mut self, other: &Self) {
        self.words.copy_from_slice(&other.words);
    }
}

/// Bytes of one element.
pub fn size(dtype: u32) -> usize {
    match dtype {
        F32 => 4,
        F16 | BF16 => 2,
        F64 => 8,
        _ => panic!("no element type {dtype}"),
    }
}

/// The largest finite value, from IEEE 754 (and bfloat16's 8 bits of precision).
pub fn largest(dtype: u32) -> f64 {
    match dtype {
        F32 => f64::from(f32::MAX),
        F16 => 65504.0,
        BF16 => (2.0 - 0.0078125) * 2.0_f64.powi(127),
        F64 => f64::MAX,
        _ => panic!("no element type {dtype}"),
    }
}

/// 2^e, subnormal powers too, of which `powi` makes 0.
fn power_of_two(e: i32) -> f64 {
    f64::exp2(f64::from(e))
}

/// The distance from |x| to the next larger value of the type, at least the smallest subnormal.
pub fn ulp(dtype: u32, x: f64) -> f64 {
    let (digits, smallest) = match dtype {
        F32 => (23, -149),
        F16 => (10, -24),
        BF16 => (7, -133),
        F64 => (52, -1074),
        _ => panic!("no element type {dtype}"),
    };
    if x == 0.0 {
        return power_of_two(smallest);
    }
    let exponent = x.abs().log2().floor() as i32;
    power_of_two((exponent - digits).max(smallest))
}

/// The bytes of the nearest element; infinite where the value is too large for the type.
pub fn encode(dtype: u32, x: f64) -> Vec<u8> {
    match dtype {
        F32 => (x as f32).to_ne_bytes().to_vec(),
        F16 => f16::from_f64(x).to_ne_bytes().to_vec(),
        BF16 => bf16::from_f64(x).to_ne_bytes().to_vec(),
        F64 => x.to_ne_bytes().to_vec(),
        _ => panic!("no element type {dtype}"),
    }
}

fn decode(dtype: u32, bytes: &[u8]) -> f64 {
    let two = || [bytes[0], bytes[1]];
    match dtype {
        F32 => f64::from(f32::from_ne_bytes(bytes.try_into().expect("4 bytes"))),
        F16 => f16::from_ne_bytes(two()).to_f64(),
        BF16 => bf16::from_ne_bytes(two()).to_f64(),
        F64 => f64::from_ne_bytes(bytes.try_into().expect("8 bytes")),
        _ => panic!("no element type {dtype}"),
    }
}
