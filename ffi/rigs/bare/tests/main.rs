//! The library with nothing underneath: the program of `ffi/rigs/bare`, which recomputes the table of hashes, runs the
//! vectors and measures stacks, without an operating system, without a C library, and with both to compare with.
//!
//! | file | holds |
//! |---|---|
//! | `abi.rs`, `methods.rs` | the header as data, and methods as it wants them |
//! | `calls.rs` | a call of every function, as C |
//! | `script.rs` | what the program plays, made of `stacks.rs`, `table.rs` and `vectors.rs` |
//! | `program.rs` | how the program is built, and what it has to say |
//! | `host.rs`, `aarch64.rs`, `cortex_m.rs`, `soft_float.rs` | the platforms |
//! | `distribution.rs` | the compiler that knows the others |
//! | `firmware.rs` | the README's program |
//!
//! A check whose tools are missing is shown as ignored, and named at the end together with what brings the tool. Where
//! `CI` is set it fails instead.

#[allow(dead_code)] // Each test crate uses its own part.
#[path = "../../../tests/common/mod.rs"]
mod common;

mod aarch64;
mod abi;
mod calls;
mod cortex_m;
mod distribution;
mod firmware;
mod host;
mod methods;
mod program;
mod script;
mod soft_float;
mod stacks;
mod table;
mod vectors;

use std::process::ExitCode;

use common::check::Check;
use common::tools::Tool;

fn main() -> ExitCode {
    let checks = [
        host::checks(),
        cortex_m::checks(),
        aarch64::checks(),
        soft_float::checks(),
    ];
    common::check::run(checks.into_iter().flatten().collect())
}

/// Checks that need the same tools.
fn checks(needs: &'static [&'static Tool], all: &[(&'static str, fn())]) -> Vec<Check> {
    let check = |&(name, run)| Check { name, needs, run };
    all.iter().map(check).collect()
}
