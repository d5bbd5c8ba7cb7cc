//! The library without an operating system: how much code a program of one method carries, and that nothing at all is
//! needed from outside, so no allocator either, and no panic: the library linked here calls a function that exists
//! nowhere if it panics.
//!
//! What the library brings for all its instruction sets and element types counts, because which of them is used is only
//! known when the program runs.
#![cfg(target_os = "linux")] // Other linkers have other flags.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
#[path = "c_programs/compiler.rs"]
mod compiler;

use std::fs;
use std::io::Write;
use std::path::Path;

use object::{Object, ObjectSection, SectionKind};

/// The promise: text for one dtype and one method.
const LARGEST: u64 = 64 * 1024;

/// Bytes of all executable sections.
fn text_of(executable: &Path) -> u64 {
    let bytes = fs::read(executable).expect("the linker has written it");
    let file = object::File::parse(&*bytes).expect("an executable");
    let text = file.sections().filter(|s| s.kind() == SectionKind::Text);
    text.map(|section| section.size()).sum()
}

#[test]
fn one_method_fits_into_sixty_four_kibibytes() {
    let program = compiler::build_free_standing("small", &common::bare_archive(), &[]);
    let text = text_of(&program);
    // Past the capture of test output, so that it is seen in a run that succeeds.
    let note = format!("\nobserve, stable_grad and apply, free-standing: {text} bytes of text\n");
    std::io::stderr()
        .write_all(note.as_bytes())
        .expect("stderr");
    assert!(text > 1_000, "the library is not in the program");
    assert!(text <= LARGEST, "{text} bytes of text, at most {LARGEST}");
}

/// Every function linked with nothing but memcpy and its kind: no allocator, no mathematics, no operating system, and no
/// way to a panic, because `trimtab_a_panic_is_reachable` is not to be found either.
#[test]
fn no_function_needs_anything_from_outside() {
    let functions = trimtab_generate::committed().functions.into_iter();
    let names: Vec<String> = functions.map(|function| function.name).collect();
    assert!(names.len() >= 29, "{names:?}");
    let program = compiler::build_free_standing("small", &common::bare_archive(), &names);
    let bytes = fs::read(&program).expect("the linker has written it");
    let file = object::File::parse(&*bytes).expect("an executable");
    for name in &names {
        let symbol = file.symbol_by_name(name);
        assert!(symbol.is_some(), "{name} is not in the program");
    }
}
