//! Methods with their states in one value, for one call per step.

use heapless::Vec;

use crate::chain::{Chain, decide};
use crate::checkpoint::{Reader, Writer};
use crate::custom::{Custom, Run};
use crate::method::{Inputs, Memory, Method, NormState, Verdict};
use crate::observe::observe;
use crate::status::Error;
use crate::tensor::Tensor;

/// A chain of up to `METHODS` methods, with their states for up to `TENSORS` tensors. No heap; for sizes chosen at run
/// time [`PipelineMut`] is the same in the caller's memory.
///
/// ```
/// use trimtab::{ClipNorm, GradientStabilizer, Inputs, Pipeline, StableGrad, Tensor, apply};
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
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline<const METHODS: usize, const TENSORS: usize> {
    stages: Vec<Stage, METHODS>,
    /// A row per stage.
    norms: [[NormState; TENSORS]; METHODS],
}

/// A [`Pipeline`] in the caller's memory, for numbers of stages and tensors chosen at run time.
///
/// ```
/// use trimtab::{GradientStabilizer, NormState, PipelineMut, StableGrad, Stage, Tensor};
/// let mut network = vec![vec![0.5_f32, -1.5]; 7]; // gradients
/// let mut stages = vec![Stage::new(StableGrad::default()), Stage::new(GradientStabilizer::default())];
/// let mut norms = vec![NormState::default(); stages.len() * network.len()];
///
/// let mut grads: Vec<Tensor> = network.iter_mut().map(|layer| Tensor::weight(layer)).collect();
/// let mut pipeline = PipelineMut::new(&mut stages, &mut norms);
/// let _proceed = pipeline.decide_with(&mut grads, |grads| {
///     // Observed by now: a reference may depend on them.
///     Ok(trimtab::Inputs::default().with_reference(grads[6].moments().std()))
/// })?;
/// assert_eq!(pipeline.norms(1)[6].steps, 1);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Debug)]
pub struct PipelineMut<'a> {
    stages: &'a mut [Stage],
    norms: &'a mut [NormState],
}

/// A method of a [`Pipeline`] and its state.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stage {
    /// The configuration.
    pub method: Method,
    /// The state; the states of norms themselves lie in a row of the pipeline.
    pub memory: Memory,
}

impl<const METHODS: usize, const TENSORS: usize> Pipeline<METHODS, TENSORS> {
    /// A pipeline without methods.
    pub const fn new() -> Self {
        Self {
            stages: Vec::new(),
            norms: [[NormState::ZERO; TENSORS]; METHODS],
        }
    }

    /// Appends a method.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if the pipeline has `METHODS` methods already.
    pub fn with(mut self, method: impl Into<Method>) -> Result<Self, Error> {
        let index = self.stages.len();
        let pushed = self.stages.push(Stage::new(method));
        pushed.map_err(|_| Error::BadLength { index })?;
        Ok(self)
    }

    /// The methods with their states.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The methods with their states, to change a configuration (a new loss scale) or a state.
    pub fn stages_mut(&mut self) -> &mut [Stage] {
        &mut self.stages
    }

    /// The states of the norms of a stage; empty unless it is a [`GradientStabilizer`](crate::GradientStabilizer) after its first step.
    pub fn norms(&self, stage: usize) -> &[NormState] {
        norms(&self.stages, self.rows(), stage)
    }

    /// Puts the states of all methods, in their order. Configurations are not saved.
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
        save(&self.stages, self.rows(), to);
    }

    /// Takes the states of all methods, as [`save`](Self::save) has put them.
    ///
    /// Before its first step a pipeline takes the states of as many tensors as were saved, up to `TENSORS`.
    pub fn load(&mut self, from: &mut Reader) {
        self.borrow().load(from);
    }

    /// Observes the gradients and decides by every method. The write follows, by [`apply`](fn@crate::apply) or an
    /// optimizer step; after [`Verdict::SkipStep`] neither.
    ///
    /// # Errors
    ///
    /// The first error of any method. All states are then as before the call and nothing is
    /// pending: see [`decide`](fn@crate::decide).
    pub fn decide(&mut self, inputs: &Inputs, grads: &mut [Tensor]) -> Result<Verdict, Error> {
        self.borrow().decide(inputs, grads)
    }

    /// [`decide`](Self::decide) with inputs computed from the observed gradients.
    ///
    /// # Errors
    ///
    /// As [`decide`](Self::decide), and those of `inputs`.
    pub fn decide_with<'i>(
        &mut self,
        grads: &mut [Tensor],
        inputs: impl FnOnce(&[Tensor]) -> Result<Inputs<'i>, Error>,
    ) -> Result<Verdict, Error> {
        self.borrow().decide_with(grads, inputs)
    }

    /// The rows of the stages in use.
    fn rows(&self) -> &[NormState] {
        let rows = self.norms.get(..self.stages.len());
        rows.unwrap_or_default().as_flattened()
    }

    fn borrow(&mut self) -> PipelineMut<'_> {
        let rows = self.norms.get_mut(..self.stages.len());
        PipelineMut::new(
            &mut self.stages,
            rows.unwrap_or_default().as_flattened_mut(),
        )
    }
}

impl<const METHODS: usize, const TENSORS: usize> Default for Pipeline<METHODS, TENSORS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> PipelineMut<'a> {
    /// Over stages that the caller keeps from step to step, and a row of norm states for each: stages times tensors of
    /// them, zeros before the first step. (None are needed without a [`GradientStabilizer`](crate::GradientStabilizer).)
    pub fn new(stages: &'a mut [Stage], norms: &'a mut [NormState]) -> Self {
        Self { stages, norms }
    }

    /// As [`Pipeline::norms`].
    pub fn norms(&self, stage: usize) -> &[NormState] {
        norms(self.stages, self.norms, stage)
    }

    /// As [`Pipeline::save`].
    pub fn save(&self, to: &mut Writer) {
        save(self.stages, self.norms, to);
    }

    /// As [`Pipeline::load`], up to as many tensors as there is room for in a row.
    pub fn load(&mut self, from: &mut Reader) {
        let row = row(self.stages, self.norms);
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let states = self.norms.get_mut(row * index..row * (index + 1));
            stage.memory.load(states.unwrap_or_default(), from);
        }
    }

    /// As [`Pipeline::decide`].
    ///
    /// # Errors
    ///
    /// As [`Pipeline::decide`].
    pub fn decide(&mut self, inputs: &Inputs, grads: &mut [Tensor]) -> Result<Verdict, Error> {
        self.decide_with(grads, |_| Ok(*inputs))
    }

    /// As [`Pipeline::decide_with`].
    ///
    /// # Errors
    ///
    /// As [`Pipeline::decide_with`].
    pub fn decide_with<'i>(
        &mut self,
        grads: &mut [Tensor],
        inputs: impl FnOnce(&[Tensor]) -> Result<Inputs<'i>, Error>,
    ) -> Result<Verdict, Error> {
        match observe(grads) {
            // Left to the first method: it may be a guard.
            Ok(()) | Err(Error::NonFinite { .. }) => (),
            Err(refusal) => return Err(refusal),
        }
        let inputs = inputs(grads)?;
        let row = row(self.stages, self.norms);
        let mut chain = Stages {
            stages: self.stages,
            norms: self.norms,
            row,
            inputs,
        };
        Ok(decide(&mut chain, grads)?)
    }
}

/// Number of norm states that each stage has room for.
fn row(stages: &[Stage], norms: &[NormState]) -> usize {
    norms.len().checked_div(stages.len()).unwrap_or(0)
}

/// See [`Pipeline::norms`].
fn norms<'n>(stages: &[Stage], norms: &'n [NormState], stage: usize) -> &'n [NormState] {
    let row = row(stages, norms);
    match stages.get(stage).map(|stage| stage.memory) {
        Some(Memory::Norms(count)) => norms
            .get(row * stage..row * stage + count)
            .unwrap_or_default(),
        _ => &[],
    }
}

/// See [`Pipeline::save`].
fn save(stages: &[Stage], all: &[NormState], to: &mut Writer) {
    for (index, stage) in stages.iter().enumerate() {
        stage.memory.save(norms(stages, all, index), to);
    }
}

/// The stages of one step, as a chain.
struct Stages<'s, 'i> {
    stages: &'s mut [Stage],
    norms: &'s mut [NormState],
    row: usize,
    inputs: Inputs<'i>,
}

impl Chain for Stages<'_, '_> {
    fn len(&self) -> usize {
        self.stages.len()
    }

    fn decide(&mut self, method: usize, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
        let row = self.row * method..self.row * (method + 1);
        let norms = self.norms.get_mut(row).unwrap_or_default();
        match self.stages.get_mut(method) {
            Some(stage) => stage.decide(norms, &self.inputs, grads, run),
            None => Err(Error::BadLength { index: method }),
        }
    }
}

impl Stage {
    /// A method before its first step.
    pub fn new(method: impl Into<Method>) -> Self {
        let method = method.into();
        let memory = method.memory();
        Self { method, memory }
    }

    /// Decides by this method, with its row of norm states: for a [`Chain`] of your own.
    ///
    /// # Errors
    ///
    /// Those of the method; [`Error::BadLength`] if the row is too short; [`Error::BadState`] if the memory is
    /// another method's.
    pub fn decide(
        &mut self,
        norms: &mut [NormState],
        inputs: &Inputs,
        grads: &mut [Tensor],
        run: Run,
    ) -> Result<Verdict, Error> {
        let needed = match self.memory {
            Memory::Norms(0) => self.method.norms(grads.len()),
            Memory::Norms(count) => count,
            _ => 0,
        };
        let index = norms.len();
        let norms = norms.get_mut(..needed).ok_or(Error::BadLength { index })?;
        let mut link = self.method.link(&mut self.memory, norms, inputs)?;
        let verdict = link.decide(grads, run)?;
        if let (Run::Keep, Memory::Norms(count)) = (run, &mut self.memory) {
            *count = needed;
        }
        Ok(verdict)
    }
}
