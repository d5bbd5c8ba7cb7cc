//! Physics-informed networks trained through trimtab (scaffold).
pub mod activation;
pub mod init;
pub mod jet;
pub mod linalg;
pub mod network;
pub mod problem;
pub mod real;
pub mod loss;
