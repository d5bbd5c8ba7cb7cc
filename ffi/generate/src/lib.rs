//! What follows from `include/trimtab.h`: `ffi/abi.json`, and the mechanical tier of each client.
//!
//! ```sh
//! TRIMTAB_BLESS=1 cargo build -p trimtab-ffi    # the header, from the Rust types
//! cargo run -p trimtab-generate                 # everything else, from the header
//! ```
//!
//! What would break programs is written with `--break` only. The test of this package fails, naming the file, where a
//! committed file is not what it would write.
//!
//! | file | writes |
//! |---|---|
//! | `parse.rs`, `abi.rs`, `method.rs` | nothing: they read the header |
//! | `manifest.rs` | `ffi/abi.json` |
//! | `compare.rs` | nothing: it tells whether a change of that breaks programs |
//! | `cpp.rs` | `include/trimtab_types.hpp`, `include/trimtab_methods.hpp` |
//! | `fortran.rs` | `types.f90`, `c_api.f90`, `chain.f90` of `ffi/clients/fortran` |
//! | `julia.rs` | `constants.jl`, `mirrors.jl`, `calls.jl`, `chain.jl` of `ffi/clients/julia` |
//! | `python.rs` | `_structs.py` of `ffi/clients/python` |
//! | `rust.rs`, `c.rs` | `ffi/src/layout.rs`, `ffi/tests/c/layout.c`: the layout, asserted |

pub mod abi;
mod c;
mod compare;
mod cpp;
mod fortran;
mod julia;
mod manifest;
pub mod method;
mod parse;
mod python;
mod rust;
mod text;

use std::path::{Path, PathBuf};

pub use abi::Abi;
pub use compare::broken;

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

/// The text of `ffi/abi.json`.
pub fn abi_json(abi: &Abi) -> String {
    manifest::file(abi)
}

/// Every generated file: its path in the repository, and its text.
pub fn files(abi: &Abi) -> Vec<(String, String)> {
    let fortran = |file: &str| format!("ffi/clients/fortran/src/{file}");
    let julia = |file: &str| format!("ffi/clients/julia/Trimtab.jl/src/{file}");
    let python = |file: &str| format!("ffi/clients/python/src/trimtab/{file}");
    vec![
        ("ffi/abi.json".to_string(), abi_json(abi)),
        ("ffi/src/layout.rs".to_string(), rust::layout(abi)),
        ("ffi/tests/c/layout.c".to_string(), c::layout(abi)),
        ("include/trimtab_types.hpp".to_string(), cpp::types(abi)),
        ("include/trimtab_methods.hpp".to_string(), cpp::methods(abi)),
        (fortran("types.f90"), fortran::types(abi)),
        (fortran("c_api.f90"), fortran::interfaces(abi)),
        (fortran("chain.f90"), fortran::methods(abi)),
        (julia("constants.jl"), julia::constants(abi)),
        (julia("mirrors.jl"), julia::mirrors(abi)),
        (julia("calls.jl"), julia::calls(abi)),
        (julia("chain.jl"), julia::chain(abi)),
        (python("_structs.py"), python::structs(abi)),
    ]
}
