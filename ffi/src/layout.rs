//! Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
//!
//! Where every field of every struct of the header lies on 64-bit targets, and what every constant is: a change of the
//! ABI does not compile unless it is in the header, too, and a struct or a constant that has more than the header does
//! not compile either. A test compares the `_INIT` macros with the core's defaults.

macro_rules! structs {
    ($($type:ty: $size:literal { $($field:ident: $kind:ty = $offset:literal),* })*) => {
        $(#[cfg(target_pointer_width = "64")]
        const _: () = {
            use core::mem::{align_of, offset_of, size_of};
            assert!(size_of::<$type>() == $size, stringify!($type has another size));
            assert!(8 % align_of::<$type>() == 0, stringify!($type has another alignment));
            $(assert!(offset_of!($type, $field) == $offset, stringify!($type.$field lies elsewhere));)*
        };

        // A field that the header lacks does not compile: there is no `..` in the pattern.
        const _: fn(&$type) = |value| {
            type Type = $type;
            let Type { $($field),* } = value;
            $(let _: &$kind = $field;)*
        };)*
    };
}

macro_rules! constants {
    ($($name:ident { $($constant:ident = $value:literal),* })*) => {
        $(const _: () = {
            use crate::$name::{self, *};
            $(assert!($constant as i64 == $value, stringify!($constant has another value));)*
            // A constant that the header lacks does not compile: there is no `_` in the match.
            let _: fn($name) = |value| match value {
                $($constant => (),)*
            };
        };)*
    };
}

#[cfg(test)]
macro_rules! defaults {
    ($($config:ident { $($field:ident = $value:expr),* })*) => {
        #[test]
        fn init_macros_hold_the_defaults_of_the_core() {
            use crate::config::{self, Configuration};
            $(let core = <config::$config as Configuration>::of(&Default::default());
            $(assert_eq!(core.$field, $value, "{}.{}", stringify!($config), stringify!($field));)*)*
        }
    };
}

structs! {
    trimtab_core::Moments: 32 {
        count: u64 = 0,
        sum: f64 = 8,
        sum_sq: f64 = 16,
        abs_max: f64 = 24
    }
    trimtab_core::Affine: 24 {
        center: f64 = 0,
        scale: f64 = 8,
        limit: f64 = 16
    }
    crate::trimtab_tensor: 80 {
        data: *mut core::ffi::c_void = 0,
        len: usize = 8,
        dtype: u32 = 16,
        role: u32 = 20,
        moments: trimtab_core::Moments = 24,
        affine: trimtab_core::Affine = 56
    }
    crate::trimtab_guard_config: 16 {
        struct_size: u32 = 0,
        policy: u32 = 4,
        max_consecutive: u64 = 8
    }
    trimtab_core::GuardState: 16 {
        consecutive: u64 = 0,
        total: u64 = 8
    }
    crate::trimtab_stable_grad_config: 16 {
        struct_size: u32 = 0,
        roles: u32 = 4,
        eps: f64 = 8
    }
    crate::trimtab_gradient_stabilizer_config: 40 {
        struct_size: u32 = 0,
        scope: u32 = 4,
        gamma1: f64 = 8,
        gamma2: f64 = 16,
        eps: f64 = 24,
        bias_correction: u32 = 32,
        reserved: u32 = 36
    }
    trimtab_core::NormState: 32 {
        m: f64 = 0,
        v: f64 = 8,
        steps: u64 = 16,
        skipped: u64 = 24
    }
    trimtab_core::AutoscaleState: 32 {
        exponent: f64 = 0,
        sigma: f64 = 8,
        alpha: f64 = 16,
        steps: u64 = 24
    }
    crate::trimtab_centralize_config: 8 {
        struct_size: u32 = 0,
        roles: u32 = 4
    }
    crate::trimtab_znorm_config: 16 {
        struct_size: u32 = 0,
        roles: u32 = 4,
        eps: f64 = 8
    }
    crate::trimtab_clip_norm_config: 8 {
        struct_size: u32 = 0,
        scope: u32 = 4
    }
    crate::trimtab_agc_config: 24 {
        struct_size: u32 = 0,
        reserved: u32 = 4,
        clipping: f64 = 8,
        eps: f64 = 16
    }
    crate::trimtab_zclip_config: 40 {
        struct_size: u32 = 0,
        warmup: u32 = 4,
        alpha: f64 = 8,
        z_max: f64 = 16,
        eps: f64 = 24,
        max_norm: f64 = 32
    }
    trimtab_core::ZclipState: 24 {
        mean: f64 = 0,
        var: f64 = 8,
        steps: u64 = 16
    }
    crate::trimtab_method: 40 {
        kind: u32 = 0,
        reserved: u32 = 4,
        config: *const core::ffi::c_void = 8,
        state: *mut core::ffi::c_void = 16,
        number: f64 = 24,
        input: *const core::ffi::c_void = 32
    }
    crate::trimtab_adagc_config: 32 {
        struct_size: u32 = 0,
        warmup: u32 = 4,
        lambda_rel: f64 = 8,
        lambda_abs: f64 = 16,
        beta: f64 = 24
    }
    crate::trimtab_sgd_config: 48 {
        struct_size: u32 = 0,
        nesterov: u32 = 4,
        lr: f64 = 8,
        momentum: f64 = 16,
        dampening: f64 = 24,
        weight_decay: f64 = 32,
        decay_roles: u32 = 40,
        reserved: u32 = 44
    }
    trimtab_core::StepState: 8 {
        steps: u64 = 0
    }
    crate::trimtab_slot: 32 {
        param: *mut core::ffi::c_void = 0,
        first: *mut core::ffi::c_void = 8,
        second: *mut core::ffi::c_void = 16,
        dtype: u32 = 24,
        reserved: u32 = 28
    }
    crate::trimtab_adam_config: 56 {
        struct_size: u32 = 0,
        decoupled: u32 = 4,
        lr: f64 = 8,
        beta1: f64 = 16,
        beta2: f64 = 24,
        eps: f64 = 32,
        weight_decay: f64 = 40,
        decay_roles: u32 = 48,
        reserved: u32 = 52
    }
    crate::trimtab_states: 24 {
        states: *mut core::ffi::c_void = 0,
        count: usize = 8,
        kind: u32 = 16,
        reserved: u32 = 20
    }
}

constants! {
    trimtab_status_code {
        TRIMTAB_OK = 0,
        TRIMTAB_SKIP_STEP = 1,
        TRIMTAB_NULL_POINTER = -1,
        TRIMTAB_BAD_DTYPE = -2,
        TRIMTAB_BAD_CONFIG = -3,
        TRIMTAB_BAD_REFERENCE = -4,
        TRIMTAB_BAD_STATE = -5,
        TRIMTAB_NON_FINITE = -6,
        TRIMTAB_OVERFLOW = -7,
        TRIMTAB_ORDER = -8,
        TRIMTAB_DIVERGED = -9,
        TRIMTAB_UNSUPPORTED = -10,
        TRIMTAB_MISALIGNED = -11,
        TRIMTAB_BAD_LENGTH = -12,
        TRIMTAB_BAD_MAGIC = -13,
        TRIMTAB_BAD_VERSION = -14,
        TRIMTAB_WRONG_KIND = -15,
        TRIMTAB_WRONG_COUNT = -16,
        TRIMTAB_TRUNCATED = -17,
        TRIMTAB_BAD_CHECKSUM = -18
    }
    trimtab_dtype {
        TRIMTAB_F32 = 0,
        TRIMTAB_F16 = 1,
        TRIMTAB_BF16 = 2,
        TRIMTAB_F64 = 3
    }
    trimtab_role {
        TRIMTAB_WEIGHT = 0,
        TRIMTAB_BIAS = 1
    }
    trimtab_roles {
        TRIMTAB_ROLES_WEIGHTS = 0,
        TRIMTAB_ROLES_ALL = 1
    }
    trimtab_scope {
        TRIMTAB_SCOPE_TENSOR = 0,
        TRIMTAB_SCOPE_GLOBAL = 1
    }
    trimtab_guard_policy {
        TRIMTAB_GUARD_SKIP_STEP = 0,
        TRIMTAB_GUARD_ZERO = 1
    }
    trimtab_activation {
        TRIMTAB_RELU = 0,
        TRIMTAB_TANH = 1,
        TRIMTAB_SILU = 2,
        TRIMTAB_GELU = 3,
        TRIMTAB_SIN = 4,
        TRIMTAB_IDENTITY = 5
    }
    trimtab_method_kind {
        TRIMTAB_METHOD_UNSCALE = 0,
        TRIMTAB_METHOD_SCALE = 1,
        TRIMTAB_METHOD_GUARD = 2,
        TRIMTAB_METHOD_STABLE_GRAD = 3,
        TRIMTAB_METHOD_GRADIENT_STABILIZER = 4,
        TRIMTAB_METHOD_AUTOSCALE = 5,
        TRIMTAB_METHOD_CENTRALIZE = 6,
        TRIMTAB_METHOD_ZNORM = 7,
        TRIMTAB_METHOD_CLIP_NORM = 8,
        TRIMTAB_METHOD_CLIP_VALUE = 9,
        TRIMTAB_METHOD_AGC = 10,
        TRIMTAB_METHOD_ZCLIP = 11,
        TRIMTAB_METHOD_ADAGC = 12
    }
    trimtab_state_kind {
        TRIMTAB_STATE_NORM = 0,
        TRIMTAB_STATE_AUTOSCALE = 1,
        TRIMTAB_STATE_ZCLIP = 2,
        TRIMTAB_STATE_GUARD = 3,
        TRIMTAB_STATE_STEP = 4
    }
}

#[cfg(test)]
defaults! {
    trimtab_guard_config {
        policy = 0,
        max_consecutive = 0
    }
    trimtab_stable_grad_config {
        roles = 0,
        eps = 0.0
    }
    trimtab_gradient_stabilizer_config {
        scope = 0,
        gamma1 = 0.6,
        gamma2 = 0.999,
        eps = 1e-12,
        bias_correction = 1,
        reserved = 0
    }
    trimtab_centralize_config {
        roles = 0
    }
    trimtab_znorm_config {
        roles = 0,
        eps = 1e-8
    }
    trimtab_clip_norm_config {
        scope = 0
    }
    trimtab_agc_config {
        reserved = 0,
        clipping = 0.01,
        eps = 0.001
    }
    trimtab_zclip_config {
        warmup = 25,
        alpha = 0.97,
        z_max = 2.5,
        eps = 1e-6,
        max_norm = f64::INFINITY
    }
    trimtab_adagc_config {
        warmup = 100,
        lambda_rel = 1.05,
        lambda_abs = 1.0,
        beta = 0.98
    }
    trimtab_sgd_config {
        nesterov = 0,
        lr = 0.01,
        momentum = 0.0,
        dampening = 0.0,
        weight_decay = 0.0,
        decay_roles = 1,
        reserved = 0
    }
    trimtab_adam_config {
        decoupled = 1,
        lr = 0.001,
        beta1 = 0.9,
        beta2 = 0.999,
        eps = 1e-8,
        weight_decay = 0.0,
        decay_roles = 1,
        reserved = 0
    }
}
