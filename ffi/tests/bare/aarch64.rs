//! 64-bit Arm Linux without a C library, run by QEMU.

use std::path::Path;
use std::process::Command;

use crate::check::Check;
use crate::distribution::{RUST_AARCH64, bare_archive};
use crate::host::hash_of_the_vectors;
use crate::program::{self, FREE_STANDING, build, examine};
use crate::tools::{GCC, Tool, succeeds};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const COMPILER: &str = "aarch64-linux-gnu-gcc";

static CROSS_GCC: Tool = Tool::new(
    "gcc for 64-bit Arm",
    "apt install gcc-aarch64-linux-gnu",
    || succeeds(COMPILER, &["--version"]),
);

static QEMU: Tool = Tool::new("qemu-aarch64", "apt install qemu-user", || {
    succeeds("qemu-aarch64", &["--version"])
});

const NEEDS: &[&Tool] = &[&GCC, &RUST_AARCH64, &CROSS_GCC, &QEMU];

pub fn checks() -> Vec<Check> {
    let check = |name, run| Check {
        name,
        needs: NEEDS,
        run,
    };
    vec![check("bare::linux_aarch64", free_standing)]
}

/// The emulator, which does not wait for ever.
fn emulated(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["900", "qemu-aarch64"]).arg(program);
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
