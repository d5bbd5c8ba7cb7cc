//! Tests that hold for the library in Rust and in C alike. Each is written once, for `LIBRARIES` of whoever includes
//! this, and walks the descriptions in `common/methods.rs`.
//!
//! | file | claims |
//! |---|---|
//! | [`configurations`] | every field of every configuration is read, and refused out of its range |
//! | [`finite`] | an accepted step has written finite numbers, and no other is refused |
//! | [`limits`] | gradients at the ends of their types |
//! | [`observe`] | the read pass: sums to the bit, chunks, merging |
//! | [`outlook`] | statistics of a gradient as it will be written |
//! | [`ranges`] | what leaves the range of f64 on the way |
//! | [`refused`] | gradients that nobody goes on with, and who is to blame |
//! | [`spent`] | a write spends its descriptors |
//! | [`steps`] | optimizers: the oracle's steps, and which buffers they need |
//! | [`writes`] | what is written, to the bit, in place and beside |

use super::LIBRARIES;
use crate::common::library::Library;

mod configurations;
mod finite;
mod limits;
mod observe;
mod outlook;
mod ranges;
mod refused;
mod spent;
mod steps;
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
