//! The release libraries, built once in each test process, and what the tests of several languages share.
//!
//! | file | holds |
//! |---|---|
//! | [`blocks`] | the blocks of code on a page, so that a page's commands are run as they stand |
//! | [`check`] | checks that need tools, shown as ignored where these are missing |
//! | [`command`] | running programs |
//! | [`json`] | reading JSON |
//! | [`tools`] | which tools are there, and what brings them |

pub mod blocks;
pub mod check;
pub mod command;
pub mod json;
pub mod tools;

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

/// libtrimtab.a for machines without an operating system, in which a reachable panic is a missing symbol.
pub fn bare_archive() -> PathBuf {
    let mut command = cargo_build(&target().join("bare"));
    command.args(["--no-default-features", "--features", "no-panic"]);
    command.env("CARGO_PROFILE_RELEASE_PANIC", "abort");
    find(&["a", "lib"], &built_by(&mut command))
}

fn build() -> Libraries {
    let files = built_by(&mut cargo_build(target()));
    Libraries {
        archive: find(&["a", "lib"], &files),
        shared: find(&["so", "dylib", "dll"], &files),
    }
}

/// The command that builds the library into this directory.
fn cargo_build(directory: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--package", "trimtab-ffi"]);
    command.arg("--message-format=json-render-diagnostics");
    command.arg("--target-dir").arg(directory);
    command.current_dir(root());
    command
}

/// What it has made of the library.
fn built_by(command: &mut Command) -> Vec<PathBuf> {
    let output = command.output().expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the release build fails:\n{errors}"
    );
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    files_of_the_library(&messages)
}

/// The file with one of these suffixes.
pub fn find(suffixes: &[&str], files: &[PathBuf]) -> PathBuf {
    let fits = |file: &&PathBuf| {
        let extension = file.extension().and_then(|e| e.to_str());
        extension.is_some_and(|e| suffixes.contains(&e))
    };
    let found = files.iter().find(fits);
    found
        .unwrap_or_else(|| panic!("no {suffixes:?} among {files:?}"))
        .clone()
}

/// What cargo says it has made of the library.
pub fn files_of_the_library(messages: &str) -> Vec<PathBuf> {
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
