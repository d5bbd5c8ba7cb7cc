//! What the benches share.
//!
//! | file | holds |
//! |---|---|
//! | `data.rs` | aligned memory with reproducible numbers |
//! | `read.rs` | the plain read |
//! | `ceilings.c`, `native.rs` | plain loops in C, built and loaded when a bench starts |
//! | `work.rs` | the networks of the tables, and one step of the main job |
//! | `right.rs` | every work checked against plain f64 before it is measured |
//! | `duel.rs` | two sides of a ratio, measured in turns |

pub mod data;
pub mod duel;
pub mod native;
pub mod read;
pub mod right;
pub mod work;
