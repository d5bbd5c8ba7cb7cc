#!/bin/sh
# The core's test of threads under ThreadSanitizer: the library, rayon and the standard library instrumented, with the
# best instruction set of this processor and with SSE2. Before each run, races planted in it have to be found.
#
# Needs the nightly toolchain with the component rust-src. Arguments are those of the test program.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=x86_64-unknown-linux-gnu
cargo=${TRIMTAB_NIGHTLY:-cargo +nightly}
log=$here/target/threads.log

sysroot=$($cargo rustc --manifest-path "$here/Cargo.toml" --lib -Zunstable-options --print sysroot) || sysroot=nowhere
if [ ! -e "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ]; then
    echo "NOT RUN: this needs a nightly toolchain with the sources of the standard library:" \
        "rustup toolchain install nightly --component rust-src" >&2
    exit 1
fi

# crossbeam's queues read what may be being written and then throw it away, as a comment in its deque.rs says.
export TSAN_OPTIONS="halt_on_error=1 suppressions=$here/threads.supp ${TSAN_OPTIONS:-}"
run() {
    test=$1
    shift
    RUSTFLAGS="-Zsanitizer=thread" $cargo test --release --locked --manifest-path "$here/Cargo.toml" -Zbuild-std \
        --no-default-features --features std,rayon --target "$target" --target-dir "$here/target/threads" \
        --test "$test" -- --test-threads=1 "$@"
}

must_find() {
    if run planted_race "$1" >"$log" 2>&1 || ! grep -q "WARNING: ThreadSanitizer: data race" "$log"; then
        cat "$log" >&2
        echo "a planted race was not found: $1" >&2
        exit 1
    fi
    echo "found, as planted: $1"
}

mkdir -p "$here/target"
for level in best sse2; do
    echo "level: $level"
    case $level in
        best) unset TRIMTAB_LEVEL ;; # Found out by the first calls, several at once.
        *) export TRIMTAB_LEVEL="$level" ;;
    esac
    must_find what_the_library_reads_is_written
    must_find what_the_library_writes_is_read
    run concurrency "$@"
done
