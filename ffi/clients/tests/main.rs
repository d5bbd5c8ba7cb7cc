//! Clients in other languages, each compiled or run by its real compiler or runtime.
//!
//! One module a language. A check whose tools are missing is shown as ignored, never as passed, and named once at the
//! end together with what brings the tool. Where `CI` is set, a missing tool is a failure instead.

#[allow(dead_code)] // Each test crate uses its own part.
#[path = "../../tests/common/mod.rs"]
mod common;

mod bnfree;
mod c;
mod cmake;
mod cpp;
mod cuda;
mod fortran;
mod julia;
mod memory;
mod mpi;
#[allow(dead_code)]
mod package;
mod programs;
mod python;

use std::process::ExitCode;

/// Every check of every language; a new language adds its line here.
fn checks() -> Vec<common::check::Check> {
    [
        common::blocks::checks(),
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
    common::check::run(checks())
}
