//! The constants of the header, and the structs that describe buffers.

use core::ffi::c_void;
use core::mem::offset_of;

use trimtab_core::{Affine, Moments, Status, Tensor};

/// The result of a call: TRIMTAB_OK, TRIMTAB_SKIP_STEP, or a negative code. A negative code means
/// that the call was refused and changed nothing (but see Refusal at the top).
pub type trimtab_status = i32;

/// The values of trimtab_status.
#[repr(C)]
pub enum trimtab_status_code {
    /// The call succeeded.
    TRIMTAB_OK = 0,
    /// The guard asks the caller to skip this step.
    TRIMTAB_SKIP_STEP = 1,
    /// A required pointer is NULL.
    TRIMTAB_NULL_POINTER = -1,
    /// An element type is unknown, or not allowed here.
    TRIMTAB_BAD_DTYPE = -2,
    /// A configuration value, an enum value or a struct_size is out of range.
    TRIMTAB_BAD_CONFIG = -3,
    /// The reference of StableGrad is not finite, or not > 0.
    TRIMTAB_BAD_REFERENCE = -4,
    /// A state, moments or an affine hold values that no call can have left there.
    TRIMTAB_BAD_STATE = -5,
    /// A gradient holds NaN, an infinity, or (double) a magnitude beyond 1e150.
    TRIMTAB_NON_FINITE = -6,
    /// The result would not be finite in its element type, or a factor leaves the range of double:
    /// too large, or so small that it would vanish.
    TRIMTAB_OVERFLOW = -7,
    /// The call is out of order: observe first, clip by value last.
    TRIMTAB_ORDER = -8,
    /// The guard counted max_consecutive bad steps in a row.
    TRIMTAB_DIVERGED = -9,
    /// This build or this machine cannot do what was asked.
    TRIMTAB_UNSUPPORTED = -10,
    /// A pointer is not aligned to its type.
    TRIMTAB_MISALIGNED = -11,
    /// A length is impossible, or does not match.
    TRIMTAB_BAD_LENGTH = -12,
    /// The bytes are not a record of states.
    TRIMTAB_BAD_MAGIC = -13,
    /// The record has a format that this library does not support.
    TRIMTAB_BAD_VERSION = -14,
    /// The record holds states of other kinds, or in another order, than asked for.
    TRIMTAB_WRONG_KIND = -15,
    /// The record holds more or fewer states than asked for.
    TRIMTAB_WRONG_COUNT = -16,
    /// The record is shorter than its header says.
    TRIMTAB_TRUNCATED = -17,
    /// The record is damaged: a checksum does not match.
    TRIMTAB_BAD_CHECKSUM = -18,
}

/// The index written by the functions whose name ends in _at where no single tensor made them fail.
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

/// The role of a tensor: many methods leave biases alone.
#[repr(C)]
pub enum trimtab_role {
    /// A weight matrix or kernel.
    TRIMTAB_WEIGHT = 0,
    /// A bias, or any other one-dimensional parameter.
    TRIMTAB_BIAS = 1,
}

/// The tensors that a method changes.
#[repr(C)]
pub enum trimtab_roles {
    /// Weights only.
    TRIMTAB_ROLES_WEIGHTS = 0,
    /// All tensors.
    TRIMTAB_ROLES_ALL = 1,
}

/// The range over which a norm is taken.
#[repr(C)]
pub enum trimtab_scope {
    /// Each tensor by itself.
    TRIMTAB_SCOPE_TENSOR = 0,
    /// All tensors together.
    TRIMTAB_SCOPE_GLOBAL = 1,
}

/// The action of a guard on gradients that are not finite.
#[repr(C)]
pub enum trimtab_guard_policy {
    /// Return TRIMTAB_SKIP_STEP.
    TRIMTAB_GUARD_SKIP_STEP = 0,
    /// Turn the offending tensors into zeros and continue.
    TRIMTAB_GUARD_ZERO = 1,
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

/// The descriptor of a gradient tensor: any contiguous range of elements that methods treat as one.
/// Describe each row as a tensor and every method becomes row-wise.
///
/// Fill in the first four fields and call trimtab_observe, which fills in the rest. The tensors of
/// one call must not overlap.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_tensor {
    /// The elements, in memory that the host can read and write; may be NULL if len is 0.
    pub data: *mut c_void,
    /// Number of elements.
    pub len: usize,
    /// Element type: TRIMTAB_F32, F16, BF16 or F64.
    pub dtype: u32,
    /// Role: TRIMTAB_WEIGHT or TRIMTAB_BIAS.
    pub role: u32,
    /// Statistics of the elements in the buffer. You may set them yourself, streamed by
    /// trimtab_observe_chunk or merged over ranks; a count above len then marks a shard.
    pub moments: Moments,
    /// The pending transformation, decided and not yet written. With moments of your own set it to
    /// {0, 1, INFINITY}.
    pub affine: Affine,
}

/// A parameter and its optimizer buffers, each with as many elements as the gradient.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct trimtab_slot {
    /// The parameter.
    pub param: *mut c_void,
    /// Adam: first moment. SGD: momentum buffer, NULL if momentum is 0. Zeros before the first step.
    pub first: *mut c_void,
    /// Adam: second moment. SGD: ignored. Zeros before the first step.
    pub second: *mut c_void,
    /// Element type of all three: TRIMTAB_F32 or TRIMTAB_F64.
    pub dtype: u32,
    /// Must be 0.
    pub reserved: u32,
}

// The cast from trimtab_tensor to the core's Tensor relies on these; the core asserts the same.
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
