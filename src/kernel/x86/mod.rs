//! x86-64: SSE2, AVX2 (with FMA and F16C) and AVX-512.

mod avx2;
mod avx512;
mod sse2;

use core::arch::x86_64::*;

use super::isa::Job;

/// Every x86-64 processor has it.
#[derive(Clone, Copy)]
pub struct Sse2(());

/// AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub struct Avx2(());

/// AVX-512 F, VL, DQ and BW, and all of [`Avx2`].
#[derive(Clone, Copy)]
pub struct Avx512(());

/// Runs a job with SSE2.
pub(crate) fn run_sse2<J: Job>(job: J) -> J::Output {
    job.run(Sse2(()))
}

/// Runs a job with AVX2.
///
/// # Safety
///
/// [`has_avx2`](super::cpuid::has_avx2) is true.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) unsafe fn run_avx2<J: Job>(job: J) -> J::Output {
    job.run(Avx2(()))
}

/// Runs a job with AVX-512.
///
/// # Safety
///
/// [`has_avx512`](super::cpuid::has_avx512) is true.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c")]
pub(crate) unsafe fn run_avx512<J: Job>(job: J) -> J::Output {
    job.run(Avx512(()))
}

/// A vector type with its operations, an intrinsic each.
macro_rules! pack {
    (
        $(#[$doc:meta])* $name:ident($vector:ty) of $len:literal $p:ident for $isa:ident,
        $splat:ident, $load:ident, $store:ident, $sqrt:ident,
        $($operator:ident::$method:ident = $intrinsic:ident),*;
        where_positive($x:ident, $of:ident) = $positive:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name($vector);

        $(impl core::ops::$operator for $name {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a value of this type exists only where the instruction set does; so below.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        })*

        impl $crate::kernel::isa::Pack<$isa, $p> for $name {
            const LEN: usize = $len;

            #[inline(always)]
            fn splat(_: $isa, x: $p) -> Self {
                // SAFETY: the instruction set exists because its value does.
                Self(unsafe { $splat(x) })
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $sqrt(self.0) })
            }

            #[inline(always)]
            fn where_positive(self, of: Self) -> Self {
                let ($x, $of) = (self.0, of.0);
                // SAFETY: as above.
                Self(unsafe { $positive })
            }

            #[inline(always)]
            unsafe fn load(_: $isa, p: *const $p) -> Self {
                // SAFETY: in bounds by contract; the instruction set exists because its value does.
                Self(unsafe { $load(p) })
            }

            #[inline(always)]
            unsafe fn store(self, p: *mut $p) {
                // SAFETY: in bounds by contract; the instruction set exists because self does.
                unsafe { $store(p, self.0) }
            }
        }
    };
}
use pack;

/// Operations that are a few intrinsics on vectors in, a vector or another value out.
macro_rules! operations {
    ($($name:ident($($x:ident: $t:ty),*) -> $out:ty = $body:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($x: $t),*) -> $out {
            // SAFETY: a value of this type exists only where the instruction set does.
            unsafe { $body }
        })*
    };
}
use operations;

/// Operations that follow a pointer.
macro_rules! memory {
    ($($name:ident($($x:ident: $t:ty),*) $(-> $out:ty)? = $body:expr;)*) => {
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $name(self, $($x: $t),*) $(-> $out)? {
            // SAFETY: in bounds by contract; the instruction set exists because self does.
            unsafe { $body }
        })*
    };
}
use memory;

/// Asks for the memory at `p`.
#[inline(always)]
fn prefetch(p: *const u8) {
    // SAFETY: a prefetch of any address does nothing that can be seen.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
}

/// The shuffle of bytes that puts four 16-bit elements, the first at byte `at`, into the upper halves
/// of 32 bits each.
#[inline(always)]
fn to_upper_half(at: i8) -> __m128i {
    const ZERO: i8 = -1;
    let byte = |i: i8| at + i;
    // SAFETY: every x86-64 processor has SSE2.
    unsafe {
        _mm_setr_epi8(
            ZERO,
            ZERO,
            byte(0),
            byte(1),
            ZERO,
            ZERO,
            byte(2),
            byte(3),
            ZERO,
            ZERO,
            byte(4),
            byte(5),
            ZERO,
            ZERO,
            byte(6),
            byte(7),
        )
    }
}
