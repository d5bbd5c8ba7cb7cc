//! AVX2: 4 f64 or 8 f32 at a time.

use core::arch::x86_64::*;

use super::{Avx2, to_upper_half};
use crate::kernel::element::Dtype;
use crate::kernel::intrinsics::{memory, operations, pack};
use crate::kernel::isa::Isa;

pack! {
    /// 4 f64.
    F64x4(__m256d) of 4 f64 for Avx2,
    _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_sqrt_pd,
    Add::add = _mm256_add_pd, Sub::sub = _mm256_sub_pd, Mul::mul = _mm256_mul_pd, Div::div = _mm256_div_pd;
    where_positive(x, of) = _mm256_and_pd(x, _mm256_cmp_pd::<_CMP_GT_OQ>(of, _mm256_setzero_pd()))
}

pack! {
    /// 8 f32.
    F32x8(__m256) of 8 f32 for Avx2,
    _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_sqrt_ps,
    Add::add = _mm256_add_ps, Sub::sub = _mm256_sub_ps, Mul::mul = _mm256_mul_ps, Div::div = _mm256_div_ps;
    where_positive(x, of) = _mm256_and_ps(x, _mm256_cmp_ps::<_CMP_GT_OQ>(of, _mm256_setzero_ps()))
}

impl Isa for Avx2 {
    type Double = F64x4;

    type Single = F32x8;

    type Halves = __m128i;

    type Bits = __m256i;

    #[inline(always)]
    fn brackets(dtype: Dtype) -> bool {
        matches!(dtype, Dtype::F16 | Dtype::BF16)
    }

    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        super::prefetch(p);
    }

    operations! {
            add_exact_square(total: F64x4, x: F64x4) -> F64x4 = F64x4(_mm256_fmadd_pd(x.0, x.0, total.0));
            add_product(total: F64x4, x: F64x4, one: F64x4) -> F64x4 = F64x4(_mm256_fmadd_pd(x.0, one.0, total.0));
            clamp(x: F64x4, limit: F64x4) -> F64x4 = {
                let lowest = _mm256_sub_pd(_mm256_set1_pd(-0.0), limit.0);
                F64x4(_mm256_max_pd(lowest, _mm256_min_pd(limit.0, x.0)))
            };
            and(a: F64x4, b: F64x4) -> F64x4 = F64x4(_mm256_and_pd(a.0, b.0));
            no_bits() -> __m256i = _mm256_setzero_si256();
            narrow(low: F64x4, high: F64x4) -> F32x8 =
                F32x8(_mm256_set_m128(_mm256_cvtpd_ps(high.0), _mm256_cvtpd_ps(low.0)));
            to_f16(x: F32x8) -> __m128i = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x.0);
            to_bf16(x: F32x8) -> __m128i = {
                // Nearest, ties to even: add 0x7fff, and 1 if the last bit that stays is odd.
                let bits = _mm256_castps_si256(x.0);
                let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
                let rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
                let upper = _mm256_srli_epi32::<16>(rounded);
                _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256::<1>(upper))
            };
    f16_between(inner: F32x8, outer: F32x8) -> Option<__m128i> = {
                let (inner, outer) = (
                    _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(inner.0),
                    _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(outer.0),
                );
                (_mm_movemask_epi8(_mm_cmpeq_epi16(inner, outer)) == 0xffff).then_some(inner)
            };
            bf16_between(inner: F32x8, outer: F32x8) -> Option<__m128i> = {
                // As in halves.rs.
                let down = _mm256_add_epi32(_mm256_castps_si256(inner.0), _mm256_set1_epi32(0x7fff));
                let up = _mm256_add_epi32(_mm256_castps_si256(outer.0), _mm256_set1_epi32(0x8000));
                let upper = _mm256_srli_epi32::<16>(down);
                let halves = _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256::<1>(upper));
                let agree = _mm256_testz_si256(_mm256_xor_si256(down, up), _mm256_set1_epi32(-0x1_0000));
                (agree == 1).then_some(halves)
            };
        }

    memory! {
        larger_f64(largest: __m256i, p: *const f64) -> __m256i = {
            let magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), _mm256_loadu_pd(p));
            _mm256_castpd_si256(_mm256_max_pd(magnitude, _mm256_castsi256_pd(largest)))
        };
        larger_f32(largest: __m256i, p: *const f32) -> __m256i = _mm256_max_epu32(largest, _mm256_and_si256(_mm256_set1_epi32(i32::MAX), _mm256_loadu_si256(p.cast())));
        larger_16(largest: __m256i, p: *const u16) -> __m256i = _mm256_max_epu16(largest, _mm256_and_si256(_mm256_set1_epi16(i16::MAX), _mm256_loadu_si256(p.cast())));
        load_f32(p: *const f32) -> F64x4 = F64x4(_mm256_cvtps_pd(_mm_loadu_ps(p)));
        load_f16(p: *const u16) -> F32x8 = F32x8(_mm256_cvtph_ps(_mm_loadu_si128(p.cast())));
        load_bf16(p: *const u16) -> F32x8 = {
            let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast()));
            F32x8(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits)))
        };
        load_f16_wide(p: *const u16) -> [F64x4; 2] = {
            let four = |p: *const u16| _mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64(p.cast())));
            [F64x4(four(p)), F64x4(four(p.add(4)))]
        };
        load_bf16_wide(p: *const u16) -> [F64x4; 2] = {
            let four = |p: *const u16| {
                let bits = _mm_shuffle_epi8(_mm_loadl_epi64(p.cast()), to_upper_half(0));
                _mm256_cvtps_pd(_mm_castsi128_ps(bits))
            };
            [F64x4(four(p)), F64x4(four(p.add(4)))]
        };
        store_halves(p: *mut u16, x: __m128i) = _mm_storeu_si128(p.cast(), x);
    }
}
