//! The program of `ffi/rigs/bare`: how it is built, and what it has to say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::abi::abi;
use crate::common::command::{fresh_folder, must_succeed, said};
use crate::common::root;
use crate::{calls, script};

/// What goes into every program, whatever it runs on.
const PARTS: [&str; 6] = [
    "calls.c", "data.c", "embed.c", "report.c", "script.c", "stack.c",
];

/// What a program without a C library needs in addition.
pub const FREE_STANDING: [&str; 6] = [
    "-ffreestanding",
    "-fno-stack-protector",
    "-nostdlib",
    "-static",
    "-Wl,--gc-sections",
    "-Wl,-z,noexecstack",
];

/// Compiles the program and links it with this archive. `platform` are files of `ffi/rigs/bare`.
pub fn build(
    name: &str,
    compiler: &str,
    flags: &[&str],
    platform: &[&str],
    archive: &Path,
) -> PathBuf {
    let folder = fresh_folder(&format!("bare/{name}"));
    fs::write(folder.join("script.bin"), script::bytes()).expect("a scratch file");
    fs::write(folder.join("calls.inc"), calls::calls()).expect("a scratch file");
    let bare = root().join("ffi/rigs/bare");
    let executable = folder.join("program");
    let mut command = Command::new(compiler);
    let strict = "-std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Werror -ffunction-sections";
    command.args(strict.split(' '));
    for folder in [&root().join("include"), &folder] {
        command.arg("-I").arg(folder);
    }
    command.arg(format!("-Wa,-I{}", folder.display()));
    command.args(PARTS.iter().chain(platform).map(|part| bare.join(part)));
    command.arg(archive).args(flags);
    must_succeed(command.arg("-o").arg(&executable));
    executable
}

/// What it printed, read.
#[derive(Debug)]
pub struct Report {
    /// The instruction set that it says is in use.
    pub level: String,
    /// Bytes of stack under each function, and its name.
    pub stack: Vec<(usize, String)>,
    /// The hash of all that came out.
    pub results: String,
}

/// Runs it. It has to do everything there is, and to succeed.
pub fn run(command: &mut Command) -> Report {
    let said = said(&must_succeed(command));
    let after = |start: &str| said.lines().find_map(|line| line.strip_prefix(start));
    let mut functions: Vec<_> = abi().functions.iter().map(|f| f.name.clone()).collect();
    functions.sort();
    let (count, parts) = (functions.len(), script::parts().len());
    let done = format!("ok: {count} functions, {parts} parts of the script");
    // Not the last line of all: an emulator has its own things to say on standard error.
    assert!(
        said.lines().any(|line| line == done),
        "no {done:?} in\n{said}"
    );
    let stack: Vec<_> = said.lines().filter_map(stack_of).collect();
    let mut measured: Vec<_> = stack.iter().map(|(_, name)| name.clone()).collect();
    measured.sort();
    assert_eq!(measured, functions, "each function of the header once");
    let version = format!("trimtab {}, level ", env!("CARGO_PKG_VERSION"));
    Report {
        level: after(&version).expect("a level").to_string(),
        stack,
        results: after("all results hash to ").expect("a hash").to_string(),
    }
}

fn stack_of(line: &str) -> Option<(usize, String)> {
    let (bytes, name) = line.strip_prefix("stack: ")?.split_once(' ')?;
    Some((bytes.parse().ok()?, name.to_string()))
}

/// Promised for every function on every system.
const MOST_STACK: usize = 8 * 1024;

/// What has to hold wherever it runs; the stacks go to standard error, where they are seen in a run that succeeds.
pub fn examine(system: &str, report: &Report) {
    for (bytes, name) in &report.stack {
        assert!(*bytes < MOST_STACK, "{name} needs {bytes} bytes of stack");
    }
    let mut stack = report.stack.clone();
    stack.sort();
    let [.., (second, second_name), (first, first_name)] = &stack[..] else {
        panic!("a stack for each function");
    };
    eprintln!(
        "{system}, level {}: at most {first} bytes of stack in {first_name}, {second} in {second_name}",
        report.level
    );
}
