//! The write loop fused with an optimizer update.
//!
//! ```text
//! for each element:   g = affine(gradient), rounded to the parameter's type
//!                     (param, first, second) = rule(g, param, first, second)
//! ```
//!
//! Gradient, parameter and moments are read once and written once; the gradient is not written.
//! A rule is plain add, sub, mul, div and sqrt in the parameter's type, never contracted.

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::ptr;

use super::buffer::Buffer;
use super::dispatch::run;
use super::element::Element;
use super::isa::{Isa, Job, Pack, Parameter};
use super::sums::LANES;
use super::with_element;
use super::write::{Exact, Plain, Transform};
use crate::affine::Affine;
use crate::threads::{Crew, Work};

/// Smallest number of elements that a thread updates.
const PIECE: usize = 32_768;

/// The update rule of an optimizer, for one pack of elements.
pub(crate) trait Rule<P: Parameter>: Copy {
    /// Number of buffers: 1 for the parameter, 2 with its first buffer, 3 with its second.
    const BUFFERS: usize;

    /// Gradient in; parameter, first and second buffer in and out.
    fn update<I: Isa>(
        &self,
        isa: I,
        gradient: P::Pack<I>,
        values: [P::Pack<I>; 3],
    ) -> [P::Pack<I>; 3];
}

/// A parameter and its optimizer buffers, all of one dtype.
#[derive(Debug)]
pub(crate) struct Buffers<'a> {
    pub param: Buffer<'a>,
    pub first: Option<Buffer<'a>>,
    pub second: Option<Buffer<'a>>,
}

impl Buffers<'_> {
    /// The pointers that a rule with `needed` buffers follows, and how many elements all of them
    /// have; None if one is missing or not of type P.
    fn pointers<P: Parameter>(&self, needed: usize) -> Option<([*mut P; 3], usize)> {
        let mut pointers = [ptr::null_mut(); 3];
        let mut len = usize::MAX;
        let all = [Some(&self.param), self.first.as_ref(), self.second.as_ref()];
        for (pointer, buffer) in pointers.iter_mut().zip(all).take(needed) {
            let buffer = buffer.filter(|buffer| buffer.dtype() == P::DTYPE)?;
            *pointer = buffer.pointer::<P>();
            len = len.min(buffer.len());
        }
        Some((pointers, len))
    }
}

/// Updates every element that the gradient and all needed buffers have; nothing if a buffer is
/// missing or not of type P.
pub(crate) fn step<P: Parameter, R: Rule<P> + Sync>(
    crew: Crew,
    gradient: &Buffer,
    affine: &Affine,
    buffers: &mut Buffers,
    rule: &R,
) {
    let Some((pointers, len)) = buffers.pointers::<P>(R::BUFFERS) else {
        return;
    };
    let len = len.min(gradient.len());
    with_element!(gradient.dtype(), G => {
        let gradient = gradient.pointer::<G>();
        let step = Step { gradient, pointers, len, affine, rule };
        crew.divide(step, &|part| run(crew.level, part));
    });
}

/// `gradient` and the first `R::BUFFERS` of `pointers` point to `len` elements, the latter writable
/// and without overlap. Built in this file only, from buffers.
struct Step<'a, G, P, R> {
    gradient: *const G,
    pointers: [*mut P; 3],
    len: usize,
    affine: &'a Affine,
    rule: &'a R,
}

// SAFETY: its pointers stand for slices of Send and Sync elements, and no two have a target in
// common: the buffers are borrowed mutably for one, and `halves` divides them.
unsafe impl<G: Element, P: Parameter, R: Sync> Send for Step<'_, G, P, R> {}

impl<G: Element, P: Parameter, R: Rule<P> + Sync> Work for Step<'_, G, P, R> {
    fn halves(self) -> Result<(Self, Self), Self> {
        let middle = self.len.div_ceil(2).next_multiple_of(PIECE);
        if middle >= self.len {
            return Err(self);
        }
        let first = Step {
            len: middle,
            ..self
        };
        let mut pointers = self.pointers;
        for pointer in pointers.iter_mut().take(R::BUFFERS) {
            // SAFETY: middle < len.
            *pointer = unsafe { pointer.add(middle) };
        }
        // SAFETY: as above.
        let gradient = unsafe { self.gradient.add(middle) };
        let len = self.len - middle;
        Ok((
            first,
            Step {
                gradient,
                pointers,
                len,
                ..self
            },
        ))
    }
}

impl<G: Element, P: Parameter, R: Rule<P>> Job for Step<'_, G, P, R> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        match Plain::new::<G, P>(isa, self.affine) {
            Some(plain) => self.step(isa, plain),
            None => self.step(isa, Exact::new(isa, self.affine)),
        }
    }
}

impl<G: Element, P: Parameter, R: Rule<P>> Step<'_, G, P, R> {
    #[inline(always)]
    fn step<I: Isa>(&self, isa: I, transform: impl Transform<I>) {
        // A copy: memory behind a reference would be read again after every write.
        let rule = *self.rule;
        let rest = self.len % LANES;
        let whole = self.len - rest;
        let (mut last, mut values) = ([G::ZERO; LANES], [[P::ZERO; LANES]; 3]);
        let places = values.each_mut().map(|values| values.as_mut_ptr());
        // SAFETY: `rest` elements remain everywhere, and there is room for LANES in memory of its own.
        unsafe {
            last.as_mut_ptr()
                .copy_from_nonoverlapping(self.gradient.add(whole), rest);
            for (place, pointer) in places.into_iter().zip(self.pointers).take(R::BUFFERS) {
                place.copy_from_nonoverlapping(pointer.add(whole), rest);
            }
        }
        let mut part = (self.gradient, self.pointers, whole);
        loop {
            let (gradient, pointers, len) = part;
            let mut at = 0;
            while at < len {
                // Those that the rule does not follow stay anywhere.
                let buffers = pointers.map(|pointer| pointer.wrapping_add(at));
                // SAFETY: at + LANES <= len.
                unsafe { update(isa, transform, gradient.add(at), buffers, &rule) };
                at += LANES;
            }
            // Opaque, so that the compiler does not write the loop out twice.
            if black_box(gradient) == last.as_ptr() || rest == 0 {
                break;
            }
            part = (last.as_ptr(), places, LANES);
        }
        // SAFETY: as above.
        unsafe {
            for (place, pointer) in places.into_iter().zip(self.pointers).take(R::BUFFERS) {
                pointer.add(whole).copy_from_nonoverlapping(place, rest);
            }
        }
    }
}

/// Updates [`LANES`] elements.
///
/// # Safety
///
/// `gradient` and the first `R::BUFFERS` of `buffers` point to that many, the latter writable.
#[inline(always)]
unsafe fn update<I: Isa, G: Element, P: Parameter, R: Rule<P>>(
    isa: I,
    transform: impl Transform<I>,
    gradient: *const G,
    buffers: [*mut P; 3],
    rule: &R,
) {
    // The gradients in the parameter's type; in memory only where there are too few registers.
    let mut g = MaybeUninit::<[P; LANES]>::uninit();
    let g: *mut P = g.as_mut_ptr().cast();
    // SAFETY: in bounds by contract, and `g` is memory of its own with room for LANES.
    unsafe { transform.lanes(gradient, g) };
    let len = P::Pack::<I>::LEN;
    for at in (0..LANES).step_by(len) {
        // SAFETY: at + len <= LANES.
        unsafe {
            let g = P::Pack::<I>::load(isa, g.add(at));
            let mut values = [g; 3];
            for (value, buffer) in values.iter_mut().zip(buffers).take(R::BUFFERS) {
                *value = P::Pack::<I>::load(isa, buffer.add(at));
            }
            let values = rule.update(isa, g, values);
            for (value, buffer) in values.into_iter().zip(buffers).take(R::BUFFERS) {
                value.store(buffer.add(at));
            }
        }
    }
}
