//! `trimtab.hpp` and `ffi/clients/cpp`: the tests in C++ by both compilers, and what the page for C++ says.
//!
//! Every test is built for both kinds of the header, with exceptions and without; it links the installed library.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::blocks::{of_page, with_words};
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_fail, must_succeed, printed};
use crate::common::root;
use crate::common::tools::{CLANG, CMAKE, GCC, PKG_CONFIG, Tool};
use crate::package::{definition, installed, typed};

const PAGE: &str = "ffi/clients/cpp/README.md";
const WITH_GCC: &[&Tool] = &[&CMAKE, &GCC];
const WITH_CLANG: &[&Tool] = &[&CMAKE, &CLANG];
const WITH_PKG_CONFIG: &[&Tool] = &[&CMAKE, &GCC, &PKG_CONFIG];

/// The names of g++ 12 and clang++ 14 for C++20 and C++23, and how the header is made to return results.
const KINDS: [&[&str]; 3] = [
    &["-std=c++20"],
    &["-std=c++20", "-fno-exceptions"],
    &["-std=c++2b"],
];
const WARNINGS: [&str; 6] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
];
const SANITIZERS: [&str; 3] = [
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
];

pub fn checks() -> Vec<Check> {
    let check = |name, needs, run| Check { name, needs, run };
    vec![
        check("cpp::reaches_the_whole_c_header", &[], whole),
        check("cpp::files_are_short", &[], short),
        check("cpp::tests_by_gcc", WITH_GCC, || tests("g++", &[])),
        check("cpp::tests_by_gcc_sanitized", WITH_GCC, || {
            tests("g++", &SANITIZERS)
        }),
        check("cpp::tests_by_clang", WITH_CLANG, || tests("clang++", &[])),
        check("cpp::tests_by_clang_sanitized", WITH_CLANG, || {
            tests("clang++", &SANITIZERS)
        }),
        check("cpp::mistakes_are_refused_by_gcc", WITH_GCC, || {
            mistakes("g++")
        }),
        check("cpp::mistakes_are_refused_by_clang", WITH_CLANG, || {
            mistakes("clang++")
        }),
        check("cpp::page_builds_by_cmake", WITH_GCC, by_cmake),
        check(
            "cpp::page_builds_by_pkg_config",
            WITH_PKG_CONFIG,
            by_pkg_config,
        ),
        check("cpp::page_runs_by_gcc", WITH_GCC, || page("g++")),
        check("cpp::page_runs_by_clang", WITH_CLANG, || page("clang++")),
        check("cpp::page_shows_a_deep_network", WITH_PKG_CONFIG, deep),
    ]
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path:?} cannot be read: {why}"))
}

/// The files of a folder of `ffi/clients/cpp` that end so.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no {ending} in {folder}");
    found
}

/// The words of C++ code, without its comments.
fn words(code: &str) -> BTreeSet<String> {
    let code = code
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.flat_map(|line| line.split(move |c| !part_of_word(c)))
        .map(String::from)
        .collect()
}

/// Nothing of the C header is out of reach, and nothing that the C++ header adds is untested.
fn whole() {
    let c = trimtab_generate::committed();
    let parts = ["trimtab.hpp", "trimtab_types.hpp", "trimtab_methods.hpp"];
    let header = parts.map(|part| read(Path::new("include").join(part)));
    let (_, first) = header[0].split_once("*/").expect("a first comment");
    let header = words(&[first, &header[1], &header[2]].join("\n"));
    let tests: BTreeSet<String> = files("ffi/clients/cpp/tests", ".cpp")
        .iter()
        .flat_map(|file| words(&read(file)))
        .collect();
    let constants = c.enums.iter().flat_map(|e| &e.constants);
    let structs = c.structs.iter().map(|s| &s.name);
    let missing: Vec<&String> = structs
        .chain(constants.map(|constant| &constant.name))
        .filter(|name| !header.contains(*name))
        .collect();
    // What is pending is a field of a tensor, and needs no name of its own.
    assert_eq!(missing, ["trimtab_affine"], "trimtab.hpp does not use");
    for function in c.functions.iter().map(|f| &f.name) {
        // Methods decide by trimtab_decide_at, and what has a twin that says where is called by that.
        let plain = function.strip_suffix("_at").unwrap_or(function);
        let ours = plain.strip_prefix("trimtab_").expect("a prefix");
        let method = format!("TRIMTAB_METHOD_{}", ours.to_uppercase());
        let reached = [plain, &format!("{plain}_at"), &method];
        assert!(
            reached.iter().any(|name| header.contains(*name)),
            "trimtab.hpp does not reach {function}"
        );
        assert!(header.contains(ours), "trimtab.hpp has no {ours}");
        assert!(tests.contains(ours), "no test calls trimtab::{ours}");
    }
}

fn short() {
    let header = vec![root().join("include/trimtab.hpp")];
    let tests = ["ffi/clients/cpp/tests", "ffi/clients/cpp"].map(|folder| files(folder, "pp"));
    for file in [header].iter().chain(&tests).flatten() {
        let lines = read(file).lines().count();
        assert!(lines < 500, "{file:?} has {lines} lines");
    }
}

/// The command that compiles for the installed package, with every warning an error.
fn compiler(name: &str, flags: &[&[&str]]) -> Command {
    let mut command = Command::new(name);
    command.args(WARNINGS).args(flags.concat());
    command.arg("-I").arg(installed().join("include"));
    command
}

/// Compiles and links these sources, and runs the program. What it prints.
fn runs(mut compiler: Command, sources: &[PathBuf], program: &Path) -> String {
    let libraries = installed().join("lib");
    compiler.args(sources).arg("-o").arg(program);
    compiler.arg("-L").arg(&libraries).arg("-ltrimtab");
    compiler.arg(format!("-Wl,-rpath,{}", libraries.display()));
    must_succeed(&mut compiler);
    printed(&must_succeed(&mut Command::new(program)))
}

fn tests(name: &str, flags: &[&str]) {
    let folder = fresh_folder(&format!("cpp/tests-{name}-{}", flags.len()));
    let program = folder.join("program");
    let sources = files("ffi/clients/cpp/tests", ".cpp").into_iter();
    let (two, one): (Vec<PathBuf>, Vec<PathBuf>) =
        sources.partition(|path| path.to_string_lossy().contains("two_units"));
    assert_eq!((two.len(), one.len()), (2, 3));
    for kind in KINDS {
        for source in &one {
            let printed = runs(
                compiler(name, &[kind, flags]),
                std::slice::from_ref(source),
                &program,
            );
            assert_eq!(printed, "ok\n", "{source:?} {kind:?}");
        }
    }
    let printed = runs(compiler(name, &[KINDS[0], flags]), &two, &program);
    assert_eq!(printed, "ok\n", "{two:?}");
}

/// What compilers have to refuse, and a word of what both of them say.
const MISTAKES: [(&[&str], &str, &str); 11] = [
    (KINDS[0], "trimtab::guard(state, grads);", "nodiscard"),
    (KINDS[1], "trimtab::guard(state, grads);", "nodiscard"),
    (KINDS[1], "trimtab::scale(2, grads);", "nodiscard"),
    (KINDS[0], "trimtab::scale(2);", "nodiscard"),
    (
        KINDS[0],
        "trimtab::decide(grads, trimtab::guard(state));",
        "nodiscard",
    ),
    (
        KINDS[0],
        "[[maybe_unused]] trimtab::adam_config c{0.1};",
        "narrow",
    ),
    (
        KINDS[0],
        "std::ignore = trimtab::weight(std::vector<float>(3));",
        "borrowed_range",
    ),
    (
        KINDS[0],
        "std::ignore = trimtab::weight(std::as_const(w));",
        "is_const",
    ),
    (
        KINDS[0],
        "int n[2]; std::ignore = trimtab::bias(n);",
        "element<",
    ),
    (
        KINDS[0],
        "double m[2]; std::ignore = trimtab::adam_slot(w, m, m);",
        "parameters",
    ),
    (
        KINDS[0],
        "std::ignore = trimtab::entry(std::as_const(state));",
        "entry",
    ),
];

/// Above and below a mistake; without one it compiles.
const AROUND: [&str; 2] = [
    "#include <trimtab.hpp>\n#include <tuple>\n#include <utility>\n#include <vector>\n\
     void f([[maybe_unused]] trimtab::tensors grads, [[maybe_unused]] trimtab::guard_state& state) {\n\
     [[maybe_unused]] std::vector<float> w(2);\n",
    "\n}\n",
];

fn mistakes(name: &str) {
    let file = fresh_folder(&format!("cpp/mistakes-{name}")).join("mistake.cpp");
    let compile = |kind: &[&str], code: &str| {
        fs::write(&file, AROUND.join(code)).expect("a source file");
        let mut command = compiler(name, &[kind, &["-fsyntax-only"]]);
        command.arg(&file);
        command
    };
    for kind in KINDS {
        must_succeed(&mut compile(kind, ""));
    }
    for (kind, code, word) in MISTAKES {
        let said = must_fail(&mut compile(kind, code));
        assert!(said.contains(word), "{code}: no {word} in\n{said}");
    }
}

/// A folder with the complete program of the page, and what it prints.
fn with_program(name: &str) -> (PathBuf, String) {
    let folder = fresh_folder(&format!("cpp/{name}"));
    let program = with_words(PAGE, "cpp", "trimtab::adam_step");
    fs::write(folder.join("fit.cpp"), program).expect("the program");
    let promised = with_words(PAGE, "text", "y =");
    // The line that the program fits.
    assert_eq!(promised, "y = 2.00 x + 1.00, steps skipped: 1\n");
    (folder, promised)
}

fn by_cmake() {
    // It installs as the page for C does, which c.rs follows.
    let install = |page| with_words(page, "sh", "cmake --install");
    assert_eq!(install(PAGE), install("ffi/clients/c/README.md"));

    let (folder, promised) = with_program("by-cmake");
    let project = with_words(PAGE, "cmake", "project(fit");
    fs::write(folder.join("CMakeLists.txt"), project).expect("the project");
    let mut configure = Command::new("cmake");
    configure
        .args(["-S", ".", "-B", "build"])
        .current_dir(&folder);
    must_succeed(configure.arg(definition("CMAKE_PREFIX_PATH", installed())));
    let lines = "cmake --build build >/dev/null\nbuild/fit\n";
    assert_eq!(typed(lines, &folder), promised);
}

fn by_pkg_config() {
    let (folder, promised) = with_program("by-pkg-config");
    let lines = with_words(PAGE, "sh", "fit.cpp $(pkg-config") + "./fit\n";
    assert_eq!(typed(&lines, &folder), promised);
}

/// Every program of the page, with the output that follows it if one does.
fn page(name: &str) {
    let folder = fresh_folder(&format!("cpp/page-{name}"));
    let blocks = of_page(PAGE);
    let mut programs = 0;
    for (index, block) in blocks.iter().enumerate() {
        if block.language != "cpp" {
            continue;
        }
        programs += 1;
        let source = folder.join(format!("line-{}.cpp", block.line));
        fs::write(&source, &block.text).expect("a source file");
        let program = folder.join("program");
        let printed = runs(compiler(name, &[KINDS[0]]), &[source], &program);
        let promised = blocks.get(index + 1).filter(|next| next.language == "text");
        let promised = promised.map_or("", |next| &next.text);
        assert_eq!(printed, promised, "{PAGE}:{}", block.line);
    }
    assert_eq!(programs, 6);
}

/// It fails where the network does not learn.
fn deep() {
    let folder = fresh_folder("cpp/deep");
    let source = root().join("ffi/clients/cpp/poisson.cpp");
    let lines = with_words(PAGE, "sh", "poisson.cpp");
    let here = lines.replace(
        "ffi/clients/cpp/poisson.cpp",
        &format!("'{}'", source.display()),
    );
    let said = typed(&here, &folder);
    assert!(said.contains("step  3000"), "{said}");
}
