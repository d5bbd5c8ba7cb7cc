//! The C program of the README, compiled and run as the README says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What lies between "```c" and "```" in the README; there is one such block.
fn program(readme: &str) -> &str {
    let (_, rest) = readme
        .split_once("```c\n")
        .expect("a C program in the README");
    let (program, rest) = rest.split_once("```").expect("the program ends");
    assert!(!rest.contains("```c\n"), "only one C program is tested");
    program
}

/// The command that the README gives for it: the line that begins with "cc".
fn command(readme: &str) -> &str {
    let line = readme
        .lines()
        .find(|line| line.trim_start().starts_with("cc "));
    line.expect("a line that begins with cc in the README")
        .trim()
}

#[test]
fn the_c_program_of_the_readme_compiles_and_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the repository");
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(&folder).expect("a folder to compile in");
    fs::write(folder.join("step.c"), program(&readme)).expect("the program is written");

    let build = ["build", "--release", "-p", "trimtab-ffi", "--target-dir"];
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = tmp.parent().expect("the folder that cargo builds in");
    let built = Command::new(env!("CARGO"))
        .args(build)
        .arg(target)
        .current_dir(root)
        .status();
    assert!(built.expect("cargo runs").success(), "the library builds");

    let include = root.join("include");
    let command = command(&readme)
        .replace("-Iinclude", &format!("-I{}", include.display()))
        .replace(
            "target/release",
            &target.join("release").display().to_string(),
        );
    let words: Vec<&str> = command.split_whitespace().collect();
    let strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
    let compiled = Command::new("cc")
        .args(strict)
        .args(&words[1..])
        .current_dir(&folder)
        .status();
    assert!(compiled.expect("cc runs").success(), "{command}");

    let output = Command::new(folder.join("step"))
        .output()
        .expect("the program runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "it printed: {printed}");
    // Standard deviations: of 1, 2, 3, 4 sqrt(5/3), of dy sqrt(0.26/3); so dW[3] becomes
    // 4 * sqrt(0.26/5) = 0.912.
    assert_eq!(printed.trim(), "ok: dW[3] = 0.912, db[0] = 0.500");
    assert!(
        readme.contains(printed.trim()),
        "the README says what it prints"
    );
}
