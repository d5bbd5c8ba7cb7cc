//! The oracle's side of the descriptions: from the values of a setting to the oracle's configuration and states.

use trimtab::{Roles, Scope};

use super::states::OracleStates;
use super::table::Setting;
use crate::oracle::{self, Gradient, adaptive};

pub fn roles(s: &Setting) -> oracle::Roles {
    match s.roles("roles").expect("one of two") {
        Roles::Weights => oracle::Roles::Weights,
        _ => oracle::Roles::All,
    }
}

pub fn scope(s: &Setting) -> oracle::Scope {
    match s.scope().expect("one of two") {
        Scope::Tensor => oracle::Scope::Tensor,
        _ => oracle::Scope::Global,
    }
}

pub fn stabilizer(
    s: &Setting,
    states: &mut OracleStates,
    _: &[Vec<f64>],
    grads: &[Gradient],
) -> Vec<Gradient> {
    let config = adaptive::Stabilizer {
        scope: scope(s),
        gamma1: s.get("gamma1"),
        gamma2: s.get("gamma2"),
        eps: s.get("eps"),
        bias_correction: s.get("bias_correction") == 1.0,
    };
    let (after, new) = adaptive::gradient_stabilizer(config, &states.norms, grads);
    states.norms = new;
    after
}

pub fn zclip(
    s: &Setting,
    states: &mut OracleStates,
    _: &[Vec<f64>],
    grads: &[Gradient],
) -> Vec<Gradient> {
    let config = adaptive::Zclip {
        warmup: s.get("warmup") as usize,
        alpha: s.get("alpha"),
        z_max: s.get("z_max"),
        eps: s.get("eps"),
        max_norm: s.get("max_norm"),
    };
    let (after, new) = adaptive::zclip(config, &states.zclip, grads);
    states.zclip = new;
    after
}

pub fn guard(
    s: &Setting,
    states: &mut OracleStates,
    _: &[Vec<f64>],
    grads: &[Gradient],
) -> Vec<Gradient> {
    let max = s.get("max_consecutive") as u64;
    let (outcome, new) = match s.get("policy") {
        0.0 => adaptive::guard_skip(max, states.guard, grads),
        _ => adaptive::guard_zero(max, states.guard, grads),
    };
    states.guard = new;
    let adaptive::Guarded::Proceed(after) = outcome else {
        panic!("generic tests give the guard finite gradients");
    };
    after
}
