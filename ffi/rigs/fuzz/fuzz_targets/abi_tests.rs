//! What the fuzz target shares with the tests of the C ABI.

#[path = "../../../tests/abi/blob.rs"]
pub mod blob;
#[path = "../../../tests/abi/c.rs"]
pub mod c;
#[path = "../../../tests/abi/call.rs"]
pub mod call;
#[path = "../../../tests/abi/hostile/mod.rs"]
pub mod hostile;
#[path = "../../../tests/abi/status.rs"]
pub mod status;
#[path = "../../../tests/abi/world.rs"]
pub mod world;
