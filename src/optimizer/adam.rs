//! Adam and AdamW (arXiv 1412.6980, 1711.05101).

use super::{Slots, StepState, Update, all_fit, with_decay};
use crate::kernel::{Dtype, Isa, Pack, Parameter, Rule};
use crate::method::{is_decay, is_eps};
use crate::optimizer::Slot;
use crate::setters::setters;
use crate::status::{Error, require};
use crate::tensor::Tensor;
use crate::threads::Crew;

/// Adam, fused with the pending affine; AdamW with decoupled weight decay, the default.
///
/// ```text
/// g = affine(gradient)
/// coupled:    g += weight_decay*w
/// m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
/// change = lr * (m / (1-beta1^t)) / (sqrt(v / (1-beta2^t)) + eps)        t = steps + 1
/// decoupled:  change += (lr*weight_decay)*w
/// w -= change
/// ```
///
/// in the parameter's type, with plain IEEE operations that are never contracted; eps is outside
/// the root. The bias corrections are computed in f64 once a step. Where root and eps are both 0
/// (a gradient that was always 0, eps = 0) the parameter does not move.
///
/// A gradient above the root of the largest finite value of the parameter's type (1.8e19 in f32) is
/// refused: its square would make the second moment infinite, which freezes the parameter for ever. So is one that
/// lr / (1 - beta1^t) makes infinite, which takes a learning rate as large.
///
/// ```
/// use trimtab::{Adam, Slot, StepState, Tensor, observe};
/// let (mut w, mut m, mut v) = ([1.0_f32], [0.0], [0.0]);
/// let mut gradient = [1e-3_f32];
/// let mut grads = [Tensor::weight(&mut gradient)];
/// observe(&mut grads)?;
/// let adam = Adam::new(0.1);
/// adam.step(&mut StepState::default(), &mut grads, &mut [Slot::adam(&mut w, &mut m, &mut v)])?;
/// assert!((w[0] - 0.9).abs() < 1e-5); // the first step is lr, whatever the gradient's size
/// # Ok::<(), trimtab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Adam {
    /// Learning rate; finite, default 1e-3.
    pub lr: f64,
    /// Weight of the past in the first moment; in [0, 1), default 0.9.
    pub beta1: f64,
    /// Weight of the past in the second moment; in [0, 1), default 0.999.
    pub beta2: f64,
    /// Added to the root of the second moment; finite, >= 0, default 1e-8.
    pub eps: f64,
    /// Weight decay; finite, default 0.
    pub weight_decay: f64,
    /// Whether the decay shrinks the parameter (AdamW, default) or is added to the gradient.
    pub decoupled: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

setters!(
    Adam:
    with_lr = lr: f64,
    with_beta1 = beta1: f64,
    with_beta2 = beta2: f64,
    with_eps = eps: f64,
    with_weight_decay = weight_decay: f64,
    with_decoupled = decoupled: bool,
);

impl Adam {
    /// With this learning rate; all else as by default.
    pub const fn new(lr: f64) -> Self {
        Self {
            lr,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: true,
        }
    }

    /// How many buffers of a slot a step needs: the parameter and both moments.
    pub fn buffers(&self) -> usize {
        3
    }

    /// Updates every parameter and spends the descriptors, or refuses the whole call. `slots[i]` belongs to `grads[i]`.
    ///
    /// # Errors
    ///
    /// [`Error::BadConfig`]; [`Error::BadLength`], [`Error::BadDtype`], [`Error::MissingBuffer`]
    /// if a slot does not match; [`Error::Overflow`] if the square of a gradient, or lr / (1 - beta1^t)
    /// times it, may exceed the largest finite value of the parameter's type, or the configuration
    /// does; [`Error::Order`], [`Error::NonFinite`], [`Error::BadState`].
    ///
    /// What the parameters hold is not looked at beforehand, nor are the moments: a first moment of
    /// 1e16 divided by an eps of 1e-30, because beta2 = 0 has forgotten where it came from, is infinite in f32.
    pub fn step(
        &self,
        state: &mut StepState,
        grads: &mut [Tensor],
        slots: &mut [Slot],
    ) -> Result<(), Error> {
        self.step_with(state, grads, slots)
    }

    /// [`step`](Self::step) for callers whose own structs hold the parameters.
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
        let t = state.steps.saturating_add(1) as f64;
        let update = AdamUpdate {
            config: *self,
            rate: self.lr / (1.0 - libm::pow(self.beta1, t)),
            inverse_root: 1.0 / libm::sqrt(1.0 - libm::pow(self.beta2, t)),
        };
        super::run(&update, state, grads, slots)
    }

    fn validate(&self) -> Result<(), Error> {
        require(self.lr.is_finite(), "adam: lr must be finite")?;
        require(is_decay(self.beta1), "adam: beta1 must be in [0, 1)")?;
        require(is_decay(self.beta2), "adam: beta2 must be in [0, 1)")?;
        require(is_eps(self.eps), "adam: eps must be finite and >= 0")?;
        require(
            self.weight_decay.is_finite(),
            "adam: weight_decay must be finite",
        )
    }
}

struct AdamUpdate {
    config: Adam,
    /// lr / (1 - beta1^t)
    rate: f64,
    /// 1 / sqrt(1 - beta2^t)
    inverse_root: f64,
}

impl AdamUpdate {
    /// How much of a parameter is taken off it.
    fn decay(&self) -> f64 {
        match self.config.decoupled {
            true => self.config.lr * self.config.weight_decay,
            false => 0.0,
        }
    }

    /// How much of a parameter is added to its gradient.
    fn penalty(&self) -> f64 {
        match self.config.decoupled {
            true => 0.0,
            false => self.config.weight_decay,
        }
    }
}

impl Update for AdamUpdate {
    fn buffers(&self) -> usize {
        self.config.buffers()
    }

    fn largest(&self, dtype: Dtype) -> Option<f64> {
        let values = [self.rate, self.decay(), self.penalty(), self.config.eps];
        // The second moment must fit, and rate times the first, which is divided only afterwards. The factor is
        // for the roundings of rate and of the running sum.
        let (square, product) = (
            libm::sqrt(dtype.max()),
            dtype.max() / (1.001 * self.rate.abs()),
        );
        let largest = if product < square { product } else { square };
        all_fit(dtype, &values).then_some(largest)
    }

    fn update<P: Parameter>(&self, crew: Crew, tensor: &Tensor, slot: Slot) {
        let rule = AdamRule {
            decay: P::narrow(self.decay()),
            penalty: P::narrow(self.penalty()),
            beta1: P::narrow(self.config.beta1),
            gain1: P::narrow(1.0 - self.config.beta1),
            beta2: P::narrow(self.config.beta2),
            gain2: P::narrow(1.0 - self.config.beta2),
            rate: P::narrow(self.rate),
            inverse_root: P::narrow(self.inverse_root),
            eps: P::narrow(self.config.eps),
        };
        super::step(crew, tensor, slot, &rule)
    }
}

/// The factors of one step, in the parameter's type.
#[derive(Clone, Copy)]
struct AdamRule<P> {
    decay: P,
    penalty: P,
    beta1: P,
    gain1: P,
    beta2: P,
    gain2: P,
    rate: P,
    inverse_root: P,
    eps: P,
}

impl<P: Parameter> Rule<P> for AdamRule<P> {
    const BUFFERS: usize = 3;

    #[inline(always)]
    fn update<I: Isa>(
        &self,
        isa: I,
        gradient: P::Pack<I>,
        [param, first, second]: [P::Pack<I>; 3],
    ) -> [P::Pack<I>; 3] {
        let splat = |x| P::Pack::<I>::splat(isa, x);
        let g = with_decay(isa, gradient, self.penalty, param);
        let m = splat(self.beta1) * first + splat(self.gain1) * g;
        let v = splat(self.beta2) * second + splat(self.gain2) * g * g;
        // sqrt(v / (1 - beta2^t)) as a product of roots, which cannot overflow.
        let root = v.sqrt() * splat(self.inverse_root) + splat(self.eps);
        let change = (splat(self.rate) * m / root).where_positive(root);
        [param - with_decay(isa, change, self.decay, param), m, v]
    }
}
