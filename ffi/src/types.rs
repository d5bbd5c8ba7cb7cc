//! The constants of the header, and the structs that describe buffers.

use core::ffi::c_void;
use core::mem::offset_of;

use trimtab_core::checkpoint::State;
use trimtab_core::{
    Affine, AutoscaleState, GuardState, Moments, NormState, Status, StepState, Tensor, ZclipState,
};

/// What every call returns: TRIMTAB_OK, TRIMTAB_SKIP_STEP, or a negative code. A negative code means
/// that the call was refused and nothing was changed (but see Refusal at the top).
pub type trimtab_status = i32;

/// The values of trimtab_status.
#[repr(C)]
pub enum trimtab_status_code {
    /// Done.
    TRIMTAB_OK = 0,
    /// The guard asks the caller to skip this step.
    TRIMTAB_SKIP_STEP = 1,
    /// A pointer is NULL that must not be.
    TRIMTAB_NULL_POINTER = -1,
    /// An element type is unknown or not allowed here.
    TRIMTAB_BAD_DTYPE = -2,
    /// A configuration value, an enum value or a struct_size is out of range.
    TRIMTAB_BAD_CONFIG = -3,
    /// StableGrad's reference is not finite and > 0.
    TRIMTAB_BAD_REFERENCE = -4,
    /// A state, moments or an affine hold what no call can have left there.
    TRIMTAB_BAD_STATE = -5,
    /// A gradient holds NaN, infinity, or (f64) a magnitude beyond 1e150.
    TRIMTAB_NON_FINITE = -6,
    /// The result would not be finite in the type it is written to, or a factor leaves the range of double
    /// at either end.
    TRIMTAB_OVERFLOW = -7,
    /// Calls came in an order that cannot work: observe first, clip by value last.
    TRIMTAB_ORDER = -8,
    /// The guard saw max_consecutive bad steps in a row.
    TRIMTAB_DIVERGED = -9,
    /// This build cannot do that.
    TRIMTAB_UNSUPPORTED = -10,
    /// A pointer is not aligned to its type.
    TRIMTAB_MISALIGNED = -11,
    /// A length cannot exist, or does not match.
    TRIMTAB_BAD_LENGTH = -12,
    /// These bytes are no saved states.
    TRIMTAB_BAD_MAGIC = -13,
    /// States were saved in a format that this library does not know.
    TRIMTAB_BAD_VERSION = -14,
    /// Saved states are of other kinds, or in another order, than those to be loaded.
    TRIMTAB_WRONG_KIND = -15,
    /// More or fewer states were saved than are to be loaded.
    TRIMTAB_WRONG_COUNT = -16,
    /// Saved states end too early.
    TRIMTAB_TRUNCATED = -17,
    /// Saved states have been damaged.
    TRIMTAB_BAD_CHECKSUM = -18,
}

/// What the functions whose name ends in _at say where no single tensor made them fail.
pub const TRIMTAB_NOWHERE: usize = usize::MAX;

/// Element types. Gradients have any of them, parameters TRIMTAB_F32 or TRIMTAB_F64.
#[repr(C)]
pub enum trimtab_dtype {
    /// IEEE binary32, `float`.
    TRIMTAB_F32 = 0,
    /// IEEE binary16, `_Float16`.
    TRIMTAB_F16 = 1,
    /// bfloat16.
    TRIMTAB_BF16 = 2,
    /// IEEE binary64, `double`.
    TRIMTAB_F64 = 3,
}

/// What a tensor is.
#[repr(C)]
pub enum trimtab_role {
    /// A weight matrix or kernel.
    TRIMTAB_WEIGHT = 0,
    /// A bias, or any other one-dimensional parameter.
    TRIMTAB_BIAS = 1,
}

/// Which tensors a method changes.
#[repr(C)]
pub enum trimtab_roles {
    /// Weights only.
    TRIMTAB_ROLES_WEIGHTS = 0,
    /// All tensors.
    TRIMTAB_ROLES_ALL = 1,
}

/// Over what a norm is taken.
#[repr(C)]
pub enum trimtab_scope {
    /// Each tensor by itself.
    TRIMTAB_SCOPE_TENSOR = 0,
    /// All tensors together.
    TRIMTAB_SCOPE_GLOBAL = 1,
}

/// What a guard does about gradients that are not finite.
#[repr(C)]
pub enum trimtab_guard_policy {
    /// Return TRIMTAB_SKIP_STEP.
    TRIMTAB_GUARD_SKIP_STEP = 0,
    /// Turn the offending tensors into zeros and go on.
    TRIMTAB_GUARD_ZERO = 1,
}

/// Which states an entry of trimtab_states is about.
#[repr(C)]
pub enum trimtab_state_kind {
    /// trimtab_norm_state
    TRIMTAB_STATE_NORM = 0,
    /// trimtab_autoscale_state
    TRIMTAB_STATE_AUTOSCALE = 1,
    /// trimtab_zclip_state
    TRIMTAB_STATE_ZCLIP = 2,
    /// trimtab_guard_state
    TRIMTAB_STATE_GUARD = 3,
    /// trimtab_step_state
    TRIMTAB_STATE_STEP = 4,
}

/// The methods, for trimtab_decide: which fields of trimtab_method each has.
#[repr(C)]
pub enum trimtab_method_kind {
    /// number: the loss scale
    TRIMTAB_METHOD_UNSCALE = 0,
    /// number: the factor
    TRIMTAB_METHOD_SCALE = 1,
    /// trimtab_guard_config, trimtab_guard_state
    TRIMTAB_METHOD_GUARD = 2,
    /// trimtab_stable_grad_config, number: the reference
    TRIMTAB_METHOD_STABLE_GRAD = 3,
    /// trimtab_gradient_stabilizer_config, trimtab_norm_state: n or one
    TRIMTAB_METHOD_GRADIENT_STABILIZER = 4,
    /// trimtab_autoscale_state
    TRIMTAB_METHOD_AUTOSCALE = 5,
    /// trimtab_centralize_config
    TRIMTAB_METHOD_CENTRALIZE = 6,
    /// trimtab_znorm_config
    TRIMTAB_METHOD_ZNORM = 7,
    /// trimtab_clip_norm_config, number: the largest norm
    TRIMTAB_METHOD_CLIP_NORM = 8,
    /// number: the limit
    TRIMTAB_METHOD_CLIP_VALUE = 9,
    /// trimtab_agc_config, input: n trimtab_moments, of the parameters
    TRIMTAB_METHOD_AGC = 10,
    /// trimtab_zclip_config, trimtab_zclip_state
    TRIMTAB_METHOD_ZCLIP = 11,
}

/// Activation functions, for trimtab_init_std.
#[repr(C)]
pub enum trimtab_activation {
    /// max(0, z)
    TRIMTAB_RELU = 0,
    /// tanh(z)
    TRIMTAB_TANH = 1,
    /// z / (1 + exp(-z))
    TRIMTAB_SILU = 2,
    /// z times the normal distribution function of z
    TRIMTAB_GELU = 3,
    /// sin(z)
    TRIMTAB_SIN = 4,
    /// z
    TRIMTAB_IDENTITY = 5,
}

/// A gradient tensor: any contiguous range of elements that is to be treated as one. Describe each
/// row as a tensor and every method becomes row-wise.
///
/// Fill in the first four fields and call trimtab_observe, which fills in the rest. Two tensors of
/// one call must not overlap.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_tensor {
    /// The elements, in memory that the host can read and write; may be NULL if len is 0.
    pub data: *mut c_void,
    /// Number of elements.
    pub len: usize,
    /// TRIMTAB_F32, F16, BF16 or F64.
    pub dtype: u32,
    /// TRIMTAB_WEIGHT or TRIMTAB_BIAS.
    pub role: u32,
    /// Statistics of what lies in the buffer. You may set them yourself, streamed by
    /// trimtab_observe_chunk or merged over ranks; a count above len then means that this is a shard.
    pub moments: Moments,
    /// What has been decided and not yet written; set it to {0, 1, INFINITY} with your own moments.
    pub affine: Affine,
}

/// A parameter and what the optimizer remembers of it, as many elements each as the gradient has.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_slot {
    /// The parameter.
    pub param: *mut c_void,
    /// Adam: first moment. SGD: momentum buffer, NULL if momentum is 0. Zeros before the first step.
    pub first: *mut c_void,
    /// Adam: second moment. SGD: not looked at. Zeros before the first step.
    pub second: *mut c_void,
    /// TRIMTAB_F32 or TRIMTAB_F64, for all three.
    pub dtype: u32,
    /// Set to 0.
    pub reserved: u32,
}

/// States to save or to load: an array of one kind. A run has one such entry per method and optimizer
/// that has a state.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_states {
    /// The first of them; may be NULL if count is 0.
    pub states: *mut c_void,
    /// How many.
    pub count: usize,
    /// TRIMTAB_STATE_NORM, AUTOSCALE, ZCLIP, GUARD or STEP.
    pub kind: u32,
    /// Set to 0.
    pub reserved: u32,
}

/// A method of a chain, for trimtab_decide. What its kind does not have is NULL, or 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_method {
    /// TRIMTAB_METHOD_UNSCALE and so on.
    pub kind: u32,
    /// Set to 0.
    pub reserved: u32,
    /// Its configuration; NULL: the defaults.
    pub config: *const c_void,
    /// Its state, or states; zeros before the first step.
    pub state: *mut c_void,
    /// Reference, largest norm, limit, factor or loss scale.
    pub number: f64,
    /// What it reads beside the gradients.
    pub input: *const c_void,
}

// What the cast from trimtab_tensor to the core's Tensor relies on; the core asserts the same.
const _: () = {
    let word = size_of::<usize>();
    assert!(offset_of!(trimtab_tensor, len) == word);
    assert!(offset_of!(trimtab_tensor, dtype) == 2 * word);
    assert!(offset_of!(trimtab_tensor, role) == 2 * word + 4);
    assert!(offset_of!(trimtab_tensor, moments) == 2 * word + 8);
    assert!(offset_of!(trimtab_tensor, affine) == 2 * word + 40);
    assert!(size_of::<trimtab_tensor>() == size_of::<Tensor>());
    assert!(align_of::<trimtab_tensor>() == align_of::<Tensor>());
};

// The header's numbers are the core's.
const _: () = {
    use trimtab_status_code::*;
    let header = [
        TRIMTAB_OK as i32,
        TRIMTAB_SKIP_STEP as i32,
        TRIMTAB_NULL_POINTER as i32,
        TRIMTAB_BAD_DTYPE as i32,
        TRIMTAB_BAD_CONFIG as i32,
        TRIMTAB_BAD_REFERENCE as i32,
        TRIMTAB_BAD_STATE as i32,
        TRIMTAB_NON_FINITE as i32,
        TRIMTAB_OVERFLOW as i32,
        TRIMTAB_ORDER as i32,
        TRIMTAB_DIVERGED as i32,
        TRIMTAB_UNSUPPORTED as i32,
        TRIMTAB_MISALIGNED as i32,
        TRIMTAB_BAD_LENGTH as i32,
        TRIMTAB_BAD_MAGIC as i32,
        TRIMTAB_BAD_VERSION as i32,
        TRIMTAB_WRONG_KIND as i32,
        TRIMTAB_WRONG_COUNT as i32,
        TRIMTAB_TRUNCATED as i32,
        TRIMTAB_BAD_CHECKSUM as i32,
    ];
    assert!(header.len() == Status::ALL.len());
    let mut i = 0;
    while i < header.len() {
        assert!(header[i] == Status::ALL[i].code());
        i += 1;
    }
};

const _: () = {
    use trimtab_state_kind::*;
    assert!(TRIMTAB_STATE_NORM as u32 == NormState::KIND);
    assert!(TRIMTAB_STATE_AUTOSCALE as u32 == AutoscaleState::KIND);
    assert!(TRIMTAB_STATE_ZCLIP as u32 == ZclipState::KIND);
    assert!(TRIMTAB_STATE_GUARD as u32 == GuardState::KIND);
    assert!(TRIMTAB_STATE_STEP as u32 == StepState::KIND);
};
