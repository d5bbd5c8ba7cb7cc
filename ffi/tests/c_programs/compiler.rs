//! The system's C and C++ compilers: `CC` and `CXX` if set, else `cc` and `c++`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{libraries, root};

#[derive(Clone, Copy, Debug)]
pub enum Language {
    C,
    Cxx,
}

/// C99 and C++20.
pub const LANGUAGES: [Language; 2] = [Language::C, Language::Cxx];

#[derive(Clone, Copy, Debug)]
pub enum Link {
    Archive,
    Shared,
}

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

impl Language {
    fn compiler(self) -> Command {
        let (variable, default) = match self {
            Language::C => ("CC", "cc"),
            Language::Cxx => ("CXX", "c++"),
        };
        let line = std::env::var(variable).unwrap_or_else(|_| default.to_string());
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(default));
        command.args(words).args(WARNINGS);
        command
    }

    fn dialect(self) -> &'static [&'static str] {
        match self {
            Language::C => &["-std=c99", "-Wconversion", "-x", "c"],
            Language::Cxx => &["-std=c++20", "-x", "c++"],
        }
    }
}

/// Compiles and links `ffi/tests/c/<program>.c`.
pub fn build(program: &str, language: Language, link: Link, flags: &[&str]) -> PathBuf {
    let source = source(&format!("{program}.c"));
    let kind = if flags.is_empty() { "plain" } else { "flags" };
    let executable = scratch(&format!("{program}-{language:?}-{link:?}-{kind}"));
    let mut command = language.compiler();
    command.args(flags).args(language.dialect()).arg(source);
    command.arg("-I").arg(root().join("include"));
    command.args(["-x", "none"]).args(libraries_for(link));
    command.arg("-o").arg(&executable);
    must_succeed(&mut command);
    executable
}

/// Compiles `ffi/tests/c/<program>.c` and links it with the archive and memcpy and its kind, and nothing else; what neither the function of the
/// program's name nor one of `kept` needs is left out.
pub fn build_free_standing(program: &str, archive: &Path, kept: &[String]) -> PathBuf {
    let executable = scratch(&format!("{program}-free-standing-{}", kept.len()));
    let mut command = Language::C.compiler();
    command.args(Language::C.dialect());
    command.args(["-O2", "-ffreestanding", "-ffunction-sections"]);
    command.arg("-I").arg(root().join("include"));
    command.arg(source(&format!("{program}.c")));
    command.arg(root().join("ffi/rigs/bare/memory.c"));
    command.args(["-x", "none"]).arg(archive);
    command.args(["-nostdlib", "-static", "-Wl,--gc-sections"]);
    command.arg(format!("-Wl,--entry={program}"));
    command.args(kept.iter().map(|name| format!("-Wl,--undefined={name}")));
    command.arg("-o").arg(&executable);
    must_succeed(&mut command);
    executable
}

fn libraries_for(link: Link) -> Vec<String> {
    let path = |path: &Path| path.to_str().expect("a path in UTF-8").to_string();
    let libraries = libraries();
    match link {
        Link::Archive => {
            let system = ["-lm", "-lpthread", "-ldl"].map(String::from);
            [vec![path(&libraries.archive)], system.to_vec()].concat()
        }
        Link::Shared => {
            let directory = path(libraries.shared.parent().expect("a directory"));
            // Where both lie, -l takes the shared one.
            let flags = [format!("-L{directory}"), format!("-Wl,-rpath,{directory}")];
            [
                flags.to_vec(),
                ["-ltrimtab", "-lm"].map(String::from).to_vec(),
            ]
            .concat()
        }
    }
}

/// What the program prints; it has to succeed.
pub fn run(executable: &Path) -> String {
    printed(&mut Command::new(executable))
}

/// The same with the loops of this level.
pub fn run_at(executable: &Path, level: &str) -> String {
    printed(Command::new(executable).env("TRIMTAB_LEVEL", level))
}

fn printed(command: &mut Command) -> String {
    // Cargo's own search path would come before the program's, with a library of another profile.
    let output = must_succeed(command.env_remove("LD_LIBRARY_PATH"));
    String::from_utf8(output.stdout).expect("the programs print ASCII")
}

/// Compiles a file that holds nothing but the header, twice.
pub fn check_header(language: Language, dialect: &str) {
    let file = scratch(&format!("header-{}.c", dialect.replace('+', "x")));
    std::fs::write(&file, "#include <trimtab.h>\n#include <trimtab.h>\n").expect("a scratch file");
    check(&file, language, dialect);
}

/// Compiles `ffi/tests/c/<program>.c`, and makes nothing of it.
pub fn check_program(program: &str, language: Language, dialect: &str) {
    check(&source(&format!("{program}.c")), language, dialect);
}

fn check(file: &Path, language: Language, dialect: &str) {
    let mut command = language.compiler();
    command
        .args(language.dialect())
        .arg(format!("-std={dialect}"))
        .arg("-fsyntax-only");
    command.arg("-I").arg(root().join("include")).arg(file);
    must_succeed(&mut command);
}

/// Whether a trivial program compiles, links and runs with these flags.
pub fn try_flags(flags: &[&str]) -> Result<(), String> {
    let (file, executable) = (scratch("trivial.c"), scratch("trivial"));
    std::fs::write(&file, "int main(void) { return 0; }\n").expect("a scratch file");
    let mut command = Language::C.compiler();
    command.args(flags).arg(file).arg("-o").arg(&executable);
    for command in [&mut command, &mut Command::new(&executable)] {
        let output = output_of(command);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    Ok(())
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/c")
        .join(name)
}

/// A file of this test's own in the target directory.
fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_programs");
    std::fs::create_dir_all(&directory).expect("a scratch directory");
    directory.join(name)
}

fn must_succeed(command: &mut Command) -> Output {
    let output = output_of(command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{command:?} fails with {}:\n{out}{err}",
        output.status
    );
    output
}

fn output_of(command: &mut Command) -> Output {
    let advice =
        "is a C and C++ compiler installed? Set CC and CXX if they are not called cc and c++";
    command
        .output()
        .unwrap_or_else(|why| panic!("{command:?} cannot be started: {why}; {advice}"))
}
