# Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
#
# The constants of trimtab.h: the same names without their prefix.

"""
The values of trimtab_status.

- `OK`: The call succeeded.
- `SKIP_STEP`: The guard asks the caller to skip this step.
- `NULL_POINTER`: A required pointer is NULL.
- `BAD_DTYPE`: An element type is unknown, or not allowed here.
- `BAD_CONFIG`: A configuration value, an enum value or a struct_size is out of range.
- `BAD_REFERENCE`: The reference of StableGrad is not finite, or not > 0.
- `BAD_STATE`: A state, moments or an affine hold values that no call can have left there.
- `NON_FINITE`: A gradient holds NaN, an infinity, or (double) a magnitude beyond 1e150.
- `OVERFLOW`: The result would not be finite in its element type, or a factor leaves the range of double: too large, or
  so small that it would vanish.
- `ORDER`: The call is out of order: observe first, clip by value last.
- `DIVERGED`: The guard counted max_consecutive bad steps in a row.
- `UNSUPPORTED`: This build or this machine cannot do what was asked.
- `MISALIGNED`: A pointer is not aligned to its type.
- `BAD_LENGTH`: A length is impossible, or does not match.
- `BAD_MAGIC`: The bytes are not a record of states.
- `BAD_VERSION`: The record has a format that this library does not support.
- `WRONG_KIND`: The record holds states of other kinds, or in another order, than asked for.
- `WRONG_COUNT`: The record holds more or fewer states than asked for.
- `TRUNCATED`: The record is shorter than its header says.
- `BAD_CHECKSUM`: The record is damaged: a checksum does not match.
"""
@enum Status::Int32 begin
    OK = 0
    SKIP_STEP = 1
    NULL_POINTER = -1
    BAD_DTYPE = -2
    BAD_CONFIG = -3
    BAD_REFERENCE = -4
    BAD_STATE = -5
    NON_FINITE = -6
    OVERFLOW = -7
    ORDER = -8
    DIVERGED = -9
    UNSUPPORTED = -10
    MISALIGNED = -11
    BAD_LENGTH = -12
    BAD_MAGIC = -13
    BAD_VERSION = -14
    WRONG_KIND = -15
    WRONG_COUNT = -16
    TRUNCATED = -17
    BAD_CHECKSUM = -18
end

"""
Element types. Gradients have any of them, parameters F32 or F64.

- `F32`: IEEE binary32, float.
- `F16`: IEEE binary16, _Float16.
- `BF16`: bfloat16.
- `F64`: IEEE binary64, double.
"""
@enum Dtype::UInt32 begin
    F32 = 0
    F16 = 1
    BF16 = 2
    F64 = 3
end

"""
The role of a tensor: many methods leave biases alone.

- `WEIGHT`: A weight matrix or kernel.
- `BIAS`: A bias, or any other one-dimensional parameter.
"""
@enum Role::UInt32 begin
    WEIGHT = 0
    BIAS = 1
end

"""
The tensors that a method changes.

- `ROLES_WEIGHTS`: Weights only.
- `ROLES_ALL`: All tensors.
"""
@enum Roles::UInt32 begin
    ROLES_WEIGHTS = 0
    ROLES_ALL = 1
end

"""
The range over which a norm is taken.

- `SCOPE_TENSOR`: Each tensor by itself.
- `SCOPE_GLOBAL`: All tensors together.
"""
@enum Scope::UInt32 begin
    SCOPE_TENSOR = 0
    SCOPE_GLOBAL = 1
end

"""
The action of a guard on gradients that are not finite.

- `GUARD_SKIP_STEP`: Return SKIP_STEP.
- `GUARD_ZERO`: Turn the offending tensors into zeros and continue.
"""
@enum GuardPolicy::UInt32 begin
    GUARD_SKIP_STEP = 0
    GUARD_ZERO = 1
end

"""
Activation functions, for trimtab_init_std.

- `RELU`: max(0, z)
- `TANH`: tanh(z)
- `SILU`: z / (1 + exp(-z))
- `GELU`: z times the normal distribution function of z
- `SIN`: sin(z)
- `IDENTITY`: z
"""
@enum Activation::UInt32 begin
    RELU = 0
    TANH = 1
    SILU = 2
    GELU = 3
    SIN = 4
    IDENTITY = 5
end

"""
The methods, for trimtab_decide, and the fields of trimtab_method that each uses.

- `METHOD_UNSCALE`: number: the loss scale
- `METHOD_SCALE`: number: the factor
- `METHOD_GUARD`: trimtab_guard_config, trimtab_guard_state
- `METHOD_STABLE_GRAD`: trimtab_stable_grad_config, number: the reference
- `METHOD_GRADIENT_STABILIZER`: trimtab_gradient_stabilizer_config, trimtab_norm_state: n or one
- `METHOD_AUTOSCALE`: trimtab_autoscale_state
- `METHOD_CENTRALIZE`: trimtab_centralize_config
- `METHOD_ZNORM`: trimtab_znorm_config
- `METHOD_CLIP_NORM`: trimtab_clip_norm_config, number: the maximum norm
- `METHOD_CLIP_VALUE`: number: the limit
- `METHOD_AGC`: trimtab_agc_config, input: n trimtab_moments, of the parameters
- `METHOD_ZCLIP`: trimtab_zclip_config, trimtab_zclip_state
- `METHOD_ADAGC`: trimtab_adagc_config, trimtab_norm_state: n
"""
@enum MethodKind::UInt32 begin
    METHOD_UNSCALE = 0
    METHOD_SCALE = 1
    METHOD_GUARD = 2
    METHOD_STABLE_GRAD = 3
    METHOD_GRADIENT_STABILIZER = 4
    METHOD_AUTOSCALE = 5
    METHOD_CENTRALIZE = 6
    METHOD_ZNORM = 7
    METHOD_CLIP_NORM = 8
    METHOD_CLIP_VALUE = 9
    METHOD_AGC = 10
    METHOD_ZCLIP = 11
    METHOD_ADAGC = 12
end

"""
The type of the states in an entry of trimtab_states.

- `STATE_NORM`: trimtab_norm_state
- `STATE_AUTOSCALE`: trimtab_autoscale_state
- `STATE_ZCLIP`: trimtab_zclip_state
- `STATE_GUARD`: trimtab_guard_state
- `STATE_STEP`: trimtab_step_state
"""
@enum StateKind::UInt32 begin
    STATE_NORM = 0
    STATE_AUTOSCALE = 1
    STATE_ZCLIP = 2
    STATE_GUARD = 3
    STATE_STEP = 4
end
