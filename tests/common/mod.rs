//! What several integration tests share: exact rounding, random data, and one list of all methods.
//!
//! | file | holds |
//! |---|---|
//! | [`number`] | the four element types seen by a test: exact value, rounding, ulp, bits |
//! | [`bad`] | configurations and states that must be refused |
//! | [`chain`] | methods one behind the other, through core and oracle |
//! | [`compare`] | comparisons that say where and by how much |
//! | [`data`] | reproducible random gradients, and their conversion to tensors and to the oracle |
//! | [`method`] | every method as one enum: how to ask the core for it, and how to ask the oracle |
//! | [`list`] | the list of all methods that generic tests walk |
//! | [`random`] | the random numbers |
//! | [`snapshot`] | the bits of everything a call may not move when it refuses |
//!
//! Every integration test is a crate of its own and uses only a part of this, hence the `dead_code` where it is included.

pub mod bad;
pub mod chain;
pub mod compare;
pub mod data;
pub mod list;
pub mod method;
pub mod number;
pub mod random;
pub mod snapshot;
