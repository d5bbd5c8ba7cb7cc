//! What the fuzz target shares with the tests of the C ABI.

#[path = "../../../tests/abi/c.rs"]
pub mod c;
#[path = "../../../tests/abi/hostile/mod.rs"]
pub mod hostile;
#[path = "../../../tests/abi/raw.rs"]
pub mod raw;
