//! Buffers of an element type chosen at run time.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr;
use core::slice;

use super::element::{Dtype, Element};

/// The role of a tensor: many methods leave biases alone.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// A weight matrix or kernel.
    Weight = 0,
    /// A bias, or any other one-dimensional parameter.
    Bias = 1,
}

/// The role of a tensor and whether its elements may be written, in the field that is the role in C.
///
/// The first two are those of [`Role`]. C cannot state the others.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Weight = 0,
    Bias = 1,
    ReadWeight = 2,
    ReadBias = 3,
}

impl Part {
    const fn new(role: Role, may_write: bool) -> Self {
        match (role, may_write) {
            (Role::Weight, true) => Self::Weight,
            (Role::Bias, true) => Self::Bias,
            (Role::Weight, false) => Self::ReadWeight,
            (Role::Bias, false) => Self::ReadBias,
        }
    }
}

/// A mutable slice of `f32`, `f16`, `bf16` or `f64`, borrowed for `'a`.
///
/// Made from a slice, it is as safe as that slice. The loops that write follow its pointer and form no reference, so
/// C may pass the same memory as source and target.
///
/// ```
/// let mut data = [1.0_f32, 2.0];
/// let buffer = trimtab::Buffer::from(&mut data[..]);
/// assert_eq!(buffer.as_slice::<f32>(), Some(&[1.0, 2.0][..]));
/// assert_eq!(buffer.as_slice::<f64>(), None);
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct Buffer<'a> {
    data: *mut c_void,
    len: usize,
    dtype: Dtype,
    /// The role of a [`Tensor`](crate::Tensor), in what would be padding here.
    part: Part,
    borrow: PhantomData<&'a mut [u8]>,
}

// The first four fields of trimtab_tensor in the C header.
const _: () = {
    let word = size_of::<usize>();
    assert!(offset_of!(Buffer, data) == 0 && offset_of!(Buffer, len) == word);
    assert!(offset_of!(Buffer, dtype) == 2 * word && offset_of!(Buffer, part) == 2 * word + 4);
    assert!(size_of::<Buffer>() == 2 * word + 8);
};

// SAFETY: a Buffer is a `&'a mut [T]`, or a `&'a [T]` that nobody writes through, of some sealed `T: Element`, all of which are Send and Sync.
unsafe impl Send for Buffer<'_> {}
// SAFETY: as above; a shared Buffer only gives out shared slices.
unsafe impl Sync for Buffer<'_> {}

impl<'a, T: Element> From<&'a mut [T]> for Buffer<'a> {
    fn from(data: &'a mut [T]) -> Self {
        Self {
            data: data.as_mut_ptr().cast(),
            len: data.len(),
            dtype: T::DTYPE,
            part: Part::Weight,
            borrow: PhantomData,
        }
    }
}

impl<'a> Buffer<'a> {
    /// A buffer over a caller's memory.
    ///
    /// # Safety
    ///
    /// For `'a`, `data` points to `len` aligned, readable and writable elements of `dtype` (or
    /// `len` is 0), `len * dtype.size()` is at most `isize::MAX`, and nothing but the kernels that
    /// are given this buffer touches them.
    #[doc(hidden)]
    pub unsafe fn from_raw_parts(data: *mut c_void, len: usize, dtype: Dtype) -> Self {
        Self {
            data,
            len,
            dtype,
            part: Part::Weight,
            borrow: PhantomData,
        }
    }

    pub(crate) fn with_role(self, role: Role) -> Self {
        let part = Part::new(role, true);
        Self { part, ..self }
    }

    /// Elements that are never written: every write checks [`may_write`](Self::may_write) first, and only
    /// [`Tensor`](crate::Tensor), which gives out no mutable slice, is made from them.
    pub(crate) fn read_only<T: Element>(role: Role, data: &'a [T]) -> Self {
        Self {
            data: data.as_ptr().cast_mut().cast(),
            len: data.len(),
            dtype: T::DTYPE,
            part: Part::new(role, false),
            borrow: PhantomData,
        }
    }

    pub(crate) fn may_write(&self) -> bool {
        matches!(self.part, Part::Weight | Part::Bias)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Type of the elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    pub(crate) fn role(&self) -> Role {
        match self.part {
            Part::Weight | Part::ReadWeight => Role::Weight,
            Part::Bias | Part::ReadBias => Role::Bias,
        }
    }

    /// The elements, if they are of type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE != self.dtype {
            return None;
        }
        if self.len == 0 {
            return Some(&[]); // the pointer may be NULL then
        }
        // SAFETY: by construction `data` points to `len` aligned elements of `dtype`, which is
        // T's, valid for 'a; the slice borrows self, so nothing writes meanwhile.
        Some(unsafe { slice::from_raw_parts(self.data.cast::<T>(), self.len) })
    }

    /// The elements for writing, if they are of type `T`.
    pub fn as_mut_slice<T: Element>(&mut self) -> Option<&mut [T]> {
        if T::DTYPE != self.dtype {
            return None;
        }
        if self.len == 0 {
            return Some(&mut []);
        }
        // SAFETY: as in `as_slice`, and the memory is borrowed mutably for 'a.
        Some(unsafe { slice::from_raw_parts_mut(self.data.cast::<T>(), self.len) })
    }

    /// The same memory for a shorter time.
    pub fn reborrow(&mut self) -> Buffer<'_> {
        Buffer {
            borrow: PhantomData,
            ..*self
        }
    }

    /// Where the elements start; only kernels follow it. Aligned always: no elements may lie anywhere, but even a copy of
    /// none of them must not come from an odd place.
    pub(super) fn pointer<T: Element>(&self) -> *mut T {
        debug_assert!(T::DTYPE == self.dtype);
        match self.len {
            0 => ptr::dangling_mut(),
            _ => self.data.cast(),
        }
    }
}
