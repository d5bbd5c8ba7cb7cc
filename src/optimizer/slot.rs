//! Slots: a parameter and its optimizer buffers.

use crate::kernel::{Buffer, Buffers, Dtype, Parameter};
use crate::status::Error;

/// A parameter and its optimizer buffers, all of one type (f32 or f64) and of the length of their
/// gradient, which may be of any type.
///
/// Buffers are zeros before the first step. An optimizer ignores buffers that it does not need.
#[derive(Debug)]
pub struct Slot<'a>(Buffers<'a>);

impl<'a> Slot<'a> {
    /// For [`Sgd`](crate::Sgd) without momentum.
    pub fn sgd<P: Parameter>(param: &'a mut [P]) -> Self {
        Self::from_buffers(param.into(), None, None)
    }

    /// For [`Sgd`](crate::Sgd) with momentum.
    pub fn momentum<P: Parameter>(param: &'a mut [P], momentum: &'a mut [P]) -> Self {
        Self::from_buffers(param.into(), Some(momentum.into()), None)
    }

    /// For [`Adam`](crate::Adam): the parameter and its first and second moment.
    pub fn adam<P: Parameter>(param: &'a mut [P], first: &'a mut [P], second: &'a mut [P]) -> Self {
        Self::from_buffers(param.into(), Some(first.into()), Some(second.into()))
    }

    /// From buffers of an element type chosen at run time; a step checks that the types agree.
    pub fn from_buffers(
        param: Buffer<'a>,
        first: Option<Buffer<'a>>,
        second: Option<Buffer<'a>>,
    ) -> Self {
        Self(Buffers {
            param,
            first,
            second,
        })
    }

    pub(super) fn dtype(&self) -> Dtype {
        self.0.param.dtype()
    }

    pub(super) fn buffers(&mut self) -> &mut Buffers<'a> {
        &mut self.0
    }

    /// The same buffers for a shorter time.
    pub fn reborrow(&mut self) -> Slot<'_> {
        Slot(Buffers {
            param: self.0.param.reborrow(),
            first: self.0.first.as_mut().map(Buffer::reborrow),
            second: self.0.second.as_mut().map(Buffer::reborrow),
        })
    }

    /// Refuses a slot in which one of the `needed` buffers is missing, of another length than the
    /// gradient, or not of the parameter's type.
    pub(super) fn check(&self, index: usize, len: usize, needed: usize) -> Result<(), Error> {
        let Buffers {
            param,
            first,
            second,
        } = &self.0;
        for buffer in [Some(param), first.as_ref(), second.as_ref()]
            .into_iter()
            .take(needed)
        {
            let buffer = buffer.ok_or(Error::MissingBuffer { index })?;
            if buffer.len() != len {
                return Err(Error::BadLength { index });
            }
            let usable = matches!(buffer.dtype(), Dtype::F32 | Dtype::F64);
            if !usable || buffer.dtype() != param.dtype() {
                return Err(Error::BadDtype { index });
            }
        }
        Ok(())
    }
}

/// The slots of `step_with`: a slice of them, or a type of the caller's own that makes them. `slot` is called twice for
/// each index, once to check and once to update, with the number of elements of the gradient, for types that do not
/// store it.
#[allow(clippy::len_without_is_empty)] // A count, not a container.
pub trait Slots: Send + Sized {
    /// Number of slots.
    fn len(&self) -> usize;

    /// The slot for tensor `index`, which has `elements` elements; None from `len()` on.
    fn slot(&mut self, index: usize, elements: usize) -> Option<Slot<'_>>;

    /// The first `at` slots, and the rest; `at` is below `len()`.
    fn split_at(self, at: usize) -> (Self, Self);
}

impl Slots for &mut [Slot<'_>] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn slot(&mut self, index: usize, _: usize) -> Option<Slot<'_>> {
        self.get_mut(index).map(Slot::reborrow)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        // The bound tells the compiler that nothing here can panic.
        self.split_at_mut(at.min(self.len()))
    }
}
