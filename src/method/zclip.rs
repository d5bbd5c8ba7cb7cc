//! ZClip (arXiv 2504.02507): clipping of norms with a large z-score.

use super::terms::{check_averages, is_decay, is_eps, is_positive};
use crate::checkpoint::State;
use crate::decide;
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Clips the global norm where its z-score exceeds a threshold:
///
/// ```text
/// the first `warmup` steps:  collect R;  g <- g * min(1, max_norm / R)
/// after them:  z = (R - mean) / (sqrt(var) + eps)
///              cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
///              mean <- alpha*mean + (1-alpha)*cap
///              var  <- alpha*var + (1-alpha)*(cap - mean)^2        with the new mean
///              g <- g * min(1, min(cap, max_norm) / R)
/// ```
///
/// During the warm-up the state holds the mean and the population variance of the norms so far. Weights
/// and biases.
///
/// ```
/// use trimtab::{Tensor, Zclip, ZclipState, apply, observe};
/// let (zclip, mut state) = (Zclip::default().with_warmup(2), ZclipState::default());
/// let mut norms = [1.0_f32, 1.5, 100.0].map(|mut norm| {
///     let mut grads = [Tensor::weight(core::slice::from_mut(&mut norm))];
///     observe(&mut grads).unwrap();
///     zclip.decide(&mut state, &mut grads).unwrap();
///     apply(&mut grads).unwrap();
///     norm
/// });
/// assert!(norms[..2] == [1.0, 1.5] && norms[2] < 1.3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Zclip {
    /// Number of first steps that only collect norms; >= 1, default 25.
    pub warmup: u32,
    /// Decay of the running mean and variance; in [0, 1), default 0.97.
    pub alpha: f64,
    /// Threshold: a norm with a larger z-score is clipped; finite, > 0, default 2.5.
    pub z_max: f64,
    /// Added to the standard deviation; finite, >= 0, default 1e-6.
    pub eps: f64,
    /// Upper bound on every norm, also during the warm-up; > 0, default +infinity.
    pub max_norm: f64,
}

/// The state of [`Zclip`]; zeros before the first step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ZclipState {
    /// Running mean of the norm.
    pub mean: f64,
    /// Running variance of the norm.
    pub var: f64,
    /// Number of steps.
    pub steps: u64,
}

impl State for ZclipState {
    const KIND: u32 = 2;
    type Words = [u64; 3];

    fn to_words(&self) -> [u64; 3] {
        [self.mean.to_bits(), self.var.to_bits(), self.steps]
    }

    fn from_words([mean, var, steps]: [u64; 3]) -> Self {
        let [mean, var] = [mean, var].map(f64::from_bits);
        Self { mean, var, steps }
    }
}

impl Default for Zclip {
    fn default() -> Self {
        Self {
            warmup: 25,
            alpha: 0.97,
            z_max: 2.5,
            eps: 1e-6,
            max_norm: f64::INFINITY,
        }
    }
}

setters!(
    Zclip:
    with_warmup = warmup: u32,
    with_alpha = alpha: f64,
    with_z_max = z_max: f64,
    with_eps = eps: f64,
    with_max_norm = max_norm: f64,
);

impl Zclip {
    /// Decides for every tensor and advances the state, or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`]; [`Error::BadState`] for NaN, infinities, a negative mean or variance,
    /// or either without steps; [`Error::Overflow`] if the norm or the variance leaves the range of f64;
    /// and those of every method: [`Error::Order`], [`Error::NonFinite`].
    pub fn decide(&self, state: &mut ZclipState, grads: &mut [Tensor]) -> Result<(), Error> {
        self.validate()?;
        check_averages(0, state.mean, state.var, state.steps)?;
        decide::check(grads)?;
        let norm = decide::global_norm(grads)?;
        let (cap, next) = self.advance(*state, norm);
        if !(next.mean.is_finite() && next.var.is_finite()) {
            return Err(Error::Overflow { tensor: 0 });
        }
        let factor = super::clip_norm::shrink(norm, cap.min(self.max_norm), 0)?;
        decide::scale_all(grads, factor)?;
        *state = next;
        Ok(())
    }

    /// The cap of this step's norm, and the state after it.
    fn advance(&self, state: ZclipState, norm: f64) -> (f64, ZclipState) {
        let steps = state.steps.saturating_add(1);
        if state.steps < u64::from(self.warmup) {
            return (norm, collect(state, norm, steps));
        }
        let std = libm::sqrt(state.var);
        let z = (norm - state.mean) / (std + self.eps);
        let cap = if z > self.z_max {
            state.mean + self.z_max * std / (z / self.z_max)
        } else {
            norm
        };
        let mean = self.alpha * state.mean + (1.0 - self.alpha) * cap;
        let from_mean = cap - mean;
        let var = self.alpha * state.var + (1.0 - self.alpha) * from_mean * from_mean;
        (cap, ZclipState { mean, var, steps })
    }

    fn validate(&self) -> Result<(), Error> {
        require(self.warmup >= 1, "zclip: warmup must be at least 1 step")?;
        require(is_decay(self.alpha), "zclip: alpha must be in [0, 1)")?;
        require(
            is_positive(self.z_max),
            "zclip: z_max must be finite and > 0",
        )?;
        require(is_eps(self.eps), "zclip: eps must be finite and >= 0")?;
        require(self.max_norm > 0.0, "zclip: max_norm must be > 0")
    }
}

/// Mean and population variance with one more norm (Welford's update).
fn collect(state: ZclipState, norm: f64, steps: u64) -> ZclipState {
    let n = steps as f64;
    let from_old = norm - state.mean;
    let mean = state.mean + from_old / n;
    let var = state.var + (from_old * (norm - mean) - state.var) / n;
    ZclipState { mean, var, steps }
}
