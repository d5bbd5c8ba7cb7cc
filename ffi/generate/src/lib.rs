//! What follows from `include/trimtab.h`: `ffi/abi.json`, and the mechanical tier of each client.
//!
//! ```sh
//! TRIMTAB_BLESS=1 cargo build -p trimtab-ffi    # the header, from the Rust types
//! cargo run -p trimtab-generate                 # everything else, from the header
//! ```
//!
//! The test of this package fails, naming the file, where a committed file is not what it would write.
//!
//! | file | writes |
//! |---|---|
//! | `parse.rs`, `abi.rs`, `method.rs` | nothing: they read the header |
//! | `manifest.rs` | `ffi/abi.json` |
//! | `fortran.rs` | `types.f90`, `c_api.f90`, `chain.f90` of `ffi/clients/fortran` |
//! | `julia.rs` | `mirrors.jl`, `calls.jl`, `chain.jl` of `ffi/clients/julia` |
//! | `rust.rs`, `c.rs` | `ffi/src/layout.rs`, `ffi/tests/c/layout.c`: the layout, asserted |

pub mod abi;
mod c;
mod fortran;
mod julia;
mod manifest;
pub mod method;
mod parse;
mod rust;
mod text;

use std::path::{Path, PathBuf};

pub use abi::Abi;

/// The directory of the repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().nth(2);
    root.expect("ffi/generate lies in the repository")
        .to_path_buf()
}

/// What a header declares.
pub fn read(header: &str) -> Abi {
    parse::header(header)
}

/// What the committed header declares.
pub fn committed() -> Abi {
    let path = root().join("include/trimtab.h");
    read(&std::fs::read_to_string(path).expect("include/trimtab.h"))
}

/// Every generated file: its path in the repository, and its text.
pub fn files(abi: &Abi) -> Vec<(&'static str, String)> {
    vec![
        ("ffi/abi.json", manifest::file(abi)),
        ("ffi/src/layout.rs", rust::layout(abi)),
        ("ffi/tests/c/layout.c", c::layout(abi)),
        ("ffi/clients/fortran/src/types.f90", fortran::types(abi)),
        (
            "ffi/clients/fortran/src/c_api.f90",
            fortran::interfaces(abi),
        ),
        ("ffi/clients/fortran/src/chain.f90", fortran::methods(abi)),
        (
            "ffi/clients/julia/Trimtab.jl/src/mirrors.jl",
            julia::mirrors(abi),
        ),
        (
            "ffi/clients/julia/Trimtab.jl/src/calls.jl",
            julia::calls(abi),
        ),
        (
            "ffi/clients/julia/Trimtab.jl/src/chain.jl",
            julia::chain(abi),
        ),
    ]
}
