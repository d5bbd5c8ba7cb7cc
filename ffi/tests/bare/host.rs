//! On this processor: with the C library at every level, and without it.

use std::process::Command;
use std::sync::OnceLock;

use trimtab_core::Level;

use crate::check::Check;
use crate::common;
use crate::program::{self, FREE_STANDING, Report, build, examine};
use crate::tools::GCC;

pub fn checks() -> Vec<Check> {
    vec![
        Check {
            name: "bare::hosted_at_every_level",
            needs: &[&GCC],
            run: at_every_level,
        },
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Check {
            name: "bare::linux_x86_64",
            needs: &[&GCC],
            run: linux_x86_64,
        },
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Check {
            name: "bare::a_wrong_bit_is_found",
            needs: &[&GCC],
            run: wrong_bit,
        },
    ]
}

/// The hash that all programs have to print of all results over the vectors.
pub fn hash_of_the_vectors() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let reports = hosted();
        for report in &reports {
            assert_eq!(report.vectors, reports[0].vectors, "level {}", report.level);
        }
        reports[0].vectors.clone()
    })
}

/// At every level of this processor, with the C library.
fn hosted() -> Vec<Report> {
    let archive = &common::libraries().archive;
    let flags = ["-lm", "-lpthread", "-ldl", "-Wl,-z,now"];
    let program = build("hosted", "gcc", &flags, &["hosted.c"], archive);
    let at = |level: Level| {
        let mut command = Command::new(&program);
        let report = program::run(command.env("TRIMTAB_LEVEL", level.name()));
        assert_eq!(report.level, level.name());
        report
    };
    Level::available().map(at).collect()
}

fn at_every_level() {
    for report in hosted() {
        examine("with a C library", &report);
    }
    assert!(!hash_of_the_vectors().is_empty());
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn linux_x86_64() {
    let platform = ["memory.c", "linux_x86_64.c"];
    let archive = common::bare_archive();
    let program = build("linux_x86_64", "gcc", &FREE_STANDING, &platform, &archive);
    let report = program::run(&mut Command::new(program));
    examine("Linux on x86-64 without a C library", &report);
    assert_eq!(report.vectors, hash_of_the_vectors());
}

/// The program fails if a line of the table is another: in a copy of it, one digit is.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn wrong_bit() {
    let platform = ["memory.c", "linux_x86_64.c"];
    let archive = common::bare_archive();
    let program = build("wrong_bit", "gcc", &FREE_STANDING, &platform, &archive);
    let mut bytes = std::fs::read(&program).expect("the program");
    let line = b" step f64 f32 2081 adam\n";
    let at = bytes.windows(line.len()).position(|window| window == line);
    let digit = at.expect("a line of the table") - 1;
    bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
    std::fs::write(&program, bytes).expect("the program can be written");
    let said = crate::command::must_fail(&mut Command::new(program));
    assert!(said.contains("wrong: step f64 f32 2081 adam: "), "{said}");
    assert_eq!(said.matches("wrong:").count(), 1, "{said}");
}
