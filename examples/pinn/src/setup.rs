//! Everything that decides the result of one training run.

use crate::activation::Activation;
use crate::init::Init;
use crate::jet::DIMENSIONS;
use crate::loss::Balance;
use crate::method::Chain;
use crate::network::Shape;
use crate::notation::{as_text, counted, name};
use crate::optimizer::{Schedule, Update};
use crate::precision::Precision;
use crate::problem::{Equation, Helmholtz, Problem};
use crate::spikes::Spikes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// So that a run stays below one or two gigabytes: it holds parameters, gradient and the optimizer's buffers, in f32.
const MOST_PARAMETERS: u128 = 40_000_000;

/// One training run: equal setups give equal results, to the bit on machines with the same instruction set.
///
/// These are the main job's options, a study file's keys, and what is stored with a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Setup {
    /// The equation: poisson, helmholtz or burgers, with numbers as examples/pinn/studies/README.md says
    #[arg(long, default_value_t = USUAL.problem, help_heading = "Problem")]
    #[serde(with = "as_text")]
    pub problem: Equation,

    /// Hidden layers
    #[arg(long, value_name = "N", default_value_t = USUAL.depth, help_heading = "Network")]
    pub depth: usize,

    /// Neurons in each hidden layer
    #[arg(long, value_name = "N", default_value_t = USUAL.width, help_heading = "Network")]
    pub width: usize,

    /// Activation of the hidden layers
    #[arg(long, value_enum, default_value_t = USUAL.activation, help_heading = "Network")]
    pub activation: Activation,

    /// Variance of the starting weights
    #[arg(long, value_enum, default_value_t = USUAL.init, help_heading = "Network")]
    pub init: Init,

    /// What stands between gradient and optimizer; the main job has a list of them.
    #[arg(skip)]
    #[serde(with = "as_text")]
    pub method: Chain,

    /// The update rule: sgd, adam or adamw, with options as examples/pinn/studies/README.md says
    #[arg(long, default_value_t = USUAL.optimizer, help_heading = "Training")]
    #[serde(with = "as_text")]
    pub optimizer: Update,

    /// Learning rate
    #[arg(long, default_value_t = USUAL.lr, help_heading = "Training")]
    pub lr: f64,

    /// How the learning rate changes over training
    #[arg(long, value_enum, default_value_t = USUAL.schedule, help_heading = "Training")]
    pub schedule: Schedule,

    /// Updates of each run
    #[arg(long, value_name = "N", default_value_t = USUAL.steps, help_heading = "Training")]
    pub steps: usize,

    /// Corrupt gradients on purpose: none, batch or tensor, with options as examples/pinn/studies/README.md says
    #[arg(long, default_value_t = USUAL.spikes, help_heading = "Training")]
    #[serde(with = "as_text")]
    pub spikes: Spikes,

    /// Type of the gradients; f16 has a loss scale, and skips a step when it overflows
    #[arg(long, value_enum, default_value_t = USUAL.precision, help_heading = "Training")]
    pub precision: Precision,

    /// Training points inside the domain, where the equation is to hold
    #[arg(long, value_name = "N", default_value_t = USUAL.interior_points, help_heading = "Problem")]
    pub interior_points: usize,

    /// Training points where the solution is prescribed
    #[arg(long, value_name = "N", default_value_t = USUAL.boundary_points, help_heading = "Problem")]
    pub boundary_points: usize,

    /// Draw new points inside every N steps; 0 keeps the first ones
    #[arg(long, value_name = "N", default_value_t = USUAL.resample, help_heading = "Problem")]
    pub resample: usize,

    /// Weight of the boundary term in the loss
    #[arg(long, value_name = "W", default_value_t = USUAL.boundary_weight, help_heading = "Problem")]
    pub boundary_weight: f64,

    /// Divide the residual of the equation by this before squaring [default: 10; Burgers: 1]
    #[arg(long, value_name = "S", help_heading = "Problem")]
    pub residual_scale: Option<f64>,

    /// Test points along each coordinate, for the error and the pictures
    #[arg(long, alias = "grid", value_name = "N", default_value_t = USUAL.test_grid, help_heading = "Output")]
    pub test_grid: usize,

    /// Seed of the starting weights, the training points and the spikes
    #[arg(long, default_value_t = USUAL.seed, help_heading = "Training")]
    pub seed: u64,
}

/// What is left out has these values.
const USUAL: Setup = Setup {
    problem: Equation::Helmholtz(Helmholtz::USUAL),
    depth: 12,
    width: 40,
    activation: Activation::Tanh,
    init: Init::Aware,
    method: Chain { links: Vec::new() },
    optimizer: Update::Adamw {
        beta2: 0.999,
        weight_decay: 0.01,
    },
    lr: 1e-3,
    schedule: Schedule::Cosine,
    steps: 5000,
    spikes: Spikes::None {},
    precision: Precision::F32,
    interior_points: 1000,
    boundary_points: 400,
    resample: 1,
    boundary_weight: 1.0,
    residual_scale: None,
    test_grid: 101,
    seed: 0,
};

impl Default for Setup {
    /// The main job's choices, with the optimizer alone.
    fn default() -> Self {
        USUAL
    }
}

impl Setup {
    /// Its fields under the names that files have for them.
    pub fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => unreachable!("a setup has named fields"),
        }
    }

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
    pub fn parameters(&self) -> u128 {
        let [depth, width] = [self.depth, self.width].map(|n| n as u128);
        let [first, last] = [(DIMENSIONS as u128 + 1) * width, width + 1];
        first + (depth - 1) * (width + 1) * width + last
    }

    /// Finds numbers that have no meaning, and networks that would not fit into memory beside those of the other runs.
    pub fn check(&self) -> Result<(), String> {
        let Self { depth, width, .. } = *self;
        whole("depth", depth, 1..=1000)?;
        whole("width", width, 1..=4096)?;
        whole("steps", self.steps, 1..=usize::MAX)?;
        whole("interior-points", self.interior_points, 1..=1_000_000)?;
        whole("boundary-points", self.boundary_points, 1..=1_000_000)?;
        whole("test-grid", self.test_grid, 2..=1000)?;
        number("lr", self.lr, "above 0", self.lr > 0.0)?;
        let scale = self.residual_scale.unwrap_or(1.0);
        number("residual-scale", scale, "above 0", scale > 0.0)?;
        let weight = self.boundary_weight;
        number("boundary-weight", weight, "from 0", weight >= 0.0)?;
        match self.parameters() {
            parameters if parameters > MOST_PARAMETERS => Err(format!(
                "depth {depth} and width {width} make {parameters} parameters: choose a smaller depth or width, so that \
                 there are at most {MOST_PARAMETERS}"
            )),
            _ => Ok(()),
        }
    }

    /// The equation, the network and the optimizer, in a line.
    pub fn subtitle(&self) -> String {
        let equation = self.problem.problem().title();
        format!(
            "{equation};  {};  {}, seed {}",
            self.network(),
            self.updates(),
            self.seed
        )
    }

    /// What is about to be trained, in a few lines.
    pub fn summary(&self) -> String {
        format!(
            "{}, {} parameters\n{} points inside, {} on the boundary, seed {}\n{}, {}",
            self.network(),
            self.parameters(),
            self.interior_points,
            self.boundary_points,
            self.seed,
            self.updates(),
            counted(self.steps, "step"),
        )
    }

    fn network(&self) -> String {
        let Self { depth, width, .. } = self;
        let (activation, init) = (name(self.activation), name(self.init));
        format!("{depth} hidden layers of {width}, {activation}, {init} init")
    }

    fn updates(&self) -> String {
        format!(
            "{}, {} learning rate {}",
            self.optimizer,
            name(self.schedule),
            self.lr
        )
    }
}

fn whole(name: &str, given: usize, allowed: RangeInclusive<usize>) -> Result<(), String> {
    let (least, most) = (allowed.start(), allowed.end());
    match allowed.contains(&given) {
        true => Ok(()),
        false => Err(format!(
            "{name} {given}: give a whole number from {least} to {most}"
        )),
    }
}

fn number(name: &str, given: f64, wanted: &str, allowed: bool) -> Result<(), String> {
    match allowed && given.is_finite() {
        true => Ok(()),
        false => Err(format!("{name} {given}: give a finite number {wanted}")),
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
        assert_eq!(check(1000, 20), Ok(()));
        assert_eq!(check(2, 4096), Ok(()));
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
    fn numbers_without_a_meaning_are_named_with_what_is_meant() {
        for (key, given, wanted) in [
            ("depth", 0.0, "a whole number from 1 to 1000"),
            ("width", 4097.0, "a whole number from 1 to 4096"),
            ("steps", 0.0, "a whole number from 1 to"),
            ("test-grid", 1.0, "a whole number from 2 to 1000"),
            ("boundary-points", 0.0, "a whole number from 1 to 1000000"),
            (
                "interior-points",
                1_000_001.0,
                "a whole number from 1 to 1000000",
            ),
            ("lr", 0.0, "a finite number above 0"),
            ("residual-scale", 0.0, "a finite number above 0"),
            ("boundary-weight", -1.0, "a finite number from 0"),
        ] {
            let text = format!("{{\"{key}\": {given}}}");
            let setup: Setup = serde_json::from_str(&text).expect(&text);
            let error = setup.check().expect_err(&text);
            assert!(
                error.starts_with(&format!("{key} {given}: give {wanted}")),
                "{error}"
            );
        }
        let unbounded = Setup {
            lr: f64::INFINITY,
            ..Setup::default()
        };
        assert!(unbounded.check().is_err());
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
