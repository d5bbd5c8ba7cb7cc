//! What an accepted method has to decide: what the oracle makes of the data.
//!
//! The oracle starts from the gradients as the affines before the call leave them, and from the state before the call;
//! what it returns is compared with what the affines after the call leave, in f64 and unwritten. So every call is
//! judged by itself, whatever came before it.
//!
//! Not everything can be judged. Raw sums lose (mean/deviation)^2 roundings, so a comparison needs data whose
//! deviation is not small beside it; and the oracle itself needs numbers that it can square.

use trimtab_core::{AutoscaleState, GuardState, NormState, ZclipState};

use super::oracle::{Gradient, Role, Roles, Scope, adaptive, rescale, statistics};
use super::play::{Old, Trust};
use super::read;
use crate::abi_tests::call::{Args, Call};
use crate::abi_tests::status::{DIVERGED, OK, SKIP_STEP};
use crate::abi_tests::world::{Configs, World};

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
    method: Call,
    code: i32,
    world: &World,
    old: &Old,
    args: &Args,
    trust: &[Trust],
) -> bool {
    let known = (0..args.n).all(|index| old.is_known(index, trust));
    if !known {
        return false;
    }
    if method == Call::Guard {
        return guard(code, world, old, args);
    }
    let judge = Judge {
        world,
        old,
        args,
        configs: match args.has_no_configs() {
            true => Configs::defaults(),
            false => world.configs,
        },
    };
    let before: Option<Vec<Gradient>> = (0..args.n).map(|index| judge.gradient(index)).collect();
    let after = before.and_then(|before| judge.expected(method, &before));
    let Some(after) = after else { return false };
    let ordinary = |g: &Gradient| g.values.iter().all(|&x| is_ordinary(x));
    if !after.iter().all(ordinary) {
        return false;
    }
    for (index, gradient) in after.iter().enumerate() {
        judge.compare(method, index, &gradient.values);
    }
    true
}

struct Judge<'a> {
    world: &'a World,
    old: &'a Old,
    args: &'a Args,
    configs: Configs,
}

fn role(code: u32) -> Role {
    if code == 0 { Role::Weight } else { Role::Bias }
}

fn roles(code: u32) -> Roles {
    if code == 0 {
        Roles::Weights
    } else {
        Roles::All
    }
}

fn scope(code: u32) -> Scope {
    if code == 0 {
        Scope::Tensor
    } else {
        Scope::Global
    }
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

    fn expected(&self, method: Call, before: &[Gradient]) -> Option<Vec<Gradient>> {
        let (a, c) = (self.args, &self.configs);
        let numbers = [a.loss_scale, a.factor, a.reference];
        if !numbers.iter().all(|&x| is_ordinary(x)) {
            return None;
        }
        Some(match method {
            Call::Unscale => rescale::unscale(a.loss_scale, before),
            Call::Scale => rescale::scale(a.factor, before),
            Call::StableGrad => {
                let config = &c.stable_grad;
                rescale::stable_grad(roles(config.roles), config.eps, a.reference, before)
            }
            Call::Centralize => rescale::centralize(roles(a.roles), before),
            Call::Znorm => rescale::znorm(roles(c.znorm.roles), c.znorm.eps, before),
            Call::ClipNorm => rescale::clip_norm(a.max_norm, scope(a.scope), before),
            Call::ClipValue => rescale::clip_value(a.limit, before),
            Call::Agc => return self.agc(before),
            Call::Stabilizer => return self.stabilizer(before),
            Call::Autoscale => return self.autoscale(before),
            Call::Zclip => return self.zclip(before),
            other => unreachable!("{other:?} is no method"),
        })
    }

    fn agc(&self, before: &[Gradient]) -> Option<Vec<Gradient>> {
        let c = &self.configs.agc;
        let norms = self.world.weights.iter().map(|w| w.sum_sq.sqrt());
        let params: Vec<Vec<f64>> = norms.map(|norm| vec![norm]).collect();
        let usable = params.iter().flatten().all(|&norm| is_ordinary(norm));
        usable.then(|| rescale::agc(c.clipping, c.eps, &params, before))
    }

    fn stabilizer(&self, before: &[Gradient]) -> Option<Vec<Gradient>> {
        let c = &self.configs.stabilizer;
        let config = adaptive::Stabilizer {
            scope: scope(c.scope),
            gamma1: c.gamma1,
            gamma2: c.gamma2,
            eps: c.eps,
            bias_correction: c.bias_correction == 1,
        };
        let needed = if c.scope == 0 { before.len() } else { 1 };
        let old = &self.old.norms[..needed];
        // 1 - gamma^t is known to 1e-16 / (1 - gamma) at worst, and the additions in the oracle do not saturate.
        let decays = [c.gamma1, c.gamma2].iter().all(|&gamma| gamma <= 0.9999);
        let usable = |s: &NormState| {
            is_ordinary(s.m) && is_ordinary(s.v) && s.steps < u64::MAX && s.skipped < u64::MAX
        };
        if !decays || !is_ordinary(c.eps) || !old.iter().all(usable) {
            return None;
        }
        let for_oracle = |s: &NormState| adaptive::NormState {
            m: s.m,
            v: s.v,
            steps: s.steps,
            skipped: s.skipped,
        };
        let old: Vec<_> = old.iter().map(for_oracle).collect();
        let (after, new) = adaptive::gradient_stabilizer(config, &old, before);
        for (state, exact) in self.world.norms.iter().zip(&new) {
            assert_eq!((state.steps, state.skipped), (exact.steps, exact.skipped));
            near("m", state.m, exact.m);
            near("v", state.v, exact.v);
        }
        Some(after)
    }

    fn autoscale(&self, before: &[Gradient]) -> Option<Vec<Gradient>> {
        let AutoscaleState {
            exponent,
            sigma,
            alpha,
            steps,
        } = self.old.autoscale;
        if !is_ordinary(exponent) || steps == u64::MAX {
            return None;
        }
        let old = adaptive::AutoscaleState {
            exponent,
            sigma,
            alpha,
            steps,
        };
        let (after, new) = adaptive::autoscale(old, before);
        let state = &self.world.autoscale;
        assert_eq!(state.steps, new.steps);
        near("exponent", state.exponent, new.exponent);
        near("sigma", state.sigma, new.sigma);
        // A small number to an exponent of at most 1 loses nothing; a logarithm of one near 1 is not relative.
        near("alpha", state.alpha, new.alpha);
        Some(after)
    }

    fn zclip(&self, before: &[Gradient]) -> Option<Vec<Gradient>> {
        let (c, old) = (&self.configs.zclip, self.old.zclip);
        let numbers = [c.z_max, c.eps, old.mean, old.var];
        let collecting = old.steps < u64::from(c.warmup);
        let told =
            !collecting || (old.steps <= LONGEST_WARMUP && u64::from(c.warmup) <= LONGEST_WARMUP);
        if !numbers.iter().all(|&x| is_ordinary(x)) || old.steps == u64::MAX || !told {
            return None;
        }
        let norm = statistics::global_norm(before);
        let border = old.mean + c.z_max * (old.var.sqrt() + c.eps);
        if !collecting && (norm - border).abs() <= 1e-6 * (norm + border) {
            return None; // either side of the step may be right
        }
        let config = adaptive::Zclip {
            warmup: c.warmup as usize,
            alpha: c.alpha,
            z_max: c.z_max,
            eps: c.eps,
            max_norm: c.max_norm,
        };
        let warmup = match collecting {
            true => norms_with(&old)?,
            false => vec![0.0; c.warmup as usize],
        };
        let state = adaptive::ZclipState {
            warmup,
            mean: old.mean,
            var: old.var,
            steps: old.steps,
        };
        let (after, new) = adaptive::zclip(config, &state, before);
        let state = &self.world.zclip;
        assert_eq!(state.steps, new.steps);
        if !collecting || new.warmup.len() == config.warmup {
            near("mean", state.mean, new.mean);
            // A difference of norms: known relative to their squares.
            let size = (new.mean + norm) * (new.mean + norm) + new.var;
            let off = (state.var - new.var).abs();
            assert!(off <= RELATIVE * size, "{state:?} instead of {new:?}");
        }
        Some(after)
    }

    /// The gradient that the affine after the call leaves.
    fn compare(&self, method: Call, index: usize, expected: &[f64]) {
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
fn guard(code: i32, world: &World, old: &Old, args: &Args) -> bool {
    let config = match args.has_no_configs() {
        true => Configs::defaults().guard,
        false => world.configs.guard,
    };
    let GuardState { consecutive, total } = old.guard;
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
    let grads: Vec<Gradient> = (0..args.n).map(gradient).collect();
    let state = adaptive::GuardState { consecutive, total };
    let (outcome, new) = match config.policy {
        0 => adaptive::guard_skip(config.max_consecutive, state, &grads),
        _ => adaptive::guard_zero(config.max_consecutive, state, &grads),
    };
    let (expected, after) = match outcome {
        adaptive::Guarded::Proceed(after) => (OK, after),
        adaptive::Guarded::SkipStep => (SKIP_STEP, grads.clone()),
        adaptive::Guarded::Diverged => (DIVERGED, grads.clone()),
    };
    assert_eq!(code, expected, "{grads:?}");
    assert_eq!(
        (world.guard.consecutive, world.guard.total),
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
