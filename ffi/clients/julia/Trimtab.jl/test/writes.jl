# Writing in place and beside, and the optimizers against their formulas.

@testset "writes" begin
    for T in (Float16, Float32, Float64)
        x = T[1, 2, 3]
        grads = Gradients(x)
        observe!(grads)
        scale!(grads, 7)
        observe!(grads) # Observing forgets what was decided.
        scale!(grads, 0.5)
        after = outlook(grads, 1)
        apply!(grads)
        @test x == T[0.5, 1, 1.5]
        @test after == Moments(x)
        @test grads[1].affine == Trimtab.Affine()
        @test grads[1].moments == Moments()
        @test refusal(() -> outlook(grads, 1)) == Trimtab.ORDER
    end

    tree = example()
    grads = Gradients(tree)
    observe!(grads)
    scale!(grads, 2)
    out = (similar(tree.W), similar(tree.b))
    @test apply_into!(out, grads) === out
    @test out == (2 .* tree.W, 2 .* tree.b)
    @test tree == example()

    # A step of each optimizer, twice, so that the buffers count.
    function steps(step!, state)
        params = (W = ones(2, 2), b = zeros(Float32, 3))
        for factor in (1, -0.5)
            grads = Gradients(example())
            observe!(grads)
            @test step!(params, scale!(grads, factor), state) === params
        end
        return params
    end

    function adam(w, gradients; lr, decay)
        m = v = zero(w)
        for (t, g) in enumerate(gradients)
            w = w .* (1 - lr * decay)
            m = 0.9 .* m .+ 0.1 .* g
            v = 0.999 .* v .+ 0.001 .* g .^ 2
            w = w .- lr .* (m ./ (1 - 0.9^t)) ./ (sqrt.(v ./ (1 - 0.999^t)) .+ 1e-8)
        end
        return w
    end
    state = AdamState((zeros(2, 2), zeros(Float32, 3)))
    config = AdamConfig(lr = 0.1, weight_decay = 0.01)
    params = steps((p, g, s) -> adam_step!(p, g, s, config), state)
    W, b = example()
    @test params.W ≈ adam(ones(2, 2), [W, -0.5W]; lr = 0.1, decay = 0.01)
    @test params.b ≈ adam(zeros(3), [b, -0.5b]; lr = 0.1, decay = 0.01) rtol = 1e-6
    @test state.steps[].steps == 2

    # A decay for weights alone: gradients of zero, so that nothing else moves a parameter.
    for (step!, state, config) in (
        (adam_step!, AdamState((zeros(2, 2), zeros(3))), AdamConfig(lr = 0.5, weight_decay = 0.25, decay_roles = ROLES_WEIGHTS)),
        (sgd_step!, SgdState(), SgdConfig(lr = 0.5, weight_decay = 0.25, decay_roles = ROLES_WEIGHTS)),
    )
        params = (W = fill(8.0, 2, 2), b = fill(8.0, 3))
        grads = Gradients((zeros(2, 2), zeros(3)))
        observe!(grads)
        step!(params, grads, state, config)
        @test params.W == fill(7.0, 2, 2) && params.b == fill(8.0, 3)
    end

    state = SgdState((zeros(2, 2), zeros(Float32, 3)))
    params = steps((p, g, s) -> sgd_step!(p, g, s, SgdConfig(lr = 0.1, momentum = 0.9)), state)
    @test params.W ≈ 1 .- 0.1 .* W .- 0.1 .* (0.9 .* W .- 0.5 .* W)
    params = steps((p, g, s) -> sgd_step!(p, g, s, SgdConfig(lr = 0.1)), SgdState())
    @test params.W ≈ 1 .- 0.1 .* 0.5 .* W
end
