//! The write loop: one affine over one buffer, in place or into another.
//!
//! Arithmetic is f64: `(x - center) * scale`, clamped, then rounded once to the element type. Each
//! group of [`LANES`] elements is read whole before any of it is written, so the target may be the
//! source, and the compiler needs no check for overlap.

use super::buffer::Buffer;
use super::element::Element;
use super::sums::{self, LANES};
use super::with_element;
use crate::affine::Affine;
use crate::moments::Moments;

/// Replaces every element of `buffer` by its transform.
pub(crate) fn write_in_place(buffer: &mut Buffer, affine: &Affine) {
    with_element!(buffer.dtype(), T => {
        let data = buffer.pointer::<T>();
        // SAFETY: source and target are the one buffer, borrowed mutably, of dtype T.
        unsafe { write_all::<T>(data, data, buffer.len(), affine) }
    });
}

/// Writes the transforms of the elements of `source` into `target`, up to the shorter of the two.
///
/// Both have the same dtype (else nothing is written) and are the same memory or do not overlap.
pub(crate) fn write_into(source: &Buffer, target: &mut Buffer, affine: &Affine) {
    if source.dtype() != target.dtype() {
        return;
    }
    let len = source.len().min(target.len());
    with_element!(source.dtype(), T => {
        // SAFETY: both are buffers of dtype T with at least `len` elements, and `Buffer` promises
        // that they do not overlap unless C passed the same memory twice, which is allowed.
        unsafe { write_all::<T>(source.pointer::<T>(), target.pointer::<T>(), len, affine) }
    });
}

/// [`write_in_place`], and the moments of what was written, taken before it leaves the registers.
pub(crate) fn write_and_observe(buffer: &mut Buffer, affine: &Affine) -> Moments {
    with_element!(buffer.dtype(), T => {
        let data = buffer.as_mut_slice::<T>().unwrap_or_default();
        sums::rewrite(data, |x| T::narrow(affine.transform(x.widen())))
    })
}

/// # Safety
///
/// `source` and `target` point to `len` readable and writable elements; they are equal or do not
/// overlap.
unsafe fn write_all<T: Element>(source: *const T, target: *mut T, len: usize, affine: &Affine) {
    let grouped = len - len % LANES;
    let mut at = 0;
    while at < grouped {
        // SAFETY: at + LANES <= len; an array is aligned like its elements, and it is read whole
        // before it is written.
        unsafe {
            let group = source.add(at).cast::<[T; LANES]>().read();
            target
                .add(at)
                .cast::<[T; LANES]>()
                .write(transform(&group, affine));
        }
        at += LANES;
    }
    while at < len {
        // SAFETY: at < len.
        unsafe {
            target
                .add(at)
                .write(transform(&[source.add(at).read()], affine)[0])
        };
        at += 1;
    }
}

#[inline(always)]
fn transform<T: Element, const N: usize>(group: &[T; N], affine: &Affine) -> [T; N] {
    let mut out = *group;
    for x in &mut out {
        *x = T::narrow(affine.transform(x.widen()));
    }
    out
}
