//! C programs under Valgrind's memory checker: reads of memory that holds nothing yet, and what the sanitizers of a
//! compiler cannot see, because the library was not built by it.

use std::path::PathBuf;
use std::process::Command;

use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, printed};
use crate::common::tools::{GCC, Tool, VALGRIND};
use crate::common::{libraries, root};

const NEEDED: &[&Tool] = &[&GCC, &VALGRIND];

pub fn checks() -> Vec<Check> {
    let check = |name, run| Check {
        name,
        needs: NEEDED,
        run,
    };
    vec![
        check("memory::training", || run("training")),
        check("memory::state", || run("state")),
        check("memory::refusal", || run("refusal")),
    ]
}

/// Valgrind tells programs that there is no AVX-512, which it does not know; the loops for AVX2 run.
fn run(program: &str) {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["-q", "--error-exitcode=99", "--track-origins=yes"]);
    valgrind.args(["--leak-check=full", "--errors-for-leak-kinds=definite"]);
    let output = must_succeed(valgrind.arg(build(program)));
    assert_eq!(printed(&output).lines().last(), Some("ok"), "{program}");
}

fn build(program: &str) -> PathBuf {
    let executable = fresh_folder(&format!("memory/{program}")).join(program);
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c99", "-g", "-I"])
        .arg(root().join("include"));
    let source = root().join(format!("ffi/tests/c/{program}.c"));
    gcc.arg(source).arg(&libraries().archive);
    gcc.args(["-lm", "-lpthread", "-ldl", "-o"])
        .arg(&executable);
    must_succeed(&mut gcc);
    executable
}
