//! Gradients that are not finite, and results that would not be.

use super::blob::{BF16, Blob, DTYPES, F16, F32, F64, largest};
use super::call::Call;
use super::status::{NON_FINITE, OK, OVERFLOW, expect};
use super::world::{BIAS, WEIGHT, World};
use super::{c, refuse};

/// A good gradient in front, this one behind it.
fn behind_a_good_one(role: u32, last: Blob) -> World {
    World::of(&[(WEIGHT, Blob::new(F32, &[1.0, -2.0, 0.5])), (role, last)])
}

fn bad_gradients() -> Vec<(u32, f64)> {
    let infinite = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let mut bad: Vec<_> = DTYPES
        .iter()
        .flat_map(|&d| infinite.map(|x| (d, x)))
        .collect();
    bad.extend([(F64, 1.1e150), (F64, -1e300), (F64, f64::MAX)]);
    bad
}

/// Observing fills the moments of all gradients all the same, so that a guard can decide.
#[test]
fn observe_reports_and_fills_the_moments() {
    for (dtype, value) in bad_gradients() {
        let mut world = World::of(&[
            (WEIGHT, Blob::new(dtype, &[1.0, value, -2.0])),
            (BIAS, Blob::new(F32, &[3.0, -4.0])),
        ]);
        let what = format!("dtype {dtype} with {value}");
        let before = world.buffers.iter().map(Blob::bytes).collect::<Vec<_>>();
        expect(&what, world.try_observe(), NON_FINITE);
        let after = world.buffers.iter().map(Blob::bytes).collect::<Vec<_>>();
        assert_eq!(before, after, "{what}: only read");
        assert_eq!(world.grads[0].moments.count, 3, "{what}");
        let good = world.grads[1].moments;
        assert_eq!(
            (good.count, good.sum, good.sum_sq, good.abs_max),
            (2, -1.0, 25.0, 4.0),
            "{what}"
        );
        for grad in &world.grads {
            let affine = (grad.affine.center, grad.affine.scale, grad.affine.limit);
            assert_eq!(affine, (0.0, 1.0, f64::INFINITY), "{what}");
        }
    }
}

#[test]
fn every_method_and_write_refuses_them_without_a_guard() {
    for (dtype, value) in bad_gradients() {
        for call in Call::needing_finite() {
            for role in [WEIGHT, BIAS] {
                let mut world = behind_a_good_one(role, Blob::new(dtype, &[1.0, value, -2.0]));
                expect("observe", world.try_observe(), NON_FINITE);
                let what = format!("{value} in a gradient of dtype {dtype}, role {role}");
                refuse::with_args(&mut world, call, NON_FINITE, &what, |_| ());
            }
        }
    }
}

#[test]
fn global_scopes_refuse_them_too() {
    for call in [Call::Stabilizer, Call::ClipNorm] {
        let mut world = behind_a_good_one(BIAS, Blob::new(F32, &[1.0, f64::NAN]));
        world.configs.stabilizer.scope = 1;
        expect("observe", world.try_observe(), NON_FINITE);
        refuse::with_args(&mut world, call, NON_FINITE, "global scope and NaN", |a| {
            a.scope = 1
        });
    }
}

/// The largest f64 that is not "beyond 1e150".
#[test]
fn f64_up_to_1e150_is_finite() {
    let mut world = behind_a_good_one(WEIGHT, Blob::new(F64, &[1e150, -1e150]));
    expect("observe", world.try_observe(), OK);
}

/// A pending scale that takes the second gradient beyond its type: nothing is written, not the first gradient either.
#[test]
fn writes_that_would_not_be_finite() {
    for dtype in [F32, F16, BF16, F64] {
        for call in [Call::Apply, Call::ApplyInto] {
            let last = match dtype {
                F64 => 1e150,
                _ => largest(dtype),
            };
            let mut world = behind_a_good_one(BIAS, Blob::new(dtype, &[last, 1.0]));
            world.observe();
            let factor = if dtype == F64 { 1e159 } else { 1.01 };
            expect("scale", c::scale(factor, &raw mut world.grads[1], 1), OK);
            refuse::with_args(
                &mut world,
                call,
                OVERFLOW,
                &format!("dtype {dtype} times {factor}"),
                |_| (),
            );
        }
    }
}

/// The bound itself is reachable.
#[test]
fn the_largest_finite_value_can_be_written() {
    for dtype in [F32, F16, BF16] {
        let mut world = behind_a_good_one(BIAS, Blob::new(dtype, &[largest(dtype), 1.0]));
        world.observe();
        expect("scale", c::scale(-1.0, world.grads.as_mut_ptr(), 2), OK);
        expect("apply", Call::Apply.run_in(&mut world), OK);
        assert_eq!(world.buffers[1].values(), [-largest(dtype), -1.0]);
    }
}

/// SGD: a gradient beyond the largest value of the parameter's type. Adam: beyond its root, about 1.8e19 in f32.
#[test]
fn steps_that_would_not_be_finite() {
    let cases = [
        (Call::Sgd, 1e39, OVERFLOW),
        (Call::Adam, 1.9e19, OVERFLOW),
        (Call::Adam, 1.8e19, OK),
    ];
    for (call, value, code) in cases {
        // f64 gradients of f32 and f64 parameters; the f32 one comes last so that the other would move first.
        let gradients = [
            (WEIGHT, Blob::new(F32, &[1.0])),
            (WEIGHT, Blob::new(F64, &[1.0])),
            (WEIGHT, Blob::new(F64, &[value])),
        ];
        let mut world = World::of(&gradients);
        world.observe();
        match code {
            OK => expect(
                &format!("{call:?} of {value:e}"),
                call.run_in(&mut world),
                OK,
            ),
            _ => refuse::with_args(
                &mut world,
                call,
                code,
                &format!("a gradient of {value:e}"),
                |_| (),
            ),
        }
        let params = world.params.iter().flat_map(Blob::values);
        assert!(
            params
                .chain(world.seconds.iter().flat_map(Blob::values))
                .all(f64::is_finite)
        );
    }
}

/// A learning rate that f32 parameters cannot take.
#[test]
fn learning_rates_beyond_the_parameters_type() {
    refuse::in_world(Call::Sgd, OVERFLOW, "lr = 1e39", |w| {
        w.configs.sgd.lr = 1e39
    });
    refuse::in_world(Call::Sgd, OVERFLOW, "weight_decay = 1e39", |w| {
        w.configs.sgd.weight_decay = 1e39
    });
    refuse::in_world(Call::Adam, OVERFLOW, "lr = 1e39", |w| {
        w.configs.adam.lr = 1e39
    });
}

/// Scales that leave the range of f64.
#[test]
fn decisions_that_would_not_be_finite() {
    refuse::argument(Call::Unscale, OVERFLOW, "1 / 1e-310", |a| {
        a.loss_scale = 1e-310
    });
    refuse::in_world(Call::Scale, OVERFLOW, "1e300 * 1e300", |w| {
        expect("scale", c::scale(1e300, w.grads.as_mut_ptr(), 4), OK);
        w.grads[3].affine.scale = f64::MAX;
    });
    let small = || behind_a_good_one(WEIGHT, Blob::new(F64, &[1e-150, -1e-150]));
    let mut world = small();
    world.observe();
    refuse::with_args(
        &mut world,
        Call::StableGrad,
        OVERFLOW,
        "1e300 / 1e-150",
        |a| a.reference = 1e300,
    );
}

/// Squares of norms that leave the range of f64, for the methods that average them: ZClip while it collects.
#[test]
fn norms_whose_square_would_not_be_finite() {
    for call in [Call::Stabilizer, Call::Zclip] {
        let mut world = behind_a_good_one(WEIGHT, Blob::new(F64, &[1e149, -1e149]));
        world.observe();
        expect("scale", c::scale(1e10, world.grads.as_mut_ptr(), 2), OK);
        world.zclip.steps = 1;
        refuse::with_args(&mut world, call, OVERFLOW, "a norm of 1e159", |_| ());
    }
}
