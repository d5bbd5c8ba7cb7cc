//! Tests that hold for the library in Rust and in C alike. Each is written once, for `LIBRARIES` of whoever includes
//! this, and walks the descriptions in `common/methods.rs`.
//!
//! | file | claims |
//! |---|---|
//! | [`complete`] | every method, configuration, field and default of the header is described |
//! | [`configurations`] | every field of every configuration is refused out of its range |
//! | [`defaults`] | and read |
//! | [`states`] | states and parameters that no call can have left are refused |
//! | [`chains`] | a chain in one call is its methods one after the other, or nothing has changed |
//! | [`guard`] | what the guard counts and silences, and when it gives up |
//! | [`differential`] | every method and chain in every dtype is what the oracle makes of the data |
//! | [`outlook`] | what is told before the write is what is written |
//! | [`vectors`] | all of it reproduces the cases of an independent implementation |
//! | [`observe`] | the read pass: sums to the bit, chunks, merging |
//! | [`writes`] | what is written, to the bit, in place and beside |
//! | [`steps`] | optimizers: the oracle's steps, and which buffers they need |
//! | [`refused`] | gradients that nobody goes on with, and who is to blame |
//! | [`threads`] | several threads write what one writes |
//! | [`spent`] | a write spends its descriptors |
//! | [`finite`] | an accepted step has written finite numbers, and no other is refused |
//! | [`limits`] | gradients at the ends of their types |
//! | [`ranges`] | what leaves the range of f64 on the way |
//! | [`records`] | states as bytes, and back |
//! | [`centring`] | what is told as 0 is written as 0; digits of the variance |
//! | [`init`] | standard deviations to draw weights from |
//! | [`moments_after`] | the outlook by hand |

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
mod init;
mod limits;
mod moments_after;
mod observe;
mod outlook;
mod ranges;
mod records;
mod refused;
mod spent;
mod states;
mod steps;
mod threads;
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
