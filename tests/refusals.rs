//! What the methods refuse, and that not one bit moves then: of gradients, moments, affines, states.
//!
//! Refusals of the write pass and of the optimizers are in `refusals_of_writes.rs`, the guard's verdicts in `guard.rs`.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random};
use common::list::every_variant;
use common::method::{AnyMethod, States, StepInputs};
use common::number::Real;
use common::{bad, snapshot};
use trimtab::{
    ClipValue, Error, GradientStabilizer, Moments, NormState, Scale, Scope, StableGrad, Status,
    Tensor, Verdict, apply, observe,
};

/// Two weights and a bias.
fn three<T: Real>() -> Batch<T> {
    Batch::random(&mut Random(51), &[40, 5, 33])
}

/// Observed, and with a scaling pending that a refusal must not lose.
fn pending<'a, T: Real>(batch: &'a mut Batch<T>) -> Vec<Tensor<'a>> {
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    Scale::new(0.75).decide(&mut tensors).expect("finite");
    tensors
}

/// Asks the method, which must refuse with this status and leave everything as it was.
fn refuse(
    what: &str,
    method: &AnyMethod,
    inputs: &StepInputs,
    states: &mut States,
    tensors: &mut [Tensor],
) -> Error {
    let before = (snapshot::tensors(tensors), snapshot::states(states));
    let result = method.decide(inputs, states, tensors);
    let after = (snapshot::tensors(tensors), snapshot::states(states));
    assert!(
        before == after,
        "{what}: refused with {result:?}, and yet something moved"
    );
    result.expect_err(what)
}

/// States a method has after one good step, so that a refusal has something to lose.
fn lived_in(method: &AnyMethod) -> States {
    let mut batch = three::<f32>();
    let mut tensors = pending(&mut batch);
    let mut states = method.states(3);
    let verdict = method.decide(&StepInputs::plain(3), &mut states, &mut tensors);
    assert_eq!(verdict, Ok(Verdict::Proceed));
    states
}

#[test]
fn a_bad_configuration_is_refused() {
    for (what, method) in bad::configurations() {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        let mut states = method.states(3);
        let error = refuse(
            &what,
            &method,
            &StepInputs::plain(3),
            &mut states,
            &mut tensors,
        );
        assert_eq!(error.status(), Status::BadConfig, "{what}: {error}");
    }
}

#[test]
fn a_bad_reference_is_refused() {
    for reference in bad::NOT_POSITIVE {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        let method = AnyMethod::StableGrad(StableGrad::default());
        let inputs = StepInputs {
            reference,
            ..StepInputs::plain(3)
        };
        let error = refuse(
            "reference",
            &method,
            &inputs,
            &mut method.states(3),
            &mut tensors,
        );
        assert_eq!(error, Error::BadReference, "{reference}");
    }
}

#[test]
fn a_bad_state_is_refused_and_named() {
    for (what, method, mut states) in bad::states() {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        let last = states.norms.len().saturating_sub(1);
        let error = refuse(
            &what,
            &method,
            &StepInputs::plain(3),
            &mut states,
            &mut tensors,
        );
        let named = matches!(error, Error::BadState { index, .. } if index == last);
        assert!(named, "{what}: {error:?}");
        assert_eq!(error.status(), Status::BadState);
    }
}

#[test]
fn a_gradient_that_is_not_finite_is_refused_without_a_guard() {
    for_every_dtype!(not_finite_is_refused);
}

fn not_finite_is_refused<T: Real>() {
    for (name, method) in every_variant().into_iter().filter(|(_, m)| !is_guard(m)) {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            // The last tensor, so that the first ones would have been decided already.
            let mut batch = three::<T>();
            batch.data[2][17] = T::exact(x);
            let mut tensors = batch.tensors();
            assert_eq!(observe(&mut tensors), Err(Error::NonFinite { tensor: 2 }));
            let mut states = lived_in(&method);
            let what = format!("{name} of {x} in {}", T::NAME);
            let error = refuse(
                &what,
                &method,
                &StepInputs::plain(3),
                &mut states,
                &mut tensors,
            );
            assert_eq!(error, Error::NonFinite { tensor: 2 }, "{what}");
        }
    }
}

fn is_guard(method: &AnyMethod) -> bool {
    matches!(method, AnyMethod::Guard(_))
}

#[test]
fn gradients_that_were_not_observed_are_refused() {
    for (name, method) in every_variant() {
        let mut batch = three::<f32>();
        let mut tensors = batch.tensors();
        // All but the last: it is the last that must be named.
        observe(&mut tensors[..2]).expect("finite");
        let mut states = lived_in(&method);
        let error = refuse(
            name,
            &method,
            &StepInputs::plain(3),
            &mut states,
            &mut tensors,
        );
        assert!(
            matches!(error, Error::Order { tensor: 2, .. }),
            "{name}: {error:?}"
        );
    }
}

/// Moments of fewer elements than there are cannot describe the tensor; of more they describe a shard's whole.
#[test]
fn moments_of_too_few_elements_count_as_not_observed() {
    for (name, method) in every_variant() {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        let moments = *tensors[1].moments();
        tensors[1].set_moments(Moments {
            count: moments.count - 1,
            ..moments
        });
        let mut states = lived_in(&method);
        let error = refuse(
            name,
            &method,
            &StepInputs::plain(3),
            &mut states,
            &mut tensors,
        );
        assert!(
            matches!(error, Error::Order { tensor: 1, .. }),
            "{name}: {error:?}"
        );
        tensors[1].set_moments(Moments {
            count: moments.count + 1,
            ..moments
        });
        method.must_decide(name, &StepInputs::plain(3), &mut states, &mut tensors);
    }
}

#[test]
fn no_outlook_is_made_of_moments_that_cannot_be() {
    let mut batch = three::<f32>();
    let mut tensors = pending(&mut batch);
    let moments = *tensors[2].moments();
    tensors[2].set_moments(Moments {
        sum_sq: -1.0,
        ..moments
    });
    let refused = tensors[2].moments_after();
    assert!(
        matches!(refused, Err(Error::BadState { index: 0, .. })),
        "{refused:?}"
    );
}

#[test]
fn moments_that_cannot_be_are_refused() {
    for (name, method) in every_variant() {
        for (sum_sq, abs_max) in [(-1.0, 1.0), (1.0, -1.0)] {
            let mut batch = three::<f32>();
            let mut tensors = pending(&mut batch);
            let moments = *tensors[2].moments();
            tensors[2].set_moments(Moments {
                sum_sq,
                abs_max,
                ..moments
            });
            let mut states = lived_in(&method);
            let error = refuse(
                name,
                &method,
                &StepInputs::plain(3),
                &mut states,
                &mut tensors,
            );
            // NonFinite could be said too; what counts is that it is refused and by name.
            let named = matches!(error, Error::BadState { index: 2, .. });
            assert!(named, "{name}: {error:?}");
        }
    }
}

#[test]
fn behind_a_finite_limit_only_what_needs_no_moments_is_allowed() {
    for (name, method) in every_variant() {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        let limit = ClipValue::new(0.5);
        limit.decide(&mut tensors[2..]).expect("finite");
        let mut states = lived_in(&method);
        let inputs = StepInputs::plain(3);
        if method.follows_a_limit() {
            method.must_decide(name, &inputs, &mut states, &mut tensors);
        } else {
            let error = refuse(name, &method, &inputs, &mut states, &mut tensors);
            assert!(
                matches!(error, Error::Order { tensor: 2, .. }),
                "{name}: {error:?}"
            );
        }
    }
}

#[test]
fn once_applied_a_limit_is_no_obstacle_any_more() {
    for (name, method) in every_variant() {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        ClipValue::new(0.5).decide(&mut tensors).expect("finite");
        apply(&mut tensors).expect("in range");
        observe(&mut tensors).expect("finite");
        let mut states = method.states(3);
        method.must_decide(name, &StepInputs::plain(3), &mut states, &mut tensors);
    }
}

#[test]
fn the_number_of_states_must_be_that_of_the_tensors() {
    for (scope, wrong) in [(Scope::Tensor, [0, 1, 2, 4]), (Scope::Global, [0, 2, 3, 4])] {
        for count in wrong {
            let method = GradientStabilizer::default().with_scope(scope);
            let mut batch = three::<f32>();
            let mut tensors = pending(&mut batch);
            let norms = vec![
                NormState {
                    m: 0.5,
                    v: 0.3,
                    steps: 2,
                    skipped: 0
                };
                count
            ];
            let mut states = States {
                norms,
                ..States::default()
            };
            let method = AnyMethod::GradientStabilizer(method);
            let error = refuse(
                "states",
                &method,
                &StepInputs::plain(3),
                &mut states,
                &mut tensors,
            );
            let index = match scope {
                Scope::Tensor => count.min(3),
                _ => 0,
            };
            assert_eq!(
                error,
                Error::BadLength { index },
                "{count} states for {scope:?}"
            );
        }
    }
}

#[test]
fn the_number_of_parameters_must_be_that_of_the_tensors() {
    let agc = every_variant()
        .into_iter()
        .find(|(name, _)| *name == "agc")
        .expect("listed")
        .1;
    for count in [0, 1, 2, 4] {
        let mut batch = three::<f32>();
        let mut tensors = pending(&mut batch);
        let inputs = StepInputs::plain(count);
        let error = refuse("params", &agc, &inputs, &mut agc.states(3), &mut tensors);
        let index = count.min(3);
        assert_eq!(error, Error::BadLength { index }, "{count} parameters");
    }
}

#[test]
fn parameters_that_are_not_finite_are_refused_by_agc() {
    let mut params = [Moments::default(); 3];
    assert!(params[1].observe_chunk(&[1.0_f32, f32::INFINITY]).is_err());
    let mut batch = three::<f32>();
    let mut tensors = pending(&mut batch);
    let before = snapshot::tensors(&tensors);
    let result = trimtab::Agc::default().decide(&params, &mut tensors);
    assert_eq!(result.map_err(|e| e.status()), Err(Status::NonFinite));
    assert_eq!(snapshot::tensors(&tensors), before);
}

/// A scale that leaves the range of f64 is refused when it is decided; the last tensor alone has one pending.
#[test]
fn a_scale_beyond_f64_is_refused() {
    let mut batch = three::<f64>();
    let mut tensors = pending(&mut batch);
    let huge = Scale::new(1e300);
    huge.decide(&mut tensors[2..]).expect("still in range");
    let method = AnyMethod::Scale(huge);
    let error = refuse(
        "1e600",
        &method,
        &StepInputs::plain(3),
        &mut method.states(3),
        &mut tensors,
    );
    assert_eq!(error, Error::Overflow { tensor: 2 });
}

/// Norms whose squares leave the range of f64: whoever refuses them has advanced nothing, neither the states of the
/// tensors before nor their affines.
#[test]
fn norms_beyond_f64_are_refused_as_a_whole_or_not_at_all() {
    let mut refusing = Vec::new();
    for (name, method) in every_variant() {
        let mut batch = three::<f64>();
        let mut tensors = pending(&mut batch);
        let huge = Scale::new(1e300);
        huge.decide(&mut tensors[2..]).expect("in range");
        let mut states = lived_in(&method);
        let before = (snapshot::tensors(&tensors), snapshot::states(&states));
        let result = method.decide(&StepInputs::plain(3), &mut states, &mut tensors);
        if let Err(error) = result {
            let after = (snapshot::tensors(&tensors), snapshot::states(&states));
            assert!(
                before == after,
                "{name}: refused with {error:?}, and yet something moved"
            );
            assert_eq!(error.status(), Status::Overflow, "{name}");
            refusing.push(name);
        }
    }
    // Those whose state holds the square of the norm have to.
    for name in ["gradient_stabilizer", "stabilizer, global", "zclip"] {
        assert!(refusing.contains(&name), "{name} is not among {refusing:?}");
    }
}

/// Nothing to do is done without complaint: no tensors at all, and tensors without elements.
#[test]
fn no_tensors_and_empty_tensors_are_legal_everywhere() {
    for (name, method) in every_variant() {
        let mut states = method.states(0);
        let verdict = method.decide(&StepInputs::plain(0), &mut states, &mut []);
        assert_eq!(verdict, Ok(Verdict::Proceed), "{name} of no tensors");
        let mut batch = Batch::<f32>::random(&mut Random(52), &[0, 0]);
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect("empty");
        let mut states = method.states(2);
        let verdict = method.decide(&StepInputs::plain(2), &mut states, &mut tensors);
        assert_eq!(verdict, Ok(Verdict::Proceed), "{name} of empty tensors");
        apply(&mut tensors).expect(name);
    }
}

#[test]
fn counts_that_overflow_are_refused_and_leave_the_moments() {
    let full = Moments {
        count: u64::MAX - 1,
        sum: 1.0,
        sum_sq: 1.0,
        abs_max: 1.0,
    };
    let two = Moments { count: 2, ..full };
    let mut into = full;
    assert_eq!(into.merge(&two), Err(Error::BadLength { index: 1 }));
    assert_eq!(into, full);
    let streamed = into.observe_chunk(&[1.0_f32, 2.0]);
    assert_eq!(streamed, Err(Error::BadLength { index: 0 }));
    assert_eq!(into, full);
    into.observe_chunk(&[1.0_f32]).expect("just fits");
    assert_eq!(into.count, u64::MAX);
}

#[test]
fn moments_that_cannot_be_are_not_merged() {
    let good = Moments {
        count: 2,
        sum: 1.0,
        sum_sq: 1.0,
        abs_max: 1.0,
    };
    for bad in [
        Moments {
            sum_sq: -1.0,
            ..good
        },
        Moments {
            abs_max: -1.0,
            ..good
        },
    ] {
        let (mut into, mut spoilt) = (good, bad);
        assert_eq!(
            into.merge(&bad).map_err(|e| e.status()),
            Err(Status::BadState)
        );
        assert_eq!(
            spoilt.merge(&good).map_err(|e| e.status()),
            Err(Status::BadState)
        );
        assert_eq!(
            spoilt.observe_chunk(&[1.0_f32]).map_err(|e| e.status()),
            Err(Status::BadState)
        );
        assert_eq!((into, spoilt), (good, bad));
    }
}

/// Ranks must learn of each other's NaN, so moments that are not finite merge like any others.
#[test]
fn merging_keeps_what_is_not_finite() {
    let mut bad = Moments::default();
    assert!(bad.observe_chunk(&[f32::NAN, 2.0]).is_err());
    let mut into = Moments::default();
    into.observe_chunk(&[1.0_f32]).expect("finite");
    into.merge(&bad).expect("merges");
    assert!(!into.is_finite());
    assert_eq!((into.count, into.abs_max), (3, 2.0));
}
