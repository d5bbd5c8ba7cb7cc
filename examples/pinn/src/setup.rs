//! Everything that decides the result of one training run.

use crate::activation::Activation;
use crate::init::Init;
use crate::loss::Balance;
use crate::method::Chain;
use crate::network::Shape;
use crate::optimizer::{Rule, Schedule, Update};
use crate::precision::Precision;
use crate::problem::{Equation, Helmholtz, Problem};
use crate::spikes::Spikes;
use serde::{Deserialize, Serialize};

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

    /// Finds numbers that no run can have.
    pub fn check(&self) -> Result<(), String> {
        let counts = [
            ("depth", self.depth, 1),
            ("width", self.width, 1),
            ("steps", self.steps, 1),
            ("interior-points", self.interior_points, 1),
            ("boundary-points", self.boundary_points, 1),
            ("test-grid", self.test_grid, 2),
        ];
        if let Some((key, value, least)) = counts.iter().find(|(_, value, least)| value < least) {
            return Err(format!(
                "{key} = {value}: give a whole number, at least {least}"
            ));
        }
        let positive = [
            ("lr", Some(self.lr)),
            ("residual-scale", self.residual_scale),
        ];
        let above_zero = |x: f64| x > 0.0 && x.is_finite();
        if let Some((key, Some(x))) = positive
            .iter()
            .find(|(_, x)| x.is_some_and(|x| !above_zero(x)))
        {
            return Err(format!("{key} = {x}: give a number above 0"));
        }
        match self.boundary_weight {
            x if x >= 0.0 && x.is_finite() => Ok(()),
            x => Err(format!(
                "boundary-weight = {x}: give 0 or a number above it"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn impossible_numbers_are_named() {
        let refusals = [
            (
                Setup {
                    depth: 0,
                    ..Setup::default()
                },
                "depth = 0: give a whole number, at least 1",
            ),
            (
                Setup {
                    lr: -1.0,
                    ..Setup::default()
                },
                "lr = -1: give a number above 0",
            ),
            (
                Setup {
                    test_grid: 1,
                    ..Setup::default()
                },
                "test-grid = 1",
            ),
            (
                Setup {
                    residual_scale: Some(0.0),
                    ..Setup::default()
                },
                "residual-scale = 0",
            ),
            (
                Setup {
                    boundary_weight: f64::NAN,
                    ..Setup::default()
                },
                "boundary-weight = NaN",
            ),
        ];
        for (setup, message) in refusals {
            let error = setup.check().expect_err(message);
            assert!(error.contains(message), "{error}");
        }
        assert_eq!(Setup::default().check(), Ok(()));
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
