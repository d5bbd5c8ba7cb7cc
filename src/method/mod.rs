//! The methods: one file each, from statistics to affines.
//!
//! Every method is a small value, its configuration, with a `decide` that refuses or succeeds as a
//! whole. Its state is a plain struct in the caller's memory, zero-initialised before the first
//! step, and a [`State`](crate::checkpoint::State), so that it can be saved. To add
//! a method: write its file here, and give it a line in [`Method`](crate::Method) and a shim in the C
//! ABI.

mod agc;
mod autoscale;
mod centralize;
mod clip_norm;
mod clip_value;
mod gradient_stabilizer;
mod guard;
mod scale;
mod stable_grad;
mod zclip;
mod znorm;

pub use agc::Agc;
pub use autoscale::{Autoscale, AutoscaleState};
pub use centralize::Centralize;
pub use clip_norm::ClipNorm;
pub use clip_value::ClipValue;
pub use gradient_stabilizer::{GradientStabilizer, NormState};
pub use guard::{Guard, GuardPolicy, GuardState, Verdict};
pub use scale::{Scale, Unscale};
pub use stable_grad::StableGrad;
pub use zclip::{Zclip, ZclipState};
pub use znorm::Znorm;

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

/// Whether `x` can be an eps: finite and not negative.
pub(crate) fn is_eps(x: f64) -> bool {
    x.is_finite() && x >= 0.0
}

/// Refuses two running averages, of norms and of their squares or variance, with values that no step can
/// have left there.
pub(crate) fn check_averages(
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
