//! Tests that hold for the library in Rust and in C alike. Each is written once, for `LIBRARIES` of whoever includes
//! this, and walks the descriptions in `common/methods.rs`.
//!
//! | file | claims |
//! |---|---|
//! | [`complete`] | every method, configuration, field and default of the header is described |
//! | [`configurations`] | every field of every configuration is refused out of its range |
//! | [`defaults`] | and read |
//! | [`states`] | states and parameters that no call can have left are refused |
//! | [`order`] | gradients that are not observed, not finite, spent or behind a limit are refused |
//! | [`chains`] | a chain in one call is its methods one after the other, or nothing has changed |
//! | [`guard`] | what the guard counts and silences, and when it gives up |
//! | [`differential`] | every method and chain in every dtype is what the oracle makes of the data |
//! | [`outlook`] | what is told before the write is what is written |
//! | [`vectors`] | all of it reproduces the cases of an independent implementation |

use super::LIBRARIES;
use crate::common::library::Library;

mod chains;
mod complete;
mod configurations;
pub mod defaults;
mod differential;
mod guard;
mod order;
mod outlook;
mod states;
mod vectors;

/// Runs a test for each of the libraries.
fn each(test: impl Fn(&'static dyn Library)) {
    LIBRARIES.into_iter().for_each(test);
}
