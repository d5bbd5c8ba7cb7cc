//! `ffi/src/layout.rs`: Rust's types against the header, at compile time, and its defaults, in a test.

use heck::ToUpperCamelCase;

use crate::abi::{Abi, Enum, Struct};
use crate::text::Generated;

const TOP: &str = r#"
//!
//! Where every field of every struct of the header lies on 64-bit targets, and what every constant is: a change of the
//! ABI does not compile unless it is in the header, too, and a struct or a constant that has more than the header does
//! not compile either. A test compares the `_INIT` macros with the core's defaults.

macro_rules! structs {
    ($($type:ty: $size:literal { $($field:ident: $kind:ty = $offset:literal),* })*) => {
        $(#[cfg(target_pointer_width = "64")]
        const _: () = {
            use core::mem::{align_of, offset_of, size_of};
            assert!(size_of::<$type>() == $size, stringify!($type has another size));
            assert!(8 % align_of::<$type>() == 0, stringify!($type has another alignment));
            $(assert!(offset_of!($type, $field) == $offset, stringify!($type.$field lies elsewhere));)*
        };

        // A field that the header lacks does not compile: there is no `..` in the pattern.
        const _: fn(&$type) = |value| {
            type Type = $type;
            let Type { $($field),* } = value;
            $(let _: &$kind = $field;)*
        };)*
    };
}

macro_rules! constants {
    ($($name:ident { $($constant:ident = $value:literal),* })*) => {
        $(const _: () = {
            use crate::$name::{self, *};
            $(assert!($constant as i64 == $value, stringify!($constant has another value));)*
            // A constant that the header lacks does not compile: there is no `_` in the match.
            let _: fn($name) = |value| match value {
                $($constant => (),)*
            };
        };)*
    };
}

#[cfg(test)]
macro_rules! defaults {
    ($($config:ident { $($field:ident = $value:expr),* })*) => {
        #[test]
        fn init_macros_hold_the_defaults_of_the_core() {
            use crate::config::{self, Configuration};
            $(let core = <config::$config as Configuration>::of(&Default::default());
            $(assert_eq!(core.$field, $value, "{}.{}", stringify!($config), stringify!($field));)*)*
        }
    };
}
"#;

/// The text of the file.
pub fn layout(abi: &Abi) -> String {
    let structs: String = abi.structs.iter().map(|s| structure(abi, s)).collect();
    let enums: String = abi.enums.iter().map(enumeration).collect();
    let defaults: String = abi.configs().map(|s| defaults(abi, s)).collect();
    format!(
        "//! {Generated}{TOP}\nstructs! {{\n{structs}}}\n\nconstants! {{\n{enums}}}\n\n\
         #[cfg(test)]\ndefaults! {{\n{defaults}}}\n"
    )
}

/// Where the type lies: configurations and descriptors are this crate's, the rest is the core's.
fn path(s: &Struct) -> String {
    match s.is_config() || s.has_pointers() {
        true => format!("crate::{}", s.name),
        false => format!("trimtab_core::{}", s.bare().to_upper_camel_case()),
    }
}

fn structure(abi: &Abi, s: &Struct) -> String {
    let fields = abi.offsets(s).into_iter().map(|(field, offset)| {
        let (name, kind) = (&field.name, in_rust(abi, &field.c_type));
        format!("        {name}: {kind} = {},\n", offset.on_64_bits())
    });
    let fields = fields.collect::<String>();
    let fields = fields.trim_end().trim_end_matches(',');
    let size = abi.layout(s).0.on_64_bits();
    format!("    {}: {size} {{\n{fields}\n    }}\n", path(s))
}

fn in_rust(abi: &Abi, c: &str) -> String {
    match c {
        "uint32_t" => "u32".to_string(),
        "uint64_t" => "u64".to_string(),
        "double" => "f64".to_string(),
        "size_t" => "usize".to_string(),
        "void *" => "*mut core::ffi::c_void".to_string(),
        "const void *" => "*const core::ffi::c_void".to_string(),
        name => path(abi.structure(name).expect("a type that Rust has")),
    }
}

fn enumeration(e: &Enum) -> String {
    let constants = e.constants.iter();
    let constants: Vec<String> = constants
        .map(|c| format!("        {} = {}", c.name, c.value))
        .collect();
    format!("    {} {{\n{}\n    }}\n", e.name, constants.join(",\n"))
}

fn defaults(abi: &Abi, s: &Struct) -> String {
    let fields = s.fields.iter().filter_map(|field| {
        let value = match (abi.default_of(s, field)?, field.c_type.as_str()) {
            ("TRIMTAB_INFINITY", _) => "f64::INFINITY".to_string(),
            (number, "double") => format!("{:?}", number.parse::<f64>().expect("a number")),
            (integer, _) => abi.value(integer).to_string(),
        };
        Some(format!("        {} = {value}", field.name))
    });
    let fields = fields.collect::<Vec<_>>().join(",\n");
    format!("    {} {{\n{fields}\n    }}\n", s.name)
}
