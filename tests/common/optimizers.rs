//! Both optimizers, described as the methods are: see [`methods`](super::methods).

use trimtab::{Adam, Sgd};

use super::methods::PLAIN;
use super::states::StateKind;
use super::table::{Class, Description, Optimizer, RESERVED, Rule, Setting, field};
use crate::oracle::{self, Gradient, update};

pub static OPTIMIZERS: [Description; 2] = [
    Description {
        name: "sgd",
        fields: &[
            field("nesterov", Class::Choice, 0.0, 1.0),
            field("lr", Class::Finite, 1e-2, 1.01e-2),
            field("momentum", Class::Decay, 0.0, 0.01),
            field("dampening", Class::Unit, 0.0, 0.1),
            field("weight_decay", Class::Finite, 0.0, 1e-4),
            field("decay_roles", Class::Choice, 1.0, 0.0),
            RESERVED,
        ],
        first_size: 40,
        state: StateKind::Steps,
        needs_moments: false,
        usual: &[("momentum", 0.5), ("weight_decay", 0.1)],
        variants: &[
            (
                "sgd without momentum",
                &[("momentum", 0.0), ("weight_decay", 0.0)],
            ),
            ("nesterov", &[("nesterov", 1.0)]),
            ("sgd, damped", &[("dampening", 0.25), ("decay_roles", 0.0)]),
        ],
        clashes: &[
            &[("nesterov", 1.0), ("momentum", 0.0)],
            &[("nesterov", 1.0), ("dampening", 0.25)],
        ],
        rule: Rule::Optimizer(
            |s| {
                let sgd = Sgd::default()
                    .with_nesterov(s.flag("nesterov")?)
                    .with_lr(s.get("lr"))
                    .with_momentum(s.get("momentum"))
                    .with_dampening(s.get("dampening"))
                    .with_weight_decay(s.get("weight_decay"))
                    .with_decay_roles(s.roles("decay_roles")?);
                Some(Optimizer::Sgd(sgd))
            },
            sgd,
        ),
        ..PLAIN
    },
    Description {
        name: "adam",
        fields: &[
            field("decoupled", Class::Choice, 1.0, 0.0),
            field("lr", Class::Finite, 1e-3, 1.01e-3),
            field("beta1", Class::Decay, 0.9, 0.901),
            field("beta2", Class::Decay, 0.999, 0.9991),
            field("eps", Class::Eps, 1e-8, 1.01e-8),
            field("weight_decay", Class::Finite, 0.0, 1e-4),
            field("decay_roles", Class::Choice, 1.0, 0.0),
            RESERVED,
        ],
        first_size: 48,
        state: StateKind::Steps,
        needs_moments: false,
        usual: &[("weight_decay", 0.1)],
        variants: &[
            ("adam without decay", &[("weight_decay", 0.0)]),
            ("adam, coupled", &[("decoupled", 0.0)]),
            ("adam, decay of weights", &[("decay_roles", 0.0)]),
        ],
        rule: Rule::Optimizer(
            |s| {
                let adam = Adam::default()
                    .with_decoupled(s.flag("decoupled")?)
                    .with_lr(s.get("lr"))
                    .with_beta1(s.get("beta1"))
                    .with_beta2(s.get("beta2"))
                    .with_eps(s.get("eps"))
                    .with_weight_decay(s.get("weight_decay"))
                    .with_decay_roles(s.roles("decay_roles")?);
                Some(Optimizer::Adam(adam))
            },
            adam,
        ),
        ..PLAIN
    },
];

/// The decay of a tensor with this role.
fn decay(s: &Setting, grad: &Gradient) -> f64 {
    let decays = s.get("decay_roles") == 1.0 || grad.role == oracle::Role::Weight;
    if decays { s.get("weight_decay") } else { 0.0 }
}

fn sgd(s: &Setting, t: u64, grad: &Gradient, old: &update::Adapted) -> update::Adapted {
    let config = update::Sgd {
        lr: s.get("lr"),
        momentum: s.get("momentum"),
        dampening: s.get("dampening"),
        weight_decay: decay(s, grad),
        nesterov: s.get("nesterov") == 1.0,
    };
    let (w, m) = update::sgd(config, t, &grad.values, &old.w, &old.m);
    let v = old.v.clone();
    update::Adapted { w, m, v }
}

fn adam(s: &Setting, t: u64, grad: &Gradient, old: &update::Adapted) -> update::Adapted {
    let config = update::Adam {
        lr: s.get("lr"),
        beta1: s.get("beta1"),
        beta2: s.get("beta2"),
        eps: s.get("eps"),
        weight_decay: decay(s, grad),
        decoupled: s.get("decoupled") == 1.0,
    };
    update::adam(config, t, &grad.values, old)
}
