//! Clients in other languages, each compiled or run by its real compiler or runtime.
//!
//! One module a language. A check whose tools are missing is shown as ignored, never as passed, and named once at the
//! end together with what brings the tool. Where `CI` is set, a missing tool is a failure instead.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;

#[path = "clients/blocks.rs"]
#[allow(dead_code)]
mod blocks;
#[path = "clients/bnfree.rs"]
mod bnfree;
#[path = "clients/c.rs"]
mod c;
#[path = "clients/check.rs"]
mod check;
#[path = "clients/cmake.rs"]
mod cmake;
#[path = "clients/command.rs"]
#[allow(dead_code)]
mod command;
#[path = "clients/cpp.rs"]
mod cpp;
#[path = "clients/cuda.rs"]
mod cuda;
#[path = "header/defaults.rs"]
mod defaults;
#[path = "clients/fortran.rs"]
mod fortran;
#[path = "clients/julia.rs"]
mod julia;
#[path = "clients/manifest.rs"]
mod manifest;
#[path = "clients/memory.rs"]
mod memory;
#[path = "clients/mpi.rs"]
mod mpi;
#[path = "clients/package.rs"]
#[allow(dead_code)]
mod package;
#[allow(dead_code)]
#[path = "header/parse.rs"]
mod parse;
#[path = "clients/programs.rs"]
mod programs;
#[path = "clients/python.rs"]
mod python;
#[path = "clients/tools.rs"]
#[allow(dead_code)]
mod tools;

use std::process::ExitCode;

/// Every check of every language; a new language adds its line here.
fn checks() -> Vec<check::Check> {
    [
        blocks::checks(),
        bnfree::checks(),
        c::checks(),
        cmake::checks(),
        cpp::checks(),
        cuda::checks(),
        fortran::checks(),
        julia::checks(),
        memory::checks(),
        mpi::checks(),
        programs::checks(),
        python::checks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    check::run(checks())
}
