//! The optimizers on offer, each with its buffers. The update itself is trimtab's, fused with the scaling.

use crate::network::Network;
use crate::notation::{fraction, not_negative, written};
use serde::{Deserialize, Serialize};
use trimtab::{Adam, Error, Sgd, Slot, StepState, Tensor};

/// How the learning rate changes over training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Not at all.
    Constant,
    /// Half a cosine wave from the given rate down to 0.
    Cosine,
}

impl Schedule {
    /// Factor of the learning rate when the given part, 0 to 1, of the training is done.
    pub fn factor(self, part: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * part).cos()),
        }
    }
}

/// An update rule with what the user may set besides the learning rate. Written `sgd(momentum=0.9)`,
/// `adam(beta2=0.99)`, `adamw(weight-decay=0.1)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Update {
    /// Stochastic gradient descent.
    #[serde(rename_all = "kebab-case")]
    Sgd {
        /// Weight of the past in the direction.
        #[serde(default, deserialize_with = "fraction")]
        momentum: f64,
        /// Added to the gradient.
        #[serde(default, deserialize_with = "not_negative")]
        weight_decay: f64,
    },
    /// Adam.
    #[serde(rename_all = "kebab-case")]
    Adam {
        /// Weight of the past in the running average of squares.
        #[serde(default = "usual_beta2", deserialize_with = "fraction")]
        beta2: f64,
        /// Added to the gradient.
        #[serde(default, deserialize_with = "not_negative")]
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay.
    #[serde(rename_all = "kebab-case")]
    Adamw {
        /// Weight of the past in the running average of squares.
        #[serde(default = "usual_beta2", deserialize_with = "fraction")]
        beta2: f64,
        /// Beside the gradient.
        #[serde(default = "usual_decay", deserialize_with = "not_negative")]
        weight_decay: f64,
    },
}

written!(Update);

fn usual_beta2() -> f64 {
    0.999
}

fn usual_decay() -> f64 {
    0.01
}

/// An update rule with its state.
pub struct Optimizer {
    rule: Configuration,
    /// The number of steps.
    pub state: StepState,
    /// Momentum, or Adam's average of gradients.
    pub first: Network<f32>,
    /// Adam's average of squares.
    pub second: Network<f32>,
}

enum Configuration {
    Sgd(Sgd),
    Adam(Adam),
}

impl Optimizer {
    /// Fresh buffers for a network of the shape of `network`; the learning rate is still to be set.
    pub fn new(update: &Update, network: &Network<f32>) -> Self {
        let adam = |beta2, weight_decay, decoupled| {
            let adam = Adam::default()
                .with_beta2(beta2)
                .with_weight_decay(weight_decay);
            Configuration::Adam(adam.with_decoupled(decoupled))
        };
        let rule = match *update {
            Update::Sgd {
                momentum,
                weight_decay,
            } => {
                let sgd = Sgd::default().with_momentum(momentum);
                Configuration::Sgd(sgd.with_weight_decay(weight_decay))
            }
            Update::Adam {
                beta2,
                weight_decay,
            } => adam(beta2, weight_decay, false),
            Update::Adamw {
                beta2,
                weight_decay,
            } => adam(beta2, weight_decay, true),
        };
        let buffer = Network::zeros(network.shape);
        Self {
            rule,
            state: StepState::default(),
            first: buffer.clone(),
            second: buffer,
        }
    }

    /// Sets the learning rate of the steps to come.
    pub fn set_learning_rate(&mut self, rate: f64) {
        match &mut self.rule {
            Configuration::Sgd(sgd) => sgd.lr = rate,
            Configuration::Adam(adam) => adam.lr = rate,
        }
    }

    /// Moves the parameters. On an error nothing has changed.
    pub fn step(
        &mut self,
        parameters: &mut Network<f32>,
        gradients: &mut [Tensor],
    ) -> Result<(), Error> {
        let first = self.first.tensors_mut();
        let second = self.second.tensors_mut();
        let buffers = parameters.tensors_mut().zip(first).zip(second);
        match &self.rule {
            Configuration::Sgd(sgd) => {
                let slot = |((w, m), _)| {
                    if sgd.momentum > 0.0 {
                        Slot::momentum(w, m)
                    } else {
                        Slot::sgd(w)
                    }
                };
                sgd.step(
                    &mut self.state,
                    gradients,
                    &mut buffers.map(slot).collect::<Vec<_>>(),
                )
            }
            Configuration::Adam(adam) => {
                let slot = |((w, m), v)| Slot::adam(w, m, v);
                adam.step(
                    &mut self.state,
                    gradients,
                    &mut buffers.map(slot).collect::<Vec<_>>(),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_goes_from_the_whole_rate_to_none() {
        let factors = [0.0, 0.5, 1.0].map(|part| Schedule::Cosine.factor(part));
        assert_eq!(factors[0], 1.0);
        assert!((factors[1] - 0.5).abs() < 1e-15 && factors[2].abs() < 1e-15);
        assert_eq!(Schedule::Constant.factor(0.7), 1.0);
    }

    #[test]
    fn an_update_is_written_as_it_was_read() {
        for text in [
            "sgd",
            "sgd(momentum=0.9)",
            "adam(beta2=0.99)",
            "adamw(weight-decay=0.1)",
        ] {
            assert_eq!(text.parse::<Update>().expect(text).to_string(), text);
        }
        let error = "adam(momentum=0.9)".parse::<Update>();
        let error = error.expect_err("Adam has none");
        assert!(
            error.contains("expected `beta2` or `weight-decay`"),
            "{error}"
        );
    }
}
