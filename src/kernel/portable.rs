//! Plain Rust: what every other instruction set has to agree with, to the bit.

use super::element::Element;
use super::isa::Isa;
use half::{bf16, f16};

/// No instruction set in particular.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

const WIDTH: usize = 4;

/// One operation on every pair of doubles.
#[inline(always)]
fn zip(a: [f64; WIDTH], b: [f64; WIDTH], op: impl Fn(f64, f64) -> f64) -> [f64; WIDTH] {
    let mut out = a;
    for (x, y) in out.iter_mut().zip(b) {
        *x = op(*x, y);
    }
    out
}

/// # Safety
///
/// `p` points to `WIDTH` readable elements.
#[inline(always)]
unsafe fn load<T: Element>(p: *const T) -> [f64; WIDTH] {
    // SAFETY: in bounds by contract.
    unsafe { p.cast::<[T; WIDTH]>().read_unaligned() }.map(T::widen)
}

/// # Safety
///
/// `p` points to `WIDTH` writable elements.
#[inline(always)]
unsafe fn store<T: Element>(p: *mut T, x: [f64; WIDTH]) {
    // SAFETY: in bounds by contract.
    unsafe { p.cast::<[T; WIDTH]>().write_unaligned(x.map(T::narrow)) }
}

impl Isa for Portable {
    type Vector = [f64; WIDTH];

    const WIDTH: usize = WIDTH;

    #[inline(always)]
    fn splat(self, x: f64) -> Self::Vector {
        [x; WIDTH]
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn add_exact_square(self, total: Self::Vector, x: Self::Vector) -> Self::Vector {
        zip(total, x, |total, x| total + x * x)
    }

    #[inline(always)]
    fn max_magnitude(self, largest: Self::Vector, x: Self::Vector) -> Self::Vector {
        // A comparison with NaN is false: NaN leaves the maximum alone.
        zip(largest, x, |largest, x| {
            let magnitude = f64::from_bits(x.to_bits() & (u64::MAX >> 1));
            if magnitude > largest {
                magnitude
            } else {
                largest
            }
        })
    }

    #[inline(always)]
    fn clamp(self, x: Self::Vector, limit: Self::Vector) -> Self::Vector {
        zip(x, limit, |x, limit| {
            let x = if x > limit { limit } else { x };
            if x < -limit { -limit } else { x }
        })
    }

    #[inline(always)]
    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        zip(a, b, |a, b| f64::from_bits(a.to_bits() & b.to_bits()))
    }

    #[inline(always)]
    unsafe fn load_f64(self, p: *const f64) -> Self::Vector {
        // SAFETY: the contract is the same; so in all eight.
        unsafe { load(p) }
    }

    #[inline(always)]
    unsafe fn load_f32(self, p: *const f32) -> Self::Vector {
        // SAFETY: as above.
        unsafe { load(p) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, p: *const u16) -> Self::Vector {
        // SAFETY: as above; f16 is a transparent u16.
        unsafe { load(p.cast::<f16>()) }
    }

    #[inline(always)]
    unsafe fn load_bf16(self, p: *const u16) -> Self::Vector {
        // SAFETY: as above; bf16 is a transparent u16.
        unsafe { load(p.cast::<bf16>()) }
    }

    #[inline(always)]
    unsafe fn store_f64(self, p: *mut f64, x: Self::Vector) {
        // SAFETY: as above.
        unsafe { store(p, x) }
    }

    #[inline(always)]
    unsafe fn store_f32(self, p: *mut f32, x: Self::Vector) {
        // SAFETY: as above.
        unsafe { store(p, x) }
    }

    #[inline(always)]
    unsafe fn store_f16(self, p: *mut u16, x: Self::Vector) {
        // SAFETY: as above.
        unsafe { store(p.cast::<f16>(), x) }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut u16, x: Self::Vector) {
        // SAFETY: as above.
        unsafe { store(p.cast::<bf16>(), x) }
    }
}
