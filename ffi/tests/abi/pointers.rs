//! NULL and misaligned pointers, one at a time, in every function that has them.

use std::ptr::{null, null_mut};

use trimtab_core::Moments;

use super::blob::{Blob, F32};
use super::call::{Args, Call};
use super::status::{BAD_LENGTH, MISALIGNED, NULL_POINTER, OK, expect};
use super::world::{World, bytes};
use super::{c, refuse};

#[test]
fn null_gradients() {
    for call in Call::ALL {
        refuse::argument(call, NULL_POINTER, "NULL descriptors", |a| {
            a.grads = null_mut()
        });
        refuse::in_world(call, NULL_POINTER, "NULL data", |w| {
            w.grads[3].data = null_mut()
        });
    }
}

#[test]
fn misaligned_gradients() {
    for call in Call::ALL {
        for shift in [1, 4] {
            let what = format!("descriptors {shift} bytes off");
            refuse::argument(call, MISALIGNED, &what, |a| {
                a.grads = a.grads.wrapping_byte_add(shift)
            });
        }
        // Element sizes are 4, 8, 2 and 2.
        for (tensor, shift) in [(0, 1), (0, 2), (1, 1), (1, 4), (2, 1), (3, 1)] {
            let what = format!("data of tensor {tensor} {shift} bytes off");
            refuse::in_world(call, MISALIGNED, &what, |w| {
                w.grads[tensor].data = w.grads[tensor].data.wrapping_byte_add(shift);
            });
        }
    }
}

/// A name, the function, and how to replace the pointer by NULL and by one that is 4 bytes off.
type Pointer = (&'static str, Call, fn(&mut Args), fn(&mut Args));

macro_rules! pointer {
    ($call:ident, $field:ident, $null:ident) => {
        (
            stringify!($field),
            Call::$call,
            |a| a.$field = $null(),
            |a| a.$field = a.$field.wrapping_byte_add(4),
        )
    };
}

const REQUIRED: [Pointer; 9] = [
    pointer!(Guard, guard, null_mut),
    pointer!(Stabilizer, norms, null_mut),
    pointer!(Autoscale, autoscale, null_mut),
    pointer!(Zclip, zclip, null_mut),
    pointer!(Sgd, step, null_mut),
    pointer!(Adam, step, null_mut),
    pointer!(Agc, weights, null),
    pointer!(Sgd, slots, null),
    pointer!(Adam, slots, null),
];

#[test]
fn null_and_misaligned_states_and_arrays() {
    for (name, call, without, shifted) in REQUIRED {
        refuse::argument(call, NULL_POINTER, &format!("NULL {name}"), without);
        refuse::argument(call, MISALIGNED, &format!("{name} 4 bytes off"), shifted);
    }
}

#[test]
fn null_and_misaligned_state_of_global_scope() {
    let mut world = World::new();
    world.configs.stabilizer.scope = 1;
    refuse::with_args(
        &mut world,
        Call::Stabilizer,
        NULL_POINTER,
        "NULL state",
        |a| a.norms = null_mut(),
    );
    refuse::with_args(&mut world, Call::Stabilizer, MISALIGNED, "state off", |a| {
        a.norms = a.norms.wrapping_byte_add(4);
    });
}

/// Configurations may be NULL, but not misaligned.
const CONFIGS: [Pointer; 8] = [
    pointer!(Guard, guard_config, null),
    pointer!(StableGrad, stable_grad_config, null),
    pointer!(Stabilizer, stabilizer_config, null),
    pointer!(Znorm, znorm_config, null),
    pointer!(Agc, agc_config, null),
    pointer!(Zclip, zclip_config, null),
    pointer!(Sgd, sgd_config, null),
    pointer!(Adam, adam_config, null),
];

#[test]
fn misaligned_configurations_are_refused_and_null_means_defaults() {
    for (name, call, without, shifted) in CONFIGS {
        refuse::argument(call, MISALIGNED, &format!("{name} 4 bytes off"), shifted);
        let mut world = World::new();
        let mut args = Args::of(&mut world);
        without(&mut args);
        expect(&format!("{call:?} with NULL {name}"), call.run(&args), OK);
    }
}

#[test]
fn null_and_misaligned_outputs() {
    let call = Call::ApplyInto;
    refuse::argument(call, NULL_POINTER, "NULL out", |a| a.out = null());
    refuse::argument(call, MISALIGNED, "out 4 bytes off", |a| {
        a.out = a.out.wrapping_byte_add(4)
    });
    for i in 0..4 {
        refuse::in_world(call, NULL_POINTER, &format!("NULL out[{i}]"), |w| {
            w.out[i] = null_mut()
        });
        refuse::in_world(call, MISALIGNED, &format!("out[{i}] a byte off"), |w| {
            w.out[i] = w.out[i].wrapping_byte_add(1);
        });
    }
}

#[test]
fn null_and_misaligned_arguments_of_observe_chunk() {
    let (mut moments, mut blob) = (Moments::default(), Blob::new(F32, &[1.0, 2.0]));
    let (into, data) = (&raw mut moments, blob.pointer());
    let odd = data.wrapping_byte_add(1);
    let far = into.wrapping_byte_add(4);
    let before = bytes(&[moments]);
    expect(
        "NULL into",
        c::observe_chunk(null_mut(), data, 2, F32),
        NULL_POINTER,
    );
    expect(
        "NULL into, no data",
        c::observe_chunk(null_mut(), null(), 0, F32),
        NULL_POINTER,
    );
    expect("into off", c::observe_chunk(far, data, 2, F32), MISALIGNED);
    expect(
        "NULL data",
        c::observe_chunk(into, null(), 1, F32),
        NULL_POINTER,
    );
    expect("data off", c::observe_chunk(into, odd, 1, F32), MISALIGNED);
    let half = isize::MAX as usize / 4 + 1;
    expect(
        "too long",
        c::observe_chunk(into, data, half, F32),
        BAD_LENGTH,
    );
    expect(
        "far too long",
        c::observe_chunk(into, data, usize::MAX, F32),
        BAD_LENGTH,
    );
    assert_eq!(bytes(&[moments]), before);
}

#[test]
fn null_and_misaligned_arguments_of_merge() {
    let (mut into, from) = (
        Moments::default(),
        Moments {
            count: 1,
            sum: 2.0,
            sum_sq: 4.0,
            abs_max: 2.0,
        },
    );
    let (into_pointer, from_pointer) = (&raw mut into, &raw const from);
    let merge = c::moments_merge;
    expect("NULL into", merge(null_mut(), from_pointer), NULL_POINTER);
    expect("NULL from", merge(into_pointer, null()), NULL_POINTER);
    expect("both NULL", merge(null_mut(), null()), NULL_POINTER);
    expect(
        "into off",
        merge(into_pointer.wrapping_byte_add(4), from_pointer),
        MISALIGNED,
    );
    expect(
        "from off",
        merge(into_pointer, from_pointer.wrapping_byte_add(4)),
        MISALIGNED,
    );
    assert_eq!(bytes(&[into]), bytes(&[Moments::default()]));
    assert_eq!(
        bytes(&[from]),
        bytes(&[Moments {
            count: 1,
            sum: 2.0,
            sum_sq: 4.0,
            abs_max: 2.0
        }])
    );
}

/// Of no elements any pointer will do, also where something is to be written.
#[test]
fn an_empty_tensor_may_lie_anywhere() {
    for call in [Call::Apply, Call::ApplyInto, Call::Sgd, Call::Adam] {
        let mut world = World::new();
        for index in 0..world.grads.len() {
            let odd = world.grads[index].data.wrapping_byte_add(1);
            let tensor = &mut world.grads[index];
            (tensor.data, tensor.len) = (odd, 0);
            world.out[index] = odd;
            let slot = &mut world.slots[index];
            (slot.param, slot.first, slot.second) = (odd, odd, odd);
        }
        world.observe();
        let affine = &mut world.grads[0].affine;
        (affine.center, affine.scale) = (1.0, 0.5);
        expect(&format!("{call:?}"), call.run_in(&mut world), OK);
    }
}
