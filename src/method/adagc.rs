//! AdaGC (arXiv 2502.11034): each tensor is clipped relative to its own past.

use super::clip_norm::shrink;
use super::gradient_stabilizer::NormState;
use super::terms::{is_decay, is_positive};
use crate::decide::{self, Decision, Run};
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Clips the norm of each gradient relative to a running average of its clipped norms (Algorithm 1):
///
/// ```text
/// R = ||g||;   R == 0: skipped += 1, nothing else
/// the first `warmup` steps:  h = min(lambda_abs / ||all gradients||, 1)
///                            m <- min(m, h*R);   the first step: m = h*R
/// after them:                h = min(lambda_rel * m / R, 1)
///                            m <- beta*m + (1-beta)*h*R
/// steps += 1;   g <- h * g
/// ```
///
/// `m` is the paper's gamma. A tensor's warm-up counts its own steps, those with a gradient that is not 0: the paper
/// counts the steps of the run, and a gradient of 0 would make gamma 0 for good. Weights and biases alike; one
/// [`NormState`] per tensor, whose `v` is not used.
///
/// ```
/// use trimtab::{Adagc, NormState, Tensor, apply, observe};
/// let (adagc, mut states) = (Adagc::default().with_warmup(2), [NormState::default()]);
/// let norms = [0.5_f32, 0.4, 100.0].map(|mut norm| {
///     let mut grads = [Tensor::weight(core::slice::from_mut(&mut norm))];
///     observe(&mut grads).unwrap();
///     adagc.decide(&mut states, &mut grads).unwrap();
///     apply(&mut grads).unwrap();
///     norm
/// });
/// assert_eq!(norms, [0.5, 0.4, 0.42]); // 1.05 times the smallest norm of the warm-up
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Adagc {
    /// Number of steps that are clipped by the global norm; >= 1, default 100.
    pub warmup: u32,
    /// Maximum ratio of a norm to its running average; finite, > 0, default 1.05.
    pub lambda_rel: f64,
    /// Maximum global norm during the warm-up; > 0, default 1.
    pub lambda_abs: f64,
    /// Decay of the running average; in [0, 1), default 0.98.
    pub beta: f64,
}

impl Default for Adagc {
    fn default() -> Self {
        Self {
            warmup: 100,
            lambda_rel: 1.05,
            lambda_abs: 1.0,
            beta: 0.98,
        }
    }
}

setters!(
    Adagc:
    with_warmup = warmup: u32,
    with_lambda_rel = lambda_rel: f64,
    with_lambda_abs = lambda_abs: f64,
    with_beta = beta: f64,
);

impl Adagc {
    /// How many states [`decide`](Self::decide) takes for this many tensors: one each.
    pub fn states(&self, tensors: usize) -> usize {
        tensors
    }

    /// Decides for every tensor and advances the states, or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`]; [`Error::BadLength`] unless there are as many states as tensors;
    /// [`Error::BadState`] for NaN, infinities, a negative average, or an average without steps;
    /// [`Error::Overflow`] if a norm, an average or a factor leaves the range of f64; and what every
    /// method returns: [`Error::Order`], [`Error::NonFinite`].
    pub fn decide(&self, states: &mut [NormState], grads: &mut [Tensor]) -> Result<(), Error> {
        self.decide_in(Run::Keep, states, grads)
    }

    pub(crate) fn decide_in(
        &self,
        run: Run,
        states: &mut [NormState],
        grads: &mut [Tensor],
    ) -> Result<(), Error> {
        self.validate()?;
        for (index, state) in states.iter().enumerate() {
            state.validate(index)?;
        }
        let mut global = 1.0;
        if states.iter().any(|state| self.is_warming_up(state)) {
            decide::check(grads)?;
            global = shrink(decide::global_norm(grads)?, self.lambda_abs, 0)?;
        }
        decide::each_with(grads, states, run, |index, tensor, state| {
            let norm = decide::in_range(tensor.outlook().norm(), index)?;
            let (factor, next) = self.advance(state, norm, global, index)?;
            Ok((Decision::scale(factor), next))
        })
    }

    fn is_warming_up(&self, state: &NormState) -> bool {
        state.steps < u64::from(self.warmup)
    }

    /// The factor for a gradient of norm `norm`, and the state after it; `global` is the factor of the warm-up.
    fn advance(
        &self,
        state: NormState,
        norm: f64,
        global: f64,
        tensor: usize,
    ) -> Result<(f64, NormState), Error> {
        if norm == 0.0 {
            return Ok((1.0, state.skip()));
        }
        let warming_up = self.is_warming_up(&state);
        let factor = match warming_up {
            true => global,
            false => {
                let most = decide::kept(self.lambda_rel * state.m, false, tensor)?;
                shrink(norm, most, tensor)?
            }
        };
        let clipped = factor * norm;
        let m = match state.steps {
            0 => clipped,
            _ if warming_up => state.m.min(clipped),
            _ => self.beta * state.m + (1.0 - self.beta) * clipped,
        };
        let m = decide::in_range(decide::kept(m, false, tensor)?, tensor)?;
        let steps = state.steps.saturating_add(1);
        Ok((factor, NormState { m, steps, ..state }))
    }

    fn validate(&self) -> Result<(), Error> {
        require(self.warmup >= 1, "adagc: warmup must be at least 1 step")?;
        require(
            is_positive(self.lambda_rel),
            "adagc: lambda_rel must be finite and > 0",
        )?;
        require(self.lambda_abs > 0.0, "adagc: lambda_abs must be > 0")?;
        require(is_decay(self.beta), "adagc: beta must be in [0, 1)")
    }
}
