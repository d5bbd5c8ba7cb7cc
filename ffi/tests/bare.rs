//! The library with nothing underneath: the program of `ffi/bare`, which recomputes the table of hashes, runs the
//! vectors and measures stacks, without an operating system, without a C library, and with both to compare with.
//!
//! A check whose tools are missing is shown as ignored, and named at the end together with what brings the tool. Where
//! `CI` is set it fails instead.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;

#[path = "bare/aarch64.rs"]
mod aarch64;
#[path = "clients/blocks.rs"]
#[allow(dead_code)]
mod blocks;
#[path = "clients/check.rs"]
mod check;
#[path = "clients/command.rs"]
#[allow(dead_code)]
mod command;
#[path = "bare/cortex_m.rs"]
mod cortex_m;
#[path = "bare/distribution.rs"]
mod distribution;
#[path = "bare/firmware.rs"]
mod firmware;
#[path = "bare/host.rs"]
mod host;
#[path = "header/parse.rs"]
#[allow(dead_code)]
mod parse;
#[path = "bare/program.rs"]
mod program;
#[path = "bare/soft_float.rs"]
mod soft_float;
#[path = "clients/tools.rs"]
#[allow(dead_code)]
mod tools;
#[path = "bare/vectors.rs"]
mod vectors;

use std::process::ExitCode;

fn main() -> ExitCode {
    let checks = [
        host::checks(),
        cortex_m::checks(),
        aarch64::checks(),
        soft_float::checks(),
    ];
    check::run(checks.into_iter().flatten().collect())
}
