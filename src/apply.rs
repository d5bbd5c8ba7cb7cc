//! The write pass: the pending affines, applied to the gradients in place or into other buffers.

use crate::affine::Affine;
use crate::kernel::{self, Buffer};
use crate::status::{Error, require_same};
use crate::tensor::{Paired, Tensor, elements};
use crate::threads::{self, LEAST_TO_PASS};

/// Writes every gradient: `y = clamp((x - center) * scale, -limit, limit)`, computed in f64 and
/// rounded to the dtype, 16-bit types twice: to f32 and from there. Plain scaling of f32 by a factor
/// that is a normal f32 is one multiplication in f32, after the factor is rounded to f32.
///
/// Afterwards every descriptor is spent, as a fresh one: the affine is the identity, the moments are 0, and every method
/// and write returns [`Error::Order`] until the next [`observe`](fn@crate::observe). Statistics of the written gradients
/// are available before the write, from [`Tensor::moments_after`]. A tensor with nothing pending is neither read nor
/// written.
///
/// # Errors
///
/// Each names the first tensor at fault, and nothing is written then:
/// [`Error::ReadOnly`] the gradient is [borrowed for reading](Tensor::read);
/// [`Error::Order`] not observed; [`Error::NonFinite`] NaN or infinity in the gradient;
/// [`Error::Overflow`] `min(limit, |scale| * (abs_max + |center|))` exceeds the largest finite
/// value of the dtype; [`Error::BadState`] an affine or moments that no call can have left.
///
/// ```
/// use trimtab::{Scale, Tensor, apply, observe};
/// let mut gradient = [1.0_f32, -2.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Scale::new(0.5).decide(&mut grads)?;
/// apply(&mut grads)?;
/// assert_eq!(gradient, [0.5, -1.0]);
/// # Ok::<(), trimtab::Error>(())
/// ```
pub fn apply(grads: &mut [Tensor]) -> Result<(), Error> {
    let mut tensors = grads.iter().enumerate();
    tensors.try_for_each(|(index, tensor)| tensor.check_writable(index))?;
    check(grads)?;
    threads::pass(elements(grads), LEAST_TO_PASS, |crew| {
        crew.divide(&mut *grads, &|part: &mut [Tensor]| {
            let pending = |tensor: &&mut Tensor| *tensor.affine() != Affine::IDENTITY;
            for tensor in part.iter_mut().filter(pending) {
                let affine = *tensor.affine();
                kernel::write_in_place(crew, tensor.buffer_mut(), &affine);
            }
        });
    })?;
    grads.iter_mut().for_each(Tensor::spend);
    Ok(())
}

/// Writes gradient `i` into `outputs[i]` instead, a buffer of the same dtype and length. Gradients,
/// moments and affines stay as they are: this spends nothing.
///
/// # Errors
///
/// As [`apply`], and [`Error::BadLength`] or [`Error::BadDtype`] if an output does not match.
///
/// ```
/// use trimtab::{Buffer, Scale, Tensor, apply_into, observe};
/// let (mut gradient, mut result) = ([1.0_f32, -2.0], [0.0_f32; 2]);
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Scale::new(0.5).decide(&mut grads)?;
/// apply_into(&grads, &mut [Buffer::from(&mut result[..])])?;
/// assert_eq!((gradient, result), ([1.0, -2.0], [0.5, -1.0]));
/// # Ok::<(), trimtab::Error>(())
/// ```
pub fn apply_into(grads: &[Tensor], outputs: &mut [Buffer]) -> Result<(), Error> {
    apply_into_with(grads, outputs)
}

/// [`apply_into`] for callers whose own structs hold the outputs.
///
/// # Errors
///
/// As [`apply_into`].
#[doc(hidden)]
pub fn apply_into_with<O: Outputs>(grads: &[Tensor], mut outputs: O) -> Result<(), Error> {
    check(grads)?;
    require_same(outputs.len(), grads.len())?;
    for (index, tensor) in grads.iter().enumerate() {
        let output = outputs.output(index).ok_or(Error::BadLength { index })?;
        if output.len() != tensor.len() {
            return Err(Error::BadLength { index });
        }
        if output.dtype() != tensor.dtype() {
            return Err(Error::BadDtype { index });
        }
    }
    threads::pass(elements(grads), LEAST_TO_PASS, |crew| {
        let work = Paired::new(grads, outputs, O::split_at);
        crew.divide(work, &|mut part: Paired<O>| {
            for (index, tensor) in part.grads.iter().enumerate() {
                if let Some(mut output) = part.with.output(index) {
                    kernel::write_into(crew, tensor.buffer(), &mut output, tensor.affine());
                }
            }
        });
    })
}

/// The outputs of [`apply_into_with`]: a slice of buffers, or a type of the caller's own that makes
/// them. `output` is called twice for each index, once to check and once to write.
#[doc(hidden)]
#[allow(clippy::len_without_is_empty)] // A count, not a container.
pub trait Outputs: Send + Sized {
    /// Number of outputs.
    fn len(&self) -> usize;

    /// The output for tensor `index`; None from `len()` on.
    fn output(&mut self, index: usize) -> Option<Buffer<'_>>;

    /// The first `at` outputs, and the rest; `at` is below `len()`.
    fn split_at(self, at: usize) -> (Self, Self);
}

impl Outputs for &mut [Buffer<'_>] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn output(&mut self, index: usize) -> Option<Buffer<'_>> {
        self.get_mut(index).map(Buffer::reborrow)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        // The bound tells the compiler that nothing here can panic.
        self.split_at_mut(at.min(self.len()))
    }
}

fn check(grads: &[Tensor]) -> Result<(), Error> {
    for (index, tensor) in grads.iter().enumerate() {
        tensor.check(index)?;
        tensor.check_bound(index, tensor.dtype().max())?;
    }
    Ok(())
}
