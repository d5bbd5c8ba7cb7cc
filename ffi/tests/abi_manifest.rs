//! `ffi/abi.json`: structs, constants and functions of the C ABI as data, for clients written in languages that cannot
//! read the header.
//!
//! It is made from the Rust types, and only on request, so that a change of the ABI is always deliberate:
//!
//!     TRIMTAB_BLESS=1 cargo test -p trimtab-ffi --test abi_manifest
//!
//! Otherwise it is compared with them, with the header, and with the C program that asserts the same offsets.
#![cfg(target_pointer_width = "64")] // The manifest gives the offsets of 64-bit targets.

// The library is no Rust library that a test could link; these are its own sources, and repr(C) leaves no choice.
#[macro_use]
#[path = "../src/layout.rs"]
mod layout;

#[allow(dead_code)]
#[path = "../src/config.rs"]
mod config;
#[allow(dead_code, non_camel_case_types)]
#[path = "../src/types.rs"]
mod types;

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[path = "abi_manifest/describe.rs"]
mod describe;
#[path = "abi_manifest/layout_c.rs"]
mod layout_c;

use std::collections::BTreeMap;
use std::fs;

use common::parse::Header;
use describe::Struct;

fn read(path: &str) -> String {
    let text = fs::read_to_string(common::root().join(path));
    text.unwrap_or_else(|why| panic!("{path} cannot be read: {why}"))
}

fn header() -> Header {
    Header::parse(&read("include/trimtab.h"))
}

#[test]
fn the_committed_manifest_is_what_the_types_say() {
    let made = describe::manifest(&header());
    serde_json::from_str::<serde_json::Value>(&made).expect("the manifest is JSON");
    if std::env::var_os("TRIMTAB_BLESS").is_some_and(|value| value == "1") {
        fs::write(common::root().join("ffi/abi.json"), &made).expect("ffi/ can be written");
    }
    assert!(
        read("ffi/abi.json") == made,
        "ffi/abi.json is not what the types say: if the ABI is meant to change, renew it with \
         TRIMTAB_BLESS=1 cargo test -p trimtab-ffi --test abi_manifest"
    );
}

#[test]
fn the_header_has_the_same_structs_field_by_field() {
    let declared = |s: &Struct| s.fields.iter().map(describe::Field::declaration).collect();
    let types = describe::structs();
    let types: BTreeMap<String, Vec<String>> = types
        .iter()
        .map(|s| (s.name.to_string(), declared(s)))
        .collect();
    assert_eq!(types, header().structs);
}

#[test]
fn the_header_has_the_same_constants() {
    let types = describe::enums().into_iter().map(|e| {
        let constants = e.constants.iter();
        let constants = constants.map(|(name, value)| (name.to_string(), *value));
        (e.name.to_string(), constants.collect())
    });
    assert_eq!(types.collect::<BTreeMap<_, Vec<_>>>(), header().enums);
}

/// No padding anywhere: every byte of a struct can be written to disk and compared.
#[test]
fn fields_follow_one_another_without_gaps() {
    for s in describe::structs() {
        let mut end = 0;
        for field in &s.fields {
            assert_eq!(field.offset, end, "{}.{}", s.name, field.name);
            end += field.size;
        }
        assert_eq!(end, s.size, "{}", s.name);
        let widest = s.fields.iter().map(|field| field.size).max();
        assert_eq!(
            Some(s.alignment),
            widest.map(|size| size.min(8)),
            "{}",
            s.name
        );
    }
}

#[test]
fn the_c_program_asserts_every_size_offset_and_constant() {
    let c = layout_c::Asserted::read(&read("ffi/tests/c/layout.c"));
    let (mut offsets, mut sizes) = (BTreeMap::new(), BTreeMap::new());
    for s in describe::structs() {
        sizes.insert(s.name.to_string(), s.size);
        for field in &s.fields {
            offsets.insert((s.name.to_string(), field.name.to_string()), field.offset);
        }
    }
    assert_eq!(c.offsets, offsets);
    assert_eq!(c.sizes, sizes);
    assert_eq!(c.constants, header().constants().collect());
}
