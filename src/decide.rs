//! The part that all methods share: from the decisions of a rule to affines, all or nothing.
//!
//! A rule is a pure function of a tensor's outlook (and state). It is evaluated twice: once for every
//! tensor to see whether all of them succeed, and only then again to keep the results. Deciding
//! is a few operations per tensor, so evaluating twice costs less than storing the results would.

use crate::affine::Affine;
use crate::status::{Error, require_same};
use crate::tensor::Tensor;

/// Whether a method's states advance when it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Affines change, for the methods that follow; states do not.
    Trial,
    /// Both change.
    Keep,
}

impl Run {
    /// The result of `step` on a state, which advances unless this is a trial or `step` refuses.
    ///
    /// # Errors
    ///
    /// Those of `step`.
    pub fn advance<S: Copy, T>(
        self,
        state: &mut S,
        step: impl FnOnce(&mut S) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut next = *state;
        let result = step(&mut next)?;
        if self == Run::Keep {
            *state = next;
        }
        Ok(result)
    }
}

/// The decision of a rule about one gradient, in the units of its outlook.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether the mean is subtracted first.
    pub centralize: bool,
    /// The factor that follows.
    pub scale: f64,
}

impl Decision {
    /// Leave it alone.
    pub const KEEP: Self = Self::scale(1.0);

    /// Multiply it by this.
    pub const fn scale(scale: f64) -> Self {
        Self {
            centralize: false,
            scale,
        }
    }

    /// Subtract its mean, then multiply it by this.
    pub const fn centralize_and_scale(scale: f64) -> Self {
        Self {
            centralize: true,
            scale,
        }
    }

    /// The affine of `tensor` with this decision behind it.
    fn after(&self, tensor: &Tensor, index: usize) -> Result<Affine, Error> {
        let (mut affine, moments) = (*tensor.affine(), tensor.moments());
        if self.centralize && moments.count > 0 && affine.scale != 0.0 {
            if moments.centered_sum_sq() == 0.0 {
                // A deviation reported as 0 is written as 0: rounding errors about the mean are no gradient.
                return Ok(affine.then_scale(0.0));
            }
            // The mean in the buffer's units, to the bit: the outlook recognises it as such. (A
            // silenced tensor's is 0 already, and the buffer's may be NaN.)
            affine.center = moments.mean();
        }
        scaled(affine, self.scale, index)
    }
}

/// `affine` followed by a multiplication, refused if it leaves the range of f64 at either end: a limit that became
/// infinite would be none, and a scale that became 0 would silence the tensor.
fn scaled(affine: Affine, factor: f64, tensor: usize) -> Result<Affine, Error> {
    let next = affine.then_scale(factor);
    let vanishes = |before: f64, after: f64| after == 0.0 && before != 0.0 && factor != 0.0;
    let limit_is_kept = next.has_limit() == affine.has_limit();
    let is_kept = !vanishes(affine.scale, next.scale) && !vanishes(affine.limit, next.limit);
    if next.is_valid() && limit_is_kept && is_kept {
        Ok(next)
    } else {
        Err(Error::Overflow { tensor })
    }
}

/// A computed number, refused below the smallest normal f64, where it loses digits and then vanishes; but 0 is allowed
/// where it is exact.
pub(crate) fn kept(number: f64, may_be_zero: bool, tensor: usize) -> Result<f64, Error> {
    if number.abs() >= f64::MIN_POSITIVE || (may_be_zero && number == 0.0) {
        Ok(number)
    } else {
        Err(Error::Overflow { tensor })
    }
}

/// `numerator / denominator`, refused as by [`kept`].
pub(crate) fn quotient(numerator: f64, denominator: f64, tensor: usize) -> Result<f64, Error> {
    kept(numerator / denominator, numerator == 0.0, tensor)
}

/// Refuses gradients whose outlook is not available: see [`Tensor::check`] and [`Tensor::check_outlook`].
pub(crate) fn check(grads: &[Tensor]) -> Result<(), Error> {
    for (index, tensor) in grads.iter().enumerate() {
        tensor.check(index)?;
        tensor.check_outlook(index)?;
    }
    Ok(())
}

/// One decision per tensor, by a rule that is given its index.
///
/// # Errors
///
/// The first error of the rule; [`Error::Overflow`] if a scale leaves the range of f64; and those of every method:
/// [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`]. No affine has changed then.
pub fn each(
    grads: &mut [Tensor],
    rule: impl Fn(usize, &Tensor) -> Result<Decision, Error>,
) -> Result<(), Error> {
    check(grads)?;
    commit(grads, |index, tensor| {
        rule(index, tensor)?.after(tensor, index)
    })
}

/// One decision and one new state per tensor, by a rule that is given its index and its state.
///
/// The rule is evaluated more than once per tensor, always with the state as it was. In a [`Run::Trial`] the
/// new states are dropped.
///
/// # Errors
///
/// As [`each`], and [`Error::BadLength`] unless there are as many states as tensors. No affine and no state has
/// changed then.
pub fn each_with<S: Copy>(
    grads: &mut [Tensor],
    states: &mut [S],
    run: Run,
    rule: impl Fn(usize, &Tensor, S) -> Result<(Decision, S), Error>,
) -> Result<(), Error> {
    check(grads)?;
    require_same(states.len(), grads.len())?;
    // All decisions first, while states are as they were; then the states, which cannot fail.
    for (index, (tensor, state)) in grads.iter().zip(states.iter()).enumerate() {
        rule(index, tensor, *state)?.0.after(tensor, index)?;
    }
    for (index, (tensor, state)) in grads.iter_mut().zip(states.iter_mut()).enumerate() {
        let (decision, next) = rule(index, tensor, *state)?;
        tensor.set_affine(decision.after(tensor, index)?);
        if run == Run::Keep {
            *state = next;
        }
    }
    Ok(())
}

/// The same factor for every tensor, allowed behind a limit too.
pub(crate) fn scale_all(grads: &mut [Tensor], factor: f64) -> Result<(), Error> {
    commit(grads, |index, tensor| {
        tensor.check(index)?;
        scaled(*tensor.affine(), factor, index)
    })
}

/// Sets every affine to the result of `next`, or none.
pub(crate) fn commit(
    grads: &mut [Tensor],
    next: impl Fn(usize, &Tensor) -> Result<Affine, Error>,
) -> Result<(), Error> {
    for (index, tensor) in grads.iter().enumerate() {
        next(index, tensor)?;
    }
    for (index, tensor) in grads.iter_mut().enumerate() {
        tensor.set_affine(next(index, tensor)?);
    }
    Ok(())
}

/// A norm or standard deviation of an outlook, NaN included, unless it is infinite.
///
/// # Errors
///
/// `Error::Overflow` if it left the range of f64, which takes a pending scale beyond 1e100: divided by infinity, the
/// gradient would become 0.
pub(crate) fn in_range(statistic: f64, tensor: usize) -> Result<f64, Error> {
    if statistic == f64::INFINITY {
        Err(Error::Overflow { tensor })
    } else {
        Ok(statistic)
    }
}

/// 2-norm over all tensors together, each as it will be written.
///
/// # Errors
///
/// `Error::Overflow` if it leaves the range of f64, which takes a pending scale beyond 1e100.
pub fn global_norm(grads: &[Tensor]) -> Result<f64, Error> {
    root(grads, 1.0, |tensor| (tensor.outlook().norm(), 1.0))
}

/// `sqrt(sum(weight * x^2) / divisor)` with a statistic `x` and its weight for every tensor, both at least 0.
///
/// # Errors
///
/// `Error::Overflow` if it leaves the range of f64; it names the tensor with the largest statistic.
pub(crate) fn root(
    grads: &[Tensor],
    divisor: f64,
    statistic: impl Fn(&Tensor) -> (f64, f64),
) -> Result<f64, Error> {
    let (mut largest, mut tensor) = (0.0, 0);
    for (index, gradient) in grads.iter().enumerate() {
        let (x, _) = statistic(gradient);
        if in_range(x, index)? > largest {
            (largest, tensor) = (x, index);
        }
    }
    let unit = unit_for(largest);
    let squares = grads.iter().map(|gradient| {
        let (x, weight) = statistic(gradient);
        (x * unit) * (x * unit) * weight
    });
    in_range(libm::sqrt(squares.sum::<f64>() / divisor) / unit, tensor)
}

/// A power of two by which numbers up to `largest` are multiplied so that their squares can be added up: 1 except near
/// the ends of f64's range.
fn unit_for(largest: f64) -> f64 {
    const BIG: f64 = f64::from_bits((1023 + 600) << 52); // 2^600
    if largest > 1e140 {
        1.0 / BIG
    } else if largest < 1e-140 {
        BIG
    } else {
        1.0
    }
}
