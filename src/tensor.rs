//! The descriptor of a gradient tensor: its buffer, its role, its moments, and its pending affine.

use core::mem::offset_of;

use crate::affine::Affine;
use crate::kernel::{Buffer, Dtype, Element, Role};
use crate::moments::Moments;
use crate::outlook::Outlook;
use crate::status::Error;
use crate::threads::Work;

/// The descriptor of a gradient tensor: any contiguous range of elements that methods treat as one.
///
/// Usually the gradient of one parameter; describe each row as a tensor and every method becomes
/// row-wise. The layout is that of `trimtab_tensor` in the C header, so that both share one array.
///
/// A new tensor has not been observed: call [`observe`](fn@crate::observe) before any method. [`apply`](fn@crate::apply)
/// and the optimizers spend the descriptor, its moments and its affine: the next step observes again.
///
/// ```
/// use trimtab::{Tensor, observe};
/// let mut gradient = [1.0_f32, 2.0, 3.0];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// assert_eq!((grads[0].moments().mean(), grads[0].moments().std()), (2.0, 1.0));
/// # Ok::<(), trimtab::Error>(())
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct Tensor<'a> {
    buffer: Buffer<'a>,
    moments: Moments,
    affine: Affine,
}

// The layout of trimtab_tensor in the C header: two words, two u32, four and three 64-bit fields.
const _: () = {
    let word = size_of::<usize>();
    assert!(offset_of!(Tensor, moments) == 2 * word + 8);
    assert!(offset_of!(Tensor, affine) == 2 * word + 40);
    assert!(size_of::<Tensor>() == 2 * word + 64);
};

impl<'a> Tensor<'a> {
    /// The gradient of a weight.
    pub fn weight<T: Element>(data: &'a mut [T]) -> Self {
        Self::new(Role::Weight, data)
    }

    /// The gradient of a bias or another one-dimensional parameter.
    pub fn bias<T: Element>(data: &'a mut [T]) -> Self {
        Self::new(Role::Bias, data)
    }

    /// The gradient of a parameter with this role.
    pub fn new<T: Element>(role: Role, data: &'a mut [T]) -> Self {
        Self::over(Buffer::from(data).with_role(role))
    }

    /// The gradient of a weight, borrowed for reading: [`read`](Self::read) with [`Role::Weight`].
    pub fn read_weight<T: Element>(data: &'a [T]) -> Self {
        Self::read(Role::Weight, data)
    }

    /// The gradient of a bias, borrowed for reading: [`read`](Self::read) with [`Role::Bias`].
    pub fn read_bias<T: Element>(data: &'a [T]) -> Self {
        Self::read(Role::Bias, data)
    }

    /// A gradient borrowed for reading. Every call that does not write gradients takes it:
    /// [`observe`](fn@crate::observe), the methods, [`apply_into`](crate::apply_into) and the steps of
    /// optimizers. [`apply`](fn@crate::apply) refuses it with [`Error::ReadOnly`].
    ///
    /// ```
    /// use trimtab::{Error, Role, Scale, Sgd, Slot, StepState, Tensor, apply, observe};
    /// let (gradient, mut w) = (vec![0.5_f32, -0.5], [1.0_f32, 2.0]); // gradient is not mut
    /// let mut grads = [Tensor::read(Role::Weight, &gradient)];
    /// observe(&mut grads)?;
    /// Scale::new(2.0).decide(&mut grads)?;
    /// assert_eq!(apply(&mut grads), Err(Error::ReadOnly { tensor: 0 }));
    /// Sgd::new(0.5).step(&mut StepState::default(), &mut grads, &mut [Slot::sgd(&mut w)])?;
    /// assert_eq!((w, &gradient[..]), ([0.5, 2.5], &[0.5, -0.5][..]));
    /// # Ok::<(), trimtab::Error>(())
    /// ```
    ///
    /// The elements stay borrowed as long as the tensor is used:
    ///
    /// ```compile_fail,E0506
    /// let mut gradient = [1.0_f32];
    /// let tensor = trimtab::Tensor::read_weight(&gradient);
    /// gradient[0] = 2.0;
    /// assert_eq!(tensor.len(), 1);
    /// ```
    pub fn read<T: Element>(role: Role, data: &'a [T]) -> Self {
        Self::over(Buffer::read_only(role, data))
    }

    fn over(buffer: Buffer<'a>) -> Self {
        Self {
            buffer,
            moments: Moments::default(),
            affine: Affine::IDENTITY,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Type of the elements.
    pub fn dtype(&self) -> Dtype {
        self.buffer.dtype()
    }

    /// Weight or bias.
    pub fn role(&self) -> Role {
        self.buffer.role()
    }

    /// The elements as they lie in memory, if they are of type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        self.buffer.as_slice()
    }

    /// Statistics of the elements in the buffer, as last observed; all 0 before that and after a write.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Sets moments that were streamed ([`Moments::observe_chunk`]) or merged ([`Moments::merge`])
    /// elsewhere, and resets the affine.
    ///
    /// Their count may exceed the length: this tensor is then a shard of a larger one, and methods
    /// decide on the whole.
    pub fn set_moments(&mut self, moments: Moments) {
        self.moments = moments;
        self.affine = Affine::IDENTITY;
    }

    /// The pending transformation, decided and not yet written.
    pub fn affine(&self) -> &Affine {
        &self.affine
    }

    /// Statistics of the gradient as its pending affine will leave it.
    pub fn outlook(&self) -> Outlook<'_> {
        Outlook::new(&self.moments, &self.affine)
    }

    /// The [`outlook`](Self::outlook) as moments, by [`Moments::through`].
    ///
    /// Call it before the write, which spends both moments and affine.
    ///
    /// # Errors
    ///
    /// [`Error::Order`] not observed; [`Error::BadState`] moments or an affine that no call can have left. Both with
    /// index 0.
    pub fn moments_after(&self) -> Result<Moments, Error> {
        self.check_observed(0)?;
        Ok(self.moments.through(&self.affine))
    }

    pub(crate) fn buffer(&self) -> &Buffer<'a> {
        &self.buffer
    }

    pub(crate) fn buffer_mut(&mut self) -> &mut Buffer<'a> {
        &mut self.buffer
    }

    /// Resets the descriptor to that of an unobserved tensor, after a write, so that none is decided or written twice.
    pub(crate) fn spend(&mut self) {
        self.set_moments(Moments::default());
    }

    pub(crate) fn set_affine(&mut self, affine: Affine) {
        self.affine = affine;
    }

    /// Refuses a tensor borrowed for reading.
    pub(crate) fn check_writable(&self, tensor: usize) -> Result<(), Error> {
        match self.buffer.may_write() {
            true => Ok(()),
            false => Err(Error::ReadOnly { tensor }),
        }
    }

    /// Refuses a tensor that methods and writes cannot use: not observed, with values that no call can have left there,
    /// or not finite.
    pub(crate) fn check(&self, tensor: usize) -> Result<(), Error> {
        self.check_observed(tensor)?;
        if self.affine.scale == 0.0 {
            return Ok(()); // silenced: the elements in the buffer no longer matter
        }
        self.moments.check_finite(tensor)
    }

    /// The part of [`Tensor::check`] that also applies to gradients that are not finite.
    pub(crate) fn check_observed(&self, tensor: usize) -> Result<(), Error> {
        if self.moments.count < self.len() as u64 {
            let what = "observe the gradients first, and again after every write";
            return Err(Error::Order { tensor, what });
        }
        if !self.affine.is_valid() {
            let what = "the affine holds NaN, infinity or a negative limit; observe resets it";
            return Err(Error::BadState {
                index: tensor,
                what,
            });
        }
        self.moments.check_shape(tensor)
    }

    /// Refuses a tensor without an outlook: a pending finite limit has an unknown effect on its moments.
    pub(crate) fn check_outlook(&self, tensor: usize) -> Result<(), Error> {
        if self.affine.has_limit() && self.moments.count > 0 {
            let what = "a clip by value ends a chain: apply it, or move it behind this method";
            return Err(Error::Order { tensor, what });
        }
        Ok(())
    }

    /// Refuses a tensor whose result may exceed `largest` in magnitude. A shard without elements is refused with
    /// the others, so that all owners of a tensor write it or none does.
    pub(crate) fn check_bound(&self, tensor: usize, largest: f64) -> Result<(), Error> {
        let fits = |affine: &Affine| affine.bound(self.moments.abs_max) <= largest;
        let both_fit = fits(&self.affine) && fits(&self.affine_as_applied());
        if both_fit || self.moments.count == 0 {
            Ok(())
        } else {
            Err(Error::Overflow { tensor })
        }
    }

    /// The pending affine as the loops between gradients apply it: those over f32 round the factor of a plain scaling.
    pub(crate) fn affine_as_applied(&self) -> Affine {
        match (self.dtype(), self.affine.single()) {
            (Dtype::F32, Some(factor)) => Affine {
                scale: f64::from(factor),
                ..self.affine
            },
            _ => self.affine,
        }
    }
}

/// Number of elements of all tensors.
pub(crate) fn elements(grads: &[Tensor]) -> usize {
    grads.iter().map(Tensor::len).sum()
}

/// The index at which to divide tensors so that both parts have about as many elements; None if they are too few to be
/// worth it. The kernels divide a large tensor.
fn middle(grads: &[Tensor]) -> Option<usize> {
    let all = elements(grads);
    if grads.len() < 2 || all < 2 * PIECE {
        return None;
    }
    let mut before = 0;
    let crosses = grads.iter().position(|tensor| {
        before += tensor.len();
        before >= all / 2
    });
    crosses.map(|index| (index + 1).min(grads.len() - 1))
}

/// Smallest number of elements that a thread is given.
const PIECE: usize = 32_768;

impl Work for &mut [Tensor<'_>] {
    fn halves(self) -> Result<(Self, Self), Self> {
        match middle(self) {
            Some(middle) => Ok(self.split_at_mut(middle)),
            None => Err(self),
        }
    }
}

/// Gradients, each with its companion: a slot, or an output.
pub(crate) struct Paired<'g, 'd, C> {
    pub grads: &'g [Tensor<'d>],
    pub with: C,
    /// The first `at` companions, and the rest.
    split_at: fn(C, usize) -> (C, C),
}

impl<'g, 'd, C> Paired<'g, 'd, C> {
    pub(crate) fn new(grads: &'g [Tensor<'d>], with: C, split_at: fn(C, usize) -> (C, C)) -> Self {
        Self {
            grads,
            with,
            split_at,
        }
    }
}

impl<C: Send> Work for Paired<'_, '_, C> {
    fn halves(self) -> Result<(Self, Self), Self> {
        let Some(middle) = middle(self.grads) else {
            return Err(self);
        };
        let (left, right) = self.grads.split_at(middle);
        let (first, second) = (self.split_at)(self.with, middle);
        Ok((
            Self::new(left, first, self.split_at),
            Self::new(right, second, self.split_at),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where four tensors of so many quarters of a piece are divided.
    fn divided(quarters: [usize; 4]) -> Option<usize> {
        let mut data = [0.0_f32; 4 * PIECE];
        let mut rest = &mut data[..];
        let tensors = quarters.map(|quarters| {
            let (own, others) = core::mem::take(&mut rest).split_at_mut(quarters * PIECE / 4);
            rest = others;
            Tensor::weight(own)
        });
        middle(&tensors)
    }

    /// After the tensor in which the first half of the elements ends, but never behind the last.
    #[test]
    fn tensors_are_divided_in_the_middle() {
        assert_eq!(divided([4, 4, 4, 4]), Some(2));
        assert_eq!(divided([1, 1, 7, 7]), Some(3));
        assert_eq!(divided([10, 2, 2, 2]), Some(1));
        assert_eq!(divided([0, 0, 0, 16]), Some(3));
    }

    #[test]
    fn too_few_elements_are_not_divided() {
        assert_eq!(divided([2, 2, 2, 2]), Some(2));
        assert_eq!(divided([2, 2, 2, 1]), None);
        let mut data = [0.0_f32; 2 * PIECE];
        assert_eq!(middle(&[Tensor::weight(&mut data)]), None);
        let two = data.split_at_mut(PIECE);
        let two = [Tensor::weight(two.0), Tensor::weight(two.1)];
        assert_eq!(middle(&two), Some(1));
    }
}
