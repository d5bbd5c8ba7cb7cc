//! What to do when a gradient is not finite.

use crate::checkpoint::State;
use crate::decide;
use crate::setters::setters;
use crate::status::Error;
use crate::tensor::Tensor;

/// Stands in front of the other methods, which all refuse gradients that are not finite.
///
/// A *bad step* is one in which a tensor holds NaN, an infinity, or (f64) a magnitude beyond 1e150.
/// With [`GuardPolicy::SkipStep`] it is counted and the caller is told to skip the step; with
/// [`GuardPolicy::Zero`] it is counted, the offending tensors become zeros, and the rest goes on.
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
    /// Skip the step (default) or zero the tensor.
    pub policy: GuardPolicy,
    /// How many bad steps in a row mean that the run has diverged; 0 (default): never.
    pub max_consecutive: u64,
}

setters!(Guard: with_policy = policy: GuardPolicy, with_max_consecutive = max_consecutive: u64);

/// What a guard does about a bad step.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardPolicy {
    /// Tell the caller to skip it.
    #[default]
    SkipStep = 0,
    /// Turn the offending tensors into zeros and go on.
    Zero = 1,
}

/// What [`Guard`] remembers; zero before the first step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardState {
    /// Bad steps since the last good one.
    pub consecutive: u64,
    /// Bad steps in all.
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

/// What the caller is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Go on.
    Proceed,
    /// Drop these gradients: no further method, no optimizer step.
    SkipStep,
}

impl Guard {
    /// Turns tensors that are not finite into zeros and goes on; never gives up.
    pub fn zero() -> Self {
        Self::default().with_policy(GuardPolicy::Zero)
    }

    /// Looks at every tensor and counts, or refuses the whole call.
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

/// A scale of 0 writes zeros whatever the data, and shows methods behind it a gradient of zeros.
fn silence(grads: &mut [Tensor]) -> Result<(), Error> {
    decide::commit(grads, |_, tensor| {
        Ok(match is_bad(tensor) {
            true => tensor.affine().then_scale(0.0),
            false => *tensor.affine(),
        })
    })
}
