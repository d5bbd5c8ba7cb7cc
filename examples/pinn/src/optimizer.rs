//! The optimizers on offer, each with its buffers. The update itself is trimtab's, fused with the scaling.

use crate::network::Network;
use serde::Serialize;
use trimtab::{Adam, Error, Sgd, Slot, StepState, Tensor};

/// The update rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Stochastic gradient descent, with --momentum.
    Sgd,
    /// Adam; weight decay is added to the gradient.
    Adam,
    /// Adam with decoupled weight decay.
    #[value(name = "adamw")]
    #[serde(rename = "adamw")]
    AdamW,
}

/// How the learning rate changes over training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
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

/// What the user may set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hyperparameters {
    /// Learning rate.
    pub lr: f64,
    /// Of SGD.
    pub momentum: f64,
    /// Coupled for SGD and Adam, decoupled for AdamW.
    pub weight_decay: f64,
}

/// An update rule with its state.
pub struct Optimizer {
    rule: Configuration,
    state: StepState,
    first: Network<f32>,
    second: Network<f32>,
}

enum Configuration {
    Sgd(Sgd),
    Adam(Adam),
}

impl Optimizer {
    /// Fresh buffers for a network of the shape of `network`.
    pub fn new(rule: Rule, hyperparameters: Hyperparameters, network: &Network<f32>) -> Self {
        let Hyperparameters {
            lr,
            momentum,
            weight_decay,
        } = hyperparameters;
        let decoupled = rule == Rule::AdamW;
        let rule = match rule {
            Rule::Sgd => Configuration::Sgd(Sgd {
                lr,
                momentum,
                weight_decay,
                ..Sgd::default()
            }),
            Rule::Adam | Rule::AdamW => Configuration::Adam(Adam {
                lr,
                weight_decay,
                decoupled,
                ..Adam::default()
            }),
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
        gradients: &[Tensor],
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
}
