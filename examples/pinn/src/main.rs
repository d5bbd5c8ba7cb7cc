//! `pinn`: reads the options, trains once for every method, prints a table, writes a report and pictures; or runs a
//! study.

use clap::Parser;
use pinn::args::Args;
use pinn::checkpoint::Checkpoints;
use pinn::cli::{Cli, Task};
use pinn::plots::{self, Scene};
use pinn::report::Report;
use pinn::run::{self, Run, Start};
use pinn::{screen, study};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        None => train(&cli.args),
        Some(Task::Study(args)) => study::conduct(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn train(args: &Args) -> Result<(), Box<dyn Error>> {
    args.check()?;
    std::fs::create_dir_all(&args.out).map_err(|error| {
        format!(
            "cannot create the folder {}: {error}; name another with --out",
            args.out.display()
        )
    })?;
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
