//! Every method over three steps: affines, states, and what is written.

use std::fmt;

use trimtab::{Tensor, apply, observe};

use crate::common::chain::Inputs;
use crate::common::data::{Batch, Random};
use crate::common::library::Running;
use crate::common::methods::named_settings;
use crate::common::snapshot;
use crate::common::table::Setting;
use crate::inputs::{Format, Mix, elements};
use crate::passes::result;
use crate::worlds::same_everywhere;

/// Weights and biases in turn.
pub const LENGTHS: [usize; 8] = [5, 1, 33, 64, 0, 31, 2_049, 2];

/// A batch of ordinary gradients.
pub fn batch<T: Format>(random: &mut Random, lengths: &[usize]) -> Batch<T> {
    batch_of(random, Mix::Ordinary, lengths)
}

/// Weights and biases in turn, which follow each other in one stream of draws.
pub fn batch_of<T: Format>(random: &mut Random, mix: Mix, lengths: &[usize]) -> Batch<T> {
    let data: Vec<Vec<T>> = lengths
        .iter()
        .map(|len| elements(random, mix, *len))
        .collect();
    let roles = [trimtab::Role::Weight, trimtab::Role::Bias];
    let roles = roles.into_iter().cycle().take(lengths.len()).collect();
    Batch { roles, data }
}

/// One method over one batch for each step.
struct Run<T> {
    name: String,
    method: Setting,
    steps: Vec<Batch<T>>,
}

impl<T> fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A method over all steps: affines and states of each, and what it wrote.
pub fn run<T: Format>(method: &Setting, steps: &[Batch<T>]) -> Vec<u64> {
    let tensors = steps[0].data.len();
    let params = Inputs::plain(tensors).moments();
    let mut running = Running::new(method.clone(), tensors);
    let mut record = Vec::new();
    for step in steps {
        let mut step = step.clone();
        let mut tensors = step.tensors();
        record.push(result(observe(&mut tensors)));
        running.must_decide("same bits", &params, &mut tensors);
        tensors.iter().for_each(|t| record.extend(decided(t)));
        record.extend(running.states.bits());
        record.push(result(apply(&mut tensors)));
        tensors
            .iter()
            .for_each(|t| record.extend(snapshot::tensor(t)));
    }
    record
}

/// What is known of a tensor before it is written.
pub fn decided(tensor: &Tensor) -> Vec<u64> {
    let moments = snapshot::moments(tensor.moments());
    [&moments[..], &snapshot::affine(tensor.affine())].concat()
}

#[test]
fn every_method_over_every_dtype() {
    crate::for_every_dtype!(every_method);
}

fn every_method<T: Format>() {
    let mut random = Random(7);
    let steps: Vec<_> = (0..3).map(|_| batch::<T>(&mut random, &LENGTHS)).collect();
    let mut cases = Vec::new();
    for (name, method) in named_settings() {
        let (name, steps) = (format!("{name} in {}", T::NAME), steps.clone());
        cases.push(Run {
            name,
            method,
            steps,
        });
    }
    same_everywhere(&cases, |case| run(&case.method, &case.steps));
}
