//! Configurations grow as Linux's `copy_struct_from_user` lets them: a caller built against an earlier header passes
//! shorter structs, which take the defaults for what they lack, and one built against a later header longer ones, whose
//! new fields must be 0.

use super::call::{Args, Call};
use super::refuse;
use super::status::{BAD_CONFIG, OK, expect};
use super::world::{BIAS, Configs, WEIGHT, World, bytes};

/// A function and its configuration: the size of the first release, the size now, and how the function is told of one
/// that lies elsewhere.
type Config = (Call, u32, u32, Set);

type Set = fn(&mut Args, *const u64);

/// The sizes of the first release are those that its header had. They stay as they are for ever.
const CONFIGS: [Config; 8] = [
    (Call::Guard, 16, 16, |a, c| a.guard_config = c.cast()),
    (Call::StableGrad, 16, 16, |a, c| {
        a.stable_grad_config = c.cast()
    }),
    (Call::Stabilizer, 40, 40, |a, c| {
        a.stabilizer_config = c.cast()
    }),
    (Call::Znorm, 16, 16, |a, c| a.znorm_config = c.cast()),
    (Call::Agc, 24, 24, |a, c| a.agc_config = c.cast()),
    (Call::Zclip, 40, 40, |a, c| a.zclip_config = c.cast()),
    (Call::Sgd, 40, 48, |a, c| a.sgd_config = c.cast()),
    (Call::Adam, 48, 56, |a, c| a.adam_config = c.cast()),
];

/// The largest size that is taken for one.
const LARGEST: u32 = 4096;

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

/// A caller's struct: exactly `size` bytes of memory, of which the first are those of the configuration.
fn memory(call: Call, configs: &Configs, size: u32) -> Vec<u64> {
    stating(call, configs, size, size)
}

/// The same, and it says that it has another size.
fn stating(call: Call, c: &Configs, size: u32, struct_size: u32) -> Vec<u64> {
    let mut memory = match call {
        Call::Guard => bytes(&[c.guard]),
        Call::StableGrad => bytes(&[c.stable_grad]),
        Call::Stabilizer => bytes(&[c.stabilizer]),
        Call::Znorm => bytes(&[c.znorm]),
        Call::Agc => bytes(&[c.agc]),
        Call::Zclip => bytes(&[c.zclip]),
        Call::Sgd => bytes(&[c.sgd]),
        _ => bytes(&[c.adam]),
    };
    memory.resize(size as usize, 0);
    memory[..4].copy_from_slice(&struct_size.to_ne_bytes());
    let words = memory.chunks_exact(8);
    words
        .map(|word| u64::from_ne_bytes(word.try_into().expect("8 bytes")))
        .collect()
}

/// All that the call changed, after an apply of what a method has decided; with a configuration that lies elsewhere, or
/// with NULL.
fn outcome(call: Call, config: Option<(&[u64], Set)>) -> Vec<(&'static str, Vec<u8>)> {
    let mut world = World::new();
    let mut args = Args::of(&mut world).without_configs();
    if let Some((config, set)) = config {
        set(&mut args, config.as_ptr());
    }
    expect(&format!("{call:?}"), call.run(&args), OK);
    if ![Call::Sgd, Call::Adam].contains(&call) {
        expect("apply", Call::Apply.run_in(&mut world), OK);
    }
    let snapshot = world.snapshot().into_iter();
    snapshot
        .filter(|(name, _)| !POINTERS.contains(name))
        .collect()
}

/// What holds addresses, which differ between two worlds.
const POINTERS: [&str; 3] = ["descriptors", "output pointers", "slots"];

#[test]
fn a_struct_of_this_release_is_read_as_it_is() {
    for (call, _, now, set) in CONFIGS {
        let config = memory(call, &unusual(), now);
        let differs = outcome(call, Some((&config, set))) != outcome(call, None);
        // Good gradients look the same to every guard.
        assert_eq!(differs, call != Call::Guard, "{call:?}");
    }
}

/// All but what it lacks is the same as in the struct of this release, which has the default there.
#[test]
fn what_a_shorter_struct_lacks_is_the_default() {
    for (call, first, now, set) in CONFIGS {
        let whole = memory(call, &unusual(), now);
        for size in (first..=now).step_by(8) {
            let shorter = memory(call, &unusual(), size);
            let same = outcome(call, Some((&shorter, set))) == outcome(call, Some((&whole, set)));
            assert!(same, "{call:?} with {size} of {now} bytes");
        }
    }
}

#[test]
fn what_a_longer_struct_adds_may_be_0() {
    for (call, _, now, set) in CONFIGS {
        let whole = memory(call, &unusual(), now);
        for size in [now + 8, now + 40, LARGEST] {
            let longer = memory(call, &unusual(), size);
            let before = longer.clone();
            let same = outcome(call, Some((&longer, set))) == outcome(call, Some((&whole, set)));
            assert!(same, "{call:?} with {size} bytes");
            assert_eq!(longer, before, "only read");
        }
    }
}

/// It asks for something that this library cannot do.
#[test]
fn what_a_longer_struct_adds_may_not_be_anything_else() {
    for (call, _, now, set) in CONFIGS {
        for size in [now + 8, now + 40, LARGEST] {
            for (index, bit) in [
                (now / 8, 0),
                (now / 8, 63),
                (size / 8 - 1, 0),
                (size / 8 - 1, 63),
            ] {
                let mut longer = memory(call, &unusual(), size);
                longer[index as usize] = 1 << bit;
                let what = format!("{size} bytes and word {index} not 0");
                refuse::argument(call, BAD_CONFIG, &what, |args| set(args, longer.as_ptr()));
            }
        }
    }
}

#[test]
fn sizes_that_no_configuration_has() {
    for (call, first, now, set) in CONFIGS {
        for size in [
            0,
            1,
            4,
            8,
            first - 8,
            first - 4,
            first - 1,
            first + 1,
            now + 1,
            LARGEST + 4,
            1 << 31,
            u32::MAX,
        ] {
            let config = stating(call, &unusual(), now, size);
            let what = format!("a struct_size of {size}");
            refuse::argument(call, BAD_CONFIG, &what, |args| set(args, config.as_ptr()));
        }
    }
}

/// Reserved for what is to come, so that a library that knows of nothing there refuses it.
#[test]
fn reserved_fields() {
    type Reserved = (Call, &'static str, fn(&mut Configs) -> &mut u32);
    let fields: [Reserved; 4] = [
        (Call::Stabilizer, "gradient_stabilizer", |c| {
            &mut c.stabilizer.reserved
        }),
        (Call::Agc, "agc", |c| &mut c.agc.reserved),
        (Call::Sgd, "sgd", |c| &mut c.sgd.reserved),
        (Call::Adam, "adam", |c| &mut c.adam.reserved),
    ];
    for (call, name, field) in fields {
        for value in [1, 1 << 31, u32::MAX] {
            refuse::in_world(
                call,
                BAD_CONFIG,
                &format!("{name}.reserved = {value}"),
                |w| {
                    *field(&mut w.configs) = value;
                },
            );
        }
    }
}

/// A bias steps as it would without decay, a weight as it would with it.
#[test]
fn decay_of_weights_only() {
    for call in [Call::Sgd, Call::Adam] {
        for decoupled in [0, 1] {
            let stepped = |decay: f64, roles: u32| {
                let mut world = World::new();
                (
                    world.configs.sgd.weight_decay,
                    world.configs.sgd.decay_roles,
                ) = (decay, roles);
                let adam = &mut world.configs.adam;
                (adam.weight_decay, adam.decay_roles, adam.decoupled) = (decay, roles, decoupled);
                expect(&format!("{call:?}"), call.run_in(&mut world), OK);
                let roles: Vec<u32> = world.grads.iter().map(|grad| grad.role).collect();
                let blobs = world.params.iter().zip(&world.firsts).zip(&world.seconds);
                let values = blobs.map(|((w, m), v)| [w.bytes(), m.bytes(), v.bytes()]);
                roles.into_iter().zip(values).collect::<Vec<_>>()
            };
            let [without, weights, all] =
                [(0.0, 1), (0.5, 0), (0.5, 1)].map(|(d, r)| stepped(d, r));
            for (index, (role, values)) in weights.iter().enumerate() {
                let (same, other) = match *role {
                    WEIGHT => (&all[index].1, &without[index].1),
                    _ => (&without[index].1, &all[index].1),
                };
                assert!(
                    values == same && values != other,
                    "{call:?}, tensor {index}"
                );
            }
            assert!(weights.iter().any(|(role, _)| *role == BIAS));
        }
    }
}
