//! Moments by themselves: merging, and the three numbers taken from them.

use std::ptr::null;

use super::blob::{BF16, Blob, DTYPES, F32};
use super::c;
use super::status::{BAD_LENGTH, BAD_STATE, OK, expect};
use super::world::{WEIGHT, World, bytes};
use trimtab_core::Moments;

/// Of 1, 2, 3, 4: mean 5/2, sum of squares about it 5, unbiased variance 5/3, norm sqrt(30).
const FOUR: Moments = Moments {
    count: 4,
    sum: 10.0,
    sum_sq: 30.0,
    abs_max: 4.0,
};

fn near(actual: f64, expected: f64) {
    // A root and a division: two roundings.
    assert!(
        (actual - expected).abs() <= 2.0 * f64::EPSILON * expected,
        "{actual} instead of {expected}"
    );
}

#[test]
fn mean_std_and_norm() {
    let four = FOUR;
    assert_eq!(c::moments_mean(&raw const four), 2.5);
    near(c::moments_std(&raw const four), (5.0_f64 / 3.0).sqrt());
    near(c::moments_norm(&raw const four), 30.0_f64.sqrt());
}

#[test]
fn of_null_they_are_nan() {
    assert!(c::moments_mean(null()).is_nan());
    assert!(c::moments_std(null()).is_nan());
    assert!(c::moments_norm(null()).is_nan());
}

#[test]
fn nan_where_undefined() {
    let (none, one) = (
        Moments::default(),
        Moments {
            count: 1,
            sum: 3.0,
            sum_sq: 9.0,
            abs_max: 3.0,
        },
    );
    assert!(c::moments_mean(&raw const none).is_nan());
    assert!(c::moments_std(&raw const none).is_nan());
    assert_eq!(c::moments_norm(&raw const none), 0.0);
    assert_eq!(c::moments_mean(&raw const one), 3.0);
    assert!(c::moments_std(&raw const one).is_nan());
    assert_eq!(c::moments_norm(&raw const one), 3.0);
}

/// The difference of a constant gradient is rounding, not signal.
#[test]
fn a_constant_gradient_has_no_deviation() {
    for dtype in DTYPES {
        for len in [2, 3, 1000, 70_001] {
            let mut world = World::of(&[(WEIGHT, Blob::new(dtype, &vec![0.1; len]))]);
            world.observe();
            assert_eq!(
                c::moments_std(&raw const world.grads[0].moments),
                0.0,
                "{len} of dtype {dtype}"
            );
        }
    }
}

#[test]
fn observed_moments_are_exact_where_sums_are() {
    for dtype in DTYPES {
        let mut world = World::of(&[(WEIGHT, Blob::new(dtype, &[1.0, -2.0, 3.0, -4.0]))]);
        world.observe();
        let expected = Moments {
            count: 4,
            sum: -2.0,
            sum_sq: 30.0,
            abs_max: 4.0,
        };
        assert_eq!(world.grads[0].moments, expected, "dtype {dtype}");
    }
}

#[test]
fn merging_adds() {
    let (mut into, from) = (
        FOUR,
        Moments {
            count: 2,
            sum: -9.0,
            sum_sq: 45.0,
            abs_max: 6.0,
        },
    );
    expect(
        "merge",
        c::moments_merge(&raw mut into, &raw const from),
        OK,
    );
    assert_eq!(
        into,
        Moments {
            count: 6,
            sum: 1.0,
            sum_sq: 75.0,
            abs_max: 6.0
        }
    );
}

/// Sums of halves of a tensor are sums of the tensor.
#[test]
fn merged_shards_are_the_whole() {
    for dtype in [F32, BF16] {
        let (mut left, mut right) = (Blob::new(dtype, &[1.0, 2.0]), Blob::new(dtype, &[3.0, 4.0]));
        let (mut into, mut from) = (Moments::default(), Moments::default());
        expect(
            "left",
            c::observe_chunk(&raw mut into, left.pointer(), 2, dtype),
            OK,
        );
        expect(
            "right",
            c::observe_chunk(&raw mut from, right.pointer(), 2, dtype),
            OK,
        );
        expect(
            "merge",
            c::moments_merge(&raw mut into, &raw const from),
            OK,
        );
        assert_eq!(into, FOUR);
    }
}

#[test]
fn merging_with_itself_doubles() {
    let mut moments = FOUR;
    let pointer = &raw mut moments;
    expect("merge", c::moments_merge(pointer, pointer), OK);
    assert_eq!(
        moments,
        Moments {
            count: 8,
            sum: 20.0,
            sum_sq: 60.0,
            abs_max: 4.0
        }
    );
}

#[test]
fn moments_that_are_not_finite_merge_so_that_every_rank_learns_of_them() {
    let mut into = FOUR;
    let from = Moments {
        count: 1,
        sum: f64::NAN,
        sum_sq: f64::NAN,
        abs_max: 0.0,
    };
    expect(
        "merge",
        c::moments_merge(&raw mut into, &raw const from),
        OK,
    );
    assert_eq!(into.count, 5);
    assert!(into.sum_sq.is_nan());
}

#[test]
fn impossible_moments_do_not_merge() {
    let bad = [
        (
            BAD_STATE,
            Moments {
                sum_sq: -1.0,
                ..FOUR
            },
        ),
        (
            BAD_STATE,
            Moments {
                abs_max: -1.0,
                ..FOUR
            },
        ),
        (
            BAD_LENGTH,
            Moments {
                count: u64::MAX - 3,
                ..FOUR
            },
        ),
    ];
    for (code, bad) in bad {
        for (into, from) in [(bad, FOUR), (FOUR, bad)] {
            let mut merged = into;
            expect(
                &format!("{from:?} into {into:?}"),
                c::moments_merge(&raw mut merged, &raw const from),
                code,
            );
            assert_eq!(bytes(&[merged]), bytes(&[into]));
        }
    }
}

/// A caller's own moments, with a count above the length, make a tensor a shard of a larger one.
#[test]
fn a_shard_is_decided_upon_as_part_of_the_whole() {
    let mut world = World::of(&[(WEIGHT, Blob::new(F32, &[1.0, 2.0]))]);
    world.observe();
    world.grads[0].moments = FOUR;
    expect(
        "stable_grad",
        c::stable_grad(null(), 1.0, world.grads.as_mut_ptr(), 1),
        OK,
    );
    near(world.grads[0].affine.scale, (3.0_f64 / 5.0).sqrt());
}
