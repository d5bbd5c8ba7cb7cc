//! The methods that remember: their state goes in and the new state comes out.

use super::rescale::shrink;
use super::statistics::{centred, global_norm, mean, norm, sum, sum_sq};
use super::{Gradient, Role, Scope};

/// Configuration of [`gradient_stabilizer`].
#[derive(Clone, Copy, Debug)]
pub struct Stabilizer {
    pub scope: Scope,
    pub gamma1: f64,
    pub gamma2: f64,
    pub eps: f64,
    pub bias_correction: bool,
}

/// The running norm and squared norm of [`gradient_stabilizer`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormState {
    pub m: f64,
    pub v: f64,
    pub steps: u64,
    pub skipped: u64,
}

impl Stabilizer {
    /// The norm that replaces R, and the state after it; None where R is 0 and nothing is to be replaced.
    fn replacement(&self, r: f64, old: NormState) -> (Option<f64>, NormState) {
        let mut new = old;
        if r == 0.0 {
            new.skipped += 1;
            return (None, new);
        }
        new.steps += 1;
        new.m = self.gamma1 * old.m + (1.0 - self.gamma1) * r;
        new.v = self.gamma2 * old.v + (1.0 - self.gamma2) * r * r;
        let (mut mh, mut vh) = (new.m, new.v);
        if self.bias_correction {
            mh /= 1.0 - self.gamma1.powf(new.steps as f64);
            vh /= 1.0 - self.gamma2.powf(new.steps as f64);
        }
        (Some(mh / (vh.sqrt() + self.eps)), new)
    }
}

/// GradientStabilizer (arXiv 2502.17055): the direction stays, the norm R becomes mh / (sqrt(vh) + eps).
///
/// One state per tensor, or exactly one for [`Scope::Global`].
pub fn gradient_stabilizer(
    config: Stabilizer,
    states: &[NormState],
    grads: &[Gradient],
) -> (Vec<Gradient>, Vec<NormState>) {
    let norms: Vec<f64> = match config.scope {
        Scope::Tensor => grads.iter().map(|g| norm(&g.values)).collect(),
        Scope::Global => vec![global_norm(grads)],
    };
    assert_eq!(norms.len(), states.len(), "one state per norm");
    let decided: Vec<_> = norms
        .iter()
        .zip(states)
        .map(|(&r, &state)| config.replacement(r, state))
        .collect();
    let stabilized = |(i, g): (usize, &Gradient)| {
        let which = if config.scope == Scope::Tensor { i } else { 0 };
        match decided[which].0 {
            Some(target) => g.map(|x| x * target / norms[which].max(config.eps)),
            None => g.clone(),
        }
    };
    let after = grads.iter().enumerate().map(stabilized).collect();
    (after, decided.into_iter().map(|(_, state)| state).collect())
}

/// Configuration of [`adagc`].
#[derive(Clone, Copy, Debug)]
pub struct Adagc {
    pub warmup: u64,
    pub lambda_rel: f64,
    pub lambda_abs: f64,
    pub beta: f64,
}

/// AdaGC (arXiv 2502.11034, Algorithm 1): each norm against a running average of its own clipped past, after a warm-up
/// under a global clip. The average is the state's m; a gradient of 0 is skipped.
pub fn adagc(
    config: Adagc,
    states: &[NormState],
    grads: &[Gradient],
) -> (Vec<Gradient>, Vec<NormState>) {
    let global = shrink(global_norm(grads), config.lambda_abs);
    let one = |(g, &old): (&Gradient, &NormState)| {
        let (r, mut new) = (norm(&g.values), old);
        if r == 0.0 {
            new.skipped += 1;
            return (g.clone(), new);
        }
        new.steps += 1;
        let h = if old.steps < config.warmup {
            new.m = match old.steps {
                0 => global * r,
                _ => old.m.min(global * r),
            };
            global
        } else {
            let h = shrink(r, config.lambda_rel * old.m);
            new.m = config.beta * old.m + (1.0 - config.beta) * h * r;
            h
        };
        (g.times(h), new)
    };
    grads.iter().zip(states).map(one).unzip()
}

/// The state of [`autoscale`]: the exponent fixed at the first step, and what the last step saw and did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AutoscaleState {
    pub exponent: f64,
    pub sigma: f64,
    pub alpha: f64,
    pub steps: u64,
}

/// Gradient Autoscaled Normalization (arXiv 2509.03677) in the reading of `trimtab_autoscale` in the header: weights only.
pub fn autoscale(state: AutoscaleState, grads: &[Gradient]) -> (Vec<Gradient>, AutoscaleState) {
    let eligible = |g: &Gradient| g.role == Role::Weight;
    let centre = |g: &Gradient| match eligible(g) {
        true => Gradient {
            role: g.role,
            values: centred(&g.values),
        },
        false => g.clone(),
    };
    let centred: Vec<Gradient> = grads.iter().map(centre).collect();
    let weights = || centred.iter().filter(|g| eligible(g));
    let count: usize = weights().map(|g| g.values.len()).sum();
    let total = sum(weights().map(|g| sum_sq(&g.values)));
    // All weights constant, or none there: no scale to speak of, and nothing is learnt from it.
    if total == 0.0 {
        return (centred, state);
    }
    let sigma = (total / (count - 1) as f64).sqrt();
    let new = autoscale_factor(state, sigma);
    let scaled = |g: &Gradient| match eligible(g) {
        true => g.times(new.alpha),
        false => g.clone(),
    };
    (centred.iter().map(scaled).collect(), new)
}

/// The map from the global standard deviation to alpha, with the exponent of the first step.
pub fn autoscale_factor(state: AutoscaleState, sigma: f64) -> AutoscaleState {
    let b = sigma.ln_1p();
    let exponent = if state.steps == 0 {
        1.0 / (1.0 + b.ln().abs())
    } else {
        state.exponent
    };
    AutoscaleState {
        exponent,
        sigma,
        alpha: b.powf(exponent).min(1.0),
        steps: state.steps + 1,
    }
}

/// Configuration of [`zclip`].
#[derive(Clone, Copy, Debug)]
pub struct Zclip {
    pub warmup: usize,
    pub alpha: f64,
    pub z_max: f64,
    pub eps: f64,
    pub max_norm: f64,
}

/// The state of [`zclip`]: the norms seen in the warm-up are kept as they are, the mean and variance follow from them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZclipState {
    pub warmup: Vec<f64>,
    pub mean: f64,
    pub var: f64,
    pub steps: u64,
}

/// ZClip (arXiv 2504.02507): norms far above their running mean, measured in standard deviations, are brought down.
pub fn zclip(config: Zclip, state: &ZclipState, grads: &[Gradient]) -> (Vec<Gradient>, ZclipState) {
    let r = global_norm(grads);
    let mut new = state.clone();
    new.steps += 1;
    let cap = if state.warmup.len() < config.warmup {
        collect(config, &mut new, r);
        r
    } else {
        track(config, &mut new, r)
    };
    let factor = shrink(r, cap.min(config.max_norm));
    (grads.iter().map(|g| g.times(factor)).collect(), new)
}

/// A step of the warm-up: collects the norm; the last one sets the mean and the population variance.
fn collect(config: Zclip, state: &mut ZclipState, r: f64) {
    state.warmup.push(r);
    if state.warmup.len() == config.warmup {
        state.mean = mean(&state.warmup);
        let deviations = state.warmup.iter().map(|x| (x - state.mean).powi(2));
        state.var = sum(deviations) / config.warmup as f64;
    }
}

/// A step after the warm-up: returns the norm allowed, and moves mean and variance towards it.
fn track(config: Zclip, state: &mut ZclipState, r: f64) -> f64 {
    let spread = state.var.sqrt();
    let z = (r - state.mean) / (spread + config.eps);
    let cap = if z > config.z_max {
        state.mean + config.z_max * spread / (z / config.z_max)
    } else {
        r
    };
    state.mean = config.alpha * state.mean + (1.0 - config.alpha) * cap;
    state.var = config.alpha * state.var + (1.0 - config.alpha) * (cap - state.mean).powi(2);
    cap
}

/// The state of [`guard_skip`] and [`guard_zero`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GuardState {
    pub consecutive: u64,
    pub total: u64,
}

/// What the guard decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Guarded {
    Proceed(Vec<Gradient>),
    SkipStep,
    Diverged,
}

fn finite(g: &Gradient) -> bool {
    g.values.iter().all(|x| x.is_finite())
}

/// Counts the step; true where it is the `max_consecutive`-th bad one in a row (0: never).
fn count_bad(bad: bool, max_consecutive: u64, state: &mut GuardState) -> bool {
    if !bad {
        state.consecutive = 0;
        return false;
    }
    state.consecutive += 1;
    state.total += 1;
    max_consecutive > 0 && state.consecutive >= max_consecutive
}

/// The guard with the policy SKIP_STEP. A diverged step leaves the state as it was.
pub fn guard_skip(max: u64, state: GuardState, grads: &[Gradient]) -> (Guarded, GuardState) {
    let bad = !grads.iter().all(finite);
    let mut new = state;
    if count_bad(bad, max, &mut new) {
        return (Guarded::Diverged, state);
    }
    match bad {
        true => (Guarded::SkipStep, new),
        false => (Guarded::Proceed(grads.to_vec()), new),
    }
}

/// The guard with the policy ZERO: offending tensors become zeros. A diverged step leaves the state as it was.
pub fn guard_zero(max: u64, state: GuardState, grads: &[Gradient]) -> (Guarded, GuardState) {
    let bad = !grads.iter().all(finite);
    let mut new = state;
    if count_bad(bad, max, &mut new) {
        return (Guarded::Diverged, state);
    }
    let keep = |g: &Gradient| if finite(g) { g.clone() } else { g.map(|_| 0.0) };
    (Guarded::Proceed(grads.iter().map(keep).collect()), new)
}
