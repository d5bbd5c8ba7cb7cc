#!/bin/sh
# Tests of the core and of the C ABI under Miri, which runs them in an interpreter and stops at undefined behaviour: a
# pointer outside its buffer or its borrow, memory that is not initialised, a value that its type does not have.
#
# Needs the nightly toolchain with the components miri and rust-src. Arguments are those of the test programs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cargo=${TRIMTAB_NIGHTLY:-cargo +nightly}

# On x86-64 and 64-bit Arm there is assembly in the way, in the look at the processor and in libm, and vectors that Miri
# does not know. On this machine everything is plain Rust.
target=riscv64gc-unknown-linux-gnu
# C in development dependencies is compiled for the machine that runs this, and never linked.
export CC_riscv64gc_unknown_linux_gnu=cc CRATE_CC_NO_DEFAULTS=1
export MIRIFLAGS="-Zmiri-disable-isolation ${MIRIFLAGS:-}"

if ! $cargo miri --version; then
    echo "NOT RUN: this needs a nightly toolchain with Miri:" \
        "rustup toolchain install nightly --component miri,rust-src" >&2
    exit 1
fi

cd "$here/../../.."
run() {
    $cargo miri test --locked --target "$target" --target-dir "$here/target/miri" "$@"
}

# What needs many elements or many tries is left out: Miri is hundreds of times slower than a test build.
long="--skip differential:: --skip vectors:: --skip observe:: --skip limits:: --skip centring:: --skip outlook::"
long="$long --skip defaults:: --skip threads:: --skip every_bit_flipped --skip every_byte_changed --skip anything_at_all"
long="$long --skip a_chain_is_its_methods_one_after_another --skip optimizers_are_the_oracle --skip finite::"
long="$long --skip rounded_to_the_nearest --skip keeps_its_digits --skip several_threads --skip every_bit_comes_back"
# shellcheck disable=SC2086 # words
run -p trimtab --lib --test checkpoint --test descriptors --test errors --test pipeline --test refusals --test suite -- \
    $long "$@"
# shellcheck disable=SC2086
run -p trimtab-ffi --lib --no-default-features --features std -- --skip corpus:: $long "$@"
