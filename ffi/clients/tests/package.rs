//! trimtab as a C or C++ programmer has it: installed by CMake.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::command::{fresh_folder, must_succeed, printed, scratch};
use crate::common::root;

/// The prefix below which a release build is installed; done once for all checks.
pub fn installed() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(install_release)
}

/// Where cargo builds for every CMake project of these checks, so that it builds once for each profile.
pub fn cargo_target_dir() -> PathBuf {
    scratch("cargo")
}

/// Lets a CMake project that contains trimtab's share this folder.
pub fn share_cargo(configure: &mut Command) -> &mut Command {
    configure.arg(definition("TRIMTAB_CARGO_TARGET_DIR", &cargo_target_dir()))
}

/// The command that configures trimtab's own project.
pub fn configure(build: &Path) -> Command {
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(root().join("ffi"));
    configure.arg("-B").arg(build);
    share_cargo(&mut configure);
    configure
}

/// The command that installs what was built there.
pub fn install(build: &Path, prefix: &Path) -> Command {
    let mut install = Command::new("cmake");
    install.arg("--install").arg(build);
    install.arg("--prefix").arg(prefix);
    install
}

fn install_release() -> PathBuf {
    let (build, prefix) = (scratch("build-Release"), fresh_folder("prefix-Release"));
    must_succeed(configure(&build).arg("-DCMAKE_BUILD_TYPE=Release"));
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    must_succeed(&mut install(&build, &prefix));
    prefix
}

/// What a shell prints when it is given these lines in this folder, with trimtab installed; all of them have to succeed.
pub fn typed(lines: &str, folder: &Path) -> String {
    let libraries = installed().join("lib");
    let mut shell = Command::new("sh");
    // Not the environment of `shell`: must_succeed keeps cargo's LD_LIBRARY_PATH away from everybody.
    let libraries = format!("export LD_LIBRARY_PATH='{}'\n", libraries.display());
    shell
        .args(["-e", "-c", &(libraries + lines)])
        .current_dir(folder);
    shell.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig"));
    shell.env("PREFIX", folder.join("prefix"));
    printed(&must_succeed(&mut shell))
}

/// `-Dname=path`
pub fn definition(name: &str, path: &Path) -> String {
    format!("-D{name}={}", path.display())
}
