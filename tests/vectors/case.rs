//! `vectors.json` as Rust values: its format, and the methods its configurations stand for.
//!
//! Everything is strict: an unknown field, method, dtype or scope is an error, so that no part of a case can be
//! overlooked.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trimtab::{
    Agc, Autoscale, Centralize, ClipNorm, ClipValue, GradientStabilizer, Role, Roles, Scope,
    StableGrad, Unscale, Zclip, Znorm,
};

use crate::common::method::AnyMethod;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub format: u32,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub method: String,
    pub config: Value,
    pub dtype: String,
    pub roles: Vec<u32>,
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub grads: Vec<Vec<f64>>,
    pub expected: Option<Vec<Vec<f64>>>,
    pub reference: Option<f64>,
    pub params: Option<Vec<Vec<f64>>>,
    pub state: Option<Value>,
}

/// All cases.
pub fn load() -> Vec<Case> {
    let file: File = serde_json::from_str(include_str!("vectors.json")).expect("vectors.json");
    assert_eq!(file.format, 1, "the format these tests know");
    file.cases
}

/// A JSON value as a typed one.
pub fn typed<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|why| panic!("{why}: {value}"))
}

impl Case {
    pub fn roles(&self) -> Vec<Role> {
        let role = |&r: &u32| match r {
            0 => Role::Weight,
            1 => Role::Bias,
            _ => panic!("{}: unknown role {r}", self.name),
        };
        self.roles.iter().map(role).collect()
    }

    /// The methods it runs, in order; panics for a method it does not know.
    pub fn methods(&self) -> Vec<AnyMethod> {
        if self.method != "chain" {
            return vec![self.method()];
        }
        let Chain { chain } = typed(&self.config);
        chain.iter().map(|name| link(name)).collect()
    }

    fn method(&self) -> AnyMethod {
        match self.method.as_str() {
            "stable_grad" => stable_grad(typed(&self.config)),
            "gradient_stabilizer" => stabilizer(typed(&self.config)),
            "autoscale" => {
                let Empty {} = typed(&self.config);
                AnyMethod::Autoscale(Autoscale::default())
            }
            "znorm" => znorm(typed(&self.config)),
            "centralize" => centralize(typed(&self.config)),
            "clip_norm" => clip_norm(typed(&self.config)),
            "clip_value" => {
                let Limit { limit } = typed(&self.config);
                AnyMethod::ClipValue(ClipValue::new(limit))
            }
            "agc" => {
                let AgcConfig { clipping, eps } = typed(&self.config);
                AnyMethod::Agc(Agc::default().with_clipping(clipping).with_eps(eps))
            }
            "zclip" => zclip(typed(&self.config)),
            unknown => panic!("{}: unknown method {unknown}", self.name),
        }
    }
}

/// One link of a chain: a name, and after a colon its only parameter; otherwise the defaults.
fn link(text: &str) -> AnyMethod {
    let (name, parameter) = text.split_once(':').unwrap_or((text, ""));
    let number = || parameter.parse::<f64>().expect("a number after the colon");
    match name {
        "unscale" => AnyMethod::Unscale(Unscale::new(number())),
        "stable_grad" => AnyMethod::StableGrad(StableGrad::default()),
        "gradient_stabilizer" => AnyMethod::GradientStabilizer(GradientStabilizer::default()),
        "centralize" => AnyMethod::Centralize(Centralize::default().with_roles(Roles::Weights)),
        "autoscale" => AnyMethod::Autoscale(Autoscale::default()),
        "clip_value" => AnyMethod::ClipValue(ClipValue::new(number())),
        "clip_norm_global" => AnyMethod::ClipNorm(ClipNorm::global(number())),
        unknown => panic!("unknown link {unknown} in a chain"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chain {
    chain: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    limit: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgcConfig {
    clipping: f64,
    eps: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpsRoles {
    eps: f64,
    roles: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyRoles {
    roles: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaxNorm {
    max_norm: f64,
    scope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StabilizerConfig {
    gamma1: f64,
    gamma2: f64,
    eps: f64,
    bias_correction: bool,
    scope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZclipConfig {
    alpha: f64,
    z: f64,
    eps: f64,
    warmup: u32,
    max_norm: Option<f64>,
}

fn roles(name: &str) -> Roles {
    match name {
        "weights" => Roles::Weights,
        "all" => Roles::All,
        unknown => panic!("unknown roles {unknown}"),
    }
}

fn scope(name: &str) -> Scope {
    match name {
        "tensor" => Scope::Tensor,
        "global" => Scope::Global,
        unknown => panic!("unknown scope {unknown}"),
    }
}

fn stable_grad(c: EpsRoles) -> AnyMethod {
    AnyMethod::StableGrad(
        StableGrad::default()
            .with_roles(roles(&c.roles))
            .with_eps(c.eps),
    )
}

fn znorm(c: EpsRoles) -> AnyMethod {
    AnyMethod::Znorm(Znorm::default().with_roles(roles(&c.roles)).with_eps(c.eps))
}

fn centralize(c: OnlyRoles) -> AnyMethod {
    AnyMethod::Centralize(Centralize::default().with_roles(roles(&c.roles)))
}

fn clip_norm(c: MaxNorm) -> AnyMethod {
    AnyMethod::ClipNorm(ClipNorm::new(c.max_norm, scope(&c.scope)))
}

fn stabilizer(c: StabilizerConfig) -> AnyMethod {
    AnyMethod::GradientStabilizer(
        GradientStabilizer::default()
            .with_scope(scope(&c.scope))
            .with_gamma1(c.gamma1)
            .with_gamma2(c.gamma2)
            .with_eps(c.eps)
            .with_bias_correction(c.bias_correction),
    )
}

fn zclip(c: ZclipConfig) -> AnyMethod {
    AnyMethod::Zclip(
        Zclip::default()
            .with_warmup(c.warmup)
            .with_alpha(c.alpha)
            .with_z_max(c.z)
            .with_eps(c.eps)
            .with_max_norm(c.max_norm.unwrap_or(f64::INFINITY)),
    )
}
