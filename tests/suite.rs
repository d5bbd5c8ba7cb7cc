//! The suite, run against the Rust API: each method by its own function, and several in one call.
//!
//! `ffi/tests/abi/mod.rs` runs the same tests against the C ABI.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

#[path = "suite/mod.rs"]
mod suite;

/// What the suite is run against.
use common::rust::LIBRARIES;
