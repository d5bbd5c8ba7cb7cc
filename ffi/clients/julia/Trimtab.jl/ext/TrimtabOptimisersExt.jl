# Rules for Optimisers.jl. What `apply!` returns is subtracted from the parameters, so these rules stand before the one
# that makes a step of it: OptimiserChain(GradientStabilizerRule(), Adam()).
#
# States are values: a step returns a new one and leaves the old one as it was, and so it does with the gradient.
module TrimtabOptimisersExt

import Optimisers
import Trimtab
using Trimtab: AutoscaleState, Gradients, GradientStabilizerConfig, NormState, Roles, StableGradConfig

struct StableGradRule <: Optimisers.AbstractRule
    reference::Float64
    eps::Float64
    roles::Roles
end
function Trimtab.StableGradRule(reference; eps = 0.0, roles = Trimtab.ROLES_WEIGHTS)
    return StableGradRule(reference, eps, roles)
end

Optimisers.init(::StableGradRule, x::AbstractArray) = nothing

function Optimisers.apply!(rule::StableGradRule, state, x, dx)
    config = StableGradConfig(eps = rule.eps, roles = rule.roles)
    return state, changed(grads -> Trimtab.stable_grad!(grads, rule.reference, config), x, dx)
end

struct GradientStabilizerRule <: Optimisers.AbstractRule
    gamma1::Float64
    gamma2::Float64
    eps::Float64
    bias_correction::Bool
end
function Trimtab.GradientStabilizerRule(; gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12, bias_correction = true)
    return GradientStabilizerRule(gamma1, gamma2, eps, bias_correction)
end

Optimisers.init(::GradientStabilizerRule, x::AbstractArray) = NormState()

function Optimisers.apply!(rule::GradientStabilizerRule, state, x, dx)
    config = GradientStabilizerConfig(
        gamma1 = rule.gamma1, gamma2 = rule.gamma2, eps = rule.eps, bias_correction = rule.bias_correction
    )
    states = [state]
    result = changed(grads -> Trimtab.gradient_stabilizer!(grads, states, config), x, dx)
    return states[1], result
end

struct AutoscaleRule <: Optimisers.AbstractRule end
Trimtab.AutoscaleRule() = AutoscaleRule()

Optimisers.init(::AutoscaleRule, x::AbstractArray) = AutoscaleState()

function Optimisers.apply!(::AutoscaleRule, state, x, dx)
    next = Ref(state)
    result = changed(grads -> Trimtab.autoscale!(grads, next), x, dx)
    return next[], result
end

"The gradient `dx` of `x` as a method changes it, in an array of its own."
function changed(decide!, x, dx)
    source = dense(x, dx)
    grads = Gradients(source; roles = (Trimtab.role(x),))
    Trimtab.observe!(grads)
    decide!(grads)
    source === dx && return Trimtab.apply_into!(similar(source), grads)
    Trimtab.apply!(grads)
    return source
end

"`dx` itself if the library can read it, else its elements in a new array: a rule before may have left it lazy."
dense(x, dx) = readable(dx) ? dx : (Array{element(x)}(undef, size(x)) .= dx)

readable(dx::StridedArray) = Trimtab.contiguous(dx) && eltype(dx) <: Union{Float16,Float32,Float64}
readable(dx) = false

element(x) = eltype(x) <: Union{Float16,Float32,Float64} ? eltype(x) : Float32

end
