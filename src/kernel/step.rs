//! The write loop fused with an optimizer update.
//!
//! ```text
//! for each element:   g = affine(gradient), rounded to the parameter's type
//!                     (param, first, second) = rule(g, param, first, second)
//! ```
//!
//! Gradient, parameter and moments are read once and written once; the gradient is not written.
//! A rule is plain add, sub, mul, div and sqrt in the parameter's type, never contracted.

use core::ptr;

use super::buffer::Buffer;
use super::element::{Element, Parameter};
use super::sums::LANES;
use super::with_element;
use crate::affine::Affine;

/// How one element is updated.
pub(crate) trait Rule<P> {
    /// 1: the parameter alone; 2: and its first buffer; 3: and its second.
    const BUFFERS: usize;

    /// Gradient, parameter, first and second buffer in; the last three out.
    fn update(&self, gradient: P, param: P, first: P, second: P) -> (P, P, P);
}

/// A parameter and what the optimizer remembers of it, all of one dtype.
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
pub(crate) fn step<P: Parameter, R: Rule<P>>(
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
        // SAFETY: the gradient is of dtype G, the first R::BUFFERS pointers come from buffers of
        // dtype P that are borrowed mutably, and all have at least `len` elements.
        unsafe { step_all(gradient.pointer::<G>(), pointers, len, affine, rule) }
    });
}

/// # Safety
///
/// `gradient` and the first `R::BUFFERS` of `pointers` point to `len` elements, the latter
/// writable and without overlap.
unsafe fn step_all<G: Element, P: Parameter, R: Rule<P>>(
    gradient: *const G,
    pointers: [*mut P; 3],
    len: usize,
    affine: &Affine,
    rule: &R,
) {
    let grouped = len - len % LANES;
    let mut at = 0;
    while at < grouped {
        // SAFETY: at + LANES <= len.
        unsafe { step_group::<LANES, G, P, R>(gradient, pointers, at, affine, rule) };
        at += LANES;
    }
    while at < len {
        // SAFETY: at < len.
        unsafe { step_group::<1, G, P, R>(gradient, pointers, at, affine, rule) };
        at += 1;
    }
}

/// # Safety
///
/// As `step_all`, for the elements `at .. at + N`.
#[inline(always)]
unsafe fn step_group<const N: usize, G: Element, P: Parameter, R: Rule<P>>(
    gradient: *const G,
    pointers: [*mut P; 3],
    at: usize,
    affine: &Affine,
    rule: &R,
) {
    // SAFETY: in bounds by contract; an array is aligned like its elements.
    let g = unsafe { gradient.add(at).cast::<[G; N]>().read() };
    let mut values = [[P::ZERO; N]; 3];
    for (value, pointer) in values.iter_mut().zip(pointers).take(R::BUFFERS) {
        // SAFETY: as above.
        *value = unsafe { pointer.add(at).cast::<[P; N]>().read() };
    }
    let [param, first, second] = &mut values;
    for i in 0..N {
        let g = P::narrow(affine.transform(g[i].widen()));
        (param[i], first[i], second[i]) = rule.update(g, param[i], first[i], second[i]);
    }
    for (value, pointer) in values.iter().zip(pointers).take(R::BUFFERS) {
        // SAFETY: as above, and writable.
        unsafe { pointer.add(at).cast::<[P; N]>().write(*value) };
    }
}
