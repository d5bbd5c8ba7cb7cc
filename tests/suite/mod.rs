//! Tests that hold for the library in Rust and in C alike. Each is written once, for `LIBRARIES` of whoever includes
//! this, and walks the descriptions in `common/methods.rs`.
//!
//! | file | claims |
//! |---|---|
//! | [`centring`] | what is told as 0 is written as 0; digits of the variance |
//! | [`chains`] | a chain in one call is its methods one after the other, or nothing has changed |
//! | [`complete`] | every method, configuration, field and default of the header is described |
//! | [`configurations`] | every field of every configuration is read, and refused out of its range |
//! | [`configurations`] | every field of every configuration is refused out of its range |
//! | [`defaults`] | and read |
//! | [`differential`] | every method and chain in every dtype is what the oracle makes of the data |
//! | [`finite`] | an accepted step has written finite numbers, and no other is refused |
//! | [`guard`] | what the guard counts and silences, and when it gives up |
//! | [`limits`] | gradients at the ends of their types |
//! | [`moments_after`] | statistics of a gradient as it will be written, by hand |
//! | [`observe`] | the read pass: sums to the bit, chunks, merging |
//! | [`outlook`] | what is told before the write is what is written |
//! | [`ranges`] | what leaves the range of f64 on the way |
//! | [`refused`] | gradients that nobody goes on with, and who is to blame |
//! | [`spent`] | a write spends its descriptors |
//! | [`states`] | states and parameters that no call can have left are refused |
//! | [`steps`] | optimizers: the oracle's steps, and which buffers they need |
//! | [`vectors`] | all of it reproduces the cases of an independent implementation |
//! | [`writes`] | what is written, to the bit, in place and beside |

use super::LIBRARIES;
use crate::common::library::Library;

mod centring;
mod chains;
mod complete;
mod configurations;
pub mod defaults;
mod differential;
mod finite;
mod guard;
mod limits;
mod moments_after;
mod observe;
mod outlook;
mod ranges;
mod refused;
mod spent;
mod states;
mod steps;
mod vectors;
mod writes;

/// Runs a test for each of the libraries.
fn each(test: impl Fn(&'static dyn Library)) {
    LIBRARIES.into_iter().for_each(test);
}

/// Runs a test for one library of each language: those that take several methods in one call.
fn once(test: impl Fn(&'static dyn Library)) {
    let libraries = LIBRARIES.into_iter();
    libraries
        .filter(|library| library.in_one_call())
        .for_each(test);
}
