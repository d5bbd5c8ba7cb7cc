# What is refused, with what, and that nothing was changed.

@testset "refusals" begin
    observed(tree) = (made = Gradients(tree); observe!(made); made)

    @test refusal(() -> apply!(Gradients([1.0]))) == Trimtab.ORDER
    @test refusal(() -> stable_grad!(observed([1.0 2.0]), 0.0)) == Trimtab.BAD_REFERENCE
    @test refusal(() -> clip_norm!(observed([1.0]), -1)) == Trimtab.BAD_CONFIG
    @test refusal(() -> clip_norm!(observed([NaN]), 1)) == Trimtab.NON_FINITE
    @test refusal(() -> centralize!(clip_value!(observed([1.0 2.0]), 1))) == Trimtab.ORDER
    @test refusal(() -> Trimtab.set_threads(0)) == Trimtab.BAD_CONFIG
    @test refusal(() -> zclip!(observed([1.0]), Ref(ZclipState(-1, -1, 1)))) == Trimtab.BAD_STATE
    diverging = () -> guard!(observed([Inf]), Ref(GuardState(2, 2)), GuardConfig(max_consecutive = 3))
    @test refusal(diverging) == Trimtab.DIVERGED

    x = Float16[1, 2]
    @test refusal(() -> apply!(scale!(observed(x), 1e6))) == Trimtab.OVERFLOW
    @test x == Float16[1, 2]

    params, state = [1.0, 2.0], AdamState([0.0, 0.0])
    grads = observed([1.0, NaN])
    @test refusal(() -> adam_step!(params, grads, state)) == Trimtab.NON_FINITE
    @test params == [1.0, 2.0] && state.first[1] == [0.0, 0.0] && state.steps[].steps == 0
    grads = observed([1.0, 2.0])
    @test refusal(() -> sgd_step!(params, grads, SgdState(), SgdConfig(momentum = 0.9))) == Trimtab.NULL_POINTER

    # Which array, and which method of a chain.
    function refused(call)
        try
            call()
        catch error
            return (error.call, error.array, error.method)
        end
    end
    @test refused(() -> apply!(Gradients([1.0]))) == (:trimtab_apply, 1, nothing)
    @test refused(() -> scale!(Gradients([1.0], [2.0]), 2)) == (:trimtab_scale, 1, nothing)
    bad = observed(([1.0], [NaN]))
    @test refused(() -> scale!(bad, 2)) == (:trimtab_scale, 2, nothing)
    @test refused(() -> decide!(bad, scale(2), scale(3))) == (:trimtab_scale, 2, 1)
    two = observed(([1.0], [2.0]))
    @test refused(() -> decide!(two, scale(2), clip_norm(-1))) == (:trimtab_clip_norm, nothing, 2)
    @test two[1].affine == Trimtab.Affine()
    # The only state of a method is no array's.
    @test refused(() -> zclip!(two, Ref(ZclipState(-1, -1, 1)))) == (:trimtab_zclip, nothing, nothing)
    norms = [NormState(), NormState(NaN, 0, 1, 0)]
    @test refused(() -> gradient_stabilizer!(two, norms)) == (:trimtab_gradient_stabilizer, 2, nothing)
    @test_throws ArgumentError decide!(two, gradient_stabilizer(norms), gradient_stabilizer(norms))

    # What C could not notice.
    @test_throws DimensionMismatch gradient_stabilizer!(grads, zeros(NormState, 2))
    @test_throws DimensionMismatch agc!(grads, Moments[])
    @test_throws DimensionMismatch adam_step!([1.0], grads, state)
    @test_throws DimensionMismatch adam_step!(([1.0], [2.0]), grads, state)
    @test_throws DimensionMismatch adam_step!(Float32[1, 2], grads, state)
    @test_throws DimensionMismatch apply_into!([1.0], grads)
    @test_throws ArgumentError apply_into!(Float32[1, 2], grads)
    @test_throws ArgumentError Trimtab.trimtab_centralize(Trimtab.Roles(7), grads.tensors, 1)

    message = sprint(showerror, TrimtabError(Trimtab.ORDER, :trimtab_apply))
    @test startswith(message, "TrimtabError: trimtab_apply returned ORDER: ")
    @test length(split(message)) > 6
    message = sprint(showerror, TrimtabError(Trimtab.ORDER, :trimtab_scale, 2, 1))
    @test startswith(message, "TrimtabError: trimtab_scale, method 1 of the chain, returned ORDER for gradient 2: ")
    @test_throws ErrorException Trimtab.check(Int32(-99), :trimtab_apply)
    @test_throws ErrorException Trimtab.symbol(:trimtab_nothing_of_that_name)
    @test_throws ErrorException Trimtab.open_named("/nowhere/libtrimtab.so")
end
