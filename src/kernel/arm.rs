//! 64-bit Arm: NEON, which every such processor has.

use core::arch::aarch64::*;

use super::element::Dtype;
use super::halves::{self, Words};
use super::intrinsics::{memory, operations, pack};
use super::isa::{Isa, Job};

/// Every 64-bit Arm processor has it.
#[derive(Clone, Copy)]
pub struct Neon(());

/// Runs a job with NEON.
pub(crate) fn run_neon<J: Job>(job: J) -> J::Output {
    job.run(Neon(()))
}

pack! {
    /// 2 f64.
    F64x2(float64x2_t) of 2 f64 for Neon,
    vdupq_n_f64, vld1q_f64, vst1q_f64, vsqrtq_f64,
    Add::add = vaddq_f64, Sub::sub = vsubq_f64, Mul::mul = vmulq_f64, Div::div = vdivq_f64;
    where_positive(x, of) = vbslq_f64(vcgtq_f64(of, vdupq_n_f64(0.0)), x, vdupq_n_f64(0.0))
}

pack! {
    /// 4 f32.
    F32x4(float32x4_t) of 4 f32 for Neon,
    vdupq_n_f32, vld1q_f32, vst1q_f32, vsqrtq_f32,
    Add::add = vaddq_f32, Sub::sub = vsubq_f32, Mul::mul = vmulq_f32, Div::div = vdivq_f32;
    where_positive(x, of) = vbslq_f32(vcgtq_f32(of, vdupq_n_f32(0.0)), x, vdupq_n_f32(0.0))
}

/// Words whose bits are those of f32, as such.
#[inline(always)]
fn single(words: uint32x4_t) -> F32x4 {
    // SAFETY: every 64-bit Arm processor has NEON; so below.
    F32x4(unsafe { vreinterpretq_f32_u32(words) })
}

/// The same, as f64.
#[inline(always)]
fn widen(words: uint32x4_t) -> [F64x2; 2] {
    let x = single(words).0;
    // SAFETY: as above.
    unsafe {
        [
            F64x2(vcvt_f64_f32(vget_low_f32(x))),
            F64x2(vcvt_high_f64_f32(x)),
        ]
    }
}

/// 4 16-bit elements, each in the upper half of 32 bits.
///
/// # Safety
///
/// `p` points to 4 readable elements.
#[inline(always)]
unsafe fn load_words(p: *const u16) -> uint32x4_t {
    // SAFETY: in bounds by contract.
    unsafe { vshll_n_u16::<16>(vld1_u16(p)) }
}

/// The bits of f32 as words.
#[inline(always)]
fn words(x: F32x4) -> uint32x4_t {
    // SAFETY: as above.
    unsafe { vreinterpretq_u32_f32(x.0) }
}

impl Isa for Neon {
    type Double = F64x2;

    type Single = F32x4;

    type Halves = uint16x4_t;

    type Bits = uint32x4_t;

    #[inline(always)]
    fn brackets(dtype: Dtype) -> bool {
        dtype == Dtype::BF16
    }

    operations! {
            add_product(total: F64x2, x: F64x2, _one: F64x2) -> F64x2 = F64x2(vaddq_f64(total.0, x.0));
            add_exact_square(total: F64x2, x: F64x2) -> F64x2 = F64x2(vfmaq_f64(total.0, x.0, x.0));
            clamp(x: F64x2, limit: F64x2) -> F64x2 = {
                let x = vbslq_f64(vcgtq_f64(x.0, limit.0), limit.0, x.0);
                let lowest = vnegq_f64(limit.0);
                F64x2(vbslq_f64(vcltq_f64(x, lowest), lowest, x))
            };
            and(a: F64x2, b: F64x2) -> F64x2 =
                F64x2(vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(a.0), vreinterpretq_u64_f64(b.0))));
            no_bits() -> uint32x4_t = vdupq_n_u32(0);
            narrow(low: F64x2, high: F64x2) -> F32x4 = F32x4(vcvt_high_f32_f64(vcvt_f32_f64(low.0), high.0));
            to_f16(x: F32x4) -> uint16x4_t = vmovn_u32(halves::f16_from_f32(words(x)));
            to_bf16(x: F32x4) -> uint16x4_t = vmovn_u32(halves::bf16_from_f32(words(x)));
    bf16_between(inner: F32x4, outer: F32x4) -> Option<uint16x4_t> = {
                let (halves, apart) = halves::bf16_between(words(inner), words(outer));
                (vmaxvq_u32(apart) == 0).then_some(vmovn_u32(halves))
            };
        }

    memory! {
        larger_f64(largest: uint32x4_t, p: *const f64) -> uint32x4_t = {
            let (magnitude, largest) = (vabsq_f64(vld1q_f64(p)), vreinterpretq_f64_u32(largest));
            vreinterpretq_u32_f64(vbslq_f64(vcgtq_f64(magnitude, largest), magnitude, largest))
        };
        larger_f32(largest: uint32x4_t, p: *const f32) -> uint32x4_t = {
            vmaxq_u32(largest, vandq_u32(vdupq_n_u32(u32::MAX >> 1), vld1q_u32(p.cast())))
        };
        larger_16(largest: uint32x4_t, p: *const u16) -> uint32x4_t = {
            let magnitude = vandq_u16(vdupq_n_u16(u16::MAX >> 1), vld1q_u16(p));
            vreinterpretq_u32_u16(vmaxq_u16(vreinterpretq_u16_u32(largest), magnitude))
        };
        load_f32(p: *const f32) -> F64x2 = F64x2(vcvt_f64_f32(vld1_f32(p)));
        load_f16(p: *const u16) -> F32x4 = single(halves::f32_from_f16(load_words(p)));
        load_bf16(p: *const u16) -> F32x4 = single(load_words(p));
        load_f16_wide(p: *const u16) -> [F64x2; 2] = widen(halves::f32_from_f16(load_words(p)));
        load_bf16_wide(p: *const u16) -> [F64x2; 2] = widen(load_words(p));
        store_halves(p: *mut u16, x: uint16x4_t) = vst1_u16(p, x);
    }
}

impl Words for uint32x4_t {
    #[inline(always)]
    fn all(x: u32) -> Self {
        // SAFETY: every 64-bit Arm processor has NEON; so in all of these.
        unsafe { vdupq_n_u32(x) }
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { vandq_u32(self, other) }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { vorrq_u32(self, other) }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { vaddq_u32(self, other) }
    }

    #[inline(always)]
    fn differs(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { veorq_u32(self, other) }
    }

    #[inline(always)]
    fn down<const N: i32>(self) -> Self {
        // SAFETY: as above.
        unsafe { vshrq_n_u32::<N>(self) }
    }

    #[inline(always)]
    fn above(self, limit: u32, yes: Self, no: Self) -> Self {
        // SAFETY: as above.
        unsafe { vbslq_u32(vcgtq_u32(self, vdupq_n_u32(limit)), yes, no) }
    }

    #[inline(always)]
    fn times(self, factor: f32) -> Self {
        // SAFETY: as above.
        unsafe { vreinterpretq_u32_f32(vmulq_n_f32(vreinterpretq_f32_u32(self), factor)) }
    }

    #[inline(always)]
    fn plus_f32(self, term: f32) -> Self {
        // SAFETY: as above.
        unsafe { vreinterpretq_u32_f32(vaddq_f32(vreinterpretq_f32_u32(self), vdupq_n_f32(term))) }
    }
}
