//! Methods one behind the other, through a library and through the oracle, over any number of steps.

use trimtab::{Moments, Tensor};

use super::compare;
use super::data::{Batch, Random};
use super::library::{Library, Running};
use super::number::Real;
use super::snapshot;
use super::states::{OracleStates, States};
use super::status::{OK, ORDER, expect};
use super::table::Setting;

/// What the methods are told in a step.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// StableGrad's reference.
    pub reference: f64,
    /// The parameters, for AGC.
    pub params: Vec<Vec<f64>>,
}

impl Inputs {
    /// A reference and parameters of norm 2 for each of `tensors` tensors.
    pub fn plain(tensors: usize) -> Inputs {
        Inputs {
            reference: 0.5,
            params: vec![vec![2.0]; tensors],
        }
    }

    pub fn random(random: &mut Random, lengths: &[usize]) -> Inputs {
        let reference = random.between(0.1, 2.0);
        let params = lengths.iter();
        let params = params.map(|&n| random.elements(n, 0.0, 3.0)).collect();
        Inputs { reference, params }
    }

    /// The moments of the parameters.
    pub fn moments(&self) -> Vec<Moments> {
        let one = |w: &Vec<f64>| {
            let mut moments = Moments::default();
            moments.observe_chunk(w).expect("parameters are finite");
            moments
        };
        self.params.iter().map(one).collect()
    }
}

/// A chain of methods with their states on both sides.
pub struct Chain {
    pub library: &'static dyn Library,
    pub name: String,
    pub running: Vec<Running>,
    pub oracle: Vec<OracleStates>,
}

impl Chain {
    pub fn new(library: &'static dyn Library, methods: &[Setting], tensors: usize) -> Chain {
        let names: Vec<_> = methods.iter().map(|method| format!("{method:?}")).collect();
        let running = |setting: &Setting| Running {
            setting: setting.clone(),
            states: States::new(setting, tensors),
        };
        Chain {
            library,
            name: format!("{}: {}", library.name(), names.join(" > ")),
            running: methods.iter().map(running).collect(),
            oracle: methods
                .iter()
                .map(|method| OracleStates::new(method, tensors))
                .collect(),
        }
    }

    /// Observes and decides; a reference is told to the methods that have one.
    pub fn decide(&mut self, what: &str, inputs: &Inputs, grads: &mut [Tensor]) {
        expect(what, self.library.observe(grads).code, OK);
        for running in &mut self.running {
            running.setting.refer_to(inputs.reference);
        }
        let (running, moments) = (&mut self.running, inputs.moments());
        let answer = self.library.decide(running, &moments, grads);
        expect(what, answer.expect("can be said").code, OK);
    }

    /// One step through both; the library's result must be the oracle's.
    pub fn step<T: Real>(&mut self, what: &str, inputs: &Inputs, batch: &mut Batch<T>) {
        let what = format!("{} in {}, {what}", self.name, T::NAME);
        let exact = batch.exact();
        let mut tensors = batch.tensors();
        self.decide(&what, inputs, &mut tensors);
        expect(&what, self.library.apply(&mut tensors).code, OK);
        drop(tensors);
        let methods = self.running.iter().zip(&mut self.oracle);
        let exact = methods.fold(exact, |exact, (running, states)| {
            running.setting.exact(states, &inputs.params, &exact)
        });
        for (i, (actual, exact)) in batch.data.iter().zip(&exact).enumerate() {
            compare::written(&format!("{what}, tensor {i}"), actual, &exact.values);
        }
        self.compare_states(&what);
    }

    /// One step in which the methods are asked one by one. Those that need moments behind a finite limit are refused,
    /// change nothing, and the step goes on without them.
    pub fn step_in_any_order<T: Real>(
        &mut self,
        what: &str,
        inputs: &Inputs,
        batch: &mut Batch<T>,
    ) {
        let what = format!("{} in {}, {what}", self.name, T::NAME);
        let (mut exact, moments) = (batch.exact(), inputs.moments());
        let mut tensors = batch.tensors();
        expect(&what, self.library.observe(&mut tensors).code, OK);
        let mut limited = false;
        for (running, states) in self.running.iter_mut().zip(&mut self.oracle) {
            running.setting.refer_to(inputs.reference);
            let before = (snapshot::tensors(&tensors), running.states.bits());
            let one = std::slice::from_mut(running);
            let answer = self.library.decide(one, &moments, &mut tensors);
            let code = answer.expect("can be said").code;
            if limited && running.setting.of.needs_moments {
                expect(&what, code, ORDER);
                let after = (snapshot::tensors(&tensors), running.states.bits());
                assert!(after == before, "{what}: refused, and yet something moved");
                continue;
            }
            expect(&what, code, OK);
            exact = running.setting.exact(states, &inputs.params, &exact);
            limited |= running.setting.limits();
        }
        expect(&what, self.library.apply(&mut tensors).code, OK);
        drop(tensors);
        for (i, (actual, exact)) in batch.data.iter().zip(&exact).enumerate() {
            compare::written(&format!("{what}, tensor {i}"), actual, &exact.values);
        }
    }

    /// Norms come from sums with at most a few thousand roundings of 2^-53 each, so 1e-12 holds what follows from them.
    fn compare_states(&self, what: &str) {
        for (running, oracle) in self.running.iter().zip(&self.oracle) {
            let states = &running.states;
            assert_eq!(states.norms.len(), oracle.norms.len(), "{what}");
            for (a, e) in states.norms.iter().zip(&oracle.norms) {
                compare::relative(&format!("{what}: m"), a.m, e.m, 1e-12);
                compare::relative(&format!("{what}: v"), a.v, e.v, 1e-12);
                assert_eq!((a.steps, a.skipped), (e.steps, e.skipped), "{what}");
            }
            compare_autoscale(what, states, oracle);
            compare_zclip(what, states, oracle);
            let (a, e) = (&states.guard, &oracle.guard);
            assert_eq!((a.consecutive, a.total), (e.consecutive, e.total), "{what}");
        }
    }
}

fn compare_autoscale(what: &str, states: &States, oracle: &OracleStates) {
    let (a, e) = (&states.autoscale, &oracle.autoscale);
    compare::relative(&format!("{what}: exponent"), a.exponent, e.exponent, 1e-12);
    compare::relative(&format!("{what}: sigma"), a.sigma, e.sigma, 1e-12);
    compare::relative(&format!("{what}: alpha"), a.alpha, e.alpha, 1e-12);
    assert_eq!(a.steps, e.steps, "{what}");
}

/// Mean and variance once the oracle has them, which is from the end of the warm-up on.
fn compare_zclip(what: &str, states: &States, oracle: &OracleStates) {
    let (a, e) = (&states.zclip, &oracle.zclip);
    assert_eq!(a.steps, e.steps, "{what}");
    if e.mean > 0.0 {
        compare::relative(&format!("{what}: mean"), a.mean, e.mean, 1e-12);
        // Differences of norms: relative to the squares they are taken from.
        let allowed = 1e-12 * (e.mean * e.mean + e.var);
        let off = (a.var - e.var).abs();
        assert!(off <= allowed, "{what}: var {} instead of {}", a.var, e.var);
    }
}
