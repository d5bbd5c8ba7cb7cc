# Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
#
# The structs of trimtab.h: the same names without their prefix, the same fields in the same order.

"""
Count, sum, sum of squares and largest magnitude of the elements of a tensor.

Sums are accumulated in double precision in a fixed order: element i goes to lane i % 32; after every 2,048 elements the
lanes are added to those of the block, after 65,536 those are added pairwise (lane[i] += lane[i + width], width 16, 8,
4, 2, 1), and blocks are added in index order. The bits of the result depend on nothing else.

NaN elements leave abs_max alone and make the sums NaN (always the same NaN). Infinite elements, and elements of double
precision whose squares overflow, make sum_sq infinite.

- `count`: Number of elements.
- `sum`: Sum of the elements.
- `sum_sq`: Sum of the squares of the elements.
- `abs_max`: Largest magnitude of the elements that are not NaN; an upper bound where a mean was subtracted without
  another read of the data.
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

center is in units of the gradient in the buffer, limit in units of the result. All three stay in double precision until
they meet the data, so a scale outside the range of the gradient's dtype still gives the correctly scaled result. A
scale of 0 writes +0.0 whatever the data, NaN included: that is how Guard silences a tensor.

- `center`: Subtracted first; 0, or the mean of the gradient.
- `scale`: Multiplied next; finite.
- `limit`: Upper bound on the magnitude of the result; +infinity for none.
"""
struct Affine
    center::Float64
    scale::Float64
    limit::Float64
end
Affine() = Affine(0, 1, Inf)

"""
The descriptor of a gradient tensor: any contiguous range of elements that methods treat as one. Describe each row as a
tensor and every method becomes row-wise.

Fill in the first four fields and call trimtab_observe, which fills in the rest. The tensors of one call must not
overlap.

- `data`: The elements, in memory that the host can read and write; may be NULL if len is 0.
- `len`: Number of elements.
- `dtype`: Element type: F32, F16, BF16 or F64.
- `role`: Role: WEIGHT or BIAS.
- `moments`: Statistics of the elements in the buffer. You may set them yourself, streamed by trimtab_observe_chunk or
  merged over ranks; a count above len then marks a shard.
- `affine`: The pending transformation, decided and not yet written. With moments of your own set it to {0, 1,
  INFINITY}.
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

- `policy`: The action on a bad step: GUARD_SKIP_STEP (default) or GUARD_ZERO.
- `max_consecutive`: Number of bad steps in a row that counts as divergence; 0 (default) for never.
"""
struct GuardConfig
    struct_size::UInt32
    policy::GuardPolicy
    max_consecutive::UInt64
end
GuardConfig(; policy = GUARD_SKIP_STEP, max_consecutive = 0) =
    GuardConfig(sizeof(GuardConfig), policy, max_consecutive)

"""
The state of Guard; zeros before the first step.

- `consecutive`: Number of bad steps since the last good one.
- `total`: Number of all bad steps.
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

- `roles`: The tensors changed: ROLES_WEIGHTS (default) or ROLES_ALL.
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

- `scope`: One norm per tensor, SCOPE_TENSOR (default), or one of all, SCOPE_GLOBAL.
- `gamma1`: Decay of the running average of the norm; in [0, 1), default 0.6.
- `gamma2`: Decay of the running average of the squared norm; in [0, 1), default 0.999.
- `eps`: Added to the root, and lower bound on the norm divided by; finite, >= 0, default 1e-12.
- `bias_correction`: 1 (default) corrects the averages for their start at 0; 0 is the algorithm box of the paper.
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
The state of GradientStabilizer and AdaGC for one norm; zeros before the first step.

- `m`: Running average of the norm, before bias correction.
- `v`: Running average of the squared norm, before bias correction; not used by AdaGC.
- `steps`: Number of gradients averaged.
- `skipped`: Number of gradients of norm 0, which do not enter the averages.
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
The state of Autoscale; zeros before the first step.

- `exponent`: Exponent of alpha, fixed at the first step with sigma > 0; in (0, 1].
- `sigma`: Global standard deviation at the last step; informative, not read.
- `alpha`: Factor of the last step; informative, not read.
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
    CentralizeConfig(; roles = ROLES_WEIGHTS)

- `roles`: The tensors changed: ROLES_WEIGHTS (default) or ROLES_ALL.
"""
struct CentralizeConfig
    struct_size::UInt32
    roles::Roles
end
CentralizeConfig(; roles = ROLES_WEIGHTS) =
    CentralizeConfig(sizeof(CentralizeConfig), roles)

"""
    ZnormConfig(; roles = ROLES_WEIGHTS, eps = 1e-8)

- `roles`: The tensors changed: ROLES_WEIGHTS (default) or ROLES_ALL.
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
    ClipNormConfig(; scope = SCOPE_TENSOR)

- `scope`: One norm per tensor, SCOPE_TENSOR (default), or one of all, SCOPE_GLOBAL.
"""
struct ClipNormConfig
    struct_size::UInt32
    scope::Scope
end
ClipNormConfig(; scope = SCOPE_TENSOR) =
    ClipNormConfig(sizeof(ClipNormConfig), scope)

"""
    AgcConfig(; clipping = 0.01, eps = 1e-3)

- `clipping`: Upper bound on the ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
- `eps`: Lower bound on the parameter norm; finite, >= 0, default 1e-3.
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

- `warmup`: Number of first steps that only collect norms; >= 1, default 25.
- `alpha`: Decay of the running mean and variance; in [0, 1), default 0.97.
- `z_max`: Threshold: a norm with a larger z-score is clipped; finite, > 0, default 2.5.
- `eps`: Added to the standard deviation; finite, >= 0, default 1e-6.
- `max_norm`: Upper bound on every norm, also during the warm-up; > 0, default +infinity.
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
The state of Zclip; zeros before the first step.

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
A method of a chain, for trimtab_decide. Fields that its kind does not use are NULL or 0.

- `kind`: The method: METHOD_UNSCALE and so on.
- `config`: The configuration of the method; NULL means the defaults.
- `state`: The state of the method, or its array of states; zeros before the first step.
- `number`: The reference, maximum norm, limit, factor or loss scale.
- `input`: Input of the method beside the gradients: for METHOD_AGC the moments of the parameters.
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
    AdagcConfig(; warmup = 100, lambda_rel = 1.05, lambda_abs = 1.0, beta = 0.98)

AdaGC (arXiv 2502.11034, Algorithm 1), for METHOD_ADAGC: clips the norm of each gradient relative to a running average
of its clipped norms. Weights and biases.

    R = ||g||;   R == 0: skipped += 1, nothing else
    the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
                             m = min(m, h*R);   at the first step m = h*R
    after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
    steps += 1;   g * h

n states of type trimtab_norm_state, whose v is not used.

- `warmup`: Number of steps that are clipped by the global norm; >= 1, default 100.
- `lambda_rel`: Maximum ratio of a norm to its running average; finite, > 0, default 1.05.
- `lambda_abs`: Maximum global norm during the warm-up; > 0, default 1.
- `beta`: Decay of the running average; in [0, 1), default 0.98.
"""
struct AdagcConfig
    struct_size::UInt32
    warmup::UInt32
    lambda_rel::Float64
    lambda_abs::Float64
    beta::Float64
end
AdagcConfig(; warmup = 100, lambda_rel = 1.05, lambda_abs = 1.0, beta = 0.98) =
    AdagcConfig(sizeof(AdagcConfig), warmup, lambda_rel, lambda_abs, beta)

"""
    SgdConfig(; nesterov = 0, lr = 1e-2, momentum = 0.0, dampening = 0.0, weight_decay = 0.0, decay_roles = ROLES_ALL)

- `nesterov`: 1 for Nesterov's momentum, which needs momentum > 0 and dampening 0; default 0.
- `lr`: Learning rate; finite, default 1e-2.
- `momentum`: Decay of the momentum buffer; in [0, 1), default 0, which needs no buffer.
- `dampening`: The new gradient enters the buffer times 1 - dampening; in [0, 1], default 0.
- `weight_decay`: Coefficient of the L2 penalty, added to the gradient; finite, default 0.
- `decay_roles`: The parameters that decay: ROLES_WEIGHTS, or ROLES_ALL (default).
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
The state of an optimizer beside its buffers; zeros before the first step.

- `steps`: Number of steps taken.
"""
struct StepState
    steps::UInt64
end
StepState() = StepState(0)
Base.zero(::Type{StepState}) = StepState()
kind(::Type{StepState}) = STATE_STEP

"""
A parameter and its optimizer buffers, each with as many elements as the gradient.

- `param`: The parameter.
- `first`: Adam: first moment. SGD: momentum buffer, NULL if momentum is 0. Zeros before the first step.
- `second`: Adam: second moment. SGD: ignored. Zeros before the first step.
- `dtype`: Element type of all three: F32 or F64.
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

- `decoupled`: 1 (default) decays the parameter itself (AdamW); 0 adds the decay to the gradient (Adam).
- `lr`: Learning rate; finite, default 1e-3.
- `beta1`: Decay of the first moment; in [0, 1), default 0.9.
- `beta2`: Decay of the second moment; in [0, 1), default 0.999.
- `eps`: Added to the root of the second moment; finite, >= 0, default 1e-8.
- `weight_decay`: Coefficient of the weight decay; finite, default 0.
- `decay_roles`: The parameters that decay: ROLES_WEIGHTS, or ROLES_ALL (default).
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
An array of states of one kind, to save or to load. A run has one such entry per method and optimizer with a state.

- `states`: The array; may be NULL if count is 0.
- `count`: Number of states in the array.
- `kind`: Type of the states: STATE_NORM, AUTOSCALE, ZCLIP, GUARD or STEP.
"""
struct States
    states::Ptr{Cvoid}
    count::Csize_t
    kind::StateKind
    reserved::UInt32
end
