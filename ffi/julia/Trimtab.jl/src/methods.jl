# Observe and decide. Nothing here writes an element.

"""
    observe!(grads) -> Bool

Reads every gradient once: takes its statistics, and forgets what was decided. `true` if all elements are finite. `false`
if one is NaN, infinite or (`Float64`) beyond 1e150 in magnitude: the statistics are taken all the same, so that
[`guard!`](@ref) can decide; without a guard the next method throws `NON_FINITE`.
"""
function observe!(grads::Gradients)
    locate!(grads)
    code = GC.@preserve grads trimtab_observe(grads.tensors, length(grads))
    return finite(code, :trimtab_observe)
end

"""
    outlook(grads, i) -> Moments

Statistics of the `i`-th gradient as it will be written: what has been decided, seen through its moments. The largest
magnitude is an upper bound; a limit is seen in that alone. Ask before the write. Throws `ORDER` if not observed.
"""
function outlook(grads::Gradients, i::Integer)
    checkbounds(grads.tensors, i)
    locate!(grads)
    into = Ref(Moments())
    code = GC.@preserve grads trimtab_outlook(pointer(grads.tensors, i), into)
    check(code, :trimtab_outlook)
    return into[]
end

function finite(code, call)
    code == Int32(NON_FINITE) && return false
    check(code, call)
    return true
end

"""
    observe_chunk!(into, x) -> Bool

Adds the elements of `x` to `into`, a `Ref(Moments())`: streams a tensor while it is hot. A boundary between chunks at a
multiple of 65,536 elements from the start of the tensor changes no bit of the result. `false` if an element added so far
is not finite.
"""
function observe_chunk!(into::Ref{Moments}, x::AbstractArray)
    type = dtype(eltype(x))
    code = GC.@preserve x trimtab_observe_chunk(into, address(x), length(x), type)
    return finite(code, :trimtab_observe_chunk)
end

function Moments(x::AbstractArray)
    into = Ref(Moments())
    observe_chunk!(into, x)
    return into[]
end

"""
    moments_merge!(into, from)

Adds the elements that `from` describes to `into`, a `Ref{Moments}`: processes, shards, several outputs of a network.
Returns `into`. Throws `BAD_LENGTH` if the count overflows.
"""
function moments_merge!(into::Ref{Moments}, from::Moments)
    check(trimtab_moments_merge(into, from), :trimtab_moments_merge)
    return into
end

"""
    moments_mean(moments)

sum / count; NaN for no elements.
"""
moments_mean(moments::Moments) = trimtab_moments_mean(moments)

"""
    moments_std(moments)

Unbiased standard deviation, sqrt((sum_sq - sum^2/count) / (count - 1)); NaN for fewer than two elements. A difference of at
most 2^-44 sum_sq is rounding and counts as 0.
"""
moments_std(moments::Moments) = trimtab_moments_std(moments)

"""
    moments_norm(moments)

2-norm, sqrt(sum_sq).
"""
moments_norm(moments::Moments) = trimtab_moments_norm(moments)

"""
    unscale!(grads, loss_scale)

Undoes a loss scale: g / loss_scale, all arrays. Throws `BAD_CONFIG` unless it is finite and > 0. Put `guard!` before it.
"""
function unscale!(grads::Gradients, loss_scale::Real)
    check(trimtab_unscale(loss_scale, grads.tensors, length(grads)), :trimtab_unscale)
    return grads
end

"""
    scale!(grads, factor)

Multiplies by a factor: g * factor, all arrays. Throws `BAD_CONFIG` unless it is finite.
"""
function scale!(grads::Gradients, factor::Real)
    check(trimtab_scale(factor, grads.tensors, length(grads)), :trimtab_scale)
    return grads
end

"""
    guard!(grads, state, config = GuardConfig()) -> Bool

Stands before the other methods, which all refuse gradients that are not finite. `state`: a `Ref(GuardState())`, kept from
step to step.

`GUARD_SKIP_STEP`: `false` at a bad step, which is counted; make no optimizer step then. `GUARD_ZERO`: always `true`; the
offending arrays become zeros. Throws `DIVERGED` at the `max_consecutive`-th bad step in a row.
"""
function guard!(grads::Gradients, state::Ref{GuardState}, config::GuardConfig = GuardConfig())
    code = trimtab_guard(config, state, grads.tensors, length(grads))
    code == Int32(SKIP_STEP) && return false
    check(code, :trimtab_guard)
    return true
end

"""
    stable_grad!(grads, reference, config = StableGradConfig())

StableGrad (arXiv 2605.19856): each weight gradient is divided by its own standard deviation and multiplied by one
reference.

    s = std(g);   g * reference / (s + eps)

for arrays of the chosen roles with at least 2 elements and s > 0; all others stay as they are.

`reference`: standard deviation of the prediction gradient dL/dy over the whole batch, `moments_std(Moments(dy))`. In a PINN
pool the gradients with respect to u and its derivatives. The last weight gradient's is the poorest choice: it is as large as
the gradients. Throws `BAD_REFERENCE` unless it is finite and > 0.
"""
function stable_grad!(grads::Gradients, reference::Real, config::StableGradConfig = StableGradConfig())
    code = trimtab_stable_grad(config, reference, grads.tensors, length(grads))
    check(code, :trimtab_stable_grad)
    return grads
end

"""
    gradient_stabilizer!(grads, states, config = GradientStabilizerConfig())

GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm by a running estimate, so that spikes are
bounded. Weights and biases.

    R = ||g||;   R == 0: skipped += 1, nothing else
    steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
    mh = m / (1-gamma1^steps), vh = v / (1-gamma2^steps)        (with bias_correction)
    g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)

`states`: `zeros(NormState, length(grads))`, or `zeros(NormState, 1)` for `SCOPE_GLOBAL`, kept from step to step.
"""
function gradient_stabilizer!(
    grads::Gradients,
    states::Vector{NormState},
    config::GradientStabilizerConfig = GradientStabilizerConfig(),
)
    needed = config.scope == SCOPE_GLOBAL ? 1 : length(grads)
    length(states) == needed ||
        throw(DimensionMismatch("$(length(states)) states, and $needed needed: one for each array, or for SCOPE_GLOBAL one"))
    code = trimtab_gradient_stabilizer(config, states, grads.tensors, length(grads))
    check(code, :trimtab_gradient_stabilizer)
    return grads
end

"""
    autoscale!(grads, state)

Gradient Autoscaled Normalization (arXiv 2509.03677): each weight gradient loses its mean, then all are multiplied by one
factor alpha in (0, 1]. The map from sigma to alpha is this library's reading of a paper that describes it in words.

    g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
    first step with sigma > 0: exponent = 1 / (1 + |ln b|)
    alpha = min(1, b^exponent);   alpha * g          (sigma == 0: alpha 1, state unchanged)

`state`: a `Ref(AutoscaleState())`, kept from step to step.
"""
function autoscale!(grads::Gradients, state::Ref{AutoscaleState})
    check(trimtab_autoscale(state, grads.tensors, length(grads)), :trimtab_autoscale)
    return grads
end

"""
    centralize!(grads, roles = ROLES_WEIGHTS)

Subtracts the mean: g - mean(g).
"""
function centralize!(grads::Gradients, roles::Roles = ROLES_WEIGHTS)
    check(trimtab_centralize(roles, grads.tensors, length(grads)), :trimtab_centralize)
    return grads
end

"""
    znorm!(grads, config = ZnormConfig())

Z-score normalisation (arXiv 2408.01215): (g - mean(g)) / (std(g) + eps). Arrays with fewer than 2 elements or standard
deviation 0 stay as they are.
"""
function znorm!(grads::Gradients, config::ZnormConfig = ZnormConfig())
    check(trimtab_znorm(config, grads.tensors, length(grads)), :trimtab_znorm)
    return grads
end

"""
    clip_norm!(grads, max_norm, scope = SCOPE_TENSOR)

Scales down to a largest norm: g * min(1, max_norm / R), R over each array, or with `SCOPE_GLOBAL` over all together.
`max_norm` > 0, may be `Inf`.
"""
function clip_norm!(grads::Gradients, max_norm::Real, scope::Scope = SCOPE_TENSOR)
    check(trimtab_clip_norm(max_norm, scope, grads.tensors, length(grads)), :trimtab_clip_norm)
    return grads
end

"""
    clip_value!(grads, limit)

Clamps every element to [-limit, limit]; `limit` > 0, may be `Inf`. A finite limit ends a chain: of the methods only
`scale!`, `unscale!`, `guard!` and `clip_value!` itself may follow, all others throw `ORDER`.
"""
function clip_value!(grads::Gradients, limit::Real)
    check(trimtab_clip_value(limit, grads.tensors, length(grads)), :trimtab_clip_value)
    return grads
end

"""
    agc!(grads, params, config = AgcConfig())

Adaptive gradient clipping (arXiv 2102.06171), array by array.

    most = max(||w||, eps) * clipping;   R > most: g * most / R

`params`: the [`Moments`](@ref) of the parameters, in the order of the gradients: `map(Moments, [W, b])`.
"""
function agc!(grads::Gradients, params::Vector{Moments}, config::AgcConfig = AgcConfig())
    length(params) == length(grads) ||
        throw(DimensionMismatch("moments of $(length(params)) parameters for $(length(grads)) gradients"))
    check(trimtab_agc(config, params, grads.tensors, length(grads)), :trimtab_agc)
    return grads
end

"""
    zclip!(grads, state, config = ZclipConfig())

ZClip (arXiv 2504.02507): clips the global norm R where it is unusual for this run.

    the first warmup steps collect R;  g * min(1, max_norm / R)
    then  z = (R - mean) / (sqrt(var) + eps)
          cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
          mean = alpha*mean + (1-alpha)*cap;   var = alpha*var + (1-alpha)*(cap - mean)^2
          g * min(1, min(cap, max_norm) / R)

`state`: a `Ref(ZclipState())`, kept from step to step.
"""
function zclip!(grads::Gradients, state::Ref{ZclipState}, config::ZclipConfig = ZclipConfig())
    check(trimtab_zclip(config, state, grads.tensors, length(grads)), :trimtab_zclip)
    return grads
end
