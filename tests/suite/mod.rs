//! Tests that hold for the library in Rust and in C alike. Each is written once, for `LIBRARIES` of whoever includes
//! this, and walks the descriptions in `common/methods.rs`.
//!
//! | file | claims |
//! |---|---|
//! | [`configurations`] | every field of every configuration is read, and refused out of its range |

use super::LIBRARIES;
use crate::common::library::Library;

mod configurations;

/// Runs a test for each of the libraries.
fn each(test: impl Fn(&'static dyn Library)) {
    LIBRARIES.into_iter().for_each(test);
}
