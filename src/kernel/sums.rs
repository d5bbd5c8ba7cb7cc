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
//!
//! The pseudo-code omits departures that change no bit: sums are formed by the multiplier
//! (see [`Isa::add_by_multiplier`]); the maximum, whose order does not matter, is taken of the
//! elements' own bits before they are widened, with a plain search for blocks that hold NaN; and
//! cache lines are prefetched [`AHEAD`] bytes ahead.

use core::hint::black_box;
use core::slice;

use super::buffer::Buffer;
use super::dispatch::run;
use super::element::{Dtype, Element};
use super::isa::{Isa, Job, Pack};
use super::with_element;
use crate::moments::Moments;
use crate::threads::{Crew, Work};

/// Number of independent accumulators: element `i` of a block goes to lane `i % LANES`.
pub const LANES: usize = 32;

/// Number of elements that one set of lanes adds up before it is added to the block's.
const RUN: usize = 2_048;

/// Number of elements whose lanes are combined before the next block starts.
pub const BLOCK: usize = 65_536;

/// Distance of the prefetches ahead of the sweeps, in bytes: enough for the latency of main memory, and
/// about a run, so that the processor's own prefetching need not start again at every page.
const AHEAD: usize = 8_192;

/// The size of a cache line, or a divisor of it.
const LINE: usize = 64;

/// Number of vectors whose accumulators stay in registers: x86-64 without AVX-512 has 16 of these,
/// and 4 for sums, 4 for squares and 2 for the maximum leave room for the work itself.
const VECTORS: usize = 4;

/// The accumulators of one run or one block, lane by lane.
struct Lanes {
    sum: [f64; LANES],
    sum_sq: [f64; LANES],
}

impl Lanes {
    const EMPTY: Self = Self {
        sum: [0.0; LANES],
        sum_sq: [0.0; LANES],
    };

    /// Adds the lanes of a run to those of its block.
    #[inline(always)]
    fn absorb<I: Isa>(&mut self, isa: I, run: &Self) {
        add_vectors(isa, &mut self.sum, &run.sum);
        add_vectors(isa, &mut self.sum_sq, &run.sum_sq);
    }

    /// The sum and the sum of squares of all lanes.
    #[inline(always)]
    fn finish<I: Isa>(self, isa: I) -> (f64, f64) {
        (add_up(isa, self.sum), add_up(isa, self.sum_sq))
    }
}

/// `to[i] += from[i]`, for whole vectors.
#[inline(always)]
fn add_vectors<I: Isa>(isa: I, to: &mut [f64], from: &[f64]) {
    let (mut at, len) = (0, to.len().min(from.len()));
    let (to, from) = (to.as_mut_ptr(), from.as_ptr());
    while at + I::WIDTH <= len {
        // SAFETY: at + WIDTH <= len.
        unsafe {
            let (to, from) = (to.add(at), from.add(at));
            (I::Double::load(isa, to) + I::Double::load(isa, from)).store(to);
        }
        at += I::WIDTH;
    }
}

/// The sum of all lanes, in the order that the header tells.
#[inline(always)]
fn add_up<I: Isa>(isa: I, mut lanes: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width >= I::WIDTH {
        let (low, high) = lanes.split_at_mut(width);
        add_vectors(isa, low, &high[..width]);
        width /= 2;
    }
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// The accumulators of one block.
struct Block<I: Isa> {
    isa: I,
    /// 1 in every place, opaque to the compiler.
    one: I::Double,
    lanes: Lanes,
    /// Largest magnitudes, in the element's own bits, of all sweeps.
    largest: [I::Bits; 4],
}

impl<I: Isa> Block<I> {
    #[inline(always)]
    fn new(isa: I) -> Self {
        Self {
            isa,
            one: I::Double::splat(isa, black_box(1.0)),
            lanes: Lanes::EMPTY,
            largest: [isa.no_bits(); 4],
        }
    }

    /// Adds one run.
    #[inline(always)]
    fn add<T: Element>(&mut self, run: &[T]) {
        let mut own = Lanes::EMPTY;
        let (mut groups, rest) = run.as_chunks();
        let last = [padded(rest)];
        loop {
            self.sweeps(&mut own, groups);
            // Opaque, so that the compiler does not write the loop out twice.
            if black_box(groups.as_ptr()) == last.as_ptr() || rest.is_empty() {
                break;
            }
            groups = &last;
        }
        self.lanes.absorb(self.isa, &own);
    }

    /// Adds all lanes of every group.
    #[inline(always)]
    fn sweeps<T: Element>(&mut self, own: &mut Lanes, groups: &[[T; LANES]]) {
        let mut first = 0;
        while first < LANES {
            self.sweep(own, groups, first);
            // Opaque, so that the compiler does not write the sweeps out one by one.
            first += black_box(VECTORS * I::WIDTH);
        }
    }

    /// Adds the elements `first .. first + VECTORS * WIDTH` of every group.
    #[inline(always)]
    fn sweep<T: Element>(&mut self, own: &mut Lanes, groups: &[[T; LANES]], first: usize) {
        let at = |vector: usize| first + vector * I::WIDTH;
        let load = |lanes: &[f64; LANES]| {
            // SAFETY: VECTORS * WIDTH divides LANES, so `first` and what follows lie within the lanes
            // and within each group; so everywhere below.
            array(|vector| unsafe { I::Double::load(self.isa, lanes.as_ptr().add(at(vector))) })
        };
        let mut sums = Sums {
            isa: self.isa,
            one: self.one,
            sum: load(&own.sum),
            sum_sq: load(&own.sum_sq),
            largest: self.largest,
        };
        // Four at a time where a group is a few instructions: the processor foresees the end of a
        // loop that is not long.
        let (fours, rest) = match I::WIDTH {
            8 => groups.as_chunks::<4>(),
            _ => (Default::default(), groups),
        };
        for four in fours {
            for group in four {
                // SAFETY: as above.
                unsafe { sums.add(group.as_ptr().add(first)) };
            }
        }
        for group in rest {
            // SAFETY: as above.
            unsafe { sums.add(group.as_ptr().add(first)) };
        }
        self.largest = sums.largest;
        for vector in 0..VECTORS {
            // SAFETY: as above.
            unsafe {
                let (to, to_sq) = (own.sum.as_mut_ptr(), own.sum_sq.as_mut_ptr());
                sums.sum[vector].store(to.add(at(vector)));
                sums.sum_sq[vector].store(to_sq.add(at(vector)));
            }
        }
    }

    /// The moments of the block, which consists of `data`.
    #[inline(always)]
    fn finish<T: Element>(self, data: &[T]) -> Moments {
        let largest = largest::<I, T>(&self.largest);
        let (sum, sum_sq) = self.lanes.finish(self.isa);
        // NaN may have disturbed the search.
        let abs_max = if sum_sq.is_nan() {
            search(data)
        } else {
            largest
        };
        Moments {
            count: data.len() as u64,
            sum,
            sum_sq,
            abs_max,
        }
    }
}

/// The accumulators that stay in registers during a sweep.
struct Sums<I: Isa> {
    isa: I,
    one: I::Double,
    sum: [I::Double; VECTORS],
    sum_sq: [I::Double; VECTORS],
    largest: [I::Bits; 4],
}

impl<I: Isa> Sums<I> {
    /// Adds VECTORS vectors of elements.
    ///
    /// # Safety
    ///
    /// `p` points to `VECTORS * WIDTH` readable elements.
    #[inline(always)]
    unsafe fn add<T: Element>(&mut self, p: *const T) {
        let isa = self.isa;
        let mut line = 0;
        while line < VECTORS * I::WIDTH * size_of::<T>() {
            isa.prefetch(p.cast::<u8>().wrapping_add(AHEAD + line));
            line += LINE;
        }
        for pair in 0..VECTORS / 2 {
            // SAFETY: in bounds by contract.
            let two = unsafe { isa.load_wide(p.add(2 * pair * I::WIDTH)) };
            for (i, x) in two.into_iter().enumerate() {
                let (sum, sum_sq) = (&mut self.sum[2 * pair + i], &mut self.sum_sq[2 * pair + i]);
                *sum = isa.add_by_multiplier::<T>(*sum, x, self.one);
                *sum_sq = isa.add_square::<T>(*sum_sq, x);
            }
        }
        let whole = 8 * I::WIDTH / size_of::<T>();
        for part in 0..VECTORS * I::WIDTH / whole {
            let slot = &mut self.largest[part % I::MAXIMA];
            // SAFETY: as above; `whole` elements fill Bits.
            *slot = unsafe { isa.larger(*slot, p.add(part * whole)) };
        }
    }
}

/// The largest of the magnitudes in `bits`.
#[inline(always)]
fn largest<I: Isa, T: Element>(bits: &[I::Bits; 4]) -> f64 {
    let (p, bytes) = (bits.as_ptr(), 8 * I::WIDTH * I::MAXIMA);
    // SAFETY: MAXIMA is at most 4. Bits has 8 * WIDTH bytes, no padding, and at least the alignment
    // of u64; any bits are an integer or f64.
    unsafe {
        match T::DTYPE {
            Dtype::F64 => maximum(slice::from_raw_parts(p.cast::<f64>(), bytes / 8)),
            Dtype::F32 => {
                let bits = maximum(slice::from_raw_parts(p.cast::<u32>(), bytes / 4));
                f32::from_bits(bits).widen()
            }
            Dtype::F16 => {
                let bits = maximum(slice::from_raw_parts(p.cast::<u16>(), bytes / 2));
                half::f16::from_bits(bits).widen()
            }
            Dtype::BF16 => {
                let bits = maximum(slice::from_raw_parts(p.cast::<u16>(), bytes / 2));
                half::bf16::from_bits(bits).widen()
            }
        }
    }
}

/// The largest of positive numbers.
#[inline(always)]
fn maximum<M: PartialOrd + Copy + Default>(values: &[M]) -> M {
    values.iter().fold(
        M::default(),
        |largest, x| {
            if *x > largest { *x } else { largest }
        },
    )
}

/// The largest magnitude of the elements that are not NaN, one by one.
#[cold]
#[inline(never)]
fn search<T: Element>(data: &[T]) -> f64 {
    let magnitude = |x: &T| f64::from_bits(x.widen().to_bits() & (u64::MAX >> 1));
    // A comparison with NaN is false.
    data.iter()
        .map(magnitude)
        .fold(0.0, |largest, x| if x > largest { x } else { largest })
}

/// Four of anything, without a loop for the compiler to keep.
#[inline(always)]
fn array<V>(mut make: impl FnMut(usize) -> V) -> [V; VECTORS] {
    [make(0), make(1), make(2), make(3)]
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
fn observe_block<I: Isa, T: Element>(isa: I, data: &[T]) -> Moments {
    let mut block = Block::new(isa);
    for run in data.chunks(RUN) {
        block.add(run);
    }
    block.finish(data)
}

struct Observe<'d, T>(&'d [T]);

impl<T: Element> Job for Observe<'_, T> {
    type Output = Moments;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Moments {
        observe_block(isa, self.0)
    }
}

/// Adds the elements of `data` to `total`, block by block in index order.
pub(crate) fn observe<T: Element>(crew: Crew, mut data: &[T], total: &mut Moments) {
    let of_block = |block| run(crew.level, Observe(block));
    if crew.is_alone() {
        data.chunks(BLOCK)
            .for_each(|block| total.add(&of_block(block)));
        return;
    }
    while !data.is_empty() {
        let (window, rest) = data.split_at(data.len().min(WINDOW * BLOCK));
        let mut moments = [Moments::default(); WINDOW];
        let moments = moments.split_at_mut(window.len().div_ceil(BLOCK)).0;
        let work = Blocks {
            data: window,
            moments,
        };
        crew.divide(work, &|work: Blocks<T>| {
            let mut data = work.data;
            for moments in work.moments {
                let (block, rest) = data.split_at(data.len().min(BLOCK));
                *moments = of_block(block);
                data = rest;
            }
        });
        moments.iter().for_each(|moments| total.add(moments));
        data = rest;
    }
}

/// [`observe`] for a buffer.
pub(crate) fn observe_buffer(crew: Crew, buffer: &Buffer, total: &mut Moments) {
    with_element!(buffer.dtype(), T => {
        observe(crew, buffer.as_slice::<T>().unwrap_or_default(), total);
    });
}

/// Number of blocks whose moments are kept at a time, on the stack, to be added in index order.
const WINDOW: usize = 64;

/// Blocks of data, and the place of the moments of each.
struct Blocks<'d, 'm, T> {
    data: &'d [T],
    moments: &'m mut [Moments],
}

impl<T: Element> Work for Blocks<'_, '_, T> {
    fn halves(self) -> Result<(Self, Self), Self> {
        let middle = self.moments.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let (left, right) = self.moments.split_at_mut(middle);
        let (first, second) = self.data.split_at(self.data.len().min(middle * BLOCK));
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
