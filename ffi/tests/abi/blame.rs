//! Which tensor made a call fail: what the functions whose name ends in `_at` write.

use std::ptr::{null, null_mut};

use trimtab_core::{Affine, Moments};

use super::c;
use super::call::{Args, Call};
use super::chain::method;
use super::status::{
    BAD_CONFIG, BAD_DTYPE, BAD_LENGTH, BAD_REFERENCE, BAD_STATE, MISALIGNED, NON_FINITE,
    NULL_POINTER, OK, ORDER, OVERFLOW, expect,
};
use super::world::World;
use crate::types::TRIMTAB_NOWHERE;

/// Before every call, so that a write is seen.
const UNTOUCHED: usize = 77;

/// The twin of the call: the same code, and where.
fn twin(call: Call, a: &Args) -> (i32, usize) {
    let mut at = UNTOUCHED;
    let to = &raw mut at;
    let code = match call {
        Call::Observe => c::observe_at(a.grads, a.n, to),
        Call::Apply => c::apply_at(a.grads, a.n, to),
        Call::ApplyInto => c::apply_into_at(a.grads, a.out, a.n, to),
        Call::Sgd => c::sgd_step_at(a.sgd_config, a.step, a.grads, a.slots, a.n, to),
        Call::Adam => c::adam_step_at(a.adam_config, a.step, a.grads, a.slots, a.n, to),
        method_call => {
            let chain = [method(method_call, a)];
            c::decide_at(chain.as_ptr(), 1, a.grads, a.n, null_mut(), to)
        }
    };
    (code, at)
}

/// Refused with this code and this place, and not one byte moved.
#[track_caller]
fn blames(call: Call, expected: (i32, usize), what: &str, spoil: impl FnOnce(&mut World)) {
    let mut world = World::new();
    spoil(&mut world);
    let before = world.snapshot();
    assert_eq!(
        twin(call, &Args::of(&mut world)),
        expected,
        "{call:?} with {what}"
    );
    assert!(
        world.changed_since(&before).is_empty(),
        "{call:?} with {what}"
    );
}

#[test]
fn bad_descriptors() {
    for call in Call::ALL {
        for at in 0..4 {
            blames(call, (BAD_DTYPE, at), "a dtype", |w| w.grads[at].dtype = 4);
            blames(call, (BAD_CONFIG, at), "a role", |w| w.grads[at].role = 2);
            blames(call, (NULL_POINTER, at), "no data", |w| {
                w.grads[at].data = null_mut()
            });
            blames(call, (MISALIGNED, at), "odd data", |w| {
                w.grads[at].data = w.grads[at].data.wrapping_byte_add(1);
            });
            blames(call, (BAD_LENGTH, at), "a length", |w| {
                w.grads[at].len = usize::MAX / 2
            });
        }
    }
}

#[test]
fn what_lies_in_descriptors() {
    for call in Call::after_observe() {
        for at in 0..4 {
            blames(call, (ORDER, at), "no moments", |w| {
                w.grads[at].moments = Moments::default()
            });
            blames(call, (BAD_STATE, at), "an affine", |w| {
                w.grads[at].affine = Affine {
                    scale: f64::NAN,
                    ..Affine::IDENTITY
                };
            });
        }
    }
    for call in Call::needing_finite() {
        blames(call, (NON_FINITE, 2), "infinite moments", |w| {
            w.grads[2].moments.abs_max = f64::INFINITY;
        });
    }
    for call in [Call::Apply, Call::ApplyInto, Call::Sgd, Call::Adam] {
        blames(call, (OVERFLOW, 2), "a huge scale", |w| {
            w.grads[2].affine.scale = 1e300
        });
    }
}

#[test]
fn what_goes_with_a_tensor() {
    for at in 0..4 {
        for call in [Call::Sgd, Call::Adam] {
            blames(call, (BAD_DTYPE, at), "a slot of f16", |w| {
                w.slots[at].dtype = 1
            });
            blames(call, (NULL_POINTER, at), "no parameter", |w| {
                w.slots[at].param = null_mut()
            });
            blames(call, (NULL_POINTER, at), "no buffer", |w| {
                w.slots[at].first = null_mut()
            });
        }
        blames(Call::ApplyInto, (NULL_POINTER, at), "no output", |w| {
            w.out[at] = null_mut()
        });
        blames(Call::Stabilizer, (BAD_STATE, at), "a state", |w| {
            w.norms[at].m = f64::NAN
        });
        blames(Call::Agc, (NON_FINITE, at), "a parameter", |w| {
            w.weights[at].abs_max = f64::INFINITY;
        });
    }
}

#[test]
fn no_single_tensor() {
    let nowhere = TRIMTAB_NOWHERE;
    let refused = |call: Call, code: i32, spoil: fn(&mut Args)| {
        let mut world = World::new();
        let mut args = Args::of(&mut world);
        spoil(&mut args);
        assert_eq!(twin(call, &args), (code, nowhere), "{call:?}");
    };
    for call in Call::ALL {
        refused(call, NULL_POINTER, |a| a.grads = null_mut());
        refused(call, MISALIGNED, |a| a.grads = a.grads.wrapping_byte_add(1));
    }
    refused(Call::StableGrad, BAD_REFERENCE, |a| a.reference = 0.0);
    refused(Call::ClipNorm, BAD_CONFIG, |a| a.max_norm = 0.0);
    refused(Call::Sgd, NULL_POINTER, |a| a.slots = null());
    refused(Call::Adam, NULL_POINTER, |a| a.step = null_mut());
}

/// Accepted calls say so too, and do what their twins do.
#[test]
fn accepted_calls_name_no_tensor() {
    for call in Call::ALL {
        let (mut world, mut other) = (World::new(), World::new());
        assert_eq!(
            twin(call, &Args::of(&mut world)),
            (OK, TRIMTAB_NOWHERE),
            "{call:?}"
        );
        expect(&format!("{call:?}"), call.run_in(&mut other), OK);
        for (one, other) in world.grads.iter().zip(&other.grads) {
            assert_eq!(
                (one.affine, one.moments),
                (other.affine, other.moments),
                "{call:?}"
            );
        }
    }
}

/// `at` needs no alignment, and is written whatever happens.
#[test]
fn where_the_place_is_written() {
    let mut bytes = [0xff_u8; 2 * size_of::<usize>()];
    let mut world = World::new();
    world.grads[1].dtype = 9;
    let code = c::observe_at(world.grads.as_mut_ptr(), 4, bytes[1..].as_mut_ptr().cast());
    expect("a bad dtype", code, BAD_DTYPE);
    let (place, behind) = bytes[1..].split_at(size_of::<usize>());
    assert_eq!(usize::from_ne_bytes(place.try_into().expect("a word")), 1);
    assert!(bytes[0] == 0xff && behind.iter().all(|byte| *byte == 0xff));
}
