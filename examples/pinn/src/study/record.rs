//! What is kept of a finished run: one line of `runs.jsonl`.

use crate::recovery::Recovery;
use crate::run::{History, Outcome};
use crate::setup::Setup;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Points of a run's curves.
pub const RECORDS: usize = 25;

/// A finished run. Numbers are rounded to four significant digits; those that are not finite are written as null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Which run it is.
    pub setup: Setup,
    /// Updates made.
    pub steps: usize,
    /// Why it ended before its last step, if it did.
    pub diverged: Option<String>,
    /// The loss after the last update.
    pub loss: Rounded,
    /// The relative L2 error after the last update.
    pub error: Rounded,
    /// The smallest error of all points of the curve and the end.
    pub best_error: Rounded,
    /// Microseconds for the loss and its gradient, median of the steps.
    pub network_us: Rounded,
    /// Microseconds for observing, deciding and the update, median of the steps.
    pub trimtab_us: Rounded,
    /// Steps that the loss scale of half precision skipped.
    #[serde(default)]
    pub skipped: u64,
    /// Corrupted steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spikes: Vec<Recovery>,
    /// On the way.
    pub curve: Curve,
    /// At the start, in the middle and near the end.
    pub scales: Vec<Scales>,
}

/// Loss and error every so many steps, from step 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Steps from one point to the next.
    pub every: usize,
    /// The training loss.
    pub loss: Vec<Rounded>,
    /// The relative L2 error.
    pub error: Vec<Rounded>,
}

/// Standard deviation of every layer's weight gradient at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scales {
    /// Updates made before.
    pub step: usize,
    /// As backpropagation gave it.
    pub before: Vec<Rounded>,
    /// As the optimizer saw it.
    pub after: Vec<Rounded>,
}

/// A number with four significant digits: from the beginning, so that a report on a finished study and one on the
/// same runs read again do not differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounded(f64);

impl Rounded {
    /// Rounds.
    pub fn of(x: f64) -> Self {
        let short = format!("{x:.3e}");
        Self(short.parse().expect("a number survives being printed"))
    }

    /// The number that is left.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // serde_json writes NaN and infinities as null.
        to.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Rounded {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = Option::<f64>::deserialize(from)?;
        Ok(Self::of(number.unwrap_or(f64::NAN)))
    }
}

impl Record {
    /// Shortens the outcome of a run that was recorded every `every` steps.
    pub fn new(setup: &Setup, outcome: &Outcome, every: usize) -> Self {
        let history = &outcome.history;
        let best = history.error.iter().copied().fold(outcome.error, f64::min);
        let [network, trimtab] = outcome.time.medians().map(|time| Rounded::of(1e6 * time));
        Self {
            setup: setup.clone(),
            steps: outcome.steps,
            diverged: outcome.divergence.map(|reason| reason.to_string()),
            loss: Rounded::of(outcome.loss),
            error: Rounded::of(outcome.error),
            best_error: Rounded::of(best),
            network_us: network,
            trimtab_us: trimtab,
            skipped: outcome.skipped,
            spikes: outcome.recoveries.clone(),
            curve: Curve {
                every,
                loss: rounded(&history.loss),
                error: rounded(&history.error),
            },
            scales: Scales::of(history),
        }
    }
}

impl Scales {
    fn of(history: &History) -> Vec<Self> {
        let count = history.steps.len();
        let mut places = vec![0, count / 2, count.saturating_sub(1)];
        places.dedup();
        places.retain(|&place| place < count);
        let at = |place: usize| Self {
            step: history.steps[place],
            before: rounded(&history.scale_before[place]),
            after: rounded(&history.scale_after[place]),
        };
        places.into_iter().map(at).collect()
    }
}

fn rounded(numbers: &[f64]) -> Vec<Rounded> {
    numbers.iter().copied().map(Rounded::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_survive() {
        let numbers = [0.123456, 1.5e-300, 98765.4, 0.0, -2.0].map(Rounded::of);
        let text = serde_json::to_string(&numbers).expect("JSON");
        assert_eq!(text, "[0.1235,1.5e-300,98770.0,0.0,-2.0]");
        let read: Vec<Rounded> = serde_json::from_str(&text).expect("numbers");
        assert_eq!(read, numbers);
    }

    #[test]
    fn what_is_not_finite_is_null() {
        let text =
            serde_json::to_string(&[f64::NAN, f64::INFINITY].map(Rounded::of)).expect("JSON");
        assert_eq!(text, "[null,null]");
        let read: Vec<Rounded> = serde_json::from_str(&text).expect("numbers");
        assert!(read.iter().all(|x| x.0.is_nan()));
    }
}
