//! The two writes: in place and beside, with the same bits.

use super::blob::{BF16, Blob, F16, F32, F64};
use super::c;
use super::call::{Args, Call};
use super::status::{OK, expect};
use super::world::{BIAS, WEIGHT, World};
use trimtab_core::Affine;

/// Affines of every kind: plain scales, a mean removed, a limit, beyond the range of f32, and none at all.
const AFFINES: [Affine; 6] = [
    Affine {
        center: 0.0,
        scale: 1.0,
        limit: f64::INFINITY,
    },
    Affine {
        center: 0.0,
        scale: 0.1,
        limit: f64::INFINITY,
    },
    Affine {
        center: 0.3,
        scale: -7.0,
        limit: f64::INFINITY,
    },
    Affine {
        center: -0.01,
        scale: 1e3,
        limit: 0.7,
    },
    Affine {
        center: 0.0,
        scale: 1e-45,
        limit: f64::INFINITY,
    },
    Affine {
        center: 0.0,
        scale: 0.0,
        limit: f64::INFINITY,
    },
];

/// 77 elements of each type: more than two rows of lanes, and a rest.
fn world(affine: Affine) -> World {
    let values: Vec<f64> = (0..77).map(|i| (f64::from(i) * 0.37).sin() * 3.0).collect();
    let dtypes = [F32, F64, BF16, F16];
    let mut world = World::of(&dtypes.map(|dtype| (WEIGHT, Blob::new(dtype, &values))));
    world.observe();
    world.grads.iter_mut().for_each(|grad| grad.affine = affine);
    world
}

fn all(blobs: &[Blob]) -> Vec<Vec<u8>> {
    blobs.iter().map(Blob::bytes).collect()
}

#[test]
fn apply_into_the_gradients_themselves_is_apply() {
    for affine in AFFINES {
        let mut applied = world(affine);
        expect("apply", Call::Apply.run_in(&mut applied), OK);
        let mut same = world(affine);
        same.out = same.grads.iter().map(|grad| grad.data).collect();
        expect("apply_into", Call::ApplyInto.run_in(&mut same), OK);
        assert_eq!(all(&same.buffers), all(&applied.buffers), "{affine:?}");
    }
}

#[test]
fn apply_into_writes_the_same_beside_and_nothing_else() {
    for affine in AFFINES {
        let mut applied = world(affine);
        expect("apply", Call::Apply.run_in(&mut applied), OK);
        let mut beside = world(affine);
        let before = beside.snapshot();
        expect("apply_into", Call::ApplyInto.run_in(&mut beside), OK);
        assert_eq!(all(&beside.outputs), all(&applied.buffers), "{affine:?}");
        let changed = beside.changed_since(&before);
        assert!(
            changed.is_empty() && affine.scale == 0.0 || changed == ["outputs"],
            "{affine:?}: {changed:?}"
        );
    }
}

/// Powers of two are exact in every type.
#[test]
fn apply_halves_what_is_to_be_halved() {
    let mut world = World::new();
    expect("apply", Call::Apply.run_in(&mut world), OK);
    let expected = [
        vec![0.5, -1.25, 0.25, 2.0, -0.0625],
        vec![0.125, -0.75, 1.5],
        vec![1.0, 0.625, -0.375, 3.0],
        vec![-0.5, 0.25, 4.0, 0.03125, -1.5, 0.5],
    ];
    for (blob, expected) in world.buffers.iter().zip(expected) {
        assert_eq!(blob.values(), expected);
    }
}

/// (x - 1) * 2, clamped to 3; exact in every type.
#[test]
fn apply_centres_scales_and_clamps() {
    for dtype in [F32, F64, BF16, F16] {
        let mut world = World::of(&[(BIAS, Blob::new(dtype, &[0.0, 1.0, 2.0, 9.0, -9.0, 2.5]))]);
        world.observe();
        world.grads[0].affine = Affine {
            center: 1.0,
            scale: 2.0,
            limit: 3.0,
        };
        expect("apply", Call::Apply.run_in(&mut world), OK);
        assert_eq!(
            world.buffers[0].values(),
            [-2.0, 0.0, 2.0, 3.0, -3.0, 3.0],
            "dtype {dtype}"
        );
    }
}

/// Outputs need the alignment of their elements only.
#[test]
fn outputs_need_the_alignment_of_their_elements_only() {
    let mut world = world(AFFINES[1]);
    let mut moved = Blob::zeros(F16, 80);
    world.out[3] = moved.pointer().wrapping_byte_add(2);
    expect(
        "apply_into",
        c::apply_into(world.grads.as_ptr(), world.out.as_ptr(), 4),
        OK,
    );
    let mut plain = self::world(AFFINES[1]);
    let args = Args::of(&mut plain);
    expect("apply_into", Call::ApplyInto.run(&args), OK);
    assert_eq!(moved.values()[1..78], plain.outputs[3].values());
}
