//! Decide: one function per method. Their common rules are in the header's first comment.

use trimtab_core::{
    Agc, Autoscale, AutoscaleState, Centralize, ClipNorm, ClipValue, GradientStabilizer, Guard,
    GuardState, Moments, NormState, Scale, StableGrad, Status, Unscale, Verdict, Zclip, ZclipState,
    Znorm,
};

use crate::check::{array, array_mut, code, configuration, one_mut, tensors_mut};
use crate::config::{
    Field, trimtab_agc_config, trimtab_gradient_stabilizer_config, trimtab_guard_config,
    trimtab_stable_grad_config, trimtab_zclip_config, trimtab_znorm_config,
};
use crate::types::{trimtab_status, trimtab_tensor};

/// Undoes a loss scale: g / loss_scale, all tensors.
///
/// loss_scale  finite, > 0; else BAD_CONFIG.
///
/// Put trimtab_guard before it: gradients that overflowed under the loss scale are not finite.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_unscale(
    loss_scale: f64,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    // SAFETY: the pointers are the caller's promise.
    let decide = || Ok(Unscale::new(loss_scale).decide(unsafe { tensors_mut(grads, n) }?)?);
    code(decide)
}

/// Multiplies by a factor: g * factor, all tensors.
///
/// factor  finite; else BAD_CONFIG. 0 writes zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_scale(
    factor: f64,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    // SAFETY: the pointers are the caller's promise.
    let decide = || Ok(Scale::new(factor).decide(unsafe { tensors_mut(grads, n) }?)?);
    code(decide)
}

/// Handles bad steps, those with a gradient that is not finite. Call it before the other methods,
/// which all refuse such gradients.
///
/// TRIMTAB_GUARD_SKIP_STEP: counts a bad step and returns TRIMTAB_SKIP_STEP; the caller makes no
/// optimizer step. TRIMTAB_GUARD_ZERO: counts it and returns TRIMTAB_OK; the offending tensors become
/// zeros, and the others are kept. DIVERGED at the max_consecutive-th bad step in a row; like every
/// refusal it changes nothing, so that step is not counted. A good step sets consecutive to 0.
///
/// state  zeros before the first step; must not be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_guard(
    config: *const trimtab_guard_config,
    state: *mut GuardState,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let method: Guard = unsafe { configuration(config) }?;
        // SAFETY: as above.
        let (state, grads) = unsafe { (one_mut(state)?, tensors_mut(grads, n)?) };
        match method.decide(state, grads)? {
            Verdict::Proceed => Ok(()),
            Verdict::SkipStep => Err(Status::SkipStep.into()),
        }
    };
    code(decide)
}

/// StableGrad (arXiv 2605.19856): each weight gradient is divided by its own standard deviation and
/// multiplied by one reference.
///
///     s = std(g);   g * reference / (s + eps)
///
/// for tensors of the chosen roles with at least 2 elements and s > 0; all others stay as they are.
///
/// reference  finite, > 0; else BAD_REFERENCE. The standard deviation of the prediction gradient dL/dy
///            over the whole batch: observe its buffers with trimtab_observe_chunk and take
///            trimtab_moments_std. In a PINN pool the gradients with respect to u and its derivatives.
///            That of the last weight gradient is the poorest choice: it starts as large as the
///            gradients themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_stable_grad(
    config: *const trimtab_stable_grad_config,
    reference: f64,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let method: StableGrad = unsafe { configuration(config) }?;
        // SAFETY: as above.
        Ok(method.decide(reference, unsafe { tensors_mut(grads, n) }?)?)
    };
    code(decide)
}

/// GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm by a running
/// estimate, so that spikes are bounded. Weights and biases.
///
///     R = ||g||;   R == 0: skipped += 1, and no other change
///     steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
///     mh = m / (1-gamma1^steps), vh = v / (1-gamma2^steps)        (with bias_correction)
///     g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)
///
/// states  n states, or one for TRIMTAB_SCOPE_GLOBAL; zeros before the first step. BAD_STATE if
///         one holds NaN, infinity, a negative average, or averages without steps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_gradient_stabilizer(
    config: *const trimtab_gradient_stabilizer_config,
    states: *mut NormState,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let method: GradientStabilizer = unsafe { configuration(config) }?;
        // SAFETY: as above.
        let grads = unsafe { tensors_mut(grads, n) }?;
        // SAFETY: as above.
        let states = unsafe { array_mut(states, method.states(n)) }?;
        Ok(method.decide(states, grads)?)
    };
    code(decide)
}

/// Gradient Autoscaled Normalization (arXiv 2509.03677): the mean of each weight gradient is
/// subtracted, then all are multiplied by one factor alpha in (0, 1]. The map from sigma to alpha is
/// this library's reading of a paper that describes it in words.
///
///     g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
///     first step with sigma > 0: exponent = 1 / (1 + |ln b|)
///     alpha = min(1, b^exponent);   alpha * g          (sigma == 0: alpha 1, state unchanged)
///
/// state  zeros before the first step; must not be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_autoscale(
    state: *mut AutoscaleState,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let (state, grads) = unsafe { (one_mut(state)?, tensors_mut(grads, n)?) };
        Ok(Autoscale::default().decide(state, grads)?)
    };
    code(decide)
}

/// Gradient centralization (arXiv 2004.01461), per tensor: g - mean(g).
///
/// roles  the tensors changed: TRIMTAB_ROLES_WEIGHTS or TRIMTAB_ROLES_ALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_centralize(
    roles: u32,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        let roles = Field::of(roles)?;
        // SAFETY: the pointers are the caller's promise.
        Ok(Centralize::default()
            .with_roles(roles)
            .decide(unsafe { tensors_mut(grads, n) }?)?)
    };
    code(decide)
}

/// Z-score normalisation (arXiv 2408.01215): (g - mean(g)) / (std(g) + eps). Tensors with fewer than
/// 2 elements or standard deviation 0 stay as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_znorm(
    config: *const trimtab_znorm_config,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let method: Znorm = unsafe { configuration(config) }?;
        // SAFETY: as above.
        Ok(method.decide(unsafe { tensors_mut(grads, n) }?)?)
    };
    code(decide)
}

/// Clips the norm: g * min(1, max_norm / R), R the norm of each tensor or of all together.
///
/// max_norm  > 0, may be infinity.
/// scope     TRIMTAB_SCOPE_TENSOR or TRIMTAB_SCOPE_GLOBAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_clip_norm(
    max_norm: f64,
    scope: u32,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        let scope = Field::of(scope)?;
        // SAFETY: the pointers are the caller's promise.
        Ok(ClipNorm::new(max_norm, scope).decide(unsafe { tensors_mut(grads, n) }?)?)
    };
    code(decide)
}

/// Clips the elements: clamp(g, -limit, limit).
///
/// limit  > 0, may be infinity.
///
/// A finite limit ends a chain: only trimtab_scale, trimtab_unscale, trimtab_guard and
/// trimtab_clip_value itself may follow, all other methods return ORDER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_clip_value(
    limit: f64,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    // SAFETY: the pointers are the caller's promise.
    let decide = || Ok(ClipValue::new(limit).decide(unsafe { tensors_mut(grads, n) }?)?);
    code(decide)
}

/// Adaptive gradient clipping (arXiv 2102.06171), per tensor.
///
///     R = ||g||;   bound = max(||w||, eps) * clipping;   R > bound: g * bound / R
///
/// params  moments of the n parameters w, in the order of the gradients; not those inside grads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_agc(
    config: *const trimtab_agc_config,
    params: *const Moments,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let method: Agc = unsafe { configuration(config) }?;
        // SAFETY: as above.
        let (params, grads) = unsafe { (array(params, n)?, tensors_mut(grads, n)?) };
        Ok(method.decide(params, grads)?)
    };
    code(decide)
}

/// ZClip (arXiv 2504.02507): clips the norm R of all tensors together where its z-score is large.
///
///     the first warmup steps collect R;  g * min(1, max_norm / R)
///     then  z = (R - mean) / (sqrt(var) + eps)
///           cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
///           mean = alpha*mean + (1-alpha)*cap;   var = alpha*var + (1-alpha)*(cap - mean)^2
///           g * min(1, min(cap, max_norm) / R)
///
/// state  zeros before the first step; must not be NULL. During the warm-up it holds the mean and the
///        population variance of the norms so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_zclip(
    config: *const trimtab_zclip_config,
    state: *mut ZclipState,
    grads: *mut trimtab_tensor,
    n: usize,
) -> trimtab_status {
    let decide = || {
        // SAFETY: the pointers are the caller's promise.
        let method: Zclip = unsafe { configuration(config) }?;
        // SAFETY: as above.
        let (state, grads) = unsafe { (one_mut(state)?, tensors_mut(grads, n)?) };
        Ok(method.decide(state, grads)?)
    };
    code(decide)
}
