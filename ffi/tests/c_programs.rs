//! C programs against the header and both libraries: compiled as C99 and as C++20 with warnings as errors, linked to
//! `libtrimtab.a` and to `libtrimtab.so`, run, and their output checked.
//!
//! A missing compiler is a failure: a library for C that was not tried from C is not tested.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
#[path = "c_programs/compiler.rs"]
mod compiler;

use compiler::{LANGUAGES, Language, Link, build, run, run_at};
use trimtab_core::Level;

/// The output of a program, the same in both languages and with both libraries.
fn output_of(program: &str) -> String {
    let mut outputs = Vec::new();
    for language in LANGUAGES {
        for link in [Link::Archive, Link::Shared] {
            outputs.push(run(&build(program, language, link, &[])));
        }
    }
    let first = outputs.swap_remove(0);
    assert!(
        outputs.iter().all(|other| *other == first),
        "{program}: outputs differ"
    );
    assert_eq!(
        first.lines().last(),
        Some("ok"),
        "{program} ends in\n{first}"
    );
    first
}

#[test]
fn smallest() {
    assert_eq!(
        output_of("smallest"),
        "weight 0.5 1.5 2.5\nbias 0.25 -7\nok\n"
    );
}

#[test]
fn layout() {
    let word = size_of::<usize>();
    let (tensor, slot) = (2 * word + 64, 3 * word + 8);
    let expected = format!("sizeof trimtab_tensor {tensor}, trimtab_slot {slot}\nok\n");
    assert_eq!(output_of("layout"), expected);
}

#[test]
fn training() {
    let output = output_of("training");
    let losses: Vec<(f64, f64)> = output.lines().filter_map(losses).collect();
    assert_eq!(losses.len(), 4, "{output}");
    for (first, last) in losses {
        assert!(last < first / 100.0, "{output}");
    }
}

/// `name: loss 5.2 to 0.01`
fn losses(line: &str) -> Option<(f64, f64)> {
    let (_, losses) = line.split_once(": loss ")?;
    let (first, last) = losses.split_once(" to ")?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[test]
fn state() {
    assert_eq!(
        output_of("state"),
        "continued after 17 of 40 steps, 256 bytes\ndamaged\nok\n"
    );
}

#[test]
fn refusal() {
    let output = output_of("refusal");
    let messages: Vec<&str> = output
        .lines()
        .filter(|line| line.starts_with("message "))
        .collect();
    assert_eq!(messages.len(), 20, "{output}");
    // A code, and a text that says more than a word.
    let texts: Vec<&str> = messages
        .iter()
        .filter_map(|line| line.split_once(": ").map(|(_, t)| t))
        .collect();
    let distinct: std::collections::BTreeSet<&&str> = texts.iter().collect();
    assert_eq!(distinct.len(), 20, "{output}");
    for text in texts.iter().filter(|text| **text != "ok") {
        assert!(text.split_whitespace().count() > 3, "{text}");
    }
}

#[test]
fn threads() {
    assert_eq!(output_of("threads"), "ok\n");
}

#[cfg(unix)]
#[test]
fn fork() {
    assert_eq!(output_of("fork"), "ok\n");
}

#[cfg(unix)]
#[test]
fn scarce() {
    let expected = match cfg!(target_os = "linux") {
        true => "refused\nok\n",
        false => "memory is not limited\nok\n",
    };
    assert_eq!(output_of("scarce"), expected);
}

/// Each level has loops of its own, and so has the mode that they run in.
#[test]
fn modes() {
    let modes = match () {
        () if cfg!(target_arch = "x86_64") => 4 * 4 * 8,
        () if cfg!(target_arch = "aarch64") => 4 * 16 * 2,
        () => 1,
    };
    let expected = format!("{modes} modes\nok\n");
    assert_eq!(output_of("modes"), expected);
    let program = build("modes", Language::C, Link::Archive, &[]);
    for level in Level::available() {
        assert_eq!(run_at(&program, level.name()), expected, "{}", level.name());
    }
}

/// Every dialect that a client may be written in.
const DIALECTS: [(Language, &str); 7] = [
    (Language::C, "c99"),
    (Language::C, "c11"),
    (Language::C, "c17"),
    (Language::Cxx, "c++11"),
    (Language::Cxx, "c++14"),
    (Language::Cxx, "c++17"),
    (Language::Cxx, "c++20"),
];

/// Alone in a file.
#[test]
fn the_header_compiles_in_every_dialect() {
    for (language, dialect) in DIALECTS {
        compiler::check_header(language, dialect);
    }
}

#[test]
fn the_layout_holds_in_every_dialect() {
    for (language, dialect) in DIALECTS {
        compiler::check_program("layout", language, dialect);
    }
}

/// Reads and writes beyond what the programs own, and undefined behaviour on their side of the border.
#[test]
fn nothing_to_report_under_sanitizers() {
    let flags = [
        "-g",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ];
    if let Err(why) = compiler::try_flags(&flags) {
        // Past the capture of test output, so that it is seen in a run that succeeds.
        let note = format!(
            "\nNOT TESTED: the C compiler has no address and undefined-behaviour sanitizers: {why}\n"
        );
        std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes()).expect("stderr");
        return;
    }
    // Not "fork": the allocator of gcc's address sanitizer takes no lock around fork() before gcc 14, and a child of a
    // process with threads may hang in it.
    for program in [
        "smallest", "training", "state", "refusal", "threads", "modes",
    ] {
        let output = run(&build(program, Language::C, Link::Archive, &flags));
        assert_eq!(output.lines().last(), Some("ok"), "{program}: {output}");
    }
}
