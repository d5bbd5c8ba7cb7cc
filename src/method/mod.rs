//! The methods: one file each, from statistics to affines.
//!
//! Every method is a small value, its configuration, with a `decide` that refuses or succeeds as a
//! whole. Its state is a plain struct in the caller's memory, zero-initialised before the first
//! step, and a [`State`](crate::checkpoint::State), so that it can be saved. To add
//! a method: write its file here, and name it in the three lists below.
//!
//! | file | holds |
//! |---|---|
//! | `terms.rs` | roles, scopes, and the ranges of configurations |
//! | `memory.rs` | the memory and the inputs of a pipeline |
//! | `table.rs` | the expansion of the list of methods |
//! | the others | one method each |

mod adagc;
mod agc;
mod autoscale;
mod centralize;
mod clip_norm;
mod clip_value;
mod gradient_stabilizer;
mod guard;
mod memory;
mod scale;
mod stable_grad;
mod table;
mod terms;
mod zclip;
mod znorm;

pub use adagc::Adagc;
pub use agc::Agc;
pub use autoscale::{Autoscale, AutoscaleState};
pub use centralize::Centralize;
pub use clip_norm::ClipNorm;
pub use clip_value::ClipValue;
pub use gradient_stabilizer::{GradientStabilizer, NormState};
pub use guard::{Guard, GuardPolicy, GuardState, Verdict};
pub use memory::{Inputs, Memory};
pub use scale::{Scale, Unscale};
pub use stable_grad::StableGrad;
pub use terms::{Roles, Scope};
pub(crate) use terms::{is_decay, is_eps};
pub use zclip::{Zclip, ZclipState};
pub use znorm::Znorm;

use crate::custom::{Custom, Run};
use crate::moments::Moments;
use crate::status::Error;
use crate::tensor::Tensor;

// Every method, with the argument of its `decide` before the gradients.
table::methods! {
    Adagc(norms: &'a mut [NormState]);
    Agc(params: &'a [Moments]);
    Autoscale(state: &'a mut AutoscaleState);
    Centralize;
    ClipNorm;
    ClipValue;
    GradientStabilizer(norms: &'a mut [NormState]);
    Guard(state: &'a mut GuardState);
    Scale;
    StableGrad(reference: f64);
    Unscale;
    Zclip(state: &'a mut ZclipState);
    Znorm;
}
