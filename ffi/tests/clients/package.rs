//! trimtab as a C or C++ programmer has it: installed by CMake.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::command::{must_succeed, scratch};
use crate::common::root;

/// The prefix below which a release build is installed; done once for all checks.
pub fn installed() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(install)
}

/// Where cargo builds for every CMake project of these checks, so that it builds once for each profile.
pub fn cargo_target_dir() -> PathBuf {
    scratch("cargo")
}

fn install() -> PathBuf {
    let (build, prefix) = (scratch("build-Release"), scratch("prefix-Release"));
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(root().join("ffi"));
    configure.arg("-B").arg(&build);
    configure.arg("-DCMAKE_BUILD_TYPE=Release");
    configure.arg(definition("TRIMTAB_CARGO_TARGET_DIR", &cargo_target_dir()));
    must_succeed(&mut configure);
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    let mut install = Command::new("cmake");
    install.arg("--install").arg(&build);
    must_succeed(install.arg("--prefix").arg(&prefix));
    prefix
}

/// `-Dname=path`
pub fn definition(name: &str, path: &Path) -> String {
    format!("-D{name}={}", path.display())
}
