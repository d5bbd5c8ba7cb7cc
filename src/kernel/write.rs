//! The write loop: one affine over one buffer, in place or into another.
//!
//! Arithmetic is f64: `(x - center) * scale`, clamped, then rounded to the element type, 16-bit types by way of f32
//! ([`Exact`]). The one exception is the plain scaling of f32 by a factor in its range, which is one multiplication in
//! f32 and as fast as memory ([`Plain`]). That of f16 and bf16 is done in f32 as well, with the results of f64
//! ([`Bracket`]). Every vector is read before the same elements are written, so the target may be the source.

use core::hint::black_box;

use super::buffer::Buffer;
use super::dispatch::run;
use super::element::{Dtype, Element};
use super::isa::{Isa, Job, Pack};
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
        if let Some(plain) = Plain::new::<T, T>(isa, self.affine) {
            self.write::<I, _>(plain);
        } else if let Some(bracket) = Bracket::new::<T>(isa, self.affine) {
            self.write::<I, _>(bracket);
        } else {
            self.write::<I, _>(Exact::new(isa, self.affine));
        }
    }
}

impl<T: Element> Write<'_, T> {
    #[inline(always)]
    fn write<I: Isa, F: Transform<I>>(&self, transform: F) {
        let rest = self.len % LANES;
        let whole = self.len - rest;
        let mut last = [T::ZERO; LANES];
        let place = last.as_mut_ptr();
        // SAFETY: `rest` elements remain, and `last` has room for them; it is memory of its own, and may be source
        // and target.
        unsafe { place.copy_from_nonoverlapping(self.source.add(whole), rest) };
        let mut part = (self.source, self.target, whole);
        loop {
            let (source, target, len) = part;
            let mut at = 0;
            while at < len {
                // SAFETY: at + STEP <= len, which STEP divides as it divides LANES.
                unsafe { transform.step(source.add(at), target.add(at)) };
                at += F::STEP;
            }
            // Opaque, so that the compiler does not write the loop out twice.
            if black_box(target) == place || rest == 0 {
                break;
            }
            part = (place, place, LANES);
        }
        // SAFETY: as above.
        unsafe { self.target.add(whole).copy_from_nonoverlapping(place, rest) };
    }
}

/// An affine, ready for the loop.
pub(super) trait Transform<I: Isa>: Copy {
    /// Number of elements at a time; a divisor of [`LANES`].
    const STEP: usize;

    /// The transforms of the `STEP` elements at `source`, rounded to U, at `target`.
    ///
    /// # Safety
    ///
    /// Both point to that many elements; they are equal, of equal types, or do not overlap.
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U);

    /// The same for [`LANES`] elements.
    ///
    /// # Safety
    ///
    /// As [`step`](Self::step).
    #[inline(always)]
    unsafe fn lanes<T: Element, U: Element>(self, source: *const T, target: *mut U) {
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
pub(super) struct Plain<I: Isa> {
    isa: I,
    factor: I::Single,
}

impl<I: Isa> Plain<I> {
    /// None unless T and U are f32, and the affine is such a scaling.
    #[inline(always)]
    pub(super) fn new<T: Element, U: Element>(isa: I, affine: &Affine) -> Option<Self> {
        let single = T::DTYPE == Dtype::F32 && U::DTYPE == Dtype::F32;
        let factor = affine.single().filter(|_| single)?;
        let factor = I::Single::splat(isa, factor);
        Some(Self { isa, factor })
    }
}

impl<I: Isa> Transform<I> for Plain<I> {
    /// Several packs: one is so little work that the loop around it would count.
    const STEP: usize = LANES;

    #[inline(always)]
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U) {
        let (source, target) = (source.cast::<f32>(), target.cast::<f32>());
        let mut at = 0;
        while at < LANES {
            // SAFETY: T and U are f32 where a Plain exists; in bounds by contract, as a pack's length divides LANES.
            unsafe {
                (I::Single::load(self.isa, source.add(at)) * self.factor).store(target.add(at))
            };
            at += I::Single::LEN;
        }
    }
}

/// A scaling of f16 or bf16 in f32, with the result of [`Exact`]:
///
/// ```text
/// scale lies between inner and outer, neighbours among f32, or equal
/// rounding keeps the order of numbers, so round(x * scale) lies between round(x * inner) and round(x * outer):
/// where the two agree, so does it; they differ for one f16 in thousands, one bf16 in tens of thousands
/// ```
///
/// which holds for any number of roundings in a row: to f64, to f32, to 16 bits.
#[derive(Clone, Copy)]
struct Bracket<I: Isa> {
    inner: I::Single,
    outer: I::Single,
    exact: Exact<I>,
}

impl<I: Isa> Bracket<I> {
    /// None unless T is [such a type](Isa::brackets) and the affine a plain scaling within the range of f32.
    #[inline(always)]
    fn new<T: Element>(isa: I, affine: &Affine) -> Option<Self> {
        let nearest = affine.single().filter(|_| I::brackets(T::DTYPE))?;
        let (magnitude, scale) = (f64::from(nearest).abs(), affine.scale.abs());
        let next = |step: i32| f32::from_bits(nearest.to_bits().wrapping_add_signed(step));
        let inner = if magnitude > scale { next(-1) } else { nearest };
        let outer = if magnitude < scale { next(1) } else { nearest };
        outer.is_finite().then(|| Self {
            inner: I::Single::splat(isa, inner),
            outer: I::Single::splat(isa, outer),
            exact: Exact::new(isa, affine),
        })
    }
}

impl<I: Isa> Transform<I> for Bracket<I> {
    const STEP: usize = 2 * I::WIDTH;

    #[inline(always)]
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U) {
        let isa = self.exact.isa;
        let p: *const u16 = source.cast();
        let is_f16 = T::DTYPE == Dtype::F16;
        // SAFETY: T and U are the same type of 16 bits where a Bracket exists; in bounds by contract.
        let x = unsafe {
            if is_f16 {
                isa.load_f16(p)
            } else {
                isa.load_bf16(p)
            }
        };
        let (inner, outer) = (x * self.inner, x * self.outer);
        let between = match is_f16 {
            true => isa.f16_between(inner, outer),
            false => isa.bf16_between(inner, outer),
        };
        // SAFETY: as above.
        unsafe {
            match between {
                Some(y) => isa.store_halves(target.cast(), y),
                None => self.exact.step(source, target),
            }
        }
    }
}

/// Any affine: in f64, rounded at the end.
#[derive(Clone, Copy)]
pub(super) struct Exact<I: Isa> {
    isa: I,
    center: I::Double,
    scale: I::Double,
    limit: I::Double,
    /// All bits, or none where the scale is 0: that writes +0 whatever the data.
    keep: I::Double,
}

impl<I: Isa> Exact<I> {
    #[inline(always)]
    pub(super) fn new(isa: I, affine: &Affine) -> Self {
        let keep = if affine.scale == 0.0 { 0 } else { u64::MAX };
        let splat = |x| I::Double::splat(isa, x);
        Self {
            isa,
            center: splat(affine.center),
            scale: splat(affine.scale),
            limit: splat(affine.limit),
            keep: splat(f64::from_bits(keep)),
        }
    }

    #[inline(always)]
    fn transform(self, x: I::Double) -> I::Double {
        let y = (x - self.center) * self.scale;
        self.isa.and(self.isa.clamp(y, self.limit), self.keep)
    }
}

impl<I: Isa> Transform<I> for Exact<I> {
    const STEP: usize = 2 * I::WIDTH;

    #[inline(always)]
    unsafe fn step<T: Element, U: Element>(self, source: *const T, target: *mut U) {
        // SAFETY: in bounds by contract.
        let [low, high] = unsafe { self.isa.load_wide(source) };
        // SAFETY: as above.
        unsafe {
            self.isa
                .store_narrow(target, [self.transform(low), self.transform(high)])
        }
    }
}
