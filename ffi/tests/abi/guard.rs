//! The guard's policies, and that every call goes on behind a guard that zeroes.

use super::blob::{Blob, F16, F32, F64};
use super::call::Call;
use super::status::{DIVERGED, NON_FINITE, OK, SKIP_STEP, expect};
use super::world::{BIAS, WEIGHT, World};
use super::{c, refuse};
use trimtab_core::GuardState;

const SKIP: u32 = 0;
const ZERO: u32 = 1;

/// Three gradients, the middle one bad or good.
fn world(bad: bool, policy: u32, max_consecutive: u64) -> World {
    let middle = match bad {
        true => [1.0, f64::NAN, f64::INFINITY],
        false => [1.0, 5.0, -7.0],
    };
    let mut world = World::of(&[
        (WEIGHT, Blob::new(F32, &[1.0, -2.0, 3.0])),
        (WEIGHT, Blob::new(F16, &middle)),
        (BIAS, Blob::new(F64, &[4.0, -0.5])),
    ]);
    world.forget();
    world.configs.guard.policy = policy;
    world.configs.guard.max_consecutive = max_consecutive;
    expect(
        "observe",
        world.try_observe(),
        if bad { NON_FINITE } else { OK },
    );
    world
}

fn counts(world: &World) -> (u64, u64) {
    (world.guard.consecutive, world.guard.total)
}

#[test]
fn a_good_step_ends_a_row() {
    for policy in [SKIP, ZERO] {
        let mut world = world(false, policy, 0);
        world.guard = GuardState {
            consecutive: 3,
            total: 7,
        };
        let before = world.snapshot();
        expect("guard", Call::Guard.run_in(&mut world), OK);
        assert_eq!(counts(&world), (0, 7));
        assert_eq!(world.changed_since(&before), ["guard state"]);
    }
}

#[test]
fn skip_step_counts_and_changes_nothing_else() {
    let mut world = world(true, SKIP, 0);
    let before = world.snapshot();
    for step in 1..=3 {
        expect("guard", Call::Guard.run_in(&mut world), SKIP_STEP);
        assert_eq!(counts(&world), (step, step));
    }
    assert_eq!(world.changed_since(&before), ["guard state"]);
}

#[test]
fn null_configuration_skips_and_never_gives_up() {
    let mut world = world(true, ZERO, 1);
    world.guard = GuardState {
        consecutive: 1 << 40,
        total: 1 << 50,
    };
    let n = world.grads.len();
    let code = c::guard(
        std::ptr::null(),
        &raw mut world.guard,
        world.grads.as_mut_ptr(),
        n,
    );
    expect("guard", code, SKIP_STEP);
    assert_eq!(counts(&world), ((1 << 40) + 1, (1 << 50) + 1));
}

#[test]
fn zero_silences_the_offending_tensor_only() {
    let mut world = world(true, ZERO, 0);
    expect("guard", Call::Guard.run_in(&mut world), OK);
    assert_eq!(counts(&world), (1, 1));
    expect("apply", Call::Apply.run_in(&mut world), OK);
    let after: Vec<_> = world.buffers.iter().map(Blob::values).collect();
    assert_eq!(after, [vec![1.0, -2.0, 3.0], vec![0.0; 3], vec![4.0, -0.5]]);
    let zeros = &world.buffers[1].bytes()[..6];
    assert_eq!(zeros, [0; 6], "zeros without a sign");
}

/// The rest of the step goes on, with zeros in place of the bad gradient.
#[test]
fn every_call_goes_on_behind_zero() {
    for call in Call::ALL {
        if call == Call::Observe {
            continue; // It starts afresh and reports the gradient again.
        }
        let mut world = world(true, ZERO, 0);
        expect("guard", Call::Guard.run_in(&mut world), OK);
        expect(&format!("{call:?}"), call.run_in(&mut world), OK);
        let steps = [Call::Sgd, Call::Adam].contains(&call);
        if !steps && call != Call::Apply {
            let what = format!("apply behind {call:?}");
            expect(&what, Call::Apply.run_in(&mut world), OK);
        }
        if !steps {
            assert_eq!(world.buffers[1].values(), [0.0; 3], "{call:?}");
        }
        let params = world
            .params
            .iter()
            .chain(&world.firsts)
            .chain(&world.seconds);
        assert!(
            params.flat_map(Blob::values).all(f64::is_finite),
            "{call:?}"
        );
    }
}

/// The bad step that reaches max_consecutive is refused like any other call: it is not counted.
#[test]
fn diverged_at_the_limit_and_nothing_moves() {
    for policy in [SKIP, ZERO] {
        let mut bad = world(true, policy, 3);
        let expected = if policy == SKIP { SKIP_STEP } else { OK };
        for step in 1..3 {
            expect("observe", bad.try_observe(), NON_FINITE);
            expect("guard", Call::Guard.run_in(&mut bad), expected);
            assert_eq!(counts(&bad), (step, step));
        }
        expect("observe", bad.try_observe(), NON_FINITE);
        for _ in 0..2 {
            refuse::with_args(
                &mut bad,
                Call::Guard,
                DIVERGED,
                "the third bad step in a row",
                |_| (),
            );
        }
    }
    let mut first = world(true, ZERO, 1);
    refuse::with_args(
        &mut first,
        Call::Guard,
        DIVERGED,
        "the first bad step, of 1 allowed",
        |_| (),
    );
}

/// Bad, bad, good, bad, bad: never three in a row.
#[test]
fn a_good_step_in_between_starts_the_count_again() {
    let mut state = GuardState::default();
    for (bad, expected) in [
        (true, (1, 1)),
        (true, (2, 2)),
        (false, (0, 2)),
        (true, (1, 3)),
        (true, (2, 4)),
    ] {
        let mut world = world(bad, SKIP, 3);
        world.guard = state;
        expect(
            "guard",
            Call::Guard.run_in(&mut world),
            if bad { SKIP_STEP } else { OK },
        );
        assert_eq!(counts(&world), expected);
        state = world.guard;
    }
}
