#!/bin/sh
# Builds the fuzz target with cargo alone, as cargo-fuzz does, and runs it on the committed corpus. Arguments are
# libFuzzer's. With -merge=1 or -set_cover_merge=1 the folders are the arguments', too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=x86_64-unknown-linux-gnu
cargo=${TRIMTAB_NIGHTLY:-cargo +nightly}

coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="--cfg fuzzing $coverage -Zsanitizer=address -Ccodegen-units=1" \
    $cargo build --release --locked --manifest-path "$here/Cargo.toml" --target "$target" --target-dir "$here/target"

program="$here/target/$target/release/abi"
mkdir -p "$here/artifacts" "$here/target/found"
rm -rf "$here/target/corpus" && mkdir "$here/target/corpus"
tar -xzf "$here/corpus.tar.gz" -C "$here/target/corpus"
case " $* " in
    *"merge=1 "*) exec "$program" "$@" ;;
    *) exec "$program" -max_len=2048 -artifact_prefix="$here/artifacts/" "$@" "$here/target/found" "$here/target/corpus/abi" ;;
esac
