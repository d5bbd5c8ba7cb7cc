//! How long a study takes: an estimate before it begins, and one bar while it runs.
//!
//! Every run is weighed by its predicted seconds: a few steps of each different network are timed at the start. While
//! the study runs, the time left is the weight left times the seconds that a unit of weight has taken so far, so a busy
//! machine or a wrong prediction corrects itself.

use super::record::{RECORDS, Record};
use crate::run::{Start, seconds_per_step};
use crate::screen::{Lines, three_figures};
use crate::setup::Setup;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Predicted seconds of each run.
pub fn weigh(setups: &[Setup]) -> Vec<f64> {
    let mut known = HashMap::new();
    let mut weigh = |setup: &Setup| {
        let key = (
            std::mem::discriminant(&setup.problem),
            [
                setup.depth,
                setup.width,
                setup.interior_points,
                setup.boundary_points,
                setup.test_grid,
            ],
            setup.activation.for_init() as u32,
        );
        let (step, test) = *known.entry(key).or_insert_with(|| measure(setup));
        step * setup.steps as f64 + test * (RECORDS + 1) as f64
    };
    setups.iter().map(&mut weigh).collect()
}

/// Seconds of a step and of a test.
fn measure(setup: &Setup) -> (f64, f64) {
    let problem = setup.problem.problem();
    let start = Start::draw(setup, &*problem);
    seconds_per_step(setup, &*problem, &start)
}

/// A duration in words.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "a second".to_owned(),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// The progress of all runs together.
pub struct Progress {
    bar: ProgressBar,
    state: Mutex<State>,
    weights: Vec<f64>,
    jobs: usize,
    began: Instant,
}

struct State {
    /// Part of each run that is done, 0 to 1.
    parts: Vec<f64>,
    finished: usize,
    diverged: usize,
    lines: Lines,
}

impl Progress {
    /// Nothing done yet.
    pub fn new(weights: &[f64], jobs: usize) -> Self {
        let milliseconds = 1e3 * weights.iter().sum::<f64>();
        let bar = ProgressBar::new(milliseconds.ceil() as u64);
        let template = "{bar:40.cyan/dim} {percent:>3} %  {msg}";
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        bar.enable_steady_tick(Duration::from_secs(1));
        let state = State {
            parts: vec![0.0; weights.len()],
            finished: 0,
            diverged: 0,
            lines: Lines::from_now(),
        };
        Self {
            bar,
            state: Mutex::new(state),
            weights: weights.to_vec(),
            jobs,
            began: Instant::now(),
        }
    }

    /// Part of run `index` is done.
    pub fn advance(&self, index: usize, part: f64) {
        let mut state = self.state();
        state.parts[index] = part;
        let message = self.show(&state);
        state.lines.tell(message);
    }

    /// Run `index` is finished and stored.
    pub fn finish(&self, index: usize, record: &Record) {
        let mut state = self.state();
        state.parts[index] = 1.0;
        state.finished += 1;
        state.diverged += usize::from(record.diverged.is_some());
        let message = self.show(&state);
        let Setup {
            problem,
            depth,
            method,
            seed,
            ..
        } = &record.setup;
        let line = format!(
            "{message} | {problem}, depth {depth}, {method}, seed {seed}: error {}",
            three_figures(record.final_error())
        );
        match state.finished == self.weights.len() {
            true => state.lines.tell_last(line),
            false => state.lines.tell(line),
        }
    }

    /// Leaves the bar as it is.
    pub fn end(&self) {
        self.bar.abandon();
    }

    /// Moves the bar; returns what it says.
    fn show(&self, state: &State) -> String {
        let message = self.message(state);
        self.bar.set_position((1e3 * self.done(state)) as u64);
        self.bar.set_message(message.clone());
        message
    }

    fn message(&self, state: &State) -> String {
        let left = duration(self.seconds_left(state, self.began.elapsed().as_secs_f64()));
        let diverged = match state.diverged {
            0 => String::new(),
            count => format!(", {count} diverged"),
        };
        format!(
            "{} of {} runs{diverged}, {left} left",
            state.finished,
            self.weights.len()
        )
    }

    fn done(&self, state: &State) -> f64 {
        self.weights
            .iter()
            .zip(&state.parts)
            .map(|(weight, part)| weight * part)
            .sum()
    }

    fn seconds_left(&self, state: &State, elapsed: f64) -> f64 {
        let (done, total) = (self.done(state), self.weights.iter().sum::<f64>());
        match elapsed > 0.0 && done > 0.0 {
            true => (total - done) * elapsed / done,
            false => total / self.jobs as f64,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no run panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_the_weight_left_at_the_pace_so_far() {
        let progress = Progress::new(&[1.0, 3.0], 2);
        let left = |elapsed| progress.seconds_left(&progress.state(), elapsed);
        assert_eq!(left(0.0), 2.0);
        progress.advance(0, 1.0);
        progress.advance(1, 0.5);
        // 2.5 of 4 took 5 s: 2 s for each of the 1.5 left.
        assert!((left(5.0) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn durations_are_told_in_the_unit_that_fits() {
        assert_eq!(
            [0.2, 75.0, 1500.0, 9000.0].map(duration),
            ["a second", "75 s", "25 min", "2.5 h"]
        );
    }
}
