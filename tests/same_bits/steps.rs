//! The write pass fused with an update: both optimizers, every type of gradient into every type of parameter.

use std::fmt;

use trimtab::{Adam, Parameter, Sgd, bf16, f16};

use crate::common::data::{RUN_LENGTHS, Random, SMALL_LENGTHS};
use crate::common::table::Setting;
use crate::inputs::{Format, Mix, elements};
use crate::passes::{Optimizer, stepped};
use crate::worlds::same_everywhere;
use crate::write::{center, limit, scale};

/// Both optimizers with every switch.
pub fn optimizers() -> Vec<(&'static str, Optimizer)> {
    let plain = Sgd::new(0.1).with_weight_decay(0.01);
    let momentum = plain.with_momentum(0.9).with_dampening(0.1);
    let nesterov = momentum.with_nesterov(true).with_dampening(0.0);
    let adamw = Adam::default().with_weight_decay(0.01);
    let adam = adamw.with_decoupled(false);
    let without_eps = adamw.with_eps(0.0);
    vec![
        ("sgd", Optimizer::Sgd(plain)),
        ("momentum", Optimizer::Sgd(momentum)),
        ("nesterov", Optimizer::Sgd(nesterov)),
        ("adamw", Optimizer::Adam(adamw)),
        ("adam", Optimizer::Adam(adam)),
        ("adamw without eps", Optimizer::Adam(without_eps)),
    ]
}

/// A gradient and a parameter of one length.
pub struct Pair<G, P> {
    gradient: Vec<G>,
    param: Vec<P>,
    optimizer: Optimizer,
    chain: Vec<Setting>,
}

impl<G: Format, P: Format> fmt::Debug for Pair<G, P> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (len, optimizer, chain) = (self.param.len(), self.optimizer, &self.chain);
        let (g, p) = (G::NAME, P::NAME);
        write!(f, "{len} of {g} into {p}: {optimizer:?} after {chain:?}")
    }
}

impl<G: Format, P: Format + Parameter> Pair<G, P> {
    pub fn new(len: usize, optimizer: Optimizer, chain: Vec<Setting>) -> Self {
        let mut random = Random(len as u64);
        Pair {
            gradient: elements(&mut random, Mix::Ordinary, len),
            param: elements(&mut random, Mix::Ordinary, len),
            optimizer,
            chain,
        }
    }

    pub fn run(&self) -> Vec<u64> {
        let data = (&self.gradient[..], &self.param[..]);
        stepped(data, data.1.len() % 4, &self.chain, self.optimizer)
    }
}

/// Nothing pending, the fast scaling, one that makes subnormals, and all that an affine has.
fn chains() -> [Vec<Setting>; 4] {
    [
        vec![],
        vec![scale(1.0 / 3.0)],
        vec![scale(-1e-44)],
        vec![center(), scale(-0.3), limit(0.5)],
    ]
}

fn every_step<G: Format, P: Format + Parameter>() {
    let mut cases = Vec::new();
    for (_, optimizer) in optimizers() {
        let pair = |len, chain| Pair::<G, P>::new(len, optimizer, chain);
        for chain in chains() {
            cases.extend(SMALL_LENGTHS.map(|len| pair(len, chain.clone())));
        }
        cases.push(pair(RUN_LENGTHS[2], vec![scale(0.7)]));
    }
    same_everywhere(&cases, Pair::run);
}

#[test]
fn f32_into_f32() {
    every_step::<f32, f32>();
}

#[test]
fn f64_into_f32() {
    every_step::<f64, f32>();
}

#[test]
fn sixteen_bits_into_f32() {
    every_step::<f16, f32>();
    every_step::<bf16, f32>();
}

#[test]
fn f32_into_f64() {
    every_step::<f32, f64>();
}

#[test]
fn f64_into_f64() {
    every_step::<f64, f64>();
}

#[test]
fn sixteen_bits_into_f64() {
    every_step::<f16, f64>();
    every_step::<bf16, f64>();
}

#[test]
fn long_buffers() {
    let mut cases = Vec::new();
    for (_, optimizer) in optimizers() {
        cases.push(Pair::<f32, f32>::new(65_537, optimizer, vec![scale(0.7)]));
    }
    same_everywhere(&cases, Pair::run);
}
