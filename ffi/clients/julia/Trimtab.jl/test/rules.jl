# The rules for Optimisers.jl: alone, in a chain, and on a model.

import Optimisers
isdefined(Base, :get_extension) || include(joinpath(@__DIR__, "..", "ext", "TrimtabOptimisersExt.jl"))

@testset "rules for Optimisers.jl" begin
    W, b = example()

    # What is returned is what the method makes of the gradient, which itself stays as it was.
    rule = StableGradRule(0.1)
    @test Optimisers.init(rule, W) === nothing
    state, dx = Optimisers.apply!(rule, nothing, W, W)
    @test dx ≈ W .* (0.1 / std(W))
    @test W == example().W
    @test Optimisers.apply!(rule, nothing, b, b)[2] == b # A bias.
    @test Optimisers.apply!(StableGradRule(0.1; roles = ROLES_ALL), nothing, b, b)[2] ≈ b .* (0.1 / std(b))

    rule = GradientStabilizerRule()
    before = Optimisers.init(rule, b)
    @test before == NormState()
    after, dx = Optimisers.apply!(rule, before, b, b)
    @test before == NormState() && after.steps == 1
    @test norm(dx) ≈ 1 # The first step: running norm over root of the running squared norm, both corrected.

    after, dx = Optimisers.apply!(AutoscaleRule(), Optimisers.init(AutoscaleRule(), W), W, W)
    @test abs(mean(dx)) < 1e-15 && after.steps == 1

    # Gradients that the library cannot read as they lie: lazy, transposed, of whole numbers.
    lazy = Broadcast.instantiate(Broadcast.broadcasted(*, W, 2.0))
    for (dx, values) in ((lazy, 2W), (W', permutedims(W)), ([1 2; 3 4], [1.0 2.0; 3.0 4.0]))
        @test Optimisers.apply!(StableGradRule(0.1), nothing, W, dx)[2] ≈ values .* (0.1 / std(values))
    end

    # In a chain the result is subtracted.
    model = (W = ones(2, 2), b = ones(3), activation = tanh)
    gradient = (W = W, b = b, activation = nothing)
    chain = Optimisers.OptimiserChain(StableGradRule(0.1), Optimisers.Descent(0.5))
    tree, updated = Optimisers.update(Optimisers.setup(chain, model), model, gradient)
    @test updated.W ≈ 1 .- 0.5 .* W .* (0.1 / std(W))
    @test updated.b ≈ 1 .- 0.5 .* b
    @test gradient.W == example().W && model.W == ones(2, 2)

    # The reference of the next step.
    Optimisers.adjust!(tree; reference = 0.2)
    _, updated = Optimisers.update(tree, model, gradient)
    @test updated.W ≈ 1 .- 0.5 .* W .* (0.2 / std(W))

    # States come along from step to step.
    chain = Optimisers.OptimiserChain(GradientStabilizerRule(), Optimisers.Adam(0.01))
    tree = Optimisers.setup(chain, model)
    for _ in 1:3
        tree, updated = Optimisers.update(tree, model, gradient)
    end
    @test tree.W.state[1].steps == 3

    @test refusal(() -> Optimisers.apply!(StableGradRule(0.1), nothing, W, [NaN 1.0; 2.0 3.0])) == Trimtab.NON_FINITE

    # What no rule can do: one norm over the whole tree, before the update.
    whole = deepcopy(gradient)
    grads = Gradients(whole)
    observe!(grads)
    apply!(clip_norm!(grads, 1.0, SCOPE_GLOBAL))
    @test norm(vcat(vec(whole.W), whole.b)) ≈ 1
end
