//! The guard's verdicts: what it counts, what it silences, when it gives up; and that the rest goes on behind it.

use super::each;
use crate::common::chain::Inputs;
use crate::common::compare;
use crate::common::data::{Batch, Random, values};
use crate::common::library::{Library, Running};
use crate::common::methods::{OPTIMIZERS, every_setting, named};
use crate::common::number::Real;
use crate::common::snapshot;
use crate::common::states::{OracleStates, States};
use crate::common::status::{DIVERGED, NON_FINITE, OK, SKIP_STEP, expect};
use crate::common::table::Description;
use crate::common::world::{World, with_nan};
use crate::for_every_dtype;
use crate::oracle::adaptive::{self, Guarded};
use trimtab::GuardState;

const SKIP: f64 = 0.0;
const ZERO: f64 = 1.0;

fn guard(policy: f64, max_consecutive: u64) -> Running {
    let values = [
        ("policy", policy),
        ("max_consecutive", max_consecutive as f64),
    ];
    let setting = named("guard").defaults().with(&values);
    let states = States::default();
    Running { setting, states }
}

/// Three tensors, the second of them bad if wished.
fn batch<T: Real>(bad: bool) -> Batch<T> {
    let mut batch = Batch::random(&mut Random(61), &[40, 5, 33]);
    if bad {
        batch.data[1][3] = T::exact(f64::NAN);
    }
    batch
}

/// One step; whatever the verdict, only affines may have moved, and only with the policy ZERO.
fn run(library: &dyn Library, guard: &mut Running, batch: &mut Batch<f32>) -> i32 {
    let mut tensors = batch.tensors();
    let observed = library.observe(&mut tensors).code;
    let before = snapshot::tensors(&tensors);
    let answer = library.decide(std::slice::from_mut(guard), &[], &mut tensors);
    let code = answer.expect("can be said").code;
    let silenced = guard.setting.get("policy") == ZERO && code == OK && observed == NON_FINITE;
    if !silenced {
        assert!(snapshot::tensors(&tensors) == before, "code {code}");
    }
    code
}

fn counts(guard: &Running) -> (u64, u64) {
    let GuardState { consecutive, total } = guard.states.guard;
    (consecutive, total)
}

/// Any run of good and bad steps against the oracle, for both policies and several limits.
#[test]
fn runs_of_good_and_bad_steps_are_counted_as_the_oracle_counts_them() {
    each(|library| {
        for (policy, max) in [SKIP, ZERO]
            .into_iter()
            .flat_map(|p| [0, 1, 2, 3].map(|m| (p, m)))
        {
            let mut guard = guard(policy, max);
            let mut expected = adaptive::GuardState::default();
            let mut random = Random(62 + max);
            for t in 0..60 {
                let mut batch = batch::<f32>(random.below(2) == 0);
                let exact = batch.exact();
                let (outcome, next) = match policy {
                    SKIP => adaptive::guard_skip(max, expected, &exact),
                    _ => adaptive::guard_zero(max, expected, &exact),
                };
                expected = next;
                let code = match outcome {
                    Guarded::SkipStep => SKIP_STEP,
                    Guarded::Diverged => DIVERGED,
                    Guarded::Proceed(_) => OK,
                };
                let what = format!("{}: {:?}, step {t}", library.name(), guard.setting);
                expect(&what, run(library, &mut guard, &mut batch), code);
                assert_eq!(
                    counts(&guard),
                    (expected.consecutive, expected.total),
                    "{what}"
                );
            }
        }
    });
}

/// Also where the counts are large, and where nothing is ever too many.
#[test]
fn a_good_step_ends_a_row_of_bad_ones() {
    each(|library| {
        for policy in [SKIP, ZERO] {
            let mut guard = guard(policy, 0);
            guard.states.guard.consecutive = 1 << 40;
            guard.states.guard.total = 1 << 50;
            run(library, &mut guard, &mut batch(true));
            assert_eq!(counts(&guard), ((1 << 40) + 1, (1 << 50) + 1));
            expect("good", run(library, &mut guard, &mut batch(false)), OK);
            assert_eq!(counts(&guard), (0, (1 << 50) + 1));
        }
    });
}

#[test]
fn the_last_bad_step_in_a_row_diverges_and_changes_nothing() {
    each(|library| {
        for (policy, max) in [(SKIP, 3), (ZERO, 3), (SKIP, 1), (ZERO, 1)] {
            let mut data = with_nan();
            let mut world = World::observed(library, &mut data);
            let mut guard = guard(policy, max);
            guard.states.guard.consecutive = max - 1;
            guard.states.guard.total = 7;
            for _ in 0..2 {
                world.refuses("one too many", &mut guard, DIVERGED);
            }
        }
    });
}

#[test]
fn zero_silences_the_offending_tensors_and_no_others() {
    each(|library| {
        for_every_dtype!(zero_silences(library));
    });
}

fn zero_silences<T: Real>(library: &'static dyn Library) {
    let mut batch = batch::<T>(true);
    batch.data[2][0] = T::exact(f64::INFINITY);
    let first = values(&batch.data[0]);
    let mut tensors = batch.tensors();
    let answer = library.observe(&mut tensors);
    assert_eq!((answer.code, answer.at), (NON_FINITE, Some(1)));
    let answer = library.decide(&mut [guard(ZERO, 0)], &[], &mut tensors);
    expect("guard", answer.expect("can be said").code, OK);
    expect("apply", library.apply(&mut tensors).code, OK);
    drop(tensors);
    assert_eq!(values(&batch.data[0]), first);
    for silenced in &batch.data[1..] {
        let zeros = silenced.iter().all(|x| x.bits() == 0);
        assert!(zeros, "{}: +0.0 everywhere: {silenced:?}", T::NAME);
    }
}

/// Behind a zeroing guard every method sees zeros where the bad tensor was, weight or bias, and goes on.
#[test]
fn every_method_goes_on_behind_a_zeroing_guard() {
    each(|library| {
        for setting in every_setting() {
            for bad in [0, 1] {
                let mut batch = batch::<f32>(false);
                let mut exact = batch.exact();
                exact[bad].values.fill(0.0);
                batch.data[bad][3] = f32::NAN;
                let inputs = Inputs::plain(3);
                let mut states = OracleStates::new(&setting, 3);
                let exact = setting.exact(&mut states, &inputs.params, &exact);
                let what = format!("{}: {setting:?}, tensor {bad}", library.name());
                let states = States::new(&setting, 3);
                let setting = setting.clone();
                let mut chain = [guard(ZERO, 0), Running { setting, states }];
                let mut tensors = batch.tensors();
                expect(&what, library.observe(&mut tensors).code, NON_FINITE);
                let answer = library.decide(&mut chain, &inputs.moments(), &mut tensors);
                expect(&what, answer.expect("can be said").code, OK);
                expect(&what, library.apply(&mut tensors).code, OK);
                drop(tensors);
                for (actual, exact) in batch.data.iter().zip(&exact) {
                    compare::written(&what, actual, &exact.values);
                }
            }
        }
    });
}

/// An optimizer behind a zeroing guard takes zeros for the silenced gradient: with fresh moments nothing moves.
#[test]
fn a_silenced_gradient_reaches_an_optimizer_as_zeros() {
    each(|library| {
        for optimizer in OPTIMIZERS.iter().map(Description::defaults) {
            let mut data = with_nan();
            let mut world = World::observed(library, &mut data);
            world.accepts("silence", &mut guard(ZERO, 0));
            let p = &mut world.parameters;
            p.steps.steps = 0;
            for buffer in p.first.iter_mut().chain(&mut p.second).flatten() {
                buffer.fill(&vec![0.0; buffer.len()]);
            }
            let mut running = world.fresh(optimizer);
            world.accepts("behind the guard", &mut running);
            let p = &world.parameters;
            assert_eq!(p.w[1].values(), [0.75; 3], "{running:?}");
            let buffers = [&p.first[1], &p.second[1]].into_iter().flatten();
            assert!(buffers.flat_map(|b| b.values()).all(|x| x == 0.0));
            assert_ne!(p.w[0].values(), [0.75; 5], "{running:?}");
        }
    });
}

/// A guard at the end of a chain sees the same gradients; what was decided about the good ones stays.
#[test]
fn a_guard_behind_other_methods_keeps_what_they_decided() {
    each(|library| {
        for policy in [SKIP, ZERO] {
            let mut data = crate::common::world::four();
            let mut world = World::pending(library, &mut data);
            let before = world.bits();
            world.accepts("good gradients", &mut guard(policy, 1));
            assert_eq!(world.bits(), before);
        }
    });
}
