//! `report.json`: the configuration and, for every method, its end, its costs and its curves.

use crate::cli::Args;
use crate::loss::Balance;
use crate::output::{cannot_write, replace};
use crate::recovery::Recovery;
use crate::run::{History, Outcome};
use crate::setup::Setup;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::Path;

/// The whole file.
#[derive(Serialize)]
pub struct Report<'a> {
    /// The setup of the runs, without the method.
    configuration: Map<String, Value>,
    /// What was decided for the loss.
    balance: Balance,
    /// The equation with its numbers.
    equation: String,
    /// Weights and biases of the network.
    parameters: u128,
    /// Runs at the same time; they share the machine, which shows in the times.
    simultaneous_runs: usize,
    /// One for each method.
    runs: Vec<Run<'a>>,
}

/// The end of one run. Numbers that are not finite are written as null.
#[derive(Serialize)]
struct Run<'a> {
    method: String,
    status: Status,
    /// Why the run ended early.
    reason: Option<String>,
    steps: usize,
    final_loss: f64,
    relative_l2_error: f64,
    milliseconds_per_step: f64,
    trimtab_share: f64,
    /// Steps that the loss scale of half precision skipped.
    skipped_steps: u64,
    /// Steps with gradients corrupted on purpose, and how many steps it took to recover.
    spikes: &'a [Recovery],
    history: &'a History,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Finished,
    Diverged,
}

impl<'a> Report<'a> {
    /// Collects everything; `setup` is that of any of the runs.
    pub fn new(args: &Args, setup: &Setup, outcomes: &'a [Outcome]) -> Self {
        let problem = setup.problem.problem();
        let mut configuration = setup.fields();
        configuration.shift_remove("method");
        Self {
            configuration,
            balance: setup.balance(&*problem),
            equation: problem.title(),
            parameters: setup.parameters(),
            simultaneous_runs: args.jobs(),
            runs: outcomes.iter().map(Run::new).collect(),
        }
    }

    /// Writes the file.
    pub fn write(&self, file: &Path) -> Result<(), String> {
        replace(file, |to| Ok(serde_json::to_writer_pretty(to, self)?))
            .map_err(|error| cannot_write(file, &error))
    }
}

impl<'a> Run<'a> {
    fn new(outcome: &'a Outcome) -> Self {
        Self {
            method: outcome.method.to_string(),
            status: if outcome.divergence.is_some() {
                Status::Diverged
            } else {
                Status::Finished
            },
            reason: outcome.divergence.map(|reason| reason.to_string()),
            steps: outcome.steps,
            final_loss: outcome.loss,
            relative_l2_error: outcome.error,
            milliseconds_per_step: outcome.milliseconds_per_step(),
            trimtab_share: outcome.trimtab_share(),
            skipped_steps: outcome.skipped,
            spikes: &outcome.recoveries,
            history: &outcome.history,
        }
    }
}
