//! `vectors.json` as the words that `ffi/rigs/bare/vectors.c` reads: that file says in which order.

use half::{bf16, f16};
use serde_json::Value;

use crate::common::json::{flag, list, number, numbers, string};
use crate::common::root;

/// Words of 64 bits, the lowest byte first.
pub fn words() -> Vec<u8> {
    let path = root().join("tests/vectors/vectors.json");
    let text = std::fs::read_to_string(path).expect("the vectors");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file["format"], 1, "the format these tests know");
    let cases = list(&file["cases"]);
    let mut words = Words(vec![cases.len() as u64]);
    cases.iter().for_each(|case| words.case(case));
    words.0.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// How many cases there are.
pub fn cases() -> u64 {
    let words = words();
    u64::from_le_bytes(words[..8].try_into().expect("a word"))
}

struct Words(Vec<u64>);

impl Words {
    fn size(&mut self, size: usize) {
        self.0.push(size as u64);
    }

    fn numbers(&mut self, numbers: &[f64]) {
        self.0.extend(numbers.iter().map(|x| x.to_bits()));
    }

    /// A length and the elements.
    fn tensor(&mut self, dtype: &str, values: &Value) {
        let values = numbers(values);
        self.size(values.len());
        self.0.extend(values.iter().map(|&x| bits(dtype, x)));
    }

    fn tensors(&mut self, dtype: &str, tensors: &Value) {
        list(tensors).iter().for_each(|t| self.tensor(dtype, t));
    }

    /// How many parameters, and the parameters.
    fn parameters(&mut self, parameters: &[f64]) {
        self.size(parameters.len());
        self.numbers(parameters);
    }

    fn case(&mut self, case: &Value) {
        let (dtype, config) = (string(&case["dtype"]), &case["config"]);
        self.name(string(&case["name"]));
        self.size(dtype_code(dtype));
        let roles = list(&case["roles"]);
        self.size(roles.len());
        let role = |role: &Value| role.as_u64().expect("a role");
        self.0.extend(roles.iter().map(role));
        let methods = methods(case);
        self.size(methods.len());
        for (kind, parameters) in &methods {
            self.0.push(*kind);
            self.parameters(parameters);
        }
        let is_optimizer = case["method"] == "optimizer";
        let (kind, parameters) = optimizer(config, is_optimizer);
        self.0.push(kind);
        if is_optimizer {
            self.parameters(&parameters);
            self.tensors(dtype, &config["params0"]);
        }
        let steps = list(&case["steps"]);
        self.size(steps.len());
        steps.iter().for_each(|step| self.step(case, step));
    }

    /// 48 bytes of text, the last of them NUL.
    fn name(&mut self, name: &str) {
        assert!(name.len() < 48, "{name} is too long");
        let mut bytes = [0; 48];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight"));
        self.0.extend(bytes.chunks(8).map(word));
    }

    fn step(&mut self, case: &Value, step: &Value) {
        let (dtype, method) = (string(&case["dtype"]), string(&case["method"]));
        self.numbers(&[step["reference"].as_f64().unwrap_or(f64::NAN)]);
        self.tensors(dtype, &step["grads"]);
        let parameters = if method == "agc" {
            list(&step["params"])
        } else {
            &[]
        };
        self.size(parameters.len());
        parameters.iter().for_each(|w| self.tensor("f64", w));
        let is_optimizer = method == "optimizer";
        let out = &step[if is_optimizer { "params" } else { "expected" }];
        for expected in list(out) {
            self.allowed(&numbers(expected), |largest, x| match is_optimizer {
                true => parameter_bound(dtype, largest),
                false => gradient_bound(dtype, largest, x),
            });
        }
        let state = state(case, &step["state"]);
        self.size(state.len());
        self.numbers(&state.concat());
    }

    /// How many elements, and from where to where each may lie.
    fn allowed(&mut self, expected: &[f64], bound: impl Fn(f64, f64) -> f64) {
        let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        self.size(expected.len());
        for &x in expected {
            self.numbers(&around(x, bound(largest, x)));
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

/// From where to where the fields of the state may lie, in the order of the structs: 1e-12 relative, counts exactly.
fn state(case: &Value, state: &Value) -> Vec<[f64; 2]> {
    let real = |x: &Value| around(number(x), 1e-12 * number(x).abs());
    let exactly = |x: &Value| around(number(x), 0.0);
    match string(&case["method"]) {
        _ if state.is_null() => vec![],
        "gradient_stabilizer" => {
            let fields = |s: &Value| {
                [
                    real(&s["m"]),
                    real(&s["v"]),
                    exactly(&s["steps"]),
                    exactly(&s["skipped"]),
                ]
            };
            list(state).iter().flat_map(fields).collect()
        }
        "autoscale" => {
            let reals = ["exponent", "sigma", "alpha"].map(|field| real(&state[field]));
            [&reals[..], &[exactly(&state["steps"])]].concat()
        }
        "zclip" => {
            // Before the warm-up ends the file's zeros mean "not defined yet".
            let defined = number(&state["steps"]) >= number(&case["config"]["warmup"]);
            let field = |name| match defined {
                true => real(&state[name]),
                false => [f64::NEG_INFINITY, f64::INFINITY],
            };
            vec![field("mean"), field("var"), exactly(&state["steps"])]
        }
        unknown => panic!("a state of {unknown}, which has none"),
    }
}

/// Kinds and parameters, as the enum of `vectors.c` has them.
fn methods(case: &Value) -> Vec<(u64, Vec<f64>)> {
    let config = &case["config"];
    match string(&case["method"]) {
        "chain" => {
            let links = list(&config["chain"]).iter();
            links.map(|link| of_chain(string(link))).collect()
        }
        "optimizer" if config["behind"].is_null() => vec![],
        "optimizer" => vec![of_chain(string(&config["behind"]))],
        method => vec![method_of(method, config)],
    }
}

/// `name` or `name:parameter`; otherwise default configurations.
fn of_chain(text: &str) -> (u64, Vec<f64>) {
    let (name, parameter) = text.split_once(':').unwrap_or((text, ""));
    let parameter = || parameter.parse::<f64>().expect("a number behind the colon");
    match name {
        "unscale" => (0, vec![parameter()]),
        "stable_grad" => (1, vec![]),
        "gradient_stabilizer" => (2, vec![]),
        "autoscale" => (3, vec![]),
        "centralize" => (4, vec![0.0]),
        "clip_norm_global" => (6, vec![parameter(), 1.0]),
        "clip_value" => (7, vec![parameter()]),
        unknown => panic!("unknown link {unknown} in a chain"),
    }
}

fn method_of(method: &str, c: &Value) -> (u64, Vec<f64>) {
    let all = |name: &str| numbers_of(c, &[name]);
    match method {
        "stable_grad" => (1, [roles(c), all("eps")].concat()),
        "gradient_stabilizer" => {
            let averages = numbers_of(c, &["gamma1", "gamma2", "eps"]);
            let correction = f64::from(u8::from(flag(&c["bias_correction"])));
            (2, [scope(c), averages, vec![correction]].concat())
        }
        "autoscale" => (3, vec![]),
        "centralize" => (4, roles(c)),
        "znorm" => (5, [roles(c), all("eps")].concat()),
        "clip_norm" => (6, [all("max_norm"), scope(c)].concat()),
        "clip_value" => (7, all("limit")),
        "agc" => (8, numbers_of(c, &["clipping", "eps"])),
        "zclip" => {
            let most = c["max_norm"].as_f64().unwrap_or(f64::INFINITY);
            let others = numbers_of(c, &["warmup", "alpha", "z", "eps"]);
            (9, [others, vec![most]].concat())
        }
        unknown => panic!("unknown method {unknown}"),
    }
}

fn optimizer(c: &Value, is_optimizer: bool) -> (u64, Vec<f64>) {
    let switch = |name: &str| vec![f64::from(u8::from(flag(&c[name])))];
    if !is_optimizer {
        return (0, vec![]);
    }
    match string(&c["optimizer"]) {
        "adam" | "adamw" | "adam-plain" => {
            let numbers = numbers_of(c, &["lr", "b1", "b2", "eps", "wd"]);
            (1, [numbers, switch("dec")].concat())
        }
        "sgd" | "sgd-nesterov" | "sgd-damped" => {
            let numbers = numbers_of(c, &["lr", "mu", "d", "wd"]);
            (2, [numbers, switch("n")].concat())
        }
        unknown => panic!("unknown optimizer {unknown}"),
    }
}

fn roles(config: &Value) -> Vec<f64> {
    match string(&config["roles"]) {
        "weights" => vec![0.0],
        "all" => vec![1.0],
        unknown => panic!("unknown roles {unknown}"),
    }
}

fn scope(config: &Value) -> Vec<f64> {
    match string(&config["scope"]) {
        "tensor" => vec![0.0],
        "global" => vec![1.0],
        unknown => panic!("unknown scope {unknown}"),
    }
}

/// TRIMTAB_F32 and its kind.
fn dtype_code(dtype: &str) -> usize {
    let names = ["f32", "f16", "bf16", "f64"];
    let position = names.iter().position(|name| *name == dtype);
    position.unwrap_or_else(|| panic!("unknown dtype {dtype}"))
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

fn numbers_of(config: &Value, names: &[&str]) -> Vec<f64> {
    names.iter().map(|name| number(&config[name])).collect()
}
