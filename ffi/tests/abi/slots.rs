//! The slots of an optimizer step: which of their pointers are looked at, and what is refused.

use std::ptr::{dangling_mut, null, null_mut};

use super::blob::{BF16, Blob, DTYPES, F16, F32, F64};
use super::call::Call;
use super::refuse;
use super::status::{BAD_CONFIG, BAD_DTYPE, MISALIGNED, NULL_POINTER, OK, OVERFLOW, expect};
use super::world::{WEIGHT, World};

/// Parameters are f32 or f64.
#[test]
fn parameter_dtypes() {
    for call in [Call::Sgd, Call::Adam] {
        for dtype in [F16, BF16, 4, u32::MAX] {
            refuse::in_world(
                call,
                BAD_DTYPE,
                &format!("a parameter of dtype {dtype}"),
                |w| w.slots[3].dtype = dtype,
            );
        }
    }
}

#[test]
fn reserved_fields() {
    for call in [Call::Sgd, Call::Adam] {
        for value in [1, 1 << 31] {
            refuse::in_world(call, BAD_CONFIG, &format!("slot.reserved = {value}"), |w| {
                w.slots[3].reserved = value;
            });
        }
    }
}

#[test]
fn parameters_without_a_buffer() {
    for call in [Call::Sgd, Call::Adam] {
        refuse::in_world(call, NULL_POINTER, "a NULL parameter", |w| {
            w.slots[3].param = null_mut()
        });
        refuse::in_world(call, NULL_POINTER, "a NULL first buffer", |w| {
            w.slots[3].first = null_mut()
        });
    }
    refuse::in_world(Call::Adam, NULL_POINTER, "a NULL second buffer", |w| {
        w.slots[3].second = null_mut()
    });
}

#[test]
fn misaligned_buffers() {
    // Slot 2 is f32, slot 3 is f64: half an element off.
    for (slot, shift) in [(2, 1), (2, 2), (3, 1), (3, 4)] {
        for call in [Call::Sgd, Call::Adam] {
            refuse::in_world(call, MISALIGNED, "a parameter off", |w| {
                w.slots[slot].param = w.slots[slot].param.wrapping_byte_add(shift);
            });
            refuse::in_world(call, MISALIGNED, "a first buffer off", |w| {
                w.slots[slot].first = w.slots[slot].first.wrapping_byte_add(shift);
            });
        }
        refuse::in_world(Call::Adam, MISALIGNED, "a second buffer off", |w| {
            w.slots[slot].second = w.slots[slot].second.wrapping_byte_add(shift);
        });
    }
}

/// Without momentum SGD needs no buffer, and never looks at what lies in its place.
#[test]
fn sgd_without_momentum_needs_no_buffer() {
    let step = |first: *mut std::ffi::c_void| {
        let mut world = World::new();
        world.configs.sgd.momentum = 0.0;
        for slot in &mut world.slots {
            (slot.first, slot.second) = (first, null_mut());
        }
        expect("sgd", Call::Sgd.run_in(&mut world), OK);
        world.params.iter().map(Blob::bytes).collect::<Vec<_>>()
    };
    let garbage = dangling_mut::<u8>().cast();
    assert_eq!(step(null_mut()), step(garbage));
}

/// SGD never looks at `second`: garbage in it changes nothing.
#[test]
fn sgd_never_looks_at_second() {
    let step = |spoil: bool| {
        let mut world = World::new();
        if spoil {
            world
                .slots
                .iter_mut()
                .for_each(|slot| slot.second = dangling_mut::<u8>().cast());
        }
        expect("sgd", Call::Sgd.run_in(&mut world), OK);
        let buffers = world.params.iter().chain(&world.firsts);
        buffers.map(Blob::bytes).collect::<Vec<_>>()
    };
    assert_eq!(step(false), step(true));
}

/// SGD leaves the second buffers alone, and no step writes gradients; descriptors are spent.
#[test]
fn steps_write_parameters_buffers_states_and_descriptors_only() {
    let expected: [(Call, &[&str]); 2] = [
        (
            Call::Sgd,
            &["parameters", "first buffers", "descriptors", "step state"],
        ),
        (
            Call::Adam,
            &[
                "parameters",
                "first buffers",
                "second buffers",
                "descriptors",
                "step state",
            ],
        ),
    ];
    for (call, changed) in expected {
        let mut world = World::new();
        let before = world.snapshot();
        expect("a step", call.run_in(&mut world), OK);
        assert_eq!(world.changed_since(&before), changed, "{call:?}");
        assert_eq!(world.step.steps, 5);
    }
}

/// Momentum from the NULL configuration's default of 0: NULL buffers are enough.
#[test]
fn the_default_sgd_needs_no_buffer() {
    let mut world = World::new();
    world
        .slots
        .iter_mut()
        .for_each(|slot| slot.first = null_mut());
    let n = world.grads.len();
    let code = super::c::sgd_step(
        null(),
        &raw mut world.step,
        world.grads.as_mut_ptr(),
        world.slots.as_ptr(),
        n,
    );
    expect("sgd with NULL configuration", code, OK);
}

/// w - g/2 and, with zeros for moments and decays of 0, w - sign(g)/2: powers of two, exact in every pair of types.
#[test]
fn every_gradient_type_meets_every_parameter_type() {
    let expected = [
        (Call::Sgd, [0.25, 1.0, 0.0]),
        (Call::Adam, [0.25, 1.25, 0.25]),
    ];
    for (call, expected) in expected {
        for dtype in DTYPES {
            // Parameters are f32 and f64 in turn.
            let gradient = Blob::new(dtype, &[1.0, -0.5, 1.5]);
            let mut world = World::of(&[(WEIGHT, gradient.clone()), (WEIGHT, gradient)]);
            world.forget();
            world.observe();
            (world.configs.sgd.lr, world.configs.sgd.momentum) = (0.5, 0.0);
            (world.configs.adam.lr, world.configs.adam.eps) = (0.5, 0.0);
            (world.configs.adam.beta1, world.configs.adam.beta2) = (0.0, 0.0);
            expect("a step", call.run_in(&mut world), OK);
            assert_eq!([world.params[0].dtype, world.params[1].dtype], [F32, F64]);
            for param in &world.params {
                assert_eq!(
                    param.values(),
                    expected,
                    "{call:?}, gradient {dtype}, parameter {}",
                    param.dtype
                );
            }
        }
    }
}

/// Without eps a gradient that was always 0 would be 0/0: the parameter does not move.
#[test]
fn adam_without_eps_rests_where_the_gradient_was_always_0() {
    let mut world = World::of(&[(WEIGHT, Blob::zeros(F32, 3)), (WEIGHT, Blob::zeros(F64, 3))]);
    world.forget();
    world.configs.adam.eps = 0.0;
    for _ in 0..3 {
        world.observe();
        expect("adam", Call::Adam.run_in(&mut world), OK);
        assert!(world.params.iter().all(|param| param.values() == [0.75; 3]));
    }
}

/// The buffer of a constant gradient grows to g / (1 - momentum), ten times the gradient here.
#[test]
fn momentum_that_would_outgrow_its_type_is_refused() {
    let world = |gradient: f64| {
        let mut world = World::of(&[
            (WEIGHT, Blob::new(F32, &[1.0])),
            (WEIGHT, Blob::zeros(F64, 1)),
            (WEIGHT, Blob::new(F32, &[gradient])),
        ]);
        world.forget();
        (world.configs.sgd.momentum, world.configs.sgd.lr) = (0.9, 1e-6);
        world.observe();
        world
    };
    refuse::with_args(
        &mut world(4e37),
        Call::Sgd,
        OVERFLOW,
        "a gradient of 4e37 and momentum 0.9",
        |_| (),
    );
    let mut fits = world(3.3e37);
    for _ in 0..300 {
        fits.observe();
        expect("sgd", Call::Sgd.run_in(&mut fits), OK);
    }
    let left = fits
        .params
        .iter()
        .chain(&fits.firsts)
        .flat_map(Blob::values);
    assert!(left.into_iter().all(f64::is_finite));
}
