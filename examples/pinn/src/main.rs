//! `pinn`: reads the options, trains once for every method, prints a table, writes a report and pictures; or runs a
//! study.

#![deny(clippy::print_stdout, clippy::print_stderr)]

use clap::Parser;
use indicatif::MultiProgress;
use pinn::checkpoint::Checkpoints;
use pinn::cli::{Args, Cli, Task};
use pinn::notation::counted;
use pinn::output::Stdout;
use pinn::plots::{self, Scene};
use pinn::report::Report;
use pinn::run::{self, Outcome, Run, Start};
use pinn::setup::Setup;
use pinn::{output, screen, study};
use std::error::Error;
use std::io::{self, Write};
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut stdout = Stdout::default();
    let done = match Cli::try_parse() {
        Ok(cli) => work(&cli, &mut stdout),
        // The help is an error to clap, and belongs on the standard output.
        Err(help) if !help.use_stderr() => {
            stdout.keep(help.print().and_then(|()| io::stdout().flush()));
            Ok(())
        }
        Err(mistake) => mistake.exit(),
    };
    match done.and_then(|()| stdout.finish().map_err(Box::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::warn(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn work(cli: &Cli, stdout: &mut Stdout) -> Result<(), Box<dyn Error>> {
    check_level()?;
    match &cli.command {
        None => train(&cli.args, stdout),
        Some(Task::Study(args)) => study::conduct(args, stdout),
    }
}

/// With a name that trimtab does not know, every pass would be refused, and every run would look diverged.
fn check_level() -> Result<(), String> {
    trimtab::Level::current().map(drop).map_err(|_| {
        let name = std::env::var_os("TRIMTAB_LEVEL").unwrap_or_default();
        let known: Vec<_> = trimtab::Level::available().map(|level| level.name()).collect();
        format!(
            "the environment variable TRIMTAB_LEVEL is '{}': unset it or set it to what this processor has: {}",
            name.display(),
            known.join(", ")
        )
    })
}

/// Creates the output folder, and finds out whether everything can be written to it.
fn prepare_output(args: &Args) -> Result<(), String> {
    output::create_folder(&args.out)?;
    let pictures = plots::FILES.into_iter().filter(|_| !args.no_pictures);
    let mut files = iter::once("report.json").chain(pictures);
    files.try_for_each(|file| output::check_writable(&args.out.join(file)))
}

fn train(args: &Args, stdout: &mut Stdout) -> Result<(), Box<dyn Error>> {
    let setups = args.setups()?;
    prepare_output(args)?;
    let problem = setups[0].problem.problem();
    let start = Start::draw(&setups[0], &*problem);
    let checkpoints = match args.checkpoint_every {
        None => Checkpoints::none(),
        Some(every) => Checkpoints::open(&args.out, every, args.resume, &setups)?,
    };
    let begin = |setup| Run::new(setup, &*problem, &start, args.records.get());
    let mut runs: Vec<Run> = setups.iter().map(begin).collect();
    runs.iter_mut()
        .try_for_each(|run| checkpoints.resume(run))?;
    stdout.say(format_args!(
        "{}\n{}; {}, {} at a time\n",
        problem.title(),
        setups[0].summary(),
        counted(setups.len(), "run"),
        args.jobs()
    ));
    if args.resume {
        stdout.say(screen::resumption(&runs));
    }

    let bars = MultiProgress::new();
    let ends = run::side_by_side(args.jobs(), runs, |run| {
        let bar = screen::Bar::new(&bars, &run);
        let mut show = |step, loss, error| bar.show(step, loss, error);
        let outcome = run.train(&mut show, |run| {
            let (loss, error) = run.standing();
            bar.show(run.steps(), loss, error);
            checkpoints.save_if_due(run)
        });
        outcome.inspect(|outcome| bar.end(outcome))
    });
    let outcomes = ends.into_iter().collect::<Result<Vec<_>, _>>()?;

    // First what is to last, then what may not arrive.
    let files = write(args, &setups[0], &start, &outcomes);
    stdout.say(format_args!(
        "\n{}\n{}\n",
        screen::table(&outcomes),
        screen::notes(args.jobs(), &outcomes)
    ));
    for file in files? {
        stdout.say(file.display());
    }
    Ok(())
}

/// Writes the report and the pictures; returns their paths.
fn write(
    args: &Args,
    setup: &Setup,
    start: &Start,
    outcomes: &[Outcome],
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = vec![args.out.join("report.json")];
    Report::new(args, setup, outcomes).write(&files[0])?;
    if !args.no_pictures {
        let problem = &*setup.problem.problem();
        let subtitle = setup.subtitle();
        let scene = Scene {
            subtitle,
            problem,
            start,
            outcomes,
        };
        files.extend(plots::draw(&args.out, &scene)?);
    }
    Ok(files)
}
