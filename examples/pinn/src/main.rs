//! `pinn`: reads the options, trains once for every method, prints a table, writes a report and pictures.

use clap::Parser;
use pinn::args::Args;
use pinn::plots::{self, Scene};
use pinn::report::Report;
use pinn::run::{self, Start};
use pinn::screen;
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match train(&Args::parse()) {
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
    let problem = args.problem();
    let start = Start::draw(args, &*problem);
    println!("{}\n{}\n", problem.title(), args.summary(&start));

    let bars = screen::Bars::new(args.steps);
    let outcomes = run::run_all(args, &*problem, &start, |method| bars.add(method));
    println!(
        "\n{}\n{}\n",
        screen::table(&outcomes),
        screen::notes(args, &outcomes)
    );

    let report = args.out.join("report.json");
    Report::new(args, &*problem, &start, &outcomes).write(&report)?;
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
