//! The core's test of threads, built here for ThreadSanitizer; see `threads.sh`.

extern crate trimtab_core as trimtab; // The name that the shared file knows.

#[path = "../../../../tests/concurrency.rs"]
mod concurrency;
