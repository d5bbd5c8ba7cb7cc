# Run by `Pkg.test()`, or `julia --project test/runtests.jl`. TRIMTAB_LIBRARY says where the library is.
# Expected values are the formulas of trimtab.h in plain Julia, in this file and those that it includes.

using Test
using Trimtab
using Trimtab: AutoscaleState, GuardState, NormState, ZclipState

mean(x) = sum(x) / length(x)
std(x) = sqrt(sum(abs2, x .- mean(x)) / (length(x) - 1))
norm(x) = sqrt(sum(abs2, x))

# A weight and a bias, the same at every call.
example() = (W = [1.0 -2.0; 3.0 0.5], b = [0.25, -0.75, 2.0])

# The example after `decide!`, and what it was decided on.
function changed(decide!, tree = example())
    grads = Gradients(tree)
    @test observe!(grads)
    @test decide!(grads) === grads
    @test apply!(grads) === grads
    return tree
end

# The status that a call is refused with.
function refusal(call)
    try
        call()
    catch error
        error isa TrimtabError && return error.status
        rethrow()
    end
    return Trimtab.OK
end

@testset "Trimtab" begin
    include("mirrors.jl")
    include("arrays.jl")
    include("methods.jl")
    include("writes.jl")
    include("states.jl")
    include("refusals.jl")
    if Base.find_package("Optimisers") === nothing
        println("NOT RUN: the rules for Optimisers.jl, which is not installed here; Pkg.test() installs it")
        @test_skip false
    else
        include("rules.jl")
    end
end
