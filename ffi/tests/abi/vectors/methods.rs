//! The methods of a case, with the states that they keep from step to step.

use serde_json::{Value, json};
use trimtab_core::{AutoscaleState, Moments, NormState, ZclipState};

use super::super::c;
use super::super::status::{OK, expect};
use super::super::world::{Configs, World};
use super::{compare, flag, list, number, numbers, string};

pub struct Methods {
    links: Vec<Link>,
}

/// One method and its memory.
struct Link {
    method: String,
    config: Value,
    norms: Vec<NormState>,
    autoscale: AutoscaleState,
    zclip: ZclipState,
}

impl Methods {
    pub fn new(case: &Value) -> Self {
        let tensors = list(&case["roles"]).len();
        let link = |(method, config): (String, Value)| Link {
            norms: vec![
                NormState::default();
                if config["scope"] == "global" {
                    1
                } else {
                    tensors
                }
            ],
            method,
            config,
            autoscale: AutoscaleState::default(),
            zclip: ZclipState::default(),
        };
        let methods = match string(&case["method"]) {
            "chain" => list(&case["config"]["chain"])
                .iter()
                .map(|text| of_chain(string(text)))
                .collect(),
            method => vec![(method.to_string(), case["config"].clone())],
        };
        Self {
            links: methods.into_iter().map(link).collect(),
        }
    }

    pub fn decide(&mut self, what: &str, step: &Value, world: &mut World) {
        for link in &mut self.links {
            let code = link.decide(step, world);
            expect(&format!("{what}: {}", link.method), code, OK);
        }
    }

    /// The state of a case with one method; chains and methods without a state have none in the file.
    pub fn compare_states(&self, what: &str, step: &Value) {
        match &step["state"] {
            Value::Null => assert!(
                self.links.len() > 1 || !self.links[0].has_state(),
                "{what}: no state"
            ),
            expected => self.links[0].compare(what, expected),
        }
    }
}

/// `name` or `name:parameter`; otherwise default configurations.
fn of_chain(text: &str) -> (String, Value) {
    let (name, parameter) = text.split_once(':').unwrap_or((text, ""));
    let number = || parameter.parse::<f64>().expect("a number behind the colon");
    let (method, config) = match name {
        "unscale" => ("unscale", json!({ "loss_scale": number() })),
        "clip_value" => ("clip_value", json!({ "limit": number() })),
        "clip_norm_global" => (
            "clip_norm",
            json!({ "max_norm": number(), "scope": "global" }),
        ),
        "centralize" => ("centralize", json!({ "roles": "weights" })),
        "stable_grad" | "gradient_stabilizer" | "autoscale" => (name, Value::Null),
        unknown => panic!("unknown link {unknown} in a chain"),
    };
    (method.to_string(), config)
}

impl Link {
    fn decide(&mut self, step: &Value, world: &mut World) -> i32 {
        let (grads, n) = (world.grads.as_mut_ptr(), world.grads.len());
        let config = self.config.clone();
        match self.method.as_str() {
            "unscale" => c::unscale(number(&config["loss_scale"]), grads, n),
            "centralize" => c::centralize(roles(&config), grads, n),
            "clip_norm" => c::clip_norm(number(&config["max_norm"]), scope(&config), grads, n),
            "clip_value" => c::clip_value(number(&config["limit"]), grads, n),
            "autoscale" => c::autoscale(&raw mut self.autoscale, grads, n),
            "stable_grad" => stable_grad(&config, number(&step["reference"]), world),
            "gradient_stabilizer" => self.stabilizer(world),
            "znorm" => znorm(&config, world),
            "agc" => agc(&config, step, world),
            "zclip" => self.zclip(world),
            unknown => panic!("unknown method {unknown}"),
        }
    }

    fn stabilizer(&mut self, world: &mut World) -> i32 {
        let mut config = Configs::defaults().stabilizer;
        if !self.config.is_null() {
            let c = &self.config;
            (config.gamma1, config.gamma2, config.eps) = (
                number(&c["gamma1"]),
                number(&c["gamma2"]),
                number(&c["eps"]),
            );
            (config.scope, config.bias_correction) = (scope(c), flag(&c["bias_correction"]).into());
        }
        let n = world.grads.len();
        c::gradient_stabilizer(
            &raw const config,
            self.norms.as_mut_ptr(),
            world.grads.as_mut_ptr(),
            n,
        )
    }

    fn zclip(&mut self, world: &mut World) -> i32 {
        let (mut config, c) = (Configs::defaults().zclip, &self.config);
        (config.alpha, config.z_max, config.eps) =
            (number(&c["alpha"]), number(&c["z"]), number(&c["eps"]));
        config.warmup = self.warmup() as u32;
        config.max_norm = c["max_norm"].as_f64().unwrap_or(f64::INFINITY);
        let n = world.grads.len();
        c::zclip(
            &raw const config,
            &raw mut self.zclip,
            world.grads.as_mut_ptr(),
            n,
        )
    }

    fn warmup(&self) -> u64 {
        self.config["warmup"].as_u64().expect("a number of steps")
    }

    fn has_state(&self) -> bool {
        ["gradient_stabilizer", "autoscale", "zclip"].contains(&self.method.as_str())
    }

    fn compare(&self, what: &str, expected: &Value) {
        match self.method.as_str() {
            "gradient_stabilizer" => self.compare_norms(what, list(expected)),
            "autoscale" => {
                let actual = &self.autoscale;
                compare::state(
                    &format!("{what}: exponent"),
                    actual.exponent,
                    &expected["exponent"],
                );
                compare::state(&format!("{what}: sigma"), actual.sigma, &expected["sigma"]);
                compare::state(&format!("{what}: alpha"), actual.alpha, &expected["alpha"]);
                assert_eq!(expected["steps"], actual.steps, "{what}: steps");
            }
            "zclip" => self.compare_zclip(what, expected),
            unknown => panic!("{what}: a state of {unknown}, which has none"),
        }
    }

    fn compare_norms(&self, what: &str, expected: &[Value]) {
        assert_eq!(self.norms.len(), expected.len(), "{what}: states");
        for (actual, expected) in self.norms.iter().zip(expected) {
            compare::state(&format!("{what}: m"), actual.m, &expected["m"]);
            compare::state(&format!("{what}: v"), actual.v, &expected["v"]);
            assert_eq!(expected["steps"], actual.steps, "{what}: steps");
            assert_eq!(expected["skipped"], actual.skipped, "{what}: skipped");
        }
    }

    /// Before the warm-up ends the file's zeros mean "not defined yet"; only the count says something then.
    fn compare_zclip(&self, what: &str, expected: &Value) {
        assert_eq!(expected["steps"], self.zclip.steps, "{what}: steps");
        if self.zclip.steps >= self.warmup() {
            compare::state(&format!("{what}: mean"), self.zclip.mean, &expected["mean"]);
            compare::state(&format!("{what}: var"), self.zclip.var, &expected["var"]);
        }
    }
}

pub fn stable_grad(config: &Value, reference: f64, world: &mut World) -> i32 {
    let mut c = Configs::defaults().stable_grad;
    if !config.is_null() {
        (c.roles, c.eps) = (roles(config), number(&config["eps"]));
    }
    let n = world.grads.len();
    c::stable_grad(&raw const c, reference, world.grads.as_mut_ptr(), n)
}

fn znorm(config: &Value, world: &mut World) -> i32 {
    let mut c = Configs::defaults().znorm;
    (c.roles, c.eps) = (roles(config), number(&config["eps"]));
    let n = world.grads.len();
    c::znorm(&raw const c, world.grads.as_mut_ptr(), n)
}

/// Parameters are given as values; their moments come from the library, in f64.
fn agc(config: &Value, step: &Value, world: &mut World) -> i32 {
    let mut c = Configs::defaults().agc;
    (c.clipping, c.eps) = (number(&config["clipping"]), number(&config["eps"]));
    let moments = |values: &Value| {
        let (mut moments, values) = (Moments::default(), numbers(values));
        let data = values.as_ptr().cast();
        expect(
            "a parameter",
            c::observe_chunk(&raw mut moments, data, values.len(), super::F64),
            OK,
        );
        moments
    };
    let params: Vec<Moments> = list(&step["params"]).iter().map(moments).collect();
    assert_eq!(params.len(), world.grads.len());
    c::agc(
        &raw const c,
        params.as_ptr(),
        world.grads.as_mut_ptr(),
        params.len(),
    )
}

fn roles(config: &Value) -> u32 {
    match string(&config["roles"]) {
        "weights" => 0,
        "all" => 1,
        unknown => panic!("unknown roles {unknown}"),
    }
}

fn scope(config: &Value) -> u32 {
    match string(&config["scope"]) {
        "tensor" => 0,
        "global" => 1,
        unknown => panic!("unknown scope {unknown}"),
    }
}
