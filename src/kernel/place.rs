//! Room for descriptors that outlives what they borrow.

use core::fmt;
use core::mem::{MaybeUninit, needs_drop};
use core::slice;

use crate::status::Error;
use crate::tensor::Tensor;

/// Room for the descriptor of one tensor, for [`Tensor::collect_in`].
///
/// A network with tensors chosen at run time keeps a `Vec<Place>` and fills it anew in every step,
/// without allocating: a `Vec<Tensor>` could not outlive the borrow of the first step's gradients.
#[repr(transparent)]
pub struct Place(MaybeUninit<Tensor<'static>>);

// Nothing is lost by overwriting a descriptor, and MaybeUninit would not drop it.
const _: () = assert!(!needs_drop::<Tensor>());

impl Place {
    /// An empty place.
    pub const EMPTY: Self = Self(MaybeUninit::uninit());
}

impl Tensor<'_> {
    /// Puts descriptors into places that are kept from step to step, so that a network with tensors chosen
    /// at run time allocates once. The previous contents of the places are dropped.
    ///
    /// (For parameters and their buffers, a type of your own can be the [`Slots`](crate::Slots) of a step.)
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if there are more tensors than places.
    ///
    /// ```
    /// use trimtab::{Place, Tensor, observe};
    /// let mut network = vec![vec![0.0_f32; 8]; 3]; // gradients of three layers
    /// let mut places = vec![Place::EMPTY; network.len()];
    /// for step in 1..=5 {
    ///     network.iter_mut().for_each(|layer| layer.fill(step as f32)); // backward
    ///     let layers = network.iter_mut().map(|layer| Tensor::weight(layer));
    ///     let grads = Tensor::collect_in(&mut places, layers)?;
    ///     observe(grads)?;
    ///     assert_eq!(grads[2].moments().sum, 8.0 * step as f64);
    /// }
    /// # Ok::<(), trimtab::Error>(())
    /// ```
    ///
    /// The gradients stay borrowed as long as the descriptors are used:
    ///
    /// ```compile_fail,E0499
    /// use trimtab::{Place, Tensor};
    /// let (mut gradient, mut places) = ([1.0_f32], [Place::EMPTY]);
    /// let grads = Tensor::collect_in(&mut places, [Tensor::weight(&mut gradient)]).unwrap();
    /// let again = &mut gradient;
    /// assert_eq!((grads.len(), again.len()), (1, 1));
    /// ```
    pub fn collect_in(
        places: &mut [Place],
        tensors: impl IntoIterator<Item = Self>,
    ) -> Result<&mut [Self], Error> {
        // Tensor and what a place is made for differ in a lifetime only.
        let start: *mut Self = places.as_mut_ptr().cast();
        let mut len = 0;
        for tensor in tensors {
            if len == places.len() {
                return Err(Error::BadLength { index: len });
            }
            // SAFETY: the place with this index exists, and `places` is borrowed for writing.
            unsafe { start.add(len).write(tensor) };
            len += 1;
        }
        // SAFETY: so many places were written just now, and stay borrowed by the result. Nothing
        // reads a place in any other way, so that no descriptor outlives what it borrows.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }
}

/// Another empty place: the contents of a place belong to the call that put them there.
impl Clone for Place {
    fn clone(&self) -> Self {
        Self::EMPTY
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}
