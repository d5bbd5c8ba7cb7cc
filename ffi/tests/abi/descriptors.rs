//! Descriptors that no gradient can have, and moments and affines that no call can have left in them.

use super::blob::{F16, F32, size};
use super::call::Call;
use super::status::{BAD_CONFIG, BAD_DTYPE, BAD_LENGTH, BAD_STATE, NON_FINITE, ORDER};
use super::{c, refuse};
use trimtab_core::{Affine, Moments};

#[test]
fn unknown_dtypes() {
    for call in Call::ALL {
        for dtype in [4, 255, u32::MAX] {
            refuse::in_world(call, BAD_DTYPE, &format!("dtype {dtype}"), |w| {
                w.grads[3].dtype = dtype
            });
        }
    }
}

#[test]
fn unknown_roles() {
    for call in Call::ALL {
        for role in [2, 256, u32::MAX] {
            refuse::in_world(call, BAD_CONFIG, &format!("role {role}"), |w| {
                w.grads[3].role = role
            });
        }
    }
}

/// One element more than fits into the address space, and lengths whose byte size wraps around to something small.
#[test]
fn lengths_that_cannot_exist() {
    for call in Call::ALL {
        for tensor in 0..4 {
            refuse::in_world(
                call,
                BAD_LENGTH,
                &format!("an impossible length of tensor {tensor}"),
                |w| {
                    w.grads[tensor].len = isize::MAX as usize / size(w.grads[tensor].dtype) + 1;
                },
            );
            refuse::in_world(
                call,
                BAD_LENGTH,
                &format!("a wrapping length of tensor {tensor}"),
                |w| {
                    w.grads[tensor].len = usize::MAX / size(w.grads[tensor].dtype) + 2;
                },
            );
        }
    }
}

#[test]
fn numbers_of_tensors_that_cannot_exist() {
    for call in Call::ALL {
        let descriptor = size_of::<crate::types::trimtab_tensor>();
        for n in [
            usize::MAX,
            isize::MAX as usize / descriptor + 1,
            usize::MAX / descriptor + 2,
        ] {
            refuse::argument(call, BAD_LENGTH, &format!("{n} tensors"), |a| a.n = n);
        }
    }
}

#[test]
fn unknown_dtype_of_a_chunk() {
    let (mut moments, mut data) = (Moments::default(), super::blob::Blob::new(F32, &[1.0]));
    for dtype in [4, u32::MAX] {
        let code = c::observe_chunk(&raw mut moments, data.pointer(), 1, dtype);
        super::status::expect(&format!("dtype {dtype}"), code, BAD_DTYPE);
    }
    assert_eq!(moments, Moments::default());
}

#[test]
fn gradients_never_observed() {
    for call in Call::after_observe() {
        refuse::in_world(call, ORDER, "moments of zeros", |w| {
            w.grads[3].moments = Moments::default()
        });
        refuse::in_world(call, ORDER, "one element unseen", |w| {
            w.grads[3].moments.count -= 1
        });
    }
}

#[test]
fn moments_that_no_call_can_have_left() {
    for call in Call::after_observe() {
        refuse::in_world(call, BAD_STATE, "a negative sum of squares", |w| {
            w.grads[3].moments.sum_sq = -1.0
        });
        refuse::in_world(call, BAD_STATE, "a negative magnitude", |w| {
            w.grads[3].moments.abs_max = -1.0
        });
    }
    for call in Call::needing_finite() {
        refuse::in_world(call, NON_FINITE, "a sum of NaN", |w| {
            w.grads[3].moments.sum = f64::NAN
        });
        refuse::in_world(call, NON_FINITE, "an infinite sum", |w| {
            w.grads[3].moments.sum_sq = f64::INFINITY
        });
        refuse::in_world(call, NON_FINITE, "an infinite magnitude", |w| {
            w.grads[3].moments.abs_max = f64::INFINITY
        });
    }
}

#[test]
fn affines_that_no_call_can_have_left() {
    let good = Affine {
        center: 0.0,
        scale: 1.0,
        limit: f64::INFINITY,
    };
    let bad = [
        Affine {
            center: f64::NAN,
            ..good
        },
        Affine {
            center: f64::INFINITY,
            ..good
        },
        Affine {
            scale: f64::NAN,
            ..good
        },
        Affine {
            scale: f64::NEG_INFINITY,
            ..good
        },
        Affine {
            limit: f64::NAN,
            ..good
        },
        Affine {
            limit: -1.0,
            ..good
        },
    ];
    for call in Call::after_observe() {
        for affine in bad {
            refuse::in_world(call, BAD_STATE, &format!("{affine:?}"), |w| {
                w.grads[3].affine = affine
            });
        }
    }
}

/// What a clip by value cuts off cannot be known from moments, so methods that need them cannot follow it.
#[test]
fn a_clip_by_value_ends_a_chain() {
    for call in Call::NEEDING_MOMENTS {
        refuse::in_world(call, ORDER, "a limit pending", |w| {
            let n = w.grads.len();
            assert_eq!(c::clip_value(1.0, w.grads.as_mut_ptr(), n), 0);
        });
    }
}

#[test]
fn other_calls_may_follow_a_clip_by_value() {
    for call in Call::ALL {
        if Call::NEEDING_MOMENTS.contains(&call) {
            continue;
        }
        let mut world = super::world::World::new();
        let n = world.grads.len();
        assert_eq!(c::clip_value(1.0, world.grads.as_mut_ptr(), n), 0);
        super::status::expect(
            &format!("{call:?} behind a limit"),
            call.run_in(&mut world),
            0,
        );
    }
}

/// Gradients may be 16 bits wide; that alone is no reason to refuse them.
#[test]
fn element_types_are_told_apart_by_their_alignment() {
    let shift =
        |w: &mut super::world::World| w.grads[0].data = w.grads[0].data.wrapping_byte_add(2);
    let mut world = super::world::World::new();
    shift(&mut world);
    world.grads[0].dtype = F16;
    super::status::expect("f16 at an even address", world.try_observe(), 0);
}
