//! x86-64: SSE2, AVX2 (with FMA and F16C) and AVX-512.

use core::arch::x86_64::*;

use half::{bf16, f16};

use super::element::Element;
use super::isa::{Isa, Job};

/// Every x86-64 processor has it.
#[derive(Clone, Copy)]
pub(crate) struct Sse2(());

/// AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// AVX-512 F, VL, DQ and BW, and all of [`Avx2`].
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

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

/// Operations that are one intrinsic on vectors in, vectors out.
macro_rules! operations {
    ($($name:ident($($x:ident),*) = $body:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($x: Self::Vector),*) -> Self::Vector {
            // SAFETY: a value of this type exists only where the instruction set does.
            unsafe { $body }
        })*
    };
}

/// What vrangepd and vrangeps do with it: the operand of the larger magnitude, without its sign.
const LARGER_MAGNITUDE: i32 = 0b1011;

/// Running maxima: one expression each.
macro_rules! magnitudes {
    ($($name:ident($largest:ident, $p:ident: $t:ty) = $body:expr;)*) => {
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $name(self, $largest: Self::Bits, $p: *const $t) -> Self::Bits {
            // SAFETY: in bounds by contract; the instruction set exists because self does.
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
        unsafe fn $load(self, $p: *const $t) -> Self::Vector {
            // SAFETY: in bounds by contract; the instruction set exists because self does.
            unsafe { $from }
        })*
        $(
        /// # Safety
        ///
        /// As in [`Isa`].
        #[inline(always)]
        unsafe fn $store(self, $q: *mut $u, $x: Self::Vector) {
            // SAFETY: in bounds by contract; the instruction set exists because self does.
            unsafe { $to }
        })*
    };
}

impl Isa for Avx512 {
    type Vector = __m512d;

    type Bits = __m512i;

    const WIDTH: usize = 8;

    const MAXIMA: usize = 4;

    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        // SAFETY: a prefetch of any address does nothing that can be seen.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f64) -> __m512d {
        // SAFETY: a value of this type exists only where the instruction set does.
        unsafe { _mm512_set1_pd(x) }
    }

    operations! {
        add(a, b) = _mm512_add_pd(a, b);
        sub(a, b) = _mm512_sub_pd(a, b);
        mul(a, b) = _mm512_mul_pd(a, b);
        add_exact_square(total, x) = _mm512_fmadd_pd(x, x, total);
        add_product(total, x, one) = _mm512_fmadd_pd(x, one, total);
        clamp(x, limit) = _mm512_max_pd(_mm512_sub_pd(_mm512_set1_pd(-0.0), limit), _mm512_min_pd(limit, x));
        and(a, b) = _mm512_and_pd(a, b);
    }

    #[inline(always)]
    fn no_bits(self) -> __m512i {
        // SAFETY: a value of this type exists only where the instruction set does.
        unsafe { _mm512_setzero_si512() }
    }

    magnitudes! {
        larger_f64(largest, p: f64) = _mm512_castpd_si512(_mm512_range_pd::<LARGER_MAGNITUDE>(_mm512_castsi512_pd(largest), _mm512_loadu_pd(p)));
        larger_f32(largest, p: f32) = _mm512_castps_si512(_mm512_range_ps::<LARGER_MAGNITUDE>(_mm512_castsi512_ps(largest), _mm512_loadu_ps(p)));
        larger_16(largest, p: u16) = _mm512_max_epu16(largest, _mm512_and_si512(_mm512_set1_epi16(i16::MAX), _mm512_loadu_si512(p.cast())));
    }

    memory! {
        load_f64(p: f64) = _mm512_loadu_pd(p);
        load_f32(p: f32) = _mm512_cvtps_pd(_mm256_loadu_ps(p));
        load_f16(p: u16) = _mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128(p.cast())));
        load_bf16(p: u16) = {
            let twice = _mm256_broadcastsi128_si256(_mm_loadu_si128(p.cast()));
            let upper = _mm256_set_m128i(to_upper_half(8), to_upper_half(0));
            _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_shuffle_epi8(twice, upper)))
        };
        /
        store_f64(p: f64, x) = _mm512_storeu_pd(p, x);
        store_f32(p: f32, x) = _mm256_storeu_ps(p, _mm512_cvtpd_ps(x));
        store_f16(p: u16, x) = {
            let rounded = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm512_cvtpd_ps(x));
            _mm_storeu_si128(p.cast(), rounded)
        };
        store_bf16(p: u16, x) = {
            // Nearest, ties to even: add 0x7fff, and 1 if the last bit that stays is odd.
            let bits = _mm256_castps_si256(_mm512_cvtpd_ps(x));
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
            _mm_storeu_si128(p.cast(), _mm256_cvtepi32_epi16(_mm256_srli_epi32::<16>(rounded)))
        };
    }
}

impl Isa for Avx2 {
    type Vector = __m256d;

    type Bits = __m256i;

    const WIDTH: usize = 4;

    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        // SAFETY: a prefetch of any address does nothing that can be seen.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f64) -> __m256d {
        // SAFETY: a value of this type exists only where the instruction set does.
        unsafe { _mm256_set1_pd(x) }
    }

    operations! {
        add(a, b) = _mm256_add_pd(a, b);
        sub(a, b) = _mm256_sub_pd(a, b);
        mul(a, b) = _mm256_mul_pd(a, b);
        add_exact_square(total, x) = _mm256_fmadd_pd(x, x, total);
        add_product(total, x, one) = _mm256_fmadd_pd(x, one, total);
        clamp(x, limit) = _mm256_max_pd(_mm256_sub_pd(_mm256_set1_pd(-0.0), limit), _mm256_min_pd(limit, x));
        and(a, b) = _mm256_and_pd(a, b);
    }

    #[inline(always)]
    fn no_bits(self) -> __m256i {
        // SAFETY: a value of this type exists only where the instruction set does.
        unsafe { _mm256_setzero_si256() }
    }

    magnitudes! {
        larger_f64(largest, p: f64) = {
            let magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), _mm256_loadu_pd(p));
            _mm256_castpd_si256(_mm256_max_pd(magnitude, _mm256_castsi256_pd(largest)))
        };
        larger_f32(largest, p: f32) = _mm256_max_epu32(largest, _mm256_and_si256(_mm256_set1_epi32(i32::MAX), _mm256_loadu_si256(p.cast())));
        larger_16(largest, p: u16) = _mm256_max_epu16(largest, _mm256_and_si256(_mm256_set1_epi16(i16::MAX), _mm256_loadu_si256(p.cast())));
    }

    memory! {
        load_f64(p: f64) = _mm256_loadu_pd(p);
        load_f32(p: f32) = _mm256_cvtps_pd(_mm_loadu_ps(p));
        load_f16(p: u16) = _mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64(p.cast())));
        load_bf16(p: u16) = {
            let bits = _mm_shuffle_epi8(_mm_loadl_epi64(p.cast()), to_upper_half(0));
            _mm256_cvtps_pd(_mm_castsi128_ps(bits))
        };
        /
        store_f64(p: f64, x) = _mm256_storeu_pd(p, x);
        store_f32(p: f32, x) = _mm_storeu_ps(p, _mm256_cvtpd_ps(x));
        store_f16(p: u16, x) = {
            let rounded = _mm_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm256_cvtpd_ps(x));
            _mm_storel_epi64(p.cast(), rounded)
        };
        store_bf16(p: u16, x) = {
            // Nearest, ties to even: add 0x7fff, and 1 if the last bit that stays is odd.
            let bits = _mm_castps_si128(_mm256_cvtpd_ps(x));
            let odd = _mm_and_si128(_mm_srli_epi32::<16>(bits), _mm_set1_epi32(1));
            let rounded = _mm_add_epi32(bits, _mm_add_epi32(odd, _mm_set1_epi32(0x7fff)));
            let upper = _mm_srli_epi32::<16>(rounded);
            _mm_storel_epi64(p.cast(), _mm_packus_epi32(upper, upper))
        };
    }
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

/// Two 16-bit elements by way of the plain conversions: SSE2 has none.
macro_rules! two {
    ($p:ident as $t:ty) => {{
        let [a, b] = $p.cast::<[$t; 2]>().read_unaligned();
        _mm_set_pd(b.widen(), a.widen())
    }};
    ($p:ident as $t:ty, $x:ident) => {{
        let mut out = [0.0; 2];
        _mm_storeu_pd(out.as_mut_ptr(), $x);
        $p.cast::<[$t; 2]>()
            .write_unaligned(out.map(<$t as Element>::narrow))
    }};
}

impl Isa for Sse2 {
    type Vector = __m128d;

    type Bits = __m128i;

    const WIDTH: usize = 2;

    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        // SAFETY: a prefetch of any address does nothing that can be seen.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    fn splat(self, x: f64) -> __m128d {
        // SAFETY: every x86-64 processor has SSE2; so everywhere below.
        unsafe { _mm_set1_pd(x) }
    }

    operations! {
        add(a, b) = _mm_add_pd(a, b);
        sub(a, b) = _mm_sub_pd(a, b);
        mul(a, b) = _mm_mul_pd(a, b);
        add_product(total, x, _one) = _mm_add_pd(total, x);
        add_exact_square(total, x) = _mm_add_pd(total, _mm_mul_pd(x, x));
        clamp(x, limit) = _mm_max_pd(_mm_sub_pd(_mm_set1_pd(-0.0), limit), _mm_min_pd(limit, x));
        and(a, b) = _mm_and_pd(a, b);
    }

    #[inline(always)]
    fn no_bits(self) -> __m128i {
        // SAFETY: a value of this type exists only where the instruction set does.
        unsafe { _mm_setzero_si128() }
    }

    magnitudes! {
        larger_f64(largest, p: f64) = {
            let magnitude = _mm_andnot_pd(_mm_set1_pd(-0.0), _mm_loadu_pd(p));
            _mm_castpd_si128(_mm_max_pd(magnitude, _mm_castsi128_pd(largest)))
        };
        larger_f32(largest, p: f32) = {
            let magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0), _mm_loadu_ps(p));
            _mm_castps_si128(_mm_max_ps(magnitude, _mm_castsi128_ps(largest)))
        };
        larger_16(largest, p: u16) = _mm_max_epi16(largest, _mm_and_si128(_mm_set1_epi16(i16::MAX), _mm_loadu_si128(p.cast())));
    }

    memory! {
        load_f64(p: f64) = _mm_loadu_pd(p);
        load_f32(p: f32) = _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(p.cast())));
        load_f16(p: u16) = two!(p as f16);
        load_bf16(p: u16) = two!(p as bf16);
        /
        store_f64(p: f64, x) = _mm_storeu_pd(p, x);
        store_f32(p: f32, x) = _mm_storel_epi64(p.cast(), _mm_castps_si128(_mm_cvtpd_ps(x)));
        store_f16(p: u16, x) = two!(p as f16, x);
        store_bf16(p: u16, x) = two!(p as bf16, x);
    }
}
