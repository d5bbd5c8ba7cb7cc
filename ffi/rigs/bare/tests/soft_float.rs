//! Processors without the instructions that their architecture is known for: what computes in software gets the plain
//! loops, and x87 is refused. Compiled only.

use crate::common::check::Check;
use crate::common::command::must_fail;
use crate::common::tools::Tool;
use crate::distribution::{BUILD_CORE, Build, RUST_SOURCES, bare_archive, cargo};

const NEEDS: &[&Tool] = &[&RUST_SOURCES];

pub fn checks() -> Vec<Check> {
    let all: [(_, fn()); 2] = [("bare::soft_float", plain_loops), ("bare::x87", x87)];
    crate::checks(NEEDS, &all)
}

/// There vectors do not compile.
fn plain_loops() {
    for target in ["x86_64-unknown-none", "aarch64-unknown-none-softfloat"] {
        bare_archive(target, &[BUILD_CORE]);
    }
}

fn x87() {
    let arguments = ["check", "--package", "trimtab", "--no-default-features"];
    let mut command = cargo(Build::Bare, &arguments, "i586-unknown-linux-gnu");
    command.arg(BUILD_CORE).env("RUSTC_BOOTSTRAP", "1"); // It is not stable yet.
    let said = must_fail(&mut command);
    assert!(said.contains("trimtab needs SSE2 on 32-bit x86"), "{said}");
}
