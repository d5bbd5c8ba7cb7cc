//! Gradients corrupted on purpose, at random steps by random factors: what a bad batch or a broken kernel does.

use crate::loss::Evaluation;
use crate::network::Network;
use crate::notation::{positive, written};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;
use trimtab::Affine;

/// Which steps are corrupted, and how. Written `none`, `batch(count=8, from=100, to=1e6)` or `tensor(...)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spikes {
    /// None.
    None {},
    /// The loss of a step, and with it every gradient, that of the prediction included.
    Batch(Range),
    /// One gradient tensor, drawn at random.
    Tensor(Range),
}

/// How many steps, and the range of factors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Range {
    count: NonZeroU16,
    #[serde(deserialize_with = "positive")]
    from: f64,
    #[serde(deserialize_with = "positive")]
    to: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            count: const { NonZeroU16::new(8).unwrap() },
            from: 1e2,
            to: 1e6,
        }
    }
}

/// One corrupted step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spike {
    /// Number of updates before it.
    pub step: usize,
    /// What the gradient is multiplied by.
    pub factor: f64,
    /// The gradient tensor, counted weights, biases, weights, ...; none: all of them.
    pub tensor: Option<usize>,
}

written!(Spikes);

impl Spikes {
    /// Draws the spikes of a run, the same for every method. The steps from a tenth to nine tenths of the run are cut
    /// into `count` equal parts, and each part has one spike at a random place; factors are log-uniform between the ends
    /// of the range, whichever is the larger.
    pub fn draw(&self, steps: usize, tensors: usize, seed: u64) -> Vec<Spike> {
        let Range { count, from, to } = match *self {
            Self::None {} => return Vec::new(),
            Self::Batch(range) | Self::Tensor(range) => range,
        };
        let (count, [low, high]) = (count.get(), [from, to].map(f64::ln));
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(2);
        let part = |index: u16| (0.1 + 0.8 * f64::from(index) / f64::from(count)) * steps as f64;
        let spike = |index: u16| {
            let step = random.random_range(part(index)..part(index + 1)) as usize;
            let factor = three_digits((low + (high - low) * random.random::<f64>()).exp());
            let tensor = random.random_range(0..tensors);
            Spike {
                step,
                factor,
                tensor: matches!(self, Self::Tensor(_)).then_some(tensor),
            }
        };
        (0..count).map(spike).collect()
    }
}

/// So that it is stored in few characters.
fn three_digits(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

impl Spike {
    /// Multiplies the gradient, and for a whole batch the statistics of the prediction gradient; the loss that is
    /// reported stays as it is.
    pub fn apply(&self, gradient: &mut Network<f32>, evaluation: &mut Evaluation) {
        let tensors = gradient.tensors_mut().enumerate();
        let hit = tensors.filter(|(index, _)| self.tensor.is_none_or(|only| only == *index));
        for (_, tensor) in hit {
            tensor
                .iter_mut()
                .for_each(|x| *x = (f64::from(*x) * self.factor) as f32);
        }
        if self.tensor.is_none() {
            let scaled = Affine {
                scale: self.factor,
                ..Affine::IDENTITY
            };
            evaluation.value_gradient = evaluation.value_gradient.through(&scaled);
            evaluation.derivative_gradient = evaluation.derivative_gradient.through(&scaled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::network::Shape;
    use trimtab::Moments;

    fn spikes(text: &str) -> Spikes {
        text.parse().expect(text)
    }

    #[test]
    fn each_part_of_the_run_has_one_spike() {
        let drawn = spikes("tensor(count=10, from=10, to=1000)").draw(1000, 6, 3);
        assert_eq!(drawn.len(), 10);
        for (index, spike) in drawn.iter().enumerate() {
            let first = 100 + 80 * index;
            assert!(
                (first..first + 80).contains(&spike.step),
                "spike {index} at {}",
                spike.step
            );
            assert!((10.0..=1000.0).contains(&spike.factor));
            assert!(spike.tensor.is_some_and(|tensor| tensor < 6));
        }
        assert_eq!(
            drawn,
            spikes("tensor(count=10, from=10, to=1000)").draw(1000, 6, 3)
        );
        assert_ne!(
            drawn,
            spikes("tensor(count=10, from=10, to=1000)").draw(1000, 6, 4)
        );
        assert!(spikes("none").draw(1000, 6, 3).is_empty());
    }

    #[test]
    fn spikes_are_written_as_they_were_read() {
        for text in ["none", "batch", "tensor(count=3, from=10, to=1000)"] {
            assert_eq!(spikes(text).to_string(), text);
        }
        let error = "batch(count=0)".parse::<Spikes>().expect_err("none");
        assert!(error.contains("expected a nonzero u16"), "{error}");
    }

    /// A gradient of ones, and the statistics of a prediction gradient of 1 and 2 (spread 1/sqrt(2)).
    fn hit(tensor: Option<usize>) -> (Vec<f32>, f64) {
        let shape = Shape {
            depth: 1,
            width: 2,
            activation: Activation::Tanh,
        };
        let mut gradient = Network::zeros(shape);
        gradient.tensors_mut().for_each(|tensor| tensor.fill(1.0));
        let mut value_gradient = Moments::default();
        value_gradient.observe_chunk(&[1.0, 2.0]).expect("finite");
        let mut evaluation = Evaluation {
            value_gradient,
            ..Evaluation::default()
        };
        Spike {
            step: 0,
            factor: 100.0,
            tensor,
        }
        .apply(&mut gradient, &mut evaluation);
        let firsts = gradient.tensors().map(|tensor| tensor[0]).collect();
        (firsts, evaluation.value_gradient.std() * 2.0f64.sqrt())
    }

    #[test]
    fn a_spike_hits_the_batch_or_one_tensor() {
        let (gradient, reference) = hit(None);
        assert_eq!(gradient, [100.0; 4]);
        assert!((reference - 100.0).abs() < 1e-9);
        let (gradient, reference) = hit(Some(2));
        assert_eq!(gradient, [1.0, 1.0, 100.0, 1.0]);
        assert!((reference - 1.0).abs() < 1e-12);
    }
}
