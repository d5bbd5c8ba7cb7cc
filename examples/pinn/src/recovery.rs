//! How long a run needs to get over a corrupted step.
//!
//! ```text
//!   level     = median of the last 50 losses up to the spike's own step (whose loss is that of intact parameters),
//!               or the level before the spike before, if that is lower and was not regained
//!   recovered = first 11 losses in a row, all after the spike, whose median is at most 1.1 * level
//! ```
//!
//! The number of steps to recover is the number of steps between the spike and the first of the 11: 0 if the loss never
//! left its level. Medians, because new points make the loss of every step a random number; and 11, because the harm
//! may come late: Adam's running average carries a spike on for some ten steps. A run that has not recovered when the
//! next spike comes, or at its end, has not recovered from this one, and is held to the same level after the next: a run
//! that is wrecked once does not recover from anything later.

use crate::spikes::Spike;
use crate::statistics::median;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Losses before a spike that the median is taken over.
pub const BEFORE: usize = 50;
/// Losses after it.
pub const AFTER: usize = 11;
/// A loss up to this multiple of the median counts as recovered.
pub const TOLERANCE: f64 = 1.1;

/// A spike and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// The corrupted step: the number of updates before it.
    pub step: usize,
    /// As the spike has it.
    pub factor: f64,
    /// As the spike has it.
    pub tensor: Option<usize>,
    /// Steps to recover; none: not before the next spike or the end.
    pub steps: Option<usize>,
}

/// Watches the losses of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Watch {
    losses: VecDeque<f64>,
    waiting: Option<Wait>,
    seen: Vec<Recovery>,
}

/// A spike that has not been got over yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wait {
    /// The median loss that counts as recovered.
    wanted: f64,
    losses: VecDeque<f64>,
}

impl Watch {
    /// Takes in the loss before the update of step `step`, and the spike that this update will have.
    pub fn observe(&mut self, step: usize, loss: f64, spike: Option<&Spike>) {
        if let (Some(wait), Some(last)) = (&mut self.waiting, self.seen.last_mut()) {
            push(&mut wait.losses, loss, AFTER);
            if wait.losses.len() == AFTER && middle(&wait.losses) <= wait.wanted {
                last.steps = Some(step - last.step - AFTER);
                self.waiting = None;
            }
        }
        push(&mut self.losses, loss, BEFORE);
        if let Some(spike) = spike {
            self.seen.push(Recovery {
                step: spike.step,
                factor: spike.factor,
                tensor: spike.tensor,
                steps: None,
            });
            let lost = self
                .waiting
                .take()
                .map_or(f64::INFINITY, |wait| wait.wanted);
            self.waiting = Some(Wait {
                wanted: lost.min(TOLERANCE * middle(&self.losses)),
                losses: VecDeque::new(),
            });
        }
    }

    /// The last loss.
    pub fn last(&self) -> Option<f64> {
        self.losses.back().copied()
    }

    /// Every spike so far.
    pub fn finish(self) -> Vec<Recovery> {
        self.seen
    }
}

fn push(losses: &mut VecDeque<f64>, loss: f64, most: usize) {
    if losses.len() == most {
        losses.pop_front();
    }
    losses.push_back(loss);
}

fn middle(losses: &VecDeque<f64>) -> f64 {
    median(losses.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recoveries(losses: &[f64], spikes: &[usize]) -> Vec<Option<usize>> {
        let mut watch = Watch::default();
        for (step, &loss) in losses.iter().enumerate() {
            let spike = Spike {
                step,
                factor: 100.0,
                tensor: None,
            };
            watch.observe(step, loss, spikes.contains(&step).then_some(&spike));
        }
        watch
            .finish()
            .iter()
            .map(|recovery| recovery.steps)
            .collect()
    }

    /// Ten losses of 2, a spike at step 9, then `after`.
    fn after_a_spike(after: &[f64]) -> Option<usize> {
        recoveries(&[&[2.0; 10], after].concat(), &[9])[0]
    }

    #[test]
    fn steps_with_a_higher_median_are_counted() {
        // The limit is 2.2. Six low ones of eleven make a low median.
        let (low, high) = ([2.1; 11], [50.0; 20]);
        assert_eq!(after_a_spike(&low), Some(0));
        assert_eq!(after_a_spike(&[&high[..5], &low[..6]].concat()), Some(0));
        assert_eq!(after_a_spike(&[&high[..6], &low[..]].concat()), Some(1));
        assert_eq!(
            after_a_spike(&[&low[..3], &high[..10], &low[..]].concat()),
            Some(8)
        );
        assert_eq!(after_a_spike(&high), None);
        assert_eq!(after_a_spike(&low[..10]), None);
    }

    #[test]
    fn the_next_spike_ends_the_wait_and_the_level_stays() {
        let spiked = |after: &[f64]| {
            recoveries(
                &[&[2.0, 2.0, 2.0, 50.0, 40.0, 40.0], after].concat(),
                &[2, 5],
            )
        };
        // The median before the second spike is (2 + 40)/2, but 2 was not regained: 2.2 is the limit, not 23.1.
        assert_eq!(spiked(&[23.0; 11]), [None, None]);
        assert_eq!(
            spiked(&[[23.0; 4].as_slice(), &[2.2; 11]].concat()),
            [None, Some(0)]
        );
        assert_eq!(
            spiked(&[[23.0; 9].as_slice(), &[2.2; 11]].concat()),
            [None, Some(4)]
        );
    }

    #[test]
    fn a_regained_level_is_forgotten() {
        // Recovered from the first spike, the loss then rises by itself: the second is held to the new level.
        let losses = [&[2.0; 20][..], &[5.0; 60], &[5.4; 11]].concat();
        assert_eq!(recoveries(&losses, &[5, 79]), [Some(0), Some(0)]);
    }

    #[test]
    fn only_the_last_fifty_losses_count() {
        let losses = [&[1.0; 60][..], &[100.0; 50], &[105.0; 11]].concat();
        assert_eq!(recoveries(&losses, &[109]), [Some(0)]);
        assert_eq!(recoveries(&losses, &[59]), [None]);
    }
}
