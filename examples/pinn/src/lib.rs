//! Physics-informed networks trained through trimtab (scaffold).
pub mod activation;
pub mod args;
pub mod init;
pub mod jet;
pub mod linalg;
pub mod loss;
pub mod network;
pub mod optimizer;
pub mod problem;
pub mod real;
pub mod run;
pub mod stabilizer;
pub mod train;
