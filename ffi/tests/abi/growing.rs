//! Configurations can grow: a caller built against a later header passes longer structs, of which this library reads
//! the fields that it knows.

use std::ptr::from_ref;

use super::call::{Args, Call};
use super::status::{OK, expect};
use super::world::{Configs, World, size};

/// A configuration of a later version.
#[repr(C)]
struct Later<C> {
    known: C,
    new: [u64; 5],
}

impl<C> Later<C> {
    /// Fields of a later version, filled with what would be nonsense in any of today's.
    fn of(known: C) -> Self {
        Self {
            known,
            new: [u64::MAX; 5],
        }
    }
}

/// Configurations that are not the defaults, so that a library that ignored them would be found out.
fn unusual() -> Configs {
    let mut c = Configs::defaults();
    (c.guard.policy, c.guard.max_consecutive) = (1, 9);
    (c.stable_grad.roles, c.stable_grad.eps) = (1, 0.25);
    (c.znorm.roles, c.znorm.eps) = (1, 0.25);
    (
        c.stabilizer.scope,
        c.stabilizer.gamma1,
        c.stabilizer.bias_correction,
    ) = (1, 0.25, 0);
    (c.agc.clipping, c.agc.eps) = (0.125, 0.5);
    (c.zclip.warmup, c.zclip.alpha, c.zclip.max_norm) = (2, 0.5, 1.5);
    (c.sgd.nesterov, c.sgd.momentum, c.sgd.lr) = (1, 0.5, 0.125);
    (c.adam.decoupled, c.adam.weight_decay, c.adam.lr) = (0, 0.5, 0.125);
    c
}

/// All that the call changed, after an apply of what a method has decided.
fn outcome(call: Call, world: &mut World) -> Vec<(&'static str, Vec<u8>)> {
    if ![Call::Sgd, Call::Adam].contains(&call) {
        expect("apply", Call::Apply.run_in(world), OK);
    }
    let snapshot = world.snapshot().into_iter();
    snapshot
        .filter(|(name, _)| !name.ends_with("config") && !POINTERS.contains(name))
        .collect()
}

/// What holds addresses, which differ between two worlds.
const POINTERS: [&str; 3] = ["descriptors", "output pointers", "slots"];

macro_rules! later {
    ($call:ident, $config:ident, $argument:ident) => {{
        let mut today = World::new();
        today.configs = unusual();
        expect(stringify!($call), Call::$call.run_in(&mut today), OK);

        let mut tomorrow = World::new();
        let mut config = Later::of(unusual().$config);
        config.known.struct_size = size_of_later(&config);
        let mut args = Args::of(&mut tomorrow);
        args.$argument = from_ref(&config.known);
        let pointer = from_ref(&config).cast();
        assert_eq!(args.$argument, pointer);
        args.$argument = pointer;
        expect(
            concat!("a longer ", stringify!($config)),
            Call::$call.run(&args),
            OK,
        );
        assert!(config.new == [u64::MAX; 5], "only read");

        let mut default = World::new();
        let args = Args::of(&mut default).without_configs();
        expect("defaults", Call::$call.run(&args), OK);

        let (today, tomorrow) = (
            outcome(Call::$call, &mut today),
            outcome(Call::$call, &mut tomorrow),
        );
        assert_eq!(today, tomorrow, stringify!($call));
        (tomorrow, outcome(Call::$call, &mut default))
    }};
}

fn size_of_later<C>(_: &Later<C>) -> u32 {
    size::<Later<C>>()
}

#[test]
fn longer_structs_are_read_by_their_prefix() {
    let different = [
        later!(StableGrad, stable_grad, stable_grad_config),
        later!(Stabilizer, stabilizer, stabilizer_config),
        later!(Znorm, znorm, znorm_config),
        later!(Agc, agc, agc_config),
        later!(Zclip, zclip, zclip_config),
        later!(Sgd, sgd, sgd_config),
        later!(Adam, adam, adam_config),
    ];
    for (outcome, default) in different {
        assert_ne!(
            outcome, default,
            "an unusual configuration is not the default"
        );
    }
    // Good gradients look the same to every guard.
    let (outcome, default) = later!(Guard, guard, guard_config);
    assert_eq!(outcome, default);
}
