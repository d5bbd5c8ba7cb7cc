"""
Trimtab keeps gradients in scale between the backward pass and the optimizer update.

    grads = Gradients((W = dW, b = db))        # describes your arrays, copies nothing
    observe!(grads)                            # reads each gradient once
    stable_grad!(grads, sigma_prediction)      # decides: a few operations an array
    apply!(grads)                              # writes each gradient once

Observe, then decide with any number of methods in order, one by one or in one call (`decide!`), then write: in place (`apply!`), beside (`apply_into!`) or
fused with an update (`sgd_step!`, `adam_step!`). A write spends what was observed and decided, all but `apply_into!`:
observe again at every step. An array may not change between `observe!` and the write.

Functions that return `grads` throw a [`TrimtabError`](@ref) where they refuse, and then nothing was changed: not a bit
of gradients, parameters or states. `observe!`, `guard!` and `decide!` return a `Bool`.

| file | holds |
|---|---|
| `constants.jl`, `mirrors.jl`, generated | the constants and structs of `trimtab.h` |
| `calls.jl`, generated | its functions, as C declares them |
| `library.jl` | where the library is found, and what its statuses become |
| `gradients.jl` | arrays, described for the library |
| `observe.jl` | observe, and statistics |
| `methods.jl`, and `chain.jl`, generated | decide |
| `writes.jl` | apply, and the fused optimizers |
| `states.jl` | states as bytes, and back |
"""
module Trimtab

using Libdl: dlopen, dlpath, dlsym

include("constants.jl")
include("mirrors.jl")
include("library.jl")
include("calls.jl")
include("gradients.jl")
include("observe.jl")
include("chain.jl")
include("methods.jl")
include("writes.jl")
include("states.jl")

export Gradients, Moments, TrimtabError
export WEIGHT, BIAS, ROLES_WEIGHTS, ROLES_ALL, SCOPE_TENSOR, SCOPE_GLOBAL, GUARD_SKIP_STEP, GUARD_ZERO
export observe!, outlook, observe_chunk!, moments_merge!, moments_mean, moments_std, moments_norm, set_moments!
export decide!, apply!, apply_into!, sgd_step!, adam_step!, SgdConfig, AdamConfig, SgdState, AdamState
export save_states, load_states!
export StableGradRule, GradientStabilizerRule, AutoscaleRule

"""
    StableGradRule(reference; eps = 0.0, roles = ROLES_WEIGHTS)

A rule for Optimisers.jl: [`stable_grad!`](@ref) of each array. Arrays with two or more dimensions are weights, vectors
are biases. The reference of the next step: `Optimisers.adjust!(tree; reference = sigma)`.

Needs `using Optimisers`, and Julia 1.9 or newer.
"""
function StableGradRule end

"""
    GradientStabilizerRule(; gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12, bias_correction = true)

A rule for Optimisers.jl: [`gradient_stabilizer!`](@ref) of each array, with one [`NormState`](@ref) an array. For one
norm over all arrays call `gradient_stabilizer!` with `SCOPE_GLOBAL` on the `Gradients` of the whole tree instead: a rule
sees one array at a time.

Needs `using Optimisers`, and Julia 1.9 or newer.
"""
function GradientStabilizerRule end

"""
    AutoscaleRule()

A rule for Optimisers.jl: [`autoscale!`](@ref) of each array by itself, so that sigma is the standard deviation of that
array alone. The paper's sigma is that of all weights together, which no rule can know: for the method as published call
`autoscale!` on the `Gradients` of the whole tree instead, before `Optimisers.update!`.

Needs `using Optimisers`, and Julia 1.9 or newer.
"""
function AutoscaleRule end

end
