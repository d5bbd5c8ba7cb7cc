//! The optimizers on offer, each with its buffers. The update itself is trimtab's, fused with the scaling.

use crate::checkpoint::Fields;
use crate::network::Network;
use crate::notation::{self, Call, serde_as_text};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::slice;
use std::str::FromStr;
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Which one.
    pub rule: Rule,
    /// Of SGD.
    pub momentum: f64,
    /// Weight of the past in Adam's running average of squares.
    pub beta2: f64,
    /// Coupled for SGD and Adam, decoupled for AdamW.
    pub weight_decay: f64,
}

serde_as_text!(Update);

impl Update {
    /// The rule with its usual settings.
    pub fn usual(rule: Rule) -> Self {
        let weight_decay = if rule == Rule::AdamW { 0.01 } else { 0.0 };
        Self {
            rule,
            momentum: 0.0,
            beta2: 0.999,
            weight_decay,
        }
    }

    /// The name for titles.
    pub fn label(&self) -> String {
        self.to_string().replace('(', " (").replace('=', " ")
    }
}

impl FromStr for Update {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut call = Call::parse(text)?;
        let rule = notation::choose("optimizer", &call.name)?;
        let mut update = Self::usual(rule);
        let decay = |x: f64| (0.0..1.0).contains(&x);
        let wanted = "0 or a number between 0 and 1";
        if rule == Rule::Sgd {
            update.momentum = call.number("momentum", wanted, decay)?.unwrap_or(0.0);
        } else {
            update.beta2 = call.number("beta2", wanted, decay)?.unwrap_or(update.beta2);
        }
        let not_negative = |x: f64| x >= 0.0 && x.is_finite();
        let weight_decay = call.number("weight-decay", "0 or a number above it", not_negative)?;
        update.weight_decay = weight_decay.unwrap_or(update.weight_decay);
        call.finish().map(|()| update)
    }
}

impl fmt::Display for Update {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let usual = Self::usual(self.rule);
        let settings = [
            ("momentum", self.momentum, usual.momentum),
            ("beta2", self.beta2, usual.beta2),
            ("weight-decay", self.weight_decay, usual.weight_decay),
        ];
        let unusual = settings.iter().filter(|(_, value, usual)| value != usual);
        let options: Vec<_> = unusual
            .map(|&(key, value, _)| (key, value.to_string()))
            .collect();
        notation::write(f, &notation::name(self.rule), &options)
    }
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
    /// Fresh buffers for a network of the shape of `network`; the learning rate is still to be set.
    pub fn new(update: &Update, network: &Network<f32>) -> Self {
        let Update {
            rule,
            momentum,
            beta2,
            weight_decay,
        } = *update;
        let decoupled = rule == Rule::AdamW;
        let rule = match rule {
            Rule::Sgd => Configuration::Sgd(
                Sgd::default()
                    .with_momentum(momentum)
                    .with_weight_decay(weight_decay),
            ),
            Rule::Adam | Rule::AdamW => Configuration::Adam(
                Adam::default()
                    .with_beta2(beta2)
                    .with_weight_decay(weight_decay)
                    .with_decoupled(decoupled),
            ),
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

    /// What a checkpoint keeps.
    pub fn fields(&mut self, fields: &mut Fields) {
        self.first.fields(fields);
        self.second.fields(fields);
        fields.states(slice::from_mut(&mut self.state));
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
        let error = "adam(momentum=0.9)"
            .parse::<Update>()
            .expect_err("Adam has none");
        assert!(error.contains("it has: beta2, weight-decay"), "{error}");
        assert_eq!(
            "sgd(momentum=0.9)"
                .parse::<Update>()
                .expect("valid")
                .label(),
            "sgd (momentum 0.9)"
        );
    }
}
