#!/bin/sh
# The core's test of threads under ThreadSanitizer: the library, rayon and the standard library instrumented. Needs the
# nightly toolchain with the component rust-src.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=x86_64-unknown-linux-gnu
cargo=${TRIMTAB_NIGHTLY:-cargo +nightly}

# crossbeam's queues order their accesses by fences, which ThreadSanitizer does not know.
TSAN_OPTIONS="halt_on_error=1 suppressions=$here/threads.supp ${TSAN_OPTIONS:-}" RUSTFLAGS="-Zsanitizer=thread" \
    $cargo test --release --locked --manifest-path "$here/Cargo.toml" -Zbuild-std --target "$target" \
    --target-dir "$here/target/threads" --test concurrency -- "$@"
