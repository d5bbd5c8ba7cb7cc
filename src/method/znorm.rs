//! Z-score normalisation of gradients (arXiv 2408.01215).

use super::terms::{Roles, is_eps};
use crate::decide::{self, Decision};
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Gives each gradient mean 0 and standard deviation 1: `g <- (g - mean(g)) / (std(g) + eps)`.
///
/// A tensor with fewer than 2 elements or standard deviation 0 stays as it is. No state.
///
/// ```
/// use trimtab::{Tensor, Znorm, apply, observe};
/// let mut gradient = [1.0_f64, 3.0, 5.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Znorm::default().with_eps(0.0).decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert_eq!(gradient, [-1.0, 0.0, 1.0]);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Znorm {
    /// The tensors changed; default weights.
    pub roles: Roles,
    /// Added to the standard deviation; finite, >= 0, default 1e-8.
    pub eps: f64,
}

impl Default for Znorm {
    fn default() -> Self {
        Self {
            roles: Roles::Weights,
            eps: 1e-8,
        }
    }
}

setters!(Znorm: with_roles = roles: Roles, with_eps = eps: f64);

impl Znorm {
    /// Decides for every tensor or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`] eps; [`Error::Overflow`] if a scale or a deviation leaves the range of f64; and those
    /// of every method: [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`].
    pub fn decide(&self, grads: &mut [Tensor]) -> Result<(), Error> {
        require(is_eps(self.eps), "znorm: eps must be finite and >= 0")?;
        decide::each(grads, |index, tensor| {
            let std = tensor.outlook().std();
            // False for the NaN of fewer than two elements.
            let eligible = self.roles.include(tensor) && std > 0.0;
            Ok(match eligible {
                true => {
                    let divisor = decide::in_range(std, index)? + self.eps;
                    Decision::centralize_and_scale(decide::quotient(1.0, divisor, index)?)
                }
                false => Decision::KEEP,
            })
        })
    }
}
