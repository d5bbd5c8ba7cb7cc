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
//! A vector of an instruction set holds the lanes `i .. i + WIDTH`, so its width changes no bit. Few
//! sets have registers for all lanes at once: a run is swept several times while it is in the cache,
//! [`VECTORS`] vectors of lanes each time.
//!
//! For f16, bf16 and f32 `x*x` is exact in f64, so whether a compiler or processor fuses the
//! multiplication with the addition cannot be seen in the bits. For f64 it must not, and Rust never
//! does. Elements missing from the last group of lanes count as +0, which changes no bit: lanes
//! start at +0 and no sum of theirs is ever -0.

use super::buffer::Buffer;
use super::dispatch::run;
use super::element::Element;
use super::isa::{Isa, Job};
use super::with_element;
use crate::cpu::Level;
use crate::moments::Moments;
use crate::threads::{Crew, Work};

/// Number of independent accumulators: element `i` of a block goes to lane `i % LANES`.
pub const LANES: usize = 32;

/// Number of elements that one set of lanes adds up before it is added to the block's.
const RUN: usize = 2_048;

/// Number of elements whose lanes are combined before the next block starts.
pub const BLOCK: usize = 65_536;

/// Number of vectors whose accumulators stay in registers: x86-64 without AVX-512 has 16 of these,
/// and 4 for sums, 4 for squares and 2 for the maximum leave room for the work itself.
const VECTORS: usize = 4;

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

    /// Adds a run's elements, group by group.
    #[inline(always)]
    fn add<I: Isa, T: Element>(&mut self, isa: I, groups: &[[T; LANES]]) {
        let mut first = 0;
        while first < LANES {
            self.sweep(isa, groups, first);
            first += VECTORS * I::WIDTH;
        }
    }

    /// Adds the elements `first .. first + VECTORS * WIDTH` of every group.
    #[inline(always)]
    fn sweep<I: Isa, T: Element>(&mut self, isa: I, groups: &[[T; LANES]], first: usize) {
        let at = |vector: usize| first + vector * I::WIDTH;
        // SAFETY: VECTORS * WIDTH divides LANES, so `first` and what follows lie within the lanes
        // and within each group; so everywhere below.
        let load =
            |lanes: &[f64; LANES], vector| unsafe { isa.load(lanes.as_ptr().add(at(vector))) };
        let mut sum = array(|vector| load(&self.sum, vector));
        let mut sum_sq = array(|vector| load(&self.sum_sq, vector));
        // The order of a maximum does not matter: fewer accumulators may serve all four vectors.
        let mut abs_max = array(|vector| load(&self.abs_max, vector));
        for group in groups {
            for vector in 0..VECTORS {
                // SAFETY: as above.
                let x = unsafe { isa.load(group.as_ptr().add(at(vector))) };
                sum[vector] = isa.add(sum[vector], x);
                sum_sq[vector] = isa.add_square::<T>(sum_sq[vector], x);
                let maximum = vector % I::MAXIMA;
                abs_max[maximum] = isa.max::<T>(abs_max[maximum], x);
            }
        }
        let store = |lanes: &mut [f64; LANES], values: &[I::Vector]| {
            for (vector, value) in values.iter().enumerate() {
                // SAFETY: as above.
                unsafe { isa.store(lanes.as_mut_ptr().add(at(vector)), *value) };
            }
        };
        store(&mut self.sum, &sum);
        store(&mut self.sum_sq, &sum_sq);
        store(&mut self.abs_max, &abs_max);
    }

    /// Adds the lanes of a run to those of its block.
    #[inline(always)]
    fn absorb(&mut self, run: &Self) {
        for lane in 0..LANES {
            self.sum[lane] += run.sum[lane];
            self.sum_sq[lane] += run.sum_sq[lane];
            self.abs_max[lane] = larger(self.abs_max[lane], run.abs_max[lane]);
        }
    }

    /// The lanes of a block of `count` elements, combined.
    #[inline(always)]
    fn finish(mut self, count: usize) -> Moments {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                self.sum[lane] += self.sum[lane + width];
                self.sum_sq[lane] += self.sum_sq[lane + width];
                self.abs_max[lane] = larger(self.abs_max[lane], self.abs_max[lane + width]);
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

/// Four of anything, without a loop for the compiler to keep.
#[inline(always)]
fn array<V>(mut make: impl FnMut(usize) -> V) -> [V; VECTORS] {
    [make(0), make(1), make(2), make(3)]
}

/// Neither is ever NaN.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
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

/// The moments of one block, run by run.
#[inline(always)]
fn observe_block<I: Isa, T: Element>(isa: I, block: &[T]) -> Moments {
    let mut lanes = Lanes::EMPTY;
    for run in block.chunks(RUN) {
        let mut own = Lanes::EMPTY;
        let (groups, rest) = run.as_chunks::<LANES>();
        own.add(isa, groups);
        if !rest.is_empty() {
            own.add(isa, &[padded(rest)]);
        }
        lanes.absorb(&own);
    }
    lanes.finish(block.len())
}

struct Observe<'d, T>(&'d [T]);

impl<T: Element> Job for Observe<'_, T> {
    type Output = Moments;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Moments {
        observe_block(isa, self.0)
    }
}

/// The moments of one block.
pub(super) fn block_moments<T: Element>(level: Level, block: &[T]) -> Moments {
    run(level, Observe(block))
}

/// Adds the elements of `data` to `total`.
pub(crate) fn observe<T: Element>(crew: Crew, data: &[T], total: &mut Moments) {
    if crew.is_alone() {
        for block in data.chunks(BLOCK) {
            total.add(&block_moments(crew.level, block));
        }
        return;
    }
    for window in data.chunks(WINDOW * BLOCK) {
        let mut moments = [Moments::default(); WINDOW];
        let moments = moments.split_at_mut(window.len().div_ceil(BLOCK)).0;
        let work = Blocks {
            data: window,
            moments,
        };
        crew.divide(work, &|work: Blocks<&[T]>| {
            for (block, moments) in work.data.chunks(BLOCK).zip(work.moments) {
                *moments = block_moments(crew.level, block);
            }
        });
        for moments in moments {
            total.add(moments);
        }
    }
}

/// [`observe`] for a buffer.
pub(crate) fn observe_buffer(crew: Crew, buffer: &Buffer, total: &mut Moments) {
    with_element!(buffer.dtype(), T => {
        observe(crew, buffer.as_slice::<T>().unwrap_or_default(), total);
    });
}

/// Blocks of data, and where the moments of each go.
pub(super) struct Blocks<'m, D> {
    pub data: D,
    pub moments: &'m mut [Moments],
}

/// How many blocks' moments are kept at a time, on the stack, to be added in index order.
pub(super) const WINDOW: usize = 64;

/// A slice that can be divided.
pub(super) trait Slice: Send + Sized {
    fn divide(self, at: usize) -> (Self, Self);
}

impl<T: Element> Slice for &[T] {
    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at(at.min(self.len()))
    }
}

impl<T: Element> Slice for &mut [T] {
    fn divide(self, at: usize) -> (Self, Self) {
        let at = at.min(self.len());
        self.split_at_mut(at)
    }
}

impl<D: Slice> Work for Blocks<'_, D> {
    fn halves(self) -> Result<(Self, Self), Self> {
        let middle = self.moments.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let (left, right) = self.moments.split_at_mut(middle);
        let (first, second) = self.data.divide(middle * BLOCK);
        Ok((
            Blocks {
                data: first,
                moments: left,
            },
            Blocks {
                data: second,
                moments: right,
            },
        ))
    }
}
