//! The descriptions are those of the header: every method, every configuration, every field, every default.
//!
//! What is missing is named, and where to add it. That every method of the Rust sources is described too is claimed in
//! `tests/structure.rs`.

use crate::common::methods::{METHODS, OPTIMIZERS, everything};
use crate::common::table::Rule;

const HEADER: &str = include_str!("../../include/trimtab.h");
const WHERE: &str = "tests/common/methods.rs";

/// The header without comments, in one line.
fn header() -> String {
    let mut text = String::new();
    let mut rest = HEADER;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").expect("comments end").1;
    }
    text.push_str(rest);
    text.replace("\\\n", " ")
}

/// Everything between two texts, with what comes before the next `;`.
fn blocks(text: &str, start: &str, end: char) -> Vec<(String, String)> {
    let parts = text.split(start).skip(1).map(|part| {
        let (inside, behind) = part.split_once(end).expect("blocks end");
        let name = behind.split(';').next().expect("a name");
        (name.trim().to_string(), inside.to_string())
    });
    parts.collect()
}

/// The constants of all enumerations, with their values.
fn constants() -> Vec<(String, f64)> {
    let enums = blocks(&header(), "typedef enum {", '}');
    let lines = enums.iter().flat_map(|(_, inside)| inside.split(','));
    let constants = lines.filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        Some((name.trim().to_string(), value.trim().parse().ok()?))
    });
    constants.collect()
}

/// The fields of every struct whose name ends so: type and name.
fn structs(end: &str) -> Vec<(String, Vec<(String, String)>)> {
    let structs = blocks(&header(), "typedef struct {", '}').into_iter();
    let fields = |inside: String| {
        let lines = inside
            .split(';')
            .filter_map(|line| line.trim().rsplit_once(' '));
        lines
            .map(|(c_type, name)| (c_type.to_string(), name.to_string()))
            .collect()
    };
    let named = structs.filter_map(|(name, inside)| {
        let name = name.strip_prefix("trimtab_")?.strip_suffix(end)?;
        Some((name.to_string(), fields(inside)))
    });
    named.collect()
}

#[test]
fn every_kind_of_method_is_described() {
    let constants = constants();
    let kinds: Vec<_> = constants
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("TRIMTAB_METHOD_")?, *value)))
        .collect();
    assert!(kinds.len() >= 12, "{kinds:?}");
    let described: Vec<_> = METHODS
        .iter()
        .map(|of| match of.rule {
            Rule::Method(kind, ..) => (of.name.to_uppercase(), f64::from(kind)),
            Rule::Optimizer(..) => panic!("{of:?} is no method"),
        })
        .collect();
    for (name, value) in &kinds {
        let there = described.iter().any(|(n, v)| n == name && v == value);
        assert!(
            there,
            "TRIMTAB_METHOD_{name} = {value} is not described: add it to {WHERE}"
        );
    }
    assert_eq!(
        described.len(),
        kinds.len(),
        "{WHERE} describes methods of no kind"
    );
}

#[test]
fn every_configuration_is_described_field_by_field() {
    let configs = structs("_config");
    assert!(configs.len() >= 10, "{configs:?}");
    for (name, fields) in &configs {
        let of = everything().find(|of| of.name == name);
        let of = of
            .unwrap_or_else(|| panic!("trimtab_{name}_config is not described: add it to {WHERE}"));
        let described = of
            .fields
            .iter()
            .map(|f| (f.class.c_type().into(), f.name.into()));
        let size = ("uint32_t".to_string(), "struct_size".to_string());
        let described: Vec<(String, String)> = std::iter::once(size).chain(described).collect();
        assert_eq!(
            &described, fields,
            "trimtab_{name}_config is described otherwise in {WHERE}"
        );
    }
    let configured = everything().filter(|of| !of.fields.is_empty());
    assert_eq!(
        configured.count(),
        configs.len(),
        "{WHERE} describes a configuration of no struct"
    );
}

#[test]
fn the_defaults_are_those_of_the_header() {
    let (header, constants) = (header(), constants());
    let value = |text: &str| match text {
        "TRIMTAB_INFINITY" => f64::INFINITY,
        text => {
            let constant = constants.iter().find(|(name, _)| name == text);
            constant.map_or_else(|| text.parse().expect("a number"), |(_, value)| *value)
        }
    };
    for of in everything().filter(|of| !of.fields.is_empty()) {
        let start = format!("#define TRIMTAB_{}_CONFIG_INIT", of.name.to_uppercase());
        let (_, macro_) = header
            .split_once(&start)
            .expect("every configuration has one");
        let values = macro_.lines().next().expect("a line").trim();
        let values = values.trim_matches(['{', '}', ' ']).split(',').skip(1);
        let values: Vec<f64> = values.map(|text| value(text.trim())).collect();
        let defaults: Vec<f64> = of.fields.iter().map(|field| field.default).collect();
        assert_eq!(values, defaults, "{start} and {WHERE} differ");
    }
}

/// Functions that take gradients are methods, steps of optimizers, or one of these.
#[test]
fn every_function_of_gradients_is_described() {
    const OTHERS: [&str; 8] = [
        "observe",
        "observe_at",
        "decide",
        "decide_at",
        "apply",
        "apply_at",
        "apply_into",
        "apply_into_at",
    ];
    let steps = OPTIMIZERS
        .iter()
        .flat_map(|of| ["step", "step_at"].map(|f| format!("{}_{f}", of.name)));
    let methods = METHODS.iter().map(|of| of.name.to_string());
    let others = OTHERS.map(String::from);
    let described: Vec<String> = methods.chain(steps).chain(others).collect();
    let header = header();
    let functions = header.split("trimtab_status trimtab_").skip(1);
    let found: Vec<String> = functions
        .map(|text| text.split_once(';').expect("declarations end").0)
        .filter(|text| text.contains("trimtab_tensor *grads"))
        .map(|text| text.split('(').next().expect("a name").to_string())
        .collect();
    assert!(found.len() >= 23, "{found:?}");
    for function in found {
        assert!(
            described.contains(&function),
            "trimtab_{function} is not described: add it to {WHERE}"
        );
    }
}

/// A state that nobody knows has no bad values that are refused.
#[test]
fn every_state_is_known() {
    let mut states: Vec<String> = structs("_state")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    states.sort();
    let known = ["autoscale", "guard", "norm", "step", "zclip"];
    assert_eq!(states, known, "add the new one to tests/common/states.rs");
}
