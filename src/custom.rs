//! Methods of your own, alone or among those of this library.
//!
//! A method turns statistics into [`Decision`]s: [`each`] asks a rule for one per tensor, [`each_with`] for a new state
//! as well, and both decide for all tensors or for none. The rule reads the tensor's
//! [`outlook`](crate::Tensor::outlook): the gradient as the methods before this one will leave it. Such a method costs
//! the same as the others, a few operations per tensor.
//!
//! ```
//! use trimtab::custom::{Custom, Decision, Run, each_with};
//! use trimtab::{ClipNorm, Error, Link, Tensor, Verdict, apply, decide, observe};
//!
//! /// Lets no norm grow by more than a factor from one step to the next: g <- g * min(1, most * before / R).
//! struct Slew {
//!     most: f64,
//!     before: [f64; 2], // the norm of each tensor in the step before; 0: none yet
//! }
//!
//! impl Custom for Slew {
//!     fn decide(&mut self, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
//!         let most = self.most;
//!         each_with(grads, &mut self.before, run, |_, tensor, before| {
//!             let norm = tensor.outlook().norm();
//!             let bound = if before > 0.0 { most * before } else { norm };
//!             let factor = if norm > bound { bound / norm } else { 1.0 };
//!             Ok((Decision::scale(factor), norm * factor))
//!         })?;
//!         Ok(Verdict::Proceed)
//!     }
//! }
//!
//! let mut slew = Slew { most: 2.0, before: [0.0; 2] };
//! let mut step = |size: f32| {
//!     let (mut dw, mut db) = ([3.0 * size, 4.0 * size], [size]);
//!     let mut grads = [Tensor::weight(&mut dw), Tensor::bias(&mut db)];
//!     observe(&mut grads)?;
//!     let _proceed = slew.decide(&mut grads, Run::Keep)?; // alone
//!     apply(&mut grads)?;
//!     Ok::<_, Error>((dw[1], db[0]))
//! };
//! assert_eq!(step(1.0)?, (4.0, 1.0));
//! assert_eq!(step(100.0)?, (8.0, 2.0));
//!
//! let (mut dw, mut db) = ([30.0_f32, 40.0], [1.0_f32]);
//! let mut grads = [Tensor::weight(&mut dw), Tensor::bias(&mut db)];
//! observe(&mut grads)?;
//! let _proceed = decide(
//!     &mut [Link::Other(&mut slew), Link::ClipNorm(ClipNorm::per_tensor(10.0))], // in a chain
//!     &mut grads,
//! )?;
//! apply(&mut grads)?;
//! assert_eq!((dw, slew.before), ([6.0, 8.0], [20.0, 1.0]));
//! # Ok::<(), trimtab::Error>(())
//! ```

pub use crate::decide::{Decision, Run, each, each_with, global_norm};

use crate::method::Verdict;
use crate::status::Error;
use crate::tensor::Tensor;

/// A method of your own: see the [module](self).
pub trait Custom {
    /// Decides for every tensor, or refuses and leaves affines and states as they were.
    ///
    /// A chain calls this twice for the same gradients: with [`Run::Trial`], and if no method has refused, with
    /// [`Run::Keep`]. Both calls must decide alike.
    ///
    /// # Errors
    ///
    /// Those of the method.
    fn decide(&mut self, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error>;
}
