//! Stochastic gradient descent with momentum.

use super::{Slots, StepState, Update, all_fit, with_decay};
use crate::kernel::{Dtype, Isa, Pack, Parameter, Rule};
use crate::method::{Roles, is_decay};
use crate::optimizer::Slot;
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;
use crate::threads::Crew;

/// SGD, fused with the pending affine; conventions as in torch:
///
/// ```text
/// g = affine(gradient) + weight_decay*w
/// buffer = g on the first step, then momentum*buffer + (1-dampening)*g
/// w -= lr * g                       without momentum
/// w -= lr * buffer                  with momentum
/// w -= lr * (g + momentum*buffer)   with Nesterov momentum
/// ```
///
/// in the parameter's type, with plain IEEE operations that are never contracted. The first step
/// is the one with `StepState::steps == 0`; it does not read the momentum buffer.
///
/// With the largest finite value `M` of the parameter's type, and `W = M^(1/4)` for the largest parameter whose step is
/// promised to be finite (4.2e9 in f32, 1.1e77 in f64), [`Error::Overflow`] unless lr and weight_decay fit the type and
///
/// ```text
/// |gradient| <= M / (reach * max(1, |lr|)) - |weight_decay| * W
/// reach = bound on buffer and direction, in units of the largest gradient: 1 without momentum,
///         max(1, (1-dampening)/(1-momentum)), with Nesterov momentum at least 1 + momentum times that
/// ```
///
/// The promise: parameters up to `W`, with a buffer left by steps with this configuration, stay finite, and so does the
/// buffer. Buffers are trusted: those of another configuration, or edited ones, may make a parameter infinite.
///
/// ```
/// use trimtab::{Sgd, Slot, StepState, Tensor, observe};
/// let (mut w, mut gradient) = ([1.0_f32, 2.0], [0.5_f32, -0.5]);
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// let sgd = Sgd::new(0.5);
/// sgd.step(&mut StepState::default(), &mut grads, &mut [Slot::sgd(&mut w)])?;
/// assert_eq!(w, [0.75, 2.25]);
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sgd {
    /// Learning rate; finite, default 1e-2.
    pub lr: f64,
    /// Decay of the momentum buffer; in [0, 1), default 0, which needs no buffer.
    pub momentum: f64,
    /// The new gradient enters the buffer times `1 - dampening`; in [0, 1], default 0.
    pub dampening: f64,
    /// Coefficient of the L2 penalty, added to the gradient; finite, default 0.
    pub weight_decay: f64,
    /// The parameters that decay: weights only, or all (default).
    pub decay_roles: Roles,
    /// Nesterov's momentum, which needs `momentum` > 0 and `dampening` 0; default false.
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self::new(1e-2)
    }
}

setters!(
    Sgd:
    with_lr = lr: f64,
    with_momentum = momentum: f64,
    with_dampening = dampening: f64,
    with_weight_decay = weight_decay: f64,
    with_decay_roles = decay_roles: Roles,
    with_nesterov = nesterov: bool,
);

impl Sgd {
    /// The defaults with this learning rate.
    pub const fn new(lr: f64) -> Self {
        Self {
            lr,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            decay_roles: Roles::All,
            nesterov: false,
        }
    }

    /// Number of buffers of a slot that a step needs: the parameter, and with momentum its first buffer.
    pub fn buffers(&self) -> usize {
        if self.momentum == 0.0 { 1 } else { 2 }
    }

    /// Updates every parameter and spends the descriptors, or refuses the whole call. `slots[i]` belongs to `grads[i]`.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`]; [`Error::BadLength`], [`Error::BadDtype`], [`Error::MissingBuffer`]
    /// if a slot does not match; [`Error::Overflow`] beyond the bounds above;
    /// [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`].
    pub fn step(
        &self,
        state: &mut StepState,
        grads: &mut [Tensor],
        slots: &mut [Slot],
    ) -> Result<(), Error> {
        self.step_with(state, grads, slots)
    }

    /// [`step`](Self::step) for parameters in structs of the caller's own.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn step_with<S: Slots>(
        &self,
        state: &mut StepState,
        grads: &mut [Tensor],
        slots: S,
    ) -> Result<(), Error> {
        self.validate()?;
        let first_step = state.steps == 0;
        let update = SgdUpdate {
            config: *self,
            first_step,
        };
        super::run(&update, state, grads, slots)
    }

    /// Bound on the buffer and the direction, in units of the largest gradient so far.
    fn reach(&self) -> f64 {
        if self.buffers() == 1 {
            return 1.0;
        }
        let gain = 1.0 - self.dampening;
        let buffer = (gain / (1.0 - self.momentum)).max(1.0);
        let ahead = 1.0 + self.momentum * buffer;
        let direction = if self.nesterov { ahead } else { buffer };
        // A little more, for the rounding of the running sum.
        direction.max(buffer) * 1.001
    }

    fn validate(&self) -> Result<(), Error> {
        require(self.lr.is_finite(), "sgd: lr must be finite")?;
        require(is_decay(self.momentum), "sgd: momentum must be in [0, 1)")?;
        let damped = (0.0..=1.0).contains(&self.dampening);
        require(damped, "sgd: dampening must be in [0, 1]")?;
        let looks_ahead = self.momentum > 0.0 && self.dampening == 0.0;
        require(
            looks_ahead || !self.nesterov,
            "sgd: nesterov needs a momentum and no dampening",
        )?;
        require(
            self.weight_decay.is_finite(),
            "sgd: weight_decay must be finite",
        )
    }
}

struct SgdUpdate {
    config: Sgd,
    first_step: bool,
}

impl Update for SgdUpdate {
    fn buffers(&self) -> usize {
        self.config.buffers()
    }

    fn largest(&self, dtype: Dtype) -> Option<f64> {
        let fits = all_fit(dtype, &[self.config.lr, self.config.weight_decay]);
        let lr = self.config.lr.abs();
        // A little more, for the roundings of lr and of the gradient.
        let steps = if lr > 1.0 { lr * 1.001 } else { 1.0 };
        let most = dtype.max() / (self.config.reach() * steps);
        super::beside_decay(dtype, most, self.config.weight_decay).filter(|_| fits)
    }

    fn update<P: Parameter>(&self, crew: Crew, tensor: &Tensor, slot: Slot) {
        let decays = self.config.decay_roles.include(tensor);
        let weight_decay = if decays {
            self.config.weight_decay
        } else {
            0.0
        };
        let descent = Descent {
            lr: P::narrow(self.config.lr),
            weight_decay: P::narrow(weight_decay),
        };
        if self.buffers() == 1 {
            return super::step(crew, tensor, slot, &descent);
        }
        let momentum = Momentum {
            descent,
            momentum: P::narrow(self.config.momentum),
            gain: P::narrow(1.0 - self.config.dampening),
            nesterov: self.config.nesterov,
            first_step: self.first_step,
        };
        super::step(crew, tensor, slot, &momentum)
    }
}

/// Without momentum.
#[derive(Clone, Copy)]
struct Descent<P> {
    lr: P,
    weight_decay: P,
}

impl<P: Parameter> Rule<P> for Descent<P> {
    const BUFFERS: usize = 1;

    #[inline(always)]
    fn update<I: Isa>(
        &self,
        isa: I,
        gradient: P::Pack<I>,
        [param, first, second]: [P::Pack<I>; 3],
    ) -> [P::Pack<I>; 3] {
        let g = with_decay(isa, gradient, self.weight_decay, param);
        let change = P::Pack::<I>::splat(isa, self.lr) * g;
        [param - change, first, second]
    }
}

#[derive(Clone, Copy)]
struct Momentum<P> {
    descent: Descent<P>,
    momentum: P,
    gain: P,
    nesterov: bool,
    first_step: bool,
}

impl<P: Parameter> Rule<P> for Momentum<P> {
    const BUFFERS: usize = 2;

    #[inline(always)]
    fn update<I: Isa>(
        &self,
        isa: I,
        gradient: P::Pack<I>,
        [param, first, second]: [P::Pack<I>; 3],
    ) -> [P::Pack<I>; 3] {
        let splat = |x| P::Pack::<I>::splat(isa, x);
        let g = with_decay(isa, gradient, self.descent.weight_decay, param);
        let buffer = match self.first_step {
            true => g,
            false => splat(self.momentum) * first + splat(self.gain) * g,
        };
        let direction = match self.nesterov {
            true => g + splat(self.momentum) * buffer,
            false => buffer,
        };
        [param - splat(self.descent.lr) * direction, buffer, second]
    }
}
