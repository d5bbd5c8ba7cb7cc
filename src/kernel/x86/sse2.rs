//! SSE2: 2 f64 or 4 f32 at a time.

use core::arch::x86_64::*;

use super::Sse2;
use crate::kernel::element::Dtype;
use crate::kernel::halves::{self, Words};
use crate::kernel::intrinsics::{memory, operations, pack};
use crate::kernel::isa::Isa;

pack! {
    /// 2 f64.
    F64x2(__m128d) of 2 f64 for Sse2,
    _mm_set1_pd, _mm_loadu_pd, _mm_storeu_pd, _mm_sqrt_pd,
    Add::add = _mm_add_pd, Sub::sub = _mm_sub_pd, Mul::mul = _mm_mul_pd, Div::div = _mm_div_pd;
    where_positive(x, of) = _mm_and_pd(x, _mm_cmpgt_pd(of, _mm_setzero_pd()))
}

pack! {
    /// 4 f32.
    F32x4(__m128) of 4 f32 for Sse2,
    _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_sqrt_ps,
    Add::add = _mm_add_ps, Sub::sub = _mm_sub_ps, Mul::mul = _mm_mul_ps, Div::div = _mm_div_ps;
    where_positive(x, of) = _mm_and_ps(x, _mm_cmpgt_ps(of, _mm_setzero_ps()))
}

/// Words whose bits are those of f32, as such.
#[inline(always)]
fn single(words: __m128i) -> F32x4 {
    // SAFETY: every x86-64 processor has SSE2; so everywhere below.
    F32x4(unsafe { _mm_castsi128_ps(words) })
}

/// The same, as f64.
#[inline(always)]
fn widen(words: __m128i) -> [F64x2; 2] {
    let x = single(words).0;
    // SAFETY: as above.
    unsafe {
        [
            F64x2(_mm_cvtps_pd(x)),
            F64x2(_mm_cvtps_pd(_mm_movehl_ps(x, x))),
        ]
    }
}

/// 4 16-bit elements, each in the upper half of 32 bits.
///
/// # Safety
///
/// `p` points to 4 readable elements.
#[inline(always)]
unsafe fn load_words(p: *const u16) -> __m128i {
    // SAFETY: in bounds by contract.
    unsafe { _mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64(p.cast())) }
}

/// The lower 16 bits of each word.
#[inline(always)]
fn pack_words(words: __m128i) -> u64 {
    // SAFETY: as above. Signed, because that is how SSE2 packs: every value fits.
    unsafe {
        let signed = _mm_srai_epi32::<16>(_mm_slli_epi32::<16>(words));
        _mm_cvtsi128_si64(_mm_packs_epi32(signed, signed)) as u64
    }
}

impl Isa for Sse2 {
    type Double = F64x2;

    type Single = F32x4;

    type Halves = u64;

    type Bits = __m128i;

    #[inline(always)]
    fn brackets(dtype: Dtype) -> bool {
        dtype == Dtype::BF16
    }

    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        super::prefetch(p);
    }

    operations! {
        add_product(total: F64x2, x: F64x2, _one: F64x2) -> F64x2 = F64x2(_mm_add_pd(total.0, x.0));
        add_exact_square(total: F64x2, x: F64x2) -> F64x2 = F64x2(_mm_add_pd(total.0, _mm_mul_pd(x.0, x.0)));
        clamp(x: F64x2, limit: F64x2) -> F64x2 = {
            let lowest = _mm_sub_pd(_mm_set1_pd(-0.0), limit.0);
            F64x2(_mm_max_pd(lowest, _mm_min_pd(limit.0, x.0)))
        };
        and(a: F64x2, b: F64x2) -> F64x2 = F64x2(_mm_and_pd(a.0, b.0));
        no_bits() -> __m128i = _mm_setzero_si128();
        narrow(low: F64x2, high: F64x2) -> F32x4 =
            F32x4(_mm_movelh_ps(_mm_cvtpd_ps(low.0), _mm_cvtpd_ps(high.0)));
        to_f16(x: F32x4) -> u64 = pack_words(halves::f16_from_f32(_mm_castps_si128(x.0)));
        to_bf16(x: F32x4) -> u64 = pack_words(halves::bf16_from_f32(_mm_castps_si128(x.0)));
        bf16_between(inner: F32x4, outer: F32x4) -> Option<u64> = {
            let (inner, outer) = (_mm_castps_si128(inner.0), _mm_castps_si128(outer.0));
            let (halves, apart) = halves::bf16_between(inner, outer);
            let agree = _mm_movemask_epi8(_mm_cmpeq_epi32(apart, _mm_setzero_si128())) == 0xffff;
            agree.then_some(pack_words(halves))
        };
    }

    memory! {
        larger_f64(largest: __m128i, p: *const f64) -> __m128i = {
            let magnitude = _mm_andnot_pd(_mm_set1_pd(-0.0), _mm_loadu_pd(p));
            _mm_castpd_si128(_mm_max_pd(magnitude, _mm_castsi128_pd(largest)))
        };
        larger_f32(largest: __m128i, p: *const f32) -> __m128i = {
            let magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0), _mm_loadu_ps(p));
            _mm_castps_si128(_mm_max_ps(magnitude, _mm_castsi128_ps(largest)))
        };
        larger_16(largest: __m128i, p: *const u16) -> __m128i = _mm_max_epi16(largest, _mm_and_si128(_mm_set1_epi16(i16::MAX), _mm_loadu_si128(p.cast())));
        load_f32(p: *const f32) -> F64x2 = F64x2(_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(p.cast()))));
        load_f16(p: *const u16) -> F32x4 = single(halves::f32_from_f16(load_words(p)));
        load_bf16(p: *const u16) -> F32x4 = single(load_words(p));
        load_f16_wide(p: *const u16) -> [F64x2; 2] = widen(halves::f32_from_f16(load_words(p)));
        load_bf16_wide(p: *const u16) -> [F64x2; 2] = widen(load_words(p));
        store_halves(p: *mut u16, x: u64) = p.cast::<u64>().write_unaligned(x);
    }
}

impl Words for __m128i {
    #[inline(always)]
    fn all(x: u32) -> Self {
        // SAFETY: every x86-64 processor has SSE2; so in all of these.
        unsafe { _mm_set1_epi32(x as i32) }
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm_and_si128(self, other) }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm_or_si128(self, other) }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm_add_epi32(self, other) }
    }

    #[inline(always)]
    fn differs(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm_xor_si128(self, other) }
    }

    #[inline(always)]
    fn down<const N: i32>(self) -> Self {
        // SAFETY: as above.
        unsafe { _mm_srli_epi32::<N>(self) }
    }

    #[inline(always)]
    fn above(self, limit: u32, yes: Self, no: Self) -> Self {
        // SAFETY: as above.
        unsafe {
            let above = _mm_cmpgt_epi32(self, Self::all(limit));
            _mm_or_si128(_mm_and_si128(above, yes), _mm_andnot_si128(above, no))
        }
    }

    #[inline(always)]
    fn times(self, factor: f32) -> Self {
        // SAFETY: as above.
        unsafe { _mm_castps_si128(_mm_mul_ps(_mm_castsi128_ps(self), _mm_set1_ps(factor))) }
    }

    #[inline(always)]
    fn plus_f32(self, term: f32) -> Self {
        // SAFETY: as above.
        unsafe { _mm_castps_si128(_mm_add_ps(_mm_castsi128_ps(self), _mm_set1_ps(term))) }
    }
}
