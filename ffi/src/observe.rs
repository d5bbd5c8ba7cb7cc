//! Observe: the read pass, and functions of moments alone.

use core::ffi::c_void;
use core::ptr;

use trimtab_core::{Dtype, Moments, Status, in_default_mode};

use crate::check::{blamed, buffer, code, one, one_mut, tensors, tensors_mut};
use crate::types::{trimtab_status, trimtab_tensor};

/// Reads every gradient once: fills in the moments of each tensor and resets its affine to
/// {0, 1, infinity}. The gradients are not written.
///
/// grads  n tensors; may be NULL if n is 0.
///
/// NON_FINITE if any element is NaN, infinite, or (double) beyond 1e150 in magnitude: the moments of
/// all tensors are filled in and their affines reset all the same, so that trimtab_guard can decide.
/// NULL_POINTER, BAD_DTYPE, BAD_CONFIG (role), MISALIGNED, BAD_LENGTH: nothing is changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_observe(grads: *mut trimtab_tensor, n: usize) -> trimtab_status {
    // SAFETY: passed on.
    unsafe { trimtab_observe_at(grads, n, ptr::null_mut()) }
}

/// trimtab_observe that also writes which tensor made it fail.
///
/// at  set to the index of the tensor, or of its state, slot, output or moments of its parameter;
///     TRIMTAB_NOWHERE if the call succeeds, or if no single tensor made it fail. The only state of a
///     method has index 0. May be NULL.
///
/// The same holds for the other functions whose name ends in _at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_observe_at(
    grads: *mut trimtab_tensor,
    n: usize,
    at: *mut usize,
) -> trimtab_status {
    // SAFETY: the pointers are the caller's promise.
    let observe = || Ok(trimtab_core::observe(unsafe { tensors_mut(grads, n) }?)?);
    // SAFETY: as above.
    unsafe { blamed(at, observe) }
}

/// The outlook of a gradient: its moments as the pending affine will leave them.
///
/// into  set to count; sum and sum_sq of the transformed elements, up to rounding, sum exactly 0 where
///       the mean was subtracted; abs_max, an upper bound. A finite limit changes abs_max only: its
///       effect on the sums depends on the data. Must not be NULL, nor lie in the tensor.
///
/// Call it before the write, which spends the descriptor. ORDER: not observed. BAD_STATE: moments or
/// affine hold values that no call can have left there. The codes of trimtab_observe for a bad
/// descriptor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_outlook(
    tensor: *const trimtab_tensor,
    into: *mut Moments,
) -> trimtab_status {
    let outlook = || {
        // SAFETY: the pointers are the caller's promise.
        let tensor = unsafe { tensors(tensor, 1) }?;
        // SAFETY: as above.
        let into = unsafe { one_mut(into) }?;
        if let [tensor] = tensor {
            *into = tensor.moments_after()?;
        }
        Ok(())
    };
    code(outlook)
}

/// Adds the elements of a chunk to moments: observes a tensor piece by piece, while it is in the cache.
///
/// into   zeros before the first chunk; must not be NULL.
/// data   len elements of dtype, which are only read; may be NULL if len is 0.
///
/// A boundary between chunks at a multiple of 65,536 elements from the start of the tensor changes
/// no bit of the result. NON_FINITE if an element added so far is not finite; the moments are
/// filled in all the same. BAD_STATE: into holds a negative sum of squares or magnitude.
/// BAD_LENGTH: the count overflows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_observe_chunk(
    into: *mut Moments,
    data: *const c_void,
    len: usize,
    dtype: u32,
) -> trimtab_status {
    let observe = || {
        let dtype = Dtype::from_code(dtype).ok_or(Status::BadDtype)?;
        // SAFETY: the pointers are the caller's promise; the data is only read.
        let (into, data) = unsafe { (one_mut(into)?, buffer(data.cast_mut(), len, dtype)?) };
        Ok(into.observe_buffer(&data)?)
    };
    code(observe)
}

/// Merges two moments: `into` then describes the elements of both. For ranks, shards, several outputs
/// of a network.
///
/// Neither may be NULL; they may be the same. Moments that are not finite merge like any others,
/// with TRIMTAB_OK, so that every rank learns of them. BAD_LENGTH if the count overflows, BAD_STATE if
/// either holds a negative sum of squares or magnitude.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_moments_merge(
    into: *mut Moments,
    from: *const Moments,
) -> trimtab_status {
    let merge = || {
        // SAFETY: the pointers are the caller's promise; `from` is copied before `into` is borrowed,
        // so they may be the same.
        let (from, into) = unsafe { (*one(from)?, one_mut(into)?) };
        Ok(into.merge(&from)?)
    };
    code(merge)
}

/// Mean, sum / count; NaN for no elements and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_moments_mean(moments: *const Moments) -> f64 {
    // SAFETY: the pointer is the caller's promise.
    in_default_mode(|| unsafe { one(moments) }.map_or(f64::NAN, Moments::mean))
}

/// Unbiased standard deviation, sqrt((sum_sq - sum^2/count) / (count - 1)); NaN for fewer than two
/// elements and for NULL. A difference of at most 2^-44 sum_sq is rounding and counts as 0: a standard
/// deviation below 2.4e-7 of the mean. Above, the relative error of the variance is about
/// 2^-52 * (mean/std)^2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_moments_std(moments: *const Moments) -> f64 {
    // SAFETY: the pointer is the caller's promise.
    in_default_mode(|| unsafe { one(moments) }.map_or(f64::NAN, Moments::std))
}

/// 2-norm, sqrt(sum_sq); NaN for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trimtab_moments_norm(moments: *const Moments) -> f64 {
    // SAFETY: the pointer is the caller's promise.
    in_default_mode(|| unsafe { one(moments) }.map_or(f64::NAN, Moments::norm))
}
