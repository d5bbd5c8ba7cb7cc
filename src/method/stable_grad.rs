//! StableGrad (arXiv 2605.19856): every weight gradient at the scale of the prediction gradient.

use super::terms::{Roles, is_eps, is_positive};
use crate::decide::{self, Decision};
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Divides each weight gradient by its own standard deviation and multiplies it by one reference:
///
/// ```text
/// s_l = std(g_l);   g_l <- g_l * reference / (s_l + eps)
/// ```
///
/// for every eligible tensor with at least 2 elements and `s_l > 0`; all others stay as they are.
/// No mean is removed, so the direction of each gradient is kept. No state.
///
/// The reference is the standard deviation of the prediction gradient dL/dy over the whole batch:
/// observe its buffers ([`Moments::observe_chunk`](crate::Moments::observe_chunk),
/// pooled with [`merge`](crate::Moments::merge)) and take [`std`](crate::Moments::std). In a PINN
/// the output u also enters the loss through its derivatives, and for a pure Poisson residual dL/du
/// is zero away from the boundary: pool the gradients with respect to u *and* its derivatives. The
/// standard deviation of the last weight gradient is the poorest choice, because it starts as large
/// as the gradients themselves. With SGD a constant may serve best: the reference then sets the rate
/// of the weights relative to the biases, which stay as they are.
///
/// ```
/// use trimtab::{Moments, StableGrad, Tensor, apply, observe};
/// let mut prediction = Moments::default();
/// prediction.observe_chunk(&[0.5_f32, -0.5, 1.5])?; // dL/dy, std 1
/// let mut gradient = [1e-6_f32, 3e-6, 5e-6]; // std 2e-6
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// StableGrad::default().decide(prediction.std(), &mut grads)?;
/// apply(&mut grads)?;
/// assert!((gradient[2] - 2.5).abs() < 1e-6);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StableGrad {
    /// The tensors changed; default weights.
    pub roles: Roles,
    /// Added to the standard deviation; finite, >= 0, default 0.
    pub eps: f64,
}

setters!(StableGrad: with_roles = roles: Roles, with_eps = eps: f64);

impl StableGrad {
    /// Decides for every tensor or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`] eps; [`Error::BadReference`] unless the reference is finite and
    /// greater than 0; [`Error::Overflow`] if a scale or a deviation leaves the range of f64; and those of every
    /// method: [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`].
    pub fn decide(&self, reference: f64, grads: &mut [Tensor]) -> Result<(), Error> {
        require(is_eps(self.eps), "stable_grad: eps must be finite and >= 0")?;
        if !is_positive(reference) {
            return Err(Error::BadReference);
        }
        decide::each(grads, |index, tensor| {
            let std = tensor.outlook().std();
            // False for the NaN of fewer than two elements.
            let eligible = self.roles.include(tensor) && std > 0.0;
            Ok(match eligible {
                true => {
                    let divisor = decide::in_range(std, index)? + self.eps;
                    Decision::scale(decide::quotient(reference, divisor, index)?)
                }
                false => Decision::KEEP,
            })
        })
    }
}
