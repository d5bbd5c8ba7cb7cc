//! The operations that the loops need of an instruction set, and how a loop is compiled for it.
//!
//! Each loop is written once, over [`Isa`] and its two kinds of [`Pack`]: vectors of f64, in which all that is summed or
//! transformed is computed, and vectors of f32, in which f32 parameters are updated and f32 gradients scaled. Nothing is
//! left to the compiler's own vectoriser, whose choices depend on the caller's build.
//!
//! A value of an instruction set's type exists only where the processor has the set: [`Level`](crate::Level) makes them,
//! after asking the processor. Packs are made from such a value only. Every SAFETY comment about intrinsics leans on that.

use core::ops::{Add, Div, Mul, Sub};

use super::element::{Dtype, Element};

/// A vector of `LEN` numbers of type P. Operations are IEEE's, on each number by itself, never contracted.
pub trait Pack<I, P>:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// Number of elements; a divisor of [`LANES`](super::LANES).
    const LEN: usize;

    /// The same number in every place.
    fn splat(isa: I, x: P) -> Self;
    /// The square roots, correctly rounded.
    fn sqrt(self) -> Self;
    /// `self` where `of` is greater than 0, and +0 elsewhere.
    fn where_positive(self, of: Self) -> Self;
    /// The numbers at `p`.
    ///
    /// # Safety
    ///
    /// `p` points to `LEN` readable numbers.
    unsafe fn load(isa: I, p: *const P) -> Self;
    /// Writes the numbers to `p`.
    ///
    /// # Safety
    ///
    /// `p` points to `LEN` writable numbers.
    unsafe fn store(self, p: *mut P);
}

/// An instruction set: its packs, and the loads, conversions and stores of elements.
///
/// Results are those of the plain loops in `portable.rs`, to the bit: IEEE operations in the same
/// order, nothing approximated, and fused only where the product is exact.
pub trait Isa: Copy {
    /// A vector of f64.
    type Double: Pack<Self, f64>;

    /// A vector of f32, of the same size: twice as many.
    type Single: Pack<Self, f32>;

    /// As many f16 or bf16 as a `Single` holds.
    type Halves: Copy;

    /// Number of f64 in a `Double`.
    const WIDTH: usize = Self::Double::LEN;

    /// The bits of as many elements as fill a vector, before they are widened: `8 * WIDTH` bytes,
    /// aligned like u64 at least.
    type Bits: Copy;

    /// Number of running maxima that fit into registers, 1 to 4.
    const MAXIMA: usize = 2;

    /// Whether this type of 16 bits is converted so fast that doing so twice costs less than f64 does: whether
    /// [`f16_between`](Self::f16_between) or [`bf16_between`](Self::bf16_between) is there.
    #[inline(always)]
    fn brackets(dtype: Dtype) -> bool {
        let _ = dtype;
        false
    }

    /// `total + x`, or `total + x * one` in one rounding; `one` is 1.
    fn add_product(self, total: Self::Double, x: Self::Double, one: Self::Double) -> Self::Double;
    /// `total + x * x` for an `x` whose square is exact: it may be fused.
    fn add_exact_square(self, total: Self::Double, x: Self::Double) -> Self::Double;
    /// `x` moved into `[-limit, limit]`.
    fn clamp(self, x: Self::Double, limit: Self::Double) -> Self::Double;
    /// The bits that both have.
    fn and(self, a: Self::Double, b: Self::Double) -> Self::Double;

    /// Prefetches the memory at `p`, which may be anywhere.
    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        let _ = p;
    }

    /// All bits 0.
    fn no_bits(self) -> Self::Bits;
    /// The larger of `largest` and the magnitudes of the f64 at `p`. Where there is NaN, anything
    /// may come out; so for the next two.
    ///
    /// # Safety
    ///
    /// `p` points to as many readable elements as fill [`Bits`](Self::Bits); alignment is not needed.
    unsafe fn larger_f64(self, largest: Self::Bits, p: *const f64) -> Self::Bits;
    /// The same for f32.
    ///
    /// # Safety
    ///
    /// As above.
    unsafe fn larger_f32(self, largest: Self::Bits, p: *const f32) -> Self::Bits;
    /// The same for f16 or bf16, whose bits without the sign compare like themselves.
    ///
    /// # Safety
    ///
    /// As above.
    unsafe fn larger_16(self, largest: Self::Bits, p: *const u16) -> Self::Bits;

    /// The f32 at `p`, as f64.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` readable elements; alignment is not needed.
    unsafe fn load_f32(self, p: *const f32) -> Self::Double;
    /// The numbers of `low`, then those of `high`, rounded to f32.
    fn narrow(self, low: Self::Double, high: Self::Double) -> Self::Single;

    /// The f16 at `p`, as f32.
    ///
    /// # Safety
    ///
    /// `p` points to `2 * WIDTH` readable elements; so for the next.
    unsafe fn load_f16(self, p: *const u16) -> Self::Single;
    /// The bf16 at `p`, as f32.
    ///
    /// # Safety
    ///
    /// As above.
    unsafe fn load_bf16(self, p: *const u16) -> Self::Single;
    /// The f16 at `p`, as f64: the first half of them, then the second.
    ///
    /// # Safety
    ///
    /// As above.
    unsafe fn load_f16_wide(self, p: *const u16) -> [Self::Double; 2];
    /// The bf16 at `p`, as f64: the first half of them, then the second.
    ///
    /// # Safety
    ///
    /// As above.
    unsafe fn load_bf16_wide(self, p: *const u16) -> [Self::Double; 2];
    /// Rounded to f16, ties to even. NaN becomes some NaN, or anything in the next.
    fn to_f16(self, x: Self::Single) -> Self::Halves;
    /// Rounded to bf16, ties to even.
    fn to_bf16(self, x: Self::Single) -> Self::Halves;
    /// Writes them to `p`.
    ///
    /// # Safety
    ///
    /// `p` points to `2 * WIDTH` writable elements; alignment is not needed.
    unsafe fn store_halves(self, p: *mut u16, x: Self::Halves);
    /// The f16 to which every number between two rounds, `inner` of the smaller magnitude; None where they may differ.
    #[inline(always)]
    fn f16_between(self, inner: Self::Single, outer: Self::Single) -> Option<Self::Halves> {
        let _ = (inner, outer);
        None
    }
    /// The same for bf16.
    #[inline(always)]
    fn bf16_between(self, inner: Self::Single, outer: Self::Single) -> Option<Self::Halves> {
        let _ = (inner, outer);
        None
    }

    /// The `2 * WIDTH` elements at `p` as f64: the first half of them, then the second.
    ///
    /// # Safety
    ///
    /// `p` points to that many readable elements.
    #[inline(always)]
    unsafe fn load_wide<T: Element>(self, p: *const T) -> [Self::Double; 2] {
        // SAFETY: T is the type that its DTYPE says; the rest is the caller's.
        unsafe {
            match T::DTYPE {
                Dtype::F32 => {
                    let p: *const f32 = p.cast();
                    [self.load_f32(p), self.load_f32(p.add(Self::WIDTH))]
                }
                Dtype::F16 => self.load_f16_wide(p.cast()),
                Dtype::BF16 => self.load_bf16_wide(p.cast()),
                Dtype::F64 => {
                    let (p, load): (*const f64, _) = (p.cast(), Self::Double::load);
                    [load(self, p), load(self, p.add(Self::WIDTH))]
                }
            }
        }
    }

    /// The numbers of `low`, then those of `high`, at `p`, rounded to T; 16-bit types by way of f32.
    ///
    /// # Safety
    ///
    /// `p` points to `2 * WIDTH` writable elements.
    #[inline(always)]
    unsafe fn store_narrow<T: Element>(self, p: *mut T, [low, high]: [Self::Double; 2]) {
        // SAFETY: T is the type that its DTYPE says; the rest is the caller's.
        unsafe {
            match T::DTYPE {
                Dtype::F32 => self.narrow(low, high).store(p.cast()),
                Dtype::F16 => self.store_halves(p.cast(), self.to_f16(self.narrow(low, high))),
                Dtype::BF16 => self.store_halves(p.cast(), self.to_bf16(self.narrow(low, high))),
                Dtype::F64 => {
                    let p: *mut f64 = p.cast();
                    low.store(p);
                    high.store(p.add(Self::WIDTH));
                }
            }
        }
    }

    /// The larger of `largest` and the magnitudes at `p`, as many as fill [`Bits`](Self::Bits).
    ///
    /// # Safety
    ///
    /// `p` points to that many readable elements.
    #[inline(always)]
    unsafe fn larger<T: Element>(self, largest: Self::Bits, p: *const T) -> Self::Bits {
        // SAFETY: T is the type that its DTYPE says; the rest is the caller's.
        unsafe {
            match T::DTYPE {
                Dtype::F32 => self.larger_f32(largest, p.cast()),
                Dtype::F16 | Dtype::BF16 => self.larger_16(largest, p.cast()),
                Dtype::F64 => self.larger_f64(largest, p.cast()),
            }
        }
    }

    /// `total + x`, by the multiplier where the adder is busy with conversions: `x * one + total`
    /// rounds as `total + x` does. `one` is 1, and the compiler must not know. With few registers f64
    /// has none left for it.
    #[inline(always)]
    fn add_by_multiplier<T: Element>(
        self,
        total: Self::Double,
        x: Self::Double,
        one: Self::Double,
    ) -> Self::Double {
        match T::DTYPE {
            Dtype::F64 if Self::MAXIMA < 4 => total + x,
            _ => self.add_product(total, x, one),
        }
    }

    /// `total + x * x`, fused where that cannot be seen.
    #[inline(always)]
    fn add_square<T: Element>(self, total: Self::Double, x: Self::Double) -> Self::Double {
        match T::DTYPE {
            Dtype::F64 => total + x * x,
            _ => self.add_exact_square(total, x),
        }
    }
}

/// A type that parameters can have, and how it comes in packs.
pub trait Real: Element + PartialEq {
    /// Numbers of this type in a vector of the instruction set.
    type Pack<I: Isa>: Pack<I, Self>;
}

impl Real for f32 {
    type Pack<I: Isa> = I::Single;
}

impl Real for f64 {
    type Pack<I: Isa> = I::Double;
}

/// A type that parameters and optimizer moments can have: `f32` or `f64`. Sealed.
pub trait Parameter: Real {}

impl Parameter for f32 {}
impl Parameter for f64 {}

/// A loop over elements, to be compiled for each instruction set.
///
/// `run` is `#[inline(always)]` in every implementation, down to the intrinsics: that is what puts
/// it inside the function that has the instruction set enabled.
pub(crate) trait Job {
    /// The result of the loop.
    type Output;

    /// The loop.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}
