//! A write spends its descriptors: they are those of a gradient that has not been observed.

use super::blob::{Blob, F32};
use super::call::Call;
use super::status::{OK, ORDER, expect};
use super::world::{WEIGHT, World};
use super::{c, refuse};
use trimtab_core::Moments;

const SPENDING: [Call; 3] = [Call::Apply, Call::Sgd, Call::Adam];

#[test]
fn after_a_write_everything_says_order() {
    for write in SPENDING {
        for call in Call::after_observe() {
            let mut world = World::new();
            expect("a write", write.run_in(&mut world), OK);
            for grad in &world.grads {
                let affine = (grad.affine.center, grad.affine.scale, grad.affine.limit);
                assert_eq!(affine, (0.0, 1.0, f64::INFINITY), "{write:?}");
                assert_eq!(grad.moments, Moments::default(), "{write:?}");
            }
            let what = format!("descriptors that {write:?} has spent");
            refuse::with_args(&mut world, call, ORDER, &what, |_| ());
        }
    }
}

#[test]
fn apply_into_spends_nothing() {
    let mut world = World::new();
    expect("apply_into", Call::ApplyInto.run_in(&mut world), OK);
    for write in SPENDING {
        expect("a write", write.run_in(&mut world), OK);
        world.observe();
    }
}

/// `observe` before the loop instead of in it.
#[test]
fn a_loop_that_does_not_observe_ends_at_its_second_round() {
    for write in SPENDING {
        let mut world = World::of(&[(WEIGHT, Blob::new(F32, &[0.25, -2.0]))]);
        world.observe();
        let mut codes = Vec::new();
        for _ in 0..3 {
            let decided = c::scale(0.5, world.grads.as_mut_ptr(), 1);
            codes.push([decided, write.run_in(&mut world)]);
        }
        assert_eq!(
            codes,
            [[OK, OK], [ORDER, ORDER], [ORDER, ORDER]],
            "{write:?}"
        );
    }
}
