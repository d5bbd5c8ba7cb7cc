//! Terms that several methods share: roles, scopes, and the ranges of their numbers.

use crate::kernel::Role;
use crate::status::Error;
use crate::tensor::Tensor;

/// The tensors that a method changes.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roles {
    /// Weights only; biases stay as they are.
    #[default]
    Weights = 0,
    /// All tensors.
    All = 1,
}

impl Roles {
    pub(crate) fn include(self, tensor: &Tensor) -> bool {
        self == Roles::All || tensor.role() == Role::Weight
    }
}

/// The range over which a norm is taken.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Each tensor by itself.
    #[default]
    Tensor = 0,
    /// All tensors together.
    Global = 1,
}

/// Whether `x` can be the decay of a running average: 0 <= x < 1.
pub(crate) fn is_decay(x: f64) -> bool {
    (0.0..1.0).contains(&x)
}

/// Whether `x` is finite and > 0.
pub(super) fn is_positive(x: f64) -> bool {
    x.is_finite() && x > 0.0
}

/// Whether `x` can be an eps: finite and not negative.
pub(crate) fn is_eps(x: f64) -> bool {
    x.is_finite() && x >= 0.0
}

/// Refuses two running averages, of norms and of their squares or variance, with values that no step can
/// have left there.
pub(super) fn check_averages(
    index: usize,
    first: f64,
    second: f64,
    steps: u64,
) -> Result<(), Error> {
    let what = if !(first.is_finite() && second.is_finite()) {
        "it holds NaN or infinity"
    } else if first < 0.0 || second < 0.0 {
        "an average of norms or of squares is negative"
    } else if steps == 0 && (first != 0.0 || second != 0.0) {
        "it holds averages, but steps is 0"
    } else {
        return Ok(());
    };
    Err(Error::BadState { index, what })
}
