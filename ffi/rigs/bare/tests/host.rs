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
use crate::table;

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

/// The hash that all programs have to print of all that came out.
pub fn hash_of_the_results() -> &'static str {
    &hosted()[0].results
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
        assert_eq!(report.results, hash_of_the_results());
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
    assert_eq!(report.results, hash_of_the_results());
}

/// It asks the processor itself what there is, and gives the same bits where there is less.
fn older_x86_64() {
    for (processor, level) in [("Nehalem", "sse2"), ("Haswell", "avx2")] {
        let mut command = Command::new("timeout");
        command.args(["900", "qemu-x86_64", "-cpu", processor]);
        let report = program::run(command.arg(without_a_c_library()));
        examine(processor, &report);
        assert_eq!(report.level, level);
        assert_eq!(report.results, hash_of_the_results());
    }
}

/// The program fails if a hash of the table is another, and if an element of a vector is: in a copy of it, one bit is.
fn wrong_bit() {
    let program = std::fs::read(without_a_c_library()).expect("the program");
    let line = "step f64 f32 2081 adam";
    let hash = table::lines().into_iter().find(|found| found.name == line);
    let hash = hash.expect("a line of the table").hash.to_le_bytes();
    let at = position(&program, &hash);
    assert_wrong(&program, at, line);
    let case = "clip_value-f32";
    // Behind its name, its length and two types come a step's name, four words, and the first element.
    let sign = position(&program, case.as_bytes()) + 8 * (12 + 1 + 2 + 2 + 4) + 3;
    assert_wrong(&program, sign, case);
}

fn position(program: &[u8], bytes: &[u8]) -> usize {
    let found = program
        .windows(bytes.len())
        .position(|window| window == bytes);
    found.expect("it is in the program")
}

fn assert_wrong(program: &[u8], at: usize, part: &str) {
    let mut bytes = program.to_vec();
    bytes[at] ^= 0x80;
    let folder = fresh_folder(&format!("bare/wrong_bit_{at}"));
    let (wrong, copy) = (folder.join("wrong"), folder.join("program"));
    std::fs::write(&wrong, bytes).expect("a scratch file");
    // By another process: what this one writes may still be open in children of other checks, and then does not run.
    must_succeed(
        Command::new("install")
            .args(["-m", "755"])
            .args([&wrong, &copy]),
    );
    let said = must_fail(&mut Command::new(copy));
    assert!(said.contains(&format!("wrong: {part}")), "{said}");
    assert_eq!(said.matches("wrong:").count(), 1, "{said}");
}
