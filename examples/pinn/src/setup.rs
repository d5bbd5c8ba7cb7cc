//! Everything that decides the result of one training run.

use crate::activation::Activation;
use crate::init::Init;
use crate::jet::DIMENSIONS;
use crate::loss::Balance;
use crate::method::Chain;
use crate::network::Shape;
use crate::optimizer::{Rule, Schedule, Update};
use crate::precision::Precision;
use crate::problem::{Equation, Helmholtz, Problem};
use crate::spikes::Spikes;
use serde::{Deserialize, Serialize};

/// The deepest network on offer.
pub const MOST_DEPTH: usize = 1000;
/// The widest network on offer.
pub const MOST_WIDTH: usize = 4096;
/// The most training points inside, and on the boundary.
pub const MOST_POINTS: usize = 1_000_000;
/// The most test points along a coordinate.
pub const MOST_GRID: usize = 1000;
/// So that a run stays below one or two gigabytes: it holds parameters, gradient and the optimizer's buffers, in f32.
const MOST_PARAMETERS: u128 = 40_000_000;

/// One training run: equal setups give equal results, to the bit on machines with the same instruction set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Setup {
    /// The equation.
    pub problem: Equation,
    /// Hidden layers.
    pub depth: usize,
    /// Neurons in each hidden layer.
    pub width: usize,
    /// Of the hidden layers.
    pub activation: Activation,
    /// Of the weights.
    pub init: Init,
    /// What stands between gradient and optimizer.
    pub method: Chain,
    /// The update rule.
    pub optimizer: Update,
    /// Learning rate.
    pub lr: f64,
    /// How it changes.
    pub schedule: Schedule,
    /// Updates.
    pub steps: usize,
    /// Steps with corrupted gradients.
    pub spikes: Spikes,
    /// Type of the gradients.
    pub precision: Precision,
    /// Training points inside the domain.
    pub interior_points: usize,
    /// Training points on the boundary.
    pub boundary_points: usize,
    /// New interior points every so many steps; 0: never.
    pub resample: usize,
    /// Factor of the boundary term of the loss.
    pub boundary_weight: f64,
    /// The residual is divided by this before it is squared; none: what the problem has.
    pub residual_scale: Option<f64>,
    /// Test points along each coordinate.
    pub test_grid: usize,
    /// Of the starting weights, the points and the spikes.
    pub seed: u64,
}

impl Default for Setup {
    /// The main job's choices, with the optimizer alone.
    fn default() -> Self {
        Self {
            problem: Equation::Helmholtz(Helmholtz::default()),
            depth: 12,
            width: 40,
            activation: Activation::Tanh,
            init: Init::Aware,
            method: Chain::default(),
            optimizer: Update::usual(Rule::AdamW),
            lr: 1e-3,
            schedule: Schedule::Cosine,
            steps: 5000,
            spikes: Spikes::NONE,
            precision: Precision::F32,
            interior_points: 1000,
            boundary_points: 400,
            resample: 1,
            boundary_weight: 1.0,
            residual_scale: None,
            test_grid: 101,
            seed: 0,
        }
    }
}

impl Setup {
    /// Sizes and activation of the network.
    pub fn shape(&self) -> Shape {
        Shape {
            depth: self.depth,
            width: self.width,
            activation: self.activation,
        }
    }

    /// Of the two terms of the loss.
    pub fn balance(&self, problem: &dyn Problem) -> Balance {
        let residual_scale = self
            .residual_scale
            .unwrap_or_else(|| problem.residual_scale());
        Balance {
            residual_scale,
            boundary_weight: self.boundary_weight,
        }
    }

    /// The learning rate of the step with the given number, counted from 0.
    pub fn learning_rate(&self, step: usize) -> f64 {
        self.lr * self.schedule.factor(step as f64 / self.steps as f64)
    }

    /// Whether new points are drawn before the step with the given number, counted from 0.
    pub fn resamples_before(&self, step: usize) -> bool {
        step > 0 && self.resample > 0 && step.is_multiple_of(self.resample)
    }

    /// Gradient tensors: weights and biases of every layer.
    pub fn tensors(&self) -> usize {
        2 * (self.depth + 1)
    }

    /// Weights and biases of the network.
    fn parameters(&self) -> u128 {
        let [depth, width] = [self.depth, self.width].map(|n| n as u128);
        let [first, last] = [(DIMENSIONS as u128 + 1) * width, width + 1];
        first + (depth - 1) * (width + 1) * width + last
    }

    /// Finds networks that would not fit into memory beside those of the other runs.
    pub fn check(&self) -> Result<(), String> {
        let Self { depth, width, .. } = *self;
        match self.parameters() {
            parameters if parameters > MOST_PARAMETERS => Err(format!(
                "depth {depth} and width {width} make {parameters} parameters: choose a smaller depth or width, so that \
                 there are at most {MOST_PARAMETERS}"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn new_points_come_at_their_steps() {
        let setup = |resample| Setup {
            resample,
            ..Setup::default()
        };
        let drawn: Vec<_> = (0..12)
            .filter(|&step| setup(5).resamples_before(step))
            .collect();
        assert_eq!(drawn, [5, 10]);
        assert!(!setup(0).resamples_before(5));
    }

    #[test]
    fn a_network_that_is_too_large_is_named() {
        let check = |depth, width| {
            let setup = Setup {
                depth,
                width,
                ..Setup::default()
            };
            setup.check()
        };
        // (2 + 1) 3000 + 5 (3000 + 1) 3000 + (3000 + 1), by hand.
        let error = check(6, 3000).expect_err("45 million and more");
        assert!(
            error.contains("depth 6 and width 3000 make 45027001 parameters"),
            "{error}"
        );
        assert_eq!(check(MOST_DEPTH, 20), Ok(()));
        assert_eq!(check(2, MOST_WIDTH), Ok(()));
    }

    #[test]
    fn parameters_are_counted_as_networks_have_them() {
        let setup = Setup {
            depth: 3,
            width: 7,
            ..Setup::default()
        };
        assert_eq!(
            setup.parameters(),
            Network::<f32>::zeros(setup.shape()).parameters() as u128
        );
    }

    #[test]
    fn a_setup_survives_json() {
        let setup = Setup {
            method: "centralize + agc".parse().expect("valid"),
            spikes: "tensor".parse().expect("valid"),
            residual_scale: Some(0.1),
            ..Setup::default()
        };
        let text = serde_json::to_string(&setup).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Setup>(&text).expect("a setup"),
            setup
        );
    }
}
