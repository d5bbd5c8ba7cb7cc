//! Every program of `ffi/clients/c` and `ffi/clients/cpp`, built against the installed package and run by ctest: by both compilers,
//! as it is and with the sanitizers for addresses and undefined behaviour.

use std::process::Command;

use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed};
use crate::common::root;
use crate::common::tools::{CLANG, CMAKE, GCC, Tool};
use crate::package::{definition, installed};

const WITH_GCC: &[&Tool] = &[&CMAKE, &GCC];
const WITH_CLANG: &[&Tool] = &[&CMAKE, &CLANG];

pub fn checks() -> Vec<Check> {
    let check = |name, needs, run| Check { name, needs, run };
    vec![
        check("programs::by_gcc", WITH_GCC, || run(["gcc", "g++"], false)),
        check("programs::by_gcc_sanitized", WITH_GCC, || {
            run(["gcc", "g++"], true)
        }),
        check("programs::by_clang", WITH_CLANG, || {
            run(["clang", "clang++"], false)
        }),
        check("programs::by_clang_sanitized", WITH_CLANG, || {
            run(["clang", "clang++"], true)
        }),
    ]
}

fn run([c, cpp]: [&str; 2], sanitized: bool) {
    let kind = if sanitized { "sanitized" } else { "plain" };
    let build = fresh_folder(&format!("programs/{c}-{kind}"));
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(root().join("ffi/cmake/tests"));
    configure.arg("-B").arg(&build);
    configure.arg(definition("CMAKE_PREFIX_PATH", installed()));
    configure.arg(format!("-DCMAKE_C_COMPILER={c}"));
    configure.arg(format!("-DCMAKE_CXX_COMPILER={cpp}"));
    configure.arg(format!("-DTRIMTAB_SANITIZE={}", u8::from(sanitized)));
    must_succeed(&mut configure);
    must_succeed(Command::new("cmake").arg("--build").arg(&build));
    let mut test = Command::new("ctest");
    test.arg("--test-dir").arg(&build);
    // An empty list of programs is no success.
    must_succeed(test.args(["--output-on-failure", "--no-tests=error"]));
}
