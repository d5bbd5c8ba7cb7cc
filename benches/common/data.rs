//! Memory to measure on: aligned to cache lines, as allocators for tensors do, and filled with
//! reproducible numbers.

use trimtab::{Element, bf16, f16};

/// `len` elements that start at a cache line.
pub struct Aligned<T> {
    memory: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Element> Aligned<T> {
    const LINE: usize = 64;

    /// Zeros, in memory that has been written: pages that were never touched are all the same.
    pub fn zeros(len: usize) -> Self {
        let spare = Self::LINE / size_of::<T>();
        let memory = std::hint::black_box(vec![T::narrow(1.0); len + spare]);
        let start = memory.as_ptr().align_offset(Self::LINE);
        let mut aligned = Self { memory, start, len };
        aligned.fill(T::ZERO);
        aligned
    }

    /// Gradients: uniform in (-1, 1), never 0.
    pub fn gradient(len: usize, seed: u64) -> Self {
        let mut aligned = Self::zeros(len);
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for slot in aligned.iter_mut() {
            *slot = T::narrow(uniform(&mut state));
        }
        aligned
    }
}

/// xorshift64*.
fn uniform(state: &mut u64) -> f64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    let bits = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 41;
    (bits as f64 + 0.5) / f64::from(1 << 22) - 1.0
}

impl<T> std::ops::Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl<T> std::ops::DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// The name of an element type in a table.
pub trait Named: Element {
    const NAME: &'static str;
}

impl Named for f32 {
    const NAME: &'static str = "f32";
}
impl Named for f16 {
    const NAME: &'static str = "f16";
}
impl Named for bf16 {
    const NAME: &'static str = "bf16";
}
impl Named for f64 {
    const NAME: &'static str = "f64";
}
