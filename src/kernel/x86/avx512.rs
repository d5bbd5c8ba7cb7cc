//! AVX-512: 8 f64 or 16 f32 at a time.

use core::arch::x86_64::*;

use super::{Avx512, to_upper_half};
use crate::kernel::element::Dtype;
use crate::kernel::intrinsics::{memory, operations, pack};
use crate::kernel::isa::Isa;

pack! {
    /// 8 f64.
    F64x8(__m512d) of 8 f64 for Avx512,
    _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_sqrt_pd,
    Add::add = _mm512_add_pd, Sub::sub = _mm512_sub_pd, Mul::mul = _mm512_mul_pd, Div::div = _mm512_div_pd;
    where_positive(x, of) = {
        let positive = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(of, _mm512_setzero_pd());
        _mm512_maskz_mov_pd(positive, x)
    }
}

pack! {
    /// 16 f32.
    F32x16(__m512) of 16 f32 for Avx512,
    _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_sqrt_ps,
    Add::add = _mm512_add_ps, Sub::sub = _mm512_sub_ps, Mul::mul = _mm512_mul_ps, Div::div = _mm512_div_ps;
    where_positive(x, of) = {
        let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(of, _mm512_setzero_ps());
        _mm512_maskz_mov_ps(positive, x)
    }
}

/// What vrangepd and vrangeps do with it: the operand of the larger magnitude, without its sign.
const LARGER_MAGNITUDE: i32 = 0b1011;

impl Isa for Avx512 {
    type Double = F64x8;

    type Single = F32x16;

    type Halves = __m256i;

    type Bits = __m512i;

    const MAXIMA: usize = 4;

    #[inline(always)]
    fn brackets(dtype: Dtype) -> bool {
        matches!(dtype, Dtype::F16 | Dtype::BF16)
    }

    #[inline(always)]
    fn prefetch(self, p: *const u8) {
        super::prefetch(p);
    }

    operations! {
            add_exact_square(total: F64x8, x: F64x8) -> F64x8 = F64x8(_mm512_fmadd_pd(x.0, x.0, total.0));
            add_product(total: F64x8, x: F64x8, one: F64x8) -> F64x8 = F64x8(_mm512_fmadd_pd(x.0, one.0, total.0));
            clamp(x: F64x8, limit: F64x8) -> F64x8 = {
                let lowest = _mm512_sub_pd(_mm512_set1_pd(-0.0), limit.0);
                F64x8(_mm512_max_pd(lowest, _mm512_min_pd(limit.0, x.0)))
            };
            and(a: F64x8, b: F64x8) -> F64x8 = F64x8(_mm512_and_pd(a.0, b.0));
            no_bits() -> __m512i = _mm512_setzero_si512();
            narrow(low: F64x8, high: F64x8) -> F32x16 = {
                let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(low.0));
                F32x16(_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(high.0)))
            };
            to_f16(x: F32x16) -> __m256i = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x.0);
            to_bf16(x: F32x16) -> __m256i = {
                // Nearest, ties to even: add 0x7fff, and 1 if the last bit that stays is odd.
                let bits = _mm512_castps_si512(x.0);
                let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
                let rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
                _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(rounded))
            };
    f16_between(inner: F32x16, outer: F32x16) -> Option<__m256i> = {
                let (inner, outer) = (
                    _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(inner.0),
                    _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(outer.0),
                );
                (_mm256_cmpneq_epi16_mask(inner, outer) == 0).then_some(inner)
            };
            bf16_between(inner: F32x16, outer: F32x16) -> Option<__m256i> = {
                // As in halves.rs.
                let down = _mm512_add_epi32(_mm512_castps_si512(inner.0), _mm512_set1_epi32(0x7fff));
                let up = _mm512_add_epi32(_mm512_castps_si512(outer.0), _mm512_set1_epi32(0x8000));
                let apart = _mm512_test_epi32_mask(_mm512_xor_si512(down, up), _mm512_set1_epi32(-0x1_0000));
                (apart == 0).then_some(_mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(down)))
            };
        }

    memory! {
        larger_f64(largest: __m512i, p: *const f64) -> __m512i = _mm512_castpd_si512(_mm512_range_pd::<LARGER_MAGNITUDE>(_mm512_castsi512_pd(largest), _mm512_loadu_pd(p)));
        larger_f32(largest: __m512i, p: *const f32) -> __m512i = _mm512_castps_si512(_mm512_range_ps::<LARGER_MAGNITUDE>(_mm512_castsi512_ps(largest), _mm512_loadu_ps(p)));
        larger_16(largest: __m512i, p: *const u16) -> __m512i = _mm512_max_epu16(largest, _mm512_and_si512(_mm512_set1_epi16(i16::MAX), _mm512_loadu_si512(p.cast())));
        load_f32(p: *const f32) -> F64x8 = F64x8(_mm512_cvtps_pd(_mm256_loadu_ps(p)));
        load_f16(p: *const u16) -> F32x16 = F32x16(_mm512_cvtph_ps(_mm256_loadu_si256(p.cast())));
        load_bf16(p: *const u16) -> F32x16 = {
            let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast()));
            F32x16(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits)))
        };
        load_f16_wide(p: *const u16) -> [F64x8; 2] = {
            let eight = |p: *const u16| _mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128(p.cast())));
            [F64x8(eight(p)), F64x8(eight(p.add(8)))]
        };
        load_bf16_wide(p: *const u16) -> [F64x8; 2] = {
            let upper = _mm256_set_m128i(to_upper_half(8), to_upper_half(0));
            let eight = |p: *const u16| {
                let twice = _mm256_broadcastsi128_si256(_mm_loadu_si128(p.cast()));
                _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_shuffle_epi8(twice, upper)))
            };
            [F64x8(eight(p)), F64x8(eight(p.add(8)))]
        };
        store_halves(p: *mut u16, x: __m256i) = _mm256_storeu_si256(p.cast(), x);
    }
}
