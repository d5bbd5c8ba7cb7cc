//! Running commands, with everything they said where they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs it; it has to succeed.
pub fn must_succeed(command: &mut Command) -> Output {
    let output = output_of(command);
    assert!(
        output.status.success(),
        "{command:?} ends with {}:\n{}",
        output.status,
        said(&output)
    );
    output
}

/// Runs it; it has to start and to fail. What it said.
pub fn must_fail(command: &mut Command) -> String {
    let output = output_of(command);
    let said = said(&output);
    assert!(
        !output.status.success(),
        "{command:?} succeeds, saying\n{said}"
    );
    said
}

/// Runs it without input and without cargo's own search path for libraries, which would come before the command's.
pub fn output_of(command: &mut Command) -> Output {
    command.env_remove("LD_LIBRARY_PATH");
    command.stdin(std::process::Stdio::null());
    let output = command.output();
    output.unwrap_or_else(|why| panic!("{command:?} cannot be started: {why}"))
}

/// Standard output and error, one after the other.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// What it printed on standard output.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// An empty folder of this check's own in the target directory.
pub fn fresh_folder(name: &str) -> PathBuf {
    let folder = scratch(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the folder of the last run can be removed");
    }
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

/// A path in the target directory where checks keep their files.
pub fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("clients")
        .join(name)
}
