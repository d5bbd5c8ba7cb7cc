//! The configurations of the header, and their conversion to and from the core's.
//!
//! Each begins with its own size, so that it can grow: see `check::configuration`. The core checks the ranges.

use trimtab_core::{
    Adagc, Adam, Agc, Centralize, GradientStabilizer, Guard, GuardPolicy, Roles, Scope, Sgd,
    StableGrad, Status, Zclip, Znorm,
};

/// Start from TRIMTAB_STABLE_GRAD_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_stable_grad_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    pub roles: u32,
    /// Added to the standard deviation; finite, >= 0, default 0.
    pub eps: f64,
}

/// Start from TRIMTAB_ZNORM_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_znorm_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    pub roles: u32,
    /// Added to the standard deviation; finite, >= 0, default 1e-8.
    pub eps: f64,
}

/// Start from TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_gradient_stabilizer_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// One norm per tensor, TRIMTAB_SCOPE_TENSOR (default), or one of all, TRIMTAB_SCOPE_GLOBAL.
    pub scope: u32,
    /// Decay of the running average of the norm; in [0, 1), default 0.6.
    pub gamma1: f64,
    /// Decay of the running average of the squared norm; in [0, 1), default 0.999.
    pub gamma2: f64,
    /// Added to the root, and lower bound on the norm divided by; finite, >= 0, default 1e-12.
    pub eps: f64,
    /// 1 (default) corrects the averages for their start at 0; 0 is the algorithm box of the paper.
    pub bias_correction: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// Start from TRIMTAB_AGC_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_agc_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Upper bound on the ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
    pub clipping: f64,
    /// Lower bound on the parameter norm; finite, >= 0, default 1e-3.
    pub eps: f64,
}

/// Start from TRIMTAB_ZCLIP_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_zclip_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// Number of first steps that only collect norms; >= 1, default 25.
    pub warmup: u32,
    /// Decay of the running mean and variance; in [0, 1), default 0.97.
    pub alpha: f64,
    /// Threshold: a norm with a larger z-score is clipped; finite, > 0, default 2.5.
    pub z_max: f64,
    /// Added to the standard deviation; finite, >= 0, default 1e-6.
    pub eps: f64,
    /// Upper bound on every norm, also during the warm-up; > 0, default +infinity.
    pub max_norm: f64,
}

/// Start from TRIMTAB_GUARD_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_guard_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// The action on a bad step: TRIMTAB_GUARD_SKIP_STEP (default) or TRIMTAB_GUARD_ZERO.
    pub policy: u32,
    /// Number of bad steps in a row that counts as divergence; 0 (default) for never.
    pub max_consecutive: u64,
}

/// AdaGC (arXiv 2502.11034, Algorithm 1), for TRIMTAB_METHOD_ADAGC: clips the norm of each gradient
/// relative to a running average of its clipped norms. Weights and biases.
///
///     R = ||g||;   R == 0: skipped += 1, nothing else
///     the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
///                              m = min(m, h*R);   at the first step m = h*R
///     after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
///     steps += 1;   g * h
///
/// n states of type trimtab_norm_state, whose v is not used. Start from TRIMTAB_ADAGC_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_adagc_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// Number of steps that are clipped by the global norm; >= 1, default 100.
    pub warmup: u32,
    /// Maximum ratio of a norm to its running average; finite, > 0, default 1.05.
    pub lambda_rel: f64,
    /// Maximum global norm during the warm-up; > 0, default 1.
    pub lambda_abs: f64,
    /// Decay of the running average; in [0, 1), default 0.98.
    pub beta: f64,
}

/// For TRIMTAB_METHOD_CENTRALIZE; start from TRIMTAB_CENTRALIZE_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_centralize_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    pub roles: u32,
}

/// For TRIMTAB_METHOD_CLIP_NORM; start from TRIMTAB_CLIP_NORM_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_clip_norm_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// One norm per tensor, TRIMTAB_SCOPE_TENSOR (default), or one of all, TRIMTAB_SCOPE_GLOBAL.
    pub scope: u32,
}

/// Start from TRIMTAB_SGD_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_sgd_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// 1 for Nesterov's momentum, which needs momentum > 0 and dampening 0; default 0.
    pub nesterov: u32,
    /// Learning rate; finite, default 1e-2.
    pub lr: f64,
    /// Decay of the momentum buffer; in [0, 1), default 0, which needs no buffer.
    pub momentum: f64,
    /// The new gradient enters the buffer times 1 - dampening; in [0, 1], default 0.
    pub dampening: f64,
    /// Coefficient of the L2 penalty, added to the gradient; finite, default 0.
    pub weight_decay: f64,
    /// The parameters that decay: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    pub decay_roles: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// Start from TRIMTAB_ADAM_CONFIG_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_adam_config {
    /// sizeof of this struct; the INIT macro sets it.
    pub struct_size: u32,
    /// 1 (default) decays the parameter itself (AdamW); 0 adds the decay to the gradient (Adam).
    pub decoupled: u32,
    /// Learning rate; finite, default 1e-3.
    pub lr: f64,
    /// Decay of the first moment; in [0, 1), default 0.9.
    pub beta1: f64,
    /// Decay of the second moment; in [0, 1), default 0.999.
    pub beta2: f64,
    /// Added to the root of the second moment; finite, >= 0, default 1e-8.
    pub eps: f64,
    /// Coefficient of the weight decay; finite, default 0.
    pub weight_decay: f64,
    /// The parameters that decay: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    pub decay_roles: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// A configuration of the header.
pub(crate) trait Configuration: Copy {
    /// The core's type.
    type Core: Default;

    /// The size in its first release, which no caller's struct falls below. Never to be changed.
    const SMALLEST: usize;

    /// From the core's type.
    fn of(core: &Self::Core) -> Self;

    /// To the core's type; refuses values that an enum of the core lacks, and reserved fields that are not 0.
    fn read(&self) -> Result<Self::Core, Status>;
}

/// A field of the core's type, converted from and to the header's, `C`.
pub(crate) trait Field<C>: Copy {
    fn of(value: C) -> Result<Self, Status>;
    fn plain(self) -> C;
}

/// Types that are the same on both sides.
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
    trimtab_adagc_config: 32 = Adagc { warmup, lambda_rel, lambda_abs, beta };
    trimtab_centralize_config: 8 = Centralize { roles };
    trimtab_sgd_config: 40 =
        Sgd { nesterov, lr, momentum, dampening, weight_decay, decay_roles } reserved;
    trimtab_adam_config: 48 =
        Adam { decoupled, lr, beta1, beta2, eps, weight_decay, decay_roles } reserved;
}

/// The maximum norm is an argument of its own, so that only the scope is left here.
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
