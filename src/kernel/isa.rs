//! What an instruction set has to offer to the loops, and how a loop is compiled for it.
//!
//! Each loop is written once, over [`Isa`]. A value of an instruction set's type exists only where
//! the processor has the set: [`Level`](crate::Level) makes them, after asking the processor, and
//! every SAFETY comment about intrinsics leans on that.

use super::element::{Dtype, Element};

/// Vectors of doubles, and the way elements come into them and out again.
///
/// Results are those of the plain loops in `portable.rs`, to the bit: IEEE operations in the same
/// order, nothing approximated, and fused only where the product is exact.
pub(crate) trait Isa: Copy {
    /// A vector of doubles.
    type Vector: Copy;

    /// How many; a divisor of 8.
    const WIDTH: usize;

    /// The bits of as many elements as fill a vector, before they are widened: `8 * WIDTH` bytes,
    /// aligned like u64 at least.
    type Bits: Copy;

    /// How many running maxima there are registers for, 1 to 4.
    const MAXIMA: usize = 2;

    /// The same double in every place.
    fn splat(self, x: f64) -> Self::Vector;
    /// `a + b`
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `total + x`, or `total + x * one` in one rounding; `one` is 1.
    fn add_product(self, total: Self::Vector, x: Self::Vector, one: Self::Vector) -> Self::Vector;
    /// `a - b`
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b`
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `total + x * x` for an `x` whose square is exact: it may be fused.
    fn add_exact_square(self, total: Self::Vector, x: Self::Vector) -> Self::Vector;
    /// `x` moved into `[-limit, limit]`.
    fn clamp(self, x: Self::Vector, limit: Self::Vector) -> Self::Vector;
    /// The bits that both have.
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Asks for the memory at `p`, which may be anywhere.
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

    /// The f64 elements at `p`, exactly.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` readable elements; alignment is not needed.
    unsafe fn load_f64(self, p: *const f64) -> Self::Vector;
    /// The f32 elements at `p`, exactly.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` readable elements; alignment is not needed.
    unsafe fn load_f32(self, p: *const f32) -> Self::Vector;
    /// The f16 elements at `p`, exactly.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` readable elements; alignment is not needed.
    unsafe fn load_f16(self, p: *const u16) -> Self::Vector;
    /// The bf16 elements at `p`, exactly.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` readable elements; alignment is not needed.
    unsafe fn load_bf16(self, p: *const u16) -> Self::Vector;
    /// `x` at `p`, rounded to f64.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` writable elements; alignment is not needed.
    unsafe fn store_f64(self, p: *mut f64, x: Self::Vector);
    /// `x` at `p`, rounded to f32.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` writable elements; alignment is not needed.
    unsafe fn store_f32(self, p: *mut f32, x: Self::Vector);
    /// `x` at `p`, rounded to f16.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` writable elements; alignment is not needed.
    unsafe fn store_f16(self, p: *mut u16, x: Self::Vector);
    /// `x` at `p`, rounded to bf16.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` writable elements; alignment is not needed.
    unsafe fn store_bf16(self, p: *mut u16, x: Self::Vector);

    /// The elements at `p`.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` readable elements.
    #[inline(always)]
    unsafe fn load<T: Element>(self, p: *const T) -> Self::Vector {
        // SAFETY: T is the type that its DTYPE says; the rest is the caller's.
        unsafe {
            match T::DTYPE {
                Dtype::F32 => self.load_f32(p.cast()),
                Dtype::F16 => self.load_f16(p.cast()),
                Dtype::BF16 => self.load_bf16(p.cast()),
                Dtype::F64 => self.load_f64(p.cast()),
            }
        }
    }

    /// `x` at `p`, rounded to T; 16-bit types by way of f32.
    ///
    /// # Safety
    ///
    /// `p` points to `WIDTH` writable elements.
    #[inline(always)]
    unsafe fn store<T: Element>(self, p: *mut T, x: Self::Vector) {
        // SAFETY: T is the type that its DTYPE says; the rest is the caller's.
        unsafe {
            match T::DTYPE {
                Dtype::F32 => self.store_f32(p.cast(), x),
                Dtype::F16 => self.store_f16(p.cast(), x),
                Dtype::BF16 => self.store_bf16(p.cast(), x),
                Dtype::F64 => self.store_f64(p.cast(), x),
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
        total: Self::Vector,
        x: Self::Vector,
        one: Self::Vector,
    ) -> Self::Vector {
        match T::DTYPE {
            Dtype::F64 if Self::MAXIMA < 4 => self.add(total, x),
            _ => self.add_product(total, x, one),
        }
    }

    /// `total + x * x`, fused where that cannot be seen.
    #[inline(always)]
    fn add_square<T: Element>(self, total: Self::Vector, x: Self::Vector) -> Self::Vector {
        match T::DTYPE {
            Dtype::F64 => self.add(total, self.mul(x, x)),
            _ => self.add_exact_square(total, x),
        }
    }
}

/// A loop over elements, to be compiled for each instruction set.
///
/// `run` is `#[inline(always)]` in every implementation, down to the intrinsics: that is what puts
/// it inside the function that has the instruction set enabled.
pub(crate) trait Job {
    /// What it returns.
    type Output;

    /// The loop.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}
