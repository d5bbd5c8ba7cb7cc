//! The read loop: sum, sum of squares and largest magnitude, in a fixed order.
//!
//! ```text
//! for each block of BLOCK elements, in index order:
//!     lanes = 0
//!     for each run of RUN elements, in index order:
//!         own = 0
//!         for i in run:  own[i % LANES] += x, x*x, max |x|         in f64
//!         lanes[i] += own[i]                                       for i < LANES
//!     for width in 16, 8, 4, 2, 1:  lanes[i] += lanes[i + width]   for i < width
//!     total += lanes[0]
//! ```
//!
//! Runs keep chains of additions short: within a block at most 64 + 32 + 5 lie between an element
//! and the sum. In one chain of 2,048 the roundings of a constant gradient add up systematically,
//! to more than the 2^-44 under which a variance counts as rounding.
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

/// Number of elements that one set of lanes adds up before it is added to the block's.
const RUN: usize = 2_048;

/// Number of elements whose lanes are combined before the next block starts.
pub const BLOCK: usize = 65_536;

/// The accumulators of one run or one block.
struct Lanes {
    sum: [f64; LANES],
    sum_sq: [f64; LANES],
    abs_max: [f64; LANES],
}

impl Lanes {
    const EMPTY: Self = Self {
        sum: [0.0; LANES],
        sum_sq: [0.0; LANES],
        abs_max: [0.0; LANES],
    };

    #[inline(always)]
    fn add<T: Element>(&mut self, group: &[T; LANES]) {
        for (lane, x) in group.iter().enumerate() {
            let x = x.widen();
            self.sum[lane] += x;
            self.sum_sq[lane] += x * x;
            let magnitude = f64::from_bits(x.to_bits() & (u64::MAX >> 1));
            // A comparison with NaN is false: NaN leaves the maximum alone.
            if magnitude > self.abs_max[lane] {
                self.abs_max[lane] = magnitude;
            }
        }
    }

    /// Adds the lanes of a run to those of its block.
    fn absorb(&mut self, run: &Self) {
        for lane in 0..LANES {
            self.sum[lane] += run.sum[lane];
            self.sum_sq[lane] += run.sum_sq[lane];
            self.abs_max[lane] = self.abs_max[lane].max(run.abs_max[lane]);
        }
    }

    /// The lanes of a block of `count` elements, combined.
    fn finish(mut self, count: usize) -> Moments {
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
fn padded<T: Element>(rest: &[T]) -> [T; LANES] {
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
    for run in block.chunks(RUN) {
        lanes.absorb(&observe_run(run));
    }
    lanes.finish(block.len())
}

fn observe_run<T: Element>(run: &[T]) -> Lanes {
    let mut lanes = Lanes::EMPTY;
    let (groups, rest) = run.as_chunks::<LANES>();
    for group in groups {
        lanes.add(group);
    }
    lanes.add(&padded(rest));
    lanes
}

/// Rewrites every element of `data`; returns the moments of the new elements, taken before they
/// leave the registers.
pub(super) fn rewrite<T: Element>(data: &mut [T], rule: impl Fn(T) -> T) -> Moments {
    let mut total = Moments::default();
    for block in data.chunks_mut(BLOCK) {
        let (count, mut lanes) = (block.len(), Lanes::EMPTY);
        for run in block.chunks_mut(RUN) {
            lanes.absorb(&rewrite_run(run, &rule));
        }
        total.add(&lanes.finish(count));
    }
    total
}

fn rewrite_run<T: Element>(run: &mut [T], rule: &impl Fn(T) -> T) -> Lanes {
    let mut lanes = Lanes::EMPTY;
    let (groups, rest) = run.as_chunks_mut::<LANES>();
    for group in groups {
        *group = group.map(rule);
        lanes.add(group);
    }
    for x in rest.iter_mut() {
        *x = rule(*x);
    }
    lanes.add(&padded(rest));
    lanes
}

/// [`observe`] for a buffer.
pub(crate) fn observe_buffer(buffer: &Buffer, total: &mut Moments) {
    with_element!(buffer.dtype(), T => {
        observe(buffer.as_slice::<T>().unwrap_or_default(), total);
    });
}
