//! The C ABI of trimtab: checks pointers, calls the core, holds no logic.
//!
//! | file | holds |
//! |---|---|
//! | `types.rs` | the constants of the header, and the structs that describe buffers |
//! | `config.rs` | the configurations, and their conversion to the core's |
//! | `layout.rs` | the offset of every field, asserted |
//! | `check.rs` | from raw pointers to references, or to a status and the index at fault |
//! | `observe.rs`, `decide.rs`, `chain.rs`, `write.rs`, `state.rs`, `info.rs` | the functions, in the order of the header |
//!
//! `include/trimtab.h` is generated from these files by the build script. The comments of public
//! items are the header's comments: they speak to C programmers.
//!
//! Without the feature `std` this is the library for machines without an operating system: build it
//! with `panic = "abort"`. It has its own panic handler, which nothing reaches.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)] // The names are C's.
#![allow(clippy::missing_safety_doc)] // The comments are the contract: they become the header's.

mod chain;
mod check;
mod config;
mod decide;
mod info;
mod layout;
mod observe;
mod state;
mod types;
mod write;

pub use chain::*;
pub use config::*;
pub use decide::*;
pub use info::*;
pub use observe::*;
pub use state::*;
pub use types::*;
pub use write::*;

/// No panic is reachable; the compiler requires a handler all the same.
#[cfg(not(any(feature = "std", feature = "no-panic", test)))]
#[panic_handler]
fn stop(_: &core::panic::PanicInfo) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// The proof that none is: this calls a function that exists nowhere, so that a program with a reachable panic does not
/// link.
#[cfg(all(feature = "no-panic", not(any(feature = "std", test))))]
#[panic_handler]
fn reached(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        fn trimtab_a_panic_is_reachable() -> !;
    }
    // SAFETY: no linked program holds this call.
    unsafe { trimtab_a_panic_is_reachable() }
}

#[cfg(test)]
#[path = "../tests/abi/mod.rs"]
mod abi_tests;

#[cfg(test)]
#[allow(dead_code)] // Shared with the core's tests, which use all of it.
#[path = "../../tests/common/mod.rs"]
mod common;

#[cfg(test)]
#[allow(dead_code)]
#[path = "../../tests/oracle/mod.rs"]
mod oracle;

#[cfg(test)]
extern crate trimtab_core as trimtab; // The name by which the shared tests know it.
