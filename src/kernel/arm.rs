//! 64-bit Arm: NEON, which every such processor has.

use core::arch::aarch64::*;

use half::{bf16, f16};

use super::element::Element;
use super::isa::{Isa, Job};

/// Every 64-bit Arm processor has it.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

/// Runs a job with NEON.
pub(crate) fn run_neon<J: Job>(job: J) -> J::Output {
    job.run(Neon(()))
}

/// Two 16-bit elements by way of the plain conversions.
macro_rules! two {
    ($p:ident as $t:ty) => {{
        let pair = $p
            .cast::<[$t; 2]>()
            .read_unaligned()
            .map(<$t as Element>::widen);
        vld1q_f64(pair.as_ptr())
    }};
    ($p:ident as $t:ty, $x:ident) => {{
        let mut out = [0.0; 2];
        vst1q_f64(out.as_mut_ptr(), $x);
        $p.cast::<[$t; 2]>()
            .write_unaligned(out.map(<$t as Element>::narrow))
    }};
}

/// Operations that are a few intrinsics on vectors in, vectors out.
macro_rules! operations {
    ($($name:ident($($x:ident),*) = $body:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($x: float64x2_t),*) -> float64x2_t {
            // SAFETY: every 64-bit Arm processor has NEON.
            unsafe { $body }
        })*
    };
}

/// Running maxima: one expression each.
macro_rules! magnitudes {
    ($($name:ident($largest:ident, $p:ident: $t:ty) = $body:expr;)*) => {
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $name(self, $largest: uint32x4_t, $p: *const $t) -> uint32x4_t {
            // SAFETY: in bounds by contract; every 64-bit Arm processor has NEON.
            unsafe { $body }
        })*
    };
}

/// Loads and stores: one expression each.
macro_rules! memory {
    ($($load:ident($p:ident: $t:ty) = $from:expr;)* / $($store:ident($q:ident: $u:ty, $x:ident) = $to:expr;)*) => {
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $load(self, $p: *const $t) -> float64x2_t {
            // SAFETY: in bounds by contract; every 64-bit Arm processor has NEON.
            unsafe { $from }
        })*
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $store(self, $q: *mut $u, $x: float64x2_t) {
            // SAFETY: in bounds by contract; every 64-bit Arm processor has NEON.
            unsafe { $to }
        })*
    };
}

impl Isa for Neon {
    type Vector = float64x2_t;

    type Bits = uint32x4_t;

    const WIDTH: usize = 2;

    #[inline(always)]
    fn splat(self, x: f64) -> float64x2_t {
        // SAFETY: every 64-bit Arm processor has NEON.
        unsafe { vdupq_n_f64(x) }
    }

    operations! {
        add(a, b) = vaddq_f64(a, b);
        sub(a, b) = vsubq_f64(a, b);
        mul(a, b) = vmulq_f64(a, b);
        add_product(total, x, _one) = vaddq_f64(total, x);
        add_exact_square(total, x) = vfmaq_f64(total, x, x);
        clamp(x, limit) = {
            let x = vbslq_f64(vcgtq_f64(x, limit), limit, x);
            let lowest = vnegq_f64(limit);
            vbslq_f64(vcltq_f64(x, lowest), lowest, x)
        };
        and(a, b) = vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(a), vreinterpretq_u64_f64(b)));
    }

    #[inline(always)]
    fn no_bits(self) -> uint32x4_t {
        // SAFETY: every 64-bit Arm processor has NEON.
        unsafe { vdupq_n_u32(0) }
    }

    magnitudes! {
        larger_f64(largest, p: f64) = {
            let (magnitude, largest) = (vabsq_f64(vld1q_f64(p)), vreinterpretq_f64_u32(largest));
            vreinterpretq_u32_f64(vbslq_f64(vcgtq_f64(magnitude, largest), magnitude, largest))
        };
        larger_f32(largest, p: f32) = {
            vmaxq_u32(largest, vandq_u32(vdupq_n_u32(u32::MAX >> 1), vld1q_u32(p.cast())))
        };
        larger_16(largest, p: u16) = {
            let magnitude = vandq_u16(vdupq_n_u16(u16::MAX >> 1), vld1q_u16(p));
            vreinterpretq_u32_u16(vmaxq_u16(vreinterpretq_u16_u32(largest), magnitude))
        };
    }

    memory! {
        load_f64(p: f64) = vld1q_f64(p);
        load_f32(p: f32) = vcvt_f64_f32(vld1_f32(p));
        load_f16(p: u16) = two!(p as f16);
        load_bf16(p: u16) = two!(p as bf16);
        /
        store_f64(p: f64, x) = vst1q_f64(p, x);
        store_f32(p: f32, x) = vst1_f32(p, vcvt_f32_f64(x));
        store_f16(p: u16, x) = two!(p as f16, x);
        store_bf16(p: u16, x) = two!(p as bf16, x);
    }
}
