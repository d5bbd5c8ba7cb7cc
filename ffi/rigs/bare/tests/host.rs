//! On this processor: with the C library at every level, and without it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use trimtab_core::Level;

use crate::common;
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_fail, must_succeed};
use crate::common::tools::{GCC, Tool, succeeds};
use crate::program::{self, FREE_STANDING, Report, build, examine};

/// What `ffi/rigs/bare/linux_x86_64.c` is written for.
static LINUX: Tool = Tool::rare(
    "Linux on x86-64",
    "the system calls are those of this system",
    || cfg!(all(target_os = "linux", target_arch = "x86_64")),
);

/// Runs programs as if on another processor.
static QEMU: Tool = Tool::new("qemu-x86_64", "apt install qemu-user", || {
    succeeds("qemu-x86_64", &["--version"])
});

const HOSTED: &[&Tool] = &[&GCC];
const NATIVE: &[&Tool] = &[&LINUX, &GCC];
const EMULATED: &[&Tool] = &[&LINUX, &GCC, &QEMU];

pub fn checks() -> Vec<Check> {
    let check = |name, needs, run| Check { name, needs, run };
    vec![
        check("bare::hosted_at_every_level", HOSTED, at_every_level),
        check("bare::linux_x86_64", NATIVE, linux_x86_64),
        check("bare::linux_on_older_x86_64", EMULATED, older_x86_64),
        check("bare::a_wrong_bit_is_found", NATIVE, wrong_bit),
    ]
}

/// The hash that all programs have to print of all results over the vectors.
pub fn hash_of_the_vectors() -> &'static str {
    &hosted()[0].vectors
}

/// What the program with the C library prints at every level of this processor.
fn hosted() -> &'static [Report] {
    static REPORTS: OnceLock<Vec<Report>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let archive = &common::libraries().archive;
        let flags = ["-lm", "-lpthread", "-ldl", "-Wl,-z,now"];
        let program = build("hosted", "gcc", &flags, &["hosted.c"], archive);
        let at = |level: Level| {
            let mut command = Command::new(&program);
            program::run(command.env("TRIMTAB_LEVEL", level.name()))
        };
        Level::available().map(at).collect()
    })
}

fn at_every_level() {
    let levels: Vec<_> = Level::available().map(Level::name).collect();
    let reported: Vec<_> = hosted().iter().map(|report| &report.level).collect();
    assert_eq!(reported, levels);
    for report in hosted() {
        examine("with a C library", report);
        assert_eq!(report.vectors, hash_of_the_vectors());
    }
}

/// The program with two system calls, in which a reachable panic would have been a missing symbol.
fn without_a_c_library() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let platform = ["memory.c", "linux_x86_64.c"];
        let archive = common::bare_archive();
        build("linux_x86_64", "gcc", &FREE_STANDING, &platform, &archive)
    })
}

fn linux_x86_64() {
    let report = program::run(&mut Command::new(without_a_c_library()));
    examine("Linux on x86-64 without a C library", &report);
    assert_eq!(report.vectors, hash_of_the_vectors());
}

/// It asks the processor itself what there is, and gives the same bits where there is less.
fn older_x86_64() {
    for (processor, level) in [("Nehalem", "sse2"), ("Haswell", "avx2")] {
        let mut command = Command::new("timeout");
        command.args(["900", "qemu-x86_64", "-cpu", processor]);
        let report = program::run(command.arg(without_a_c_library()));
        examine(processor, &report);
        assert_eq!(report.level, level);
        assert_eq!(report.vectors, hash_of_the_vectors());
    }
}

/// The program fails if a line of the table is another: in a copy of it, one digit is.
fn wrong_bit() {
    let mut bytes = std::fs::read(without_a_c_library()).expect("the program");
    let line = b" step f64 f32 2081 adam\n";
    let at = bytes.windows(line.len()).position(|window| window == line);
    let digit = at.expect("a line of the table") - 1;
    bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
    let folder = fresh_folder("bare/wrong_bit");
    let (wrong, copy) = (folder.join("wrong"), folder.join("program"));
    std::fs::write(&wrong, bytes).expect("a scratch file");
    // By another process: what this one writes may still be open in children of other checks, and then does not run.
    must_succeed(
        Command::new("install")
            .args(["-m", "755"])
            .args([&wrong, &copy]),
    );
    let said = must_fail(&mut Command::new(copy));
    assert!(said.contains("wrong: step f64 f32 2081 adam: "), "{said}");
    assert_eq!(said.matches("wrong:").count(), 1, "{said}");
}
