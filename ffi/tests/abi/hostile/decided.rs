//! What an accepted method has to decide: what the oracle makes of the data.
//!
//! The oracle starts from the gradients as the affines before the call leave them, and from the state before the call;
//! what it returns is compared with what the affines after the call leave, in f64 and unwritten. So every call is
//! judged by itself, whatever came before it.
//!
//! Not everything can be judged. Raw sums lose (mean/deviation)^2 roundings, so a comparison needs data whose
//! deviation is not small beside it; and the oracle itself needs numbers that it can square.

use trimtab::{AutoscaleState, GuardState, NormState, ZclipState};

use super::play::{Old, Trust};
use super::read;
use super::world::World;
use crate::common::states::{OracleStates, StateKind};
use crate::common::status::{DIVERGED, OK, SKIP_STEP};
use crate::common::table::{Class, Setting};
use crate::oracle::{Gradient, Role, adaptive, statistics};

/// Numbers that can be squared, multiplied and divided by one another.
const ORDINARY: std::ops::RangeInclusive<f64> = 1e-60..=1e60;

/// What is left of the 53 bits after raw sums of ordinary data, whose squared deviation is at least `DEVIATION` of the
/// sum of squares, and a few more roundings.
const RELATIVE: f64 = 1e-8;
const DEVIATION: f64 = 1e-4;

/// The most steps of a warm-up that the oracle is told in single norms.
const LONGEST_WARMUP: u64 = 64;

fn is_ordinary(x: f64) -> bool {
    x == 0.0 || ORDINARY.contains(&x.abs())
}

/// After a method has returned OK, or the guard anything that is not a refusal of its arguments. False if it could not
/// be judged.
pub fn check(
    setting: &Setting,
    code: i32,
    world: &World,
    old: &Old,
    n: usize,
    trust: &[Trust],
) -> bool {
    let known = (0..n).all(|index| old.is_known(index, trust));
    if !known {
        return false;
    }
    if setting.of.state == StateKind::Guard {
        return guard(setting, code, world, old, n);
    }
    let judge = Judge {
        world,
        old,
        setting,
    };
    let before: Option<Vec<Gradient>> = (0..n).map(|index| judge.gradient(index)).collect();
    let after = before.and_then(|before| judge.expected(&before));
    let Some(after) = after else { return false };
    let ordinary = |g: &Gradient| g.values.iter().all(|&x| is_ordinary(x));
    if !after.iter().all(ordinary) {
        return false;
    }
    for (index, gradient) in after.iter().enumerate() {
        judge.compare(index, &gradient.values);
    }
    true
}

struct Judge<'a> {
    world: &'a World,
    old: &'a Old,
    setting: &'a Setting,
}

fn role(code: u32) -> Role {
    if code == 0 { Role::Weight } else { Role::Bias }
}

impl Judge<'_> {
    /// A gradient as it was before the call, or None if its sums cannot be trusted to about `RELATIVE`.
    fn gradient(&self, index: usize) -> Option<Gradient> {
        let (tensor, raw) = (&self.old.grads[index], self.old.data(index));
        let affine = &tensor.affine;
        let gradient = |values| Gradient {
            role: role(tensor.role),
            values,
        };
        if affine.scale == 0.0 {
            return Some(gradient(vec![0.0; raw.len()]));
        }
        let limited = affine.limit < f64::INFINITY;
        let limit = if limited { affine.limit } else { 1.0 };
        let numbers = [affine.center, affine.scale, limit];
        let mut all = raw.iter().chain(&numbers);
        if !all.all(|&x| is_ordinary(x)) {
            return None;
        }
        let constant = raw.iter().all(|&x| x == raw[0]);
        let deviation = statistics::deviation_sq(raw);
        if raw.len() > 1 && !constant && deviation < DEVIATION * statistics::sum_sq(raw) {
            return None;
        }
        let values: Vec<f64> = raw.iter().map(|&x| self.old.through(index, x)).collect();
        let reach = affine.scale.abs() * (statistics::abs_max(raw) + affine.center.abs());
        let reach = reach.min(affine.limit);
        let largest = statistics::abs_max(&values);
        if largest <= 1e-12 * reach {
            // A constant without its mean: rounding, which counts as 0.
            return constant.then(|| gradient(vec![0.0; raw.len()]));
        }
        let clear = limited || largest >= 1e-3 * reach;
        (clear && values.iter().all(|&x| is_ordinary(x))).then(|| gradient(values))
    }

    /// By the oracle, with the new states compared; None where it cannot say.
    fn expected(&self, before: &[Gradient]) -> Option<Vec<Gradient>> {
        let number = self.setting.of.number.iter();
        let mut scales = number.filter(|number| number.class != Class::Limit);
        if scales.any(|_| !is_ordinary(self.setting.number)) {
            return None;
        }
        let norms = self.world.weights.iter().map(|w| w.sum_sq.sqrt());
        let params: Vec<Vec<f64>> = norms.map(|norm| vec![norm]).collect();
        let mut norms = params.iter().flatten();
        if self.setting.of.reads_params && !norms.all(|&norm| is_ordinary(norm)) {
            return None;
        }
        let mut states = OracleStates::new(self.setting, before.len());
        match self.setting.of.state {
            StateKind::Norms => self.tell_norms(&mut states)?,
            StateKind::Autoscale => self.tell_autoscale(&mut states)?,
            StateKind::Zclip => self.tell_zclip(&mut states, before)?,
            _ => (),
        }
        let after = self.setting.exact(&mut states, &params, before);
        match self.setting.of.state {
            StateKind::Norms => self.compare_norms(&states),
            StateKind::Autoscale => self.compare_autoscale(&states),
            StateKind::Zclip => self.compare_zclip(&states, before),
            _ => (),
        }
        Some(after)
    }

    fn tell_norms(&self, states: &mut OracleStates) -> Option<()> {
        let old = &self.old.states.norms[..states.norms.len()];
        // 1 - gamma^t is known to 1e-16 / (1 - gamma) at worst, and the additions in the oracle do not saturate.
        let usable = |s: &NormState| {
            is_ordinary(s.m) && is_ordinary(s.v) && s.steps < u64::MAX && s.skipped < u64::MAX
        };
        let is_known = |(name, class)| match class {
            Class::Decay => self.setting.get(name) <= 0.9999,
            Class::Eps => is_ordinary(self.setting.get(name)),
            _ => true,
        };
        if !self.setting.of.named().all(is_known) || !old.iter().all(usable) {
            return None;
        }
        let for_oracle = |s: &NormState| adaptive::NormState {
            m: s.m,
            v: s.v,
            steps: s.steps,
            skipped: s.skipped,
        };
        states.norms = old.iter().map(for_oracle).collect();
        Some(())
    }

    fn compare_norms(&self, states: &OracleStates) {
        for (state, exact) in self.world.states.norms.iter().zip(&states.norms) {
            assert_eq!((state.steps, state.skipped), (exact.steps, exact.skipped));
            near("m", state.m, exact.m);
            near("v", state.v, exact.v);
        }
    }

    fn tell_autoscale(&self, states: &mut OracleStates) -> Option<()> {
        let AutoscaleState {
            exponent,
            sigma,
            alpha,
            steps,
        } = self.old.states.autoscale;
        states.autoscale = adaptive::AutoscaleState {
            exponent,
            sigma,
            alpha,
            steps,
        };
        (is_ordinary(exponent) && steps < u64::MAX).then_some(())
    }

    fn compare_autoscale(&self, states: &OracleStates) {
        let (state, new) = (&self.world.states.autoscale, &states.autoscale);
        assert_eq!(state.steps, new.steps);
        near("exponent", state.exponent, new.exponent);
        near("sigma", state.sigma, new.sigma);
        // A small number to an exponent of at most 1 loses nothing; a logarithm of one near 1 is not relative.
        near("alpha", state.alpha, new.alpha);
    }

    /// Whether the warm-up was under way, and how long it is.
    fn warmup(&self) -> (bool, u64) {
        let warmup = self.setting.get("warmup") as u64;
        (self.old.states.zclip.steps < warmup, warmup)
    }

    fn tell_zclip(&self, states: &mut OracleStates, before: &[Gradient]) -> Option<()> {
        let (old, (collecting, warmup)) = (self.old.states.zclip, self.warmup());
        let (z_max, eps) = (self.setting.get("z_max"), self.setting.get("eps"));
        let told = !collecting || old.steps.max(warmup) <= LONGEST_WARMUP;
        let numbers = [z_max, eps, old.mean, old.var];
        if !numbers.iter().all(|&x| is_ordinary(x)) || old.steps == u64::MAX || !told {
            return None;
        }
        let norm = statistics::global_norm(before);
        let border = old.mean + z_max * (old.var.sqrt() + eps);
        if !collecting && (norm - border).abs() <= 1e-6 * (norm + border) {
            return None; // either side of the step may be right
        }
        states.zclip = adaptive::ZclipState {
            warmup: match collecting {
                true => norms_with(&old)?,
                false => vec![0.0; warmup as usize],
            },
            mean: old.mean,
            var: old.var,
            steps: old.steps,
        };
        Some(())
    }

    fn compare_zclip(&self, states: &OracleStates, before: &[Gradient]) {
        let (state, new) = (&self.world.states.zclip, &states.zclip);
        let norm = statistics::global_norm(before);
        let (collecting, warmup) = self.warmup();
        assert_eq!(state.steps, new.steps);
        if !collecting || new.warmup.len() as u64 == warmup {
            near("mean", state.mean, new.mean);
            // A difference of norms: known relative to their squares.
            let size = (new.mean + norm) * (new.mean + norm) + new.var;
            let off = (state.var - new.var).abs();
            assert!(off <= RELATIVE * size, "{state:?} instead of {new:?}");
        }
    }

    /// The gradient that the affine after the call leaves.
    fn compare(&self, index: usize, expected: &[f64]) {
        let method = self.setting;
        let affine = &self.world.grads[index].affine;
        let raw = self.old.data(index);
        let reach = affine.scale.abs() * (statistics::abs_max(raw) + affine.center.abs());
        let allowed = RELATIVE * (statistics::abs_max(expected) + 0.1 * reach.min(affine.limit));
        for (i, (&x, &exact)) in raw.iter().zip(expected).enumerate() {
            let y = match affine.scale == 0.0 {
                true => 0.0,
                false => ((x - affine.center) * affine.scale).clamp(-affine.limit, affine.limit),
            };
            assert!(
                (y - exact).abs() <= allowed,
                "{method:?}, tensor {index} element {i}: {x:e} becomes {y:e} instead of {exact:e} by {affine:?} after {:?}",
                self.old.grads[index]
            );
        }
    }
}

fn near(what: &str, actual: f64, exact: f64) {
    let off = (actual - exact).abs();
    assert!(
        off <= RELATIVE * exact.abs(),
        "{what}: {actual:e} instead of {exact:e}"
    );
}

/// Norms with the mean and the variance of a warm-up that is under way: two of them off the mean, the rest on it. None
/// if there are no such norms.
fn norms_with(state: &ZclipState) -> Option<Vec<f64>> {
    let n = state.steps as usize;
    let mut norms = vec![state.mean; n];
    let away = (state.var * n as f64 / 2.0).sqrt();
    match norms.as_mut_slice() {
        [first, second, ..] => (*first, *second) = (state.mean + away, state.mean - away),
        _ if state.var > 0.0 => return None,
        _ => (),
    }
    // The oracle takes the differences again, and loses what is lost there.
    (away == 0.0 || away >= 1e-3 * state.mean).then_some(norms)
}

/// The guard's verdict and count, from the elements.
fn guard(setting: &Setting, code: i32, world: &World, old: &Old, n: usize) -> bool {
    let GuardState { consecutive, total } = old.states.guard;
    if consecutive.max(total) == u64::MAX {
        return false;
    }
    // Where an element is not finite, so is the oracle's gradient; a scale of 0 has silenced it.
    let gradient = |index: usize| {
        let tensor = &old.grads[index];
        let bad = tensor.affine.scale != 0.0 && !read::is_finite(old.data(index));
        Gradient {
            role: role(tensor.role),
            values: vec![if bad { f64::NAN } else { 1.0 }],
        }
    };
    let grads: Vec<Gradient> = (0..n).map(gradient).collect();
    let state = adaptive::GuardState { consecutive, total };
    let max_consecutive = setting.get("max_consecutive") as u64;
    let (outcome, new) = match setting.get("policy") {
        0.0 => adaptive::guard_skip(max_consecutive, state, &grads),
        _ => adaptive::guard_zero(max_consecutive, state, &grads),
    };
    let (expected, after) = match outcome {
        adaptive::Guarded::Proceed(after) => (OK, after),
        adaptive::Guarded::SkipStep => (SKIP_STEP, grads.clone()),
        adaptive::Guarded::Diverged => (DIVERGED, grads.clone()),
    };
    assert_eq!(code, expected, "{grads:?}");
    assert_eq!(
        (world.states.guard.consecutive, world.states.guard.total),
        (new.consecutive, new.total)
    );
    for (index, (before, after)) in grads.iter().zip(&after).enumerate() {
        let silenced = before.values[0].is_nan() && after.values[0] == 0.0;
        let affine = &world.grads[index].affine;
        let expected = if silenced {
            0.0
        } else {
            old.grads[index].affine.scale
        };
        assert_eq!(affine.scale, expected, "tensor {index}");
    }
    true
}
