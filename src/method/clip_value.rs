//! Clipping by value.

use crate::decide;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Clamps every element: `g <- max(-limit, min(limit, g))`.
///
/// A finite limit ends a chain: its effect on the moments depends on the data, so methods that need
/// them return [`Error::Order`] after it. [`Scale`](crate::Scale),
/// [`Unscale`](crate::Unscale), [`Guard`](crate::Guard) and a second clip by value still compose.
/// No state; weights and biases.
///
/// ```
/// use trimtab::{ClipValue, Tensor, apply, observe};
/// let mut gradient = [0.1_f32, -7.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// ClipValue::new(0.5).decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert_eq!(gradient, [0.1, -0.5]);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClipValue {
    /// Upper bound on the magnitude; > 0, may be +infinity.
    pub limit: f64,
}

impl ClipValue {
    /// Clips elements to magnitudes up to this.
    pub const fn new(limit: f64) -> Self {
        Self { limit }
    }

    /// Decides for every tensor or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`] limit; and those of every method: [`Error::Order`] (not observed),
    /// [`Error::NonFinite`], [`Error::BadState`].
    pub fn decide(&self, grads: &mut [Tensor]) -> Result<(), Error> {
        require(self.limit > 0.0, "clip_value: limit must be > 0")?;
        decide::commit(grads, |index, tensor| {
            tensor.check(index)?;
            Ok(tensor.affine().then_limit(self.limit))
        })
    }
}
