//! The guard's verdicts: what it counts, what it silences, when it gives up.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random, values};
use common::list::every_variant;
use common::method::{AnyMethod, StepInputs};
use common::number::Real;
use common::{compare, snapshot};
use oracle::adaptive::{self, Guarded};
use trimtab::{
    Adam, Error, Guard, GuardPolicy, GuardState, Scale, Slot, StepState, Verdict, apply, observe,
};

fn guard(policy: GuardPolicy, max_consecutive: u64) -> Guard {
    Guard::default()
        .with_policy(policy)
        .with_max_consecutive(max_consecutive)
}

/// Three tensors, the second of them bad if wished.
fn batch<T: Real>(bad: bool) -> Batch<T> {
    let mut batch = Batch::random(&mut Random(61), &[40, 5, 33]);
    if bad {
        batch.data[1][3] = T::exact(f64::NAN);
    }
    batch
}

/// Any run of good and bad steps against the oracle, for both policies and several limits.
#[test]
fn runs_of_good_and_bad_steps_are_counted_as_the_oracle_counts_them() {
    for policy in [GuardPolicy::SkipStep, GuardPolicy::Zero] {
        for max in [0, 1, 2, 3] {
            let (mut state, mut expected) =
                (GuardState::default(), adaptive::GuardState::default());
            let mut random = Random(62 + max);
            for t in 0..60 {
                let mut batch = batch::<f32>(random.below(2) == 0);
                let exact = batch.exact();
                let (outcome, next) = match policy {
                    GuardPolicy::SkipStep => adaptive::guard_skip(max, expected, &exact),
                    _ => adaptive::guard_zero(max, expected, &exact),
                };
                expected = next;
                let verdict = run(guard(policy, max), &mut state, &mut batch);
                let what = format!("{policy:?}, at most {max}, step {t}");
                match outcome {
                    Guarded::SkipStep => assert_eq!(verdict, Ok(Verdict::SkipStep), "{what}"),
                    Guarded::Diverged => assert_eq!(verdict, Err(Error::Diverged), "{what}"),
                    Guarded::Proceed(_) => assert_eq!(verdict, Ok(Verdict::Proceed), "{what}"),
                }
                let counts = (state.consecutive, state.total);
                assert_eq!(counts, (expected.consecutive, expected.total), "{what}");
            }
        }
    }
}

/// One step; whatever the verdict, only affines may have moved, and only with the policy ZERO.
fn run(guard: Guard, state: &mut GuardState, batch: &mut Batch<f32>) -> Result<Verdict, Error> {
    let mut tensors = batch.tensors();
    let _ = observe(&mut tensors);
    let before = snapshot::tensors(&tensors);
    let verdict = guard.decide(state, &mut tensors);
    let silenced = guard.policy == GuardPolicy::Zero && verdict == Ok(Verdict::Proceed);
    if !silenced {
        assert_eq!(snapshot::tensors(&tensors), before, "{verdict:?}");
    }
    verdict
}

#[test]
fn a_good_step_ends_a_row_of_bad_ones() {
    let guard = guard(GuardPolicy::SkipStep, 3);
    let mut state = GuardState::default();
    for _ in 0..5 {
        for bad in [true, true, false] {
            let expected = if bad {
                Verdict::SkipStep
            } else {
                Verdict::Proceed
            };
            assert_eq!(run(guard, &mut state, &mut batch(bad)), Ok(expected));
        }
    }
    assert_eq!(
        state,
        GuardState {
            consecutive: 0,
            total: 10
        }
    );
}

#[test]
fn the_last_bad_step_in_a_row_diverges_and_changes_nothing() {
    for policy in [GuardPolicy::SkipStep, GuardPolicy::Zero] {
        let mut state = GuardState {
            consecutive: 2,
            total: 7,
        };
        let mut batch = batch::<f32>(true);
        let mut tensors = batch.tensors();
        assert!(observe(&mut tensors).is_err());
        let before = snapshot::tensors(&tensors);
        for _ in 0..2 {
            let verdict = guard(policy, 3).decide(&mut state, &mut tensors);
            assert_eq!(verdict, Err(Error::Diverged));
            assert_eq!(
                state,
                GuardState {
                    consecutive: 2,
                    total: 7
                }
            );
            assert_eq!(snapshot::tensors(&tensors), before);
        }
    }
}

#[test]
fn zero_silences_the_offending_tensors_and_no_others() {
    for_every_dtype!(zero_silences);
}

fn zero_silences<T: Real>() {
    let mut batch = batch::<T>(true);
    batch.data[2][0] = T::exact(f64::INFINITY);
    let first = values(&batch.data[0]);
    let mut tensors = batch.tensors();
    assert_eq!(observe(&mut tensors), Err(Error::NonFinite { tensor: 1 }));
    let verdict = guard(GuardPolicy::Zero, 0).decide(&mut GuardState::default(), &mut tensors);
    assert_eq!(verdict, Ok(Verdict::Proceed));
    apply(&mut tensors).expect("silenced");
    assert!(tensors.iter().all(|t| t.moments().is_finite()));
    drop(tensors);
    assert_eq!(values(&batch.data[0]), first);
    for silenced in &batch.data[1..] {
        assert!(
            silenced.iter().all(|x| x.bits() == 0),
            "{}: +0.0 everywhere: {silenced:?}",
            T::NAME
        );
    }
}

/// Behind a zeroing guard every method sees zeros where the bad tensor was, weight or bias, and goes on.
#[test]
fn every_method_goes_on_behind_a_zeroing_guard() {
    for (name, method) in every_variant() {
        for bad in [0, 1] {
            goes_on_behind_zero(&format!("{name}, tensor {bad} silenced"), &method, bad);
        }
    }
}

fn goes_on_behind_zero(what: &str, method: &AnyMethod, bad: usize) {
    let mut batch = batch::<f32>(false);
    let mut exact = batch.exact();
    exact[bad].values.fill(0.0);
    batch.data[bad][3] = f32::NAN;
    let inputs = StepInputs::plain(3);
    let exact = method.on_data(&inputs, &mut method.oracle_states(3), &exact);
    let mut tensors = batch.tensors();
    assert!(observe(&mut tensors).is_err());
    let verdict = guard(GuardPolicy::Zero, 0).decide(&mut GuardState::default(), &mut tensors);
    assert_eq!(verdict, Ok(Verdict::Proceed));
    method.must_decide(what, &inputs, &mut method.states(3), &mut tensors);
    apply(&mut tensors).expect(what);
    drop(tensors);
    for (actual, exact) in batch.data.iter().zip(&exact) {
        compare::written(what, actual, &exact.values);
    }
}

/// A guard at the end of a chain sees the same gradients; what was decided about the good ones stays.
#[test]
fn a_guard_behind_other_methods_keeps_what_they_decided() {
    for policy in [GuardPolicy::SkipStep, GuardPolicy::Zero] {
        let mut batch = batch::<f32>(false);
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect("finite");
        Scale::new(0.5).decide(&mut tensors).expect("finite");
        let before = snapshot::tensors(&tensors);
        let verdict = guard(policy, 1).decide(&mut GuardState::default(), &mut tensors);
        assert_eq!(verdict, Ok(Verdict::Proceed));
        assert_eq!(snapshot::tensors(&tensors), before);
    }
}

/// An optimizer behind a zeroing guard takes zeros for the silenced gradient: with fresh moments nothing moves.
#[test]
fn a_silenced_gradient_reaches_an_optimizer_as_zeros() {
    let mut gradient = [f64::NAN, 1.0];
    let mut tensors = [trimtab::Tensor::weight(&mut gradient)];
    assert!(observe(&mut tensors).is_err());
    let verdict = guard(GuardPolicy::Zero, 0).decide(&mut GuardState::default(), &mut tensors);
    assert_eq!(verdict, Ok(Verdict::Proceed));
    let (mut w, mut m, mut v) = ([1.0_f64, 2.0], [0.0; 2], [0.0; 2]);
    let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
    Adam::default()
        .step(&mut StepState::default(), &mut tensors, &mut slots)
        .expect("silenced");
    assert_eq!((w, m, v), ([1.0, 2.0], [0.0; 2], [0.0; 2]));
}

/// The listed guards are the two policies, so that generic tests cover both.
#[test]
fn both_policies_are_listed() {
    let policies = every_variant()
        .into_iter()
        .filter_map(|(_, method)| match method {
            AnyMethod::Guard(guard) => Some(guard.policy),
            _ => None,
        });
    let policies: Vec<_> = policies.collect();
    assert_eq!(policies, [GuardPolicy::SkipStep, GuardPolicy::Zero]);
}
