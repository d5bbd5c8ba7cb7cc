# The constants and structs of trimtab.h: the same names without their prefix, the same fields in the same order.
# ffi/clients/tests/julia.rs compares this file with the header and with ffi/abi.json.

"What a call returned. Negative: it was refused, and nothing was changed."
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

"Element types. Gradients have any of them, parameters `F32` or `F64`."
@enum Dtype::UInt32 F32 = 0 F16 = 1 BF16 = 2 F64 = 3

"What an array is: a `WEIGHT`, or a `BIAS` or any other one-dimensional parameter."
@enum Role::UInt32 WEIGHT = 0 BIAS = 1

"Which arrays a method changes."
@enum Roles::UInt32 ROLES_WEIGHTS = 0 ROLES_ALL = 1

"Over what a norm is taken: each array by itself, or all together."
@enum Scope::UInt32 SCOPE_TENSOR = 0 SCOPE_GLOBAL = 1

"What a guard does about gradients that are not finite: skip the step, or turn the offending arrays into zeros."
@enum GuardPolicy::UInt32 GUARD_SKIP_STEP = 0 GUARD_ZERO = 1

"Which states an entry of [`States`](@ref Trimtab.States) is about."
@enum StateKind::UInt32 STATE_NORM = 0 STATE_AUTOSCALE = 1 STATE_ZCLIP = 2 STATE_GUARD = 3 STATE_STEP = 4

"The methods, for [`Method`](@ref Trimtab.Method)."
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

"Activation functions, for [`init_std`](@ref)."
@enum Activation::UInt32 RELU = 0 TANH = 1 SILU = 2 GELU = 3 SIN = 4 IDENTITY = 5

"""
    Moments()
    Moments(x)

Count, sum, sum of squares and largest magnitude of the elements of `x`: an array, dense and contiguous, of `Float16`,
`BFloat16`, `Float32` or `Float64`. Elements that are not finite show in them and throw nothing.
"""
struct Moments
    count::UInt64
    sum::Float64
    sum_sq::Float64
    abs_max::Float64
end
Moments() = Moments(0, 0, 0, 0)

"What has been decided about one gradient and not yet written: `clamp((x - center) * scale, -limit, limit)`."
struct Affine
    center::Float64
    scale::Float64
    limit::Float64
end
Affine() = Affine(0, 1, Inf)

"One gradient as the library sees it. [`Gradients`](@ref) makes them and keeps their arrays alive."
struct Tensor
    data::Ptr{Cvoid}
    len::Csize_t
    dtype::Dtype
    role::Role
    moments::Moments
    affine::Affine
end

"A parameter and what the optimizer remembers of it, as the library sees them."
struct Slot
    param::Ptr{Cvoid}
    first::Ptr{Cvoid}
    second::Ptr{Cvoid}
    dtype::Dtype
    reserved::UInt32
end

"A method of a chain as the library sees it. [`decide!`](@ref) makes them."
struct Method
    kind::MethodKind
    reserved::UInt32
    config::Ptr{Cvoid}
    state::Ptr{Cvoid}
    number::Float64
    input::Ptr{Cvoid}
end

"Where no single array made a call fail, for the functions whose name ends in `_at`."
const NOWHERE = typemax(Csize_t)

"""
    StableGradConfig(; roles = ROLES_WEIGHTS, eps = 0.0)

`eps`: added to the standard deviation; finite, >= 0.
"""
struct StableGradConfig
    struct_size::UInt32
    roles::Roles
    eps::Float64
end
StableGradConfig(; roles = ROLES_WEIGHTS, eps = 0.0) = StableGradConfig(sizeof(StableGradConfig), roles, eps)

"What [`centralize!`](@ref) is told: its roles."
struct CentralizeConfig
    struct_size::UInt32
    roles::Roles
end
CentralizeConfig(; roles = ROLES_WEIGHTS) = CentralizeConfig(sizeof(CentralizeConfig), roles)

"What [`clip_norm!`](@ref) is told: its scope."
struct ClipNormConfig
    struct_size::UInt32
    scope::Scope
end
ClipNormConfig(; scope = SCOPE_TENSOR) = ClipNormConfig(sizeof(ClipNormConfig), scope)

"""
    ZnormConfig(; roles = ROLES_WEIGHTS, eps = 1e-8)

`eps`: added to the standard deviation; finite, >= 0.
"""
struct ZnormConfig
    struct_size::UInt32
    roles::Roles
    eps::Float64
end
ZnormConfig(; roles = ROLES_WEIGHTS, eps = 1e-8) = ZnormConfig(sizeof(ZnormConfig), roles, eps)

"""
    GradientStabilizerConfig(; scope = SCOPE_TENSOR, gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12, bias_correction = true)

`gamma1`, `gamma2`: weights of the past in the running norm and squared norm, in [0, 1). `eps`: added to the root, and the
smallest norm divided by; finite, >= 0. `bias_correction = false`: the paper's own box.
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
function GradientStabilizerConfig(;
    scope = SCOPE_TENSOR, gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12, bias_correction = true
)
    return GradientStabilizerConfig(
        sizeof(GradientStabilizerConfig), scope, gamma1, gamma2, eps, bias_correction, 0
    )
end

"""
    AgcConfig(; clipping = 0.01, eps = 1e-3)

`clipping`: largest ratio of gradient norm to parameter norm; finite, > 0. `eps`: smallest parameter norm reckoned with;
finite, >= 0.
"""
struct AgcConfig
    struct_size::UInt32
    reserved::UInt32
    clipping::Float64
    eps::Float64
end
AgcConfig(; clipping = 0.01, eps = 1e-3) = AgcConfig(sizeof(AgcConfig), 0, clipping, eps)

"""
    ZclipConfig(; warmup = 25, alpha = 0.97, z_max = 2.5, eps = 1e-6, max_norm = Inf)

`warmup`: number of steps that only collect norms, >= 1. `alpha`: weight of the past in the running mean and variance, in
[0, 1). `z_max`: the z-score that is clipped; finite, > 0. `eps`: added to the standard deviation; finite, >= 0.
`max_norm`: the largest norm ever let through, > 0.
"""
struct ZclipConfig
    struct_size::UInt32
    warmup::UInt32
    alpha::Float64
    z_max::Float64
    eps::Float64
    max_norm::Float64
end
function ZclipConfig(; warmup = 25, alpha = 0.97, z_max = 2.5, eps = 1e-6, max_norm = Inf)
    return ZclipConfig(sizeof(ZclipConfig), warmup, alpha, z_max, eps, max_norm)
end

"""
    GuardConfig(; policy = GUARD_SKIP_STEP, max_consecutive = 0)

`max_consecutive`: how many bad steps in a row mean that the run has diverged; 0: never.
"""
struct GuardConfig
    struct_size::UInt32
    policy::GuardPolicy
    max_consecutive::UInt64
end
function GuardConfig(; policy = GUARD_SKIP_STEP, max_consecutive = 0)
    return GuardConfig(sizeof(GuardConfig), policy, max_consecutive)
end

"""
    SgdConfig(; lr = 1e-2, momentum = 0.0, dampening = 0.0, weight_decay = 0.0, nesterov = false, decay_roles = ROLES_ALL)

`lr`: learning rate, finite. `momentum`: weight of the past in the buffer, in [0, 1). `dampening`: how much less of the
new gradient enters the buffer, in [0, 1]. `weight_decay`: L2 penalty, added to the gradient; finite.
`decay_roles`: what the decay is for, `ROLES_ALL` or `ROLES_WEIGHTS`. `nesterov`: look ahead along the momentum, which
must not be 0, without dampening.
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
function SgdConfig(;
    lr = 1e-2,
    momentum = 0.0,
    dampening = 0.0,
    weight_decay = 0.0,
    nesterov = false,
    decay_roles = ROLES_ALL,
)
    return SgdConfig(sizeof(SgdConfig), nesterov, lr, momentum, dampening, weight_decay, decay_roles, 0)
end

"""
    AdamConfig(; lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.0, decoupled = true,
        decay_roles = ROLES_ALL)

`lr`: learning rate, finite. `beta1`, `beta2`: weights of the past in the two moments, in [0, 1). `eps`: added to the root
of the second moment; finite, >= 0. `weight_decay`: finite; shrinks the parameter (`decoupled`, AdamW) or is added to the
gradient. `decay_roles`: what the decay is for, `ROLES_ALL` or `ROLES_WEIGHTS`.
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
function AdamConfig(;
    lr = 1e-3,
    beta1 = 0.9,
    beta2 = 0.999,
    eps = 1e-8,
    weight_decay = 0.0,
    decoupled = true,
    decay_roles = ROLES_ALL,
)
    return AdamConfig(sizeof(AdamConfig), decoupled, lr, beta1, beta2, eps, weight_decay, decay_roles, 0)
end

"What [`gradient_stabilizer!`](@ref) remembers of one norm: running averages of the norm and of its square."
struct NormState
    m::Float64
    v::Float64
    steps::UInt64
    skipped::UInt64
end
NormState() = NormState(0, 0, 0, 0)
Base.zero(::Type{NormState}) = NormState()

"What [`autoscale!`](@ref) remembers; `sigma` and `alpha` of the last step are for looking at."
struct AutoscaleState
    exponent::Float64
    sigma::Float64
    alpha::Float64
    steps::UInt64
end
AutoscaleState() = AutoscaleState(0, 0, 0, 0)

"What [`zclip!`](@ref) remembers: running mean and variance of the norm."
struct ZclipState
    mean::Float64
    var::Float64
    steps::UInt64
end
ZclipState() = ZclipState(0, 0, 0)

"What [`guard!`](@ref) remembers: bad steps since the last good one, and in all."
struct GuardState
    consecutive::UInt64
    total::UInt64
end
GuardState() = GuardState(0, 0)

"What an optimizer remembers beside its buffers."
struct StepState
    steps::UInt64
end
StepState() = StepState(0)

"An array of states of one kind, to save or to load, as the library sees it."
struct States
    states::Ptr{Cvoid}
    count::Csize_t
    kind::StateKind
    reserved::UInt32
end
