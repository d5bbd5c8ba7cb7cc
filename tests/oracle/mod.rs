//! The methods in plain f64, as the papers and the header write them: what the core is compared with.
//!
//! This is the readable reference. It shares no code with the core, and it works the other way round: every function
//! takes the gradients themselves (not moments of them), touches every element, copies freely, and returns the
//! gradients after the method together with the new state. Nothing is fused and nothing is rounded to a smaller dtype,
//! so a chain is just one call after the other.
//!
//! | file | holds |
//! |---|---|
//! | [`statistics`] | compensated sums, two-pass mean and standard deviation, the 2^-44 rule |
//! | [`order`] | the order of the sums, as plain loops: for comparing bits
//! | [`rescale`] | methods without a memory: unscale, StableGrad, centralize, znorm, clips, AGC |
//! | [`adaptive`] | methods with a state: GradientStabilizer, autoscale, ZClip, the guard |
//! | [`update`] | SGD and Adam / AdamW on f64 parameters |
//! | [`gain`] | initialisation gains by numerical quadrature |
//!
//! Every integration test is a crate of its own and uses only a part of this, hence the `dead_code` where it is included.

pub mod adaptive;
pub mod gain;
pub mod order;
pub mod rescale;
pub mod statistics;
pub mod update;

/// What a parameter tensor is: a matrix of weights, or any one-dimensional parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Weight,
    Bias,
}

/// Which tensors a method looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    Weights,
    All,
}

impl Roles {
    pub fn include(self, role: Role) -> bool {
        self == Roles::All || role == Role::Weight
    }
}

/// One statistic per tensor, or one over all tensors of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Tensor,
    Global,
}

/// The gradient of one parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    pub role: Role,
    pub values: Vec<f64>,
}

impl Gradient {
    /// The same tensor with every element replaced.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Gradient {
        let values = self.values.iter().map(|&x| f(x)).collect();
        Gradient {
            role: self.role,
            values,
        }
    }

    /// The same tensor multiplied by a number.
    pub fn times(&self, factor: f64) -> Gradient {
        self.map(|x| x * factor)
    }
}
