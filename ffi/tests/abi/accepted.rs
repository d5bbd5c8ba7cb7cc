//! What looks unusual and is legal: nothing to do, and tensors without elements.

use std::ptr::{null, null_mut};

use super::blob::{Blob, DTYPES};
use super::c;
use super::call::{Args, Call};
use super::refuse;
use super::status::{NULL_POINTER, OK, expect};
use super::world::{BIAS, WEIGHT, World};

/// Empty tensors of every element type, all pointers NULL.
fn empty_world() -> World {
    let one = |(i, dtype): (usize, u32)| ([WEIGHT, BIAS][i % 2], Blob::zeros(dtype, 0));
    let mut world = World::of(&DTYPES.into_iter().enumerate().map(one).collect::<Vec<_>>());
    for grad in &mut world.grads {
        grad.data = null_mut();
    }
    for slot in &mut world.slots {
        (slot.param, slot.first, slot.second) = (null_mut(), null_mut(), null_mut());
    }
    world.out.fill(null_mut());
    world
}

#[test]
fn tensors_of_length_0_with_null_data() {
    for call in Call::ALL {
        for scope in [0, 1] {
            let mut world = empty_world();
            world.observe();
            world.configs.stabilizer.scope = scope;
            let mut args = Args::of(&mut world);
            args.scope = scope;
            expect(&format!("{call:?}"), call.run(&args), OK);
        }
    }
}

/// They change nothing for the others: same gradients, parameters and affines as without them, to the bit.
#[test]
fn an_empty_tensor_among_others_changes_nothing() {
    for call in Call::ALL {
        let mut plain = World::new();
        expect(&format!("{call:?}"), call.run_in(&mut plain), OK);
        let mut mixed = World::new();
        let last = mixed.grads.len();
        let empty = empty_world();
        mixed.grads.push(empty.grads[0]);
        mixed.slots.push(empty.slots[0]);
        mixed.out.push(null_mut());
        mixed.norms.push(Default::default());
        mixed.weights.push(Default::default());
        expect("observe", c::observe(&raw mut mixed.grads[last], 1), OK);
        expect(
            &format!("{call:?} with an empty tensor"),
            call.run_in(&mut mixed),
            OK,
        );
        for (mixed, plain) in results(&mixed).iter().zip(results(&plain)) {
            assert_eq!(*mixed, plain, "{call:?}");
        }
    }
}

fn results(world: &World) -> Vec<Vec<u8>> {
    let blobs = world
        .buffers
        .iter()
        .chain(&world.outputs)
        .chain(&world.params);
    let mut all: Vec<_> = blobs
        .chain(&world.firsts)
        .chain(&world.seconds)
        .map(Blob::bytes)
        .collect();
    let decided = world.grads.iter().take(4).map(|g| (g.moments, g.affine));
    all.extend(decided.map(|(moments, affine)| {
        [
            super::world::bytes(&[moments]),
            super::world::bytes(&[affine]),
        ]
        .concat()
    }));
    all.push(super::world::bytes(&[world.zclip]));
    all.push(super::world::bytes(&[world.autoscale]));
    all
}

fn without_arrays(world: &mut World) -> Args {
    let mut args = Args::of(world);
    (args.n, args.grads, args.out, args.slots, args.weights) =
        (0, null_mut(), null(), null(), null());
    args
}

#[test]
fn no_tensors_and_null_arrays() {
    for call in Call::ALL {
        let mut world = World::new();
        let mut args = without_arrays(&mut world);
        args.norms = null_mut();
        expect(&format!("{call:?}"), call.run(&args), OK);
        let changed = world
            .buffers
            .iter()
            .zip(&World::new().buffers)
            .any(|(a, b)| a.bytes() != b.bytes());
        assert!(!changed, "{call:?}");
    }
}

/// GLOBAL still has its one state, and single states are never optional.
#[test]
fn no_tensors_still_need_their_one_state() {
    let mut world = World::new();
    world.configs.stabilizer.scope = 1;
    let args = without_arrays(&mut world);
    expect("global", Call::Stabilizer.run(&args), OK);
    refuse::with_args(
        &mut world,
        Call::Stabilizer,
        NULL_POINTER,
        "GLOBAL, n = 0 and NULL",
        |a| {
            (a.n, a.norms) = (0, null_mut());
        },
    );
    for call in [
        Call::Guard,
        Call::Autoscale,
        Call::Zclip,
        Call::Sgd,
        Call::Adam,
    ] {
        refuse::argument(call, NULL_POINTER, "n = 0 and NULL states", |a| {
            a.n = 0;
            (a.guard, a.autoscale, a.zclip, a.step) =
                (null_mut(), null_mut(), null_mut(), null_mut());
        });
    }
}

/// One tensor is the smallest array.
#[test]
fn one_tensor_of_one_element() {
    for call in Call::ALL {
        for dtype in DTYPES {
            let mut world = World::of(&[(WEIGHT, Blob::new(dtype, &[0.5]))]);
            world.observe();
            expect(
                &format!("{call:?} of dtype {dtype}"),
                call.run_in(&mut world),
                OK,
            );
        }
    }
}
