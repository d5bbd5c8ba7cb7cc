//! The C ABI as a C program sees it: raw pointers and plain structs in, a status out.
//!
//! These are unit tests of the library, because a static and a dynamic library cannot be linked to a Rust test. They
//! share nothing with the core's tests: expected values come from the vectors, from the header and from mathematics.
//!
//! | file | holds |
//! |---|---|
//! | `c.rs` | the functions of the header, callable without `unsafe` |
//! | `status.rs` | the status codes, as numbers |
//! | `blob.rs` | a buffer of any element type, aligned as C's malloc would |
//! | `world.rs` | everything one call can touch, and a snapshot of every byte of it |
//! | `call.rs` | every function that takes gradients, with the arguments of one call |
//! | `hostile/` | bytes that are a program, and what is claimed for every program |
//! | `refuse.rs` | "refused with this code, and not one byte moved" |
//! | the others | tests |

mod blob;
mod c;
mod call;
mod hostile;
mod refuse;
mod status;
mod world;

mod accepted;
mod blame;
mod chain;
mod checkpoint;
mod chunks;
mod configs;
mod corpus;
mod defaults;
mod descriptors;
mod gradients;
mod growing;
mod guard;
mod info;
mod moments;
mod outlook;
mod pointers;
mod slots;
mod spent;
mod states;
mod threads;
mod vectors;
mod writes;
