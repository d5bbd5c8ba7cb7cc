!> A chain in one call decides what its methods decide by their own procedures, to the bit; refused, it changes nothing.
program chain_of_methods
    use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
    use, intrinsic :: iso_c_binding, only: c_null_ptr
    use, intrinsic :: iso_fortran_env, only: int8, real64
    use check, only: done, expect, expect_stat
    use trimtab
    implicit none

    !> What a step changes; two of them start alike.
    type :: run
        real(real64) :: dW(3, 4), db(3)
        type(trimtab_tensor) :: grads(2)
        type(trimtab_moments) :: params(2)
        type(trimtab_norm_state) :: norms(2), norm
        type(trimtab_autoscale_state) :: autoscale
        type(trimtab_zclip_state) :: zclip
        type(trimtab_guard_state) :: guard
    end type

    type(run), target :: alone, chained, before
    type(trimtab_method), allocatable :: chain(:)
    integer :: stat, refused, at, step

    call each_method_alone()
    call a_method_without_a_procedure()
    call many_methods()
    call a_bad_step()
    call one_method_may_follow()
    call no_methods()
    call refused_by_one()
    call states_that_do_not_fit()
    call states_that_are_not_contiguous()
    deallocate (chain) ! for the leak checker: what a program has at its end it need not free
    call done("chain")

contains

    !> Two runs with the same gradients, of this step.
    subroutine observe_both()
        call observe(alone)
        call observe(chained)
    end subroutine

    subroutine observe(this)
        type(run), intent(inout), target :: this
        integer :: i
        this%dW = reshape([(sin(1.0_real64 * i * step) + 0.3_real64, i = 1, 12)], [3, 4])
        this%db = [(cos(1.0_real64 * i * step) * 5, i = 1, 3)]
        this%grads = [trimtab_weight(this%dW), trimtab_bias(this%db)]
        call trimtab_observe(this%grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "observe")
        this%params = this%grads%moments
    end subroutine

    !> The chain does to one run what procedures have done to the other.
    subroutine same_as_alone(what)
        character(*), intent(in) :: what
        call expect_stat(stat, TRIMTAB_OK, what // " by its procedure")
        call trimtab_decide(chained%grads, chain, stat, refused, at)
        call expect_stat(stat, TRIMTAB_OK, what // " in a chain")
        call expect(refused == TRIMTAB_NOWHERE .and. at == TRIMTAB_NOWHERE, what // " refuses nothing")
        call expect(same(bytes_of(chained), bytes_of(alone)), what // " decides the same")
    end subroutine

    !> All of it but where the arrays are.
    function bytes_of(this) result(bytes)
        type(run), intent(in) :: this
        integer(int8), allocatable :: bytes(:)
        type(run) :: copy
        copy = this
        copy%grads%data = c_null_ptr
        bytes = transfer(copy, [0_int8])
    end function

    pure logical function same(a, b)
        integer(int8), intent(in) :: a(:), b(:)
        same = size(a) == size(b)
        if (same) same = all(a == b)
    end function

    !> Each with its defaults and with a configuration of its own, twice: states go on.
    subroutine each_method_alone()
        do step = 1, 2
            call values()
            call with_defaults()
            call with_configurations()
        end do
    end subroutine

    !> AdaGC, in a warm-up of one step and after it: by the global norm, then 1.05 times the average.
    subroutine a_method_without_a_procedure()
        type(trimtab_norm_state), target :: past(2)
        real(real64) :: total, norm
        chain = [trimtab_adagc_method(past, trimtab_adagc_config(warmup=1))]
        call observe_both()
        total = sqrt(sum(alone%grads%moments%sum_sq))
        norm = trimtab_moments_norm(alone%grads(1)%moments)
        call trimtab_decide(chained%grads, chain, stat)
        call expect_stat(stat, TRIMTAB_OK, "adagc")
        call expect(all(abs(chained%grads%affine%scale * total - 1) < 1e-12_real64), "adagc clips by the global norm")
        call expect(abs(past(1)%m * total / norm - 1) < 1e-12_real64, "adagc remembers the clipped norm")
        call observe_both()
        call trimtab_decide(chained%grads, chain, stat)
        total = total / 1.05_real64
        call expect(all(abs(chained%grads%affine%scale * total - 1) < 1e-12_real64), "adagc clips by the past")
        call expect(all(past%steps == 2), "adagc counts steps")
    end subroutine

    subroutine values()
        call observe_both()
        call trimtab_unscale(alone%grads, 8.0_real64, stat)
        chain = [trimtab_unscale_method(8.0_real64)]
        call same_as_alone("unscale")
        call trimtab_scale(alone%grads, 3.0_real64, stat)
        chain = [trimtab_scale_method(3.0_real64)]
        call same_as_alone("scale")
        call trimtab_centralize(alone%grads, TRIMTAB_ROLES_ALL, stat)
        chain = [trimtab_centralize_method(TRIMTAB_ROLES_ALL)]
        call same_as_alone("centralize")
        call trimtab_clip_norm(alone%grads, 0.5_real64, TRIMTAB_SCOPE_GLOBAL, stat)
        chain = [trimtab_clip_norm_method(0.5_real64, TRIMTAB_SCOPE_GLOBAL)]
        call same_as_alone("clip_norm over all")
        call trimtab_clip_norm(alone%grads, 0.25_real64, TRIMTAB_SCOPE_TENSOR, stat)
        chain = [trimtab_clip_norm_method(0.25_real64, TRIMTAB_SCOPE_TENSOR)]
        call same_as_alone("clip_norm of each")
        call trimtab_clip_value(alone%grads, 0.125_real64, stat)
        chain = [trimtab_clip_value_method(0.125_real64)]
        call same_as_alone("clip_value")
    end subroutine

    subroutine with_defaults()
        call observe_both()
        call trimtab_guard(alone%grads, alone%guard, stat)
        chain = [trimtab_guard_method(chained%guard)]
        call same_as_alone("guard")
        call trimtab_gradient_stabilizer(alone%grads, alone%norms, stat)
        chain = [trimtab_gradient_stabilizer_method(chained%norms)]
        call same_as_alone("gradient_stabilizer")
        call trimtab_autoscale(alone%grads, alone%autoscale, stat)
        chain = [trimtab_autoscale_method(chained%autoscale)]
        call same_as_alone("autoscale")
        call trimtab_stable_grad(alone%grads, 2.0_real64, stat)
        chain = [trimtab_stable_grad_method(2.0_real64)]
        call same_as_alone("stable_grad")
        call trimtab_znorm(alone%grads, stat)
        chain = [trimtab_znorm_method()]
        call same_as_alone("znorm")
        call trimtab_agc(alone%grads, alone%params, stat)
        chain = [trimtab_agc_method(chained%params)]
        call same_as_alone("agc")
        call trimtab_zclip(alone%grads, alone%zclip, stat)
        chain = [trimtab_zclip_method(chained%zclip)]
        call same_as_alone("zclip")
    end subroutine

    !> Each configuration changes what the defaults would decide.
    subroutine with_configurations()
        type(trimtab_gradient_stabilizer_config) :: over_all
        over_all = trimtab_gradient_stabilizer_config(scope=TRIMTAB_SCOPE_GLOBAL, gamma1=0.25_real64)
        call observe_both()
        call trimtab_gradient_stabilizer(alone%grads, alone%norms(:1), stat, over_all)
        chain = [trimtab_gradient_stabilizer_method(chained%norms(1), over_all)]
        call same_as_alone("gradient_stabilizer over all")
        call trimtab_stable_grad(alone%grads, 2.0_real64, stat, trimtab_stable_grad_config(eps=0.5_real64))
        chain = [trimtab_stable_grad_method(2.0_real64, trimtab_stable_grad_config(eps=0.5_real64))]
        call same_as_alone("stable_grad with eps")
        call trimtab_znorm(alone%grads, stat, trimtab_znorm_config(roles=TRIMTAB_ROLES_ALL))
        chain = [trimtab_znorm_method(trimtab_znorm_config(roles=TRIMTAB_ROLES_ALL))]
        call same_as_alone("znorm of all")
        call trimtab_agc(alone%grads, alone%params, stat, trimtab_agc_config(clipping=1e-4_real64))
        chain = [trimtab_agc_method(chained%params, trimtab_agc_config(clipping=1e-4_real64))]
        call same_as_alone("agc with clipping")
        call trimtab_zclip(alone%grads, alone%zclip, stat, trimtab_zclip_config(max_norm=1e-6_real64))
        chain = [trimtab_zclip_method(chained%zclip, trimtab_zclip_config(max_norm=1e-6_real64))]
        call same_as_alone("zclip with max_norm")
    end subroutine

    !> Made once and used in every step.
    subroutine many_methods()
        chain = [trimtab_guard_method(chained%guard), trimtab_unscale_method(4.0_real64), &
            trimtab_gradient_stabilizer_method(chained%norms), &
            trimtab_clip_norm_method(1.0_real64, TRIMTAB_SCOPE_GLOBAL)]
        do step = 3, 5
            call observe_both()
            call trimtab_guard(alone%grads, alone%guard, stat)
            call expect_stat(stat, TRIMTAB_OK, "first link")
            call trimtab_unscale(alone%grads, 4.0_real64, stat)
            call expect_stat(stat, TRIMTAB_OK, "second link")
            call trimtab_gradient_stabilizer(alone%grads, alone%norms, stat)
            call expect_stat(stat, TRIMTAB_OK, "third link")
            call trimtab_clip_norm(alone%grads, 1.0_real64, TRIMTAB_SCOPE_GLOBAL, stat)
            call same_as_alone("a chain of four")
        end do
    end subroutine

    !> The guard counts, and what stands behind it is not asked; with zeros it goes on.
    subroutine a_bad_step()
        call observe(chained)
        chained%guard = trimtab_guard_state()
        chained%dW(2, 2) = ieee_value(1.0_real64, ieee_quiet_nan)
        before = chained
        call trimtab_observe(chained%grads, stat, at)
        call expect_stat(stat, TRIMTAB_NON_FINITE, "a NaN is observed")
        call expect(at == 1, "in the first tensor")
        call trimtab_decide(chained%grads, chain, stat, refused, at)
        call expect_stat(stat, TRIMTAB_SKIP_STEP, "a bad step")
        call expect(refused == TRIMTAB_NOWHERE .and. at == TRIMTAB_NOWHERE, "is not refused")
        call expect(chained%guard%total == 1, "is counted")
        call expect(same(transfer(chained%norms, [0_int8]), transfer(before%norms, [0_int8])), &
            "reaches no state behind the guard")
        chain(1) = trimtab_guard_method(chained%guard, trimtab_guard_config(policy=TRIMTAB_GUARD_ZERO))
        call trimtab_decide(chained%grads, chain, stat, refused, at)
        call expect_stat(stat, TRIMTAB_OK, "zeros")
        call expect(chained%guard%total == 2, "is counted again")
    end subroutine

    !> A chain of one is the method by itself; a longer one starts right after observe.
    subroutine one_method_may_follow()
        call observe(chained)
        chain = [trimtab_scale_method(2.0_real64), trimtab_scale_method(3.0_real64)]
        call trimtab_decide(chained%grads, chain(:1), stat)
        call trimtab_decide(chained%grads, chain(2:), stat)
        call expect_stat(stat, TRIMTAB_OK, "one after another")
        call expect(all(nint(chained%grads%affine%scale) == 6), "2 times 3")
        call trimtab_decide(chained%grads, chain, stat, refused, at)
        call expect_stat(stat, TRIMTAB_ORDER, "two after others")
        call expect(refused == 1 .and. at == 1, "the first method and tensor")
        call expect(all(nint(chained%grads%affine%scale) == 6), "and nothing is decided")
    end subroutine

    subroutine no_methods()
        call observe(chained)
        call trimtab_decide(chained%grads, chain(:0), stat, refused, at)
        call expect_stat(stat, TRIMTAB_OK, "no methods")
        chain = [trimtab_gradient_stabilizer_method(chained%norms(:0))]
        call trimtab_decide(chained%grads(:0), chain, stat, refused, at)
        call expect_stat(stat, TRIMTAB_OK, "no gradients")
    end subroutine

    !> The refusal of `chain`, which leaves every byte as it is.
    subroutine expect_refused(expected, method, tensor, what)
        integer, intent(in) :: expected, method, tensor
        character(*), intent(in) :: what
        before = chained
        call trimtab_decide(chained%grads, chain, stat, refused, at)
        call expect_stat(stat, expected, what)
        call expect(refused == method, what // ": the method")
        call expect(at == tensor, what // ": the tensor")
        call expect(same(bytes_of(chained), bytes_of(before)), what // " changes nothing")
    end subroutine

    !> Methods in front of it have states, which stay.
    subroutine refused_by_one()
        type(trimtab_method) :: good(2)
        call observe(chained)
        good = [trimtab_guard_method(chained%guard), trimtab_gradient_stabilizer_method(chained%norms)]
        chain = [good, trimtab_clip_norm_method(-1.0_real64, TRIMTAB_SCOPE_GLOBAL)]
        call expect_refused(TRIMTAB_BAD_CONFIG, 3, TRIMTAB_NOWHERE, "a negative norm")
        chain = [good, trimtab_znorm_method(trimtab_znorm_config(eps=-1.0_real64))]
        call expect_refused(TRIMTAB_BAD_CONFIG, 3, TRIMTAB_NOWHERE, "a negative eps")
        call trimtab_decide(chained%grads, [good, trimtab_clip_value_method(1.0_real64)], stat)
        call expect_stat(stat, TRIMTAB_OK, "clip_value ends a chain")
        call observe(chained)
        chain = [good, trimtab_clip_value_method(1.0_real64), trimtab_znorm_method()]
        call expect_refused(TRIMTAB_ORDER, 4, 1, "znorm after clip_value")
        chained%params(2)%sum_sq = -1
        chain = [good, trimtab_agc_method(chained%params)]
        call expect_refused(TRIMTAB_BAD_STATE, 3, 2, "a negative sum of squares")
        chained%grads(2)%dtype = 17
        chain = good
        call expect_refused(TRIMTAB_BAD_DTYPE, TRIMTAB_NOWHERE, 2, "an unknown element type")
    end subroutine

    !> As many states and moments as there are tensors, or one state in all.
    subroutine states_that_do_not_fit()
        type(trimtab_gradient_stabilizer_config) :: over_all
        over_all = trimtab_gradient_stabilizer_config(scope=TRIMTAB_SCOPE_GLOBAL)
        call observe(chained)
        chain = [trimtab_scale_method(2.0_real64), trimtab_gradient_stabilizer_method(chained%norm)]
        call expect_refused(TRIMTAB_BAD_LENGTH, 2, TRIMTAB_NOWHERE, "one state for two tensors")
        chain = [trimtab_gradient_stabilizer_method(chained%norms, over_all)]
        call expect_refused(TRIMTAB_BAD_LENGTH, 1, TRIMTAB_NOWHERE, "two states for all tensors together")
        chain = [trimtab_agc_method(chained%params(:1))]
        call expect_refused(TRIMTAB_BAD_LENGTH, 1, TRIMTAB_NOWHERE, "moments of one parameter")
    end subroutine

    subroutine states_that_are_not_contiguous()
        type(trimtab_norm_state), target :: table(2, 2)
        type(trimtab_moments), target :: params(2, 2)
        call observe(chained)
        chain = [trimtab_scale_method(2.0_real64), trimtab_gradient_stabilizer_method(table(1, :))]
        call expect_refused(TRIMTAB_NOT_CONTIGUOUS, 2, TRIMTAB_NOWHERE, "a row of states")
        chain = [trimtab_agc_method(params(1, :))]
        call expect_refused(TRIMTAB_NOT_CONTIGUOUS, 1, TRIMTAB_NOWHERE, "a row of moments")
        chain = [trimtab_gradient_stabilizer_method(table(:, 1))]
        chained%grads(2) = trimtab_bias(chained%dW(1, :))
        call expect_refused(TRIMTAB_NOT_CONTIGUOUS, TRIMTAB_NOWHERE, 2, "a row of a gradient")
    end subroutine
end program
