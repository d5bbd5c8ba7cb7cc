//! The guard: the action on gradients that are not finite.

use crate::checkpoint::State;
use crate::decide;
use crate::setters::setters;
use crate::status::Error;
use crate::tensor::Tensor;

/// Handles gradients that are not finite, which all other methods refuse: put it in front of them.
///
/// A *bad step* is one in which a tensor holds NaN, an infinity, or (f64) a magnitude beyond 1e150.
/// With [`GuardPolicy::SkipStep`] it is counted and the verdict is to skip the step; with
/// [`GuardPolicy::Zero`] it is counted, the offending tensors become zeros, and the others are kept.
/// The `max_consecutive`-th bad step in a row is refused with [`Error::Diverged`], which like every
/// refusal changes nothing: that step is not counted. A good step sets `consecutive` to 0.
///
/// ```
/// use trimtab::{Guard, GuardState, Tensor, Verdict, observe};
/// let (mut state, mut gradient) = (GuardState::default(), [1.0_f32, f32::NAN]);
/// let mut grads = [Tensor::weight(&mut gradient)];
/// let _ = observe(&mut grads); // NonFinite: the guard will see it
/// assert_eq!(Guard::default().decide(&mut state, &mut grads)?, Verdict::SkipStep);
/// assert_eq!(state.total, 1);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guard {
    /// The action on a bad step: skip it (default) or zero the tensor.
    pub policy: GuardPolicy,
    /// Number of bad steps in a row that counts as divergence; 0 (default) for never.
    pub max_consecutive: u64,
}

setters!(Guard: with_policy = policy: GuardPolicy, with_max_consecutive = max_consecutive: u64);

/// The action of a guard on a bad step.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardPolicy {
    /// Return [`Verdict::SkipStep`].
    #[default]
    SkipStep = 0,
    /// Turn the offending tensors into zeros and continue.
    Zero = 1,
}

/// The state of [`Guard`]; zeros before the first step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardState {
    /// Number of bad steps since the last good one.
    pub consecutive: u64,
    /// Number of all bad steps.
    pub total: u64,
}

impl State for GuardState {
    const KIND: u32 = 3;
    type Words = [u64; 2];

    fn to_words(&self) -> [u64; 2] {
        [self.consecutive, self.total]
    }

    fn from_words([consecutive, total]: [u64; 2]) -> Self {
        Self { consecutive, total }
    }
}

/// The instruction of a guard to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Continue with the step.
    Proceed,
    /// Drop these gradients: no further method, no optimizer step.
    SkipStep,
}

impl Guard {
    /// A guard that turns tensors that are not finite into zeros, without a limit on bad steps.
    pub fn zero() -> Self {
        Self::default().with_policy(GuardPolicy::Zero)
    }

    /// Checks every tensor and counts, or refuses the whole call.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`]; [`Error::Order`] not observed; [`Error::BadState`].
    pub fn decide(&self, state: &mut GuardState, grads: &mut [Tensor]) -> Result<Verdict, Error> {
        let mut bad = false;
        for (index, tensor) in grads.iter().enumerate() {
            tensor.check_observed(index)?;
            bad |= is_bad(tensor);
        }
        if !bad {
            state.consecutive = 0;
            return Ok(Verdict::Proceed);
        }
        let consecutive = state.consecutive.saturating_add(1);
        if self.max_consecutive > 0 && consecutive >= self.max_consecutive {
            return Err(Error::Diverged);
        }
        let verdict = match self.policy {
            GuardPolicy::SkipStep => Verdict::SkipStep,
            GuardPolicy::Zero => {
                silence(grads)?;
                Verdict::Proceed
            }
        };
        state.consecutive = consecutive;
        state.total = state.total.saturating_add(1);
        Ok(verdict)
    }
}

fn is_bad(tensor: &Tensor) -> bool {
    tensor.check(0).is_err()
}

/// A scale of 0 writes zeros whatever the data, and its outlook, for the methods that follow, is a gradient of zeros.
fn silence(grads: &mut [Tensor]) -> Result<(), Error> {
    decide::commit(grads, |_, tensor| {
        Ok(match is_bad(tensor) {
            true => tensor.affine().then_scale(0.0),
            false => *tensor.affine(),
        })
    })
}
