//! What is told as 0 is written as 0: a gradient whose squares about the mean are rounding is silenced by centring.
//!
//! And how exact the variance is of a gradient whose mean is much larger than its standard deviation.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::list::every_variant;
use common::method::{AnyMethod, StepInputs};
use common::number::Real;
use common::random::Random;
use proptest::prelude::*;
use trimtab::{
    Autoscale, AutoscaleState, Centralize, ClipNorm, GradientStabilizer, Moments, NormState, Scope,
    Tensor, apply, observe,
};

type Method<'a> = &'a dyn Fn(&mut [Tensor]);

/// `mean` and the next number of the type above it, in turn.
fn one_ulp_of_noise<T: Real>(mean: f64, len: usize) -> Vec<T> {
    let low = T::nearest(mean);
    let high = T::exact(low.value() + T::ulp(mean));
    (0..len)
        .map(|i| if i % 2 == 0 { low } else { high })
        .collect()
}

/// Centring, then each method that looks at a norm: zeros are told, and zeros are written.
fn silenced<T: Real>(data: &[T]) {
    let clip = |scope| ClipNorm::new(1.0, scope);
    let methods: [(&str, Method); 5] = [
        ("nothing", &|_| ()),
        ("clip_norm", &|t| {
            clip(Scope::Tensor).decide(t).expect("in range")
        }),
        ("clip_norm, global", &|t| {
            clip(Scope::Global).decide(t).expect("in range")
        }),
        ("gradient_stabilizer", &|t| {
            let mut states = [NormState::default()];
            GradientStabilizer::default()
                .decide(&mut states, t)
                .expect("in range");
            assert_eq!((states[0].steps, states[0].skipped), (0, 1));
        }),
        ("autoscale", &|t| {
            let mut state = AutoscaleState::default();
            Autoscale::default()
                .decide(&mut state, t)
                .expect("in range");
            assert_eq!(state, AutoscaleState::default());
        }),
    ];
    for (name, method) in methods {
        let mut data = data.to_vec();
        let mut grads = [Tensor::weight(&mut data)];
        observe(&mut grads).expect("finite");
        Centralize::default().decide(&mut grads).expect("in range");
        method(&mut grads);
        let outlook = grads[0].outlook();
        assert_eq!(
            (outlook.norm(), outlook.mean(), outlook.abs_max()),
            (0.0, 0.0, 0.0),
            "{name}"
        );
        assert_eq!(
            grads[0].moments().through(grads[0].affine()).sum_sq,
            0.0,
            "{name}"
        );
        apply(&mut grads).expect("zeros");
        assert!(data.iter().all(|x| x.value() == 0.0), "{name}, {}", T::NAME);
    }
}

/// Half an ulp, the standard deviation, is at most 2^-24 of the mean, and of 1e10 500 is 2^-24.3: below 2^-22.
#[test]
fn noise_about_a_large_mean_is_silenced() {
    for mean in [1e20, 1.0, 3e-20] {
        silenced(&one_ulp_of_noise::<f32>(mean, 1000));
        silenced(&one_ulp_of_noise::<f64>(mean, 1000));
    }
    let noisy: Vec<f64> = (0..1000)
        .map(|i| {
            if i % 2 == 0 {
                1e10 + 500.0
            } else {
                1e10 - 500.0
            }
        })
        .collect();
    silenced(&noisy);
}

/// The mean of three times 0.1 is not 0.1 in f64.
#[test]
fn a_constant_and_a_single_element_are_silenced() {
    for len in [1, 2, 3, 7, 1000] {
        silenced(&vec![0.1_f32; len]);
        silenced(&vec![0.1_f64; len]);
    }
}

/// Autoscale centres by itself, and what it leaves counts as 0 in its own standard deviation, too.
#[test]
fn autoscale_silences_what_it_does_not_count() {
    let (mut noise, mut signal) = (one_ulp_of_noise::<f32>(1e20, 8), [1.0_f32, -1.0]);
    let mut grads = [Tensor::weight(&mut noise), Tensor::weight(&mut signal)];
    observe(&mut grads).expect("finite");
    let mut state = AutoscaleState::default();
    Autoscale::default()
        .decide(&mut state, &mut grads)
        .expect("in range");
    // Only the two elements of the second count, among ten: sqrt(2 / 9).
    assert!((state.sigma - (2.0_f64 / 9.0).sqrt()).abs() < 1e-12);
    apply(&mut grads).expect("in range");
    assert!(noise.iter().all(|x| *x == 0.0) && signal[0] > 0.0);
}

/// Just above the threshold a gradient is one: the relative standard deviation of +-1 about 2^21 is 2^-21, twice 2^-22.
#[test]
fn what_is_above_the_threshold_is_centred() {
    let (mean, far) = (f64::exp2(21.0), f64::exp2(23.0));
    for (mean, kept) in [(mean, true), (far, false)] {
        let mut data = [mean + 1.0, mean - 1.0, mean + 1.0, mean - 1.0];
        let mut grads = [Tensor::weight(&mut data)];
        observe(&mut grads).expect("finite");
        Centralize::default().decide(&mut grads).expect("in range");
        apply(&mut grads).expect("in range");
        let expected = if kept {
            [1.0, -1.0, 1.0, -1.0]
        } else {
            [0.0; 4]
        };
        assert_eq!(data, expected, "about {mean}");
    }
}

/// The figures of `Moments::std`: the relative error of the variance is about 2^-52 * (mean/std)^2.
///
/// Of 64 elements, each lane adds two, and the tree five times: eight roundings of 2^-53 in the sum of squares, with that
/// of the square, and twice seven and three more in sum * (sum/n). All are relative to about n*mean^2, so that the
/// variance is off by at most 25 * 2^-53 * (mean/std)^2.
#[test]
fn the_variance_about_a_large_mean_has_the_digits_documented() {
    let mut random = Random(51);
    for ratio in [1e2, 1e4, 1e6] {
        for _ in 0..200 {
            // Multiples of 2^-20, so that mean + deviation is exact and the exact variance can be had from deviations.
            let deviations: Vec<f64> = (0..64)
                .map(|_| (random.between(-1.8, 1.8) * 1048576.0).round() / 1048576.0)
                .collect();
            let data: Vec<f64> = deviations.iter().map(|d| ratio + d).collect();
            let mut moments = Moments::default();
            moments.observe_chunk(&data).expect("finite");
            let middle = deviations.iter().sum::<f64>() / 64.0;
            let exact = deviations
                .iter()
                .map(|d| (d - middle) * (d - middle))
                .sum::<f64>()
                / 63.0;
            let off = (moments.std() * moments.std() / exact - 1.0).abs();
            let about = f64::exp2(-52.0) * ratio * ratio / exact;
            assert!(
                off <= 12.5 * about,
                "mean/std {ratio:e}: {off:e}, allowed {:e}",
                12.5 * about
            );
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(128)
    }
}

proptest! {
    #![proptest_config(config())]

    /// Gradients whose noise lies on both sides of the threshold, behind chains of up to four methods.
    #[test]
    fn after_any_chain_a_norm_of_0_means_zeros(
        links in prop::collection::vec(0..every_variant().len(), 0..4),
        centre_at in 0_usize..4, len in 1_usize..70, seed in any::<u64>(), decade in -12.0..-2.0_f64,
    ) {
        after_a_chain::<f32>(&links, centre_at, len, seed, decade);
        after_a_chain::<f64>(&links, centre_at, len, seed, decade);
    }
}

fn after_a_chain<T: Real>(links: &[usize], centre_at: usize, len: usize, seed: u64, decade: f64) {
    let mut random = Random(seed);
    let noise = f64::powf(10.0, decade);
    let mut data: Vec<T> = (0..len)
        .map(|_| T::nearest(3.0 + noise * random.between(-1.0, 1.0)))
        .collect();
    let inputs = StepInputs::plain(1);
    let mut methods: Vec<AnyMethod> = links.iter().map(|&link| every_variant()[link].1).collect();
    methods.insert(
        centre_at.min(methods.len()),
        AnyMethod::Centralize(Centralize::default()),
    );
    let mut grads = [Tensor::weight(&mut data)];
    observe(&mut grads).expect("finite");
    for method in methods {
        // What is refused, for its order, changes nothing.
        let _ = method.decide(&inputs, &mut method.states(1), &mut grads);
    }
    let norm = grads[0].outlook().norm();
    apply(&mut grads).expect("in range");
    let zeros = data.iter().all(|x| x.value() == 0.0);
    assert!(
        zeros || norm > 0.0,
        "{links:?}: told as 0, and written {:e}",
        data[0].value()
    );
}
