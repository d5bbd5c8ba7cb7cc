//! Autoscale's map from the global standard deviation to alpha, and the mean it leaves.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random, values};
use common::number::Real;
use oracle::{Role as OracleRole, statistics};
use proptest::prelude::*;
use trimtab::{Autoscale, AutoscaleState, Role, Tensor, apply, observe};

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    }
}

/// The state after a step whose only weight gradient has standard deviation sigma (n = 2: -s, s with s = sigma/sqrt 2).
fn step(mut state: AutoscaleState, sigma: f64) -> AutoscaleState {
    let s = sigma / f64::sqrt(2.0);
    let mut data = [-s, s];
    let mut tensors = [Tensor::weight(&mut data)];
    observe(&mut tensors).expect("finite");
    Autoscale::default()
        .decide(&mut state, &mut tensors)
        .expect("finite");
    state
}

/// Standard deviations over as many decades as f64 squares allow.
fn sigma() -> impl Strategy<Value = f64> {
    (-140.0..140.0_f64).prop_map(|decade| f64::powf(10.0, decade))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_first_alpha_lies_between_1_over_e_and_1(sigma in sigma()) {
        let state = step(AutoscaleState::default(), sigma);
        prop_assert!(state.alpha > (-1.0_f64).exp() && state.alpha <= 1.0, "{state:?}");
        prop_assert!(state.exponent > 0.0 && state.exponent <= 1.0, "{state:?}");
        prop_assert_eq!(state.steps, 1);
    }

    #[test]
    fn every_later_alpha_lies_between_0_and_1(first in sigma(), later in sigma()) {
        let before = step(AutoscaleState::default(), first);
        let after = step(before, later);
        prop_assert!(after.alpha > 0.0 && after.alpha <= 1.0, "{after:?}");
        prop_assert_eq!(after.exponent.to_bits(), before.exponent.to_bits(), "fixed at the first step");
    }

    #[test]
    fn alpha_grows_with_sigma(first in sigma(), a in sigma(), b in sigma()) {
        let state = step(AutoscaleState::default(), first);
        let (low, high) = (step(state, a.min(b)), step(state, a.max(b)));
        prop_assert!(low.alpha <= high.alpha, "{low:?} {high:?}");
    }

    #[test]
    fn the_map_is_the_documented_one(first in sigma(), later in sigma()) {
        let mut expected = oracle::adaptive::AutoscaleState::default();
        let mut actual = AutoscaleState::default();
        for sigma in [first, later] {
            expected = oracle::adaptive::autoscale_factor(expected, sigma);
            actual = step(actual, sigma);
            // Logarithms, a power and a root of f64; the power multiplies relative errors by |ln| < 330.
            prop_assert!((actual.alpha - expected.alpha).abs() <= 1e-12 * expected.alpha, "{actual:?} {expected:?}");
            prop_assert!((actual.exponent - expected.exponent).abs() <= 1e-13 * expected.exponent);
        }
    }
}

#[test]
fn the_mean_of_every_weight_is_0_after_it() {
    for_every_dtype!(means_are_0);
}

fn means_are_0<T: Real>() {
    let mut batch = Batch::<T>::random(&mut Random(21), &[40, 7, 33, 5, 1, 1, 1000, 3]);
    let before = batch.clone();
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    Autoscale::default()
        .decide(&mut AutoscaleState::default(), &mut tensors)
        .expect("finite");
    let weights = |t: &&Tensor| t.role() == Role::Weight;
    assert!(
        tensors
            .iter()
            .filter(weights)
            .all(|t| t.outlook().mean() == 0.0)
    );
    apply(&mut tensors).expect("in range");
    drop(tensors);
    for ((role, after), before) in batch.roles.iter().zip(&batch.data).zip(&before.data) {
        if *role == Role::Bias {
            assert_eq!(after, before, "biases are left alone");
            continue;
        }
        let after = values(after);
        // Every element is rounded by half an ulp of the largest at most, and so is their mean (plus f64's own).
        let allowed = 0.5 * T::ulp(statistics::abs_max(&after))
            + 1e-14 * statistics::abs_max(&values(before));
        assert!(
            statistics::mean(&after).abs() <= allowed,
            "{}: {after:?}",
            T::NAME
        );
    }
}

#[test]
fn a_step_without_deviation_teaches_nothing_and_silences_its_weights() {
    let mut state = step(AutoscaleState::default(), 0.01);
    let before = state;
    let (mut weight, mut bias) = ([0.1_f32; 5], [3.0_f32, -1.0]);
    let mut tensors = [Tensor::weight(&mut weight), Tensor::bias(&mut bias)];
    observe(&mut tensors).expect("finite");
    Autoscale::default()
        .decide(&mut state, &mut tensors)
        .expect("finite");
    assert_eq!(state, before);
    assert_eq!(
        (tensors[0].affine().scale, tensors[1].affine().scale),
        (0.0, 1.0)
    );
    assert_eq!(
        tensors[0].outlook().norm(),
        0.0,
        "centred constants have no norm left"
    );
}

#[test]
fn sigma_runs_over_all_weights_together() {
    let mut batch = Batch::<f64>::random(&mut Random(22), &[40, 7, 33, 5, 9]);
    let centred = batch
        .exact()
        .into_iter()
        .filter(|g| g.role == OracleRole::Weight);
    let deviations: Vec<f64> = centred
        .map(|g| statistics::deviation_sq(&g.values))
        .collect();
    let expected = (deviations.iter().sum::<f64>() / (40.0 + 33.0 + 9.0 - 1.0)).sqrt();
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    let mut state = AutoscaleState::default();
    Autoscale::default()
        .decide(&mut state, &mut tensors)
        .expect("finite");
    // Sums of 82 well-conditioned f64 numbers.
    assert!(
        (state.sigma - expected).abs() <= 1e-14 * expected,
        "{} {expected}",
        state.sigma
    );
}
