//! `ffi/abi.json` and the header's defaults: what clients in other languages are compared with.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::json::list;
use crate::common::parse::Header;
use crate::common::root;
use crate::defaults;

/// The C ABI on 64-bit targets.
pub struct Manifest {
    pub structs: BTreeMap<String, Struct>,
    /// Constants by the name of their enum.
    pub enums: BTreeMap<String, BTreeMap<String, i64>>,
    pub functions: BTreeMap<String, Function>,
}

#[derive(Debug, PartialEq)]
pub struct Struct {
    pub size: u64,
    pub fields: Vec<Field>,
}

#[derive(Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub c_type: String,
    pub offset: u64,
    pub size: u64,
}

pub struct Function {
    pub returns: String,
    /// Types and, from the header, names.
    pub parameters: Vec<(String, String)>,
}

pub fn read() -> Manifest {
    let manifest: Value = serde_json::from_str(&text("ffi/abi.json")).expect("abi.json is JSON");
    let names = Header::parse(&text("include/trimtab.h")).parameters;
    let functions = list(&manifest["functions"]).iter().map(|f| {
        let name = string(&f["name"]);
        let types = list(&f["parameters"]).iter().map(string);
        let parameters = types.zip(names[&name].iter().cloned()).collect();
        let returns = string(&f["returns"]);
        (
            name,
            Function {
                returns,
                parameters,
            },
        )
    });
    Manifest {
        structs: entries(&manifest["structs"], structure),
        enums: entries(&manifest["enums"], |e| entries(e, number)),
        functions: functions.collect(),
    }
}

/// The expressions of the macros that initialise configurations, by the name of the struct.
pub fn defaults() -> BTreeMap<String, Vec<String>> {
    defaults::read(&text("ffi/header_defaults.h"))
}

fn structure(value: &Value) -> Struct {
    let fields = list(&value["fields"]).iter().map(|field| Field {
        name: string(&field["name"]),
        c_type: string(&field["type"]),
        offset: unsigned(&field["offset"]),
        size: unsigned(&field["size"]),
    });
    Struct {
        size: unsigned(&value["size"]),
        fields: fields.collect(),
    }
}

fn text(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|why| panic!("{path} cannot be read: {why}"))
}

fn entries<T>(value: &Value, read: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let object = value.as_object().expect("an object");
    let entry = |(name, value): (&String, &Value)| (name.clone(), read(value));
    object.iter().map(entry).collect()
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_string()
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a whole number")
}

fn unsigned(value: &Value) -> u64 {
    value.as_u64().expect("a number of bytes")
}
