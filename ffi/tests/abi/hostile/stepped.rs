//! What an optimizer step has to leave: the oracle's parameters and buffers, and descriptors that are spent.

use super::blob::{self, F32};
use super::play::{Old, Trust};
use super::world::{WEIGHT, World};
use super::written;
use crate::common::table::Setting;
use crate::oracle::update;

/// After an optimizer's step; false if nothing could be compared.
pub fn check(setting: &Setting, world: &World, old: &Old, n: usize, trust: &mut [Trust]) -> bool {
    assert_eq!(world.step.steps, old.step.steps.saturating_add(1));
    let mut compared = false;
    for index in (0..n).filter(|&index| old.is_known(index, trust)) {
        let update = Update {
            dtype: world.slots[index].dtype,
            t: world.step.steps,
            is_weight: old.grads[index].role == WEIGHT,
            setting,
        };
        let now = [&world.params, &world.firsts, &world.seconds];
        let now = now.map(|blobs| blobs[index].values());
        for i in 0..old.grads[index].len {
            let element = Element {
                g: old.through(index, old.values[index][i]),
                w: old.params[index][i],
                first: old.firsts[index][i],
                second: old.seconds[index][i],
            };
            let now = now.each_ref().map(|values| values[i]);
            compared |= match setting.of.name {
                "sgd" => update.sgd(element, now),
                "adam" => update.adam(element, now),
                unknown => panic!("say in hostile/stepped.rs how near {unknown} is to the oracle"),
            };
        }
    }
    written::spent(world, n, trust);
    compared
}

#[derive(Clone, Copy, Debug)]
struct Element {
    g: f64,
    w: f64,
    first: f64,
    second: f64,
}

struct Update<'a> {
    dtype: u32,
    t: u64,
    is_weight: bool,
    setting: &'a Setting,
}

impl Update<'_> {
    /// One rounding, relative.
    fn eps(&self) -> f64 {
        if self.dtype == F32 {
            f64::EPSILON * 536_870_912.0 / 2.0
        } else {
            f64::EPSILON / 2.0
        }
    }

    /// What cannot be told from 0.
    fn tiny(&self) -> f64 {
        blob::ulp(self.dtype, 0.0)
    }

    /// Far enough below the end of the type that nothing on the way can be infinite.
    fn fits(&self, sizes: &[f64]) -> bool {
        let most = blob::largest(self.dtype) / 16.0;
        sizes.iter().all(|size| size.abs() <= most) // false for NaN
    }

    fn near(&self, what: &str, element: Element, actual: f64, exact: f64, allowed: f64) {
        assert!(
            (actual - exact).abs() <= allowed,
            "{what} at t = {} of {element:?}: {actual:e} instead of {exact:e}, allowed {allowed:e}",
            self.t
        );
    }

    /// The weight decay of this tensor.
    fn decay(&self) -> f64 {
        match self.is_weight || self.setting.get("decay_roles") == 1.0 {
            true => self.setting.get("weight_decay"),
            false => 0.0,
        }
    }

    fn sgd(&self, e: Element, [w, first, _]: [f64; 3]) -> bool {
        let (c, decay) = (self.setting, self.decay());
        let (lr, momentum) = (c.get("lr"), c.get("momentum"));
        let config = update::Sgd {
            lr,
            momentum,
            dampening: c.get("dampening"),
            weight_decay: decay,
            nesterov: c.get("nesterov") == 1.0,
        };
        // The same with every sign chosen so that sizes add up.
        let sizes = update::Sgd {
            lr: -lr.abs(),
            weight_decay: decay.abs(),
            ..config
        };
        let run = |config, g, w, first| {
            let (w, first) = update::sgd(config, self.t, &[g], &[w], &[first]);
            (w[0], first[0])
        };
        let (w_size, first_size) = run(sizes, e.g.abs(), e.w.abs(), e.first.abs());
        if !self.fits(&[w_size, first_size, e.first, w_size * momentum]) {
            return false;
        }
        let (w_exact, first_exact) = run(config, e.g, e.w, e.first);
        // At most a dozen roundings, of configuration and of results; and where they end in a subnormal, of `tiny`.
        let steps = (1.0 + lr.abs()) * (1.0 + decay.abs());
        let tiny =
            16.0 * self.tiny() * steps * (1.0 + e.g.abs() + e.w.abs() + e.first.abs() + first_size);
        let allowed = |size: f64| 16.0 * self.eps() * size + tiny;
        self.near("w", e, w, w_exact, allowed(w_size));
        if momentum != 0.0 {
            self.near("buffer", e, first, first_exact, allowed(first_size));
        }
        true
    }

    fn adam(&self, e: Element, [w, m, v]: [f64; 3]) -> bool {
        let (c, decay) = (self.setting, self.decay());
        let (lr, beta1, beta2) = (c.get("lr"), c.get("beta1"), c.get("beta2"));
        let config = update::Adam {
            lr,
            beta1,
            beta2,
            eps: c.get("eps"),
            weight_decay: decay,
            decoupled: c.get("decoupled") == 1.0,
        };
        let corrections = [beta1, beta2].map(|beta| 1.0 - beta.powf(self.t as f64));
        let rate = lr.abs() / corrections[0];
        let penalty = if config.decoupled { 0.0 } else { decay.abs() };
        let shrink = if config.decoupled {
            (lr * decay).abs()
        } else {
            0.0
        };
        let g_size = e.g.abs() + penalty * e.w.abs();
        let m_size = beta1 * e.first.abs() + g_size;
        let v_size = e.second.abs() + g_size * g_size;
        let ordinary = e.second >= 0.0 && corrections.iter().all(|&c| c >= 1e-6);
        if !ordinary || !self.fits(&[m_size, v_size, rate * m_size, (1.0 + shrink) * e.w]) {
            return false;
        }
        let old = update::Adapted {
            w: vec![e.w],
            m: vec![e.first],
            v: vec![e.second],
        };
        let new = update::adam(config, self.t, &[e.g], &old);
        let values = 1.0 + e.g.abs() + e.w.abs() + e.first.abs() + e.second;
        let (eps, tiny) = (self.eps(), 16.0 * self.tiny() * (1.0 + penalty) * values);
        self.near("m", e, m, new.m[0], 16.0 * eps * m_size + tiny);
        // A square below the type's range is lost, whatever the size of what is squared.
        self.near(
            "v",
            e,
            v,
            new.v[0],
            32.0 * eps * v_size + tiny * (1.0 + g_size),
        );
        let root = (new.v[0] / corrections[1]).sqrt() + config.eps;
        let settled =
            new.v[0] >= 1e16 * self.tiny() || config.eps * eps >= (32.0 * self.tiny()).sqrt() * 1e3;
        let change = rate * m_size / root;
        if !settled || !self.fits(&[change]) {
            return true;
        }
        // Powers of beta near 1 are known to 1e-16 absolute, whatever is left of them after the subtraction.
        let relative = 64.0 * eps + 1e-15 / corrections[0] + 1e-15 / corrections[1];
        // v itself is known to `relative` of v_size, and its root to half of that.
        let root_is_off = 32.0 * eps * v_size / new.v[0].max(self.tiny());
        let allowed = (relative + root_is_off) * ((1.0 + shrink) * e.w.abs() + change);
        let lost = tiny * (1.0 + rate) * (1.0 + 1.0 / root) * (1.0 + m_size);
        self.near("w", e, w, new.w[0], allowed + lost);
        true
    }
}
