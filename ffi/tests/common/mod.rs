//! The two release libraries, built once in each test process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// Where the libraries that C programs link lie.
pub struct Libraries {
    /// libtrimtab.a
    pub archive: PathBuf,
    /// libtrimtab.so
    pub shared: PathBuf,
}

/// Builds them, or finds them built.
pub fn libraries() -> &'static Libraries {
    static LIBRARIES: OnceLock<Libraries> = OnceLock::new();
    LIBRARIES.get_or_init(build)
}

/// The directory of the repository.
pub fn root() -> &'static Path {
    let ffi = Path::new(env!("CARGO_MANIFEST_DIR"));
    ffi.parent().expect("ffi/ lies in the repository")
}

/// The directory that these tests themselves were built in.
fn target() -> &'static Path {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().expect("tmp/ lies in the target directory")
}

fn build() -> Libraries {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--package", "trimtab-ffi"]);
    command.arg("--message-format=json-render-diagnostics");
    command.arg("--target-dir").arg(target());
    let output = command.current_dir(root()).output().expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the release build fails:\n{errors}"
    );
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let files = files_of_the_library(&messages);
    let one = |suffix: &[&str]| {
        let fits = |file: &&PathBuf| {
            let extension = file.extension().and_then(|e| e.to_str());
            extension.is_some_and(|e| suffix.contains(&e))
        };
        let found = files.iter().find(fits);
        found
            .unwrap_or_else(|| panic!("no {suffix:?} among {files:?}"))
            .clone()
    };
    Libraries {
        archive: one(&["a", "lib"]),
        shared: one(&["so", "dylib", "dll"]),
    }
}

/// What cargo says it has made of the library.
fn files_of_the_library(messages: &str) -> Vec<PathBuf> {
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = artifacts.filter(|message| {
        let kinds = &message["target"]["kind"];
        message["reason"] == "compiler-artifact"
            && message["target"]["name"] == "trimtab"
            && kinds
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "staticlib"))
    });
    ours.filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .collect()
}
