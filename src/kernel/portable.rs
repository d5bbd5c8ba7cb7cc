//! Plain Rust: what every other instruction set has to agree with, to the bit.

use core::mem;

use super::element::Element;
use super::isa::Isa;
use half::{bf16, f16};

/// No instruction set in particular.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

/// One: no vectors are known of, and loops of single doubles are the least code.
const WIDTH: usize = 1;

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

/// The larger magnitudes among elements of `N` bytes each, which `magnitude` makes comparable.
///
/// # Safety
///
/// `p` points to as many readable bytes as a `Bits` has.
#[inline(always)]
unsafe fn larger<const N: usize, M: PartialOrd + Copy>(
    largest: [u64; WIDTH],
    p: *const u8,
    magnitude: impl Fn([u8; N]) -> M,
    bytes: impl Fn(M) -> [u8; N],
) -> [u64; WIDTH] {
    type Bytes = [u8; size_of::<[u64; WIDTH]>()];
    // SAFETY: in bounds by contract; u64 and u8 may have any bits.
    let (mut largest, data) = unsafe {
        let data = p.cast::<Bytes>().read();
        (mem::transmute::<[u64; WIDTH], Bytes>(largest), data)
    };
    let (slots, _) = largest.as_chunks_mut::<N>();
    for (slot, x) in slots.iter_mut().zip(data.as_chunks::<N>().0) {
        let (before, x) = (magnitude(*slot), magnitude(*x));
        *slot = bytes(if x > before { x } else { before });
    }
    // SAFETY: as above.
    unsafe { mem::transmute::<Bytes, [u64; WIDTH]>(largest) }
}

impl Isa for Portable {
    type Vector = [f64; WIDTH];

    type Bits = [u64; WIDTH];

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
    fn add_product(self, total: Self::Vector, x: Self::Vector, _: Self::Vector) -> Self::Vector {
        self.add(total, x)
    }

    #[inline(always)]
    fn add_exact_square(self, total: Self::Vector, x: Self::Vector) -> Self::Vector {
        zip(total, x, |total, x| total + x * x)
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
    fn no_bits(self) -> Self::Bits {
        [0; WIDTH]
    }

    #[inline(always)]
    unsafe fn larger_f64(self, largest: Self::Bits, p: *const f64) -> Self::Bits {
        let magnitude = |x| u64::from_ne_bytes(x) & (u64::MAX >> 1);
        // SAFETY: the contract is the same; so in all three.
        unsafe { larger(largest, p.cast(), magnitude, u64::to_ne_bytes) }
    }

    #[inline(always)]
    unsafe fn larger_f32(self, largest: Self::Bits, p: *const f32) -> Self::Bits {
        let magnitude = |x| u32::from_ne_bytes(x) & (u32::MAX >> 1);
        // SAFETY: as above.
        unsafe { larger(largest, p.cast(), magnitude, u32::to_ne_bytes) }
    }

    #[inline(always)]
    unsafe fn larger_16(self, largest: Self::Bits, p: *const u16) -> Self::Bits {
        let magnitude = |x| u16::from_ne_bytes(x) & (u16::MAX >> 1);
        // SAFETY: as above.
        unsafe { larger(largest, p.cast(), magnitude, u16::to_ne_bytes) }
    }

    #[inline(always)]
    unsafe fn load_f64(self, p: *const f64) -> Self::Vector {
        // SAFETY: the contract is the same; so in the loads and stores below.
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
