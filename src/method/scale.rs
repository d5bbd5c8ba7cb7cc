//! Pure scalings: by a factor of the caller's, and by the inverse of a loss scale.

use super::terms::is_positive;
use crate::decide;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Multiplies every gradient by a factor: `g <- g * factor`. No state; weights and biases.
///
/// ```
/// use trimtab::{Scale, Tensor, apply, observe};
/// let mut gradient = [1.0_f32, -2.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Scale::new(3.0).decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert_eq!(gradient, [3.0, -6.0]);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Scale {
    /// The factor; finite. 0 writes zeros.
    pub factor: f64,
}

impl Scale {
    /// Scales by this factor.
    pub const fn new(factor: f64) -> Self {
        Self { factor }
    }

    /// Decides for every tensor or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`] factor; [`Error::Overflow`] if a scale leaves the range of f64; and
    /// those of every method: [`Error::Order`] (not observed), [`Error::NonFinite`],
    /// [`Error::BadState`].
    pub fn decide(&self, grads: &mut [Tensor]) -> Result<(), Error> {
        require(self.factor.is_finite(), "scale: factor must be finite")?;
        decide::scale_all(grads, self.factor)
    }
}

/// Undoes a loss scale: `g <- g / loss_scale`. No state; weights and biases.
///
/// Mixed-precision training multiplies the loss so that small f16 gradients do not vanish. Put a
/// [`Guard`](crate::Guard) before this: gradients that overflowed under the loss scale are not
/// finite, and this refuses them.
///
/// ```
/// use trimtab::{Tensor, Unscale, apply, observe};
/// let mut gradient = [1024.0_f32, -512.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Unscale::new(1024.0).decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert_eq!(gradient, [1.0, -0.5]);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Unscale {
    /// The factor of the loss; finite, > 0.
    pub loss_scale: f64,
}

impl Unscale {
    /// Undoes this loss scale.
    pub const fn new(loss_scale: f64) -> Self {
        Self { loss_scale }
    }

    /// Decides for every tensor or refuses the whole call; errors as [`Scale::decide`].
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`] loss_scale; and those of [`Scale::decide`].
    pub fn decide(&self, grads: &mut [Tensor]) -> Result<(), Error> {
        require(
            is_positive(self.loss_scale),
            "unscale: loss_scale must be finite and > 0",
        )?;
        decide::scale_all(grads, decide::quotient(1.0, self.loss_scale, 0)?)
    }
}
