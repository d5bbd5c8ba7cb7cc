//! Every field of every configuration out of its range, and plain arguments likewise.

use super::call::{Args, Call};
use super::refuse;
use super::status::{BAD_CONFIG, BAD_REFERENCE, OK, expect};
use super::world::{Configs, World};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;
const TINY: f64 = 1e-300;

type Real = (Call, &'static str, fn(&mut Configs) -> &mut f64);
type Flag = (Call, &'static str, fn(&mut Configs) -> &mut u32);

macro_rules! field {
    ($call:ident, $config:ident . $field:ident) => {
        (
            Call::$call,
            concat!(stringify!($config), ".", stringify!($field)),
            |c| &mut c.$config.$field,
        )
    };
}

/// In [0, 1).
const DECAYS: [Real; 6] = [
    field!(Stabilizer, stabilizer.gamma1),
    field!(Stabilizer, stabilizer.gamma2),
    field!(Zclip, zclip.alpha),
    field!(Sgd, sgd.momentum),
    field!(Adam, adam.beta1),
    field!(Adam, adam.beta2),
];

/// Finite and >= 0.
const EPS: [Real; 6] = [
    field!(StableGrad, stable_grad.eps),
    field!(Znorm, znorm.eps),
    field!(Stabilizer, stabilizer.eps),
    field!(Agc, agc.eps),
    field!(Zclip, zclip.eps),
    field!(Adam, adam.eps),
];

/// Finite.
const FINITE: [Real; 4] = [
    field!(Sgd, sgd.lr),
    field!(Sgd, sgd.weight_decay),
    field!(Adam, adam.lr),
    field!(Adam, adam.weight_decay),
];

/// Finite and > 0.
const POSITIVE: [Real; 2] = [field!(Agc, agc.clipping), field!(Zclip, zclip.z_max)];

/// 0 or 1.
const FLAGS: [Flag; 9] = [
    field!(StableGrad, stable_grad.roles),
    field!(Znorm, znorm.roles),
    field!(Stabilizer, stabilizer.scope),
    field!(Stabilizer, stabilizer.bias_correction),
    field!(Guard, guard.policy),
    field!(Sgd, sgd.nesterov),
    field!(Sgd, sgd.decay_roles),
    field!(Adam, adam.decay_roles),
    field!(Adam, adam.decoupled),
];

#[track_caller]
fn refused((call, name, field): Real, values: &[f64]) {
    for &value in values {
        let what = format!("{name} = {value:e}");
        refuse::in_world(call, BAD_CONFIG, &what, |w| *field(&mut w.configs) = value);
    }
}

#[track_caller]
fn accepted((call, name, field): Real, values: &[f64]) {
    for &value in values {
        let mut world = World::new();
        *field(&mut world.configs) = value;
        expect(
            &format!("{call:?} with {name} = {value:e}"),
            call.run_in(&mut world),
            OK,
        );
    }
}

#[test]
fn decays() {
    for field in DECAYS {
        refused(
            field,
            &[NAN, INF, -INF, -1.0, -TINY, 1.0, 1.0 + f64::EPSILON, 2.0],
        );
        accepted(field, &[0.0, 0.5, 1.0 - f64::EPSILON]);
    }
}

#[test]
fn eps() {
    for field in EPS {
        refused(field, &[NAN, INF, -INF, -1.0, -TINY]);
        accepted(field, &[0.0, TINY, 1.0]);
    }
}

#[test]
fn learning_rates_and_weight_decays() {
    for field in FINITE {
        refused(field, &[NAN, INF, -INF]);
        accepted(field, &[0.0, -1.0, 1.0]);
    }
}

#[test]
fn dampening() {
    refused(
        field!(Sgd, sgd.dampening),
        &[NAN, INF, -INF, -TINY, 1.0 + f64::EPSILON],
    );
    accepted(field!(Sgd, sgd.dampening), &[0.0, 0.5]);
}

#[test]
fn nesterov_without_momentum_or_with_dampening() {
    for (momentum, dampening) in [(0.0, 0.0), (0.5, 0.25)] {
        let what = format!("nesterov, momentum {momentum}, dampening {dampening}");
        refuse::in_world(Call::Sgd, BAD_CONFIG, &what, |w| {
            let c = &mut w.configs.sgd;
            (c.nesterov, c.momentum, c.dampening) = (1, momentum, dampening);
        });
    }
}

#[test]
fn thresholds() {
    for field in POSITIVE {
        refused(field, &[NAN, INF, -INF, 0.0, -0.0, -1.0]);
        accepted(field, &[TINY, 1.0, 1e300]);
    }
    refused(field!(Zclip, zclip.max_norm), &[NAN, -INF, 0.0, -0.0, -1.0]);
    accepted(field!(Zclip, zclip.max_norm), &[TINY, 1.0, INF]);
}

#[test]
fn a_warm_up_of_no_steps() {
    refuse::in_world(Call::Zclip, BAD_CONFIG, "warmup = 0", |w| {
        w.configs.zclip.warmup = 0
    });
}

#[test]
fn flags_and_enums() {
    for (call, name, field) in FLAGS {
        for value in [2, 3, 256, u32::MAX] {
            refuse::in_world(call, BAD_CONFIG, &format!("{name} = {value}"), |w| {
                *field(&mut w.configs) = value
            });
        }
        for value in [0, 1] {
            let mut world = World::new();
            *field(&mut world.configs) = value;
            expect(
                &format!("{call:?} with {name} = {value}"),
                call.run_in(&mut world),
                OK,
            );
        }
    }
}

/// A function, the name of a plain argument, and how to set it.
type Argument = (Call, &'static str, fn(&mut Args, f64));

#[track_caller]
fn arguments((call, name, set): Argument, code: i32, bad: &[f64], good: &[f64]) {
    for &value in bad {
        refuse::argument(call, code, &format!("{name} = {value:e}"), |a| {
            set(a, value)
        });
    }
    for &value in good {
        let mut world = World::new();
        let mut args = Args::of(&mut world);
        set(&mut args, value);
        expect(
            &format!("{call:?} with {name} = {value:e}"),
            call.run(&args),
            OK,
        );
    }
}

#[test]
fn plain_arguments() {
    let limits = [NAN, -INF, 0.0, -0.0, -1.0];
    let positive = [NAN, INF, -INF, 0.0, -0.0, -1.0];
    let allowed = [TINY, 1.0, INF];
    arguments(
        (Call::ClipNorm, "max_norm", |a, x| a.max_norm = x),
        BAD_CONFIG,
        &limits,
        &allowed,
    );
    arguments(
        (Call::ClipValue, "limit", |a, x| a.limit = x),
        BAD_CONFIG,
        &limits,
        &allowed,
    );
    arguments(
        (Call::Unscale, "loss_scale", |a, x| a.loss_scale = x),
        BAD_CONFIG,
        &positive,
        &[TINY, 65536.0],
    );
    arguments(
        (Call::Scale, "factor", |a, x| a.factor = x),
        BAD_CONFIG,
        &[NAN, INF, -INF],
        &[0.0, -2.0, 1e300],
    );
    arguments(
        (Call::StableGrad, "reference", |a, x| a.reference = x),
        BAD_REFERENCE,
        &positive,
        &[TINY, 1.0],
    );
}

#[test]
fn global_clipping_refuses_the_same_norms() {
    for value in [NAN, -INF, 0.0, -1.0] {
        refuse::argument(
            Call::ClipNorm,
            BAD_CONFIG,
            &format!("global, max_norm = {value}"),
            |a| {
                (a.scope, a.max_norm) = (1, value);
            },
        );
    }
}

#[test]
fn plain_enums() {
    for value in [2, 256, u32::MAX] {
        refuse::argument(
            Call::Centralize,
            BAD_CONFIG,
            &format!("roles = {value}"),
            |a| a.roles = value,
        );
        refuse::argument(
            Call::ClipNorm,
            BAD_CONFIG,
            &format!("scope = {value}"),
            |a| a.scope = value,
        );
    }
}

/// What is wrong is wrong also when there is nothing to do.
#[test]
fn bad_configurations_are_refused_without_gradients_too() {
    for (call, name, field) in DECAYS {
        let mut world = World::new();
        *field(&mut world.configs) = NAN;
        refuse::with_args(
            &mut world,
            call,
            BAD_CONFIG,
            &format!("{name} = NaN and no tensors"),
            |a| a.n = 0,
        );
    }
    refuse::argument(
        Call::StableGrad,
        BAD_REFERENCE,
        "a reference of 0 and no tensors",
        |a| (a.reference, a.n) = (0.0, 0),
    );
}
