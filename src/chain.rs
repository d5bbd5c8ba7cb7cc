//! Several methods as one call: all of them decide, or nothing changes.

use core::fmt;

use crate::affine::Affine;
use crate::custom::{Custom, Run};
use crate::method::{Link, Verdict};
use crate::status::Error;
use crate::tensor::Tensor;

/// A chain: an array or a slice of [`Link`]s, or a type of the caller's own that makes them.
#[allow(clippy::len_without_is_empty)] // A count, not a container.
pub trait Chain {
    /// Number of methods.
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

/// The method of a chain that refused, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Index of the method, from 0.
    pub method: usize,
    /// The reason, with the index of the tensor where there is one.
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

/// Decides by all methods of a chain, one after another, as a whole: if one refuses, no state and no affine has changed.
///
/// A guard that returns [`Verdict::SkipStep`] ends the chain: it has counted, the methods before it have decided, and
/// those after it have not.
///
/// Needs no memory: the chain is evaluated once without keeping states, and again if nothing refused. So a chain of
/// two or more methods must follow [`observe`](fn@crate::observe) directly; a single method may follow others.
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
    // The first method has checked the affines, or has refused and changed nothing.
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

/// Decides by the first `methods` methods, up to a guard that skips the step. Returns how many have decided, and the
/// verdict.
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

/// Refuses tensors with a pending affine. Invalid affines are for the methods to refuse.
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
