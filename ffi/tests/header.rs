//! The header against the sources it is generated from, against the ABI as it is fixed, and against what the library exports.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[path = "header/design.rs"]
mod design;

use std::collections::BTreeSet;
use std::fs;

use common::parse::Header;
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

#[test]
fn functions_are_those_of_the_design() {
    let actual: BTreeSet<String> = Header::parse(&committed()).functions.into_iter().collect();
    let expected: BTreeSet<String> = design::FUNCTIONS
        .iter()
        .map(|line| line.to_string())
        .collect();
    assert_eq!(expected.len(), 37);
    assert_eq!(actual, expected);
}

#[test]
fn constants_are_those_of_the_design() {
    let actual: BTreeSet<(String, i64)> = Header::parse(&committed()).constants().collect();
    let expected = design::CONSTANTS
        .iter()
        .map(|(name, value)| (format!("TRIMTAB_{name}"), *value));
    assert_eq!(actual, expected.collect());
}

#[test]
fn structs_are_those_of_the_design_field_by_field() {
    let actual = Header::parse(&committed()).structs;
    for (name, fields) in design::STRUCTS {
        let found = actual
            .get(*name)
            .unwrap_or_else(|| panic!("the header has no {name}"));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, *fields, "{name}");
    }
    let names: BTreeSet<&str> = design::STRUCTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        actual.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        names
    );
}

/// Values are checked by the C programs; here only that no configuration was forgotten.
#[test]
fn every_configuration_has_its_defaults() {
    let header = committed();
    for (name, fields) in design::STRUCTS
        .iter()
        .filter(|(name, _)| name.ends_with("_config"))
    {
        assert_eq!(fields[0], "uint32_t struct_size", "{name}");
        let init = format!("#define {}_INIT", name.to_uppercase());
        assert!(header.contains(&init), "no {init}");
    }
    assert_eq!(header.matches("_CONFIG_INIT \\").count(), 10);
}

#[test]
fn trimtab_status_is_an_int32() {
    assert!(committed().contains("typedef int32_t trimtab_status;"));
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
    assert_eq!(exported, declared());
}

/// The names of the functions that the header declares.
fn declared() -> BTreeSet<String> {
    let functions = Header::parse(&committed()).functions;
    let name = |prototype: &String| {
        let before = prototype.split('(').next().expect("a prototype");
        before
            .rsplit([' ', '*'])
            .next()
            .expect("a name")
            .to_string()
    };
    functions.iter().map(name).collect()
}
