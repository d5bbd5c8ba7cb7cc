//! Julia: constants and structs, the functions as C declares them, and the methods of a chain.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase;

use crate::abi::{Abi, Enum, Field, Function, Struct, bare, pending, state_kind};
use crate::method::{Count, Method};
use crate::text::{Generated, comment, lines, without_init, wrapped};

const CONSTANTS: &str = "
#
# The constants of trimtab.h: the same names without their prefix.

";

const MIRRORS: &str = "
#
# The structs of trimtab.h: the same names without their prefix, the same fields in the same order.

";

const CALLS: &str = "
#
# The functions of trimtab.h, as C declares them. `Ref{T}` is a pointer to one T, `Ptr{T}` one to any number.

";

const CHAIN: &str = "
#
# The methods, each made for `decide!` and, with an exclamation mark, deciding at once. `methods.jl` says what they do.

";

/// `constants.jl`
pub fn constants(abi: &Abi) -> String {
    let enums = lines(abi.enums.iter().map(enumeration));
    format!("# {Generated}{CONSTANTS}{enums}")
}

/// `mirrors.jl`
pub fn mirrors(abi: &Abi) -> String {
    let structs = lines(abi.structs.iter().map(|s| structure(abi, s)));
    format!("# {Generated}{MIRRORS}{structs}")
}

/// `trimtab_norm_state` is `NormState`; the enum that holds the values of `trimtab_status` bears its name.
fn type_name(c: &str) -> String {
    bare(c).trim_end_matches("_code").to_upper_camel_case()
}

/// Without the prefix that C's constants have, and safe in a text.
fn words(doc: &str) -> String {
    let plain = doc.replace("TRIMTAB_", "").replace('\\', "\\\\");
    plain.replace('$', "\\$").replace('"', "\\\"")
}

fn documented(doc: &str) -> String {
    // The front of a constructor is indented.
    let end = if doc.starts_with("    ") { "    " } else { "" };
    format!("\"\"\"\n{end}{}\"\"\"\n", comment("", &words(doc)))
}

/// `- ``name``: what it is` of each that is documented.
fn list<'d>(entries: impl Iterator<Item = (&'d str, &'d str)>) -> String {
    let entries = entries.filter(|(_, doc)| !doc.is_empty());
    entries
        .map(|(name, doc)| format!("\n- `{name}`: {}", doc.replace('\n', " ")))
        .collect()
}

fn enumeration(e: &Enum) -> String {
    let base = if e.constants.iter().any(|c| c.value < 0) {
        "Int32"
    } else {
        "UInt32"
    };
    let constants = e.constants.iter();
    let meanings = list(constants.clone().map(|c| (bare(&c.name), c.doc.as_str())));
    let constants: String = constants
        .map(|c| format!("    {} = {}\n", bare(&c.name), c.value))
        .collect();
    let doc = documented(&format!("{}\n{meanings}", e.doc));
    format!(
        "{doc}@enum {}::{base} begin\n{constants}end\n",
        type_name(&e.name)
    )
}

fn structure(abi: &Abi, s: &Struct) -> String {
    let name = type_name(&s.name);
    let fields = s
        .fields
        .iter()
        .map(|f| format!("    {}::{}\n", f.name, field_type(abi, s, f)));
    let made = constructor(abi, s);
    let own = without_init(&s.doc);
    let front = match made.split_once(" =\n").or(made.split_once(" = ")) {
        Some((call, _)) if s.is_config() && own.is_empty() => format!("    {call}\n"),
        Some((call, _)) if s.is_config() => format!("    {call}\n\n{own}\n"),
        _ => format!("{own}\n"),
    };
    let given = s
        .fields
        .iter()
        .filter(|f| !["struct_size", "reserved"].contains(&f.name.as_str()));
    let doc = format!(
        "{front}{}",
        list(given.map(|f| (f.name.as_str(), f.doc.as_str())))
    );
    let fields = fields.collect::<String>();
    format!("{}struct {name}\n{fields}end\n{made}", documented(&doc))
}

fn field_type(abi: &Abi, s: &Struct, field: &Field) -> String {
    let plain = match field.c_type.as_str() {
        "uint32_t" => match abi.enumeration(s, field) {
            Some(e) => return type_name(&e.name),
            None => "UInt32",
        },
        "uint64_t" => "UInt64",
        "double" => "Float64",
        "size_t" => "Csize_t",
        "void *" | "const void *" => "Ptr{Cvoid}",
        name => return type_name(name),
    };
    plain.to_string()
}

/// Of configurations, with their defaults; of what holds numbers only, with zeros.
fn constructor(abi: &Abi, s: &Struct) -> String {
    let name = type_name(&s.name);
    if s.is_config() {
        return config_constructor(abi, s, &name);
    }
    if s.has_pointers() {
        return String::new();
    }
    let values: Vec<&str> = s.fields.iter().map(|f| julia(pending(s, f))).collect();
    let made = format!("{name}() = {name}({})\n", values.join(", "));
    match state_kind(abi, s) {
        Some(kind) => format!(
            "{made}Base.zero(::Type{{{name}}}) = {name}()\nkind(::Type{{{name}}}) = {}\n",
            bare(kind)
        ),
        None => made,
    }
}

fn config_constructor(abi: &Abi, s: &Struct, name: &str) -> String {
    let (mut keywords, mut values) = (Vec::new(), Vec::new());
    for field in &s.fields {
        match field.name.as_str() {
            "struct_size" => values.push(format!("sizeof({name})")),
            "reserved" => values.push("0".to_string()),
            field_name => {
                let default = abi.default_of(s, field).expect("a default");
                keywords.push(format!("{field_name} = {}", julia(default)));
                values.push(field_name.to_string());
            }
        }
    }
    let front = wrapped(&format!("{name}(; {}) =", keywords.join(", ")), "    ");
    format!(
        "{front}\n{}\n",
        wrapped(&format!("    {name}({})", values.join(", ")), "        ")
    )
}

/// A number or constant of C.
fn julia(value: &str) -> &str {
    match value {
        "TRIMTAB_INFINITY" => "Inf",
        other => other.trim_start_matches("TRIMTAB_"),
    }
}

/// `calls.jl`
pub fn calls(abi: &Abi) -> String {
    let functions = lines(abi.functions.iter().map(|f| call(abi, f)));
    format!("# {Generated}{CALLS}{functions}")
}

fn call(abi: &Abi, f: &Function) -> String {
    let returns = match f.returns.as_str() {
        "trimtab_status" => "Int32",
        "double" => "Float64",
        "const char *" => "Cstring",
        other => panic!("{} returns {other}", f.name),
    };
    let arguments = f.parameters.iter().enumerate().map(|(place, p)| {
        let julia = argument_type(abi, &p.c_type, abi.is_array(f, place));
        format!("{}::{julia}", p.name)
    });
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    let names: Vec<&str> = f.parameters.iter().map(|p| p.name.as_str()).collect();
    let (name, names) = (&f.name, names.join(", "));
    let called = format!("    @ccall $(symbol(:{name}))({arguments})::{returns}");
    format!(
        "function {name}({names})\n{}\nend\n",
        wrapped(&called, "        ")
    )
}

fn argument_type(abi: &Abi, c: &str, array: bool) -> String {
    let plain = match c {
        "int32_t" => "Int32",
        "uint32_t" => "UInt32",
        "size_t" => "Csize_t",
        "double" => "Float64",
        "void *" | "const void *" => "Ptr{Cvoid}",
        "void *const *" => "Ptr{Ptr{Cvoid}}",
        "size_t *" => "Ref{Csize_t}",
        pointer => {
            let s = abi
                .pointee(pointer)
                .unwrap_or_else(|| panic!("unknown: {pointer}"));
            let kind = if array { "Ptr" } else { "Ref" };
            return format!("{kind}{{{}}}", type_name(&s.name));
        }
    };
    plain.to_string()
}

/// `chain.jl`
pub fn chain(abi: &Abi) -> String {
    let methods = abi.methods();
    let exported: BTreeSet<String> = methods.iter().flat_map(|m| exported(abi, m)).collect();
    let exported: Vec<String> = exported.into_iter().collect();
    let exported = wrapped(&format!("export {}", exported.join(", ")), "    ");
    let methods = lines(methods.iter().map(|m| method(abi, m)));
    format!("# {Generated}{CHAIN}{exported}\n\n{methods}")
}

/// What a program needs for a method: its functions, what it remembers, and its configuration.
fn exported(abi: &Abi, m: &Method) -> Vec<String> {
    let config = m.config.as_deref().and_then(|c| abi.structure(c));
    let config = config.filter(|s| s.only_choice().is_none());
    let state = m.state.as_ref().map(|held| type_name(&held.structure));
    let types = state.into_iter().chain(config.map(|s| type_name(&s.name)));
    types
        .chain([m.name.clone(), format!("{}!", m.name)])
        .collect()
}

fn method(abi: &Abi, m: &Method) -> String {
    let choice = m.config.as_deref().and_then(|c| abi.structure(c));
    let choice = choice.and_then(|s| Some((s, s.only_choice()?)));
    let (mut taken, mut given) = (
        Vec::new(),
        vec![m.kind.trim_start_matches("TRIMTAB_").to_string()],
    );
    if let Some(number) = &m.number {
        taken.push(format!("{number}::Real"));
        given.push(format!("number = {number}"));
    }
    if let Some(held) = m.held() {
        let field = if m.state.is_some() { "state" } else { "input" };
        let kind = if held.count == Count::One {
            "Ref"
        } else {
            "Vector"
        };
        taken.push(format!(
            "{}::{kind}{{{}}}",
            held.name,
            type_name(&held.structure)
        ));
        given.push(format!("{field} = {}", held.name));
        match held.count {
            Count::One => {}
            Count::Each => given.push("each = true".to_string()),
            Count::ByScope => given.push("each = config.scope != SCOPE_GLOBAL".to_string()),
        }
    }
    if let Some((s, field)) = choice {
        let (type_, name) = (field_type(abi, s, field), &field.name);
        let default = julia(abi.default_of(s, field).expect("a default"));
        taken.push(format!("{name}::{type_} = {default}"));
        given.push(format!("config = {}({name} = {name})", type_name(&s.name)));
    } else if let Some(config) = &m.config {
        let config = type_name(config);
        taken.push(format!("config::{config} = {config}()"));
        given.push("config = config".to_string());
    }
    let (name, kind) = (&m.name, given.remove(0));
    let decide = if m.may_skip() { "decide!" } else { "alone!" };
    let front = wrapped(&format!("{name}({}) =", taken.join(", ")), "    ");
    let made = wrapped(
        &format!("    ChainMethod({kind}; {})", given.join(", ")),
        "        ",
    );
    format!(
        "{front}\n{made}\n{name}!(grads::Gradients, arguments...) = {decide}(grads, {name}(arguments...))\n"
    )
}
