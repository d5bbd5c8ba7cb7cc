//! The write loop: one affine over one buffer, in place or into another.
//!
//! Arithmetic is f64: `(x - center) * scale`, clamped, then rounded once to the element type. The one
//! exception is the plain scaling of f32 by a factor in its range, which is one multiplication in
//! f32 and as fast as memory. Every vector is read before the same elements are written, so the
//! target may be the source.

use super::buffer::Buffer;
use super::dispatch::run;
use super::element::{Dtype, Element};
use super::isa::{Isa, Job};
use super::sums::{BLOCK, LANES};
use super::with_element;
use crate::affine::Affine;
use crate::threads::{Crew, Work};

/// Replaces every element of `buffer` by its transform.
pub(crate) fn write_in_place(crew: Crew, buffer: &mut Buffer, affine: &Affine) {
    with_element!(buffer.dtype(), T => {
        let data = buffer.pointer::<T>();
        let write = Write { source: data, target: data, len: buffer.len(), affine };
        crew.divide(write, &|part| run(crew.level, part));
    });
}

/// Writes the transforms of the elements of `source` into `target`, up to the shorter of the two.
///
/// Both have the same dtype (else nothing is written) and are the same memory or do not overlap.
pub(crate) fn write_into(crew: Crew, source: &Buffer, target: &mut Buffer, affine: &Affine) {
    if source.dtype() != target.dtype() {
        return;
    }
    let len = source.len().min(target.len());
    with_element!(source.dtype(), T => {
        let (source, target) = (source.pointer::<T>(), target.pointer::<T>());
        let write = Write { source, target, len, affine };
        crew.divide(write, &|part| run(crew.level, part));
    });
}

/// `source` and `target` point to `len` readable and writable elements; they are equal or do not
/// overlap. Built in this file only, from buffers.
struct Write<'a, T> {
    source: *const T,
    target: *mut T,
    len: usize,
    affine: &'a Affine,
}

// SAFETY: its pointers stand for slices of Send and Sync elements, and no two have a target in
// common: a buffer is borrowed mutably for one, and `halves` divides it.
unsafe impl<T: Element> Send for Write<'_, T> {}

impl<T: Element> Work for Write<'_, T> {
    fn halves(self) -> Result<(Self, Self), Self> {
        let middle = self.len.div_ceil(2).next_multiple_of(BLOCK);
        if middle >= self.len {
            return Err(self);
        }
        let first = Write {
            len: middle,
            ..self
        };
        // SAFETY: middle < len.
        let (source, target) = unsafe { (self.source.add(middle), self.target.add(middle)) };
        let len = self.len - middle;
        Ok((
            first,
            Write {
                source,
                target,
                len,
                ..self
            },
        ))
    }
}

impl<T: Element> Job for Write<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        match Plain::new::<T, T>(self.affine) {
            Some(plain) => self.write(plain),
            None => self.write(Exact::new(isa, self.affine)),
        }
    }
}

impl<T: Element> Write<'_, T> {
    #[inline(always)]
    fn write<F: Transform>(&self, transform: F) {
        let whole = self.len - self.len % F::STEP;
        let mut at = 0;
        while at < whole {
            // SAFETY: at + STEP <= len.
            unsafe { transform.step(self.source.add(at), self.target.add(at)) };
            at += F::STEP;
        }
        let rest = self.len - whole;
        let mut last = [T::ZERO; LANES];
        let place = last.as_mut_ptr();
        // SAFETY: `rest` elements remain at both ends, and `last` has room for them; it is memory of
        // its own, and may be source and target.
        unsafe {
            place.copy_from_nonoverlapping(self.source.add(at), rest);
            transform.step(place.cast_const(), place);
            self.target.add(at).copy_from_nonoverlapping(place, rest);
        }
    }
}

/// An affine, ready for the loop.
pub(super) trait Transform: Copy {
    /// How many elements it takes at a time; a divisor of [`LANES`].
    const STEP: usize;

    /// The transforms of the `STEP` elements at `source`, rounded to U, at `target`.
    ///
    /// # Safety
    ///
    /// Both point to `STEP` elements; they are equal, of equal types, or do not overlap.
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U);

    /// The same for [`LANES`] elements.
    ///
    /// # Safety
    ///
    /// As [`step`](Self::step).
    #[inline(always)]
    unsafe fn group<T: Element, U: Element>(self, source: *const T, target: *mut U) {
        let mut at = 0;
        while at < LANES {
            // SAFETY: STEP divides LANES.
            unsafe { self.step(source.add(at), target.add(at)) };
            at += Self::STEP;
        }
    }
}

/// A scaling of f32 by [`Affine::single`]: one multiplication in f32.
#[derive(Clone, Copy)]
pub(super) struct Plain(f32);

impl Plain {
    /// None unless T and U are f32, and the affine is such a scaling.
    #[inline(always)]
    pub(super) fn new<T: Element, U: Element>(affine: &Affine) -> Option<Self> {
        let single = T::DTYPE == Dtype::F32 && U::DTYPE == Dtype::F32;
        affine.single().filter(|_| single).map(Self)
    }
}

impl Transform for Plain {
    const STEP: usize = LANES;

    #[inline(always)]
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U) {
        // SAFETY: T and U are f32 where a Plain exists; in bounds by contract.
        unsafe {
            let x = source.cast::<[f32; LANES]>().read();
            target.cast::<[f32; LANES]>().write(x.map(|x| x * self.0));
        }
    }
}

/// Any affine: in f64, rounded once at the end.
#[derive(Clone, Copy)]
pub(super) struct Exact<I: Isa> {
    isa: I,
    center: I::Vector,
    scale: I::Vector,
    limit: I::Vector,
    /// All bits, or none where the scale is 0: that writes +0 whatever the data.
    keep: I::Vector,
}

impl<I: Isa> Exact<I> {
    #[inline(always)]
    pub(super) fn new(isa: I, affine: &Affine) -> Self {
        let keep = if affine.scale == 0.0 { 0 } else { u64::MAX };
        Self {
            isa,
            center: isa.splat(affine.center),
            scale: isa.splat(affine.scale),
            limit: isa.splat(affine.limit),
            keep: isa.splat(f64::from_bits(keep)),
        }
    }
}

impl<I: Isa> Transform for Exact<I> {
    const STEP: usize = I::WIDTH;

    #[inline(always)]
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U) {
        let isa = self.isa;
        // SAFETY: STEP is WIDTH.
        let x = unsafe { isa.load(source) };
        let y = isa.mul(isa.sub(x, self.center), self.scale);
        let y = isa.and(isa.clamp(y, self.limit), self.keep);
        // SAFETY: as above.
        unsafe { isa.store(target, y) };
    }
}
