//! Optimizers that apply the affine in their own loop: the write pass fused with an update.
//!
//! They read each gradient through its pending affine and never write it. Like every write they spend the
//! descriptors: the next step starts with [`observe`](fn@crate::observe).

mod adam;
mod sgd;
mod slot;

pub use adam::Adam;
pub use sgd::Sgd;
pub use slot::{Slot, Slots};

use crate::checkpoint::State;
use crate::kernel::{self, Dtype, Isa, Pack, Parameter, Rule};
use crate::status::{Error, require_same};
use crate::tensor::{Paired, Tensor, elements};
use crate::threads::{self, Crew, LEAST_TO_STEP};

/// The state of an optimizer beside its buffers; zeros before the first step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepState {
    /// Number of steps taken.
    pub steps: u64,
}

impl State for StepState {
    const KIND: u32 = 4;
    type Words = [u64; 1];

    fn to_words(&self) -> [u64; 1] {
        [self.steps]
    }

    fn from_words([steps]: [u64; 1]) -> Self {
        Self { steps }
    }
}

/// The common part of both optimizers: all checks, then one pass per tensor.
trait Update: Sync {
    /// Number of buffers of a slot that the update needs: 1 for the parameter, 2 with `first`, 3 with `second`.
    fn buffers(&self) -> usize;

    /// The largest gradient accepted for a parameter of this dtype; None if the configuration itself is out of its
    /// range.
    fn largest(&self, dtype: Dtype) -> Option<f64>;

    /// Updates one tensor whose parameter is of type P.
    fn update<P: Parameter>(&self, crew: Crew, tensor: &Tensor, slot: Slot);
}

/// Checks every tensor and slot, then updates them all.
fn run<U: Update, S: Slots>(
    update: &U,
    state: &mut StepState,
    grads: &mut [Tensor],
    mut slots: S,
) -> Result<(), Error> {
    check(update, grads, &mut slots)?;
    threads::pass(elements(grads), LEAST_TO_STEP, |crew| {
        let work = Paired::new(grads, slots, S::split_at);
        crew.divide(work, &|mut part: Paired<S>| {
            for (index, tensor) in part.grads.iter().enumerate() {
                match part.with.slot(index, tensor.len()) {
                    Some(slot) if slot.dtype() == Dtype::F64 => {
                        update.update::<f64>(crew, tensor, slot);
                    }
                    Some(slot) => update.update::<f32>(crew, tensor, slot),
                    None => break,
                }
            }
        });
    })?;
    grads.iter_mut().for_each(Tensor::spend);
    state.steps = state.steps.saturating_add(1);
    Ok(())
}

fn check<U: Update, S: Slots>(update: &U, grads: &[Tensor], slots: &mut S) -> Result<(), Error> {
    require_same(slots.len(), grads.len())?;
    for (index, tensor) in grads.iter().enumerate() {
        tensor.check(index)?;
        let slot = slots
            .slot(index, tensor.len())
            .ok_or(Error::BadLength { index })?;
        slot.check(index, tensor.len(), update.buffers())?;
        let largest = update.largest(slot.dtype());
        tensor.check_bound(index, largest.ok_or(Error::Overflow { tensor: index })?)?;
    }
    Ok(())
}

/// One tensor through the fused loop.
fn step<P: Parameter, R: Rule<P> + Sync>(crew: Crew, tensor: &Tensor, mut slot: Slot, rule: &R) {
    kernel::step::<P, R>(crew, tensor.buffer(), tensor.affine(), slot.buffers(), rule);
}

/// The largest parameter whose step is promised to be finite: the fourth root of the largest finite value of its type,
/// 4.2e9 in f32 and 1.1e77 in f64.
fn largest_parameter(dtype: Dtype) -> f64 {
    libm::sqrt(libm::sqrt(dtype.max()))
}

/// The bound on a gradient, `most`, less `weight_decay` times such a parameter, which is added to it; None if nothing is
/// left. The factor is for roundings.
fn beside_decay(dtype: Dtype, most: f64, weight_decay: f64) -> Option<f64> {
    let left = most - 1.001 * weight_decay.abs() * largest_parameter(dtype);
    (left > 0.0).then_some(left)
}

/// Whether every value survives the conversion to parameters of this dtype.
fn all_fit(dtype: Dtype, values: &[f64]) -> bool {
    values.iter().all(|value| value.abs() <= dtype.max())
}

/// `term + decay * param`. Without decay the parameter is not read: it may be infinite, a masked logit for
/// example, and 0 times that is NaN.
#[inline(always)]
fn with_decay<I: Isa, P: Parameter>(
    isa: I,
    term: P::Pack<I>,
    decay: P,
    param: P::Pack<I>,
) -> P::Pack<I> {
    if decay == P::ZERO {
        return term;
    }
    term + P::Pack::<I>::splat(isa, decay) * param
}
