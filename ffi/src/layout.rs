//! The offset of every field of every struct of the header, as numbers: a change of the ABI does not compile unless it is
//! made here, too.
//!
//! The offsets are those of 64-bit targets. `ffi/tests/abi_manifest.rs` makes `ffi/abi.json` from this table.

/// Calls a macro with every struct: its name in C, its type in Rust, its size, and its fields with their offsets.
macro_rules! with_structs {
    ($then:ident) => {
        $then! {
            trimtab_moments = trimtab_core::Moments: 32 {
                count: 0, sum: 8, sum_sq: 16, abs_max: 24
            }
            trimtab_affine = trimtab_core::Affine: 24 { center: 0, scale: 8, limit: 16 }
            trimtab_tensor = crate::types::trimtab_tensor: 80 {
                data: 0, len: 8, dtype: 16, role: 20, moments: 24, affine: 56
            }
            trimtab_slot = crate::types::trimtab_slot: 32 {
                param: 0, first: 8, second: 16, dtype: 24, reserved: 28
            }
            trimtab_stable_grad_config = crate::config::trimtab_stable_grad_config: 16 {
                struct_size: 0, roles: 4, eps: 8
            }
            trimtab_znorm_config = crate::config::trimtab_znorm_config: 16 {
                struct_size: 0, roles: 4, eps: 8
            }
            trimtab_gradient_stabilizer_config = crate::config::trimtab_gradient_stabilizer_config: 40 {
                struct_size: 0, scope: 4, gamma1: 8, gamma2: 16, eps: 24, bias_correction: 32, reserved: 36
            }
            trimtab_agc_config = crate::config::trimtab_agc_config: 24 {
                struct_size: 0, reserved: 4, clipping: 8, eps: 16
            }
            trimtab_zclip_config = crate::config::trimtab_zclip_config: 40 {
                struct_size: 0, warmup: 4, alpha: 8, z_max: 16, eps: 24, max_norm: 32
            }
            trimtab_guard_config = crate::config::trimtab_guard_config: 16 {
                struct_size: 0, policy: 4, max_consecutive: 8
            }
            trimtab_sgd_config = crate::config::trimtab_sgd_config: 48 {
                struct_size: 0, nesterov: 4, lr: 8, momentum: 16, dampening: 24, weight_decay: 32,
                decay_roles: 40, reserved: 44
            }
            trimtab_adam_config = crate::config::trimtab_adam_config: 56 {
                struct_size: 0, decoupled: 4, lr: 8, beta1: 16, beta2: 24, eps: 32, weight_decay: 40,
                decay_roles: 48, reserved: 52
            }
            trimtab_norm_state = trimtab_core::NormState: 32 { m: 0, v: 8, steps: 16, skipped: 24 }
            trimtab_autoscale_state = trimtab_core::AutoscaleState: 32 {
                exponent: 0, sigma: 8, alpha: 16, steps: 24
            }
            trimtab_zclip_state = trimtab_core::ZclipState: 24 { mean: 0, var: 8, steps: 16 }
            trimtab_guard_state = trimtab_core::GuardState: 16 { consecutive: 0, total: 8 }
            trimtab_step_state = trimtab_core::StepState: 8 { steps: 0 }
            trimtab_centralize_config = crate::config::trimtab_centralize_config: 8 { struct_size: 0, roles: 4 }
            trimtab_clip_norm_config = crate::config::trimtab_clip_norm_config: 8 { struct_size: 0, scope: 4 }
            trimtab_method = crate::types::trimtab_method: 40 {
                kind: 0, reserved: 4, config: 8, state: 16, number: 24, input: 32
            }
            trimtab_states = crate::types::trimtab_states: 24 { states: 0, count: 8, kind: 16, reserved: 20 }
        }
    };
}

#[cfg(target_pointer_width = "64")]
macro_rules! assert_layout {
    ($($name:ident = $type:ty: $size:literal { $($field:ident: $offset:literal),* })*) => {
        $(const _: () = {
            use core::mem::{align_of, offset_of, size_of};
            assert!(size_of::<$type>() == $size, stringify!($name has another size));
            assert!(8 % align_of::<$type>() == 0, stringify!($name has another alignment));
            $(assert!(offset_of!($type, $field) == $offset, stringify!($name.$field lies elsewhere));)*
        };)*
    };
}

#[cfg(target_pointer_width = "64")]
with_structs!(assert_layout);

/// A field that the table lacks does not compile: there is no `..` in the pattern.
macro_rules! name_every_field {
    ($($name:ident = $type:path: $size:literal { $($field:ident: $offset:literal),* })*) => {
        $(const _: fn($type) = |value| {
            let $type { $($field: _),* } = value;
        };)*
    };
}

with_structs!(name_every_field);
