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
        self.compare_states(&what);
    }

    /// Norms come from sums with at most a few thousand roundings of 2^-53 each, so 1e-12 holds what follows from them.
    fn compare_states(&self, what: &str) {
        for (core, oracle) in self.core.iter().zip(&self.oracle) {
            for (a, e) in core.norms.iter().zip(&oracle.norms) {
                compare::relative(&format!("{what}: m"), a.m, e.m, 1e-12);
                compare::relative(&format!("{what}: v"), a.v, e.v, 1e-12);
                assert_eq!((a.steps, a.skipped), (e.steps, e.skipped), "{what}");
            }
            compare_autoscale(what, core, oracle);
            compare_zclip(what, core, oracle);
        }
    }
}

fn compare_autoscale(what: &str, core: &States, oracle: &OracleStates) {
    let (a, e) = (&core.autoscale, &oracle.autoscale);
    compare::relative(&format!("{what}: exponent"), a.exponent, e.exponent, 1e-12);
    compare::relative(&format!("{what}: sigma"), a.sigma, e.sigma, 1e-12);
    compare::relative(&format!("{what}: alpha"), a.alpha, e.alpha, 1e-12);
    assert_eq!(a.steps, e.steps, "{what}");
}

/// Mean and variance once the oracle has them, which is from the end of the warm-up on.
fn compare_zclip(what: &str, core: &States, oracle: &OracleStates) {
    let (a, e) = (&core.zclip, &oracle.zclip);
    assert_eq!(a.steps, e.steps, "{what}");
    if e.mean > 0.0 {
        compare::relative(&format!("{what}: mean"), a.mean, e.mean, 1e-12);
        // Differences of norms: relative to the squares they are taken from.
        let allowed = 1e-12 * (e.mean * e.mean + e.var);
        assert!(
            (a.var - e.var).abs() <= allowed,
            "{what}: var {} instead of {}",
            a.var,
            e.var
        );
    }
}
