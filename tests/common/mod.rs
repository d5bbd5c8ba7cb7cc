//! What the tests share: one description of each method, one way to ask the library in Rust and in C, and test data.
//!
//! | file | holds |
//! |---|---|
//! | [`methods`] | **every method, described once**: a new one is added here |
//! | [`optimizers`] | the same for the optimizers |
//! | [`table`] | what such a description is made of: fields, ranges, values |
//! | [`rules`] | from a description to the oracle |
//! | [`states`] | what methods remember, and states that no step can have left |
//! | [`library`] | what a library can be asked; [`rust`]: the Rust API (`ffi/tests/abi/library.rs`: the C ABI) |
//! | [`world`] | everything that one call can touch, and the bits of all of it |
//! | [`calls`] | methods, writes and steps as one list |
//! | [`saved`] | states to be saved, and records made without the library |
//! | [`status`] | the status codes, as numbers |
//! | [`chain`] | methods one behind the other, through library and oracle |
//! | [`number`] | the four element types seen by a test: exact value, rounding, ulp, bits |
//! | [`elements`] | a buffer whose type is known at run time |
//! | [`data`] | reproducible random gradients, and their conversion to tensors and to the oracle |
//! | [`random`] | the random numbers |
//! | [`compare`] | comparisons that say where and by how much |
//! | [`snapshot`] | the bits of tensors |
//!
//! Every integration test is a crate of its own and uses only a part of this, hence the `dead_code` where it is included.

pub mod calls;
pub mod chain;
pub mod compare;
pub mod data;
pub mod elements;
pub mod library;
pub mod methods;
pub mod number;
pub mod optimizers;
pub mod random;
pub mod rules;
pub mod rust;
pub mod saved;
pub mod snapshot;
pub mod states;
pub mod status;
pub mod table;
pub mod world;
