//! Gradients in half precision with a loss scale, as mixed-precision training has them.
//!
//! The loss is multiplied by a power of two before the backward pass, so that small gradients do not vanish in f16;
//! trimtab divides by it again without touching the data. A gradient that overflows makes the guard skip the step.
//! The scale follows the usual rule: it starts at 2^16, is halved after a skipped step and doubled after 2000 good ones
//! in a row. Here the network itself computes in f32; a power of two commutes with that to the bit, so the scale is
//! multiplied in where the gradients are rounded to f16.

use crate::network::Network;
use serde::{Deserialize, Serialize};
use trimtab::{Error, Guard, GuardState, Tensor, Unscale, Verdict, f16};

/// The type in which gradients reach trimtab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Single precision, no loss scale.
    #[default]
    F32,
    /// Half precision with a dynamic loss scale.
    F16,
}

/// Good steps in a row after which the scale is doubled.
const GROWTH_INTERVAL: usize = 2000;
/// Skipped steps in a row after which a run has diverged: 2^16 is below the smallest f16 by then.
const MOST_SKIPPED: u64 = 50;

/// The f16 copy of a gradient and the loss scale.
pub struct HalfGradient {
    tensors: Vec<Vec<f16>>,
    /// What the loss is multiplied by.
    pub scale: LossScale,
    /// The steps skipped.
    pub guard: GuardState,
}

/// What the loss is multiplied by, and how it came there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossScale {
    factor: f64,
    /// Good steps since its last change.
    good: usize,
}

impl HalfGradient {
    /// A copy of a gradient of the given shape.
    pub fn new(gradient: &Network<f32>) -> Self {
        Self {
            tensors: gradient
                .tensors()
                .map(|tensor| vec![f16::ZERO; tensor.len()])
                .collect(),
            scale: LossScale {
                factor: 65536.0,
                good: 0,
            },
            guard: GuardState::default(),
        }
    }

    /// Takes over a gradient: times the loss scale, rounded to f16.
    pub fn fill(&mut self, gradient: &Network<f32>) {
        let scale = self.scale.factor as f32;
        for (half, single) in self.tensors.iter_mut().zip(gradient.tensors()) {
            half.iter_mut()
                .zip(single)
                .for_each(|(half, &x)| *half = f16::from_f32(scale * x));
        }
    }

    /// Describes the gradient to trimtab: weights, biases, weights, ... from the first layer to the last.
    pub fn describe(&mut self) -> (Vec<Tensor<'_>>, Scaler<'_>) {
        let pairs = self.tensors.chunks_exact_mut(2);
        let tensors = pairs.flat_map(|pair| {
            let [weights, biases] = pair else {
                unreachable!("chunks of two")
            };
            [Tensor::weight(weights), Tensor::bias(biases)]
        });
        let scaler = Scaler {
            scale: &mut self.scale,
            guard: &mut self.guard,
        };
        (tensors.collect(), scaler)
    }

    /// Steps skipped so far.
    pub fn skipped(&self) -> u64 {
        self.guard.total
    }
}

/// The loss scale at work.
pub struct Scaler<'a> {
    scale: &'a mut LossScale,
    guard: &'a mut GuardState,
}

impl Scaler<'_> {
    /// What the loss was multiplied by.
    pub fn loss_scale(&self) -> f64 {
        self.scale.factor
    }

    /// Judges the observed gradients and divides them by the loss scale, which it then changes if it has to.
    pub fn unscale(&mut self, tensors: &mut [Tensor]) -> Result<Verdict, Error> {
        let guard = Guard::default().with_max_consecutive(MOST_SKIPPED);
        if guard.decide(self.guard, tensors)? == Verdict::SkipStep {
            self.scale.factor *= 0.5;
            self.scale.good = 0;
            return Ok(Verdict::SkipStep);
        }
        Unscale::new(self.scale.factor).decide(tensors)?;
        self.scale.good += 1;
        if self.scale.good == GROWTH_INTERVAL {
            self.scale.factor *= 2.0;
            self.scale.good = 0;
        }
        Ok(Verdict::Proceed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::network::Shape;

    fn network() -> Network<f32> {
        Network::zeros(Shape {
            depth: 1,
            width: 2,
            activation: Activation::Tanh,
        })
    }

    fn step(half: &mut HalfGradient, size: f32) -> (Verdict, f64) {
        let mut gradient = network();
        gradient.tensors_mut().for_each(|tensor| tensor.fill(size));
        half.fill(&gradient);
        let (mut tensors, mut scaler) = half.describe();
        let _ = trimtab::observe(&mut tensors);
        let verdict = scaler.unscale(&mut tensors).expect("no refusal");
        (verdict, tensors[0].outlook().mean())
    }

    #[test]
    fn an_overflow_halves_the_scale_and_many_good_steps_double_it() {
        let mut half = HalfGradient::new(&network());
        // 1.5 * 2^16 is beyond the largest f16, 65504; 0.75 * 2^16 is not.
        assert_eq!(step(&mut half, 1.5).0, Verdict::SkipStep);
        assert_eq!((half.scale.factor, half.skipped()), (32768.0, 1));
        for _ in 0..GROWTH_INTERVAL {
            assert_eq!(step(&mut half, 1.5), (Verdict::Proceed, 1.5));
        }
        assert_eq!((half.scale.factor, half.skipped()), (65536.0, 1));
    }

    #[test]
    fn a_checkpoint_keeps_the_way_to_the_next_doubling() {
        let [mut first, mut second] = [(); 2].map(|()| HalfGradient::new(&network()));
        assert_eq!(step(&mut first, 1.5).0, Verdict::SkipStep);
        for _ in 0..GROWTH_INTERVAL - 1 {
            let _ = step(&mut first, 1.0);
        }
        let bytes = postcard::to_stdvec(&first.scale).expect("bytes");
        second.scale = postcard::from_bytes(&bytes).expect("a scale");
        assert_eq!(second.scale.factor, 32768.0);
        let _ = step(&mut second, 1.0);
        assert_eq!(second.scale.factor, 65536.0);
    }

    #[test]
    fn small_gradients_survive_through_the_scale() {
        let mut half = HalfGradient::new(&network());
        // 2^-30 is below half the smallest f16, 2^-24; times 2^16 it is 2^-14.
        let tiny = 2.0f32.powi(-30);
        assert_eq!(step(&mut half, tiny), (Verdict::Proceed, f64::from(tiny)));
    }
}
