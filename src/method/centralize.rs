//! Gradient centralization (arXiv 2004.01461): the mean removed, nothing else.

use super::terms::Roles;
use crate::decide::{self, Decision};
use crate::setters::setters;
use crate::status::Error;
use crate::tensor::Tensor;

/// Subtracts the mean of each gradient: `g <- g - mean(g)`. No state.
///
/// A gradient whose standard deviation counts as 0 ([`Moments::std`](crate::Moments::std)) becomes zeros, as does a single
/// element: the remainder about the mean is rounding. The mean is that of the whole tensor. The published method takes it
/// per output: for that describe each row as a tensor.
///
/// ```
/// use trimtab::{Centralize, Tensor, apply, observe};
/// let mut gradient = [1.0_f64, 2.0, 6.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Centralize::default().decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert_eq!(gradient, [-2.0, -1.0, 3.0]);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Centralize {
    /// The tensors changed; default weights.
    pub roles: Roles,
}

setters!(Centralize: with_roles = roles: Roles);

impl Centralize {
    /// Decides for every tensor or refuses the whole call.
    ///
    /// # Errors
    ///
    /// Those of every method: [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`].
    pub fn decide(&self, grads: &mut [Tensor]) -> Result<(), Error> {
        decide::each(grads, |_, tensor| {
            Ok(match self.roles.include(tensor) {
                true => Decision::centralize_and_scale(1.0),
                false => Decision::KEEP,
            })
        })
    }
}
