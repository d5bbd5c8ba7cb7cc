//! Every method, described once: what the documentation says of them.
//!
//! A new method gets its entry here, a line in [`rust`](super::rust), in `ffi/tests/abi/raw.rs` if it has a function
//! of its own in C, and its formula in the oracle, with the way there in [`rules`](super::rules). Then every test of
//! methods covers it, in Rust and in C; until then `tests/suite/complete.rs` fails.

use trimtab::{
    Adagc, Agc, Autoscale, Centralize, ClipNorm, ClipValue, GradientStabilizer, Guard, Scale,
    StableGrad, Unscale, Zclip, Znorm,
};

pub use super::optimizers::OPTIMIZERS;
use super::rules::{guard, roles, scope, stabilizer, zclip};
use super::states::StateKind;
use super::status::BAD_REFERENCE;
use super::table::{Class, Description, Number, RESERVED, Rule, Setting, field, number};
use crate::oracle::{adaptive, rescale};

/// What most methods are.
pub const PLAIN: Description = Description {
    name: "",
    fields: &[],
    first_size: 0,
    number: None,
    state: StateKind::None,
    reads_params: false,
    needs_moments: true,
    usual: &[],
    variants: &[],
    clashes: &[],
    rule: Rule::Optimizer(|_| None, |_, _, _, _| unreachable!()),
};

/// The methods, in the order of their numbers in the header.
pub static METHODS: [Description; 13] = [
    Description {
        name: "unscale",
        number: number("loss_scale", Class::Positive),
        needs_moments: false,
        usual: &[("loss_scale", 1024.0)],
        rule: Rule::Method(
            0,
            |s| Some(Unscale::new(s.number).into()),
            |s, _, _, grads| rescale::unscale(s.number, grads),
        ),
        ..PLAIN
    },
    Description {
        name: "scale",
        number: number("factor", Class::Finite),
        needs_moments: false,
        usual: &[("factor", -0.75)],
        variants: &[("scale to zero", &[("factor", 0.0)])],
        rule: Rule::Method(
            1,
            |s| Some(Scale::new(s.number).into()),
            |s, _, _, grads| rescale::scale(s.number, grads),
        ),
        ..PLAIN
    },
    Description {
        name: "guard",
        fields: &[
            field("policy", Class::Choice, 0.0, 1.0),
            field("max_consecutive", Class::Count, 0.0, 2.0),
        ],
        first_size: 16,
        state: StateKind::Guard,
        needs_moments: false,
        variants: &[(
            "guard to zero",
            &[("policy", 1.0), ("max_consecutive", 3.0)],
        )],
        rule: Rule::Method(
            2,
            |s| {
                let guard = Guard::default().with_max_consecutive(s.get("max_consecutive") as u64);
                Some(guard.with_policy(s.policy()?).into())
            },
            guard,
        ),
        ..PLAIN
    },
    Description {
        name: "stable_grad",
        fields: &[
            field("roles", Class::Choice, 0.0, 1.0),
            field("eps", Class::Eps, 0.0, 1e-14),
        ],
        first_size: 16,
        number: Some(Number {
            name: "reference",
            class: Class::Positive,
            code: BAD_REFERENCE,
        }),
        usual: &[("reference", 0.5)],
        variants: &[("stable_grad of all", &[("roles", 1.0), ("eps", 1e-3)])],
        rule: Rule::Method(
            3,
            |s| {
                let method = StableGrad::default().with_eps(s.get("eps"));
                Some(method.with_roles(s.roles("roles")?).into())
            },
            |s, _, _, grads| rescale::stable_grad(roles(s), s.get("eps"), s.number, grads),
        ),
        ..PLAIN
    },
    Description {
        name: "gradient_stabilizer",
        fields: &[
            field("scope", Class::Choice, 0.0, 1.0),
            field("gamma1", Class::Decay, 0.6, 0.601),
            field("gamma2", Class::Decay, 0.999, 0.9991),
            field("eps", Class::Eps, 1e-12, 1.01e-12),
            field("bias_correction", Class::Choice, 1.0, 0.0),
            RESERVED,
        ],
        first_size: 40,
        state: StateKind::Norms,
        variants: &[
            ("stabilizer, uncorrected", &[("bias_correction", 0.0)]),
            ("stabilizer, global", &[("scope", 1.0)]),
            (
                "stabilizer, global, uncorrected",
                &[("scope", 1.0), ("bias_correction", 0.0)],
            ),
        ],
        rule: Rule::Method(
            4,
            |s| {
                let method = GradientStabilizer::default()
                    .with_scope(s.scope()?)
                    .with_gamma1(s.get("gamma1"))
                    .with_gamma2(s.get("gamma2"))
                    .with_eps(s.get("eps"))
                    .with_bias_correction(s.flag("bias_correction")?);
                Some(method.into())
            },
            stabilizer,
        ),
        ..PLAIN
    },
    Description {
        name: "autoscale",
        state: StateKind::Autoscale,
        rule: Rule::Method(
            5,
            |_| Some(Autoscale::default().into()),
            |_, states, _, grads| {
                let (after, new) = adaptive::autoscale(states.autoscale, grads);
                states.autoscale = new;
                after
            },
        ),
        ..PLAIN
    },
    Description {
        name: "centralize",
        fields: &[field("roles", Class::Choice, 0.0, 1.0)],
        first_size: 8,
        variants: &[("centralize of all", &[("roles", 1.0)])],
        rule: Rule::Method(
            6,
            |s| {
                let method = Centralize::default().with_roles(s.roles("roles")?);
                Some(method.into())
            },
            |s, _, _, grads| rescale::centralize(roles(s), grads),
        ),
        ..PLAIN
    },
    Description {
        name: "znorm",
        fields: &[
            field("roles", Class::Choice, 0.0, 1.0),
            field("eps", Class::Eps, 1e-8, 1.01e-8),
        ],
        first_size: 16,
        variants: &[("znorm of all", &[("roles", 1.0), ("eps", 0.0)])],
        rule: Rule::Method(
            7,
            |s| {
                let method = Znorm::default().with_eps(s.get("eps"));
                Some(method.with_roles(s.roles("roles")?).into())
            },
            |s, _, _, grads| rescale::znorm(roles(s), s.get("eps"), grads),
        ),
        ..PLAIN
    },
    Description {
        name: "clip_norm",
        fields: &[field("scope", Class::Choice, 0.0, 1.0)],
        first_size: 8,
        number: number("max_norm", Class::Limit),
        usual: &[("scope", 1.0), ("max_norm", 0.05)],
        variants: &[
            ("clip_norm by tensor", &[("scope", 0.0)]),
            (
                "clip_norm at infinity",
                &[("scope", 0.0), ("max_norm", f64::INFINITY)],
            ),
        ],
        rule: Rule::Method(
            8,
            |s| Some(ClipNorm::new(s.number, s.scope()?).into()),
            |s, _, _, grads| rescale::clip_norm(s.number, scope(s), grads),
        ),
        ..PLAIN
    },
    Description {
        name: "clip_value",
        number: number("limit", Class::Limit),
        needs_moments: false,
        usual: &[("limit", 0.01)],
        variants: &[("clip_value at infinity", &[("limit", f64::INFINITY)])],
        rule: Rule::Method(
            9,
            |s| Some(ClipValue::new(s.number).into()),
            |s, _, _, grads| rescale::clip_value(s.number, grads),
        ),
        ..PLAIN
    },
    Description {
        name: "agc",
        fields: &[
            RESERVED,
            field("clipping", Class::Positive, 0.01, 0.0101),
            field("eps", Class::Eps, 1e-3, 1.01e-3),
        ],
        first_size: 24,
        reads_params: true,
        rule: Rule::Method(
            10,
            |s| {
                let method = Agc::default().with_clipping(s.get("clipping"));
                Some(method.with_eps(s.get("eps")).into())
            },
            |s, _, params, grads| rescale::agc(s.get("clipping"), s.get("eps"), params, grads),
        ),
        ..PLAIN
    },
    Description {
        name: "zclip",
        fields: &[
            field("warmup", Class::Steps, 25.0, 24.0),
            field("alpha", Class::Decay, 0.97, 0.971),
            field("z_max", Class::Positive, 2.5, 2.51),
            field("eps", Class::Eps, 1e-6, 1.01e-6),
            field("max_norm", Class::Limit, f64::INFINITY, 0.5),
        ],
        first_size: 40,
        state: StateKind::Zclip,
        usual: &[("warmup", 2.0)],
        variants: &[(
            "zclip with a maximum",
            &[("warmup", 1.0), ("max_norm", 0.5)],
        )],
        rule: Rule::Method(
            11,
            |s| {
                let method = Zclip::default()
                    .with_warmup(s.get("warmup") as u32)
                    .with_alpha(s.get("alpha"))
                    .with_z_max(s.get("z_max"))
                    .with_eps(s.get("eps"))
                    .with_max_norm(s.get("max_norm"));
                Some(method.into())
            },
            zclip,
        ),
        ..PLAIN
    },
    Description {
        name: "adagc",
        fields: &[
            field("warmup", Class::Steps, 100.0, 29.0),
            field("lambda_rel", Class::Positive, 1.05, 1.06),
            field("lambda_abs", Class::Limit, 1.0, 0.9),
            field("beta", Class::Decay, 0.98, 0.97),
        ],
        first_size: 32,
        state: StateKind::Norms,
        usual: &[("warmup", 2.0), ("lambda_abs", 0.5)],
        variants: &[("adagc, at once", &[("warmup", 1.0), ("lambda_rel", 0.5)])],
        rule: Rule::Method(
            12,
            |s| {
                let method = Adagc::default()
                    .with_warmup(s.get("warmup") as u32)
                    .with_lambda_rel(s.get("lambda_rel"))
                    .with_lambda_abs(s.get("lambda_abs"))
                    .with_beta(s.get("beta"));
                Some(method.into())
            },
            |s, states, _, grads| {
                let config = adaptive::Adagc {
                    warmup: s.get("warmup") as u64,
                    lambda_rel: s.get("lambda_rel"),
                    lambda_abs: s.get("lambda_abs"),
                    beta: s.get("beta"),
                };
                let (after, new) = adaptive::adagc(config, &states.norms, grads);
                states.norms = new;
                after
            },
        ),
        ..PLAIN
    },
];

/// Methods and optimizers.
pub fn everything() -> impl Iterator<Item = &'static Description> {
    METHODS.iter().chain(&OPTIMIZERS)
}

/// The method or optimizer of this name.
pub fn named(name: &str) -> &'static Description {
    let found = everything().find(|description| description.name == name);
    found.unwrap_or_else(|| panic!("no method is called {name}"))
}

/// Every method, with its usual values and the variants.
pub fn every_setting() -> impl Iterator<Item = Setting> {
    METHODS.iter().flat_map(Description::settings)
}

/// The same with names.
pub fn named_settings() -> impl Iterator<Item = (&'static str, Setting)> {
    METHODS.iter().flat_map(Description::named_settings)
}
