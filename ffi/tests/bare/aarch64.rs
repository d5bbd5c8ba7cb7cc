//! 64-bit Arm Linux, run by QEMU: the program of `ffi/bare`, the tests of the core and the C programs, with NEON and
//! with plain Rust.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::check::Check;
use crate::command::{fresh_folder, must_succeed, said};
use crate::common::root;
use crate::distribution::{Folder, RUST_AARCH64, bare_archive, cargo, std_archive};
use crate::host::hash_of_the_vectors;
use crate::program::{self, FREE_STANDING, build, examine};
use crate::tools::{GCC, Tool, succeeds};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const COMPILER: &str = "aarch64-linux-gnu-gcc";

/// Both that there are on this processor.
const LEVELS: [&str; 2] = ["neon", "scalar"];

static CROSS_GCC: Tool = Tool::new(
    "gcc for 64-bit Arm",
    "apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    || succeeds(COMPILER, &["--version"]) && Path::new(LIBRARIES).exists(),
);

static QEMU: Tool = Tool::new("qemu-aarch64", "apt install qemu-user", || {
    succeeds("qemu-aarch64", &["--version"])
});

/// Where the C library for it lies.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

const NEEDS: &[&Tool] = &[&GCC, &RUST_AARCH64, &CROSS_GCC, &QEMU];

pub fn checks() -> Vec<Check> {
    let check = |name, run| Check {
        name,
        needs: NEEDS,
        run,
    };
    vec![
        check("bare::linux_aarch64", free_standing),
        check("aarch64::with_a_c_library", with_a_c_library),
        check("aarch64::c_programs", c_programs),
        check("aarch64::tests_of_the_core", tests_of_the_core),
    ]
}

/// The emulator, which does not wait for ever.
fn emulated(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["900", "qemu-aarch64", "-L", LIBRARIES])
        .arg(program);
    command
}

fn free_standing() {
    let archive = bare_archive(TARGET, &[]);
    let platform = ["memory.c", "linux_aarch64.c"];
    let program = build(
        "linux_aarch64",
        COMPILER,
        &FREE_STANDING,
        &platform,
        &archive,
    );
    let report = program::run(&mut emulated(&program));
    examine("Linux on 64-bit Arm without a C library", &report);
    assert_eq!(report.level, "neon");
    assert_eq!(report.vectors, hash_of_the_vectors());
}

fn with_a_c_library() {
    let flags = ["-static", "-lm", "-lpthread", "-ldl"];
    let program = build(
        "hosted_aarch64",
        COMPILER,
        &flags,
        &["hosted.c"],
        &std_archive(TARGET),
    );
    for level in LEVELS {
        let report = program::run(emulated(&program).env("TRIMTAB_LEVEL", level));
        examine("Linux on 64-bit Arm with a C library", &report);
        assert_eq!(report.level, level);
        assert_eq!(report.vectors, hash_of_the_vectors());
    }
}

/// Every C program of the tests with a main function, and the examples. They fail by their exit code.
fn c_programs() {
    let archive = std_archive(TARGET);
    let folder = fresh_folder("bare/c_programs_aarch64");
    let programs = ["tests/c", "c"].map(|folder| sources(&root().join("ffi").join(folder)));
    let programs = programs.concat();
    assert!(programs.len() >= 6, "{programs:?}");
    for source in programs {
        let executable = folder.join(source.file_stem().expect("a name"));
        let mut compile = Command::new(COMPILER);
        compile.args(["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-static"]);
        compile.arg("-I").arg(root().join("include")).arg(&source);
        compile.arg(&archive).args(["-lm", "-lpthread", "-ldl"]);
        must_succeed(compile.arg("-o").arg(&executable));
        let says = |level| {
            let mut run = emulated(&executable);
            said(&must_succeed(run.env("TRIMTAB_LEVEL", level)))
        };
        let [neon, scalar] = LEVELS.map(says);
        assert_eq!(neon, scalar, "{source:?}");
    }
}

/// C files with a main function.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_program = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "c")
            && std::fs::read_to_string(path)
                .expect("a source")
                .contains("\nint main(")
    };
    paths.filter(is_program).collect()
}

/// The tests of the core that need no threads, one after the other, at both levels. The table of hashes goes through
/// both levels by itself.
fn tests_of_the_core() {
    for level in LEVELS {
        let mut test = cargo(
            Folder::Std,
            &["test", "--package", "trimtab", "--tests"],
            TARGET,
        );
        test.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", COMPILER);
        let runner = format!("timeout 600 qemu-aarch64 -L {LIBRARIES}");
        test.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner);
        test.env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        test.env("RUST_TEST_THREADS", "1")
            .env("TRIMTAB_LEVEL", level);
        must_succeed(&mut test);
    }
}
