//! The C ABI as a C program sees it: raw pointers and plain structs in, a status out.
//!
//! These are unit tests of the library, because a static and a dynamic library cannot be linked to a Rust test. What
//! holds in Rust and in C alike is tested by the suite in `tests/suite/`, for which `library.rs` is the C ABI in Rust's
//! types; what C alone has, or can get wrong, is tested here.
//!
//! | file | holds |
//! |---|---|
//! | `c.rs` | the functions of the header, callable without `unsafe` |
//! | `raw.rs` | the arguments of a call as a C program passes them, to be spoilt one by one |
//! | `library.rs` | the C ABI as the suite sees it |
//! | `hostile/` | bytes that are a program, and what is claimed for every program |
//! | the others | tests |

mod library;
mod raw;

#[path = "../../../tests/suite/mod.rs"]
mod suite;

/// What the suite is run against.
use library::LIBRARIES;

mod c;
mod hostile;

mod buffers;
mod chain;
mod configurations;
mod corpus;
mod descriptors;
mod info;
mod pointers;
mod records;
