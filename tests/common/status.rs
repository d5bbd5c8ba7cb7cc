//! The status codes, written out as `ARCHITECTURE.md` fixes them and not taken from the library.

pub const OK: i32 = 0;
pub const SKIP_STEP: i32 = 1;
pub const NULL_POINTER: i32 = -1;
pub const BAD_DTYPE: i32 = -2;
pub const BAD_CONFIG: i32 = -3;
pub const BAD_REFERENCE: i32 = -4;
pub const BAD_STATE: i32 = -5;
pub const NON_FINITE: i32 = -6;
pub const OVERFLOW: i32 = -7;
pub const ORDER: i32 = -8;
pub const DIVERGED: i32 = -9;
pub const UNSUPPORTED: i32 = -10;
pub const MISALIGNED: i32 = -11;
pub const BAD_LENGTH: i32 = -12;
pub const BAD_MAGIC: i32 = -13;
pub const BAD_VERSION: i32 = -14;
pub const WRONG_KIND: i32 = -15;
pub const WRONG_COUNT: i32 = -16;
pub const TRUNCATED: i32 = -17;
pub const BAD_CHECKSUM: i32 = -18;

/// The name of a code, for failures that can be read.
pub fn name(code: i32) -> String {
    let names = [
        "SKIP_STEP",
        "OK",
        "NULL_POINTER",
        "BAD_DTYPE",
        "BAD_CONFIG",
        "BAD_REFERENCE",
        "BAD_STATE",
        "NON_FINITE",
        "OVERFLOW",
        "ORDER",
        "DIVERGED",
        "UNSUPPORTED",
        "MISALIGNED",
        "BAD_LENGTH",
        "BAD_MAGIC",
        "BAD_VERSION",
        "WRONG_KIND",
        "WRONG_COUNT",
        "TRUNCATED",
        "BAD_CHECKSUM",
    ];
    let index = usize::try_from(1 - code).ok();
    let known = index.and_then(|index| names.get(index));
    known.map_or_else(|| format!("unknown status {code}"), |name| name.to_string())
}

/// Fails with names instead of numbers.
#[track_caller]
pub fn expect(what: &str, actual: i32, expected: i32) {
    assert!(
        actual == expected,
        "{what}: {} instead of {}",
        name(actual),
        name(expected)
    );
}
