//! One training run: the step (loss and gradient, observe, decide, write), its record and its end.

use crate::jet::Point;
use crate::loss::{Evaluation, Objective, predict, relative_error};
use crate::network::{Network, Tape};
use crate::optimizer::Optimizer;
use crate::precision::{HalfGradient, LossScale, Precision};
use crate::spikes::Spike;
use crate::stabilizer::Stabilizer;
use crate::statistics::median;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, Instant};
use trimtab::checkpoint::{self, Writer};
use trimtab::{Tensor, Verdict};

/// Everything that changes during training.
pub struct Trainer<'p> {
    /// The training points.
    pub objective: Objective<'p, f32>,
    /// The parameters.
    pub network: Network<f32>,
    /// The method.
    pub stabilizer: Stabilizer,
    /// The update rule.
    pub optimizer: Optimizer,
    gradient: Network<f32>,
    half: Option<HalfGradient>,
    tape: Tape<f32>,
    time: StepTime,
}

/// Everything of a trainer that decides how it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    parameters: Vec<f32>,
    /// The optimizer's buffers.
    first: Vec<f32>,
    second: Vec<f32>,
    /// A record of [`trimtab::checkpoint`]: the optimizer's state, those of the methods, the guard's in half precision.
    states: Vec<u8>,
    loss_scale: Option<LossScale>,
    /// In the network and in trimtab.
    pub time: [Duration; 2],
}

/// What can be seen between deciding and writing.
pub struct View<'a> {
    /// The loss and the statistics of the prediction gradient.
    pub evaluation: &'a Evaluation,
    /// The gradients with what has been decided about them.
    pub tensors: &'a [Tensor<'a>],
    /// What the gradients in memory are multiplied by: 1, or the loss scale of half precision.
    pub loss_scale: f64,
}

/// Where the time of all steps so far went.
#[derive(Clone, Debug, Default)]
pub struct StepTime {
    /// Loss and gradient.
    pub network: Duration,
    /// Observe, decide, and the update.
    pub trimtab: Duration,
    /// Seconds of both in each step.
    steps: Vec<[f32; 2]>,
}

impl StepTime {
    /// Seconds in all.
    pub fn total(&self) -> f64 {
        (self.network + self.trimtab).as_secs_f64()
    }

    /// Median seconds of a step in the network and in trimtab, since the last resumption: steps in which the machine did
    /// something else do not count.
    pub fn medians(&self) -> [f64; 2] {
        [0, 1].map(|part| median(self.steps.iter().map(|step| f64::from(step[part]))))
    }

    fn add(&mut self, network: Duration, trimtab: Duration) {
        self.network += network;
        self.trimtab += trimtab;
        self.steps
            .push([network, trimtab].map(|time| time.as_secs_f32()));
    }
}

/// The points on which the error is measured.
pub struct TestSet {
    /// Where.
    pub points: Vec<Point>,
    /// The exact solution there.
    pub exact: Vec<f64>,
}

/// Why a run ended early.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Divergence {
    /// The loss is not a finite number.
    Loss(f64),
    /// trimtab refused the gradients and left everything as it was.
    Refused(trimtab::Error),
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Loss(loss) => write!(f, "the loss is {loss}"),
            Self::Refused(trimtab::Error::BadReference) => f.write_str(
                "StableGrad's reference scale is 0 or not finite; choose another --reference",
            ),
            Self::Refused(error) => {
                f.write_str("trimtab refused ")?;
                write!(f, "{}: {error}", culprit(error))
            }
        }
    }
}

/// The gradient that an error complains of.
fn culprit(error: &trimtab::Error) -> String {
    use trimtab::Error::{NonFinite, Overflow};
    let (NonFinite { tensor } | Overflow { tensor }) = *error else {
        return "the gradients".to_owned();
    };
    let part = if tensor % 2 == 0 { "weights" } else { "biases" };
    format!("the gradient of the {part} of layer {}", tensor / 2 + 1)
}

impl<'p> Trainer<'p> {
    /// Ready for the first step.
    pub fn new(
        objective: Objective<'p, f32>,
        network: Network<f32>,
        stabilizer: Stabilizer,
        optimizer: Optimizer,
        precision: Precision,
    ) -> Self {
        let gradient = Network::zeros(network.shape);
        let half = (precision == Precision::F16).then(|| HalfGradient::new(&gradient));
        Self {
            objective,
            network,
            stabilizer,
            optimizer,
            gradient,
            half,
            tape: Tape::default(),
            time: StepTime::default(),
        }
    }

    /// One update, with a corrupted gradient if there is a spike. `look` sees the loss and the gradients with the
    /// method's decisions before they are used up, or before the loss scale skips the step.
    pub fn step(
        &mut self,
        spike: Option<&Spike>,
        look: impl FnOnce(&View),
    ) -> Result<(), Divergence> {
        let start = Instant::now();
        let mut evaluation = self.backpropagate()?;
        let mut backpropagated = Instant::now();
        let network = backpropagated - start;
        if let Some(spike) = spike {
            spike.apply(&mut self.gradient, &mut evaluation);
            backpropagated = Instant::now();
        }
        if let Some(half) = &mut self.half {
            half.fill(&self.gradient);
            backpropagated = Instant::now();
        }
        let looking = self
            .update(&evaluation, look)
            .map_err(Divergence::Refused)?;
        self.time.add(network, backpropagated.elapsed() - looking);
        Ok(())
    }

    fn backpropagate(&mut self) -> Result<Evaluation, Divergence> {
        let evaluation = self
            .objective
            .evaluate(&self.network, &mut self.tape, &mut self.gradient);
        match evaluation.loss.is_finite() {
            true => Ok(evaluation),
            false => Err(Divergence::Loss(evaluation.loss)),
        }
    }

    /// Observe, decide, write; gives the time spent in `look`.
    fn update(
        &mut self,
        evaluation: &Evaluation,
        look: impl FnOnce(&View),
    ) -> Result<Duration, trimtab::Error> {
        let (mut tensors, mut scaler) = match &mut self.half {
            None => (gradient_tensors(&mut self.gradient), None),
            Some(half) => {
                let (tensors, scaler) = half.describe();
                (tensors, Some(scaler))
            }
        };
        let observed = trimtab::observe(&mut tensors);
        let loss_scale = scaler.as_ref().map_or(1.0, |scaler| scaler.loss_scale());
        let mut verdict = Verdict::Proceed;
        match &mut scaler {
            None => observed?,
            // The guard has an answer to gradients that are not finite.
            Some(scaler) => verdict = scaler.unscale(&mut tensors)?,
        }
        if verdict == Verdict::Proceed {
            let parameters: Vec<&[f32]> = self.network.tensors().collect();
            self.stabilizer
                .decide(evaluation, &parameters, &mut tensors)?;
        }
        let start = Instant::now();
        look(&View {
            evaluation,
            tensors: &tensors,
            loss_scale,
        });
        let looking = start.elapsed();
        if verdict == Verdict::Proceed {
            self.optimizer.step(&mut self.network, &mut tensors)?;
        }
        Ok(looking)
    }

    /// The loss at the present parameters.
    pub fn loss(&mut self) -> f64 {
        self.objective
            .evaluate(&self.network, &mut self.tape, &mut self.gradient)
            .loss
    }

    /// The prediction at the present parameters and its relative error.
    pub fn test(&mut self, set: &TestSet) -> (Vec<f64>, f64) {
        let prediction = predict(&self.network, &mut self.tape, &set.points);
        let error = relative_error(&prediction, &set.exact);
        (prediction, error)
    }

    /// Where the time of all steps so far went.
    pub fn time(&self) -> &StepTime {
        &self.time
    }

    /// Steps without an update because a gradient in half precision overflowed.
    pub fn skipped(&self) -> u64 {
        self.half.as_ref().map_or(0, HalfGradient::skipped)
    }

    /// What a checkpoint keeps: gradient and tape are computed anew in every step, the points are the run's. Of the time
    /// not that of single steps, so that it does not grow with every step.
    pub fn snapshot(&self) -> Snapshot {
        let states = |to: &mut Writer| {
            to.put_one(&self.optimizer.state);
            self.stabilizer.save(to);
            self.half.iter().for_each(|half| to.put_one(&half.guard));
        };
        let mut bytes = vec![0; checkpoint::size(states)];
        checkpoint::save(&mut bytes, states).expect("it has the size asked for");
        Snapshot {
            parameters: self.network.elements(),
            first: self.optimizer.first.elements(),
            second: self.optimizer.second.elements(),
            states: bytes,
            loss_scale: self.half.as_ref().map(|half| half.scale),
            time: [self.time.network, self.time.trimtab],
        }
    }

    /// Goes on from a snapshot; false if it is not one of a trainer like this.
    pub fn restore(&mut self, from: &Snapshot) -> bool {
        let states = checkpoint::load(&from.states, |states| {
            states.take_one(&mut self.optimizer.state);
            self.stabilizer.load(states);
            self.half
                .iter_mut()
                .for_each(|half| states.take_one(&mut half.guard));
        });
        if let (Some(half), Some(scale)) = (&mut self.half, from.loss_scale) {
            half.scale = scale;
        }
        [self.time.network, self.time.trimtab] = from.time;
        states.is_ok()
            && self.half.is_some() == from.loss_scale.is_some()
            && self.network.set_elements(&from.parameters)
            && self.optimizer.first.set_elements(&from.first)
            && self.optimizer.second.set_elements(&from.second)
    }
}

/// Describes a gradient to trimtab: weights, biases, weights, ... from the first layer to the last.
fn gradient_tensors(gradient: &mut Network<f32>) -> Vec<Tensor<'_>> {
    let layers = gradient.layers.iter_mut();
    layers
        .flat_map(|layer| {
            [
                Tensor::weight(&mut layer.weights),
                Tensor::bias(&mut layer.biases),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_layer() {
        let refusal =
            |tensor| Divergence::Refused(trimtab::Error::NonFinite { tensor }).to_string();
        assert!(refusal(0).contains("weights of layer 1:"));
        assert!(refusal(7).contains("biases of layer 4:"));
        let reference = Divergence::Refused(trimtab::Error::BadReference);
        assert!(reference.to_string().contains("--reference"));
    }
}
