//! The optimizer cases: parameters after every step, with or without StableGrad in front.

use serde::Deserialize;
use trimtab::{Adam, Parameter, Sgd, Slot, StableGrad, StepState, Tensor, observe};

use crate::batch;
use crate::case::{Case, Step, typed};
use crate::common::compare;
use crate::common::number::Real;
use crate::gradients;
use crate::oracle::{Roles, rescale, statistics, update};

/// Fields in the file's names; the two families are told apart by `optimizer`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    optimizer: String,
    behind: Option<String>,
    params0: Vec<Vec<f64>>,
    lr: f64,
    wd: f64,
    b1: Option<f64>,
    b2: Option<f64>,
    eps: Option<f64>,
    dec: Option<bool>,
    mu: Option<f64>,
    d: Option<f64>,
    n: Option<bool>,
}

impl Config {
    fn is_adam(&self) -> bool {
        match self.optimizer.as_str() {
            "adam" | "adamw" | "adam-plain" => true,
            "sgd" | "sgd-nesterov" | "sgd-damped" => false,
            unknown => panic!("unknown optimizer {unknown}"),
        }
    }

    fn has_stable_grad(&self) -> bool {
        match self.behind.as_deref() {
            None => false,
            Some("stable_grad") => true,
            Some(unknown) => panic!("unknown method {unknown} in front of an optimizer"),
        }
    }

    fn adam(&self) -> update::Adam {
        update::Adam {
            lr: self.lr,
            beta1: self.b1.expect("b1"),
            beta2: self.b2.expect("b2"),
            eps: self.eps.expect("eps"),
            weight_decay: self.wd,
            decoupled: self.dec.expect("dec"),
        }
    }

    fn sgd(&self) -> update::Sgd {
        update::Sgd {
            lr: self.lr,
            momentum: self.mu.expect("mu"),
            dampening: self.d.expect("d"),
            weight_decay: self.wd,
            nesterov: self.n.expect("n"),
        }
    }
}

/// Relative to the largest parameter of the tensor: 8 f32 steps of a few roundings each, or 8 f64 steps.
fn bound(dtype: &str) -> f64 {
    match dtype {
        "f32" => 2e-6,
        "f64" => 1e-10,
        unknown => panic!("unknown parameter dtype {unknown}"),
    }
}

fn compare_params<T: Real>(what: &str, step: &Step, actual: &[Vec<T>], bound: f64) {
    let expected = step.params.as_ref().expect("expected parameters");
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (actual, expected) in actual.iter().zip(expected) {
        let largest = statistics::abs_max(expected);
        compare::within(what, actual, expected, bound * largest);
    }
}

pub fn through_the_core(case: &Case) {
    match case.dtype.as_str() {
        "f32" => step_by_step::<f32>(case),
        "f64" => step_by_step::<f64>(case),
        unknown => panic!("{}: no parameters of dtype {unknown}", case.name),
    }
}

fn step_by_step<T: Real + Parameter>(case: &Case) {
    let config: Config = typed(&case.config);
    let elements = |values: &Vec<f64>| values.iter().map(|&x| T::exact(x)).collect();
    let mut w: Vec<Vec<T>> = config.params0.iter().map(elements).collect();
    let zeros = |w: &Vec<T>| vec![T::exact(0.0); w.len()];
    let mut first: Vec<Vec<T>> = w.iter().map(zeros).collect();
    let mut second = first.clone();
    let mut state = StepState::default();
    for (t, step) in case.steps.iter().enumerate() {
        let what = format!("{} step {t}", case.name);
        let mut batch = batch::<T>(case, step);
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect(&what);
        if config.has_stable_grad() {
            let reference = step.reference.expect("a reference");
            let method = StableGrad::default();
            method.decide(reference, &mut tensors).expect(&what);
        }
        let buffers = (&mut w, &mut first, &mut second);
        one_step(&config, &mut state, &mut tensors, buffers).expect(&what);
        compare_params(&what, step, &w, bound(&case.dtype));
    }
}

type Buffers<'a, T> = (
    &'a mut Vec<Vec<T>>,
    &'a mut Vec<Vec<T>>,
    &'a mut Vec<Vec<T>>,
);

fn one_step<T: Parameter>(
    config: &Config,
    state: &mut StepState,
    tensors: &mut [Tensor],
    (w, first, second): Buffers<T>,
) -> Result<(), trimtab::Error> {
    let params = w.iter_mut().zip(first.iter_mut());
    if config.is_adam() {
        let c = config.adam();
        let adam = Adam::new(c.lr)
            .with_beta1(c.beta1)
            .with_beta2(c.beta2)
            .with_eps(c.eps)
            .with_weight_decay(c.weight_decay)
            .with_decoupled(c.decoupled);
        let all = params.zip(second.iter_mut());
        let mut slots: Vec<Slot> = all.map(|((w, m), v)| Slot::adam(w, m, v)).collect();
        return adam.step(state, tensors, &mut slots);
    }
    let c = config.sgd();
    let sgd = Sgd::new(c.lr)
        .with_momentum(c.momentum)
        .with_dampening(c.dampening)
        .with_weight_decay(c.weight_decay)
        .with_nesterov(c.nesterov);
    let slot = |(w, buffer)| match c.momentum {
        0.0 => Slot::sgd(w),
        _ => Slot::momentum(w, buffer),
    };
    let mut slots: Vec<Slot> = params
        .map(|(w, b)| slot((w.as_mut_slice(), b.as_mut_slice())))
        .collect();
    sgd.step(state, tensors, &mut slots)
}

pub fn through_the_oracle(case: &Case) {
    let config: Config = typed(&case.config);
    let mut adapted: Vec<_> = config
        .params0
        .iter()
        .map(|w| update::Adapted::new(w))
        .collect();
    for (t, step) in case.steps.iter().enumerate() {
        let what = format!("oracle, {} step {t}", case.name);
        let mut grads = gradients(case, step);
        if config.has_stable_grad() {
            let reference = step.reference.expect("a reference");
            grads = rescale::stable_grad(Roles::Weights, 0.0, reference, &grads);
        }
        for (g, p) in grads.iter().zip(&mut adapted) {
            if config.is_adam() {
                *p = update::adam(config.adam(), t as u64 + 1, &g.values, p);
            } else {
                (p.w, p.m) = update::sgd(config.sgd(), t as u64 + 1, &g.values, &p.w, &p.m);
            }
        }
        let w: Vec<Vec<f64>> = adapted.iter().map(|p| p.w.clone()).collect();
        // Eight steps of f64 against eight steps of f64.
        compare_params(&what, step, &w, 1e-13);
    }
}
