//! GradientStabilizer (arXiv 2502.17055v4): keep the direction, replace the norm.

use core::cell::Cell;

use super::terms::{Scope, is_decay, is_eps};
use crate::checkpoint::State;
use crate::decide::{self, Decision, Run};
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;

/// Replaces the norm of a gradient by a ratio of running estimates, so that a spike is bounded:
///
/// ```text
/// R = ||g||;   R == 0: skipped += 1, and no other change
/// steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
/// mh = m / (1-gamma1^steps),  vh = v / (1-gamma2^steps)          (with bias correction)
/// g <- g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)
/// ```
///
/// Weights and biases. The defaults are those of the authors' code; the algorithm box of their paper has no
/// bias correction, which `bias_correction: false` gives. Without it, on `R >= kappa*m` the norm of
/// the result is at most `(1-gamma1)/sqrt(1-gamma2) + gamma1/(kappa*sqrt(1-gamma2))` (Lemma 3.4);
/// for `gamma1^2 < gamma2` it never exceeds
/// `(1-gamma1)/sqrt(1-gamma2)/sqrt(1-gamma1^2/gamma2)`, 15.816 at the defaults.
///
/// The state is f64: a finite spike of 1e30 in f32 overflows the authors' f32 norm and is skipped
/// there; here it is bounded like any other. At the other end, norms below 1.5e-154 have squares below the smallest normal
/// f64, which lose digits and vanish below 1.6e-162: the root is then too small by up to 1.5e-154, which an eps of 1.4e-138
/// or more, such as the default, hides. With a smaller eps such a `v` is refused, [`Error::Overflow`].
///
/// ```
/// use trimtab::{GradientStabilizer, NormState, Tensor, apply, observe};
/// let mut states = [NormState::default()];
/// for size in [1.0_f32, 1.0, 1e30, 1.0] {
///     let mut gradient = [3.0 * size, 4.0 * size];
///     let mut grads = [Tensor::weight(&mut gradient)];
///     observe(&mut grads)?;
///     GradientStabilizer::default().decide(&mut states, &mut grads)?;
///     apply(&mut grads)?;
///     assert!((gradient[1] / gradient[0] - 4.0 / 3.0).abs() < 1e-6); // the direction is kept
///     assert!(gradient[1] < 15.816);
/// }
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct GradientStabilizer {
    /// One norm and state per tensor (default), or one for all tensors together.
    pub scope: Scope,
    /// Decay of the running average of the norm; in [0, 1), default 0.6.
    pub gamma1: f64,
    /// Decay of the running average of the squared norm; in [0, 1), default 0.999.
    pub gamma2: f64,
    /// Added to the root, and lower bound on the norm divided by; finite, >= 0, default 1e-12.
    pub eps: f64,
    /// Whether the averages are corrected for their start at 0; default true.
    pub bias_correction: bool,
}

/// The state of GradientStabilizer and AdaGC for one norm; zeros before the first step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormState {
    /// Running average of the norm, before bias correction.
    pub m: f64,
    /// Running average of the squared norm, before bias correction; not used by AdaGC.
    pub v: f64,
    /// Number of gradients averaged.
    pub steps: u64,
    /// Number of gradients of norm 0, which do not enter the averages.
    pub skipped: u64,
}

impl NormState {
    /// The state before the first step.
    pub(crate) const ZERO: Self = Self {
        m: 0.0,
        v: 0.0,
        steps: 0,
        skipped: 0,
    };
}

impl State for NormState {
    const KIND: u32 = 0;
    type Words = [u64; 4];

    fn to_words(&self) -> [u64; 4] {
        [self.m.to_bits(), self.v.to_bits(), self.steps, self.skipped]
    }

    fn from_words([m, v, steps, skipped]: [u64; 4]) -> Self {
        let [m, v] = [m, v].map(f64::from_bits);
        Self {
            m,
            v,
            steps,
            skipped,
        }
    }
}

impl Default for GradientStabilizer {
    fn default() -> Self {
        Self {
            scope: Scope::Tensor,
            gamma1: 0.6,
            gamma2: 0.999,
            eps: 1e-12,
            bias_correction: true,
        }
    }
}

setters!(
    GradientStabilizer:
    with_scope = scope: Scope,
    with_gamma1 = gamma1: f64,
    with_gamma2 = gamma2: f64,
    with_eps = eps: f64,
    with_bias_correction = bias_correction: bool,
);

impl GradientStabilizer {
    /// Number of states that [`decide`](Self::decide) takes for this many tensors.
    pub fn states(&self, tensors: usize) -> usize {
        match self.scope {
            Scope::Tensor => tensors,
            Scope::Global => 1,
        }
    }

    /// Decides for every tensor and advances the states, or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`]; [`Error::BadLength`] unless there are
    /// [`states(grads.len())`](Self::states) states; [`Error::BadState`] for NaN, infinities,
    /// negative averages, or averages without steps; [`Error::Overflow`] if a squared norm or a
    /// scale leaves the range of f64; and those of every method: [`Error::Order`],
    /// [`Error::NonFinite`].
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
        match self.scope {
            Scope::Tensor => {
                let last = Cell::default();
                decide::each_with(grads, states, run, |index, tensor, state| {
                    let norm = tensor.outlook().norm();
                    let (factor, next) = self.advance(state, norm, index, &last)?;
                    Ok((Decision::scale(factor), next))
                })
            }
            Scope::Global => match states {
                [state] => run.advance(state, |state| self.decide_globally(state, grads)),
                _ => Err(Error::BadLength { index: 0 }),
            },
        }
    }

    fn decide_globally(&self, state: &mut NormState, grads: &mut [Tensor]) -> Result<(), Error> {
        decide::check(grads)?;
        let (factor, next) =
            self.advance(*state, decide::global_norm(grads)?, 0, &Cell::default())?;
        decide::scale_all(grads, factor)?;
        *state = next;
        Ok(())
    }

    /// The factor for a gradient of norm `norm`, and the state after it.
    fn advance(
        &self,
        state: NormState,
        norm: f64,
        tensor: usize,
        last: &Cell<Corrections>,
    ) -> Result<(f64, NormState), Error> {
        if norm == 0.0 {
            return Ok((1.0, state.skip()));
        }
        let next = NormState {
            m: self.gamma1 * state.m + (1.0 - self.gamma1) * norm,
            v: self.gamma2 * state.v + (1.0 - self.gamma2) * (norm * norm),
            steps: state.steps.saturating_add(1),
            skipped: state.skipped,
        };
        let (m, v) = self.corrected(&next, last);
        let divisor = if norm > self.eps { norm } else { self.eps };
        decide::kept(next.m, false, tensor)?;
        let target = decide::quotient(m, libm::sqrt(v) + self.eps, tensor)?;
        let factor = decide::quotient(target, divisor, tensor)?;
        let has_digits = next.v >= f64::MIN_POSITIVE || self.eps >= HIDES_LOST_SQUARES;
        if next.m.is_finite() && v.is_finite() && factor.is_finite() && has_digits {
            Ok((factor, next))
        } else {
            Err(Error::Overflow { tensor })
        }
    }

    fn corrected(&self, state: &NormState, last: &Cell<Corrections>) -> (f64, f64) {
        if !self.bias_correction {
            return (state.m, state.v);
        }
        let mut corrections = last.get();
        if corrections.steps != state.steps {
            let steps = state.steps as f64;
            corrections = Corrections {
                steps: state.steps,
                m: 1.0 - libm::pow(self.gamma1, steps),
                v: 1.0 - libm::pow(self.gamma2, steps),
            };
            last.set(corrections);
        }
        (state.m / corrections.m, state.v / corrections.v)
    }

    fn validate(&self) -> Result<(), Error> {
        require(
            is_decay(self.gamma1),
            "gradient_stabilizer: gamma1 must be in [0, 1)",
        )?;
        require(
            is_decay(self.gamma2),
            "gradient_stabilizer: gamma2 must be in [0, 1)",
        )?;
        require(
            is_eps(self.eps),
            "gradient_stabilizer: eps must be finite and >= 0",
        )
    }
}

/// The root of a running square below the smallest normal f64 is below 1.5e-154, and so is 2^-53 of this eps: added to
/// this eps, the lost digits of such a square make no difference.
const HIDES_LOST_SQUARES: f64 = 1.4e-138;

/// The divisors of the bias correction for a number of steps, which most tensors of a call share: a
/// power costs more than the rest of a decision.
#[derive(Clone, Copy, Default)]
struct Corrections {
    steps: u64,
    m: f64,
    v: f64,
}

impl NormState {
    /// The state after a gradient of norm 0.
    pub(super) fn skip(self) -> Self {
        let skipped = self.skipped.saturating_add(1);
        Self { skipped, ..self }
    }

    pub(super) fn validate(&self, index: usize) -> Result<(), Error> {
        super::terms::check_averages(index, self.m, self.v, self.steps)
    }
}
