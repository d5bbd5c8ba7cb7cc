# Each method against its formula.

@testset "methods" begin
    tree = changed(grads -> stable_grad!(grads, 0.1))
    @test tree.W ≈ example().W .* (0.1 / std(example().W))
    @test tree.b == example().b
    tree = changed(grads -> stable_grad!(grads, 0.1, StableGradConfig(roles = ROLES_ALL, eps = 0.5)))
    @test tree.b ≈ example().b .* (0.1 / (std(example().b) + 0.5))

    tree = changed(grads -> centralize!(grads))
    @test tree.W ≈ example().W .- mean(example().W)
    tree = changed(grads -> centralize!(grads, ROLES_ALL))
    @test tree.b ≈ example().b .- mean(example().b)
    tree = changed(grads -> znorm!(grads))
    @test tree.W ≈ (example().W .- mean(example().W)) ./ (std(example().W) + 1e-8)

    all_norm = sqrt(norm(example().W)^2 + norm(example().b)^2)
    tree = changed(grads -> clip_norm!(grads, 0.5))
    @test tree.W ≈ example().W .* (0.5 / norm(example().W))
    tree = changed(grads -> clip_norm!(grads, 0.5, SCOPE_GLOBAL))
    @test tree.b ≈ example().b .* (0.5 / all_norm)
    @test changed(grads -> clip_value!(grads, 0.6)).W == [0.6 -0.6; 0.6 0.5]
    @test changed(grads -> scale!(grads, 4)).b == 4 .* example().b
    @test changed(grads -> unscale!(grads, 4)).b == example().b ./ 4

    params = [Moments([0.3, 0.4]), Moments([0.0])] # Norms 0.5 and 0: for the second, eps.
    tree = changed(grads -> agc!(grads, params))
    @test tree.W ≈ example().W .* (0.5 * 0.01 / norm(example().W))
    @test tree.b ≈ example().b .* (1e-3 * 0.01 / norm(example().b))

    # Two steps of one state each, and of one for all.
    function stabilized(norms; gamma1 = 0.6, gamma2 = 0.999, eps = 1e-12)
        m = v = 0.0
        for R in norms
            m = gamma1 * m + (1 - gamma1) * R
            v = gamma2 * v + (1 - gamma2) * R^2
        end
        t = length(norms)
        return (m / (1 - gamma1^t)) / (sqrt(v / (1 - gamma2^t)) + eps)
    end
    states = zeros(NormState, 2)
    changed(grads -> gradient_stabilizer!(grads, states))
    tree = changed(grads -> gradient_stabilizer!(scale!(grads, 100), states))
    R = norm(example().W)
    @test norm(tree.W) ≈ stabilized([R, 100R])
    @test states[2].steps == 2
    one = zeros(NormState, 1)
    tree = changed(grads -> gradient_stabilizer!(grads, one, GradientStabilizerConfig(scope = SCOPE_GLOBAL)))
    @test tree.b ≈ example().b .* (stabilized([all_norm]) / all_norm)

    # A warm-up of one step, by the global norm; then 1.05 times the average.
    states, config = zeros(NormState, 2), AdagcConfig(warmup = 1)
    tree = changed(grads -> adagc!(grads, states, config))
    @test tree.W ≈ example().W ./ all_norm
    tree = changed(grads -> adagc!(grads, states, config))
    @test norm(tree.W) ≈ 1.05 * R / all_norm
    @test states[2].steps == 2

    state = Ref(AutoscaleState())
    tree = changed(grads -> autoscale!(grads, state))
    centred = example().W .- mean(example().W)
    b = log1p(sqrt(sum(abs2, centred) / 3))
    @test state[].exponent ≈ 1 / (1 + abs(log(b)))
    @test tree.W ≈ min(1, b^(1 / (1 + abs(log(b))))) .* centred

    # The second step is beyond z_max = 0.5 after a warm-up of two with norms 1 and 2: mean 1.5, standard deviation 0.5.
    zstate = Ref(ZclipState())
    config = ZclipConfig(warmup = 2, z_max = 0.5, eps = 0)
    step(size) = changed(grads -> zclip!(grads, zstate, config), [size])
    step(1.0)
    step(2.0)
    @test zstate[] == ZclipState(1.5, 0.25, 2)
    z = (4 - 1.5) / 0.5
    @test step(4.0) ≈ [1.5 + 0.5 * 0.5 / (z / 0.5)]

    # The guard, with both policies.
    gstate = Ref(GuardState())
    bad = (W = [1.0 NaN], b = [2.0])
    grads = Gradients(bad)
    @test !observe!(grads)
    @test !guard!(grads, gstate)
    @test gstate[] == GuardState(1, 1)
    @test guard!(grads, gstate, GuardConfig(policy = GUARD_ZERO))
    apply!(grads)
    @test bad.W == [0.0 0.0] && bad.b == [2.0]
    @test observe!(grads) && guard!(grads, gstate)
    @test gstate[] == GuardState(0, 2)

    # A chain decides as its methods one by one.
    together, alone = Gradients(example()), Gradients(example())
    observe!(together)
    observe!(alone)
    counts, norms, others = Ref(GuardState()), zeros(NormState, 2), zeros(NormState, 2)
    chain = (guard(counts), stable_grad(0.1), gradient_stabilizer(norms), clip_norm(0.5, SCOPE_GLOBAL))
    @test decide!(together, chain...) === true
    @test guard!(alone, Ref(GuardState()))
    clip_norm!(gradient_stabilizer!(stable_grad!(alone, 0.1), others), 0.5, SCOPE_GLOBAL)
    @test [t.affine for t in together] == [t.affine for t in alone]
    @test norms == others && norms[1].steps == 1
    @test decide!(together)
    # A guard stops it: the state behind it stays.
    grads = Gradients((W = [1.0 NaN], b = [2.0]))
    observe!(grads)
    @test decide!(grads, chain...) === false
    @test counts[] == GuardState(1, 1)
    @test norms == others

    # Moments: streamed, merged, and set by the caller.
    whole = collect(1.0:10.0)
    into = Ref(Moments())
    @test observe_chunk!(into, whole[1:4])
    @test moments_merge!(into, Moments(whole[5:10])) === into
    @test into[] == Moments(whole)
    @test moments_mean(into[]) == 5.5
    @test moments_std(into[]) ≈ std(whole)
    @test moments_norm(into[]) ≈ norm(whole)
    @test !observe_chunk!(into, [Inf])
    shard = whole[1:4]
    grads = Gradients(reshape(shard, 2, 2))
    @test set_moments!(grads, 1, Moments(whole)) === grads
    apply!(clip_norm!(grads, 1))
    @test shard ≈ whole[1:4] ./ norm(whole)

    @test Trimtab.init_std(Trimtab.RELU, 8) ≈ sqrt(2 / 8)
    @test isnan(Trimtab.init_std(Trimtab.TANH, 0))
    @test Trimtab.library_version() >= v"0.1"
    @test Trimtab.cpu_level() in ("avx512", "avx2", "sse2", "neon", "scalar")
    @test Trimtab.set_threads(1) === nothing
end
