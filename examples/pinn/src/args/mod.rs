//! The options of the main job.

pub(crate) mod values;

use crate::activation::Activation;
use crate::init::Init;
use crate::method::{Chain, Reference};
use crate::notation::{counted, name};
use crate::optimizer::{Rule, Schedule, Update};
use crate::precision::Precision;
use crate::problem::{Burgers, Equation, Helmholtz, Poisson, Problem};
use crate::run::Start;
use crate::setup::{MOST_DEPTH, MOST_GRID, MOST_POINTS, MOST_WIDTH, Setup};
use crate::spikes::Spikes;
use serde::Serialize;
use std::path::PathBuf;
use values::{ChainParser, Name, at_least, between, fraction, not_negative, positive};

/// Which equation to solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemName {
    /// u_xx + u_yy = q on the square, with a solution of two scales.
    Poisson,
    /// u_xx + u_yy + k² u = q on the square; see --modes and --wavenumber.
    Helmholtz,
    /// u_t + u u_x = ν u_xx, which steepens into a shock; see --viscosity.
    Burgers,
}

/// What stands for the parentheses that a study file has.
const PROBLEM_FLAGS: &str = "the numbers of helmholtz are --modes A1 A2 and --wavenumber K, that of burgers is \
     --viscosity NU, those of poisson are fixed here and can be chosen in a study file";
const OPTIMIZER_FLAGS: &str =
    "--momentum goes with sgd, --beta2 with adam and adamw, --weight-decay with all of them";

/// What to train, and how.
#[derive(Clone, Debug, clap::Args, Serialize)]
pub struct Args {
    /// The equation to solve
    #[arg(
        long,
        value_parser = Name::<ProblemName>::without_options(PROBLEM_FLAGS),
        default_value = "helmholtz",
        help_heading = "Problem"
    )]
    pub problem: ProblemName,

    /// Half waves of the Helmholtz solution along x and y, per unit length [default: 1 4]
    #[arg(long, value_names = ["A1", "A2"], num_args = 2,
        action = clap::ArgAction::Set, value_parser = positive, help_heading = "Problem")]
    pub modes: Option<Vec<f64>>,

    /// k of the Helmholtz equation [default: 1]
    #[arg(long, value_name = "K", value_parser = not_negative, help_heading = "Problem")]
    pub wavenumber: Option<f64>,

    /// Viscosity ν of the Burgers equation [default: 0.01/π]
    #[arg(long, value_name = "NU", value_parser = positive, help_heading = "Problem")]
    pub viscosity: Option<f64>,

    /// Training points inside the domain, where the equation is to hold
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = between(1, MOST_POINTS), help_heading = "Problem")]
    pub interior_points: usize,

    /// Draw new points inside every N steps; 0 keeps the first ones
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least::<usize>(0), help_heading = "Problem")]
    pub resample: usize,

    /// Training points where the solution is prescribed
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = between(1, MOST_POINTS), help_heading = "Problem")]
    pub boundary_points: usize,

    /// Weight of the boundary term in the loss
    #[arg(long, value_name = "W", default_value_t = 1.0, value_parser = not_negative, help_heading = "Problem")]
    pub boundary_weight: f64,

    /// Divide the residual of the equation by this before squaring [default: 10; Burgers: 1]
    #[arg(long, value_name = "S", value_parser = positive, help_heading = "Problem")]
    pub residual_scale: Option<f64>,

    /// Hidden layers
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = between(1, MOST_DEPTH), help_heading = "Network")]
    pub depth: usize,

    /// Neurons in each hidden layer
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = between(1, MOST_WIDTH), help_heading = "Network")]
    pub width: usize,

    /// Activation of the hidden layers
    #[arg(long, value_enum, default_value = "tanh", help_heading = "Network")]
    pub activation: Activation,

    /// Variance of the starting weights
    #[arg(long, value_enum, default_value = "aware", help_heading = "Network")]
    pub init: Init,

    /// What to put in front of the optimizer; repeat for several, join with + for several in a row, add options in
    /// parentheses as examples/pinn/studies/README.md says [default: none, stable-grad, gradient-stabilizer, autoscale]
    #[arg(long = "method", value_parser = ChainParser, value_name = "METHOD", hide_default_value = true, default_values = ["none", "stable-grad", "gradient-stabilizer", "autoscale"], help_heading = "Training")]
    pub methods: Vec<Chain>,

    /// What StableGrad takes as its reference scale: the spread of the gradient with respect to the prediction, pooled
    /// with those with respect to its derivatives, or of the last weights' gradient; or a number
    #[arg(
        long,
        value_name = "prediction|derivatives|last-layer|NUMBER",
        default_value = "prediction",
        help_heading = "Training"
    )]
    pub reference: Reference,

    /// Largest norm that clip-norm lets through
    #[arg(long, value_name = "NORM", default_value_t = 1.0, value_parser = positive, help_heading = "Training")]
    pub max_norm: f64,

    /// The update rule
    #[arg(
        long,
        value_parser = Name::<Rule>::without_options(OPTIMIZER_FLAGS),
        default_value = "adamw",
        help_heading = "Training"
    )]
    pub optimizer: Rule,

    /// Learning rate
    #[arg(long, default_value_t = 1e-3, value_parser = positive, help_heading = "Training")]
    pub lr: f64,

    /// How the learning rate changes over training
    #[arg(long, value_enum, default_value = "cosine", help_heading = "Training")]
    pub schedule: Schedule,

    /// Momentum of SGD
    #[arg(long, default_value_t = 0.0, value_parser = fraction, help_heading = "Training")]
    pub momentum: f64,

    /// Weight of the past in Adam's average of squares [default: 0.999]
    #[arg(long, value_parser = fraction, help_heading = "Training")]
    pub beta2: Option<f64>,

    /// Weight decay [default: 0.01 for adamw, 0 otherwise]
    #[arg(long, value_parser = not_negative, help_heading = "Training")]
    pub weight_decay: Option<f64>,

    /// Updates of each run
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = at_least::<usize>(1), help_heading = "Training")]
    pub steps: usize,

    /// Type of the gradients; f16 has a loss scale, and skips a step when it overflows
    #[arg(long, value_enum, default_value = "f32", help_heading = "Training")]
    pub precision: Precision,

    /// Corrupt gradients on purpose: none, batch or tensor, with options as examples/pinn/studies/README.md says
    #[arg(
        long,
        value_name = "SPIKES",
        default_value = "none",
        help_heading = "Training"
    )]
    pub spikes: Spikes,

    /// Seed of the starting weights and the training points
    #[arg(long, default_value_t = 0, value_parser = at_least::<u64>(0), help_heading = "Training")]
    pub seed: u64,

    /// Folder for report.json and the pictures
    #[arg(
        long,
        value_name = "DIR",
        default_value = "out",
        help_heading = "Output"
    )]
    #[serde(skip)]
    pub out: PathBuf,

    /// Write the report only
    #[arg(long, help_heading = "Output")]
    pub no_pictures: bool,

    /// Write a checkpoint of each run to the output folder every N updates and after the last, so that --resume can go
    /// on from there; the checkpoint before is replaced only by a whole new one [default: none are written]
    #[arg(long, value_name = "N", value_parser = at_least::<usize>(1), help_heading = "Output")]
    #[serde(skip)]
    pub checkpoint_every: Option<usize>,

    /// Go on from the checkpoints in the output folder, with the bits of a job that was never interrupted: repeat its
    /// options and add this. Runs without a checkpoint start from the beginning; for finished ones, report and pictures
    /// are made again
    #[arg(long, requires = "checkpoint_every", help_heading = "Output")]
    #[serde(skip)]
    pub resume: bool,

    /// Test points along each coordinate, for the error and the pictures
    #[arg(long, value_name = "N", default_value_t = 101, value_parser = between(2, MOST_GRID), help_heading = "Output")]
    pub grid: usize,

    /// Records of loss, error and gradient scales in each run
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = at_least::<usize>(1), help_heading = "Output")]
    pub records: usize,

    /// Runs at the same time [default: one for each processor core]
    #[arg(long, value_name = "N", value_parser = at_least::<usize>(1), help_heading = "Output")]
    pub jobs: Option<usize>,
}

impl Args {
    /// The run of one method.
    pub fn setup(&self, method: &Chain) -> Setup {
        Setup {
            problem: self.equation(),
            depth: self.depth,
            width: self.width,
            activation: self.activation,
            init: self.init,
            method: method.completed(self.reference, self.max_norm),
            optimizer: self.update(),
            lr: self.lr,
            schedule: self.schedule,
            steps: self.steps,
            spikes: self.spikes,
            precision: self.precision,
            interior_points: self.interior_points,
            boundary_points: self.boundary_points,
            resample: self.resample,
            boundary_weight: self.boundary_weight,
            residual_scale: self.residual_scale,
            test_grid: self.grid,
            seed: self.seed,
        }
    }

    /// The runs of all methods.
    pub fn setups(&self) -> Vec<Setup> {
        let methods = self.methods.iter();
        methods.map(|method| self.setup(method)).collect()
    }

    fn equation(&self) -> Equation {
        match self.problem {
            ProblemName::Poisson => Equation::Poisson(Poisson::default()),
            ProblemName::Helmholtz => Equation::Helmholtz(self.helmholtz()),
            ProblemName::Burgers => Equation::Burgers(
                self.viscosity
                    .map_or_else(Burgers::default, |viscosity| Burgers { viscosity }),
            ),
        }
    }

    fn helmholtz(&self) -> Helmholtz {
        let usual = Helmholtz::default();
        let modes = self
            .modes
            .as_ref()
            .map_or(usual.modes, |modes| [modes[0], modes[1]]);
        Helmholtz {
            modes,
            wavenumber: self.wavenumber.unwrap_or(usual.wavenumber),
        }
    }

    fn update(&self) -> Update {
        let usual = Update::usual(self.optimizer);
        Update {
            momentum: self.momentum,
            beta2: self.beta2.unwrap_or(usual.beta2),
            weight_decay: self.weight_decay.unwrap_or(usual.weight_decay),
            ..usual
        }
    }

    /// Finds options that have no meaning together, and networks that are too large.
    pub fn check(&self) -> Result<(), String> {
        self.check_meanings()?;
        self.setups().iter().try_for_each(Setup::check)
    }

    fn check_meanings(&self) -> Result<(), String> {
        let only = |given: bool, option: &str, with: &str, meant: bool| match given && !meant {
            true => Err(format!(
                "{option} has a meaning only with {with}; leave it out or add that"
            )),
            false => Ok(()),
        };
        let (helmholtz, burgers) = (
            self.problem == ProblemName::Helmholtz,
            self.problem == ProblemName::Burgers,
        );
        only(
            self.modes.is_some(),
            "--modes",
            "--problem helmholtz",
            helmholtz,
        )?;
        only(
            self.wavenumber.is_some(),
            "--wavenumber",
            "--problem helmholtz",
            helmholtz,
        )?;
        only(
            self.viscosity.is_some(),
            "--viscosity",
            "--problem burgers",
            burgers,
        )?;
        only(
            self.momentum > 0.0,
            "--momentum",
            "--optimizer sgd",
            self.optimizer == Rule::Sgd,
        )?;
        only(
            self.beta2.is_some(),
            "--beta2",
            "--optimizer adam or adamw",
            self.optimizer != Rule::Sgd,
        )
    }

    /// The same with the defaults of problem and optimizer in place; none where an option has no meaning.
    pub fn resolved(&self) -> Self {
        let mut all = self.clone();
        match self.equation() {
            Equation::Poisson(_) => (),
            Equation::Helmholtz(problem) => {
                all.modes = Some(problem.modes.to_vec());
                all.wavenumber = Some(problem.wavenumber);
            }
            Equation::Burgers(problem) => all.viscosity = Some(problem.viscosity),
        }
        let update = self.update();
        all.beta2 = (self.optimizer != Rule::Sgd).then_some(update.beta2);
        all.weight_decay = Some(update.weight_decay);
        let problem = self.equation().problem();
        let usual = || problem.residual_scale();
        all.residual_scale = Some(self.residual_scale.unwrap_or_else(usual));
        all.jobs = Some(self.jobs());
        all
    }

    /// What is about to be trained, in a few lines.
    pub fn summary(&self, start: &Start) -> String {
        let (inside, outside) = (self.interior_points, self.boundary_points);
        let (runs, jobs) = (counted(self.methods.len(), "run"), self.jobs());
        let parameters = start.network.parameters();
        format!(
            "{}, {parameters} parameters\n\
             {inside} points inside, {outside} on the boundary, seed {}\n\
             {}, {}; {runs}, {jobs} at a time",
            self.network(),
            self.seed,
            self.updates(),
            counted(self.steps, "step"),
        )
    }

    /// The equation, the network and the optimizer, in a line.
    pub fn subtitle(&self, problem: &dyn Problem) -> String {
        let (equation, network, update) = (problem.title(), self.network(), self.updates());
        format!("{equation};  {network};  {update}, seed {}", self.seed)
    }

    fn network(&self) -> String {
        let Self { depth, width, .. } = self;
        let (activation, init) = (name(self.activation), name(self.init));
        format!("{depth} hidden layers of {width}, {activation}, {init} init")
    }

    fn updates(&self) -> String {
        let (rule, schedule) = (name(self.optimizer), name(self.schedule));
        format!("{rule}, {schedule} learning rate {}", self.lr)
    }

    /// Runs at the same time.
    pub fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.unwrap_or_else(cores).min(self.methods.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn parse(options: &str) -> Args {
        let words = std::iter::once("pinn").chain(options.split_whitespace());
        Cli::try_parse_from(words).expect("valid options").args
    }

    #[test]
    fn without_options_the_papers_methods_meet_the_optimizer_alone() {
        let chains = |options| {
            let chains = parse(options).methods;
            chains.iter().map(Chain::to_string).collect::<Vec<_>>()
        };
        let papers = ["none", "stable-grad", "gradient-stabilizer", "autoscale"];
        assert_eq!(chains(""), papers);
        assert_eq!(
            chains("--method agc+zclip --method none"),
            ["agc + zclip", "none"]
        );
    }

    #[test]
    fn defaults_depend_on_problem_and_optimizer() {
        let setup = |options| parse(options).setup(&Chain::default());
        let scale = |options| {
            let setup = setup(options);
            setup.balance(&*setup.problem.problem()).residual_scale
        };
        assert_eq!(scale(""), 10.0);
        assert_eq!(scale("--problem burgers"), 1.0);
        assert_eq!(scale("--residual-scale 4"), 4.0);
        let decay = |options| setup(options).optimizer.weight_decay;
        assert_eq!(decay("--optimizer adamw"), 0.01);
        assert_eq!(decay("--optimizer adam"), 0.0);
        assert_eq!(setup("--beta2 0.9").optimizer.beta2, 0.9);
    }

    #[test]
    fn without_options_a_run_is_the_default_setup() {
        assert_eq!(parse("").setup(&Chain::default()), Setup::default());
    }
}
