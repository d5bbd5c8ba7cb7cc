# Decide: from statistics to what is to be written. Nothing here reads or writes an element.

"""
A method with its settings and its state, for [`decide!`](@ref): what `clip_norm(1.0)` returns, and the other functions of
a method's name without an exclamation mark. It may be used again at every step.

`config` is a `Ref`, `state` a `Ref` or a `Vector`, `input` a `Vector`; each may be `nothing`. `each`: whether a `Vector` has
one entry for each gradient, or one in all.
"""
struct ChainMethod
    kind::MethodKind
    config::Any
    state::Any
    number::Float64
    input::Any
    each::Bool
end
function ChainMethod(kind; config = nothing, state = nothing, number = 0.0, input = nothing, each = false)
    return ChainMethod(kind, config === nothing ? nothing : Ref(config), state, number, input, each)
end

# Valid as long as what it points to is preserved.
place(::Nothing) = C_NULL
place(held::Vector) = Ptr{Cvoid}(pointer(held))
place(held::Ref{T}) where {T} = Ptr{Cvoid}(Base.unsafe_convert(Ptr{T}, held))

record(m::ChainMethod) = Method(m.kind, 0, place(m.config), place(m.state), m.number, place(m.input))

"Throws unless a method has as many states, or moments of parameters, as `n` gradients need."
function suits(m::ChainMethod, n)
    needed = m.each ? n : 1
    for held in (m.state, m.input)
        held isa Vector && length(held) != needed && throw(
            DimensionMismatch(
                "$(function_of(m)) has $(length(held)) entries, and $needed needed: one for each array, or for " *
                "SCOPE_GLOBAL one",
            ),
        )
    end
end

"The C function of a method by itself: METHOD_CLIP_NORM is `:trimtab_clip_norm`."
function_of(m::ChainMethod) = Symbol(replace(lowercase(string(m.kind)), "method" => "trimtab"))

"""
    decide!(grads, methods...) -> Bool

Lets the methods decide in turn, or none of them: if one is refused, no state and nothing decided before has changed.

```julia
decide!(grads, guard(state), stable_grad(sigma), clip_norm(1.0, SCOPE_GLOBAL)) || continue
```

`methods`: each as its own function with an exclamation mark has it, without that mark and without `grads`; `?clip_norm!`
has the arguments and the formula. Two or more of them come right after [`observe!`](@ref), and no two may share a state.

`false` if a guard says to skip this step: it has counted then, the methods in front of it have decided, and those behind
it were not asked. Throws what the method that refuses throws.
"""
function decide!(grads::Gradients, chain::ChainMethod...)
    n = length(grads)
    foreach(m -> suits(m, n), chain)
    seen = IdDict{Any,Nothing}()
    all(m -> m.state === nothing || is_new!(seen, m.state), chain) ||
        throw(ArgumentError("two methods of a chain share a state"))
    refused, at = Ref{Csize_t}(0), Ref(NOWHERE)
    code = GC.@preserve chain begin
        described = Method[record(m) for m in chain]
        trimtab_decide_at(described, length(chain), grads.tensors, n, refused, at)
    end
    code == Int32(SKIP_STEP) && return false
    code == Int32(OK) || refuse(code, chain, Int(refused[]) + 1, at[])
    return true
end

function refuse(code, chain, i, at)
    # The only state of a method has number 0, too.
    own = code == Int32(BAD_STATE) && at == 0 && chain[i].state !== nothing && !chain[i].each
    check(code, function_of(chain[i]), own ? NOWHERE : at, length(chain) > 1 ? i : nothing)
end

"Decides with one method."
function alone!(grads, method)
    decide!(grads, method)
    return grads
end

"""
    unscale!(grads, loss_scale)
    unscale(loss_scale)

Undoes a loss scale: g / loss_scale, all arrays. Throws `BAD_CONFIG` unless it is finite and > 0. Put `guard!` before it.
"""
unscale!

"""
    scale!(grads, factor)
    scale(factor)

Multiplies by a factor: g * factor, all arrays. Throws `BAD_CONFIG` unless it is finite.
"""
scale!

"""
    guard!(grads, state, config = GuardConfig()) -> Bool
    guard(state, config = GuardConfig())

Stands before the other methods, which all refuse gradients that are not finite. `state`: a `Ref(GuardState())`, kept from
step to step.

`GUARD_SKIP_STEP`: `false` at a bad step, which is counted; make no optimizer step then. `GUARD_ZERO`: always `true`; the
offending arrays become zeros. Throws `DIVERGED` at the `max_consecutive`-th bad step in a row.
"""
guard!

"""
    stable_grad!(grads, reference, config = StableGradConfig())
    stable_grad(reference, config = StableGradConfig())

StableGrad (arXiv 2605.19856): each weight gradient is divided by its own standard deviation and multiplied by one
reference.

    s = std(g);   g * reference / (s + eps)

for arrays of the chosen roles with at least 2 elements and s > 0; all others stay as they are.

`reference`: standard deviation of the prediction gradient dL/dy over the whole batch, `moments_std(Moments(dy))`. In a PINN
pool the gradients with respect to u and its derivatives. The last weight gradient's is the poorest choice: it is as large as
the gradients. Throws `BAD_REFERENCE` unless it is finite and > 0.
"""
stable_grad!

"""
    gradient_stabilizer!(grads, states, config = GradientStabilizerConfig())
    gradient_stabilizer(states, config = GradientStabilizerConfig())

GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm by a running estimate, so that spikes are
bounded. Weights and biases.

    R = ||g||;   R == 0: skipped += 1, nothing else
    steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
    mh = m / (1-gamma1^steps), vh = v / (1-gamma2^steps)        (with bias_correction)
    g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)

`states`: `zeros(NormState, length(grads))`, or `zeros(NormState, 1)` for `SCOPE_GLOBAL`, kept from step to step.
"""
gradient_stabilizer!

"""
    autoscale!(grads, state)
    autoscale(state)

Gradient Autoscaled Normalization (arXiv 2509.03677): each weight gradient loses its mean, then all are multiplied by one
factor alpha in (0, 1]. The map from sigma to alpha is this library's reading of a paper that describes it in words.

    g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
    first step with sigma > 0: exponent = 1 / (1 + |ln b|)
    alpha = min(1, b^exponent);   alpha * g          (sigma == 0: alpha 1, state unchanged)

`state`: a `Ref(AutoscaleState())`, kept from step to step.
"""
autoscale!

"""
    centralize!(grads, roles = ROLES_WEIGHTS)
    centralize(roles = ROLES_WEIGHTS)

Subtracts the mean: g - mean(g).
"""
centralize!

"""
    znorm!(grads, config = ZnormConfig())
    znorm(config = ZnormConfig())

Z-score normalisation (arXiv 2408.01215): (g - mean(g)) / (std(g) + eps). Arrays with fewer than 2 elements or standard
deviation 0 stay as they are.
"""
znorm!

"""
    clip_norm!(grads, max_norm, scope = SCOPE_TENSOR)
    clip_norm(max_norm, scope = SCOPE_TENSOR)

Scales down to a largest norm: g * min(1, max_norm / R), R over each array, or with `SCOPE_GLOBAL` over all together.
`max_norm` > 0, may be `Inf`.
"""
clip_norm!

"""
    clip_value!(grads, limit)
    clip_value(limit)

Clamps every element to [-limit, limit]; `limit` > 0, may be `Inf`. A finite limit ends a chain: of the methods only
`scale!`, `unscale!`, `guard!` and `clip_value!` itself may follow, all others throw `ORDER`.
"""
clip_value!

"""
    agc!(grads, params, config = AgcConfig())
    agc(params, config = AgcConfig())

Adaptive gradient clipping (arXiv 2102.06171), array by array.

    most = max(||w||, eps) * clipping;   R > most: g * most / R

`params`: the [`Moments`](@ref) of the parameters, in the order of the gradients: `map(Moments, [W, b])`.
"""
agc!

"""
    zclip!(grads, state, config = ZclipConfig())
    zclip(state, config = ZclipConfig())

ZClip (arXiv 2504.02507): clips the global norm R where it is unusual for this run.

    the first warmup steps collect R;  g * min(1, max_norm / R)
    then  z = (R - mean) / (sqrt(var) + eps)
          cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
          mean = alpha*mean + (1-alpha)*cap;   var = alpha*var + (1-alpha)*(cap - mean)^2
          g * min(1, min(cap, max_norm) / R)

`state`: a `Ref(ZclipState())`, kept from step to step.
"""
zclip!

"""
    adagc!(grads, states, config = AdagcConfig())
    adagc(states, config = AdagcConfig())

AdaGC (arXiv 2502.11034): clips each norm relative to a running average of its clipped norms. Weights and biases.
[`AdagcConfig`](@ref) has the formula.

`states`: `zeros(NormState, length(grads))`, kept from step to step.
"""
adagc!
