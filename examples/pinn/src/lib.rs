//! Trains deep physics-informed networks through trimtab and shows what its methods change.
//!
//! Where to look, in the order in which things happen:
//!
//! * [`cli`]: the command line
//! * [`setup`]: what decides the result of one run
//! * [`problem`]: differential equations with known solutions, training points
//! * [`init`], [`network`], [`jet`], [`activation`]: a network that carries derivatives along with values
//! * [`loss`]: the residual, its gradient, the error against the exact solution
//! * [`train`]: one step: loss and gradient, then trimtab's observe, decide and write
//! * [`method`], [`stabilizer`], [`optimizer`], [`precision`]: the calls into trimtab
//! * [`spikes`], [`recovery`]: gradients corrupted on purpose, and what comes of it
//! * [`run`]: a whole run, and several side by side
//! * [`checkpoint`]: a run on the disk, to go on from when it was killed
//! * [`study`]: many runs from one file
//! * [`screen`], [`report`], [`plots`]: what comes out
//! * [`output`]: where it goes
//! * [`notation`], [`statistics`]: `name(key=value)`, the median
//! * [`real`], [`linalg`]: number types, vectorised loops and matrix products

// Both stop the program when nobody listens; `output` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod activation;
pub mod checkpoint;
pub mod cli;
pub mod init;
pub mod jet;
pub mod linalg;
pub mod loss;
pub mod method;
pub mod network;
pub mod notation;
pub mod optimizer;
pub mod output;
pub mod plots;
pub mod precision;
pub mod problem;
pub mod real;
pub mod recovery;
pub mod report;
pub mod run;
pub mod screen;
pub mod setup;
pub mod spikes;
pub mod stabilizer;
pub mod statistics;
pub mod study;
pub mod train;
