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

    /// How many running maxima there are registers for, 1 to 4.
    const MAXIMA: usize = 2;

    /// The same double in every place.
    fn splat(self, x: f64) -> Self::Vector;
    /// `a + b`
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a - b`
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b`
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `total + x * x` for an `x` whose square is exact: it may be fused.
    fn add_exact_square(self, total: Self::Vector, x: Self::Vector) -> Self::Vector;
    /// The larger of `largest` and `|x|`; `largest` where x is NaN.
    fn max_magnitude(self, largest: Self::Vector, x: Self::Vector) -> Self::Vector;
    /// The same for an `x` that comes from a narrower type, and so is no signalling NaN.
    #[inline(always)]
    fn max_quiet_magnitude(self, largest: Self::Vector, x: Self::Vector) -> Self::Vector {
        self.max_magnitude(largest, x)
    }
    /// `x` moved into `[-limit, limit]`.
    fn clamp(self, x: Self::Vector, limit: Self::Vector) -> Self::Vector;
    /// The bits that both have.
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

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

    /// The larger of `largest` and `|x|` for an x that was a T.
    #[inline(always)]
    fn max<T: Element>(self, largest: Self::Vector, x: Self::Vector) -> Self::Vector {
        match T::DTYPE {
            Dtype::F64 => self.max_magnitude(largest, x),
            _ => self.max_quiet_magnitude(largest, x),
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
