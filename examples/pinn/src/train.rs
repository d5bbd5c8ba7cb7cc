//! One training run: the step (loss and gradient, observe, decide, write), its record and its end.

use crate::jet::Point;
use crate::loss::{Evaluation, Objective, predict, relative_error};
use crate::network::{Network, Tape};
use crate::optimizer::Optimizer;
use crate::stabilizer::Stabilizer;
use std::fmt;
use std::time::{Duration, Instant};
use trimtab::Tensor;

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
    tape: Tape<f32>,
    time: StepTime,
}

/// Where the time of all steps so far went.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepTime {
    /// Loss and gradient.
    pub network: Duration,
    /// Observe, decide, and the update.
    pub trimtab: Duration,
}

impl StepTime {
    /// Seconds in all.
    pub fn total(&self) -> f64 {
        (self.network + self.trimtab).as_secs_f64()
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
    ) -> Self {
        let gradient = Network::zeros(network.shape);
        Self {
            objective,
            network,
            stabilizer,
            optimizer,
            gradient,
            tape: Tape::default(),
            time: StepTime::default(),
        }
    }

    /// One update. `look` sees the loss and the gradients with the method's decisions before they are used up.
    pub fn step(&mut self, look: impl FnOnce(&Evaluation, &[Tensor])) -> Result<(), Divergence> {
        let start = Instant::now();
        let evaluation = self
            .objective
            .evaluate(&self.network, &mut self.tape, &mut self.gradient);
        if !evaluation.loss.is_finite() {
            return Err(Divergence::Loss(evaluation.loss));
        }
        let backpropagated = Instant::now();
        let looking = self
            .update(&evaluation, look)
            .map_err(Divergence::Refused)?;
        self.time.network += backpropagated - start;
        self.time.trimtab += backpropagated.elapsed() - looking;
        Ok(())
    }

    /// Observe, decide, write; gives the time spent in `look`.
    fn update(
        &mut self,
        evaluation: &Evaluation,
        look: impl FnOnce(&Evaluation, &[Tensor]),
    ) -> Result<Duration, trimtab::Error> {
        let mut tensors = gradient_tensors(&mut self.gradient);
        trimtab::observe(&mut tensors)?;
        let parameters: Vec<&[f32]> = self.network.tensors().collect();
        self.stabilizer
            .decide(evaluation, &parameters, &mut tensors)?;
        let start = Instant::now();
        look(evaluation, &tensors);
        let looking = start.elapsed();
        self.optimizer.step(&mut self.network, &tensors)?;
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
    pub fn time(&self) -> StepTime {
        self.time
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
