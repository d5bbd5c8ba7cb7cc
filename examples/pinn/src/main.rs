//! `pinn`: reads the options, trains once for every method, prints a table, writes a report and pictures; or runs a
//! study.

use clap::Parser;
use pinn::args::Args;
use pinn::checkpoint::Checkpoints;
use pinn::cli::{Cli, Task};
use pinn::plots::{self, Scene};
use pinn::report::Report;
use pinn::run::{self, Run, Start};
use pinn::{output, screen, study};
use std::error::Error;
use std::iter;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let work = || match &cli.command {
        None => train(&cli.args),
        Some(Task::Study(args)) => study::conduct(args),
    };
    match check_level().map_err(Box::from).and_then(|()| work()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
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

fn train(args: &Args) -> Result<(), Box<dyn Error>> {
    args.check()?;
    prepare_output(args)?;
    let setups = args.setups();
    let problem = setups[0].problem.problem();
    let start = Start::draw(&setups[0], &*problem);
    let checkpoints = match args.checkpoint_every {
        None => Checkpoints::none(),
        Some(every) => Checkpoints::open(&args.out, every, args.resume, &setups)?,
    };
    let begin = |setup| Run::new(setup, &*problem, &start, args.records);
    let mut runs: Vec<Run> = setups.iter().map(begin).collect();
    runs.iter_mut()
        .try_for_each(|run| checkpoints.resume(run))?;
    println!("{}\n{}\n", problem.title(), args.summary(&start));
    if args.resume {
        println!("{}", screen::resumption(&runs));
    }

    let bars = screen::Bars::new(args.steps);
    let ends = run::side_by_side(args.jobs(), runs, |run| {
        let mut bar = bars.add(&run.setup().method, run.steps());
        run.train(&mut *bar, |run| checkpoints.save_if_due(run))
    });
    let outcomes = ends.into_iter().collect::<Result<Vec<_>, _>>()?;
    println!(
        "\n{}\n{}\n",
        screen::table(&outcomes),
        screen::notes(args, &outcomes)
    );

    let report = args.out.join("report.json");
    Report::new(args, &setups[0], &start, &outcomes).write(&report)?;
    println!("{}", report.display());
    if args.no_pictures {
        return Ok(());
    }
    let subtitle = args.subtitle(&*problem);
    let scene = Scene {
        subtitle,
        problem: &*problem,
        start: &start,
        outcomes: &outcomes,
    };
    for picture in plots::draw(&args.out, &scene)? {
        println!("{}", picture.display());
    }
    Ok(())
}
