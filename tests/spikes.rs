//! GradientStabilizer's spike bounds (arXiv 2502.17055v4, Lemma 3.4), for random and for extremal sequences of norms.
//!
//! With m, v the running averages of R and R^2, and without bias correction:
//!
//! * R >= kappa * m_before:  m/sqrt(v) <= (1-g1)/sqrt(1-g2) + g1/(kappa*sqrt(1-g2)), because v >= (1-g2) R^2;
//! * always, for g1^2 < g2:  m/sqrt(v) <= (1-g1)/sqrt(1-g2) * sqrt((1-q^t)/(1-q)) with q = g1^2/g2, by Cauchy-Schwarz
//!   on sum a_i R_i with a_i = (1-g1) g1^(t-i) and the weights b_i = (1-g2) g2^(t-i) of v.
//!
//! Equality holds where R_i is proportional to a_i/b_i, which is the growing sequence R_i = (g2/g1)^i: it is extremal at
//! every step at once. Bias correction multiplies by sqrt(1-g2^t)/(1-g1^t).

use proptest::prelude::*;
use trimtab::{GradientStabilizer, NormState, Scope, Tensor, apply, observe};

/// All quantities are f64 and relative errors add up over at most some hundred steps.
const ROUNDING: f64 = 1.0 + 1e-12;

/// Bound of the result's norm at step t for any sequence.
fn any_sequence(c: &GradientStabilizer, t: i32) -> f64 {
    let q = c.gamma1 * c.gamma1 / c.gamma2;
    let plain = (1.0 - c.gamma1) / (1.0 - c.gamma2).sqrt() * ((1.0 - q.powi(t)) / (1.0 - q)).sqrt();
    plain * correction(c, t)
}

/// Bound of the result's norm where R >= kappa * m.
fn at_a_spike(c: &GradientStabilizer, kappa: f64, t: i32) -> f64 {
    let root = (1.0 - c.gamma2).sqrt();
    ((1.0 - c.gamma1) / root + c.gamma1 / (kappa * root)) * correction(c, t)
}

fn correction(c: &GradientStabilizer, t: i32) -> f64 {
    match c.bias_correction {
        true => (1.0 - c.gamma2.powi(t)).sqrt() / (1.0 - c.gamma1.powi(t)),
        false => 1.0,
    }
}

/// The norm of the result for a gradient of norm R (3, 4 and 12 make 13).
fn stabilized_norm(c: &GradientStabilizer, state: &mut [NormState], r: f64) -> f64 {
    let mut data = [3.0, 4.0, 12.0].map(|x| x / 13.0 * r);
    let mut tensors = [Tensor::weight(&mut data)];
    observe(&mut tensors).expect("finite");
    c.decide(state, &mut tensors).expect("finite");
    apply(&mut tensors).expect("in range");
    data.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn both_corrections(gamma1: f64, gamma2: f64, eps: f64) -> [GradientStabilizer; 2] {
    [false, true].map(|bias_correction| {
        GradientStabilizer::default()
            .with_scope(Scope::Tensor)
            .with_gamma1(gamma1)
            .with_gamma2(gamma2)
            .with_eps(eps)
            .with_bias_correction(bias_correction)
    })
}

/// A run must stay below both bounds at every step.
fn check_run(c: &GradientStabilizer, norms: &[f64]) {
    let mut state = [NormState::default()];
    for (i, &r) in norms.iter().enumerate() {
        let before = state[0].m;
        let norm = stabilized_norm(c, &mut state, r);
        let t = i as i32 + 1;
        assert!(norm <= any_sequence(c, t) * ROUNDING, "step {t}: {norm}");
        if before > 0.0 {
            let kappa = r / before;
            assert!(
                norm <= at_a_spike(c, kappa, t) * ROUNDING,
                "step {t}, kappa {kappa}: {norm}"
            );
        }
        assert!(state[0].m.is_finite() && state[0].v.is_finite());
    }
}

#[test]
fn the_bound_at_the_defaults_is_15_816() {
    let c = GradientStabilizer::default().with_bias_correction(false);
    // Stated with three decimals.
    assert!(
        (any_sequence(&c, 1000) - 15.816).abs() <= 0.0005,
        "{}",
        any_sequence(&c, 1000)
    );
}

#[test]
fn extremal_sequences_reach_the_bound_and_do_not_pass_it() {
    for (gamma1, gamma2) in [(0.6, 0.999), (0.7, 0.9), (0.0, 0.5), (0.9, 0.82)] {
        for c in both_corrections(gamma1, gamma2, 0.0) {
            let growth = if gamma1 == 0.0 { 10.0 } else { gamma2 / gamma1 };
            let mut state = [NormState::default()];
            for t in 1..=60 {
                let norm = stabilized_norm(&c, &mut state, f64::powi(growth, t));
                let bound = any_sequence(&c, t);
                assert!(
                    norm <= bound * ROUNDING,
                    "{c:?} step {t}: {norm} above {bound}"
                );
                // gamma1 = 0 reaches its bound, 1/sqrt(1-gamma2), only after infinite growth.
                let reached = gamma1 == 0.0 || norm >= bound * (1.0 - 1e-9);
                assert!(reached, "{c:?} step {t}: {norm} short of {bound}");
            }
        }
    }
}

#[test]
fn one_spike_after_a_calm_run_is_bounded_however_high() {
    for c in both_corrections(0.6, 0.999, 1e-12) {
        for exponent in [1, 3, 6, 30, 100, 140] {
            let mut norms = vec![1.0; 50];
            norms.push(f64::powi(10.0, exponent));
            norms.extend([1.0; 50]);
            check_run(&c, &norms);
        }
    }
}

/// The authors' blind spot: in f32 the norm of this spike overflows, and it reaches the optimizer as it is.
#[test]
fn a_finite_f32_spike_of_1e30_is_bounded_and_the_state_stays_finite() {
    let c = GradientStabilizer::default();
    for scope in [Scope::Tensor, Scope::Global] {
        let c = c.with_scope(scope);
        let mut state = [NormState::default()];
        for t in 1..=40 {
            let height = if t == 20 { 1e30 } else { 0.01 };
            let mut data = [1.0_f32, -2.0, 2.0].map(|x| x * height);
            let mut tensors = [Tensor::bias(&mut data)];
            observe(&mut tensors).expect("finite");
            c.decide(&mut state, &mut tensors).expect("finite");
            apply(&mut tensors).expect("in range");
            let norm = data
                .iter()
                .map(|&x| f64::from(x).powi(2))
                .sum::<f64>()
                .sqrt();
            // f32 rounds every element once.
            let rounding = 1.0 + f64::exp2(-23.0);
            assert!(
                norm > 0.0 && norm <= any_sequence(&c, t) * rounding,
                "step {t}: {norm}"
            );
            assert!(
                state[0].m.is_finite() && state[0].v.is_finite(),
                "step {t}: {state:?}"
            );
            assert_eq!((state[0].steps, state[0].skipped), (t as u64, 0));
        }
    }
}

fn norms() -> impl Strategy<Value = Vec<f64>> {
    let norm = (-8.0..8.0_f64).prop_map(|decade| f64::powf(10.0, decade));
    prop::collection::vec(norm, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn random_sequences_stay_below_both_bounds(norms in norms()) {
        for c in both_corrections(0.6, 0.999, 1e-12) {
            check_run(&c, &norms);
        }
    }

    #[test]
    fn and_with_other_decays(norms in norms(), gamma2 in 0.3..0.9999_f64, share in 0.0..0.99_f64) {
        // share < 1 keeps gamma1^2 < gamma2.
        for c in both_corrections(share * gamma2.sqrt(), gamma2, 0.0) {
            check_run(&c, &norms);
        }
    }
}
