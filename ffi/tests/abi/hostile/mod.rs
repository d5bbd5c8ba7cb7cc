//! Bytes that are a program: gradients, configurations, states and a sequence of calls, all of them possibly hostile.
//!
//! The same code runs in two places: `cargo test` plays the committed corpus and random bytes (`../corpus.rs`), and the
//! fuzz target `ffi/rigs/fuzz` looks for bytes that reach new code. What is claimed for every program:
//!
//! Methods and optimizers are those of `tests/common/methods.rs`; a new one takes part by itself.
//!
//! | claim | where |
//! |---|---|
//! | every status is one of the header's | `play.rs` |
//! | a refused call changes no bit of anything, an accepted one only what it is for | `play.rs` |
//! | observed moments are, to the bit, the sums in the order that the header fixes | `read.rs` |
//! | an accepted method decides what the oracle does to the data | `decided.rs` |
//! | what is told before a write bounds what it would write | `outlook.rs` |
//! | an accepted write writes the pending affine, finite, and spends the descriptors | `written.rs` |
//! | an accepted optimizer step is the oracle's, and spends them too | `stepped.rs` |
//! | states saved come back to the bit, damaged bytes change nothing | `saved.rs` |
//!
//! Memory is always valid: a pointer is NULL, misaligned, or to as many elements as it is said to be to. Lengths that
//! lie are either shorter or impossible. That is the caller's promise, which no library can check.

mod blob;
mod call;
mod decided;
mod outlook;
mod play;
mod read;
mod saved;
mod source;
mod spoil;
mod stepped;
mod world;
mod written;

pub use call::Call;
pub use play::{Tally, play};

/// The largest magnitude of f64 that counts as finite: see trimtab_observe in the header.
const LARGEST: f64 = 1e150;
