//! The command line: the main job's options, or `study` with its own.

use crate::args::{Args, values::at_least};
use clap::{Parser, Subcommand};
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

/// What else the program does.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Runs every combination in a study file and reports on them; an interrupted study resumes where it stopped
    Study(StudyArgs),
}

/// The options of `study`.
#[derive(Clone, Debug, clap::Args)]
pub struct StudyArgs {
    /// The study, in TOML; see examples/pinn/studies/README.md
    pub file: PathBuf,

    /// Folder for runs.jsonl, report.md and the figures [default: FILE without its ending]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Runs at the same time [default: one for each processor core]
    #[arg(long, value_name = "N", value_parser = at_least::<usize>(1))]
    pub jobs: Option<usize>,

    /// Count the runs, estimate their time, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Leave report.md and the figures as they are
    #[arg(long)]
    pub no_report: bool,
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
}
