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

    /// The tensors, in the first of the places.
    pub(crate) fn fill<'k, 'd>(
        places: &'k mut [Place],
        tensors: impl IntoIterator<Item = Tensor<'d>>,
    ) -> Result<&'k mut [Tensor<'d>], Error> {
        // A lifetime is all in which Tensor<'d> and what a place is made for differ.
        let start: *mut Tensor<'d> = places.as_mut_ptr().cast();
        let mut len = 0;
        for tensor in tensors {
            if len == places.len() {
                return Err(Error::BadLength { index: len });
            }
            // SAFETY: the place with this index exists, and `places` is borrowed for writing.
            unsafe { start.add(len).write(tensor) };
            len += 1;
        }
        // SAFETY: so many places were written just now, and stay borrowed for 'k. Nothing reads a place
        // in any other way, so that no descriptor is seen after 'd.
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
