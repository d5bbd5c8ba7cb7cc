//! One bar for all runs of a study, with the time that is left; where there is no terminal, lines now and then.

use super::record::Record;
use crate::screen::{Lines, three_figures};
use crate::setup::Setup;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::sync::Mutex;
use std::time::Duration;

/// What the bar counts in: parts of the whole study.
const PARTS: f64 = 1e12;

/// The progress of all runs together.
pub struct Progress {
    bar: ProgressBar,
    /// Parts for a unit of cost.
    unit: f64,
    runs: usize,
    told: Mutex<Told>,
}

struct Told {
    finished: usize,
    diverged: usize,
    lines: Lines,
}

/// What a step costs, up to a factor that is the same for all.
fn cost(setup: &Setup) -> f64 {
    setup.parameters() as f64 * (setup.interior_points + setup.boundary_points) as f64
}

impl Progress {
    /// Nothing done yet.
    pub fn new(setups: &[Setup]) -> Self {
        let all: f64 = setups
            .iter()
            .map(|setup| cost(setup) * setup.steps as f64)
            .sum();
        let bar = ProgressBar::new(PARTS as u64);
        let template = "{bar:40.cyan/dim} {percent:>3} %  {msg}";
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        bar.enable_steady_tick(Duration::from_secs(1));
        let lines = Lines::from_now();
        Self {
            bar,
            unit: PARTS / all,
            runs: setups.len(),
            told: Mutex::new(Told {
                finished: 0,
                diverged: 0,
                lines,
            }),
        }
    }

    /// A run that begins; what comes back is to be told how many steps are done.
    pub fn begin(&self, setup: &Setup) -> impl Fn(usize) {
        let (step, before) = (self.unit * cost(setup), Cell::new(0));
        move |done| {
            let parts = |done: usize| (step * done as f64) as u64;
            self.bar.inc(parts(done) - parts(before.replace(done)));
            let mut told = self.told.lock().expect("no run panics");
            let message = self.show(&told);
            told.lines.tell(message);
        }
    }

    /// A run is finished and stored.
    pub fn finish(&self, record: &Record) {
        let mut told = self.told.lock().expect("no run panics");
        told.finished += 1;
        told.diverged += usize::from(record.diverged.is_some());
        let Setup {
            problem,
            depth,
            method,
            seed,
            ..
        } = &record.setup;
        let line = format!(
            "{} | {problem}, depth {depth}, {method}, seed {seed}: error {}",
            self.show(&told),
            three_figures(record.error.get())
        );
        match told.finished == self.runs {
            true => told.lines.tell_last(line),
            false => told.lines.tell(line),
        }
    }

    /// Leaves the bar as it is.
    pub fn end(&self) {
        self.bar.abandon();
    }

    /// Shows and gives what the bar says.
    fn show(&self, told: &Told) -> String {
        let diverged = match told.diverged {
            0 => String::new(),
            count => format!(", {count} diverged"),
        };
        let (finished, left) = (told.finished, HumanDuration(self.bar.eta()));
        let message = format!("{finished} of {} runs{diverged}, {left} left", self.runs);
        self.bar.set_message(message.clone());
        message
    }
}
