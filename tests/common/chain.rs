//! Methods one behind the other, through the core and through the oracle, over any number of steps.

use trimtab::{apply, observe};

use super::compare;
use super::data::Batch;
use super::method::{AnyMethod, OracleStates, States, StepInputs};
use super::number::Real;

/// A chain of methods with their states on both sides.
pub struct Chain {
    name: String,
    pub methods: Vec<AnyMethod>,
    pub core: Vec<States>,
    pub oracle: Vec<OracleStates>,
}

impl Chain {
    pub fn new(links: &[(&'static str, AnyMethod)], tensors: usize) -> Chain {
        let names: Vec<_> = links.iter().map(|(name, _)| *name).collect();
        let methods: Vec<_> = links.iter().map(|(_, method)| *method).collect();
        Chain {
            name: names.join(" > "),
            core: methods.iter().map(|m| m.states(tensors)).collect(),
            oracle: methods.iter().map(|m| m.oracle_states(tensors)).collect(),
            methods,
        }
    }

    /// One step through both; the core's result must be the oracle's.
    pub fn step<T: Real>(&mut self, what: &str, inputs: &StepInputs, batch: &mut Batch<T>) {
        let what = format!("{} in {}, {what}", self.name, T::NAME);
        let mut exact = batch.exact();
        for (method, states) in self.methods.iter().zip(&mut self.oracle) {
            exact = method.on_data(inputs, states, &exact);
        }
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect(&what);
        for (method, states) in self.methods.iter().zip(&mut self.core) {
            method.must_decide(&what, inputs, states, &mut tensors);
        }
        apply(&mut tensors).expect(&what);
        drop(tensors);
        for (i, (actual, exact)) in batch.data.iter().zip(&exact).enumerate() {
            compare::written(&format!("{what}, tensor {i}"), actual, &exact.values);
        }
        self.compare_norm_states(&what);
    }

    /// Norms come from sums with at most a few thousand roundings of 2^-53 each, so 1e-12 holds them.
    fn compare_norm_states(&self, what: &str) {
        for (core, oracle) in self.core.iter().zip(&self.oracle) {
            for (a, e) in core.norms.iter().zip(&oracle.norms) {
                compare::relative(&format!("{what}: m"), a.m, e.m, 1e-12);
                compare::relative(&format!("{what}: v"), a.v, e.v, 1e-12);
                assert_eq!((a.steps, a.skipped), (e.steps, e.skipped), "{what}");
            }
        }
    }
}
