//! A Cortex-M4F without an operating system, run by QEMU.

use std::path::Path;
use std::process::Command;

use crate::common::check::Check;
use crate::common::root;
use crate::common::tools::{GCC, Tool, succeeds};
use crate::distribution::{BUILD_CORE, RUST_SOURCES, bare_archive};
use crate::firmware;
use crate::host::hash_of_the_results;
use crate::program::{self, FREE_STANDING, build, examine};

const TARGET: &str = "thumbv7em-none-eabihf";
const COMPILER: &str = "arm-none-eabi-gcc";

static ARM_GCC: Tool = Tool::new(
    "gcc for Arm without an operating system",
    "apt install gcc-arm-none-eabi",
    || succeeds(COMPILER, &["--version"]),
);

static QEMU: Tool = Tool::new("qemu-system-arm", "apt install qemu-system-arm", || {
    succeeds("qemu-system-arm", &["--version"])
});

const NEEDS: &[&Tool] = &[&GCC, &RUST_SOURCES, &ARM_GCC, &QEMU];

pub fn checks() -> Vec<Check> {
    let all: [(_, fn()); 2] = [
        ("bare::cortex_m4f", cortex_m4f),
        (
            "bare::firmware_of_the_readme",
            firmware::runs_as_the_page_says,
        ),
    ];
    crate::checks(NEEDS, &all)
}

/// The board, which ends with the exit code of the program.
fn board(kernel: &Path) -> Command {
    let mut command = Command::new("timeout");
    let arguments = "900 qemu-system-arm -machine mps2-an386 -display none -semihosting-config enable=on,target=native";
    command
        .args(arguments.split(' '))
        .arg("-kernel")
        .arg(kernel);
    command
}

fn cortex_m4f() {
    let script = root()
        .join("ffi/rigs/bare/cortex_m.ld")
        .display()
        .to_string();
    let processor = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -T";
    let processor: Vec<_> = processor.split(' ').chain([&script[..]]).collect();
    let flags = [&FREE_STANDING[..], &processor].concat();
    let archive = bare_archive(TARGET, &[BUILD_CORE]);
    let program = build("cortex_m", COMPILER, &flags, &["cortex_m.c"], &archive);
    let report = program::run(&mut board(&program));
    examine("Cortex-M4F", &report);
    assert_eq!(report.level, "scalar");
    assert_eq!(report.results, hash_of_the_results());
}
