//! Methods with their states in one value, for those who want one call a step.

use heapless::Vec;

use crate::affine::Affine;
use crate::checkpoint::{Reader, Writer};
use crate::method::{
    Agc, Autoscale, AutoscaleState, Centralize, ClipNorm, ClipValue, GradientStabilizer, Guard,
    GuardState, NormState, Scale, StableGrad, Unscale, Verdict, Zclip, ZclipState, Znorm,
};
use crate::moments::Moments;
use crate::observe::observe;
use crate::setters::setters;
use crate::status::Error;
use crate::tensor::Tensor;

/// Up to `METHODS` methods in a row, with their states for up to `TENSORS` tensors. No heap.
///
/// ```
/// use trimtab::{ClipNorm, GradientStabilizer, Inputs, Pipeline, Scope, StableGrad, Tensor, apply};
/// let mut pipeline = Pipeline::<3, 2>::new()
///     .with(StableGrad::default())?
///     .with(GradientStabilizer::default())?
///     .with(ClipNorm::global(1.0))?;
///
/// let (mut dw, mut db) = ([1e-7_f32, 3e-7], [2e-7_f32]);
/// let mut grads = [Tensor::weight(&mut dw), Tensor::bias(&mut db)];
/// let inputs = Inputs::default().with_reference(0.1);
/// let _proceed = pipeline.decide(&inputs, &mut grads)?; // observes first
/// apply(&mut grads)?;
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pipeline<const METHODS: usize, const TENSORS: usize> {
    stages: Vec<Stage<TENSORS>, METHODS>,
}

/// What changes from step to step.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Inputs<'a> {
    /// StableGrad's reference; by default NaN, which it refuses.
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

/// Any method of this library.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant is the method of its name.
pub enum Method {
    Agc(Agc),
    Autoscale(Autoscale),
    Centralize(Centralize),
    ClipNorm(ClipNorm),
    ClipValue(ClipValue),
    GradientStabilizer(GradientStabilizer),
    Guard(Guard),
    Scale(Scale),
    StableGrad(StableGrad),
    Unscale(Unscale),
    Zclip(Zclip),
    Znorm(Znorm),
}

/// What a method remembers between steps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Memory<const TENSORS: usize> {
    /// Nothing.
    None,
    /// Of [`GradientStabilizer`]: one state a tensor or one for all; empty before the first step.
    Norms(Vec<NormState, TENSORS>),
    /// Of [`Autoscale`].
    Autoscale(AutoscaleState),
    /// Of [`Zclip`].
    Zclip(ZclipState),
    /// Of [`Guard`].
    Guard(GuardState),
}

/// A method of a [`Pipeline`] and its state.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stage<const TENSORS: usize> {
    /// The configuration.
    pub method: Method,
    /// What it remembers.
    pub memory: Memory<TENSORS>,
}

impl<const METHODS: usize, const TENSORS: usize> Pipeline<METHODS, TENSORS> {
    /// No methods yet.
    pub const fn new() -> Self {
        Self { stages: Vec::new() }
    }

    /// One method more, behind those already there.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if there are `METHODS` already.
    pub fn with(mut self, method: impl Into<Method>) -> Result<Self, Error> {
        let index = self.stages.len();
        let stage = Stage::new(method.into());
        self.stages
            .push(stage)
            .map_err(|_| Error::BadLength { index })?;
        Ok(self)
    }

    /// The methods with their states, to look at.
    pub fn stages(&self) -> &[Stage<TENSORS>] {
        &self.stages
    }

    /// The same for changing a configuration (a new loss scale) or a state.
    pub fn stages_mut(&mut self) -> &mut [Stage<TENSORS>] {
        &mut self.stages
    }

    /// Puts the states of all methods, in their order; the configurations stay the program's.
    ///
    /// ```
    /// use trimtab::{GradientStabilizer, Guard, Pipeline, StepState, checkpoint};
    /// let new = || Pipeline::<2, 8>::new().with(Guard::default())?.with(GradientStabilizer::default());
    /// let (pipeline, adam, mut bytes) = (new()?, StepState { steps: 7 }, [0; 512]);
    /// let len = checkpoint::save(&mut bytes, |to| {
    ///     pipeline.save(to);
    ///     to.put_one(&adam);
    /// })?;
    ///
    /// let (mut pipeline, mut adam) = (new()?, StepState::default()); // after a restart
    /// checkpoint::load(&bytes[..len], |from| {
    ///     pipeline.load(from);
    ///     from.take_one(&mut adam);
    /// })?;
    /// # Ok::<(), trimtab::Error>(())
    /// ```
    pub fn save(&self, to: &mut Writer) {
        for stage in &self.stages {
            match &stage.memory {
                Memory::None => (),
                Memory::Norms(states) => to.put(states),
                Memory::Autoscale(state) => to.put_one(state),
                Memory::Zclip(state) => to.put_one(state),
                Memory::Guard(state) => to.put_one(state),
            }
        }
    }

    /// Takes the states of all methods, as [`save`](Self::save) has put them.
    ///
    /// A pipeline that has made no step yet takes the states of as many tensors as were saved, up to
    /// `TENSORS`.
    pub fn load(&mut self, from: &mut Reader) {
        for stage in &mut self.stages {
            match &mut stage.memory {
                Memory::None => (),
                Memory::Norms(states) => from.take_grown(states),
                Memory::Autoscale(state) => from.take_one(state),
                Memory::Zclip(state) => from.take_one(state),
                Memory::Guard(state) => from.take_one(state),
            }
        }
    }

    /// Observes the gradients, then lets every method decide. What remains is to apply, or an
    /// optimizer step; after [`Verdict::SkipStep`] neither.
    ///
    /// # Errors
    ///
    /// The first error of any method. All states are then as before the call and nothing is
    /// pending. The states are copied to the stack for that: `METHODS * TENSORS * 32` bytes.
    pub fn decide(&mut self, inputs: &Inputs, grads: &mut [Tensor]) -> Result<Verdict, Error> {
        match observe(grads) {
            // For the first method to judge: a guard may have an answer to it.
            Ok(()) | Err(Error::NonFinite { .. }) => (),
            Err(refusal) => return Err(refusal),
        }
        let before = self.stages.clone();
        let result = self.decide_in_turn(inputs, grads);
        if result.is_err() {
            self.stages = before;
            for tensor in grads {
                tensor.set_affine(Affine::IDENTITY);
            }
        }
        result
    }

    fn decide_in_turn(&mut self, inputs: &Inputs, grads: &mut [Tensor]) -> Result<Verdict, Error> {
        for stage in &mut self.stages {
            if stage.decide(inputs, grads)? == Verdict::SkipStep {
                return Ok(Verdict::SkipStep);
            }
        }
        Ok(Verdict::Proceed)
    }
}

impl<const TENSORS: usize> Stage<TENSORS> {
    fn new(method: Method) -> Self {
        let memory = match method {
            Method::GradientStabilizer(_) => Memory::Norms(Vec::new()),
            Method::Autoscale(_) => Memory::Autoscale(AutoscaleState::default()),
            Method::Zclip(_) => Memory::Zclip(ZclipState::default()),
            Method::Guard(_) => Memory::Guard(GuardState::default()),
            _ => Memory::None,
        };
        Self { method, memory }
    }

    fn decide(&mut self, inputs: &Inputs, grads: &mut [Tensor]) -> Result<Verdict, Error> {
        match (&self.method, &mut self.memory) {
            (Method::Guard(m), Memory::Guard(state)) => return m.decide(state, grads),
            (Method::GradientStabilizer(m), Memory::Norms(states)) => {
                let needed = m.states(grads.len());
                if states.is_empty() && states.resize_default(needed).is_err() {
                    return Err(Error::BadLength { index: TENSORS });
                }
                m.decide(states, grads)
            }
            (Method::Autoscale(m), Memory::Autoscale(state)) => m.decide(state, grads),
            (Method::Zclip(m), Memory::Zclip(state)) => m.decide(state, grads),
            (Method::Agc(m), _) => m.decide(inputs.params, grads),
            (Method::StableGrad(m), _) => m.decide(inputs.reference, grads),
            (Method::Centralize(m), _) => m.decide(grads),
            (Method::ClipNorm(m), _) => m.decide(grads),
            (Method::ClipValue(m), _) => m.decide(grads),
            (Method::Scale(m), _) => m.decide(grads),
            (Method::Unscale(m), _) => m.decide(grads),
            (Method::Znorm(m), _) => m.decide(grads),
            _ => Err(Error::BadState {
                index: 0,
                what: "the memory of a pipeline's stage belongs to another method",
            }),
        }?;
        Ok(Verdict::Proceed)
    }
}

macro_rules! into_method {
    ($($name:ident),*) => {
        $(impl From<$name> for Method {
            fn from(method: $name) -> Self {
                Method::$name(method)
            }
        })*
    };
}

into_method!(
    Agc,
    Autoscale,
    Centralize,
    ClipNorm,
    ClipValue,
    GradientStabilizer,
    Guard,
    Scale,
    StableGrad,
    Unscale,
    Zclip,
    Znorm
);
