//! The methods that keep nothing from one step to the next.

use super::statistics::{centred, global_norm, norm, std};
use super::{Gradient, Roles, Scope};

/// g / loss_scale: undoes the scaling of the loss in mixed precision.
pub fn unscale(loss_scale: f64, grads: &[Gradient]) -> Vec<Gradient> {
    grads.iter().map(|g| g.map(|x| x / loss_scale)).collect()
}

/// g * factor.
pub fn scale(factor: f64, grads: &[Gradient]) -> Vec<Gradient> {
    grads.iter().map(|g| g.times(factor)).collect()
}

/// StableGrad (arXiv 2605.19856): g * reference / (std(g) + eps) for tensors that vary, the others unchanged.
pub fn stable_grad(roles: Roles, eps: f64, reference: f64, grads: &[Gradient]) -> Vec<Gradient> {
    let one = |g: &Gradient| {
        let spread = std(&g.values);
        // NaN (fewer than two elements) fails the comparison, as it should.
        if roles.include(g.role) && spread > 0.0 {
            g.map(|x| x * reference / (spread + eps))
        } else {
            g.clone()
        }
    };
    grads.iter().map(one).collect()
}

/// g - mean(g).
pub fn centralize(roles: Roles, grads: &[Gradient]) -> Vec<Gradient> {
    let one = |g: &Gradient| match roles.include(g.role) {
        true => Gradient {
            role: g.role,
            values: centred(&g.values),
        },
        false => g.clone(),
    };
    grads.iter().map(one).collect()
}

/// ZNorm (arXiv 2408.01215): (g - mean(g)) / (std(g) + eps); a tensor that does not vary is left alone.
pub fn znorm(roles: Roles, eps: f64, grads: &[Gradient]) -> Vec<Gradient> {
    let one = |g: &Gradient| {
        let spread = std(&g.values);
        if !roles.include(g.role) || spread.is_nan() || spread == 0.0 {
            return g.clone();
        }
        let values = centred(&g.values);
        let values = values.iter().map(|x| x / (spread + eps)).collect();
        Gradient {
            role: g.role,
            values,
        }
    };
    grads.iter().map(one).collect()
}

/// The factor that brings a norm down to a maximum: min(1, max_norm / R), and 1 for R = 0.
pub fn shrink(norm: f64, max_norm: f64) -> f64 {
    if norm > max_norm {
        max_norm / norm
    } else {
        1.0
    }
}

/// g * min(1, max_norm / R), R the norm of the tensor or of all tensors.
pub fn clip_norm(max_norm: f64, scope: Scope, grads: &[Gradient]) -> Vec<Gradient> {
    let all = global_norm(grads);
    let one = |g: &Gradient| match scope {
        Scope::Tensor => g.times(shrink(norm(&g.values), max_norm)),
        Scope::Global => g.times(shrink(all, max_norm)),
    };
    grads.iter().map(one).collect()
}

/// Every element into [-limit, limit].
pub fn clip_value(limit: f64, grads: &[Gradient]) -> Vec<Gradient> {
    grads
        .iter()
        .map(|g| g.map(|x| x.clamp(-limit, limit)))
        .collect()
}

/// AGC (arXiv 2102.06171), per tensor: the norm may be at most `clipping` times that of the parameters.
pub fn agc(clipping: f64, eps: f64, params: &[Vec<f64>], grads: &[Gradient]) -> Vec<Gradient> {
    let one = |(g, w): (&Gradient, &Vec<f64>)| {
        let most = norm(w).max(eps) * clipping;
        g.times(shrink(norm(&g.values), most))
    };
    grads.iter().zip(params).map(one).collect()
}
