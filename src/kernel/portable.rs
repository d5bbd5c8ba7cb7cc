//! Plain Rust: the reference with which every other instruction set agrees, to the bit.

use core::ops::{Add, Div, Mul, Sub};

use half::{bf16, f16};
use num_traits::Float;

use super::element::Element;
use super::isa::{Isa, Pack};

/// Number of f64 at a time. Where other sets have vectors this one is only their reference, and single numbers are the
/// least code; elsewhere two f64 or four f32 are enough for the compiler to form vectors, if there are any.
const WIDTH: usize = match cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
    true => 1,
    false => 2,
};

/// No instruction set in particular.
#[derive(Clone, Copy)]
pub struct Portable;

/// `N` numbers.
#[derive(Clone, Copy)]
pub struct Plain<P, const N: usize>([P; N]);

impl<P: Copy, const N: usize> Plain<P, N> {
    /// One operation on every pair of numbers.
    #[inline(always)]
    fn zip(self, other: Self, op: impl Fn(P, P) -> P) -> Self {
        let mut out = self;
        for (x, y) in out.0.iter_mut().zip(other.0) {
            *x = op(*x, y);
        }
        out
    }
}

macro_rules! operators {
    ($($operator:ident :: $name:ident),*) => {
        $(impl<P: Float, const N: usize> $operator for Plain<P, N> {
            type Output = Self;

            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                self.zip(other, P::$name)
            }
        })*
    };
}

operators!(Add::add, Sub::sub, Mul::mul, Div::div);

impl<P: Float, const N: usize> Pack<Portable, P> for Plain<P, N> {
    const LEN: usize = N;

    #[inline(always)]
    fn splat(_: Portable, x: P) -> Self {
        Self([x; N])
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(P::sqrt))
    }

    #[inline(always)]
    fn where_positive(self, of: Self) -> Self {
        self.zip(of, |x, of| if of > P::zero() { x } else { P::zero() })
    }

    #[inline(always)]
    unsafe fn load(_: Portable, p: *const P) -> Self {
        // SAFETY: in bounds by contract.
        Self(unsafe { p.cast::<[P; N]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut P) {
        // SAFETY: in bounds by contract.
        unsafe { p.cast::<[P; N]>().write_unaligned(self.0) }
    }
}

/// Elements as f64, exactly.
///
/// # Safety
///
/// `p` points to `WIDTH` readable elements.
#[inline(always)]
unsafe fn widen<T: Element>(p: *const T) -> Plain<f64, WIDTH> {
    // SAFETY: in bounds by contract.
    let x = unsafe { p.cast::<[T; WIDTH]>().read_unaligned() };
    let mut out = [0.0; WIDTH];
    for (y, x) in out.iter_mut().zip(x) {
        *y = x.widen();
    }
    Plain(out)
}

/// 16-bit elements as f32, exactly.
///
/// # Safety
///
/// `p` points to `2 * WIDTH` readable elements.
#[inline(always)]
unsafe fn half_widen<T: Element>(p: *const T) -> Plain<f32, { 2 * WIDTH }> {
    // SAFETY: in bounds by contract.
    let x = unsafe { p.cast::<[T; 2 * WIDTH]>().read_unaligned() };
    let mut out = [0.0; 2 * WIDTH];
    for (y, x) in out.iter_mut().zip(x) {
        *y = x.widen() as f32;
    }
    Plain(out)
}

/// Rounded to 16 bits.
#[inline(always)]
fn halves<T: Element>(x: Plain<f32, { 2 * WIDTH }>, bits: impl Fn(T) -> u16) -> [u16; 2 * WIDTH] {
    let mut out = [0; 2 * WIDTH];
    for (y, x) in out.iter_mut().zip(x.0) {
        *y = bits(T::narrow(x.into()));
    }
    out
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
    let mut out = largest;
    for (i, word) in out.iter_mut().enumerate() {
        let mut largest = word.to_ne_bytes();
        // SAFETY: in bounds by contract; u8 may have any bits.
        let data = unsafe { p.cast::<[u8; 8]>().add(i).read() };
        let (slots, _) = largest.as_chunks_mut::<N>();
        for (slot, x) in slots.iter_mut().zip(data.as_chunks::<N>().0) {
            let (before, x) = (magnitude(*slot), magnitude(*x));
            *slot = bytes(if x > before { x } else { before });
        }
        *word = u64::from_ne_bytes(largest);
    }
    out
}

impl Isa for Portable {
    type Double = Plain<f64, WIDTH>;

    type Single = Plain<f32, { 2 * WIDTH }>;

    type Halves = [u16; 2 * WIDTH];

    type Bits = [u64; WIDTH];

    #[inline(always)]
    fn add_product(self, total: Self::Double, x: Self::Double, _: Self::Double) -> Self::Double {
        total + x
    }

    #[inline(always)]
    fn add_exact_square(self, total: Self::Double, x: Self::Double) -> Self::Double {
        total + x * x
    }

    #[inline(always)]
    fn clamp(self, x: Self::Double, limit: Self::Double) -> Self::Double {
        x.zip(limit, |x, limit| {
            let x = if x > limit { limit } else { x };
            if x < -limit { -limit } else { x }
        })
    }

    #[inline(always)]
    fn and(self, a: Self::Double, b: Self::Double) -> Self::Double {
        a.zip(b, |a, b| f64::from_bits(a.to_bits() & b.to_bits()))
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
    unsafe fn load_f32(self, p: *const f32) -> Self::Double {
        // SAFETY: the contract is the same; so below, where f16 and bf16 are transparent u16.
        unsafe { widen(p) }
    }

    #[inline(always)]
    fn narrow(self, low: Self::Double, high: Self::Double) -> Self::Single {
        let mut out = [0.0; 2 * WIDTH];
        for (y, x) in out.iter_mut().zip(low.0.into_iter().chain(high.0)) {
            *y = x as f32;
        }
        Plain(out)
    }

    #[inline(always)]
    unsafe fn load_f16(self, p: *const u16) -> Self::Single {
        // SAFETY: as above.
        unsafe { half_widen(p.cast::<f16>()) }
    }

    #[inline(always)]
    unsafe fn load_bf16(self, p: *const u16) -> Self::Single {
        // SAFETY: as above.
        unsafe { half_widen(p.cast::<bf16>()) }
    }

    #[inline(always)]
    unsafe fn load_f16_wide(self, p: *const u16) -> [Self::Double; 2] {
        // SAFETY: as above.
        unsafe { [widen(p.cast::<f16>()), widen(p.cast::<f16>().add(WIDTH))] }
    }

    #[inline(always)]
    unsafe fn load_bf16_wide(self, p: *const u16) -> [Self::Double; 2] {
        // SAFETY: as above.
        unsafe { [widen(p.cast::<bf16>()), widen(p.cast::<bf16>().add(WIDTH))] }
    }

    #[inline(always)]
    fn to_f16(self, x: Self::Single) -> Self::Halves {
        halves(x, f16::to_bits)
    }

    #[inline(always)]
    fn to_bf16(self, x: Self::Single) -> Self::Halves {
        halves(x, bf16::to_bits)
    }

    #[inline(always)]
    unsafe fn store_halves(self, p: *mut u16, x: Self::Halves) {
        // SAFETY: in bounds by contract.
        unsafe { p.cast::<[u16; 2 * WIDTH]>().write_unaligned(x) }
    }
}
