//! `ffi/clients/c/README.md`: what it tells a C programmer to type, typed.

use std::fs;
use std::process::Command;

use crate::common::blocks::with_words;
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed};
use crate::common::tools::{CMAKE, GCC, PKG_CONFIG, Tool};
use crate::common::{libraries, root};
use crate::package::{cargo_target_dir, definition, installed, typed};

const PAGE: &str = "ffi/clients/c/README.md";
const BASIC: &[&Tool] = &[&CMAKE, &GCC];
const WITH_PKG_CONFIG: &[&Tool] = &[&CMAKE, &GCC, &PKG_CONFIG];

pub fn checks() -> Vec<Check> {
    let check = |name, needs, run| Check { name, needs, run };
    vec![
        check("c::page_installs_by_cmake", BASIC, installs),
        check("c::page_builds_by_hand", BASIC, by_hand),
        check("c::page_builds_by_cmake", BASIC, by_cmake),
        check(
            "c::page_builds_by_pkg_config",
            WITH_PKG_CONFIG,
            by_pkg_config,
        ),
        check("c::page_shows_a_refusal", BASIC, refusal),
        check("c::page_shows_which_tensor", BASIC, which),
        check("c::page_shows_a_restart", BASIC, restart),
        check("c::page_shows_a_deep_network", WITH_PKG_CONFIG, deep),
    ]
}

/// The page's block of this language that has these words.
fn block(language: &str, words: &str) -> String {
    with_words(PAGE, language, words)
}

/// A folder with the complete program of the page.
fn with_program(name: &str) -> std::path::PathBuf {
    let folder = fresh_folder(&format!("c/{name}"));
    fs::write(folder.join("fit.c"), block("c", "trimtab_adam_step")).expect("the program");
    folder
}

/// The output that the page promises, which is what the line is that the program fits.
fn promised() -> String {
    let promised = block("text", "y =");
    assert_eq!(promised, "y = 2.00 x + 1.00, steps skipped: 1\n");
    promised
}

fn installs() {
    let folder = fresh_folder("c/installs");
    let (ours, cargo) = (root().join("ffi"), cargo_target_dir());
    let cargo = definition("TRIMTAB_CARGO_TARGET_DIR", &cargo);
    let lines = block("sh", "cmake -S ffi");
    let here = lines.replace("-S ffi", &format!("-S '{}' '{cargo}'", ours.display()));
    typed(&here, &folder);
    assert!(folder.join("prefix/include/trimtab.h").exists());
    assert!(folder.join("prefix/lib/libtrimtab.so.0").exists());
}

/// Its first line is what `libraries()` does.
fn by_hand() {
    let folder = with_program("by-hand");
    let lines = block("sh", "cargo build");
    let (first, second) = lines.split_once('\n').expect("two lines");
    assert_eq!(first, "cargo build --release -p trimtab-ffi");
    let include = format!("-I'{}'", root().join("include").display());
    let archive = format!("'{}'", libraries().archive.display());
    let second = second.replace("-Iinclude", &include);
    let here = second.replace("target/release/libtrimtab.a", &archive);
    assert_eq!(typed(&(here + "./fit\n"), &folder), promised());
}

fn by_cmake() {
    let folder = with_program("by-cmake");
    fs::write(folder.join("CMakeLists.txt"), block("cmake", "project(fit")).expect("the project");
    let mut configure = Command::new("cmake");
    configure
        .args(["-S", ".", "-B", "build"])
        .current_dir(&folder);
    configure.arg("-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror");
    must_succeed(configure.arg(definition("CMAKE_PREFIX_PATH", installed())));
    assert_eq!(
        typed("cmake --build build >/dev/null\nbuild/fit\n", &folder),
        promised()
    );
}

fn by_pkg_config() {
    let folder = with_program("by-pkg-config");
    let lines = block("sh", "cc fit.c $(pkg-config") + "./fit\n./fit-static\n";
    assert_eq!(typed(&lines, &folder), promised().repeat(2));
}

fn refusal() {
    // The page says what the sentence means.
    let said = output_of("refusal", "TRIMTAB_ORDER");
    assert!(
        said.starts_with("-8: ") && said.contains("observe"),
        "{said}"
    );
}

fn which() {
    let said = output_of("which", "trimtab_decide_at");
    assert_eq!(said, block("text", "method 1, tensor 1: "));
}

fn restart() {
    // 32 bytes, then 16 and two states of 32, then 16 and one of 8, as the header's table says.
    let said = output_of("restart", "trimtab_state_save");
    assert!(said.starts_with("0: 500 steps from 136 bytes\n"), "{said}");
    assert!(
        said.contains("\n-18: ") && said.contains("damaged"),
        "{said}"
    );
}

/// What the page's program with these words prints.
fn output_of(name: &str, words: &str) -> String {
    let folder = fresh_folder(&format!("c/{name}"));
    fs::write(folder.join(format!("{name}.c")), block("c", words)).expect("the program");
    let include = root().join("include");
    let archive = &libraries().archive;
    let build = format!(
        "cc -std=c99 -Wall -Wextra -Wpedantic -Werror -I'{}' {name}.c '{}' -lm -lpthread -ldl -o {name}\n",
        include.display(),
        archive.display()
    );
    typed(&(build + &format!("./{name}\n")), &folder)
}

fn deep() {
    let folder = fresh_folder("c/deep");
    let source = root().join("ffi/clients/c/poisson.c");
    let lines = block("sh", "poisson.c");
    let here = lines.replace(
        "ffi/clients/c/poisson.c",
        &format!("'{}'", source.display()),
    );
    let said = typed(&here, &folder);
    assert!(said.contains("GradientStabilizer, then SGD"), "{said}");
}
