//! The read loop: sum, sum of squares and largest magnitude, in a fixed order.
//!
//! ```text
//! for each block of BLOCK elements, in index order:
//!     lanes = 0
//!     for i in block:  lanes[i % LANES] += x, x*x, max |x|         in f64
//!     for width in 16, 8, 4, 2, 1:  lanes[i] += lanes[i + width]   for i < width
//!     total += lanes[0]
//! ```
//!
//! For f16, bf16 and f32 `x*x` is exact in f64, so whether a compiler or processor fuses the
//! multiplication with the addition cannot be seen in the bits. For f64 it must not, and Rust never
//! does. Elements missing from the last group of lanes count as +0, which changes no bit: lanes
//! start at +0 and no sum of theirs is ever -0.

use super::buffer::Buffer;
use super::element::Element;
use super::with_element;
use crate::moments::Moments;

/// Number of independent accumulators: element `i` of a block goes to lane `i % LANES`.
pub const LANES: usize = 32;

/// Number of elements whose lanes are combined before the next block starts.
pub const BLOCK: usize = 65_536;

/// The accumulators of one block.
pub(super) struct Lanes {
    sum: [f64; LANES],
    sum_sq: [f64; LANES],
    abs_max: [f64; LANES],
}

impl Lanes {
    pub(super) const EMPTY: Self = Self {
        sum: [0.0; LANES],
        sum_sq: [0.0; LANES],
        abs_max: [0.0; LANES],
    };

    #[inline(always)]
    pub(super) fn add<T: Element>(&mut self, group: &[T; LANES]) {
        for (lane, x) in group.iter().enumerate() {
            let x = x.to_f64();
            self.sum[lane] += x;
            self.sum_sq[lane] += x * x;
            let magnitude = f64::from_bits(x.to_bits() & (u64::MAX >> 1));
            // A comparison with NaN is false: NaN leaves the maximum alone.
            if magnitude > self.abs_max[lane] {
                self.abs_max[lane] = magnitude;
            }
        }
    }

    /// The lanes of a block of `count` elements, combined.
    pub(super) fn finish(mut self, count: usize) -> Moments {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                self.sum[lane] += self.sum[lane + width];
                self.sum_sq[lane] += self.sum_sq[lane + width];
                self.abs_max[lane] = self.abs_max[lane].max(self.abs_max[lane + width]);
            }
            width /= 2;
        }
        Moments {
            count: count as u64,
            sum: self.sum[0],
            sum_sq: self.sum_sq[0],
            abs_max: self.abs_max[0],
        }
    }
}

/// The elements of a group that is not full, and zeros.
#[inline(always)]
pub(super) fn padded<T: Element>(rest: &[T]) -> [T; LANES] {
    let mut group = [T::ZERO; LANES];
    for (slot, x) in group.iter_mut().zip(rest) {
        *slot = *x;
    }
    group
}

/// Adds the elements of `data` to `total`.
pub(crate) fn observe<T: Element>(data: &[T], total: &mut Moments) {
    for block in data.chunks(BLOCK) {
        total.add(&observe_block(block));
    }
}

fn observe_block<T: Element>(block: &[T]) -> Moments {
    let mut lanes = Lanes::EMPTY;
    let (groups, rest) = block.as_chunks::<LANES>();
    for group in groups {
        lanes.add(group);
    }
    lanes.add(&padded(rest));
    lanes.finish(block.len())
}

/// [`observe`] for a buffer.
pub(crate) fn observe_buffer(buffer: &Buffer, total: &mut Moments) {
    with_element!(buffer.dtype(), T => {
        observe(buffer.as_slice::<T>().unwrap_or_default(), total);
    });
}
