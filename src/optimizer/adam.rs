//! Adam and AdamW (arXiv 1412.6980, 1711.05101).

use super::{Slots, StepState, Update, all_fit, with_decay};
use crate::kernel::{Dtype, Isa, Pack, Parameter, Rule};
use crate::method::{Roles, is_decay, is_eps};
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
/// A gradient above the root of the largest finite value `M` of the parameter's type (1.8e19 in f32) is
/// refused: its square would make the second moment infinite, which freezes the parameter for ever. At ordinary learning
/// rates and decays no other bound is ever reached. In full, with `rate = lr / (1 - beta1^t)`, and `W = M^(1/4)` for the
/// largest parameter whose step is promised to be finite (4.2e9 in f32, 1.1e77 in f64), [`Error::Overflow`] unless
///
/// ```text
/// decoupled:  |lr * weight_decay| * W <= M/4
/// |gradient| <= min(sqrt(M), M / |rate|, room)      coupled: less |weight_decay| * W
/// room = M/2 * eps / |rate|                         eps = 0: the root of the smallest number instead
/// ```
///
/// where `room` is unlimited for `beta1^2 < beta2` as long as `|rate| * ratio`, and that times sqrt(smallest normal)/eps,
/// is at most M/2, with `|m| / sqrt(v) <= ratio = (1-beta1) / sqrt((1-beta2) * (1-beta1^2/beta2))`.
///
/// The promise: parameters up to `W`, with moments left by steps with this configuration, stay finite, and so do the
/// moments. Moments are trusted: those of another configuration, or edited ones, may make a parameter infinite.
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
    /// Decay of the first moment; in [0, 1), default 0.9.
    pub beta1: f64,
    /// Decay of the second moment; in [0, 1), default 0.999.
    pub beta2: f64,
    /// Added to the root of the second moment; finite, >= 0, default 1e-8.
    pub eps: f64,
    /// Coefficient of the weight decay; finite, default 0.
    pub weight_decay: f64,
    /// The parameters that decay: weights only, or all (default).
    pub decay_roles: Roles,
    /// Whether the parameter itself decays (AdamW, default) or the decay is added to the gradient (Adam).
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
    with_decay_roles = decay_roles: Roles,
    with_decoupled = decoupled: bool,
);

impl Adam {
    /// The defaults with this learning rate.
    pub const fn new(lr: f64) -> Self {
        Self {
            lr,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            decay_roles: Roles::All,
            decoupled: true,
        }
    }

    /// Number of buffers of a slot that a step needs: the parameter and both moments.
    pub fn buffers(&self) -> usize {
        3
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
    /// The share of a parameter that is subtracted from it.
    fn decay(&self) -> f64 {
        match self.config.decoupled {
            true => self.config.lr * self.config.weight_decay,
            false => 0.0,
        }
    }

    /// The share of a parameter that is added to its gradient.
    fn penalty(&self) -> f64 {
        match self.config.decoupled {
            true => 0.0,
            false => self.config.weight_decay,
        }
    }
}

impl AdamUpdate {
    /// The largest gradient whose step, `rate * m / root`, stays below half of the type's largest value for any root.
    fn most_for_root(&self, dtype: Dtype) -> f64 {
        let Adam { beta1, beta2, .. } = self.config;
        // The smallest normal number, the smallest of all, and eps as the loops take it.
        let (normal, tiniest, eps) = match dtype {
            Dtype::F64 => (f64::MIN_POSITIVE, f64::from_bits(1), self.config.eps),
            _ => (
                f64::from(f32::MIN_POSITIVE),
                f64::from(f32::from_bits(1)),
                f64::from(self.config.eps as f32),
            ),
        };
        let (half, rate) = (dtype.max() / 2.0, self.rate.abs());
        // At a root of 0 nothing moves; any other is at least this.
        let least = if eps > 0.0 { eps } else { libm::sqrt(tiniest) };
        let q = beta1 * beta1 / beta2;
        if q < 0.999_999 {
            // By Cauchy-Schwarz; below the normal numbers v loses its digits, and m is small.
            let ratio = (1.0 - beta1) / libm::sqrt((1.0 - beta2) * (1.0 - q));
            let lost = libm::sqrt(normal) / least;
            if rate * ratio * lost.max(1.0) <= half {
                return f64::INFINITY;
            }
        }
        half * least / rate
    }
}

impl Update for AdamUpdate {
    fn buffers(&self) -> usize {
        self.config.buffers()
    }

    fn largest(&self, dtype: Dtype) -> Option<f64> {
        let values = [self.rate, self.decay(), self.penalty(), self.config.eps];
        let taken = super::largest_parameter(dtype) * self.decay().abs();
        let fits = all_fit(dtype, &values) && taken <= dtype.max() / 4.0;
        // The second moment must fit, and rate times the first, which is divided only afterwards. The factor is
        // for the roundings of rate and of the running sum.
        let square = libm::sqrt(dtype.max());
        let product = dtype.max() / (1.001 * self.rate.abs());
        let most = square.min(product).min(self.most_for_root(dtype));
        super::beside_decay(dtype, most, self.penalty()).filter(|_| fits)
    }

    fn update<P: Parameter>(&self, crew: Crew, tensor: &Tensor, slot: Slot) {
        let decays = self.config.decay_roles.include(tensor);
        let (decay, penalty) = match decays {
            true => (self.decay(), self.penalty()),
            false => (0.0, 0.0),
        };
        let rule = AdamRule {
            decay: P::narrow(decay),
            penalty: P::narrow(penalty),
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
