//! The command line: the main job's options, or `study` with its own.

use crate::method::{Chain, Reference};
use crate::output::cores;
use crate::setup::Setup;
use clap::{Parser, Subcommand};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Trains a deep physics-informed network once for every method and shows the difference.
///
/// All methods start from the same weights and points. Each gradient goes through trimtab: observe, decide, and an
/// optimizer step that writes the parameters. The table is printed at the end; report.json and the pictures lie in the
/// output folder.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    max_term_width = 110,
    args_override_self = true,
    allow_negative_numbers = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Instead of the main job.
    #[command(subcommand)]
    pub command: Option<Task>,

    /// Of the main job.
    #[command(flatten)]
    pub args: Args,
}

/// What to train, and where the results go.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Of every run.
    #[command(flatten)]
    pub setup: Setup,

    /// What to put in front of the optimizer; repeat for several, join with + for several in a row, add options in
    /// parentheses as examples/pinn/studies/README.md says
    #[arg(long = "method", value_name = "METHOD", help_heading = "Training",
        default_values = ["none", "stable-grad", "gradient-stabilizer", "autoscale"])]
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

    /// Folder for report.json and the pictures
    #[arg(
        long,
        value_name = "DIR",
        default_value = "out",
        help_heading = "Output"
    )]
    pub out: PathBuf,

    /// Write the report only
    #[arg(long, help_heading = "Output")]
    pub no_pictures: bool,

    /// Write a checkpoint of each run to the output folder every N updates and after the last, so that --resume can go
    /// on from there; the checkpoint before is replaced only by a whole new one [default: none are written]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub checkpoint_every: Option<NonZeroUsize>,

    /// Go on from the checkpoints in the output folder, with the bits of a job that was never interrupted: repeat its
    /// options and add this. Runs without a checkpoint start from the beginning; for finished ones, report and pictures
    /// are made again
    #[arg(long, requires = "checkpoint_every", help_heading = "Output")]
    pub resume: bool,

    /// Records of loss, error and gradient scales in each run
    #[arg(long, value_name = "N", default_value = "200", help_heading = "Output")]
    pub records: NonZeroUsize,

    /// Runs at the same time [default: one for each processor core]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub jobs: Option<NonZeroUsize>,
}

impl Args {
    /// The runs of all methods; none that has no meaning.
    pub fn setups(&self) -> Result<Vec<Setup>, String> {
        let of_method = |method: &Chain| Setup {
            method: method.completed(self.reference),
            ..self.setup.clone()
        };
        let checked = |setup: Setup| setup.check().map(|()| setup);
        self.methods.iter().map(of_method).map(checked).collect()
    }

    /// Runs at the same time.
    pub fn jobs(&self) -> usize {
        cores(self.jobs).min(self.methods.len())
    }
}

/// What else the program does.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Runs every combination in a study file; an interrupted study resumes where it stopped. The report is made by
    /// `python examples/report/report.py`
    Study(StudyArgs),
}

/// The options of `study`.
#[derive(Clone, Debug, clap::Args)]
pub struct StudyArgs {
    /// The study, in TOML; see examples/pinn/studies/README.md
    pub file: PathBuf,

    /// Folder for runs.jsonl [default: FILE without its ending]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Runs at the same time [default: one for each processor core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,

    /// Count the runs and stop
    #[arg(long)]
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_study_takes_none_of_the_main_jobs_options() {
        let parse = |words: &str| Cli::try_parse_from(words.split(' '));
        assert!(parse("pinn study depth.toml --jobs 1").is_ok_and(|cli| cli.command.is_some()));
        assert!(parse("pinn --depth 3").is_ok_and(|cli| cli.command.is_none()));
        assert!(parse("pinn --depth 3 study depth.toml").is_err());
        assert!(parse("pinn study").is_err());
    }

    #[test]
    fn without_options_the_papers_methods_meet_the_optimizer_alone() {
        let parse = |words: &str| Cli::try_parse_from(words.split(' ')).expect(words).args;
        let told = |words: &str| {
            let setups = parse(words).setups().expect(words);
            setups
                .iter()
                .map(|setup| setup.method.to_string())
                .collect::<Vec<_>>()
        };
        let papers = [
            "none",
            "stable-grad(reference=prediction)",
            "gradient-stabilizer",
            "autoscale",
        ];
        assert_eq!(told("pinn"), papers);
        assert_eq!(
            told("pinn --method agc+zclip --method none"),
            ["agc + zclip", "none"]
        );
        assert_eq!(parse("pinn").setup, Setup::default());
    }
}
