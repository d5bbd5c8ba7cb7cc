//! Two sides of a ratio, measured in turns: A B A B, so that whatever else the machine does meets
//! both.

use std::time::{Duration, Instant};

/// How long one sample should take at least, so that the clock's own cost vanishes.
const SAMPLE: Duration = Duration::from_micros(500);

/// How long one duel lasts.
const BUDGET: Duration = Duration::from_millis(1500);

/// Samples per side, at least.
const FEWEST: usize = 9;

/// Seconds per call of each side.
pub struct Outcome {
    /// The fastest samples: what the code can do when nobody interrupts.
    pub work: f64,
    pub ceiling: f64,
    /// The median over pairs of neighbouring samples of ceiling time over work time.
    pub median: f64,
}

impl Outcome {
    /// How much of the ceiling's speed the work reaches.
    pub fn speed(&self) -> f64 {
        self.ceiling / self.work
    }
}

/// Measures both.
pub fn duel(work: impl FnMut(), ceiling: impl FnMut()) -> Outcome {
    duel_prepared(|_| (), work, ceiling)
}

/// Measures both; `prepare` runs before every sample, `true` before the work, and is not timed.
pub fn duel_prepared(
    mut prepare: impl FnMut(bool),
    mut work: impl FnMut(),
    mut ceiling: impl FnMut(),
) -> Outcome {
    prepare(true);
    let work_calls = calls(&mut work);
    prepare(false);
    let ceiling_calls = calls(&mut ceiling);
    let start = Instant::now();
    let mut pairs = Vec::new();
    while pairs.len() < FEWEST || start.elapsed() < BUDGET {
        prepare(true);
        let seconds = sample(&mut work, work_calls);
        prepare(false);
        pairs.push((seconds, sample(&mut ceiling, ceiling_calls)));
    }
    let mut ratios: Vec<f64> = pairs.iter().map(|(a, b)| b / a).collect();
    ratios.sort_by(f64::total_cmp);
    Outcome {
        work: pairs.iter().fold(f64::INFINITY, |best, p| best.min(p.0)),
        ceiling: pairs.iter().fold(f64::INFINITY, |best, p| best.min(p.1)),
        median: ratios[ratios.len() / 2],
    }
}

/// How many calls fill one sample.
fn calls(body: &mut impl FnMut()) -> u32 {
    let mut calls = 1;
    while sample(body, calls) * f64::from(calls) < SAMPLE.as_secs_f64() {
        calls *= 2;
    }
    calls
}

/// Seconds per call.
fn sample(body: &mut impl FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        body();
    }
    start.elapsed().as_secs_f64() / f64::from(calls)
}
