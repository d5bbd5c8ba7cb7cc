//! Moments streamed chunk by chunk are those of the whole, to the bit, if the boundaries lie at multiples of 65,536.

use std::ptr::null;

use super::blob::{Blob, DTYPES, F64, size};
use super::c;
use super::status::{BAD_LENGTH, BAD_STATE, NON_FINITE, OK, expect};
use super::world::{WEIGHT, World, bytes};
use trimtab_core::Moments;

const BLOCK: usize = 65_536;
/// Three whole blocks and a part of a fourth that ends in the middle of a lane row.
const LEN: usize = 3 * BLOCK + 12_345;

/// Values of all magnitudes that every type can hold, from a fixed linear congruential generator (Knuth's).
fn noise(len: usize) -> Vec<f64> {
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        unit * 2.0_f64.powi((state >> 60) as i32 - 8)
    };
    (0..len).map(|_| next()).collect()
}

fn stream(blob: &mut Blob, boundaries: &[usize]) -> Moments {
    let (mut moments, mut start) = (Moments::default(), 0);
    let (data, dtype) = (blob.pointer(), blob.dtype);
    for end in boundaries.iter().copied().chain([blob.len]) {
        let chunk = data.wrapping_byte_add(start * size(dtype));
        let code = c::observe_chunk(&raw mut moments, chunk, end - start, dtype);
        expect(&format!("chunk {start}..{end} of dtype {dtype}"), code, OK);
        start = end;
    }
    moments
}

#[test]
fn boundaries_at_multiples_of_a_block_change_no_bit() {
    let boundaries: [&[usize]; 6] = [
        &[BLOCK],
        &[2 * BLOCK],
        &[3 * BLOCK],
        &[BLOCK, 3 * BLOCK],
        &[BLOCK, 2 * BLOCK, 3 * BLOCK],
        &[0, BLOCK, BLOCK, 2 * BLOCK, LEN],
    ];
    for dtype in DTYPES {
        let mut blob = Blob::new(dtype, &noise(LEN));
        let whole = stream(&mut blob, &[]);
        assert_eq!(whole.count, LEN as u64);
        for cuts in boundaries {
            assert_eq!(
                bytes(&[stream(&mut blob, cuts)]),
                bytes(&[whole]),
                "dtype {dtype}, cuts {cuts:?}"
            );
        }
    }
}

#[test]
fn a_streamed_tensor_has_the_moments_of_an_observed_one() {
    for dtype in DTYPES {
        for len in [0, 1, 2, 31, 32, 33, BLOCK - 1, BLOCK, BLOCK + 1] {
            let mut blob = Blob::new(dtype, &noise(len));
            let streamed = stream(&mut blob, &[]);
            let mut world = World::of(&[(WEIGHT, blob)]);
            world.observe();
            assert_eq!(
                bytes(&[world.grads[0].moments]),
                bytes(&[streamed]),
                "{len} of dtype {dtype}"
            );
        }
    }
}

/// Whole numbers have exact sums, whatever the order: other boundaries are legal too.
#[test]
fn any_other_boundary_is_legal() {
    for dtype in DTYPES {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i % 17 - 8)).collect();
        let (sum, sum_sq) = values
            .iter()
            .fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        let moments = stream(&mut Blob::new(dtype, &values), &[1, 7, 7, 100, 999]);
        let expected = Moments {
            count: 1000,
            sum,
            sum_sq,
            abs_max: 8.0,
        };
        assert_eq!(moments, expected);
    }
}

#[test]
fn an_empty_chunk_may_be_null_and_changes_nothing() {
    let mut moments = Moments {
        count: 2,
        sum: 3.0,
        sum_sq: 5.0,
        abs_max: 2.0,
    };
    let before = moments;
    for dtype in DTYPES {
        expect(
            "empty",
            c::observe_chunk(&raw mut moments, null(), 0, dtype),
            OK,
        );
    }
    assert_eq!(moments, before);
}

#[test]
fn a_chunk_that_is_not_finite_is_reported_and_filled_in() {
    for value in [f64::NAN, f64::INFINITY, -1e200] {
        let mut moments = Moments::default();
        let mut blob = Blob::new(F64, &[1.0, value, 2.0]);
        let code = c::observe_chunk(&raw mut moments, blob.pointer(), 3, F64);
        expect(&format!("{value}"), code, NON_FINITE);
        assert_eq!(moments.count, 3);
        let code = c::observe_chunk(&raw mut moments, Blob::new(F64, &[1.0]).pointer(), 1, F64);
        expect("a good chunk behind it", code, NON_FINITE);
        assert_eq!(moments.count, 4);
    }
}

#[test]
fn a_chunk_into_impossible_moments_is_refused() {
    let bad = [
        (
            BAD_STATE,
            Moments {
                count: 1,
                sum: 1.0,
                sum_sq: -1.0,
                abs_max: 1.0,
            },
        ),
        (
            BAD_STATE,
            Moments {
                count: 1,
                sum: 1.0,
                sum_sq: 1.0,
                abs_max: -1.0,
            },
        ),
        (
            BAD_LENGTH,
            Moments {
                count: u64::MAX,
                sum: 1.0,
                sum_sq: 1.0,
                abs_max: 1.0,
            },
        ),
    ];
    for (expected, before) in bad {
        let (mut moments, mut blob) = (before, Blob::new(F64, &[1.0]));
        let code = c::observe_chunk(&raw mut moments, blob.pointer(), 1, F64);
        expect(&format!("{before:?}"), code, expected);
        assert_eq!(bytes(&[moments]), bytes(&[before]));
    }
}
