//! Studies: every combination in a file, stored run by run. `examples/report` reports on what is stored.
//!
//! * [`mod@file`]: the study file, multiplied out
//! * [`record`], [`store`]: a finished run, and the file that keeps them
//! * [`progress`]: the progress bar

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
    if args.dry_run {
        return Ok(());
    }
    run_all(&open, cores(args.jobs), &store)?;
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

/// Trains and stores. A run that cannot be stored ends the study.
fn run_all(setups: &[Setup], jobs: usize, store: &Store) -> Result<(), Box<dyn Error>> {
    let progress = Progress::new(setups);
    let stop = AtomicBool::new(false);
    let results = side_by_side(jobs, setups.iter().collect(), |setup| {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let record = train(setup, progress.begin(setup));
        let stored = store.append(&record);
        stop.fetch_or(stored.is_err(), Ordering::Relaxed);
        progress.finish(&record);
        stored
    });
    progress.end();
    Ok(results.into_iter().collect::<Result<(), _>>()?)
}

/// One run from beginning to end; `progress` is told how many steps are done.
fn train(setup: &Setup, progress: impl Fn(usize)) -> Record {
    let problem = setup.problem.problem();
    let start = Start::draw(setup, &*problem);
    let mut tell = |step, _, _| progress(step);
    let outcome = run::run(setup, &*problem, &start, RECORDS, &mut tell);
    progress(setup.steps);
    Record::new(setup, &outcome, run::record_every(setup.steps, RECORDS))
}
