# Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
#
# The constants and structs of trimtab.h: the same names without their prefix, the same fields in the same order.

"""
The values of trimtab_status.

- `OK`: Done.
- `SKIP_STEP`: The guard asks the caller to skip this step.
- `NULL_POINTER`: A pointer is NULL that must not be.
- `BAD_DTYPE`: An element type is unknown or not allowed here.
- `BAD_CONFIG`: A configuration value, an enum value or a struct_size is out of range.
- `BAD_REFERENCE`: StableGrad's reference is not finite and > 0.
- `BAD_STATE`: A state, moments or an affine hold what no call can have left there.
- `NON_FINITE`: A gradient holds NaN, infinity, or (f64) a magnitude beyond 1e150.
- `OVERFLOW`: The result would not be finite in the type it is written to, or a factor leaves the range of double at
  either end.
- `ORDER`: Calls came in an order that cannot work: observe first, clip by value last.
- `DIVERGED`: The guard saw max_consecutive bad steps in a row.
- `UNSUPPORTED`: This build cannot do that.
- `MISALIGNED`: A pointer is not aligned to its type.
- `BAD_LENGTH`: A length cannot exist, or does not match.
- `BAD_MAGIC`: These bytes are no saved states.
- `BAD_VERSION`: States were saved in a format that this library does not know.
- `WRONG_KIND`: Saved states are of other kinds, or in another order, than those to be loaded.
- `WRONG_COUNT`: More or fewer states were saved than are to be loaded.
- `TRUNCATED`: Saved states end too early.
- `BAD_CHECKSUM`: Saved states have been damaged.
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
What a tensor is.

- `WEIGHT`: A weight matrix or kernel.
- `BIAS`: A bias, or any other one-dimensional parameter.
"""
@enum Role::UInt32 begin
    WEIGHT = 0
    BIAS = 1
end

"""
Which tensors a method changes.

- `ROLES_WEIGHTS`: Weights only.
- `ROLES_ALL`: All tensors.
"""
@enum Roles::UInt32 begin
    ROLES_WEIGHTS = 0
    ROLES_ALL = 1
end

"""
Over what a norm is taken.

- `SCOPE_TENSOR`: Each tensor by itself.
- `SCOPE_GLOBAL`: All tensors together.
"""
@enum Scope::UInt32 begin
    SCOPE_TENSOR = 0
    SCOPE_GLOBAL = 1
end

"""
What a guard does about gradients that are not finite.

- `GUARD_SKIP_STEP`: Return SKIP_STEP.
- `GUARD_ZERO`: Turn the offending tensors into zeros and go on.
"""
@enum GuardPolicy::UInt32 begin
    GUARD_SKIP_STEP = 0
    GUARD_ZERO = 1
end

"""
Which states an entry of trimtab_states is about.

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

"""
The methods, for trimtab_decide: which fields of trimtab_method each has.

- `METHOD_UNSCALE`: number: the loss scale
- `METHOD_SCALE`: number: the factor
- `METHOD_GUARD`: trimtab_guard_config, trimtab_guard_state
- `METHOD_STABLE_GRAD`: trimtab_stable_grad_config, number: the reference
- `METHOD_GRADIENT_STABILIZER`: trimtab_gradient_stabilizer_config, trimtab_norm_state: n or one
- `METHOD_AUTOSCALE`: trimtab_autoscale_state
- `METHOD_CENTRALIZE`: trimtab_centralize_config
- `METHOD_ZNORM`: trimtab_znorm_config
- `METHOD_CLIP_NORM`: trimtab_clip_norm_config, number: the largest norm
- `METHOD_CLIP_VALUE`: number: the limit
- `METHOD_AGC`: trimtab_agc_config, input: n trimtab_moments, of the parameters
- `METHOD_ZCLIP`: trimtab_zclip_config, trimtab_zclip_state
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
Count, sum, sum of squares and largest magnitude of the elements of a tensor.

Sums are accumulated in f64 in a fixed order: element i goes to lane i % 32; after every 2,048 elements the lanes are
added to those of the block, after 65,536 those are added pairwise (lane[i] += lane[i + width], width 16, 8, 4, 2, 1),
and blocks are added in index order. The bits of the result depend on nothing else.

NaN elements leave abs_max alone and make the sums NaN (always the same NaN), infinite ones make sum_sq infinite, and in
f64 so do elements whose squares are.

- `count`: Number of elements.
- `sum`: Sum of the elements.
- `sum_sq`: Sum of the squares of the elements.
- `abs_max`: Largest magnitude among the elements that are not NaN; an upper bound once a mean was subtracted without
  the data being read again.
"""
struct Moments
    count::UInt64
    sum::Float64
    sum_sq::Float64
    abs_max::Float64
end
Moments() = Moments(0, 0, 0, 0)

"""
The pending transformation of one gradient tensor, element by element:

y = clamp((x - center) * scale, -limit, +limit)

center is in units of the gradient in the buffer, limit in units of the result. All three are f64 until they meet the
data, so a scale outside the range of the gradient's dtype still gives the correctly scaled result. A scale of 0 writes
+0.0 whatever the data, NaN included: that is how Guard silences a tensor.

- `center`: Subtracted first: 0, or the mean of the gradient.
- `scale`: Multiplied next; finite.
- `limit`: Bound of the magnitude of the result; +infinity for none.
"""
struct Affine
    center::Float64
    scale::Float64
    limit::Float64
end
Affine() = Affine(0, 1, Inf)

"""
A gradient tensor: any contiguous range of elements that is to be treated as one. Describe each row as a tensor and
every method becomes row-wise.

Fill in the first four fields and call trimtab_observe, which fills in the rest. Two tensors of one call must not
overlap.

- `data`: The elements, in memory that the host can read and write; may be NULL if len is 0.
- `len`: Number of elements.
- `dtype`: F32, F16, BF16 or F64.
- `role`: WEIGHT or BIAS.
- `moments`: Statistics of what lies in the buffer. You may set them yourself, streamed by trimtab_observe_chunk or
  merged over ranks; a count above len then means that this is a shard.
- `affine`: What has been decided and not yet written; set it to {0, 1, INFINITY} with your own moments.
"""
struct Tensor
    data::Ptr{Cvoid}
    len::Csize_t
    dtype::Dtype
    role::Role
    moments::Moments
    affine::Affine
end

"""
    GuardConfig(; policy = GUARD_SKIP_STEP, max_consecutive = 0)

- `policy`: GUARD_SKIP_STEP (default) or GUARD_ZERO.
- `max_consecutive`: How many bad steps in a row mean that the run has diverged; 0 (default): never.
"""
struct GuardConfig
    struct_size::UInt32
    policy::GuardPolicy
    max_consecutive::UInt64
end
GuardConfig(; policy = GUARD_SKIP_STEP, max_consecutive = 0) =
    GuardConfig(sizeof(GuardConfig), policy, max_consecutive)

"""
What Guard remembers; zero before the first step.

- `consecutive`: Bad steps since the last good one.
- `total`: Bad steps in all.
"""
struct GuardState
    consecutive::UInt64
    total::UInt64
end
GuardState() = GuardState(0, 0)
Base.zero(::Type{GuardState}) = GuardState()
kind(::Type{GuardState}) = STATE_GUARD

"""
    StableGradConfig(; roles = ROLES_WEIGHTS, eps = 0.0)

- `roles`: ROLES_WEIGHTS (default) or ROLES_ALL.
- `eps`: Added to the standard deviation; finite, >= 0, default 0.
"""
struct StableGradConfig
    struct_size::UInt32
    roles::Roles
    eps::Float64
end
StableGradConfig(; roles = ROLES_WEIGHTS, eps = 0.0) =
    StableGradConfig(sizeof(StableGradConfig), roles, eps)

"""
    GradientStabilizerConfig(; scope = SCOPE_TENSOR, gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12, bias_correction = 1)

- `scope`: SCOPE_TENSOR (default) or SCOPE_GLOBAL.
- `gamma1`: Weight of the past in the running norm; in [0, 1), default 0.6.
- `gamma2`: Weight of the past in the running squared norm; in [0, 1), default 0.999.
- `eps`: Added to the root, and the smallest norm divided by; finite, >= 0, default 1e-12.
- `bias_correction`: 1 (default): averages are corrected for starting at 0. 0: the paper's own box.
"""
struct GradientStabilizerConfig
    struct_size::UInt32
    scope::Scope
    gamma1::Float64
    gamma2::Float64
    eps::Float64
    bias_correction::UInt32
    reserved::UInt32
end
GradientStabilizerConfig(; scope = SCOPE_TENSOR, gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12, bias_correction = 1) =
    GradientStabilizerConfig(sizeof(GradientStabilizerConfig), scope, gamma1, gamma2, eps, bias_correction, 0)

"""
What GradientStabilizer remembers of one norm; zero before the first step.

- `m`: Running average of the norm, before bias correction.
- `v`: Running average of the squared norm, before bias correction.
- `steps`: Number of gradients averaged.
- `skipped`: Number of gradients of norm 0, which are not averaged.
"""
struct NormState
    m::Float64
    v::Float64
    steps::UInt64
    skipped::UInt64
end
NormState() = NormState(0, 0, 0, 0)
Base.zero(::Type{NormState}) = NormState()
kind(::Type{NormState}) = STATE_NORM

"""
What Autoscale remembers; zero before the first step.

- `exponent`: Fixed at the first step with sigma > 0; in (0, 1].
- `sigma`: Global standard deviation at the last step; for looking at.
- `alpha`: Factor of the last step; for looking at.
- `steps`: Number of steps with sigma > 0.
"""
struct AutoscaleState
    exponent::Float64
    sigma::Float64
    alpha::Float64
    steps::UInt64
end
AutoscaleState() = AutoscaleState(0, 0, 0, 0)
Base.zero(::Type{AutoscaleState}) = AutoscaleState()
kind(::Type{AutoscaleState}) = STATE_AUTOSCALE

"""
    ZnormConfig(; roles = ROLES_WEIGHTS, eps = 1e-8)

- `roles`: ROLES_WEIGHTS (default) or ROLES_ALL.
- `eps`: Added to the standard deviation; finite, >= 0, default 1e-8.
"""
struct ZnormConfig
    struct_size::UInt32
    roles::Roles
    eps::Float64
end
ZnormConfig(; roles = ROLES_WEIGHTS, eps = 1e-8) =
    ZnormConfig(sizeof(ZnormConfig), roles, eps)

"""
    AgcConfig(; clipping = 0.01, eps = 1e-3)

- `clipping`: Largest ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
- `eps`: Smallest parameter norm reckoned with; finite, >= 0, default 1e-3.
"""
struct AgcConfig
    struct_size::UInt32
    reserved::UInt32
    clipping::Float64
    eps::Float64
end
AgcConfig(; clipping = 0.01, eps = 1e-3) =
    AgcConfig(sizeof(AgcConfig), 0, clipping, eps)

"""
    ZclipConfig(; warmup = 25, alpha = 0.97, z_max = 2.5, eps = 1e-6, max_norm = Inf)

- `warmup`: Number of steps that only collect norms; >= 1, default 25.
- `alpha`: Weight of the past in the running mean and variance; in [0, 1), default 0.97.
- `z_max`: The z-score that is clipped; finite, > 0, default 2.5.
- `eps`: Added to the standard deviation; finite, >= 0, default 1e-6.
- `max_norm`: The largest norm ever let through; > 0, default +infinity.
"""
struct ZclipConfig
    struct_size::UInt32
    warmup::UInt32
    alpha::Float64
    z_max::Float64
    eps::Float64
    max_norm::Float64
end
ZclipConfig(; warmup = 25, alpha = 0.97, z_max = 2.5, eps = 1e-6, max_norm = Inf) =
    ZclipConfig(sizeof(ZclipConfig), warmup, alpha, z_max, eps, max_norm)

"""
What Zclip remembers; zero before the first step.

- `mean`: Running mean of the norm.
- `var`: Running variance of the norm.
- `steps`: Number of steps.
"""
struct ZclipState
    mean::Float64
    var::Float64
    steps::UInt64
end
ZclipState() = ZclipState(0, 0, 0)
Base.zero(::Type{ZclipState}) = ZclipState()
kind(::Type{ZclipState}) = STATE_ZCLIP

"""
A method of a chain, for trimtab_decide. What its kind does not have is NULL, or 0.

- `kind`: METHOD_UNSCALE and so on.
- `config`: Its configuration; NULL: the defaults.
- `state`: Its state, or states; zeros before the first step.
- `number`: Reference, largest norm, limit, factor or loss scale.
- `input`: What it reads beside the gradients.
"""
struct Method
    kind::MethodKind
    reserved::UInt32
    config::Ptr{Cvoid}
    state::Ptr{Cvoid}
    number::Float64
    input::Ptr{Cvoid}
end

"""
    SgdConfig(; nesterov = 0, lr = 1e-2, momentum = 0.0, dampening = 0.0, weight_decay = 0.0, decay_roles = ROLES_ALL)

- `nesterov`: 1: look ahead along the momentum, which must not be 0, without dampening; default 0.
- `lr`: Learning rate; finite, default 1e-2.
- `momentum`: Weight of the past in the momentum buffer; in [0, 1), default 0: no buffer is needed.
- `dampening`: How much less of the new gradient enters the buffer; in [0, 1], default 0.
- `weight_decay`: L2 penalty, added to the gradient; finite, default 0.
- `decay_roles`: What the decay is for: ROLES_WEIGHTS, or ROLES_ALL (default).
"""
struct SgdConfig
    struct_size::UInt32
    nesterov::UInt32
    lr::Float64
    momentum::Float64
    dampening::Float64
    weight_decay::Float64
    decay_roles::Roles
    reserved::UInt32
end
SgdConfig(; nesterov = 0, lr = 1e-2, momentum = 0.0, dampening = 0.0, weight_decay = 0.0, decay_roles = ROLES_ALL) =
    SgdConfig(sizeof(SgdConfig), nesterov, lr, momentum, dampening, weight_decay, decay_roles, 0)

"""
What an optimizer remembers beside its buffers; zero before the first step.

- `steps`: Number of steps taken.
"""
struct StepState
    steps::UInt64
end
StepState() = StepState(0)
Base.zero(::Type{StepState}) = StepState()
kind(::Type{StepState}) = STATE_STEP

"""
A parameter and what the optimizer remembers of it, as many elements each as the gradient has.

- `param`: The parameter.
- `first`: Adam: first moment. SGD: momentum buffer, NULL if momentum is 0. Zeros before the first step.
- `second`: Adam: second moment. SGD: not looked at. Zeros before the first step.
- `dtype`: F32 or F64, for all three.
"""
struct Slot
    param::Ptr{Cvoid}
    first::Ptr{Cvoid}
    second::Ptr{Cvoid}
    dtype::Dtype
    reserved::UInt32
end

"""
    AdamConfig(; decoupled = 1, lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.0,
    decay_roles = ROLES_ALL)

- `decoupled`: 1 (default): the decay shrinks the parameter, AdamW. 0: it is added to the gradient.
- `lr`: Learning rate; finite, default 1e-3.
- `beta1`: Weight of the past in the first moment; in [0, 1), default 0.9.
- `beta2`: Weight of the past in the second moment; in [0, 1), default 0.999.
- `eps`: Added to the root of the second moment; finite, >= 0, default 1e-8.
- `weight_decay`: Weight decay; finite, default 0.
- `decay_roles`: What the decay is for: ROLES_WEIGHTS, or ROLES_ALL (default).
"""
struct AdamConfig
    struct_size::UInt32
    decoupled::UInt32
    lr::Float64
    beta1::Float64
    beta2::Float64
    eps::Float64
    weight_decay::Float64
    decay_roles::Roles
    reserved::UInt32
end
AdamConfig(; decoupled = 1, lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.0,
    decay_roles = ROLES_ALL) =
    AdamConfig(sizeof(AdamConfig), decoupled, lr, beta1, beta2, eps, weight_decay, decay_roles, 0)

"""
States to save or to load: an array of one kind. A run has one such entry per method and optimizer that has a state.

- `states`: The first of them; may be NULL if count is 0.
- `count`: How many.
- `kind`: STATE_NORM, AUTOSCALE, ZCLIP, GUARD or STEP.
"""
struct States
    states::Ptr{Cvoid}
    count::Csize_t
    kind::StateKind
    reserved::UInt32
end

"""
    CentralizeConfig(; roles = ROLES_WEIGHTS)

- `roles`: ROLES_WEIGHTS (default) or ROLES_ALL.
"""
struct CentralizeConfig
    struct_size::UInt32
    roles::Roles
end
CentralizeConfig(; roles = ROLES_WEIGHTS) =
    CentralizeConfig(sizeof(CentralizeConfig), roles)

"""
    ClipNormConfig(; scope = SCOPE_TENSOR)

- `scope`: SCOPE_TENSOR (default) or SCOPE_GLOBAL.
"""
struct ClipNormConfig
    struct_size::UInt32
    scope::Scope
end
ClipNormConfig(; scope = SCOPE_TENSOR) =
    ClipNormConfig(sizeof(ClipNormConfig), scope)
