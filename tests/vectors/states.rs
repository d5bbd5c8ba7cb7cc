//! The states that vectors expect after a step, against those of the core (and of the oracle).

use serde::Deserialize;

use crate::case::{Step, typed};
use crate::common::compare::relative;
use crate::common::method::{AnyMethod, States};
use crate::oracle::adaptive;

/// States follow from sums whose error is a few times 2^-53, so this leaves room for thousands of roundings.
const BOUND: f64 = 1e-12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Norm {
    m: f64,
    v: f64,
    steps: u64,
    skipped: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Autoscale {
    exponent: f64,
    sigma: f64,
    alpha: f64,
    steps: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zclip {
    mean: f64,
    var: f64,
    steps: u64,
}

/// The state of a case with one method; chains and methods without a state have none in the file.
pub fn compare(what: &str, methods: &[AnyMethod], memory: &[States], step: &Step) {
    let [method] = methods else {
        return assert!(step.state.is_none(), "{what}: a chain with a state");
    };
    match method {
        AnyMethod::GradientStabilizer(_) => compare_norms(what, &of_core(&memory[0]), step, BOUND),
        AnyMethod::Autoscale(_) => compare_autoscale(what, &memory[0], step),
        AnyMethod::Zclip(c) => compare_zclip(what, u64::from(c.warmup), &memory[0], step),
        _ => assert!(step.state.is_none(), "{what}: a state nobody compares"),
    }
}

fn of_core(states: &States) -> Vec<Norm> {
    let one = |s: &trimtab::NormState| Norm {
        m: s.m,
        v: s.v,
        steps: s.steps,
        skipped: s.skipped,
    };
    states.norms.iter().map(one).collect()
}

/// The oracle's states in the same shape.
pub fn of_oracle(states: &[adaptive::NormState]) -> Vec<Norm> {
    let one = |s: &adaptive::NormState| Norm {
        m: s.m,
        v: s.v,
        steps: s.steps,
        skipped: s.skipped,
    };
    states.iter().map(one).collect()
}

/// One state per tensor, or one in all.
pub fn compare_norms(what: &str, actual: &[Norm], step: &Step, bound: f64) {
    let expected: Vec<Norm> = typed(step.state.as_ref().expect("a state"));
    assert_eq!(actual.len(), expected.len(), "{what}: states");
    for (a, e) in actual.iter().zip(&expected) {
        relative(&format!("{what}: m"), a.m, e.m, bound);
        relative(&format!("{what}: v"), a.v, e.v, bound);
        assert_eq!((a.steps, a.skipped), (e.steps, e.skipped), "{what}: counts");
    }
}

fn compare_autoscale(what: &str, states: &States, step: &Step) {
    let actual = &states.autoscale;
    let expected: Autoscale = typed(step.state.as_ref().expect("a state"));
    let near = |name, a, e| relative(&format!("{what}: {name}"), a, e, BOUND);
    near("exponent", actual.exponent, expected.exponent);
    near("sigma", actual.sigma, expected.sigma);
    near("alpha", actual.alpha, expected.alpha);
    assert_eq!(actual.steps, expected.steps, "{what}: steps");
}

/// Before the warm-up ends the file has zeros that mean "not defined yet"; only the count says something then.
fn compare_zclip(what: &str, warmup: u64, states: &States, step: &Step) {
    let actual = &states.zclip;
    let expected: Zclip = typed(step.state.as_ref().expect("a state"));
    assert_eq!(actual.steps, expected.steps, "{what}: steps");
    if expected.steps >= warmup {
        relative(&format!("{what}: mean"), actual.mean, expected.mean, BOUND);
        relative(&format!("{what}: var"), actual.var, expected.var, BOUND);
    }
}
