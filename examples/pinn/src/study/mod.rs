//! Studies: every combination in a file, stored run by run. `examples/report` reports on what is stored.
//!
//! * [`mod@file`]: the study file, multiplied out
//! * [`record`], [`store`]: a finished run, and the file that keeps them
//! * [`progress`]: time estimates and the progress bar

pub mod file;
pub mod progress;
pub mod record;
pub mod store;

use crate::cli::StudyArgs;
use crate::notation::counted;
use crate::output::{Stdout, cores, create_folder};
use crate::run::{self, Start, side_by_side};
use crate::setup::Setup;
use file::Study;
use progress::Progress;
use record::{RECORDS, Record};
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Sorted, Store};

/// Runs what is not stored yet.
pub fn conduct(args: &StudyArgs, stdout: &mut Stdout) -> Result<(), Box<dyn Error>> {
    let study = Study::read(&args.file)?;
    let folder = folder(args)?;
    create_folder(&folder)?;
    let (store, records) = Store::open(&folder.join("runs.jsonl"))?;
    let Sorted {
        done,
        open,
        strangers,
    } = store::sort(&study.setups, records);
    let jobs = jobs(args, open.len());
    stdout.say(&study.title);
    stdout.say(format_args!(
        "{}: {done} stored, {} to go",
        counted(study.setups.len(), "run"),
        open.len()
    ));
    if strangers > 0 {
        let runs = counted(strangers, "stored run");
        stdout.say(format_args!("{runs} of no combination of the file: a report has them, too, until you delete their lines"));
    }
    if !open.is_empty() {
        let weights = progress::weigh(&open);
        let total = weights.iter().sum::<f64>() / jobs as f64;
        let total = progress::duration(total);
        stdout.say(format_args!("about {total} with {jobs} at a time"));
        if args.dry_run {
            return Ok(());
        }
        run_all(&open, &weights, jobs, &store)?;
    }
    stdout.say(format_args!(
        "report: python examples/report/report.py {}",
        folder.display()
    ));
    Ok(())
}

/// Where the results go: beside the study file, unless the user says otherwise.
fn folder(args: &StudyArgs) -> Result<PathBuf, String> {
    if let Some(folder) = &args.out {
        return Ok(folder.clone());
    }
    let folder = args.file.with_extension("");
    match folder == args.file {
        true => Err(format!(
            "{} has no ending, so the folder for the results would have the same name; give one with --out",
            args.file.display()
        )),
        false => Ok(folder),
    }
}

fn jobs(args: &StudyArgs, open: usize) -> usize {
    cores(args.jobs).clamp(1, open.max(1))
}

/// Trains and stores. A run that cannot be stored ends the study.
fn run_all(
    setups: &[Setup],
    weights: &[f64],
    jobs: usize,
    store: &Store,
) -> Result<(), Box<dyn Error>> {
    let progress = Progress::new(weights, jobs);
    let stop = AtomicBool::new(false);
    let indices = (0..setups.len()).collect();
    let results = side_by_side(jobs, indices, |index: usize| {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let record = train(&setups[index], |part| progress.advance(index, part));
        let stored = store.append(&record);
        stop.fetch_or(stored.is_err(), Ordering::Relaxed);
        progress.finish(index, &record);
        Some(stored)
    });
    progress.end();
    Ok(results.into_iter().flatten().collect::<Result<(), _>>()?)
}

/// One run from beginning to end; `progress` is told which part of it is done.
fn train(setup: &Setup, progress: impl Fn(f64)) -> Record {
    let problem = setup.problem.problem();
    let start = Start::draw(setup, &*problem);
    let mut tell = |step: usize, _, _| progress(step as f64 / setup.steps as f64);
    let outcome = run::run(setup, &*problem, &start, RECORDS, &mut tell);
    Record::new(setup, &outcome, run::record_every(setup.steps, RECORDS))
}
