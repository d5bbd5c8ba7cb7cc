//! Adaptive gradient clipping (arXiv 2102.06171), per tensor.

use super::terms::{is_eps, is_positive};
use crate::decide::{self, Decision};
use crate::moments::Moments;
use crate::setters::setters;
use crate::status::{Error, require, require_same};
use crate::tensor::Tensor;

/// Clips each gradient to a fraction of the norm of its parameter:
///
/// ```text
/// R = ||g||;   bound = max(||w||, eps) * clipping;   R > bound:  g <- g * bound / R
/// ```
///
/// The paper does this per unit: for that describe each row as a tensor, with the moments of its row of
/// the parameter. No state; weights and biases.
///
/// ```
/// use trimtab::{Agc, Moments, Tensor, apply, observe};
/// let mut weight = Moments::default();
/// weight.observe_chunk(&[3.0_f32, 4.0])?; // norm 5
/// let mut gradient = [0.0_f32, 10.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Agc::default().decide(&[weight], &mut grads)?;
/// apply(&mut grads)?;
/// assert!((gradient[1] - 0.05).abs() < 1e-8);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Agc {
    /// Upper bound on the ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
    pub clipping: f64,
    /// Lower bound on the parameter norm; finite, >= 0, default 1e-3.
    pub eps: f64,
}

impl Default for Agc {
    fn default() -> Self {
        Self {
            clipping: 0.01,
            eps: 1e-3,
        }
    }
}

setters!(Agc: with_clipping = clipping: f64, with_eps = eps: f64);

impl Agc {
    /// Decides for every tensor or refuses the whole call. `params[i]` are the moments of the
    /// parameter that `grads[i]` is the gradient of.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`]; [`Error::BadLength`] unless there are as many parameters as tensors;
    /// [`Error::NonFinite`] also for the moments of a parameter; [`Error::Overflow`] if a norm leaves
    /// the range of f64; and those of every method: [`Error::Order`], [`Error::BadState`].
    pub fn decide(&self, params: &[Moments], grads: &mut [Tensor]) -> Result<(), Error> {
        require(
            is_positive(self.clipping),
            "agc: clipping must be finite and > 0",
        )?;
        require(is_eps(self.eps), "agc: eps must be finite and >= 0")?;
        require_same(params.len(), grads.len())?;
        decide::each(grads, |index, tensor| {
            let param = params.get(index).copied().unwrap_or_default();
            param.check_shape(index)?;
            param.check_finite(index)?;
            let size = param.norm().max(self.eps);
            let bound = decide::kept(size * self.clipping, size == 0.0, index)?;
            let norm = decide::in_range(tensor.outlook().norm(), index)?;
            Ok(Decision::scale(super::clip_norm::shrink(
                norm, bound, index,
            )?))
        })
    }
}
