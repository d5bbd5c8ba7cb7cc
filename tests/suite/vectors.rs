//! Every case of `tests/vectors/vectors.json`, through the library and through the oracle.
//!
//! The expected values were computed by an independent implementation. The oracle has to reproduce them too: it is the
//! ruler of all other tests. Tolerances are those that the format's description allows:
//!
//! * gradients: f32 4 ulp of the largest element of the tensor, f64 1e-10 relative to it, f16 and bf16 1 ulp;
//! * states: 1e-12 relative;
//! * parameters after up to 8 optimizer steps: 2e-6 relative to the largest in f32, 1e-10 in f64.
//!
//! Everything is strict: an unknown method, field, dtype or scope is an error, so that no part of a case can be
//! overlooked.

use serde_json::{Map, Value};
use trimtab::{Dtype, Role, StepState};

use super::each;
use crate::common::chain::{Chain, Inputs};
use crate::common::compare;
use crate::common::elements::Elements;
use crate::common::library::{Library, Parameters};
use crate::common::methods::{METHODS, named};
use crate::common::states::{OracleStates, StateKind, States};
use crate::common::status::{OK, expect};
use crate::common::table::{Class, Setting};
use crate::common::world::{Gradients, tensors};
use crate::oracle::{self, Gradient, update::Adapted};

/// How many cases the file holds; a case that is dropped or skipped must not go unnoticed.
const CASES: usize = 120;

/// How far the oracle may be from the vectors, relative to the largest element: both are f64, sums differ in order.
const ORACLE: f64 = 1e-12;

/// A case: methods, and perhaps an optimizer behind them.
struct Case {
    name: String,
    dtype: Dtype,
    roles: Vec<Role>,
    methods: Vec<Setting>,
    optimizer: Option<Setting>,
    /// The parameters before the first step of the optimizer.
    start: Vec<Vec<f64>>,
    steps: Vec<Step>,
}

struct Step {
    inputs: Inputs,
    grads: Vec<Vec<f64>>,
    /// The gradients after the methods, or the parameters after the optimizer.
    expected: Vec<Vec<f64>>,
    state: Value,
}

fn cases() -> Vec<Case> {
    let file = include_str!("../vectors/vectors.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    assert_eq!(file["format"], 1, "the format these tests know");
    let cases: Vec<Case> = list(&file["cases"]).iter().map(case).collect();
    assert!(cases.len() >= CASES, "{} cases", cases.len());
    cases
}

fn case(json: &Value) -> Case {
    only(
        json,
        &["name", "method", "config", "dtype", "roles", "steps"],
    );
    let mut case = Case {
        name: string(&json["name"]).into(),
        dtype: dtype(string(&json["dtype"])),
        roles: list(&json["roles"]).iter().map(role).collect(),
        methods: Vec::new(),
        optimizer: None,
        start: Vec::new(),
        steps: Vec::new(),
    };
    let config = json["config"].as_object().expect("a configuration");
    match string(&json["method"]) {
        "chain" => {
            only(&json["config"], &["chain"]);
            let links = list(&config["chain"]).iter();
            case.methods = links.map(|text| link(string(text))).collect();
        }
        "optimizer" => {
            let behind = Some(&config["behind"]).filter(|behind| !behind.is_null());
            case.methods = behind.map(|name| link(string(name))).into_iter().collect();
            case.optimizer = Some(optimizer(config));
            case.start = vectors(&config["params0"]);
        }
        method => case.methods = vec![setting(method, config)],
    }
    let steps = list(&json["steps"]).iter();
    case.steps = steps
        .map(|json| step(json, case.optimizer.is_some()))
        .collect();
    case
}

fn step(json: &Value, optimizes: bool) -> Step {
    only(json, &["grads", "expected", "reference", "params", "state"]);
    let vectors_of = |name: &str| json.get(name).map(vectors).unwrap_or_default();
    let (params, expected) = match optimizes {
        true => (Vec::new(), vectors_of("params")),
        false => (vectors_of("params"), vectors_of("expected")),
    };
    let reference = json.get("reference").map_or(f64::NAN, number);
    Step {
        inputs: Inputs { reference, params },
        grads: vectors_of("grads"),
        expected,
        state: json["state"].clone(),
    }
}

/// A setting with every field of its description, by the file's names for them.
fn setting(name: &str, config: &Map<String, Value>) -> Setting {
    let mut setting = named(name).defaults();
    let given: Vec<(&str, f64)> = config
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(field, value)| (ours(field), plain(value)))
        .collect();
    for (field, class) in setting.of.named() {
        let there = given.iter().any(|(name, _)| *name == field);
        let may_lack =
            class == Class::Reserved || ["reference", "max_norm", "decay_roles"].contains(&field);
        assert!(there || may_lack, "{name} without {field}");
    }
    setting = setting.with(&given);
    setting
}

fn ours(field: &str) -> &str {
    match field {
        "z" => "z_max",
        "wd" => "weight_decay",
        "b1" => "beta1",
        "b2" => "beta2",
        "dec" => "decoupled",
        "mu" => "momentum",
        "d" => "dampening",
        "n" => "nesterov",
        same => same,
    }
}

fn optimizer(config: &Map<String, Value>) -> Setting {
    let mut config = config.clone();
    for other in ["behind", "params0"] {
        config.remove(other);
    }
    let name = config.remove("optimizer").expect("a name");
    match string(&name) {
        "adam" | "adamw" | "adam-plain" => setting("adam", &config),
        "sgd" | "sgd-nesterov" | "sgd-damped" => setting("sgd", &config),
        unknown => panic!("unknown optimizer {unknown}"),
    }
}

/// One link of a chain: a name, and after a colon its number; otherwise the defaults.
fn link(text: &str) -> Setting {
    let (name, parameter) = text.split_once(':').unwrap_or((text, ""));
    let mut setting = match name {
        "clip_norm_global" => named("clip_norm").defaults().with(&[("scope", 1.0)]),
        name => named(name).defaults(),
    };
    if !parameter.is_empty() {
        setting.number = parameter.parse().expect("a number after the colon");
    }
    setting
}

#[test]
fn every_method_has_a_case() {
    let cases = cases();
    // The guard's answer to finite gradients is nothing, a scale is `unscale`'s with its inverse.
    for of in METHODS
        .iter()
        .filter(|of| !["guard", "scale"].contains(&of.name))
    {
        let is_it = |case: &Case| {
            case.methods
                .iter()
                .any(|setting| setting.of.name == of.name)
        };
        assert!(
            cases.iter().any(is_it),
            "tests/vectors/vectors.json has no case of {of:?}"
        );
    }
}

#[test]
fn the_library_reproduces_every_case() {
    let cases = cases();
    each(|library| {
        cases
            .iter()
            .for_each(|case| through_the_library(library, case))
    });
}

fn through_the_library(library: &'static dyn Library, case: &Case) {
    let mut chain = Chain::new(library, &case.methods, case.roles.len());
    let mut parameters = parameters(case);
    for (t, step) in case.steps.iter().enumerate() {
        let what = format!("{}: {} step {t}", library.name(), case.name);
        let mut gradients = gradients(case, step);
        let mut grads = tensors(&mut gradients);
        chain.decide(&what, &step.inputs, &mut grads);
        if let Some(optimizer) = &case.optimizer {
            let answer = library.step(optimizer, &mut grads, &mut parameters);
            expect(&what, answer.expect("can be said").code, OK);
            assert_eq!(parameters.steps.steps, t as u64 + 1, "{what}");
            let bound = if case.dtype == Dtype::F32 {
                2e-6
            } else {
                1e-10
            };
            let w: Vec<_> = parameters.w.iter().map(Elements::values).collect();
            near(&what, &w, &step.expected, bound);
            continue;
        }
        expect(&what, library.apply(&mut grads).code, OK);
        drop(grads);
        assert_eq!(gradients.len(), step.expected.len(), "{what}");
        for (i, ((_, actual), expected)) in gradients.iter().zip(&step.expected).enumerate() {
            actual.compare(&format!("{what} tensor {i}"), expected);
        }
        let states: Vec<_> = chain
            .running
            .iter()
            .map(|r| entries(&r.setting, &r.states))
            .collect();
        compare_states(&what, case, &states, &step.state, 1e-12);
    }
}

/// Parameters of the gradients' type, and their buffers.
fn parameters(case: &Case) -> Parameters {
    let zeros = |w: &Elements| Some(Elements::new(case.dtype, &vec![0.0; w.len()]));
    let w: Vec<_> = case.start.iter().map(|w| exactly(case.dtype, w)).collect();
    Parameters {
        first: w.iter().map(zeros).collect(),
        second: w.iter().map(zeros).collect(),
        steps: StepState::default(),
        w,
    }
}

/// The gradients of a step; every value must be representable in the dtype.
fn gradients(case: &Case, step: &Step) -> Gradients {
    assert_eq!(case.roles.len(), step.grads.len(), "{}", case.name);
    let roles = case.roles.iter().zip(&step.grads);
    roles
        .map(|(role, g)| (*role, exactly(case.dtype, g)))
        .collect()
}

fn exactly(dtype: Dtype, values: &[f64]) -> Elements {
    let elements = Elements::new(dtype, values);
    assert_eq!(elements.values(), values, "exact in {dtype:?}");
    elements
}

#[test]
fn the_oracle_reproduces_every_case() {
    cases().iter().for_each(through_the_oracle);
}

fn through_the_oracle(case: &Case) {
    let tensors = case.roles.len();
    let states = case.methods.iter().map(|m| OracleStates::new(m, tensors));
    let mut states: Vec<_> = states.collect();
    let mut adapted: Vec<_> = case.start.iter().map(|w| Adapted::new(w)).collect();
    for (t, step) in case.steps.iter().enumerate() {
        let what = format!("oracle, {} step {t}", case.name);
        let mut grads = exact(case, step);
        for (method, states) in case.methods.iter().zip(&mut states) {
            let mut method = method.clone();
            method.refer_to(step.inputs.reference);
            grads = method.exact(states, &step.inputs.params, &grads);
        }
        if let Some(optimizer) = &case.optimizer {
            for (grad, parameter) in grads.iter().zip(&mut adapted) {
                *parameter = optimizer.updated(t as u64 + 1, grad, parameter);
            }
            let w: Vec<_> = adapted.iter().map(|p| p.w.clone()).collect();
            near(&what, &w, &step.expected, 1e-13); // eight steps of f64 against eight
            continue;
        }
        let values: Vec<_> = grads.into_iter().map(|grad| grad.values).collect();
        near(&what, &values, &step.expected, ORACLE);
        let known = |(m, s): (&Setting, &OracleStates)| entries(m, &as_states(s));
        let states: Vec<_> = case.methods.iter().zip(&states).map(known).collect();
        compare_states(&what, case, &states, &step.state, ORACLE);
    }
}

fn exact(case: &Case, step: &Step) -> Vec<Gradient> {
    let one = |(role, values): (&Role, &Vec<f64>)| Gradient {
        role: match role {
            Role::Weight => oracle::Role::Weight,
            _ => oracle::Role::Bias,
        },
        values: values.clone(),
    };
    case.roles.iter().zip(&step.grads).map(one).collect()
}

/// Relative to the largest of each list.
fn near(what: &str, actual: &[Vec<f64>], expected: &[Vec<f64>], bound: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (actual, expected) in actual.iter().zip(expected) {
        let largest = oracle::statistics::abs_max(expected);
        compare::within(what, actual, expected, bound * largest);
    }
}

/// The states of a method by the names of their fields; a mean and variance that the file does not know yet are left out.
fn entries(setting: &Setting, states: &States) -> Vec<Vec<(&'static str, f64)>> {
    let (a, z) = (&states.autoscale, &states.zclip);
    match setting.of.state {
        StateKind::Norms => {
            let norms = states.norms.iter();
            let entry = |s: &trimtab::NormState| {
                let counts = [("steps", s.steps as f64), ("skipped", s.skipped as f64)];
                [("m", s.m), ("v", s.v)].into_iter().chain(counts).collect()
            };
            norms.map(entry).collect()
        }
        StateKind::Autoscale => vec![vec![
            ("exponent", a.exponent),
            ("sigma", a.sigma),
            ("alpha", a.alpha),
            ("steps", a.steps as f64),
        ]],
        StateKind::Zclip if (z.steps as f64) < setting.get("warmup") => {
            vec![vec![("steps", z.steps as f64)]]
        }
        StateKind::Zclip => vec![vec![
            ("mean", z.mean),
            ("var", z.var),
            ("steps", z.steps as f64),
        ]],
        _ => Vec::new(),
    }
}

/// The oracle's states in the library's shape.
fn as_states(oracle: &OracleStates) -> States {
    let norm = |s: &oracle::adaptive::NormState| trimtab::NormState {
        m: s.m,
        v: s.v,
        steps: s.steps,
        skipped: s.skipped,
    };
    let mut states = States {
        norms: oracle.norms.iter().map(norm).collect(),
        ..States::default()
    };
    let (a, z) = (&oracle.autoscale, &oracle.zclip);
    (states.autoscale.exponent, states.autoscale.sigma) = (a.exponent, a.sigma);
    (states.autoscale.alpha, states.autoscale.steps) = (a.alpha, a.steps);
    (states.zclip.mean, states.zclip.var, states.zclip.steps) = (z.mean, z.var, z.steps);
    states
}

/// The state of a case with one method; chains and methods without a state have none in the file.
fn compare_states(
    what: &str,
    case: &Case,
    states: &[Vec<Vec<(&'static str, f64)>>],
    expected: &Value,
    bound: f64,
) {
    let [actual] = states else {
        return assert!(expected.is_null(), "{what}: a chain with a state");
    };
    let expected = match expected {
        Value::Null => Vec::new(),
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    assert_eq!(actual.len(), expected.len(), "{what}: states");
    for (actual, expected) in actual.iter().zip(&expected) {
        for (name, value) in actual {
            let what = format!("{what}: {name}");
            compare::relative(&what, *value, number(&expected[*name]), bound);
        }
        let fields = expected.as_object().expect("a state").len();
        let unknown = fields != actual.len() && case.methods[0].of.state != StateKind::Zclip;
        assert!(!unknown, "{what}: a state with other fields: {expected}");
    }
}

fn only(json: &Value, names: &[&str]) {
    let fields = json.as_object().expect("an object").keys();
    for field in fields {
        assert!(names.contains(&field.as_str()), "unknown field {field}");
    }
}

fn list(json: &Value) -> &Vec<Value> {
    json.as_array().unwrap_or_else(|| panic!("no list: {json}"))
}

fn string(json: &Value) -> &str {
    json.as_str().unwrap_or_else(|| panic!("no text: {json}"))
}

fn number(json: &Value) -> f64 {
    json.as_f64().unwrap_or_else(|| panic!("no number: {json}"))
}

fn vectors(json: &Value) -> Vec<Vec<f64>> {
    let one = |json: &Value| list(json).iter().map(number).collect();
    list(json).iter().map(one).collect()
}

/// A field as a number: the constants of the header in place of their names.
fn plain(json: &Value) -> f64 {
    match json {
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::String(name) => match name.as_str() {
            "weights" | "tensor" => 0.0,
            "all" | "global" => 1.0,
            unknown => panic!("unknown constant {unknown}"),
        },
        json => number(json),
    }
}

fn role(json: &Value) -> Role {
    match json.as_u64() {
        Some(0) => Role::Weight,
        Some(1) => Role::Bias,
        _ => panic!("unknown role {json}"),
    }
}

fn dtype(name: &str) -> Dtype {
    match name {
        "f32" => Dtype::F32,
        "f16" => Dtype::F16,
        "bf16" => Dtype::BF16,
        "f64" => Dtype::F64,
        unknown => panic!("unknown dtype {unknown}"),
    }
}
