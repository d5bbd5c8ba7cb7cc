//! The memory of the methods of a pipeline between steps, and their inputs in each.

use super::{AutoscaleState, GuardState, NormState, ZclipState};
use crate::checkpoint::{Reader, Writer};
use crate::moments::Moments;
use crate::setters::setters;

/// The inputs of the methods that change from step to step.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Inputs<'a> {
    /// The reference of StableGrad; by default NaN, which it refuses.
    pub reference: f64,
    /// The moments of the parameters, for adaptive gradient clipping; by default none.
    pub params: &'a [Moments],
}

impl Default for Inputs<'_> {
    fn default() -> Self {
        Self {
            reference: f64::NAN,
            params: &[],
        }
    }
}

setters!(Inputs<'a>: with_reference = reference: f64, with_params = params: &'a [Moments]);

/// The state of a method.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Memory {
    /// No state.
    None,
    /// Of [`GradientStabilizer`](crate::GradientStabilizer) and [`Adagc`](crate::Adagc): the number of states in the
    /// stage's row, one per tensor or one for all; 0 before the first step.
    Norms(usize),
    /// Of [`Autoscale`](crate::Autoscale).
    Autoscale(AutoscaleState),
    /// Of [`Zclip`](crate::Zclip).
    Zclip(ZclipState),
    /// Of [`Guard`](crate::Guard).
    Guard(GuardState),
}

impl Memory {
    /// Puts the states; `norms` are those of the stage's row.
    pub(crate) fn save(&self, norms: &[NormState], to: &mut Writer) {
        match self {
            Memory::None => (),
            Memory::Norms(_) => to.put(norms),
            Memory::Autoscale(state) => to.put_one(state),
            Memory::Zclip(state) => to.put_one(state),
            Memory::Guard(state) => to.put_one(state),
        }
    }

    /// Takes them; `row` is all of the stage's row.
    pub(crate) fn load(&mut self, row: &mut [NormState], from: &mut Reader) {
        match self {
            Memory::None => (),
            Memory::Norms(count) => from.take_grown(row, count),
            Memory::Autoscale(state) => from.take_one(state),
            Memory::Zclip(state) => from.take_one(state),
            Memory::Guard(state) => from.take_one(state),
        }
    }
}
