//! Gradient Autoscaled Normalization (arXiv 2509.03677): mean removed, one smooth global factor.

use super::terms::Roles;
use crate::checkpoint::State;
use crate::decide::{self, Decision};
use crate::status::Error;
use crate::tensor::Tensor;

/// Subtracts the mean of each weight gradient, then multiplies all of them by one factor:
///
/// ```text
/// g_l <- g_l - mean(g_l);   sigma = sqrt(sum_l ||g_l||^2 / (N-1)),  N elements in all weights
/// b = log1p(sigma);         first step with sigma > 0: exponent = 1 / (1 + |ln b|)
/// alpha = min(1, b^exponent);   g_l <- alpha * g_l
/// ```
///
/// A weight gradient whose standard deviation counts as 0 becomes zeros. At `sigma == 0` alpha is 1 and the state stays
/// as it is. No local standard deviation is ever divided by. alpha is in (0, 1], on the first step in (1/e, 1], and
/// grows with sigma. Biases stay as they are.
///
/// **The map from sigma to alpha is this library's reading of the paper**, whose text describes it
/// in words: a smooth function of the global standard deviation, without hyperparameters, with an
/// adaptive exponent fixed at the first step. If you have the authors' own, use
/// [`Centralize`](crate::Centralize) and [`Scale`](crate::Scale) with that alpha.
///
/// ```
/// use trimtab::{Autoscale, AutoscaleState, Tensor, apply, observe};
/// let (mut state, mut gradient) = (AutoscaleState::default(), [0.1_f32, 0.2, 0.6]);
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// Autoscale::default().decide(&mut state, &mut grads)?;
/// apply(&mut grads)?;
/// assert!(state.alpha > 0.367 && state.alpha <= 1.0);
/// assert!(gradient.iter().sum::<f32>().abs() < 1e-7);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Autoscale {}

/// The state of [`Autoscale`]; zeros before the first step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AutoscaleState {
    /// Exponent of alpha, fixed at the first step with sigma > 0; in (0, 1].
    pub exponent: f64,
    /// Global standard deviation at the last step; informative, not read.
    pub sigma: f64,
    /// Factor of the last step; informative, not read.
    pub alpha: f64,
    /// Number of steps with sigma > 0.
    pub steps: u64,
}

impl State for AutoscaleState {
    const KIND: u32 = 1;
    type Words = [u64; 4];

    fn to_words(&self) -> [u64; 4] {
        let [exponent, sigma, alpha] = [self.exponent, self.sigma, self.alpha].map(f64::to_bits);
        [exponent, sigma, alpha, self.steps]
    }

    fn from_words([exponent, sigma, alpha, steps]: [u64; 4]) -> Self {
        let [exponent, sigma, alpha] = [exponent, sigma, alpha].map(f64::from_bits);
        Self {
            exponent,
            sigma,
            alpha,
            steps,
        }
    }
}

impl Autoscale {
    /// Decides for every tensor and advances the state, or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadState`] for NaN, infinities, an exponent outside (0, 1], or an exponent without
    /// steps; [`Error::Overflow`] if sigma leaves the range of f64; and those of every method:
    /// [`Error::Order`], [`Error::NonFinite`].
    pub fn decide(&self, state: &mut AutoscaleState, grads: &mut [Tensor]) -> Result<(), Error> {
        state.validate()?;
        decide::check(grads)?;
        let (alpha, next) = advance(*state, global_std(grads)?);
        decide::kept(alpha, false, 0)?;
        decide::each(grads, |_, tensor| {
            Ok(match Roles::Weights.include(tensor) {
                true => Decision::centralize_and_scale(alpha),
                false => Decision::KEEP,
            })
        })?;
        *state = next;
        Ok(())
    }
}

/// sqrt(sum_l ||g_l - mean(g_l)||^2 / (N-1)) over the weights; 0 for fewer than two elements.
fn global_std(grads: &[Tensor]) -> Result<f64, Error> {
    let weights = grads.iter().filter(|tensor| Roles::Weights.include(tensor));
    let count: f64 = weights.map(|tensor| tensor.outlook().count() as f64).sum();
    if count < 2.0 {
        return Ok(0.0);
    }
    decide::root(grads, count - 1.0, |tensor| {
        let outlook = tensor.outlook();
        match Roles::Weights.include(tensor) && outlook.count() >= 2 {
            true => (outlook.std(), outlook.count() as f64 - 1.0),
            false => (0.0, 0.0),
        }
    })
}

/// The factor for this global standard deviation, and the state after it.
fn advance(state: AutoscaleState, sigma: f64) -> (f64, AutoscaleState) {
    if sigma == 0.0 {
        return (1.0, state);
    }
    let base = libm::log1p(sigma);
    let exponent = match state.steps {
        0 => 1.0 / (1.0 + libm::log(base).abs()),
        _ => state.exponent,
    };
    let alpha = libm::pow(base, exponent).min(1.0);
    let next = AutoscaleState {
        exponent,
        sigma,
        alpha,
        steps: state.steps.saturating_add(1),
    };
    (alpha, next)
}

impl AutoscaleState {
    fn validate(&self) -> Result<(), Error> {
        let what =
            if !(self.exponent.is_finite() && self.sigma.is_finite() && self.alpha.is_finite()) {
                "it holds NaN or infinity"
            } else if self.steps == 0 && self.exponent != 0.0 {
                "it holds an exponent, but steps is 0"
            } else if self.steps > 0 && !(self.exponent > 0.0 && self.exponent <= 1.0) {
                "its exponent must be in (0, 1]"
            } else {
                return Ok(());
            };
        Err(Error::BadState { index: 0, what })
    }
}
