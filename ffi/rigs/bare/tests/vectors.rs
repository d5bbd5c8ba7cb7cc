//! The cases of `tests/vectors/vectors.json` as parts of the script.

use half::{bf16, f16};
use serde_json::Value;

use crate::abi::abi;
use crate::common::json::{list, number, numbers, string};
use crate::common::root;
use crate::methods::{Method, configuration, decide};
use crate::script::{Fields, Part};

/// The file's names of fields, where they are others than the header's.
const NAMES: [(&str, &str); 8] = [
    ("z", "z_max"),
    ("b1", "beta1"),
    ("b2", "beta2"),
    ("wd", "weight_decay"),
    ("dec", "decoupled"),
    ("mu", "momentum"),
    ("d", "dampening"),
    ("n", "nesterov"),
];

pub fn parts() -> Vec<Part> {
    let path = root().join("tests/vectors/vectors.json");
    let text = std::fs::read_to_string(path).expect("the vectors");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file["format"], 1, "the format these tests know");
    list(&file["cases"]).iter().map(part).collect()
}

/// An optimizer: its name, configuration, and the parameters it begins with.
struct Optimizer<'a> {
    name: &'a str,
    config: Vec<u64>,
    params: &'a Value,
}

fn part(case: &Value) -> Part {
    let dtype = string(&case["dtype"]);
    let mut part = Part::new(string(&case["name"]), dtype, dtype);
    let optimizer = (case["method"] == "optimizer").then(|| optimizer(&case["config"]));
    for (i, step) in list(&case["steps"]).iter().enumerate() {
        draw(&mut part, dtype, &case["roles"], &step["grads"]);
        if let (0, Some(optimizer)) = (i, &optimizer) {
            part.step("parameters").word(0);
            let params = list(optimizer.params).iter();
            params.for_each(|param| elements(&mut part, dtype, param));
        }
        let methods = methods(case, step["reference"].as_f64().unwrap_or(f64::NAN));
        if let (None, Some(params)) = (&optimizer, step["params"].as_array()) {
            part.inputs(&params.iter().map(numbers).collect::<Vec<_>>());
        }
        part.pass("observe", &[]);
        decide(&mut part, &methods);
        write(&mut part, dtype, optimizer.as_ref(), step);
        fields(&mut part, case, &step["state"]);
    }
    part
}

/// The gradients of a step as they are.
fn draw(part: &mut Part, dtype: &str, roles: &Value, grads: &Value) {
    part.step("draw").word(0).size(list(grads).len());
    for (role, grad) in list(roles).iter().zip(list(grads)) {
        part.word(role.as_u64().expect("a role"))
            .size(list(grad).len());
        elements(part, dtype, grad);
    }
}

fn elements(part: &mut Part, dtype: &str, values: &Value) {
    for x in numbers(values) {
        part.word(bits(dtype, x));
    }
}

/// Writes, and says what has to come out: from where to where each element may lie.
fn write(part: &mut Part, dtype: &str, optimizer: Option<&Optimizer>, step: &Value) {
    match optimizer {
        None => part.pass("apply", &[]),
        Some(optimizer) => part.pass(&format!("{}_step", optimizer.name), &optimizer.config),
    }
    let of_params = optimizer.is_some();
    part.step("near").size(usize::from(of_params));
    for expected in list(&step[if of_params { "params" } else { "expected" }]) {
        let expected = numbers(expected);
        let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        part.size(expected.len());
        for x in expected {
            let bound = match of_params {
                true => parameter_bound(dtype, largest),
                false => gradient_bound(dtype, largest, x),
            };
            part.numbers(&around(x, bound));
        }
    }
}

/// The fields of the states in the order of their struct: 1e-12 relative, counts exactly.
fn fields(part: &mut Part, case: &Value, state: &Value) {
    if state.is_null() {
        return;
    }
    let all = state
        .as_array()
        .map_or(std::slice::from_ref(state), |all| all);
    let kind = abi().kind(string(&case["method"]));
    let fields: Vec<_> = abi()
        .fields(&kind.state.as_ref().expect("a state").structure)
        .collect();
    part.step("fields").size(all.len() * fields.len());
    for state in all {
        // Before a warm-up ends the file's zeros mean "not defined yet".
        let defined = case["config"]["warmup"]
            .as_f64()
            .is_none_or(|warmup| number(&state["steps"]) >= warmup);
        for (of, field) in &fields {
            let (x, is_count) = (number(&state[*field]), *of == "uint64_t");
            let [from, to] = match (is_count, defined) {
                (true, _) => around(x, 0.0),
                (false, true) => around(x, 1e-12 * x.abs()),
                (false, false) => around(0.0, f64::INFINITY),
            };
            part.size(usize::from(is_count)).numbers(&[from, to]);
        }
    }
}

fn around(x: f64, bound: f64) -> [f64; 2] {
    [x - bound, x + bound]
}

/// f32: 4 ulp of the largest element of the tensor. f64: 1e-10 relative to it. f16 and bf16: 1 ulp.
fn gradient_bound(dtype: &str, largest: f64, x: f64) -> f64 {
    match dtype {
        "f32" => 4.0 * ulp(23, -149, largest),
        "f64" => 1e-10 * largest,
        "f16" => ulp(10, -24, x),
        "bf16" => ulp(7, -133, x),
        unknown => panic!("unknown dtype {unknown}"),
    }
}

/// After up to 8 steps, relative to the largest parameter: f32 2e-6, f64 1e-10.
fn parameter_bound(dtype: &str, largest: f64) -> f64 {
    largest * if dtype == "f32" { 2e-6 } else { 1e-10 }
}

fn ulp(digits: i32, smallest: i32, x: f64) -> f64 {
    // The logarithm of 0 is -infinity, which becomes the smallest integer.
    let exponent = x.abs().log2().floor() as i32;
    2.0_f64.powi(exponent.saturating_sub(digits).max(smallest))
}

fn methods(case: &Value, reference: f64) -> Vec<Method> {
    let config = &case["config"];
    let links = match string(&case["method"]) {
        "chain" => list(&config["chain"])
            .iter()
            .map(|link| of_chain(string(link)))
            .collect(),
        "optimizer" => config["behind"]
            .as_str()
            .map(of_chain)
            .into_iter()
            .collect(),
        method => vec![(method, values(config))],
    };
    let (tensors, mut place) = (list(&case["roles"]).len(), 0);
    let method = |(name, fields)| Method::new(name, &fields, reference, tensors, &mut place);
    links.into_iter().map(method).collect()
}

/// `name` or `name:number`, perhaps with a scope behind the name; otherwise the defaults.
fn of_chain(text: &str) -> (&str, Fields) {
    let (name, number) = text.split_once(':').unwrap_or((text, ""));
    let mut fields = Fields::new();
    if !number.is_empty() {
        fields.insert("number".to_string(), number.to_string());
    }
    let Some(name) = name.strip_suffix("_global") else {
        return (name, fields);
    };
    fields.insert("scope".to_string(), "global".to_string());
    (name, fields)
}

/// A configuration of the file by the header's names. Its null is infinity.
fn values(config: &Value) -> Fields {
    let name = |name: &str| {
        let other = NAMES.iter().find(|(short, _)| *short == name);
        other.map_or(name, |(_, name)| name).to_string()
    };
    let value = |value: &Value| match value {
        Value::Null => "inf".to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = config.as_object().expect("fields").iter();
    fields.map(|(key, x)| (name(key), value(x))).collect()
}

fn optimizer(config: &Value) -> Optimizer<'_> {
    let (name, _) = string(&config["optimizer"])
        .split_once('-')
        .unwrap_or((string(&config["optimizer"]), ""));
    let name = name.trim_end_matches('w'); // AdamW is a configuration of Adam.
    let mut fields = values(config);
    fields.retain(|name, _| !["optimizer", "behind", "params0"].contains(&&name[..]));
    let config_words = configuration(&format!("trimtab_{name}_config"), &mut fields);
    assert!(fields.is_empty(), "{name} has no {fields:?}");
    Optimizer {
        name,
        config: config_words,
        params: &config["params0"],
    }
}

/// The bit pattern of a number that the dtype has.
fn bits(dtype: &str, x: f64) -> u64 {
    let (bits, value) = match dtype {
        "f32" => (u64::from((x as f32).to_bits()), f64::from(x as f32)),
        "f16" => (
            u64::from(f16::from_f64(x).to_bits()),
            f16::from_f64(x).to_f64(),
        ),
        "bf16" => (
            u64::from(bf16::from_f64(x).to_bits()),
            bf16::from_f64(x).to_f64(),
        ),
        _ => (x.to_bits(), x),
    };
    assert_eq!(value, x, "{x} is representable in {dtype}");
    bits
}
