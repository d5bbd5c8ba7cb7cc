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
use super::dispatch::run;
use super::element::{Element, Parameter};
use super::isa::{Isa, Job};
use super::sums::LANES;
use super::with_element;
use super::write::{Exact, Plain, Transform};
use crate::affine::Affine;
use crate::threads::{Crew, Work};

/// Smallest number of elements that a thread updates.
const PIECE: usize = 32_768;

/// How one element is updated.
pub(crate) trait Rule<P>: Copy {
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
        match Plain::new::<G, P>(self.affine) {
            Some(plain) => self.step(plain),
            None => self.step(Exact::new(isa, self.affine)),
        }
    }
}

impl<G: Element, P: Parameter, R: Rule<P>> Step<'_, G, P, R> {
    #[inline(always)]
    fn step(&self, transform: impl Transform) {
        // A copy: what lies behind a reference would be read again after every write.
        let rule = *self.rule;
        let grouped = self.len - self.len % LANES;
        let mut at = 0;
        while at < grouped {
            let mut g = [P::ZERO; LANES];
            // SAFETY: at + LANES <= len, and `g` is memory of its own.
            unsafe {
                transform.group(self.gradient.add(at), g.as_mut_ptr());
                update_group::<LANES, P, R>(&g, self.pointers, at, &rule);
            }
            at += LANES;
        }
        let rest = self.len - grouped;
        let (mut last, mut g) = ([G::ZERO; LANES], [P::ZERO; LANES]);
        // SAFETY: `rest` gradients remain, and `last` has room for them.
        unsafe {
            self.gradient
                .add(at)
                .copy_to_nonoverlapping(last.as_mut_ptr(), rest);
            transform.group(last.as_ptr(), g.as_mut_ptr());
        }
        for (i, g) in g.into_iter().take(rest).enumerate() {
            // SAFETY: at + i < len.
            unsafe { update_group::<1, P, R>(&[g], self.pointers, at + i, &rule) };
        }
    }
}

/// # Safety
///
/// The first `R::BUFFERS` of `pointers` point to at least `at + N` elements.
#[inline(always)]
unsafe fn update_group<const N: usize, P: Parameter, R: Rule<P>>(
    g: &[P; N],
    pointers: [*mut P; 3],
    at: usize,
    rule: &R,
) {
    let mut values = [[P::ZERO; N]; 3];
    for (value, pointer) in values.iter_mut().zip(pointers).take(R::BUFFERS) {
        // SAFETY: in bounds by contract; an array is aligned like its elements.
        *value = unsafe { pointer.add(at).cast::<[P; N]>().read() };
    }
    let [param, first, second] = &mut values;
    for i in 0..N {
        (param[i], first[i], second[i]) = rule.update(g[i], param[i], first[i], second[i]);
    }
    for (value, pointer) in values.iter().zip(pointers).take(R::BUFFERS) {
        // SAFETY: as above, and writable.
        unsafe { pointer.add(at).cast::<[P; N]>().write(*value) };
    }
}
