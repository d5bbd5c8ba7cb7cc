//! The constants, structs, calls and defaults of Trimtab.jl against those of the C ABI, one by one and none left out.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{self, Call, Constructor, Enum};
use super::source;
use crate::manifest::{self, Field, Function, Manifest, Struct};

/// `trimtab_norm_state` is `NormState` in Julia.
fn julia_name(c: &str) -> String {
    // The enum that holds the values of trimtab_status.
    let c = if c == "trimtab_status_code" {
        "trimtab_status"
    } else {
        c
    };
    let words = c
        .strip_prefix("trimtab_")
        .expect("a name of ours")
        .split('_');
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    words.map(capital).collect()
}

pub fn constants() {
    let mut julia = declared::enums(&source::file("src/mirrors.jl"));
    for (c, constants) in manifest::read().enums {
        let name = julia_name(&c);
        let bare = |(name, value): (String, i64)| {
            let name = name.strip_prefix("TRIMTAB_").expect("a constant of ours");
            (name.to_string(), value)
        };
        let expected: BTreeMap<String, i64> = constants.into_iter().map(bare).collect();
        let found = julia.remove(&name);
        let found = found.unwrap_or_else(|| panic!("mirrors.jl has no enum {name}"));
        assert_eq!(found.constants, expected, "{name} in Julia and in C");
    }
    assert!(julia.is_empty(), "not in C: {:?}", julia.keys());
}

/// How Julia lays structs out, which is how C does.
struct Layouts {
    enums: BTreeMap<String, Enum>,
    structs: BTreeMap<String, declared::Pairs>,
}

impl Layouts {
    /// Size, alignment, and the type in C.
    fn of_type(&self, julia: &str) -> (u64, u64, String) {
        let plain = |size, c: &str| (size, size, c.to_string());
        match julia {
            "UInt32" => plain(4, "uint32_t"),
            "Int32" => plain(4, "int32_t"),
            "UInt64" => plain(8, "uint64_t"),
            "Float64" => plain(8, "double"),
            "Csize_t" => plain(8, "size_t"),
            "Ptr{Cvoid}" => plain(8, "void *"),
            name => match self.enums.get(name) {
                Some(e) => self.of_type(&e.base),
                None => {
                    let (layout, alignment) = self.of_struct(name);
                    (layout.size, alignment, c_name(name))
                }
            },
        }
    }

    fn of_struct(&self, name: &str) -> (Struct, u64) {
        let declared = self.structs.get(name);
        let declared = declared.unwrap_or_else(|| panic!("{name} is no type that C has, too"));
        let (mut fields, mut end, mut widest) = (Vec::new(), 0_u64, 1);
        for (name, julia) in declared {
            let (size, alignment, c_type) = self.of_type(julia);
            let offset = end.next_multiple_of(alignment);
            (end, widest) = (offset + size, widest.max(alignment));
            let name = name.clone();
            fields.push(Field {
                name,
                c_type,
                offset,
                size,
            });
        }
        let size = end.next_multiple_of(widest);
        (Struct { size, fields }, widest)
    }
}

/// `NormState` is `trimtab_norm_state` in C.
fn c_name(julia: &str) -> String {
    let lower = |c: char| match c.is_uppercase() {
        true => format!("_{}", c.to_lowercase()),
        false => c.to_string(),
    };
    "trimtab".to_string() + &julia.chars().map(lower).collect::<String>()
}

pub fn structs() {
    let file = source::file("src/mirrors.jl");
    let layouts = Layouts {
        enums: declared::enums(&file),
        structs: declared::structs(&file),
    };
    let names = layouts.structs.keys();
    let laid_out = names.map(|name| (c_name(name), layouts.of_struct(name).0));
    let laid_out: BTreeMap<String, Struct> = laid_out.collect();
    let mut manifest = manifest::read().structs;
    // Julia has no pointers to what may only be read.
    for field in manifest.values_mut().flat_map(|s| &mut s.fields) {
        field.c_type = field.c_type.trim_start_matches("const ").to_string();
    }
    for (name, expected) in &manifest {
        let found = laid_out.get(name);
        let found = found.unwrap_or_else(|| panic!("mirrors.jl has no {}", julia_name(name)));
        assert_eq!(found, expected, "{name} in Julia and in C");
    }
    let others: Vec<_> = laid_out
        .keys()
        .filter(|s| !manifest.contains_key(*s))
        .collect();
    assert!(others.is_empty(), "not in C: {others:?}");
}

/// What a type of the header may be in a call.
fn in_julia(c: &str) -> Vec<String> {
    let one = |name: &str| vec![name.to_string()];
    match c {
        "trimtab_status" | "int32_t" => one("Int32"),
        "uint32_t" => one("UInt32"),
        "size_t" => one("Csize_t"),
        "double" => one("Float64"),
        "const char *" => one("Cstring"),
        "void *" | "const void *" => one("Ptr{Cvoid}"),
        "void *const *" => one("Ptr{Ptr{Cvoid}}"),
        "size_t *" => one("Ref{Csize_t}"),
        pointer => {
            let name = pointer.trim_start_matches("const ").strip_suffix(" *");
            let name = julia_name(name.unwrap_or_else(|| panic!("unknown: {pointer}")));
            vec![format!("Ptr{{{name}}}"), format!("Ref{{{name}}}")]
        }
    }
}

pub fn calls() {
    let functions = manifest::read().functions;
    let calls = declared::calls(&source::file("src/calls.jl"));
    for call in &calls {
        let function = functions.get(&call.symbol);
        check_call(
            call,
            function.unwrap_or_else(|| panic!("C has no {}", call.symbol)),
        );
    }
    let called: BTreeSet<&String> = calls.iter().map(|call| &call.symbol).collect();
    let missing: Vec<_> = functions.keys().filter(|f| !called.contains(f)).collect();
    assert!(missing.is_empty(), "calls.jl has no {missing:?}");
    assert_eq!(called.len(), calls.len(), "a function is called twice");
}

fn check_call(call: &Call, function: &Function) {
    let name = &call.symbol;
    assert_eq!(&call.name, name, "calls.jl: its name, and what it calls");
    let passed: Vec<&String> = call.arguments.iter().map(|(name, _)| name).collect();
    let taken: Vec<&String> = call.parameters.iter().collect();
    assert_eq!(taken, passed, "what {name} takes, and what it passes on");
    let expected: Vec<&String> = function.parameters.iter().map(|(_, name)| name).collect();
    assert_eq!(passed, expected, "what {name} passes on, and what C takes");
    for ((_, julia), (c, parameter)) in call.arguments.iter().zip(&function.parameters) {
        assert_type(julia, c, &format!("{name}: {parameter}"));
    }
    assert_type(&call.returns, &function.returns, &format!("{name}: result"));
}

fn assert_type(julia: &str, c: &str, what: &str) {
    let allowed = in_julia(c);
    let right = allowed.iter().any(|name| name == julia);
    assert!(
        right,
        "{what} is {julia} in calls.jl; {c} in C is one of {allowed:?}"
    );
}

pub fn defaults() {
    let file = source::file("src/mirrors.jl");
    let (constructors, structs) = (declared::constructors(&file), declared::structs(&file));
    let enums = declared::enums(&file);
    let manifest = manifest::read();
    let expected = manifest::defaults();
    assert!(expected.len() >= 8, "{:?}", expected.keys());
    for (c, values) in &expected {
        let julia = julia_name(c);
        let constructor = constructors.get(&julia);
        let constructor = constructor.unwrap_or_else(|| panic!("no {julia}(; ...)"));
        let size = format!("sizeof({julia})");
        assert_eq!(constructor.arguments.first(), Some(&size), "{julia}");
        assert_eq!(values[0], format!("(uint32_t)sizeof({c})"), "{c}");
        let fields = &manifest.structs[c].fields;
        assert_eq!(constructor.arguments.len(), fields.len(), "{julia}");
        assert_eq!(values.len(), fields.len(), "{c}");
        for i in 1..fields.len() {
            let given = &constructor.arguments[i];
            let (name, found) = (&fields[i].name, value_of(given, constructor, &manifest));
            assert!(
                given == name || given == "0",
                "{julia}: {given} is passed for {name}"
            );
            assert_eq!(found, number(&values[i], &manifest), "{julia}: {name}");
            // Julia converts no constant of an enum into an integer by itself.
            let default = constructor.keywords.iter().find(|(k, _)| k == given);
            let of_an_enum = default.and_then(|(_, value)| {
                let mut enums = enums.iter();
                enums.find(|(_, e)| e.constants.contains_key(value))
            });
            if let Some((enumeration, _)) = of_an_enum {
                assert_eq!(&structs[&julia][i].1, enumeration, "{julia}: {name}");
            }
        }
    }
    let configurations = manifest.structs.keys().filter(|n| n.ends_with("_config"));
    assert_eq!(configurations.count(), expected.len());
}

/// What a constructor passes on where the caller gives nothing.
fn value_of(argument: &str, constructor: &Constructor, manifest: &Manifest) -> f64 {
    let keyword = constructor
        .keywords
        .iter()
        .find(|(name, _)| name == argument);
    let text = keyword.map_or(argument, |(_, default)| default);
    number(text, manifest)
}

/// A number, in Julia or C.
fn number(text: &str, manifest: &Manifest) -> f64 {
    let constant = |(name, value): (&String, &i64)| {
        let same = name.trim_start_matches("TRIMTAB_") == text.trim_start_matches("TRIMTAB_");
        same.then_some(*value as f64)
    };
    match text {
        "Inf" | "TRIMTAB_INFINITY" => f64::INFINITY,
        "true" => 1.0,
        "false" => 0.0,
        text => {
            let named = manifest.enums.values().flatten().find_map(constant);
            let number = named.or_else(|| text.parse().ok());
            number.unwrap_or_else(|| panic!("neither number nor constant: {text}"))
        }
    }
}
