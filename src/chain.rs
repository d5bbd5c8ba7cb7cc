//! Several methods as one: all of them decide, or nothing has changed.

use core::fmt;

use crate::affine::Affine;
use crate::custom::{Custom, Run};
use crate::method::{Link, Verdict};
use crate::status::Error;
use crate::tensor::Tensor;

/// Methods in a row: an array or a slice of [`Link`]s, or whatever a caller's own structs make links of.
#[allow(clippy::len_without_is_empty)] // A count, not a container.
pub trait Chain {
    /// How many there are.
    fn len(&self) -> usize;

    /// Lets the method with this index decide, as [`Custom::decide`] says.
    ///
    /// # Errors
    ///
    /// Those of the method.
    fn decide(&mut self, method: usize, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error>;
}

impl Chain for [Link<'_>] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn decide(&mut self, method: usize, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
        let index = method;
        let link = self.get_mut(method).ok_or(Error::BadLength { index })?;
        link.decide(grads, run)
    }
}

impl<const METHODS: usize> Chain for [Link<'_>; METHODS] {
    fn len(&self) -> usize {
        METHODS
    }

    fn decide(&mut self, method: usize, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
        Chain::decide(&mut self[..], method, grads, run)
    }
}

/// Which method of a chain has refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Counted from 0.
    pub method: usize,
    /// With the index of the tensor, where it is about one.
    pub error: Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "method {}: {}", self.method, self.error)
    }
}

impl core::error::Error for Refused {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        refused.error
    }
}

/// Lets all methods of a chain decide in turn, or none: if one refuses, no state and no affine has changed.
///
/// A guard that asks to skip the step ends the chain: it has counted, methods in front of it have decided,
/// and those behind it are not asked.
///
/// Needs no memory: the chain is evaluated once without keeping states, and again if nothing refused. So a chain of
/// two or more methods starts right after [`observe`](fn@crate::observe); one method may follow others.
///
/// # Errors
///
/// The first refusal of a method. [`Error::Order`] if something is pending when two or more methods start.
///
/// ```
/// use trimtab::{ClipNorm, Error, GradientStabilizer, Link, NormState, StableGrad, Tensor, decide, observe};
/// let (mut dw, mut db) = ([1e-7_f32, 3e-7], [2e-7_f32]);
/// let mut norms = [NormState::default(); 2];
/// let mut grads = [Tensor::weight(&mut dw), Tensor::bias(&mut db)];
/// observe(&mut grads)?;
/// let mut chain = [
///     Link::GradientStabilizer(GradientStabilizer::default(), &mut norms),
///     Link::StableGrad(StableGrad::default(), f64::NAN),
///     Link::ClipNorm(ClipNorm::global(1.0)),
/// ];
/// let refused = decide(&mut chain, &mut grads).unwrap_err();
/// assert_eq!((refused.method, refused.error), (1, Error::BadReference));
/// assert_eq!(norms[0].steps, 0);
/// # Ok::<(), trimtab::Error>(())
/// ```
pub fn decide<C: Chain + ?Sized>(chain: &mut C, grads: &mut [Tensor]) -> Result<Verdict, Refused> {
    let methods = chain.len();
    if methods < 2 {
        return turn(chain, methods, grads, Run::Keep).map(|(_, verdict)| verdict);
    }
    check_start(grads)?;
    let trial = turn(chain, methods, grads, Run::Trial);
    // The first method has seen that the affines are what they have to be, or has refused and changed nothing.
    if !matches!(trial, Err(Refused { method: 0, .. })) {
        reset(grads);
    }
    let (asked, _) = trial?;
    // Refuses nothing now, unless a custom method gives another answer than before.
    let kept = turn(chain, asked, grads, Run::Keep);
    if kept.is_err() {
        reset(grads);
    }
    kept.map(|(_, verdict)| verdict)
}

/// Lets the first so many methods decide, up to a guard that skips the step. Returns how many have, and the verdict.
fn turn<C: Chain + ?Sized>(
    chain: &mut C,
    methods: usize,
    grads: &mut [Tensor],
    run: Run,
) -> Result<(usize, Verdict), Refused> {
    for method in 0..methods {
        let verdict = chain.decide(method, grads, run);
        if verdict.map_err(|error| Refused { method, error })? == Verdict::SkipStep {
            return Ok((method + 1, Verdict::SkipStep));
        }
    }
    Ok((methods, Verdict::Proceed))
}

/// Refuses tensors about which something is decided. Affines that nothing can be done with are for the methods to refuse.
fn check_start(grads: &[Tensor]) -> Result<(), Refused> {
    let pending = |tensor: &Tensor| tensor.affine().is_valid() && !tensor.affine().is_identity();
    match grads.iter().position(pending) {
        None => Ok(()),
        Some(tensor) => {
            let what = "a chain of methods starts right after observe";
            let error = Error::Order { tensor, what };
            Err(Refused { method: 0, error })
        }
    }
}

fn reset(grads: &mut [Tensor]) {
    for tensor in grads {
        tensor.set_affine(Affine::IDENTITY);
    }
}
