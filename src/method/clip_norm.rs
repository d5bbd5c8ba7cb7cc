//! Clipping by norm.

use super::terms::Scope;
use crate::decide::{self, Decision};
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Clips the norm of gradients: `g <- g * min(1, max_norm / R)`.
///
/// `R` is the norm of each tensor, or with [`Scope::Global`] of all together, known as clipping by
/// global norm. No eps is added to `R`. No state; weights and biases.
///
/// ```
/// use trimtab::{ClipNorm, Scope, Tensor, apply, observe};
/// let mut gradient = [3e20_f32, 4e20]; // its f32 norm would overflow
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// ClipNorm::global(1.0).decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert!((gradient[0] - 0.6).abs() < 1e-7);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClipNorm {
    /// Upper bound on the norm; > 0, may be +infinity.
    pub max_norm: f64,
    /// One norm per tensor, or one of all together.
    pub scope: Scope,
}

impl ClipNorm {
    /// Clips to this norm, per tensor or over all.
    pub const fn new(max_norm: f64, scope: Scope) -> Self {
        Self { max_norm, scope }
    }

    /// Clips the norm of all tensors together.
    pub const fn global(max_norm: f64) -> Self {
        Self::new(max_norm, Scope::Global)
    }

    /// Clips the norm of each tensor.
    pub const fn per_tensor(max_norm: f64) -> Self {
        Self::new(max_norm, Scope::Tensor)
    }

    /// Decides for every tensor or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`] max_norm; [`Error::Overflow`] if a norm leaves the range of f64; and those
    /// of every method: [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`].
    pub fn decide(&self, grads: &mut [Tensor]) -> Result<(), Error> {
        require(self.max_norm > 0.0, "clip_norm: max_norm must be > 0")?;
        decide::check(grads)?;
        match self.scope {
            Scope::Tensor => decide::each(grads, |index, tensor| {
                let norm = decide::in_range(tensor.outlook().norm(), index)?;
                Ok(Decision::scale(shrink(norm, self.max_norm, index)?))
            }),
            Scope::Global => {
                let factor = shrink(decide::global_norm(grads)?, self.max_norm, 0)?;
                decide::scale_all(grads, factor)
            }
        }
    }
}

/// The factor that brings `norm` down to `max_norm`; 1 if `norm` is not above it.
pub(super) fn shrink(norm: f64, max_norm: f64, tensor: usize) -> Result<f64, Error> {
    if norm > max_norm {
        decide::quotient(max_norm, norm, tensor)
    } else {
        Ok(1.0)
    }
}
