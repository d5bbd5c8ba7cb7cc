//! A write spends its descriptors: until the gradients are observed again every method and every write says ORDER, so
//! that a loop that forgets to observe ends at its second round.

use trimtab::{Affine, Dtype, Moments, Role, Tensor};

use super::{each, once};
use crate::common::calls::{Call, decide, moments_of, parsed, scaled, weight, with_threads};
use crate::common::elements::{DTYPES, Elements};
use crate::common::snapshot;
use crate::common::status::{OK, ORDER, expect};
use crate::common::world::{Gradients, World};

/// Among them empty ones.
const LENGTHS: [usize; 5] = [0, 40, 1, 0, 33];

fn gradients(dtype: Dtype, lengths: &[usize]) -> Gradients {
    let values = |len| {
        (1..=len)
            .map(|i| 1.0 / (i % 64 + 1) as f64)
            .collect::<Vec<_>>()
    };
    let one = |len: &usize| (Role::Weight, Elements::new(dtype, &values(*len)));
    lengths.iter().map(one).collect()
}

fn is_fresh(tensor: &Tensor) -> bool {
    let affine = snapshot::affine(tensor.affine());
    *tensor.moments() == Moments::default() && affine == snapshot::affine(&Affine::IDENTITY)
}

#[test]
fn after_a_write_everything_says_order() {
    each(|library| {
        for dtype in DTYPES {
            for (write, factor) in Call::spending().flat_map(|c| [(c.clone(), 1.0), (c, 0.7)]) {
                let mut data = gradients(dtype, &LENGTHS);
                let mut world = World::observed(library, &mut data);
                if factor != 1.0 {
                    scaled(library, factor, &mut world.grads);
                }
                write.accepted("a write", &mut world);
                assert!(world.grads.iter().all(is_fresh), "{write:?}");
                for call in Call::all() {
                    // The first tensor with elements.
                    call.refused(&format!("behind {write:?}"), &mut world, ORDER, 1);
                }
                let outlook = library.outlook(&world.grads[1]);
                assert_eq!(outlook.map_err(|answer| answer.code), Err(ORDER));
            }
        }
    });
}

/// One tensor that several threads share.
#[test]
fn several_threads_spend_as_one() {
    once(|library| {
        let gradients = gradients(Dtype::F32, &[40, (1 << 19) + 33]);
        for write in Call::spending() {
            let mut data = gradients.clone();
            let mut world = World::observed(library, &mut data);
            scaled(library, 0.7, &mut world.grads);
            with_threads(true, || write.accepted("a write", &mut world));
            assert!(world.grads.iter().all(is_fresh), "{write:?}");
        }
    });
}

/// There is nothing to observe in an empty tensor, but the moments of the whole whose shard it is are spent.
#[test]
fn an_empty_shard_is_spent() {
    each(|library| {
        for write in Call::spending() {
            let mut data = gradients(Dtype::F32, &[0]);
            let mut world = World::new(library, &mut data);
            world.grads[0].set_moments(moments_of(2, 3.0, 5.0, 2.0));
            scaled(library, 0.5, &mut world.grads);
            write.accepted("an empty shard", &mut world);
            assert!(is_fresh(&world.grads[0]), "{write:?}");
        }
    });
}

/// Writing elsewhere changes the outputs alone, and the descriptors serve any other write.
#[test]
fn apply_into_spends_nothing() {
    each(|library| {
        for write in Call::spending() {
            let mut data = gradients(Dtype::F64, &LENGTHS);
            let mut world = World::observed(library, &mut data);
            scaled(library, 0.5, &mut world.grads);
            let before = world.bits();
            Call::ApplyInto.accepted("twice", &mut world);
            Call::ApplyInto.accepted("twice", &mut world);
            let changed = crate::common::world::changed(&before, &world.bits());
            assert_eq!(changed, ["outputs"]);
            write.accepted("behind apply_into", &mut world);
        }
    });
}

/// With `observe` in the loop every round halves; with it in front of the loop, the first one only.
#[test]
fn a_loop_that_does_not_observe_ends_at_its_second_round() {
    let half = parsed("scale factor=0.5");
    each(|library| {
        for (in_the_loop, left) in [(true, [1.0, -0.25]), (false, [4.0, -1.0])] {
            let mut data = weight(Dtype::F32, &[8.0, -2.0]);
            let mut world = World::observed(library, &mut data);
            for round in 0..3 {
                if in_the_loop {
                    expect("observe", library.observe(&mut world.grads).code, OK);
                }
                let expected = if in_the_loop || round == 0 { OK } else { ORDER };
                let decided = decide(library, &half, &mut world.grads);
                expect("decide", decided.code, expected);
                expect("apply", Call::Apply.run(&mut world).code, expected);
            }
            drop(world);
            assert_eq!(data[0].1.values(), left);
        }
    });
}
