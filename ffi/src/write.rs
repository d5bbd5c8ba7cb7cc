//! Write: the affines applied in place, beside, or within an optimizer step.

use core::ffi::c_void;
use core::ptr;

use trimtab_core::{Adam, Sgd, StepState};

use crate::check::{
    blamed, configuration, one_mut, output_array, slot_array, tensors, tensors_mut,
};
use crate::config::{trimtab_adam_config, trimtab_sgd_config};
use crate::types::{trimtab_slot, trimtab_status, trimtab_tensor};

/// Writes every gradient in place: clamp((x - center) * scale, -limit, limit), computed in double
/// and rounded to the element type: once, but 16-bit types twice, to float and from there. Plain
/// scaling of TRIMTAB_F32 by a factor that is a normal float is one multiplication in float.
///
/// Afterwards the descriptors are spent: affines are {0, 1, infinity} and moments 0, so that every
/// method and every write returns ORDER until the next trimtab_observe.
///
/// ORDER: not observed. OVERFLOW: min(limit, |scale| * (abs_max + |center|)) exceeds the largest finite
/// value of the element type. NON_FINITE, BAD_STATE, and the codes of trimtab_observe for bad
/// descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_apply(grads: *mut trimtab_tensor, n: usize) -> trimtab_status {
    // SAFETY: passed on.
    unsafe { trimtab_apply_at(grads, n, ptr::null_mut()) }
}

/// trimtab_apply that also writes which tensor made it fail: see trimtab_observe_at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_apply_at(
    grads: *mut trimtab_tensor,
    n: usize,
    at: *mut usize,
) -> trimtab_status {
    // SAFETY: the pointers are the caller's promise.
    let apply = || Ok(trimtab_core::apply(unsafe { tensors_mut(grads, n) }?)?);
    // SAFETY: as above.
    unsafe { blamed(at, apply) }
}

/// Writes gradient i into out[i] instead, a buffer of the same dtype and len. Gradients, moments and
/// affines stay as they are: this spends nothing.
///
/// out  n pointers; may be NULL if n is 0. out[i] == grads[i].data is allowed, any other overlap is
///      not.
///
/// Codes as for trimtab_apply.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_apply_into(
    grads: *const trimtab_tensor,
    out: *const *mut c_void,
    n: usize,
) -> trimtab_status {
    // SAFETY: passed on.
    unsafe { trimtab_apply_into_at(grads, out, n, ptr::null_mut()) }
}

/// trimtab_apply_into that also writes which tensor made it fail: see trimtab_observe_at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_apply_into_at(
    grads: *const trimtab_tensor,
    out: *const *mut c_void,
    n: usize,
    at: *mut usize,
) -> trimtab_status {
    let apply = || {
        // SAFETY: the pointers are the caller's promise.
        let grads = unsafe { tensors(grads, n) }?;
        // SAFETY: as above.
        let outputs = unsafe { output_array(out, grads) }?;
        Ok(trimtab_core::apply_into_with(grads, outputs)?)
    };
    // SAFETY: as above.
    unsafe { blamed(at, apply) }
}

/// Stochastic gradient descent on all parameters, fused with the affines; conventions as in torch.
///
///     g = affine(gradient) + weight_decay*w
///     buffer = g on the first step, then momentum*buffer + (1-dampening)*g
///     w -= lr * (g | buffer | g + momentum*buffer)      plain | momentum | nesterov
///
/// state  zeros before the first step; must not be NULL.
/// slots  n slots, slots[i] for grads[i]. The gradients are not written; their descriptors are spent
///        as by trimtab_apply.
///
/// BAD_CONFIG also for nesterov without momentum or with dampening. OVERFLOW unless lr and weight_decay
/// fit the type of the parameter, whose largest finite value is M, and
///
///     |gradient| <= M / (reach * max(1, |lr|)) - |weight_decay| * M^(1/4)
///     reach: bound on buffer and direction, in units of the largest gradient; 1 without momentum
///
/// NULL_POINTER, MISALIGNED, BAD_DTYPE, ORDER, NON_FINITE, BAD_STATE. A refused step changes no
/// parameter, no buffer and no state. Parameters up to M^(1/4), 4.2e9 in float and 1.1e77 in double, and
/// buffers left by steps with this configuration, stay finite. Other values are not detected: larger
/// parameters, and buffers of another configuration, may become infinite.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_sgd_step(
    config: *const trimtab_sgd_config,
    state: *mut StepState,
    grads: *mut trimtab_tensor,
    slots: *const trimtab_slot,
    n: usize,
) -> trimtab_status {
    // SAFETY: passed on.
    unsafe { trimtab_sgd_step_at(config, state, grads, slots, n, ptr::null_mut()) }
}

/// trimtab_sgd_step that also writes which tensor made it fail: see trimtab_observe_at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_sgd_step_at(
    config: *const trimtab_sgd_config,
    state: *mut StepState,
    grads: *mut trimtab_tensor,
    slots: *const trimtab_slot,
    n: usize,
    at: *mut usize,
) -> trimtab_status {
    let step = || {
        // SAFETY: the pointers are the caller's promise.
        let sgd: Sgd = unsafe { configuration(config) }?;
        // SAFETY: as above.
        let (state, grads) = unsafe { (one_mut(state)?, tensors_mut(grads, n)?) };
        // SAFETY: as above.
        let slots = unsafe { slot_array(slots, grads, sgd.buffers()) }?;
        Ok(sgd.step_with(state, grads, slots)?)
    };
    // SAFETY: as above.
    unsafe { blamed(at, step) }
}

/// Adam or AdamW (decoupled) on all parameters, fused with the affines; eps outside the root.
///
///     g = affine(gradient)
///     coupled:    g += weight_decay*w
///     m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
///     change = lr * (m / (1-beta1^t)) / (sqrt(v / (1-beta2^t)) + eps)    t = steps + 1
///     decoupled:  change += (lr*weight_decay)*w
///     w -= change
///
/// Where root and eps are both 0 the parameter does not move.
///
/// Arguments, codes and promises as for trimtab_sgd_step, except: OVERFLOW if a gradient may exceed
/// the root of M (1.8e19 in float), because a second moment that becomes infinite freezes its parameter
/// for ever. At ordinary learning rates and decays no other bound is ever reached; in full, with
/// rate = lr / (1-beta1^t), OVERFLOW unless
///
///     decoupled:  |lr * weight_decay| * M^(1/4) <= M/4
///     |gradient| <= min(sqrt(M), M / |rate|, room)     coupled: less |weight_decay| * M^(1/4)
///     room = M/2 * eps / |rate|                        eps 0: the root of the smallest number instead
///
/// with unlimited room for beta1^2 < beta2, as long as |rate| * ratio, and that times the root of the
/// smallest normal number over eps, is at most M/2: then |m| / sqrt(v) is at most
/// ratio = (1-beta1) / sqrt((1-beta2) * (1-beta1^2/beta2)).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_adam_step(
    config: *const trimtab_adam_config,
    state: *mut StepState,
    grads: *mut trimtab_tensor,
    slots: *const trimtab_slot,
    n: usize,
) -> trimtab_status {
    // SAFETY: passed on.
    unsafe { trimtab_adam_step_at(config, state, grads, slots, n, ptr::null_mut()) }
}

/// trimtab_adam_step that also writes which tensor made it fail: see trimtab_observe_at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_adam_step_at(
    config: *const trimtab_adam_config,
    state: *mut StepState,
    grads: *mut trimtab_tensor,
    slots: *const trimtab_slot,
    n: usize,
    at: *mut usize,
) -> trimtab_status {
    let step = || {
        // SAFETY: the pointers are the caller's promise.
        let adam: Adam = unsafe { configuration(config) }?;
        // SAFETY: as above.
        let (state, grads) = unsafe { (one_mut(state)?, tensors_mut(grads, n)?) };
        // SAFETY: as above.
        let slots = unsafe { slot_array(slots, grads, adam.buffers()) }?;
        Ok(adam.step_with(state, grads, slots)?)
    };
    // SAFETY: as above.
    unsafe { blamed(at, step) }
}
