//! The fuzz target of the C ABI: the bytes are a program, and `ffi/tests/abi/hostile` is what is claimed for it.
#![no_main]

use libfuzzer_sys::fuzz_target;

// What the shared files know as their crate.
pub use trimtab::*;

mod config {
    pub use trimtab::*;
}

mod types {
    pub use trimtab::*;
}

#[allow(dead_code)] // The tests use the rest.
mod abi_tests;

fuzz_target!(|bytes: &[u8]| abi_tests::hostile::play(bytes, &mut Default::default()));
