//! Statistics of a gradient as it will be written.

use std::ptr::{null, null_mut};

use super::blob::{BF16, Blob, DTYPES, F16};
use super::c;
use super::call::Call;
use super::status::{BAD_DTYPE, BAD_STATE, MISALIGNED, NULL_POINTER, OK, ORDER, expect};
use super::world::{BIAS, World};
use trimtab_core::{Affine, Moments};

const UNTOUCHED: Moments = Moments {
    count: 7,
    sum: -1.0,
    sum_sq: 2.0,
    abs_max: 3.0,
};

/// Of the first gradient; nothing else may change, and refused not even that.
#[track_caller]
fn asked(what: &str, world: &World, code: i32) -> Moments {
    let (before, mut told) = (world.snapshot(), UNTOUCHED);
    expect(what, c::outlook(world.grads.as_ptr(), &raw mut told), code);
    assert!(world.changed_since(&before).is_empty(), "{what}");
    assert!(code == OK || told == UNTOUCHED, "{what}");
    told
}

/// Of 1, 3, -4 in any type.
fn observed(dtype: u32, affine: Affine) -> World {
    let mut world = World::of(&[(BIAS, Blob::new(dtype, &[1.0, 3.0, -4.0]))]);
    world.observe();
    world.grads[0].affine = affine;
    world
}

/// y = (x - 1)*2 is 0, 4, -10; the bound adds the center to the largest magnitude, (4 + 1)*2. All exact.
#[test]
fn moments_through_the_affine() {
    for dtype in DTYPES {
        let affine = Affine {
            center: 1.0,
            scale: 2.0,
            limit: f64::INFINITY,
        };
        let expected = Moments {
            count: 3,
            sum: -6.0,
            sum_sq: 116.0,
            abs_max: 10.0,
        };
        let told = asked("an affine", &observed(dtype, affine), OK);
        let near = |a: f64, b: f64| (a - b).abs() <= 8.0 * f64::EPSILON * b.abs();
        assert!(near(told.sum, expected.sum), "{told:?}");
        assert!(near(told.sum_sq, expected.sum_sq), "{told:?}");
        assert_eq!((told.count, told.abs_max), (3, 10.0));
        // A limit is seen in the bound only.
        let limited = Affine {
            limit: 5.0,
            ..affine
        };
        let limited = asked("a limit", &observed(dtype, limited), OK);
        let sums = (told.sum, told.sum_sq);
        assert_eq!(
            (limited.sum, limited.sum_sq, limited.abs_max),
            (sums.0, sums.1, 5.0)
        );
    }
}

/// With nothing decided they are what was observed, to the bit; and those of the next observation, once applied, where
/// halving is exact.
#[test]
fn before_and_after_a_write() {
    let identity = Affine {
        center: 0.0,
        scale: 1.0,
        limit: f64::INFINITY,
    };
    for dtype in DTYPES {
        let mut world = observed(dtype, identity);
        let told = asked("nothing pending", &world, OK);
        assert_eq!(told, world.grads[0].moments);
        expect("scale", c::scale(0.5, world.grads.as_mut_ptr(), 1), OK);
        let told = asked("half", &world, OK);
        expect("apply", Call::Apply.run_in(&mut world), OK);
        world.observe();
        assert_eq!(told, world.grads[0].moments, "dtype {dtype}");
    }
}

#[test]
fn of_gradients_that_are_not_observed_or_spent_it_says_order() {
    let mut world = World::of(&[(BIAS, Blob::new(BF16, &[1.0]))]);
    asked("not observed", &world, ORDER);
    for write in [Call::Apply, Call::Sgd, Call::Adam] {
        world.observe();
        expect("a write", write.run_in(&mut world), OK);
        asked("spent", &world, ORDER);
    }
}

/// A guard decides about what is not finite; so the outlook tells of it instead of refusing.
#[test]
fn what_is_not_finite_is_told() {
    let mut world = World::of(&[(BIAS, Blob::new(F16, &[1.0, f64::NAN]))]);
    world.try_observe();
    assert!(asked("NaN", &world, OK).sum_sq.is_nan());
    world.grads[0].affine.scale = 0.0;
    let silenced = Moments {
        count: 2,
        ..Moments::default()
    };
    assert_eq!(asked("silenced", &world, OK), silenced);
}

/// A name, the code expected, and what spoils the world.
type Bad = (&'static str, i32, fn(&mut World));

#[test]
fn bad_arguments_are_refused() {
    let bad: [Bad; 6] = [
        ("NULL data", NULL_POINTER, |w| w.grads[0].data = null_mut()),
        ("data off", MISALIGNED, |w| {
            w.grads[0].data = w.grads[0].data.wrapping_byte_add(1);
        }),
        ("dtype", BAD_DTYPE, |w| w.grads[0].dtype = 4),
        ("scale", BAD_STATE, |w| w.grads[0].affine.scale = f64::NAN),
        ("limit", BAD_STATE, |w| w.grads[0].affine.limit = -1.0),
        ("sum_sq", BAD_STATE, |w| w.grads[0].moments.sum_sq = -1.0),
    ];
    for (what, code, spoil) in bad {
        let mut world = World::new();
        spoil(&mut world);
        asked(what, &world, code);
    }
    let (world, mut told) = (World::new(), UNTOUCHED);
    let (tensor, into) = (world.grads.as_ptr(), &raw mut told);
    let refused = [
        (c::outlook(null(), into), NULL_POINTER),
        (c::outlook(tensor.wrapping_byte_add(4), into), MISALIGNED),
        (c::outlook(tensor, null_mut()), NULL_POINTER),
        (c::outlook(tensor, into.wrapping_byte_add(4)), MISALIGNED),
    ];
    for (code, expected) in refused {
        expect("a pointer", code, expected);
    }
    assert_eq!(told, UNTOUCHED);
}
