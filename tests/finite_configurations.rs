//! No accepted configuration writes anything infinite: parameters up to the fourth root of the largest finite value, and
//! buffers that steps with the same configuration have left, stay finite at every gradient that is accepted.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::number::Real;
use common::random::Random;
use proptest::prelude::*;
use trimtab::{Adam, Error, Parameter, Sgd, Slot, StepState, Tensor, observe};

const OVERFLOW: Result<(), Error> = Err(Error::Overflow { tensor: 0 });

/// The largest parameter that the promise is for.
fn largest_parameter<P: Real>() -> f64 {
    P::LARGEST.sqrt().sqrt()
}

/// A configuration's step on parameters, both buffers and a gradient.
trait Step {
    fn step(&self, state: &mut StepState, grads: &mut [Tensor], slot: Slot) -> Result<(), Error>;
}

impl Step for Adam {
    fn step(&self, state: &mut StepState, grads: &mut [Tensor], slot: Slot) -> Result<(), Error> {
        self.step(state, grads, &mut [slot])
    }
}

impl Step for Sgd {
    fn step(&self, state: &mut StepState, grads: &mut [Tensor], slot: Slot) -> Result<(), Error> {
        self.step(state, grads, &mut [slot])
    }
}

/// Steps over these gradients, from parameters set back within the promise whenever they leave it; how many were taken.
fn steps<P: Real + Parameter>(optimizer: &impl Step, gradients: &[P]) -> usize {
    let most = P::nearest(0.999 * largest_parameter::<P>());
    let least = P::exact(-most.value());
    let start = [most, least, P::exact(0.0), P::exact(1.0)];
    let zeros = [P::exact(0.0); 4];
    let (mut w, mut first, mut second, mut state) = (start, zeros, zeros, StepState::default());
    let mut accepted = 0;
    for &g in gradients {
        let mut gradient = [g; 4];
        let mut grads = [Tensor::weight(&mut gradient)];
        observe(&mut grads).expect("finite");
        match optimizer.step(
            &mut state,
            &mut grads,
            Slot::adam(&mut w, &mut first, &mut second),
        ) {
            Ok(()) => accepted += 1,
            refused => assert_eq!(refused, OVERFLOW),
        }
        let all = w.iter().chain(&first).chain(&second);
        let finite = all.clone().all(|x| x.value().is_finite());
        assert!(
            finite,
            "after {accepted} steps at {:e}: {w:?} {first:?} {second:?}",
            g.value()
        );
        for (w, start) in w.iter_mut().zip(start) {
            if w.value().abs() > most.value() {
                *w = start;
            }
        }
    }
    accepted
}

/// A number of either sign and any size the type has.
fn anything<P: Real>(random: &mut Random, largest: f64) -> f64 {
    let size = f64::exp2(random.between(P::tiniest().log2(), largest.log2()));
    if random.below(2) == 0 { size } else { -size }
}

/// One of these, or anything.
fn one_of<P: Real>(random: &mut Random, usual: &[f64]) -> f64 {
    match random.below(2 * usual.len()) {
        i if i < usual.len() => usual[i],
        _ => anything::<P>(random, P::LARGEST),
    }
}

const BETAS: [f64; 8] = [0.0, 0.1, 0.5, 0.8, 0.9, 0.999, 0.999_999, 1.0 - 1e-9];

fn an_adam<P: Real>(random: &mut Random) -> Adam {
    Adam::default()
        .with_lr(one_of::<P>(random, &[1e-3, 0.0, 1.0]))
        .with_beta1(BETAS[random.below(8)])
        .with_beta2(BETAS[random.below(8)])
        .with_eps(one_of::<P>(random, &[1e-8, 0.0, 1e-30]).abs())
        .with_weight_decay(one_of::<P>(random, &[0.0, 0.01]))
        .with_decoupled(random.below(2) == 0)
}

fn an_sgd<P: Real>(random: &mut Random) -> Sgd {
    let nesterov = random.below(3) == 0;
    Sgd::default()
        .with_lr(one_of::<P>(random, &[1e-2, 0.0, 1.0]))
        .with_momentum(if nesterov {
            0.9
        } else {
            BETAS[random.below(8)]
        })
        .with_dampening(if nesterov { 0.0 } else { random.unit() })
        .with_weight_decay(one_of::<P>(random, &[0.0, 0.01]))
        .with_nesterov(nesterov)
}

/// Gradients of all sizes, then one size for long: what was large must not come back later.
fn gradients<P: Real>(random: &mut Random) -> Vec<P> {
    let largest = [P::LARGEST, P::LARGEST.sqrt(), 1.0][random.below(3)];
    let mut all: Vec<P> = (0..8)
        .map(|_| P::nearest(anything::<P>(random, largest)))
        .collect();
    let last = [P::exact(0.0), all[random.below(8)]][random.below(2)];
    all.extend([last; 24]);
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn adam_stays_finite_in_every_configuration(seed in any::<u64>()) {
        let mut random = Random(seed);
        steps::<f32>(&an_adam::<f32>(&mut random), &gradients::<f32>(&mut random));
        steps::<f64>(&an_adam::<f64>(&mut random), &wide(&mut random));
    }

    #[test]
    fn sgd_stays_finite_in_every_configuration(seed in any::<u64>()) {
        let mut random = Random(seed);
        steps::<f32>(&an_sgd::<f32>(&mut random), &gradients::<f32>(&mut random));
        steps::<f64>(&an_sgd::<f64>(&mut random), &wide(&mut random));
    }
}

/// In f64 what counts as finite ends at 1e150.
fn wide(random: &mut Random) -> Vec<f64> {
    let clamped = gradients::<f64>(random)
        .into_iter()
        .map(|g| g.clamp(-1e150, 1e150));
    clamped.collect()
}

/// What made infinity once. The bounds: weight_decay times 4.2e9 within f32; lr * weight_decay times that, too; and a
/// gradient within half of f32 times eps / lr, 1.7e11.
#[test]
fn configurations_that_no_training_can_mean_are_refused() {
    let sgd = Sgd::default().with_weight_decay(3e38);
    assert_eq!(steps::<f32>(&sgd, &[1e-3]), 0);
    let adamw = Adam::default().with_lr(1e19).with_weight_decay(1e19);
    assert_eq!(steps::<f32>(&adamw, &[1e-3]), 0);
    let forgetful = Adam::default().with_beta2(0.0).with_eps(1e-30);
    assert_eq!(steps::<f32>(&forgetful, &[1e16]), 0);
    assert_eq!(steps::<f32>(&forgetful, &[1e10, 0.0, 0.0]), 3);
    // The square of 8e-22, times 0.001, is 0 in f32: nothing but this eps is left under 1e16 * 8e-23.
    let tiny = Adam::default().with_lr(1e15).with_eps(f32::tiniest());
    assert_eq!(steps::<f32>(&tiny, &[8e-22]), 0);
    assert_eq!(steps::<f32>(&tiny, &[2e-23]), 1);
}

/// Where the bounds end, from their formulas.
#[test]
fn bounds_are_where_they_are_said_to_be() {
    let (most, w) = (f64::from(f32::MAX), largest_parameter::<f32>());
    for (factor, accepted) in [(0.99, 1), (1.01, 0)] {
        let sgd = Sgd::default().with_weight_decay(factor * most / w);
        assert_eq!(steps::<f32>(&sgd, &[0.0]), accepted, "sgd, {factor}");
        let adamw = Adam::default()
            .with_lr(1e10)
            .with_weight_decay(-factor * most / 4.0 / w / 1e10);
        assert_eq!(
            steps::<f32>(&adamw, &[0.0]),
            accepted,
            "decoupled, {factor}"
        );
        let coupled = Adam::default()
            .with_weight_decay(factor * most.sqrt() / w)
            .with_decoupled(false);
        assert_eq!(
            steps::<f32>(&coupled, &[0.0]),
            accepted,
            "coupled, {factor}"
        );
        // In the first step the rate is lr / (1 - 0.9).
        let forgetful = Adam::default().with_beta2(0.0).with_eps(1e-30);
        let room = most / 2.0 * 1e-30 / 1e-2;
        assert_eq!(
            steps::<f32>(&forgetful, &[(factor * room) as f32]),
            accepted,
            "room, {factor}"
        );
    }
}

/// Ordinary configurations lose nothing: only the square of the gradient bounds it.
#[test]
fn ordinary_configurations_take_every_gradient_that_can_be_squared() {
    for (beta1, beta2) in [
        (0.9, 0.999),
        (0.9, 0.8),
        (0.5, 0.9),
        (0.0, 0.999),
        (0.99, 0.9),
    ] {
        for (lr, weight_decay) in [(1e-5, 0.0), (1e-3, 0.01), (1.0, 0.1)] {
            for decoupled in [false, true] {
                let adam = Adam::default()
                    .with_lr(lr)
                    .with_beta1(beta1)
                    .with_beta2(beta2)
                    .with_weight_decay(weight_decay)
                    .with_decoupled(decoupled);
                assert_eq!(
                    steps::<f32>(&adam, &[1.84e19, 1.0, -1.84e19, 1e-30]),
                    4,
                    "{adam:?}"
                );
            }
        }
    }
}
