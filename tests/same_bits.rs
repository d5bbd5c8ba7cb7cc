//! The same bits everywhere: every pass and every method, at every level of this processor and with any number of
//! threads, against plain Rust on one.
//!
//! | file | holds |
//! |---|---|
//! | `worlds.rs` | the levels and numbers of threads to compare, and the comparison |
//! | `inputs.rs` | elements made of integers, with subnormals, signed zeros, largest values and NaN among them |
//! | `passes.rs` | each pass once, from inputs to the bits of all that it leaves behind |
//! | `read.rs`, `write.rs`, `steps.rs`, `methods.rs` | the cases |
//! | `threads.rs` | those that are long enough for several threads, with 1, 2, 3 and 7 of them |
//! | `table.rs`, `hashes.txt` | hashes of results, to hold another machine, compiler or architecture against |
//!
//! Level and threads are those of the whole process, so the tests of this file take turns. An optimised build is another
//! compiler's work: `cargo test --release --features rayon --test same_bits` is worth its minute.
//! On another architecture, with its linker and an emulator named in the environment as cargo wants them:
//! `cargo test --release --target aarch64-unknown-linux-musl --test same_bits`.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

#[path = "same_bits/inputs.rs"]
mod inputs;
#[path = "same_bits/methods.rs"]
mod methods;
#[path = "same_bits/passes.rs"]
mod passes;
#[path = "same_bits/read.rs"]
mod read;
#[path = "same_bits/steps.rs"]
mod steps;
#[path = "same_bits/table.rs"]
mod table;
#[path = "same_bits/threads.rs"]
mod threads;
#[path = "same_bits/worlds.rs"]
mod worlds;
#[path = "same_bits/write.rs"]
mod write;
