//! `ffi/abi.json`: a line for each field, constant and function, so that a change is one line of a diff.

use serde_json::{Value, json};

use crate::abi::{Abi, Enum, Field, Function, Size, Struct};
use crate::method::{Held, Method};

const ABOUT: &str = "The C ABI of trimtab on 64-bit targets. Generated from include/trimtab.h by `cargo run -p \
    trimtab-generate`; do not edit. Offsets, sizes and alignments are in bytes. Fields with pointer_sized are as wide as a \
    pointer; enums are passed and stored as the integers of the functions and fields that take them. Fields of \
    configurations have their default as C writes it. Functions name their parameters, and which of them are arrays. \
    Methods are what trimtab_decide takes: the name of the number, the configuration, the states and the inputs of each. \
    Docs are those of enums and constants.";

/// The text of the file.
pub fn file(abi: &Abi) -> String {
    let structs = abi.structs.iter().map(|s| structure(abi, s));
    let functions = abi.functions.iter().map(|f| function(abi, f));
    let methods = abi.methods();
    format!(
        "{{\n  \"about\": {},\n  \"pointer_bits\": 64,\n  \"status_type\": \"int32_t\",\n  \"structs\": {{\n{}\n  }},\n  \
         \"enums\": {{\n{}\n  }},\n  \"functions\": [\n{}\n  ],\n  \"methods\": {{\n{}\n  }},\n  \
         \"docs\": {{\n{}\n  }}\n}}\n",
        Value::from(ABOUT),
        lines(structs),
        lines(abi.enums.iter().map(enumeration)),
        lines(functions),
        lines(methods.iter().map(method)),
        lines(abi.enums.iter().flat_map(docs)),
    )
}

fn lines(entries: impl Iterator<Item = String>) -> String {
    entries.collect::<Vec<_>>().join(",\n")
}

/// `"a": 1, "b": 2` of those that are not null.
fn members(pairs: &[(&str, Value)]) -> String {
    let present = pairs.iter().filter(|(_, value)| !value.is_null());
    let texts = present.map(|(name, value)| format!("\"{name}\": {}", inline(value)));
    texts.collect::<Vec<_>>().join(", ")
}

/// On one line, with a blank behind each comma.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(inline).collect();
            format!("[{}]", all.join(", "))
        }
        other => other.to_string(),
    }
}

fn structure(abi: &Abi, s: &Struct) -> String {
    let (size, alignment) = abi.layout(s);
    let fields = abi.offsets(s).into_iter();
    let fields = fields.map(|(field, offset)| self::field(abi, s, field, offset));
    format!(
        "    \"{}\": {{\n      {},\n      {},\n      \"fields\": [\n{}\n      ]\n    }}",
        s.name,
        members(&[
            ("size", size.on_64_bits().into()),
            ("alignment", alignment.into())
        ]),
        members(&[("doc", s.doc.as_str().into())]),
        lines(fields)
    )
}

fn field(abi: &Abi, s: &Struct, field: &Field, offset: Size) -> String {
    let (size, _) = abi.size(&field.c_type);
    let wide = (size == Size { words: 1, bytes: 0 }).then_some(true);
    let enumeration = abi.enumeration(s, field).map(|e| e.name.as_str());
    let members = members(&[
        ("name", field.name.as_str().into()),
        ("type", field.c_type.as_str().into()),
        ("offset", offset.on_64_bits().into()),
        ("size", size.on_64_bits().into()),
        ("pointer_sized", wide.into()),
        ("enum", enumeration.into()),
        ("default", abi.default_of(s, field).into()),
        ("doc", field.doc.as_str().into()),
    ]);
    format!("        {{ {members} }}")
}

fn enumeration(e: &Enum) -> String {
    let constants = e
        .constants
        .iter()
        .map(|c| format!("      \"{}\": {}", c.name, c.value));
    format!("    \"{}\": {{\n{}\n    }}", e.name, lines(constants))
}

fn function(abi: &Abi, f: &Function) -> String {
    let types: Vec<&str> = f.parameters.iter().map(|p| p.c_type.as_str()).collect();
    let names: Vec<&str> = f.parameters.iter().map(|p| p.name.as_str()).collect();
    let arrays = (0..names.len()).filter(|place| abi.is_array(f, *place));
    let arrays: Vec<&str> = arrays.map(|place| names[place]).collect();
    let members = members(&[
        ("name", f.name.as_str().into()),
        ("returns", f.returns.as_str().into()),
        ("parameters", types.into()),
        ("names", names.into()),
        ("arrays", arrays.into()),
        ("doc", f.doc.as_str().into()),
    ]);
    format!("    {{ {members} }}")
}

fn method(m: &Method) -> String {
    let members = members(&[
        ("kind", m.kind.as_str().into()),
        ("number", m.number.as_deref().into()),
        ("config", m.config.as_deref().into()),
        ("state", m.state.as_ref().map(held).into()),
        ("input", m.input.as_ref().map(held).into()),
    ]);
    format!("    \"{}\": {{ {members} }}", m.name)
}

fn held(held: &Held) -> Value {
    json!([held.structure, held.count.words()])
}

/// What an enum and its constants mean.
fn docs(e: &Enum) -> impl Iterator<Item = String> {
    let constants = e.constants.iter().map(|c| (&c.name, &c.doc));
    let all = [(&e.name, &e.doc)].into_iter().chain(constants);
    all.map(|(name, doc)| format!("    \"{name}\": {}", Value::from(doc.as_str())))
}
