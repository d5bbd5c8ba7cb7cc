//! Python: structs as NumPy dtypes, constants, what functions take, and what methods are made of.

use crate::abi::{Abi, Enum, Field, Function, Struct, bare};
use crate::method::{Held, Method};
use crate::text::{Generated, comment};

const TOP: &str = r#"

Structs are NumPy dtypes of the same layout. Enums are dictionaries from names in lower case to numbers.
"""

import ctypes
import enum
from typing import NamedTuple

import numpy as np


def _struct(*fields: tuple[str, object]) -> np.dtype:
    return np.dtype(list(fields), align=True)


"#;

const RECIPES: &str = r#"

class Held(NamedTuple):
    """An array of the caller's that a method works with."""

    name: str  # Of the argument.
    layout: str  # Of its entries.
    count: str  # "one", "n", or "n or one": one for the scope "global".


class Recipe(NamedTuple):
    """What a method of a chain is made of."""

    number: str | None = None  # The name of the argument.
    config: np.dtype | None = None
    state: Held | None = None
    input: Held | None = None


"#;

const CTYPES: &str = "
_status, _u32, _size, _f64 = ctypes.c_int32, ctypes.c_uint32, ctypes.c_size_t, ctypes.c_double
_pointer, _text = ctypes.c_void_p, ctypes.c_char_p
";

/// `_structs.py`
pub fn structs(abi: &Abi) -> String {
    let structs: String = abi.structs.iter().map(|s| structure(abi, s)).collect();
    let enums = abi.enums.iter().filter(|e| !is_status(e));
    let enums: String = enums.map(enumeration).collect();
    let statuses: String = abi
        .enums
        .iter()
        .filter(|e| is_status(e))
        .map(status)
        .collect();
    let functions: String = abi.functions.iter().map(function).collect();
    let methods: String = abi.methods().iter().map(method).collect();
    format!(
        "\"\"\"{Generated}{TOP}{structs}\n{enums}\n# The enum of each field that has one.\nCHOICES = {{\n{}}}\n\
         STATE_KINDS = (\n{})\n{statuses}\n{CTYPES}\n# What each function returns and takes.\nFUNCTIONS = {{\n{functions}}}\n\
         {RECIPES}METHODS = {{\n{methods}}}\n",
        choices(abi),
        kinds(abi)
    )
}

fn is_status(e: &Enum) -> bool {
    e.name == "trimtab_status_code"
}

/// `NORM_STATE` of `trimtab_norm_state`.
fn name(c: &str) -> String {
    bare(c).to_uppercase()
}

fn structure(abi: &Abi, s: &Struct) -> String {
    let fields = s
        .fields
        .iter()
        .map(|f| format!("(\"{}\", {})", f.name, field_type(abi, f)));
    let fields = fields.collect::<Vec<_>>().join(", ");
    let fields = fields.replace("), (", "),\x00(");
    let text = format!("{} = _struct({fields})\n", name(&s.name)).replace('\x00', " ");
    one_or_many(&text)
}

/// On one line, or each field on a line of its own, as Python's formatters have it.
fn one_or_many(text: &str) -> String {
    if text.len() <= 121 {
        return text.to_string();
    }
    let (front, rest) = text.split_once("_struct(").expect("a struct");
    let fields = rest
        .trim_end()
        .trim_end_matches(')')
        .replace("), (", "),\n    (");
    format!("{front}_struct(\n    {fields}),\n)\n")
}

fn field_type(abi: &Abi, field: &Field) -> String {
    match field.c_type.as_str() {
        "uint32_t" => "np.uint32".to_string(),
        "uint64_t" => "np.uint64".to_string(),
        "double" => "np.float64".to_string(),
        "size_t" => "np.uintp".to_string(),
        pointer if pointer.ends_with('*') => "np.uintp".to_string(),
        of => name(&abi.structure(of).expect("a struct").name),
    }
}

fn enumeration(e: &Enum) -> String {
    let constants = e.constants.iter().map(|c| (e.own_name(c), c.value));
    let pairs: Vec<String> = constants
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    let line = format!("{} = {{{}}}\n", name(&e.name), pairs.join(", "));
    if line.len() <= 121 {
        return line;
    }
    let pairs = pairs.iter().map(|pair| format!("    {pair},\n"));
    format!("{} = {{\n{}}}\n", name(&e.name), pairs.collect::<String>())
}

/// By the name of the field, which is the same wherever a configuration has it.
fn choices(abi: &Abi) -> String {
    let fields = abi
        .configs()
        .flat_map(|s| s.fields.iter().map(move |f| (s, f)));
    let mut lines: Vec<String> = fields
        .filter_map(|(s, f)| {
            Some(format!(
                "    \"{}\": {},\n",
                f.name,
                name(&abi.enumeration(s, f)?.name)
            ))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines.concat()
}

fn kinds(abi: &Abi) -> String {
    let kinds = abi.enums.iter().filter(|e| e.name == "trimtab_state_kind");
    let constants = kinds.flat_map(|e| e.constants.iter().map(move |c| (e.own_name(c), c.value)));
    let lines =
        constants.map(|(own, value)| format!("    ({}_STATE, {value}),\n", own.to_uppercase()));
    lines.collect()
}

fn status(e: &Enum) -> String {
    let constants = e.constants.iter().map(|c| {
        let doc = c.doc.replace('\n', " ");
        format!(
            "{}    {} = {}\n",
            comment("    #: ", &doc),
            bare(&c.name),
            c.value
        )
    });
    let doc = "What a call of the C library returns; negative: refused, nothing was changed.";
    format!(
        "\n\nclass Status(enum.IntEnum):\n    \"\"\"{doc}\"\"\"\n\n{}",
        constants.collect::<String>()
    )
}

fn function(f: &Function) -> String {
    let types = f.parameters.iter().map(|p| p.c_type.as_str());
    let types: Vec<&str> = [f.returns.as_str()]
        .into_iter()
        .chain(types)
        .map(in_ctypes)
        .collect();
    let comma = if types.len() == 1 { "," } else { "" };
    format!("    \"{}\": ({}{comma}),\n", f.name, types.join(", "))
}

fn in_ctypes(c: &str) -> &'static str {
    match c {
        "trimtab_status" | "int32_t" => "_status",
        "uint32_t" => "_u32",
        "size_t" => "_size",
        "double" => "_f64",
        "const char *" => "_text",
        pointer if pointer.ends_with('*') => "_pointer",
        other => panic!("unknown: {other}"),
    }
}

fn method(m: &Method) -> String {
    let mut parts = Vec::new();
    parts.extend(
        m.number
            .as_ref()
            .map(|number| format!("number=\"{number}\"")),
    );
    parts.extend(
        m.config
            .as_ref()
            .map(|config| format!("config={}", name(config))),
    );
    parts.extend(
        m.state
            .as_ref()
            .map(|state| format!("state={}", held(state))),
    );
    parts.extend(
        m.input
            .as_ref()
            .map(|input| format!("input={}", held(input))),
    );
    format!("    \"{}\": Recipe({}),\n", m.name, parts.join(", "))
}

fn held(held: &Held) -> String {
    let (structure, count) = (name(&held.structure), held.count.words());
    format!("Held(\"{}\", \"{structure}\", \"{count}\")", held.name)
}
