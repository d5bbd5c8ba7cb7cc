//! The functions of the header, callable without `unsafe`.
//!
//! They are no safer for it: whoever calls them passes pointers to live memory of its own that nothing else borrows
//! meanwhile, or pointers that the library must refuse before it follows them. That is the promise which the one
//! SAFETY comment below leans on.

use std::ffi::{CStr, c_char, c_void};

use trimtab_core::{AutoscaleState, GuardState, Moments, NormState, StepState, ZclipState};

use crate::chain::trimtab_method;
use crate::config::*;
use crate::state::trimtab_states;
use crate::types::{trimtab_slot, trimtab_tensor};

macro_rules! functions {
    ($($name:ident = $function:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        pub fn $name($($argument: $type),*) -> $result {
            // SAFETY: the promise of this module's header.
            unsafe { crate::$function($($argument),*) }
        }
    )*};
}

functions! {
    observe = trimtab_observe(grads: *mut trimtab_tensor, n: usize) -> i32;
    outlook = trimtab_outlook(tensor: *const trimtab_tensor, into: *mut Moments) -> i32;
    observe_chunk = trimtab_observe_chunk(into: *mut Moments, data: *const c_void, len: usize, dtype: u32) -> i32;
    moments_merge = trimtab_moments_merge(into: *mut Moments, from: *const Moments) -> i32;
    moments_mean = trimtab_moments_mean(moments: *const Moments) -> f64;
    moments_std = trimtab_moments_std(moments: *const Moments) -> f64;
    moments_norm = trimtab_moments_norm(moments: *const Moments) -> f64;
    unscale = trimtab_unscale(loss_scale: f64, grads: *mut trimtab_tensor, n: usize) -> i32;
    scale = trimtab_scale(factor: f64, grads: *mut trimtab_tensor, n: usize) -> i32;
    guard = trimtab_guard(
        config: *const trimtab_guard_config, state: *mut GuardState, grads: *mut trimtab_tensor, n: usize) -> i32;
    stable_grad = trimtab_stable_grad(
        config: *const trimtab_stable_grad_config, reference: f64, grads: *mut trimtab_tensor, n: usize) -> i32;
    gradient_stabilizer = trimtab_gradient_stabilizer(
        config: *const trimtab_gradient_stabilizer_config, states: *mut NormState, grads: *mut trimtab_tensor,
        n: usize) -> i32;
    autoscale = trimtab_autoscale(state: *mut AutoscaleState, grads: *mut trimtab_tensor, n: usize) -> i32;
    centralize = trimtab_centralize(roles: u32, grads: *mut trimtab_tensor, n: usize) -> i32;
    znorm = trimtab_znorm(config: *const trimtab_znorm_config, grads: *mut trimtab_tensor, n: usize) -> i32;
    clip_norm = trimtab_clip_norm(max_norm: f64, scope: u32, grads: *mut trimtab_tensor, n: usize) -> i32;
    clip_value = trimtab_clip_value(limit: f64, grads: *mut trimtab_tensor, n: usize) -> i32;
    agc = trimtab_agc(
        config: *const trimtab_agc_config, params: *const Moments, grads: *mut trimtab_tensor, n: usize) -> i32;
    zclip = trimtab_zclip(
        config: *const trimtab_zclip_config, state: *mut ZclipState, grads: *mut trimtab_tensor, n: usize) -> i32;
    apply = trimtab_apply(grads: *mut trimtab_tensor, n: usize) -> i32;
    apply_into = trimtab_apply_into(grads: *const trimtab_tensor, out: *const *mut c_void, n: usize) -> i32;
    sgd_step = trimtab_sgd_step(
        config: *const trimtab_sgd_config, state: *mut StepState, grads: *mut trimtab_tensor,
        slots: *const trimtab_slot, n: usize) -> i32;
    adam_step = trimtab_adam_step(
        config: *const trimtab_adam_config, state: *mut StepState, grads: *mut trimtab_tensor,
        slots: *const trimtab_slot, n: usize) -> i32;
    decide_at = trimtab_decide_at(
        chain: *const trimtab_method, methods: usize, grads: *mut trimtab_tensor, n: usize, refused: *mut usize,
        at: *mut usize) -> i32;
    decide = trimtab_decide(
        chain: *const trimtab_method, methods: usize, grads: *mut trimtab_tensor, n: usize,
        refused: *mut usize) -> i32;
    observe_at = trimtab_observe_at(grads: *mut trimtab_tensor, n: usize, at: *mut usize) -> i32;
    apply_at = trimtab_apply_at(grads: *mut trimtab_tensor, n: usize, at: *mut usize) -> i32;
    apply_into_at = trimtab_apply_into_at(
        grads: *const trimtab_tensor, out: *const *mut c_void, n: usize, at: *mut usize) -> i32;
    sgd_step_at = trimtab_sgd_step_at(
        config: *const trimtab_sgd_config, state: *mut StepState, grads: *mut trimtab_tensor,
        slots: *const trimtab_slot, n: usize, at: *mut usize) -> i32;
    adam_step_at = trimtab_adam_step_at(
        config: *const trimtab_adam_config, state: *mut StepState, grads: *mut trimtab_tensor,
        slots: *const trimtab_slot, n: usize, at: *mut usize) -> i32;
    state_save = trimtab_state_save(
        entries: *const trimtab_states, n: usize, bytes: *mut c_void, capacity: usize, size: *mut usize) -> i32;
    state_load = trimtab_state_load(
        entries: *const trimtab_states, n: usize, bytes: *const c_void, len: usize) -> i32;
}

pub use crate::{
    trimtab_cpu_level as cpu_level, trimtab_init_std as init_std,
    trimtab_set_threads as set_threads, trimtab_status_message as status_message,
    trimtab_version as version,
};

/// What a C program would print.
pub fn text(pointer: *const c_char) -> String {
    assert!(!pointer.is_null(), "a text is never NULL");
    // SAFETY: the header promises static, NUL-terminated texts.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().expect("texts are ASCII").to_string()
}
