//! 64-bit Arm Linux, run by QEMU: the program of `ffi/rigs/bare` without a C library and with it, the C programs of the tests,
//! and the Rust tests of the core and of the C ABI, with NEON and with plain Rust.
//!
//! The emulator gets no `-L`: Debian's standard library for Rust brings a C library for 64-bit Arm with it, which lies
//! where programs look for it. The one for cross compilation is another; between the two, a program that starts a thread
//! hangs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, printed};
use crate::common::root;
use crate::common::tools::{GCC, Tool, succeeds};
use crate::distribution::{Build, RUST_AARCH64, bare_archive, cargo, std_archive};
use crate::host::hash_of_the_results;
use crate::program::{self, FREE_STANDING, Report, build, examine};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const COMPILER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";

/// Both that there are on this processor.
const LEVELS: [&str; 2] = ["neon", "scalar"];

static CROSS_GCC: Tool = Tool::new(
    "gcc for 64-bit Arm, with its C library",
    "apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    || {
        let links = ["-xc", "/dev/null", "-shared", "-lc", "-o/dev/null"];
        succeeds(COMPILER, &links)
    },
);

static QEMU: Tool = Tool::new(EMULATOR, "apt install qemu-user", || {
    succeeds(EMULATOR, &["--version"])
});

const NEEDS: &[&Tool] = &[&GCC, &RUST_AARCH64, &CROSS_GCC, &QEMU];

pub fn checks() -> Vec<Check> {
    let all: [(_, fn()); 5] = [
        ("bare::linux_aarch64", free_standing),
        ("aarch64::with_a_c_library", with_a_c_library),
        ("aarch64::c_programs", c_programs),
        ("aarch64::tests_of_the_core", tests_of_the_core),
        ("aarch64::tests_of_the_c_abi", tests_of_the_c_abi),
    ];
    crate::checks(NEEDS, &all)
}

/// The emulator, which does not wait for ever.
fn emulated(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["900", EMULATOR]).arg(program);
    command
}

fn free_standing() {
    let archive = bare_archive(TARGET, &[]);
    let platform = ["memory.c", "linux_aarch64.c"];
    let (name, flags) = ("linux_aarch64", FREE_STANDING);
    let program = build(name, COMPILER, &flags, &platform, &archive);
    let report = program::run(&mut emulated(&program));
    examine_at("neon", "without a C library", &report);
}

fn with_a_c_library() {
    let flags = ["-lm", "-lpthread", "-ldl", "-Wl,-z,now"];
    let archive = std_archive(TARGET);
    let program = build("hosted_aarch64", COMPILER, &flags, &["hosted.c"], &archive);
    for level in LEVELS {
        let report = program::run(emulated(&program).env("TRIMTAB_LEVEL", level));
        examine_at(level, "with a C library", &report);
    }
}

fn examine_at(level: &str, with: &str, report: &Report) {
    examine(&format!("Linux on 64-bit Arm {with}"), report);
    assert_eq!(report.level, level);
    assert_eq!(report.results, hash_of_the_results());
}

/// Every C program of the tests but fork.c: where a child of fork() makes threads, the emulator fails by assertions of its
/// own, whatever the program does. They fail by their exit code, and say the same at both levels. The example in `ffi/clients/c`
/// trains for minutes here.
fn c_programs() {
    let archive = std_archive(TARGET);
    let folder = fresh_folder("bare/c_programs_aarch64");
    let mut programs = sources(&root().join("ffi/tests/c"));
    programs.retain(|source| !source.ends_with("fork.c"));
    assert!(programs.len() >= 7, "{programs:?}");
    for source in programs {
        let executable = folder.join(source.file_stem().expect("a name"));
        compile(&source, &archive, &executable);
        let [neon, scalar] = LEVELS.map(|level| {
            let mut program = emulated(&executable);
            printed(&must_succeed(program.env("TRIMTAB_LEVEL", level)))
        });
        assert_eq!(neon, scalar, "{executable:?}");
    }
}

fn compile(source: &Path, archive: &Path, executable: &Path) {
    let mut command = Command::new(COMPILER);
    let strict = "-std=c99 -O2 -Wall -Wextra -Wpedantic -Wconversion -Werror";
    command.args(strict.split(' '));
    command.arg("-I").arg(root().join("include"));
    command.arg(source).arg(archive);
    command.args(["-lm", "-lpthread", "-ldl"]);
    must_succeed(command.arg("-o").arg(executable));
}

/// C files with a main function, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_program = |path: &PathBuf| {
        path.extension().is_some_and(|suffix| suffix == "c")
            && std::fs::read_to_string(path)
                .expect("a source")
                .contains("\nint main(")
    };
    let mut programs: Vec<_> = paths.filter(is_program).collect();
    programs.sort();
    programs
}

/// All of them, threads included. The table of hashes goes through both levels by itself.
fn tests_of_the_core() {
    run_tests("--package trimtab --features rayon --tests");
}

/// Those that call the C ABI from Rust, hostile programs included. The others build for this machine and look at that.
fn tests_of_the_c_abi() {
    run_tests(
        "--package trimtab-ffi --no-default-features --features rayon --lib --test memory --test soak",
    );
}

/// Runs tests at both levels, optimised, and with overflows and assertions checked as in a debug build.
fn run_tests(which: &str) {
    for level in LEVELS {
        let mut command = cargo(
            Build::Tests,
            &["test"]
                .into_iter()
                .chain(which.split(' '))
                .collect::<Vec<_>>(),
            TARGET,
        );
        command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", COMPILER);
        let runner = format!("timeout 900 {EMULATOR}");
        command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner);
        command.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
        command.env("TRIMTAB_TEST_EMULATOR", EMULATOR);
        must_succeed(command.env("TRIMTAB_LEVEL", level));
    }
}
