//! The fuzz target of the C ABI: the bytes are a program, and `ffi/tests/abi/hostile` is what is claimed for it.
#![no_main]

// Both libraries are called trimtab; to the shared files that is the core's name.
extern crate trimtab as abi;
extern crate trimtab_core as trimtab;

use libfuzzer_sys::fuzz_target;

// What the shared files know as their crate: modules of the ABI, and all that it exports.
pub use abi::*;

mod chain {
    pub use abi::*;
}

mod config {
    pub use abi::*;
}

mod state {
    pub use abi::*;
}

mod types {
    pub use abi::*;
}

#[allow(dead_code, unused_imports)] // The tests use the rest.
mod abi_tests;
#[allow(dead_code)]
#[path = "../../../../tests/common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "../../../../tests/oracle/mod.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| abi_tests::hostile::play(bytes, &mut Default::default()));
