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
