//! Rust as Debian packages it, which brings the sources of core and a standard library for 64-bit Arm.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::command::must_succeed;
use crate::common::tools::{Tool, succeeds};
use crate::common::{files_of_the_library, find, root};

const RUSTC: &str = "/usr/bin/rustc";
/// Builds core from its sources, for a target that has no compiled one.
pub const BUILD_CORE: &str = "-Zbuild-std=core";

const CARGO: &str = "/usr/bin/cargo";

/// Compiler and cargo, with the sources of core.
pub static RUST_SOURCES: Tool = Tool::new(
    "Debian's Rust with its sources",
    "apt install rustc-web cargo-web rust-web-src",
    || succeeds(CARGO, &["--version"]) && has("lib/rustlib/src/rust/library/core/Cargo.toml"),
);

/// Compiler and cargo, with the standard library for 64-bit Arm.
pub static RUST_AARCH64: Tool = Tool::new(
    "Debian's Rust for 64-bit Arm",
    "dpkg --add-architecture arm64 && apt update && apt install rustc-web cargo-web libstd-rust-web-dev:arm64",
    || succeeds(CARGO, &["--version"]) && has("lib/rustlib/aarch64-unknown-linux-gnu/lib"),
);

/// Whether the compiler has this below its prefix.
fn has(path: &str) -> bool {
    let output = Command::new(RUSTC).args(["--print", "sysroot"]).output();
    output.is_ok_and(|output| {
        let prefix = String::from_utf8_lossy(&output.stdout).trim().to_string();
        Path::new(&prefix).join(path).exists()
    })
}

/// What is built, each into a folder of its own: files of the same name would overwrite each other.
#[derive(Clone, Copy)]
pub enum Build {
    /// The library without `std`.
    Bare,
    /// The library with `std`.
    Std,
    /// Tests.
    Tests,
}

/// Its cargo with these arguments.
pub fn cargo(build: Build, arguments: &[&str], target: &str) -> Command {
    let mut command = Command::new(CARGO);
    command.args(arguments).args(["--release", "--locked"]);
    command
        .args(["--target", target])
        .arg("--target-dir")
        .arg(target_dir(build));
    command.env("RUSTC", RUSTC).current_dir(root());
    // The toolchain that runs this test is another one.
    for variable in ["RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "RUSTFLAGS", "CARGO"] {
        command.env_remove(variable);
    }
    command
}

/// The target directory of cargo for this.
pub fn target_dir(build: Build) -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = tmp.parent().expect("tmp/ lies in the target directory");
    target.join(match build {
        Build::Bare => "distribution-bare",
        Build::Std => "distribution-std",
        Build::Tests => "distribution-tests",
    })
}

/// libtrimtab.a without `std`, in which a reachable panic is a missing symbol.
pub fn bare_archive(target: &str, sources: &[&str]) -> PathBuf {
    let arguments = [&["--features", "no-panic"], sources].concat();
    archive(Build::Bare, target, &arguments)
}

/// libtrimtab.a with `std` and threads.
pub fn std_archive(target: &str) -> PathBuf {
    archive(Build::Std, target, &["--features", "rayon"])
}

fn archive(build: Build, target: &str, arguments: &[&str]) -> PathBuf {
    let library = "rustc --package trimtab-ffi --crate-type staticlib --no-default-features";
    let library: Vec<_> = library.split(' ').collect();
    let mut command = cargo(build, &[&library, arguments].concat(), target);
    command.arg("--message-format=json-render-diagnostics");
    command.env("CARGO_PROFILE_RELEASE_PANIC", "abort");
    if arguments.contains(&BUILD_CORE) {
        command.env("RUSTC_BOOTSTRAP", "1"); // It is not stable yet.
    }
    let output = must_succeed(&mut command);
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    find(&["a"], &files_of_the_library(&messages))
}
