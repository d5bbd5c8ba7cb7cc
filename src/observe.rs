//! The read pass.

use crate::kernel;
use crate::moments::Moments;
use crate::status::Error;
use crate::tensor::{Tensor, elements};
use crate::threads::{self, LEAST_TO_PASS};

/// Reads every gradient once: fills the moments of each tensor and resets its affine to the
/// identity. The gradients are not written.
///
/// # Errors
///
/// [`Error::NonFinite`], with the index of the first tensor that holds NaN, an infinity, or (f64) a
/// magnitude beyond 1e150. The moments of *all* tensors are filled and their affines reset all the same,
/// so that a [`Guard`](crate::Guard) can decide.
///
/// ```
/// use trimtab::{Error, Tensor, observe};
/// let (mut good, mut bad) = ([1.0_f32], [f32::NAN]);
/// let mut grads = [Tensor::weight(&mut good), Tensor::weight(&mut bad)];
/// assert_eq!(observe(&mut grads), Err(Error::NonFinite { tensor: 1 }));
/// assert_eq!(grads[0].moments().sum, 1.0);
/// ```
pub fn observe(grads: &mut [Tensor]) -> Result<(), Error> {
    threads::pass(elements(grads), LEAST_TO_PASS, |crew| {
        crew.divide(&mut *grads, &|part: &mut [Tensor]| {
            for tensor in part {
                let mut moments = Moments::default();
                kernel::observe_buffer(crew, tensor.buffer(), &mut moments);
                tensor.set_moments(moments);
            }
        });
    })?;
    let mut tensors = grads.iter().enumerate();
    tensors.try_for_each(|(index, tensor)| tensor.moments().check_finite(index))
}
