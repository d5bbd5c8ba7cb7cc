//! Trains deep physics-informed networks through trimtab and shows what its methods change.
//!
//! Where to look, in the order in which things happen:
//!
//! * [`args`]: the command line
//! * [`problem`]: differential equations with known solutions, training points
//! * [`init`], [`network`], [`jet`], [`activation`]: a network that carries derivatives along with values
//! * [`loss`]: the residual, its gradient, the error against the exact solution
//! * [`train`]: one step: loss and gradient, then trimtab's observe, decide and write
//! * [`stabilizer`], [`optimizer`]: the calls into trimtab
//! * [`run`]: a whole run of each method, side by side
//! * [`screen`], [`report`], [`plots`]: what comes out
//! * [`real`], [`linalg`]: number types, vectorised loops and matrix products

pub mod activation;
pub mod args;
pub mod init;
pub mod jet;
pub mod linalg;
pub mod loss;
pub mod network;
pub mod optimizer;
pub mod plots;
pub mod problem;
pub mod real;
pub mod report;
pub mod run;
pub mod screen;
pub mod stabilizer;
pub mod train;
