//! What the benches share.
//!
//! | file | holds |
//! |---|---|
//! | `data.rs` | aligned memory with reproducible numbers |
//! | `../ffi/rigs/ceilings/read.rs` | the plain read |
//! | `../ffi/rigs/ceilings/native.rs` | plain loops in C, built and loaded when a bench starts |
//! | `work.rs` | the networks of the tables, and one step of the main job |
//! | `right.rs` | every work checked against plain f64 before it is measured |
//! | `measure.rs` | how the criterion benches are set up |
//! | `duel.rs` | two sides of a ratio, measured in turns |

#![allow(dead_code)] // Every bench is a crate of its own and uses only a part of this.

pub mod data;
pub mod duel;
pub mod measure;
#[path = "../../ffi/rigs/ceilings/native.rs"]
pub mod native;
#[path = "../../ffi/rigs/ceilings/read.rs"]
pub mod read;
pub mod right;
pub mod work;
