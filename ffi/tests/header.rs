//! The header against the sources it is generated from, and against what the library exports.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;

use std::collections::BTreeSet;
use std::fs;

use object::Object;

const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/trimtab.h"));

fn committed() -> String {
    let path = common::root().join("include/trimtab.h");
    fs::read_to_string(path).expect("include/trimtab.h")
}

#[test]
fn the_committed_header_is_the_generated_one() {
    assert!(
        committed() == GENERATED,
        "include/trimtab.h is not what the sources say: build with TRIMTAB_BLESS=1 if the ABI is meant to change"
    );
}

/// Values are checked by the C programs; here only that no configuration was forgotten.
#[test]
fn every_configuration_has_its_defaults() {
    let abi = trimtab_generate::committed();
    for config in abi.configs() {
        let name = &config.name;
        assert_eq!(config.fields[0].name, "struct_size", "{name}");
        let defaults = abi.all_defaults(config);
        let defaults = defaults.unwrap_or_else(|| panic!("no {}_INIT", name.to_uppercase()));
        assert_eq!(defaults[0], format!("(uint32_t)sizeof({name})"));
    }
    assert_eq!(abi.configs().count(), abi.defaults.len());
}

#[test]
fn the_library_exports_the_header_and_nothing_else() {
    let library = fs::read(&common::libraries().shared).expect("the shared library");
    let file = object::File::parse(&*library).expect("an object file");
    let exports = file.exports().expect("an export table");
    let names = exports
        .iter()
        .map(|export| String::from_utf8_lossy(export.name()).into_owned());
    // Mach-O puts an underscore in front of C names.
    let names = names.map(|name| {
        name.strip_prefix("_trimtab_")
            .map_or(name.clone(), |n| format!("trimtab_{n}"))
    });
    let exported: BTreeSet<String> = names.filter(|name| name.contains("trimtab_")).collect();
    let functions = trimtab_generate::committed().functions.into_iter();
    let declared: BTreeSet<String> = functions.map(|function| function.name).collect();
    assert_eq!(exported, declared);
}
