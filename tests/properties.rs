//! What the methods promise, for any gradients: equivariance, direction, standard deviation, norms.
//!
//! GradientStabilizer's spike bounds have a file of their own (`spikes.rs`), autoscale's map too (`autoscale.rs`).

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::chain::Inputs;
use common::compare;
use common::data::{Random, bits, values};
use common::library::Running;
use common::methods::every_setting;
use common::number::Real;
use common::table::Setting;
use oracle::statistics;
use proptest::prelude::*;
use trimtab::{
    Adam, Agc, ClipNorm, GradientStabilizer, Moments, NormState, Scope, Slot, StableGrad,
    StepState, Tensor, Zclip, ZclipState, Znorm, apply, observe,
};

/// Enough cases to move every exponent and length about, few enough for a debug build.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    }
}

/// A weight gradient: a length, a seed for its elements and a decimal exponent.
fn gradient() -> impl Strategy<Value = Vec<f32>> {
    (2_usize..200, any::<u64>(), -8.0..8.0_f64).prop_map(|(len, seed, decade)| {
        let scale = f64::powf(10.0, decade);
        Random(seed).elements(len, 0.3 * scale, scale)
    })
}

/// The gradient after what `decide` does to it as the only tensor, a weight.
fn after<T: Real>(data: &[T], decide: impl FnOnce(&mut [Tensor])) -> Vec<T> {
    let mut copy = data.to_vec();
    let mut tensors = [Tensor::weight(&mut copy)];
    observe(&mut tensors).expect("finite");
    decide(&mut tensors);
    apply(&mut tensors).expect("in range");
    copy
}

fn times(data: &[f32], factor: f32) -> Vec<f32> {
    data.iter().map(|x| x * factor).collect()
}

/// A gradient and the same one times 2^k must come out as the same bits: all sums, roots of even powers and divisions
/// scale exactly. (The root of the sum of squares scales by 2^k because the sum scales by 4^k.)
fn same_bits_for_any_power(data: &[f32], k: i32, decide: impl Fn(&mut [Tensor])) {
    let scaled = times(data, f32::exp2(k as f32));
    assert_eq!(bits(&after(data, &decide)), bits(&after(&scaled, &decide)));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn stable_grad_does_not_see_the_scale(data in gradient(), k in -60..60_i32) {
        let method = StableGrad::default();
        same_bits_for_any_power(&data, k, |t| method.decide(0.25, t).unwrap());
    }

    #[test]
    fn znorm_without_eps_does_not_see_the_scale(data in gradient(), k in -60..60_i32) {
        let method = Znorm::default().with_eps(0.0);
        same_bits_for_any_power(&data, k, |t| method.decide(t).unwrap());
    }

    #[test]
    fn a_stabilizer_without_eps_does_not_see_the_scale_of_a_run(
        run in prop::collection::vec(gradient(), 1..6), k in -60..60_i32,
    ) {
        let factor = f32::exp2(k as f32);
        let config = GradientStabilizer::default().with_eps(0.0);
        let (mut plain, mut scaled) = ([NormState::default()], [NormState::default()]);
        for data in &run {
            let a = after(data, |t| config.decide(&mut plain, t).unwrap());
            let b = after(&times(data, factor), |t| config.decide(&mut scaled, t).unwrap());
            prop_assert_eq!(bits(&a), bits(&b));
        }
    }

    #[test]
    fn clip_norm_scales_with_its_maximum(data in gradient(), k in -60..60_i32, share in 0.1..2.0_f64) {
        let norm = statistics::norm(&values(&data));
        let factor = f32::exp2(k as f32);
        let clip = |max_norm, t: &mut [Tensor]| ClipNorm::global(max_norm).decide(t).unwrap();
        let a = after(&data, |t| clip(share * norm, t));
        let b = after(&times(&data, factor), |t| clip(share * norm * f64::from(factor), t));
        prop_assert_eq!(bits(&times(&a, factor)), bits(&b));
    }

    #[test]
    fn agc_scales_with_parameters_and_gradients(data in gradient(), k in -60..60_i32) {
        let factor = f32::exp2(k as f32);
        let with = |w: &[f32], t: &mut [Tensor]| {
            let mut params = [Moments::default()];
            params[0].observe_chunk(w).unwrap();
            Agc::default().with_eps(0.0).decide(&params, t).unwrap();
        };
        let w = [1.5_f32, -0.5, 2.0];
        let a = after(&data, |t| with(&w, t));
        let b = after(&times(&data, factor), |t| with(&times(&w, factor), t));
        prop_assert_eq!(bits(&times(&a, factor)), bits(&b));
    }

    #[test]
    fn zclip_without_eps_scales_with_the_run(
        run in prop::collection::vec(gradient(), 3..8), k in -60..60_i32,
    ) {
        let factor = f32::exp2(k as f32);
        let config = Zclip::default().with_eps(0.0).with_warmup(2);
        let (mut plain, mut scaled) = (ZclipState::default(), ZclipState::default());
        for data in &run {
            let a = after(data, |t| config.decide(&mut plain, t).unwrap());
            let b = after(&times(data, factor), |t| config.decide(&mut scaled, t).unwrap());
            prop_assert_eq!(bits(&times(&a, factor)), bits(&b));
        }
    }

    #[test]
    fn the_direction_is_kept(data in gradient()) {
        for method in every_setting().filter(keeps_direction) {
            let result = after(&data, |t| {
                let params = Inputs::plain(1).moments();
                Running::new(method.clone(), 1).must_decide("direction", &params, t);
            });
            let (g, y) = (values(&data), values(&result));
            // The best factor in the sense of least squares; every element must agree with it.
            let dot: f64 = g.iter().zip(&y).map(|(g, y)| g * y).sum();
            let factor = dot / statistics::sum_sq(&g);
            let proportional: Vec<f64> = g.iter().map(|x| x * factor).collect();
            compare::written(method.of.name, &result, &proportional);
            prop_assert!(factor > 0.0, "{:?} turns the gradient round", method);
        }
    }

    #[test]
    fn the_standard_deviation_becomes_the_reference(data in gradient(), decade in -10.0..4.0_f64) {
        let reference = f64::powf(10.0, decade);
        let result = after(&data, |t| StableGrad::default().decide(reference, t).unwrap());
        let result = values(&result);
        // The scale is rounded to f32, then every element, by at most 2^-24 each of its own magnitude, so the root of
        // the sum of squared deviations moves by at most 2^-23 of the norm.
        let bound = f64::exp2(-23.0) * statistics::norm(&result) / (result.len() as f64 - 1.0).sqrt();
        let off = (statistics::std(&result) - reference).abs();
        prop_assert!(off <= 1.01 * bound, "off by {off:e}, allowed {bound:e}");
    }

    #[test]
    fn znorm_leaves_mean_0_and_standard_deviation_1(data in gradient()) {
        let result = after(&data, |t| Znorm::default().with_eps(0.0).decide(t).unwrap());
        let result = values(&result);
        let n = result.len() as f64;
        // Rounding to f32 moves every element by at most 2^-24 of the largest, which is at most sqrt(n).
        prop_assert!(statistics::mean(&result).abs() <= f64::exp2(-24.0) * n.sqrt());
        prop_assert!((statistics::std(&result) - 1.0).abs() <= f64::exp2(-22.0));
    }

    #[test]
    fn clipped_norms_stay_below_the_maximum(data in gradient(), decade in -6.0..6.0_f64) {
        let max_norm = f64::powf(10.0, decade);
        for scope in [Scope::Tensor, Scope::Global] {
            let result = after(&data, |t| ClipNorm::new(max_norm, scope).decide(t).unwrap());
            let norm = statistics::norm(&values(&result));
            // One rounding to f32 an element.
            prop_assert!(norm <= max_norm * (1.0 + f64::exp2(-23.0)), "{norm} above {max_norm}");
            if statistics::norm(&values(&data)) <= max_norm {
                prop_assert_eq!(bits(&result), bits(&data), "what is small enough is left alone");
            }
        }
    }
}

/// Methods whose result is the gradient times a positive number.
fn keeps_direction(method: &Setting) -> bool {
    let kept = [
        "unscale",
        "stable_grad",
        "gradient_stabilizer",
        "clip_norm",
        "agc",
        "zclip",
        "guard",
    ];
    kept.contains(&method.of.name)
}

/// One Adam step from zero parameters and moments, behind StableGrad or not.
fn first_step(data: &[f64], eps: f64, reference: Option<f64>) -> Vec<f64> {
    let mut gradient = data.to_vec();
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    if let Some(reference) = reference {
        let method = StableGrad::default();
        method.decide(reference, &mut tensors).expect("finite");
    }
    let n = data.len();
    let (mut w, mut m, mut v) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let adam = Adam::default().with_eps(eps);
    let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
    adam.step(&mut StepState::default(), &mut tensors, &mut slots[..])
        .expect("in range");
    w
}

/// The first step of Adam is lr * g / (|g| + eps): a factor on g disappears as eps goes to 0.
#[test]
fn stable_grad_disappears_from_the_first_adam_step_as_eps_goes_to_0() {
    let data: Vec<f64> = Random(11).elements(100, 0.0, 3e-5);
    let gap = |eps| {
        let (plain, behind) = (
            first_step(&data, eps, None),
            first_step(&data, eps, Some(0.7)),
        );
        plain
            .iter()
            .zip(&behind)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let gaps = [1e-4, 1e-6, 1e-8, 1e-10, 1e-12].map(gap);
    assert!(gaps.windows(2).all(|pair| pair[1] < pair[0]), "{gaps:?}");
    // lr = 1e-3: without eps both are lr * sign(g) up to some roundings of 2^-53.
    assert!(gap(0.0) <= 1e-3 * 16.0 * f64::EPSILON, "{:e}", gap(0.0));
}
