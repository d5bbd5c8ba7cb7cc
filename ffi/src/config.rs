//! The configurations of the header, and what they become in the core.
//!
//! Each begins with its own size, so that it can grow: see `check::configuration`. The core checks the ranges.

use trimtab_core::{
    Adam, Agc, Centralize, GradientStabilizer, Guard, GuardPolicy, Roles, Scope, Sgd, StableGrad,
    Status, Zclip, Znorm,
};

/// Start from TRIMTAB_STABLE_GRAD_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_stable_grad_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    pub roles: u32,
    /// Added to the standard deviation; finite, >= 0, default 0.
    pub eps: f64,
}

/// Start from TRIMTAB_ZNORM_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_znorm_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    pub roles: u32,
    /// Added to the standard deviation; finite, >= 0, default 1e-8.
    pub eps: f64,
}

/// Start from TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_gradient_stabilizer_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// TRIMTAB_SCOPE_TENSOR (default) or TRIMTAB_SCOPE_GLOBAL.
    pub scope: u32,
    /// Weight of the past in the running norm; in [0, 1), default 0.6.
    pub gamma1: f64,
    /// Weight of the past in the running squared norm; in [0, 1), default 0.999.
    pub gamma2: f64,
    /// Added to the root, and the smallest norm divided by; finite, >= 0, default 1e-12.
    pub eps: f64,
    /// 1 (default): averages are corrected for starting at 0. 0: the paper's own box.
    pub bias_correction: u32,
    /// Set to 0.
    pub reserved: u32,
}

/// Start from TRIMTAB_AGC_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_agc_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// Set to 0.
    pub reserved: u32,
    /// Largest ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
    pub clipping: f64,
    /// Smallest parameter norm reckoned with; finite, >= 0, default 1e-3.
    pub eps: f64,
}

/// Start from TRIMTAB_ZCLIP_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_zclip_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// Number of steps that only collect norms; >= 1, default 25.
    pub warmup: u32,
    /// Weight of the past in the running mean and variance; in [0, 1), default 0.97.
    pub alpha: f64,
    /// The z-score that is clipped; finite, > 0, default 2.5.
    pub z_max: f64,
    /// Added to the standard deviation; finite, >= 0, default 1e-6.
    pub eps: f64,
    /// The largest norm ever let through; > 0, default +infinity.
    pub max_norm: f64,
}

/// Start from TRIMTAB_GUARD_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_guard_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// TRIMTAB_GUARD_SKIP_STEP (default) or TRIMTAB_GUARD_ZERO.
    pub policy: u32,
    /// How many bad steps in a row mean that the run has diverged; 0 (default): never.
    pub max_consecutive: u64,
}

/// Of a TRIMTAB_METHOD_CENTRALIZE; start from TRIMTAB_CENTRALIZE_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_centralize_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    pub roles: u32,
}

/// Of a TRIMTAB_METHOD_CLIP_NORM; start from TRIMTAB_CLIP_NORM_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_clip_norm_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// TRIMTAB_SCOPE_TENSOR (default) or TRIMTAB_SCOPE_GLOBAL.
    pub scope: u32,
}

/// Start from TRIMTAB_SGD_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_sgd_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// 1: look ahead along the momentum, which must not be 0, without dampening; default 0.
    pub nesterov: u32,
    /// Learning rate; finite, default 1e-2.
    pub lr: f64,
    /// Weight of the past in the momentum buffer; in [0, 1), default 0: no buffer is needed.
    pub momentum: f64,
    /// How much less of the new gradient enters the buffer; in [0, 1], default 0.
    pub dampening: f64,
    /// L2 penalty, added to the gradient; finite, default 0.
    pub weight_decay: f64,
    /// What the decay is for: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    pub decay_roles: u32,
    /// Set to 0.
    pub reserved: u32,
}

/// Start from TRIMTAB_ADAM_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_adam_config {
    /// sizeof of this struct.
    pub struct_size: u32,
    /// 1 (default): the decay shrinks the parameter, AdamW. 0: it is added to the gradient.
    pub decoupled: u32,
    /// Learning rate; finite, default 1e-3.
    pub lr: f64,
    /// Weight of the past in the first moment; in [0, 1), default 0.9.
    pub beta1: f64,
    /// Weight of the past in the second moment; in [0, 1), default 0.999.
    pub beta2: f64,
    /// Added to the root of the second moment; finite, >= 0, default 1e-8.
    pub eps: f64,
    /// Weight decay; finite, default 0.
    pub weight_decay: f64,
    /// What the decay is for: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    pub decay_roles: u32,
    /// Set to 0.
    pub reserved: u32,
}

/// A configuration of the header.
pub(crate) trait Configuration: Copy {
    /// What it is in the core.
    type Core: Default;

    /// Its size in its first release, which every caller's has. Never to be changed.
    const SMALLEST: usize;

    /// As the header has it.
    fn of(core: &Self::Core) -> Self;

    /// As the core has it; refuses values that a field has not there, and reserved fields that are not 0.
    fn read(&self) -> Result<Self::Core, Status>;
}

/// A field of a configuration as the header has it, C, and as the core has it.
pub(crate) trait Field<C>: Copy {
    fn of(value: C) -> Result<Self, Status>;
    fn plain(self) -> C;
}

/// Values that are the same on both sides.
macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Field<$type> for $type {
            fn of(value: $type) -> Result<Self, Status> {
                Ok(value)
            }

            fn plain(self) -> $type {
                self
            }
        })*
    };
}

plain!(f64, u32, u64);

/// Two values, 0 and 1.
macro_rules! zero_or_one {
    ($($type:ty: $zero:expr, $one:expr;)*) => {
        $(impl Field<u32> for $type {
            fn of(code: u32) -> Result<Self, Status> {
                match code {
                    0 => Ok($zero),
                    1 => Ok($one),
                    _ => Err(Status::BadConfig),
                }
            }

            fn plain(self) -> u32 {
                self as u32
            }
        })*
    };
}

zero_or_one! {
    bool: false, true;
    Roles: Roles::Weights, Roles::All;
    Scope: Scope::Tensor, Scope::Global;
    GuardPolicy: GuardPolicy::SkipStep, GuardPolicy::Zero;
}

/// The size in the first release, and the fields behind `struct_size`: those of the core, by the same names.
macro_rules! configurations {
    ($($config:ident: $smallest:literal = $core:ident { $($field:ident),* } $($reserved:ident)?;)*) => {
        $(impl Configuration for $config {
            type Core = $core;

            const SMALLEST: usize = $smallest;

            fn of(core: &$core) -> Self {
                Self {
                    struct_size: size_of::<Self>() as u32,
                    $($field: core.$field.plain(),)*
                    $($reserved: 0,)?
                }
            }

            fn read(&self) -> Result<$core, Status> {
                $(if self.$reserved != 0 {
                    return Err(Status::BadConfig);
                })?
                let mut core = $core::default();
                $(core.$field = Field::of(self.$field)?;)*
                Ok(core)
            }
        }

        const _: () = assert!($smallest <= size_of::<$config>());)*
    };
}

configurations! {
    trimtab_stable_grad_config: 16 = StableGrad { roles, eps };
    trimtab_znorm_config: 16 = Znorm { roles, eps };
    trimtab_gradient_stabilizer_config: 40 =
        GradientStabilizer { scope, gamma1, gamma2, eps, bias_correction } reserved;
    trimtab_agc_config: 24 = Agc { clipping, eps } reserved;
    trimtab_zclip_config: 40 = Zclip { warmup, alpha, z_max, eps, max_norm };
    trimtab_guard_config: 16 = Guard { policy, max_consecutive };
    trimtab_centralize_config: 8 = Centralize { roles };
    trimtab_sgd_config: 40 =
        Sgd { nesterov, lr, momentum, dampening, weight_decay, decay_roles } reserved;
    trimtab_adam_config: 48 =
        Adam { decoupled, lr, beta1, beta2, eps, weight_decay, decay_roles } reserved;
}

/// Its method's other value is a number of its own, so that the core's side is the scope alone.
impl Configuration for trimtab_clip_norm_config {
    type Core = Scope;

    const SMALLEST: usize = 8;

    fn of(scope: &Scope) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            scope: scope.plain(),
        }
    }

    fn read(&self) -> Result<Scope, Status> {
        Field::of(self.scope)
    }
}
