//! Build script of `ffi/`.
fn main() {}
