# Apply, and the fused optimizers.

"""
    apply!(grads)

Writes every gradient in place: clamp((x - center) * scale, -limit, limit), computed in double and rounded to the
element type: once, but 16-bit types twice, to `Float32` and from there. Afterwards `grads` is as before it was observed,
and every method and every write throws `ORDER` until the next [`observe!`](@ref). Returns `grads`.

Throws `ORDER` if not observed; `OVERFLOW` if a result might exceed the largest finite value of the element type.
"""
function apply!(grads::Gradients)
    locate!(grads)
    at = Ref(NOWHERE)
    code = GC.@preserve grads trimtab_apply_at(grads.tensors, length(grads), at)
    check(code, :trimtab_apply, at[])
    return grads
end

"""
    apply_into!(out, grads)

Writes every gradient into the array of `out` at its place instead, which has its element type and length; `out` is a tree
like that of [`Gradients`](@ref). The gradients themselves, what was observed and what was decided stay. Returns `out`.
"""
function apply_into!(out, grads::Gradients)
    locate!(grads)
    arrays = leaves(out)
    matches(arrays, grads, "output")
    for (i, x) in enumerate(arrays)
        type = dtype(eltype(x))
        type == grads[i].dtype ||
            throw(ArgumentError("output $i has elements of type $(eltype(x)), its gradient is $(grads[i].dtype)"))
    end
    addresses = Ptr{Cvoid}[address(x) for x in arrays]
    at = Ref(NOWHERE)
    code = GC.@preserve grads arrays trimtab_apply_into_at(grads.tensors, addresses, length(grads), at)
    check(code, :trimtab_apply_into, at[])
    return out
end

"Throws unless there are as many arrays as gradients, of the same lengths."
function matches(arrays, grads, what)
    length(arrays) == length(grads) ||
        throw(DimensionMismatch("$(length(arrays)) $(what)s for $(length(grads)) gradients"))
    for (i, x) in enumerate(arrays)
        length(x) == grads[i].len ||
            throw(DimensionMismatch("$what $i has $(length(x)) elements, its gradient $(Int(grads[i].len))"))
    end
end

"""
    SgdState(params)
    SgdState()

What [`sgd_step!`](@ref) remembers: a momentum buffer for each parameter, and the number of steps. Without parameters there
are no buffers, which is enough for momentum 0.
"""
struct SgdState
    first::Vector{Any}
    steps::Base.RefValue{StepState}
end
SgdState() = SgdState([], Ref(StepState()))
SgdState(params) = SgdState(map(zero, leaves(params)), Ref(StepState()))

"""
    AdamState(params)

What [`adam_step!`](@ref) remembers: both moments of each parameter, and the number of steps.
"""
struct AdamState
    first::Vector{Any}
    second::Vector{Any}
    steps::Base.RefValue{StepState}
end
function AdamState(params)
    arrays = leaves(params)
    return AdamState(map(zero, arrays), map(zero, arrays), Ref(StepState()))
end

"Describes parameters and their buffers; `nothing` for buffers that are not there."
function slots(arrays, first, second, grads)
    matches(arrays, grads, "parameter")
    for buffers in (first, second)
        buffers === nothing || matches_parameters(buffers, arrays)
    end
    at(buffers, i) = buffers === nothing ? C_NULL : address(buffers[i])
    slot(i) = Slot(address(arrays[i]), at(first, i), at(second, i), dtype(eltype(arrays[i])), 0)
    return Slot[slot(i) for i in 1:length(arrays)]
end

function matches_parameters(buffers, arrays)
    same(x, y) = eltype(x) == eltype(y) && length(x) == length(y)
    length(buffers) == length(arrays) && all(map(same, buffers, arrays)) ||
        throw(DimensionMismatch("the optimizer's state was made for other parameters"))
end

"""
    sgd_step!(params, grads, state, config = SgdConfig())

Stochastic gradient descent on all parameters, fused with what was decided. Conventions are torch's.

    g = affine(gradient) + weight_decay*w
    buffer = g on the first step, then momentum*buffer + (1-dampening)*g
    w -= lr * (g | buffer | g + momentum*buffer)      plain | momentum | nesterov

`params`: a tree like that of [`Gradients`](@ref), of `Float32` or `Float64`, its arrays in the order of the gradients.
`state`: an [`SgdState`](@ref). The gradients are not written, and have to be observed again. Returns `params`.

Throws `OVERFLOW` where a parameter or buffer might become infinite (trimtab.h has the bounds); `NULL_POINTER` for momentum without buffers. Refused, it changes nothing.
"""
function sgd_step!(params, grads::Gradients, state::SgdState, config::SgdConfig = SgdConfig())
    locate!(grads)
    arrays = leaves(params)
    first = isempty(state.first) ? nothing : state.first
    described = slots(arrays, first, nothing, grads)
    at = Ref(NOWHERE)
    code = GC.@preserve grads arrays state trimtab_sgd_step_at(
        config, state.steps, grads.tensors, described, length(grads), at
    )
    check(code, :trimtab_sgd_step, at[])
    return params
end

"""
    adam_step!(params, grads, state, config = AdamConfig())

Adam or AdamW (`decoupled`) on all parameters, fused with what was decided; eps outside the root.

    g = affine(gradient)
    decoupled:  w *= 1 - lr*weight_decay          coupled:  g += weight_decay*w
    m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
    w -= lr * (m / (1-beta1^t)) / (sqrt(v / (1-beta2^t)) + eps)        t = steps + 1

Arguments as for [`sgd_step!`](@ref), `state` an [`AdamState`](@ref). Throws `OVERFLOW` if a gradient may exceed the root of
the largest finite value of the parameter's type (1.8e19 in `Float32`), because a second moment that becomes infinite
freezes its parameter for ever; other bounds matter for huge rates and decays only. Refused, it changes nothing.
"""
function adam_step!(params, grads::Gradients, state::AdamState, config::AdamConfig = AdamConfig())
    locate!(grads)
    arrays = leaves(params)
    described = slots(arrays, state.first, state.second, grads)
    at = Ref(NOWHERE)
    code = GC.@preserve grads arrays state trimtab_adam_step_at(
        config, state.steps, grads.tensors, described, length(grads), at
    )
    check(code, :trimtab_adam_step, at[])
    return params
end
