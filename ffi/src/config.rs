//! The configurations of the header, and what they become in the core.
//!
//! Each begins with its own size, so that it can grow: a library reads the fields it knows and
//! refuses a struct too short to have them. The core checks the ranges.

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
    /// 1: look ahead along the momentum; default 0.
    pub nesterov: u32,
    /// Learning rate; finite, default 1e-2.
    pub lr: f64,
    /// Weight of the past in the momentum buffer; in [0, 1), default 0: no buffer is needed.
    pub momentum: f64,
    /// How much less of the new gradient enters the buffer; in [0, 1], default 0.
    pub dampening: f64,
    /// L2 penalty, added to the gradient; finite, default 0.
    pub weight_decay: f64,
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
}

impl TryFrom<trimtab_stable_grad_config> for StableGrad {
    type Error = Status;

    fn try_from(c: trimtab_stable_grad_config) -> Result<Self, Status> {
        Ok(Self::default().with_roles(roles(c.roles)?).with_eps(c.eps))
    }
}

impl TryFrom<trimtab_znorm_config> for Znorm {
    type Error = Status;

    fn try_from(c: trimtab_znorm_config) -> Result<Self, Status> {
        Ok(Self::default().with_roles(roles(c.roles)?).with_eps(c.eps))
    }
}

impl TryFrom<trimtab_gradient_stabilizer_config> for GradientStabilizer {
    type Error = Status;

    fn try_from(c: trimtab_gradient_stabilizer_config) -> Result<Self, Status> {
        Ok(Self::default()
            .with_scope(scope(c.scope)?)
            .with_gamma1(c.gamma1)
            .with_gamma2(c.gamma2)
            .with_eps(c.eps)
            .with_bias_correction(flag(c.bias_correction)?))
    }
}

impl TryFrom<trimtab_agc_config> for Agc {
    type Error = Status;

    fn try_from(c: trimtab_agc_config) -> Result<Self, Status> {
        Ok(Self::default().with_clipping(c.clipping).with_eps(c.eps))
    }
}

impl TryFrom<trimtab_zclip_config> for Zclip {
    type Error = Status;

    fn try_from(c: trimtab_zclip_config) -> Result<Self, Status> {
        Ok(Self::default()
            .with_warmup(c.warmup)
            .with_alpha(c.alpha)
            .with_z_max(c.z_max)
            .with_eps(c.eps)
            .with_max_norm(c.max_norm))
    }
}

impl TryFrom<trimtab_guard_config> for Guard {
    type Error = Status;

    fn try_from(c: trimtab_guard_config) -> Result<Self, Status> {
        let policy = match c.policy {
            0 => GuardPolicy::SkipStep,
            1 => GuardPolicy::Zero,
            _ => return Err(Status::BadConfig),
        };
        Ok(Self::default()
            .with_policy(policy)
            .with_max_consecutive(c.max_consecutive))
    }
}

impl TryFrom<trimtab_centralize_config> for Centralize {
    type Error = Status;

    fn try_from(c: trimtab_centralize_config) -> Result<Self, Status> {
        Ok(Self::default().with_roles(roles(c.roles)?))
    }
}

impl TryFrom<trimtab_clip_norm_config> for Scope {
    type Error = Status;

    fn try_from(c: trimtab_clip_norm_config) -> Result<Self, Status> {
        scope(c.scope)
    }
}

impl TryFrom<trimtab_sgd_config> for Sgd {
    type Error = Status;

    fn try_from(c: trimtab_sgd_config) -> Result<Self, Status> {
        Ok(Self::default()
            .with_lr(c.lr)
            .with_momentum(c.momentum)
            .with_dampening(c.dampening)
            .with_weight_decay(c.weight_decay)
            .with_nesterov(flag(c.nesterov)?))
    }
}

impl TryFrom<trimtab_adam_config> for Adam {
    type Error = Status;

    fn try_from(c: trimtab_adam_config) -> Result<Self, Status> {
        Ok(Self::default()
            .with_lr(c.lr)
            .with_beta1(c.beta1)
            .with_beta2(c.beta2)
            .with_eps(c.eps)
            .with_weight_decay(c.weight_decay)
            .with_decoupled(flag(c.decoupled)?))
    }
}

pub(crate) fn roles(code: u32) -> Result<Roles, Status> {
    match code {
        0 => Ok(Roles::Weights),
        1 => Ok(Roles::All),
        _ => Err(Status::BadConfig),
    }
}

pub(crate) fn scope(code: u32) -> Result<Scope, Status> {
    match code {
        0 => Ok(Scope::Tensor),
        1 => Ok(Scope::Global),
        _ => Err(Status::BadConfig),
    }
}

fn flag(code: u32) -> Result<bool, Status> {
    match code {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Status::BadConfig),
    }
}
