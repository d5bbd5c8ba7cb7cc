//! What the terminal shows: a progress bar for each run, and a table at the end. Where the standard error is no
//! terminal, lines now and then stand for the bars.

use crate::output;
use crate::run::{Outcome, Run};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{MultiProgress, ProgressBar, ProgressFinish, ProgressStyle};
use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// The progress of one run.
pub struct Bar {
    bar: ProgressBar,
    method: String,
    steps: usize,
    began: Instant,
    lines: RefCell<Lines>,
}

impl Bar {
    /// Below those of the other runs, where the run is.
    pub fn new(all: &MultiProgress, run: &Run) -> Self {
        let (steps, method) = (run.setup().steps, run.setup().method.label());
        let bar = ProgressBar::new(steps as u64).with_finish(ProgressFinish::Abandon);
        let bar = all.add(bar.with_prefix(method.clone()));
        let template = "{prefix:>18} {bar:30.cyan/dim} {pos:>6}/{len} {msg} {eta:>4} left";
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        bar.set_position(run.steps() as u64);
        bar.reset_eta();
        Self {
            bar,
            method,
            steps,
            began: Instant::now(),
            lines: RefCell::new(Lines::from_the_first()),
        }
    }

    /// After `step` updates.
    pub fn show(&self, step: usize, loss: f64, error: f64) {
        self.bar
            .set_message(format!("loss {loss:.2e}  error {error:.2e} "));
        self.bar.set_position(step as u64);
        let place = format!("step {step} of {}", self.steps);
        self.lines.borrow_mut().tell(self.line(place, loss, error));
    }

    /// After the last.
    pub fn end(&self, outcome: &Outcome) {
        let line = self.line(end(outcome), outcome.loss, outcome.error);
        self.lines.borrow_mut().tell_last(line);
    }

    fn line(&self, place: impl Display, loss: f64, error: f64) -> String {
        let (method, seconds) = (&self.method, self.began.elapsed().as_secs());
        format!("{method}: {place}, loss {loss:.2e}, error {error:.2e}, {seconds} s")
    }
}

/// Lines now and then, where there is no terminal to draw a bar on.
pub struct Lines {
    wanted: bool,
    told: Option<Instant>,
}

impl Lines {
    /// From one line to the next.
    const EVERY: Duration = Duration::from_secs(10);

    /// The first line is told at once.
    pub fn from_the_first() -> Self {
        Self {
            wanted: !io::stderr().is_terminal(),
            told: None,
        }
    }

    /// The first line is told when it has been quiet for a while.
    pub fn from_now() -> Self {
        Self {
            told: Some(Instant::now()),
            ..Self::from_the_first()
        }
    }

    /// Tells the line, unless the one before is fresh.
    pub fn tell(&mut self, line: impl Display) {
        if self.due(Instant::now()) {
            self.tell_last(line);
        }
    }

    /// Tells the line in any case.
    pub fn tell_last(&mut self, line: impl Display) {
        if self.wanted {
            output::warn(line);
            self.told = Some(Instant::now());
        }
    }

    fn due(&self, now: Instant) -> bool {
        let fresh = |told| now.saturating_duration_since(told) < Self::EVERY;
        self.wanted && !self.told.is_some_and(fresh)
    }
}

/// Where the runs of a resumed job go on, a line for each.
pub fn resumption(runs: &[Run]) -> String {
    let line = |run: &Run| {
        let (method, steps) = (run.setup().method.label(), run.setup().steps);
        match run.steps() {
            0 => format!("{method}: no checkpoint, starts from the beginning\n"),
            all if all == steps => format!("{method}: finished, all {steps} steps are done\n"),
            done => format!("{method}: goes on from step {done} of {steps}\n"),
        }
    };
    runs.iter().map(line).collect()
}

/// The table of all runs.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "method",
        "final loss",
        "relative L2 error",
        "ms per step",
        "in trimtab",
        "end",
    ]);
    for outcome in outcomes {
        table.add_row(row(outcome));
    }
    for column in table.column_iter_mut().skip(1).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// What a reader of the table has to know.
pub fn notes(jobs: usize, outcomes: &[Outcome]) -> String {
    let ends = outcomes.iter().filter_map(|outcome| {
        let (method, step) = (outcome.method.label(), outcome.steps);
        let line = |reason| format!("{method} diverged at step {step}: {reason}\n");
        outcome.divergence.map(line)
    });
    let times = match jobs {
        1 => "one run at a time".to_owned(),
        jobs => format!("{jobs} runs at a time (--jobs 1 for undisturbed times)"),
    };
    let share = "\"in trimtab\" is observing, deciding and the optimizer's update.";
    let ends: String = ends.collect();
    format!("{ends}Times are wall-clock times of one thread, {times};\n{share}")
}

/// Three significant figures, without an exponent where that is short.
pub fn three_figures(x: f64) -> String {
    let rounded = format!("{x:.2e}");
    let exponent = rounded
        .split_once('e')
        .map(|(_, exponent)| exponent.parse::<i32>());
    match exponent {
        Some(Ok(exponent @ -3..=2)) => format!("{x:.*}", (2 - exponent) as usize),
        _ => rounded,
    }
}

fn end(outcome: &Outcome) -> String {
    match outcome.divergence {
        None => format!("all {} steps", outcome.steps),
        Some(_) => format!("diverged at step {}", outcome.steps),
    }
}

fn row(outcome: &Outcome) -> [String; 6] {
    [
        outcome.method.label(),
        three_figures(outcome.loss),
        three_figures(outcome.error),
        format!("{:.2}", outcome.milliseconds_per_step()),
        format!("{:.1} %", 100.0 * outcome.trimtab_share()),
        end(outcome),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_every_ten_seconds_and_only_where_they_are_wanted() {
        let start = Instant::now();
        let due = |wanted, told: Option<u64>, now| {
            let told = told.map(|seconds| start + Duration::from_secs(seconds));
            Lines { wanted, told }.due(start + Duration::from_secs(now))
        };
        assert!(due(true, None, 0));
        assert!(!due(true, Some(5), 14));
        assert!(due(true, Some(5), 15));
        assert!(!due(false, None, 0) && !due(false, Some(5), 15));
    }

    #[test]
    fn results_have_three_figures() {
        let numbers =
            [0.01234, 0.2, 1.016, 45.678, 1.5e-5, 0.9996, 999.9, f64::NAN].map(three_figures);
        assert_eq!(
            numbers,
            [
                "0.0123", "0.200", "1.02", "45.7", "1.50e-5", "1.00", "1.00e3", "NaN"
            ]
        );
    }
}
