# States of every kind saved, loaded, and refused when they are damaged.

@testset "states" begin
    norms = [NormState(1, 2, 3, 0), NormState(4, 5, 6, 1)]
    autoscale, zclip = Ref(AutoscaleState(0.5, 2, 0.9, 7)), Ref(ZclipState(1, 0.5, 8))
    guarding, adam, sgd = Ref(GuardState(1, 2)), AdamState([1.0]), SgdState()
    adam.steps[] = Trimtab.StepState(9)
    saved = (norms, autoscale, zclip, guarding, adam, sgd)
    bytes = save_states(saved)
    # A header, six entries, and the fields of the states.
    @test length(bytes) == 32 + 6 * 16 + 2 * 32 + 32 + 24 + 16 + 8 + 8

    fresh = (zeros(NormState, 2), Ref(AutoscaleState()), Ref(ZclipState()), Ref(GuardState()), AdamState([1.0]), SgdState())
    @test load_states!(fresh, bytes) === fresh
    @test fresh[1] == norms
    @test map(ref -> ref[], fresh[2:4]) == (autoscale[], zclip[], guarding[])
    @test fresh[5].steps[].steps == 9 && fresh[6].steps[].steps == 0

    others = (zeros(NormState, 2), Ref(GuardState()))
    @test refusal(() -> load_states!(others, bytes)) == Trimtab.WRONG_KIND
    @test refusal(() -> load_states!((zeros(NormState, 3),), save_states((norms,)))) == Trimtab.WRONG_COUNT
    @test refusal(() -> load_states!(fresh, bytes[1:end-1])) == Trimtab.TRUNCATED
    bytes[end-8] = xor(bytes[end-8], 0x01)
    fresh[4][] = GuardState(5, 5)
    @test refusal(() -> load_states!(fresh, bytes)) == Trimtab.BAD_CHECKSUM
    @test fresh[4][] == GuardState(5, 5)
    @test_throws MethodError save_states(([1.0, 2.0],))
end
