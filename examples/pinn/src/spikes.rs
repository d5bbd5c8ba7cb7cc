//! Gradients corrupted on purpose, at random steps by random factors: what a bad batch or a broken kernel does.

use crate::loss::Evaluation;
use crate::network::Network;
use crate::notation::{self, Call, serde_as_text};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use trimtab::Affine;

/// Which steps are corrupted, and how. Written `none`, `batch(count=8, from=100, to=1e6)` or `tensor(...)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spikes {
    target: Target,
    count: usize,
    range: [f64; 2],
}

/// What a spike multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Nothing,
    /// The loss of the step, and with it every gradient, that of the prediction included.
    Batch,
    /// One gradient tensor, drawn at random.
    Tensor,
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

serde_as_text!(Spikes);

impl Spikes {
    /// No spikes.
    pub const NONE: Self = Self {
        target: Target::Nothing,
        count: 8,
        range: [1e2, 1e6],
    };

    /// Draws the spikes of a run, the same for every method. The steps from a tenth to nine tenths of the run are cut
    /// into `count` equal parts, and each part has one spike at a random place; factors are log-uniform.
    pub fn draw(&self, steps: usize, tensors: usize, seed: u64) -> Vec<Spike> {
        let count = if self.target == Target::Nothing {
            0
        } else {
            self.count
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(2);
        let part = |index: usize| (0.1 + 0.8 * index as f64 / count as f64) * steps as f64;
        let spike = |index: usize| {
            let step = random.random_range(part(index)..part(index + 1)) as usize;
            let [low, high] = self.range.map(f64::ln);
            let factor = three_digits((low + (high - low) * random.random::<f64>()).exp());
            let tensor = random.random_range(0..tensors);
            Spike {
                step,
                factor,
                tensor: (self.target == Target::Tensor).then_some(tensor),
            }
        };
        (0..count).map(spike).collect()
    }

    fn name(&self) -> &'static str {
        match self.target {
            Target::Nothing => "none",
            Target::Batch => "batch",
            Target::Tensor => "tensor",
        }
    }
}

/// So that it is stored in few characters.
fn three_digits(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

impl FromStr for Spikes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut call = Call::parse(text)?;
        let target = match call.name.as_str() {
            "none" => Target::Nothing,
            "batch" => Target::Batch,
            "tensor" => Target::Tensor,
            other => {
                return Err(format!(
                    "unknown kind of spikes '{other}' [possible values: none, batch, tensor]"
                ));
            }
        };
        let mut spikes = Self {
            target,
            ..Self::NONE
        };
        if target != Target::Nothing {
            let at_least_one = |x: f64| (1.0..1e6).contains(&x) && x.fract() == 0.0;
            let above_zero = |x: f64| x > 0.0 && x.is_finite();
            let count = call.number("count", "a whole number, at least 1", at_least_one)?;
            let [from, to] =
                ["from", "to"].map(|key| call.number(key, "a number above 0", above_zero));
            spikes.count = count.map_or(spikes.count, |count| count as usize);
            spikes.range = [
                from?.unwrap_or(spikes.range[0]),
                to?.unwrap_or(spikes.range[1]),
            ];
            if spikes.range[0] > spikes.range[1] {
                return Err(format!("{text}: from must not be above to"));
            }
        }
        call.finish().map(|()| spikes)
    }
}

impl fmt::Display for Spikes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let usual = Self::NONE;
        let told = [
            ("count", self.count.to_string(), self.count != usual.count),
            (
                "from",
                self.range[0].to_string(),
                self.range[0] != usual.range[0],
            ),
            (
                "to",
                self.range[1].to_string(),
                self.range[1] != usual.range[1],
            ),
        ];
        let told = told.into_iter().filter(|option| option.2);
        let options: Vec<_> = told.map(|(key, value, _)| (key, value)).collect();
        notation::write(f, self.name(), &options)
    }
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
        let error = "batch(from=10, to=1)"
            .parse::<Spikes>()
            .expect_err("an empty range");
        assert!(error.contains("from must not be above to"));
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
