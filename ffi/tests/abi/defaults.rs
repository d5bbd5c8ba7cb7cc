//! NULL for a configuration is the defaults of the header, to the bit; and a change of any field would have been noticed.
//!
//! Thirty steps (zclip's warm-up is 25) over gradients of several magnitudes: an eps of 1e-12 shows only in gradients
//! about as small.

use trimtab_core::Moments;

use super::blob::{Blob, F32, F64};
use super::call::{Args, Call};
use super::status::{expect, name};
use super::world::{BIAS, Configs, WEIGHT, World};

const STEPS: u32 = 30;

/// Two gradients that change from step to step, around `size`, with a spike at step 28.
fn gradients(size: f64, step: u32) -> [Vec<f64>; 2] {
    let spike = if step == 28 { 1e4 } else { 1.0 };
    let wave = |i: u32| (f64::from(i * 7 + step * step) * 0.61).sin() + 0.3;
    let values = |offset: u32| (0..5).map(|i| size * spike * wave(i + offset)).collect();
    [values(0), values(11)]
}

/// Everything a run leaves, step by step, as bytes.
fn run(call: Call, size: f64, configs: Option<Configs>) -> Vec<u8> {
    let mut world = World::of(&[(WEIGHT, Blob::zeros(F64, 5)), (BIAS, Blob::zeros(F32, 5))]);
    world.forget();
    world.weights[0] = Moments::default(); // A parameter of zeros: agc's eps takes the place of its norm.
    world.configs = configs.unwrap_or(world.configs);
    let mut trace = Vec::new();
    for step in 0..STEPS {
        for (blob, mut values) in world.buffers.iter_mut().zip(gradients(size, step)) {
            if call == Call::Guard && (3..5).contains(&step) {
                values[2] = f64::NAN;
            }
            blob.fill(&values);
        }
        let _ = world.try_observe();
        let args = Args::of(&mut world);
        let args = if configs.is_some() {
            args
        } else {
            args.without_configs()
        };
        trace.extend(name(call.run(&args)).bytes());
        let _ = Call::Apply.run_in(&mut world);
        trace.extend(results(&world));
    }
    trace
}

/// All but the configurations, whose bytes are given.
fn results(world: &World) -> Vec<u8> {
    let changing = ["gradients", "parameters", "first buffers", "second buffers"];
    let wanted = |name: &str| {
        changing.contains(&name) || name.ends_with("state") || name.ends_with("states")
    };
    let parts = world
        .snapshot()
        .into_iter()
        .filter(|(name, _)| wanted(name));
    parts.flat_map(|(_, bytes)| bytes).collect()
}

const SIZES: [f64; 4] = [1.0, 1e-4, 1e-8, 1e-12];

#[test]
fn null_is_the_defaults() {
    for call in Call::CONFIGURED {
        for size in SIZES {
            let same = run(call, size, None) == run(call, size, Some(Configs::defaults()));
            assert!(same, "{call:?} at {size:e}: NULL is not the defaults");
        }
    }
}

/// A function, a field, and a change of it that must show at one of the sizes.
type Change = (Call, &'static str, fn(&mut Configs));

const CHANGES: [Change; 26] = [
    (Call::Guard, "policy", |c| c.guard.policy = 1),
    (Call::Guard, "max_consecutive", |c| {
        c.guard.max_consecutive = 2
    }),
    (Call::StableGrad, "roles", |c| c.stable_grad.roles = 1),
    (Call::StableGrad, "eps", |c| c.stable_grad.eps = 1e-14),
    (Call::Znorm, "roles", |c| c.znorm.roles = 1),
    (Call::Znorm, "eps", |c| c.znorm.eps = 1.01e-8),
    (Call::Stabilizer, "scope", |c| c.stabilizer.scope = 1),
    (Call::Stabilizer, "gamma1", |c| c.stabilizer.gamma1 = 0.601),
    (Call::Stabilizer, "gamma2", |c| c.stabilizer.gamma2 = 0.9991),
    (Call::Stabilizer, "eps", |c| c.stabilizer.eps = 1.01e-12),
    (Call::Stabilizer, "bias_correction", |c| {
        c.stabilizer.bias_correction = 0
    }),
    (Call::Agc, "clipping", |c| c.agc.clipping = 0.0101),
    (Call::Agc, "eps", |c| c.agc.eps = 1.01e-3),
    (Call::Zclip, "warmup", |c| c.zclip.warmup = 24),
    (Call::Zclip, "alpha", |c| c.zclip.alpha = 0.971),
    (Call::Zclip, "z_max", |c| c.zclip.z_max = 2.51),
    (Call::Zclip, "eps", |c| c.zclip.eps = 1.01e-6),
    (Call::Zclip, "max_norm", |c| c.zclip.max_norm = 0.5),
    (Call::Sgd, "lr", |c| c.sgd.lr = 1.01e-2),
    (Call::Sgd, "momentum", |c| c.sgd.momentum = 0.01),
    (Call::Sgd, "weight_decay", |c| c.sgd.weight_decay = 1e-4),
    (Call::Adam, "lr", |c| c.adam.lr = 1.01e-3),
    (Call::Adam, "beta1", |c| c.adam.beta1 = 0.901),
    (Call::Adam, "beta2", |c| c.adam.beta2 = 0.9991),
    (Call::Adam, "eps", |c| c.adam.eps = 1.01e-8),
    (Call::Adam, "weight_decay", |c| c.adam.weight_decay = 1e-4),
];

#[test]
fn a_change_of_any_default_would_show() {
    for (call, field, change) in CHANGES {
        let mut configs = Configs::defaults();
        change(&mut configs);
        let shows = |size: f64| run(call, size, None) != run(call, size, Some(configs));
        assert!(
            SIZES.into_iter().any(shows),
            "{call:?}: a change of {field} shows nowhere"
        );
    }
}

/// These show only beside another field that is 0 by default, so compare them there.
#[test]
fn nesterov_dampening_decoupled_and_decay_roles_are_read() {
    type Pair = (Call, &'static str, fn(&mut Configs), fn(&mut Configs));
    let pairs: [Pair; 5] = [
        (
            Call::Sgd,
            "nesterov",
            |c| c.sgd.momentum = 0.9,
            |c| c.sgd.nesterov = 1,
        ),
        (
            Call::Sgd,
            "dampening",
            |c| c.sgd.momentum = 0.9,
            |c| c.sgd.dampening = 0.1,
        ),
        (
            Call::Adam,
            "decoupled",
            |c| c.adam.weight_decay = 0.1,
            |c| c.adam.decoupled = 0,
        ),
        (
            Call::Sgd,
            "decay_roles",
            |c| c.sgd.weight_decay = 0.1,
            |c| c.sgd.decay_roles = 0,
        ),
        (
            Call::Adam,
            "decay_roles",
            |c| c.adam.weight_decay = 0.1,
            |c| c.adam.decay_roles = 0,
        ),
    ];
    for (call, field, base, change) in pairs {
        let mut configs = Configs::defaults();
        base(&mut configs);
        let before = run(call, 1.0, Some(configs));
        change(&mut configs);
        assert!(
            before != run(call, 1.0, Some(configs)),
            "{call:?}: a change of {field} shows nowhere"
        );
    }
}

#[test]
fn the_run_itself_is_not_refused() {
    for call in Call::CONFIGURED {
        let mut world = World::of(&[(WEIGHT, Blob::new(F64, &gradients(1.0, 0)[0]))]);
        world.forget();
        world.observe();
        let args = Args::of(&mut world).without_configs();
        expect(&format!("{call:?}"), call.run(&args), 0);
    }
}
