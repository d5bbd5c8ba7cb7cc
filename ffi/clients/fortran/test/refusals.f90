!> Calls that must be refused, each with its status and with every byte compared before and after.
program refusals
    use, intrinsic :: ieee_arithmetic, only: ieee_positive_inf, ieee_quiet_nan, ieee_value
    use, intrinsic :: iso_c_binding, only: c_loc
    use, intrinsic :: iso_fortran_env, only: int8, int16, int32, real32, real64
    use check, only: done, expect, expect_stat
    use trimtab
    implicit none

    !> All memory that a call of this program can reach. The gradients are 4 and 3 elements long.
    type :: memory
        real(real64) :: dW(2, 2) = 0, db(3) = 0, W(2, 2) = 0, b(3) = 0, matrix(4, 4) = 0
        real(real64) :: mW(2, 2) = 0, vW(2, 2) = 0, mb(3) = 0, vb(3) = 0
        type(trimtab_tensor) :: grads(2), out(2)
        type(trimtab_slot) :: slots(2)
        type(trimtab_moments) :: params(2)
        type(trimtab_norm_state) :: norms(2)
        type(trimtab_autoscale_state) :: autoscale
        type(trimtab_zclip_state) :: zclip
        type(trimtab_guard_state) :: guard
        type(trimtab_step_state) :: step
    end type

    type(memory), target :: now, before, empty
    integer :: stat

    call arrays_that_are_not_contiguous()
    call lengths_that_do_not_match()
    call element_types()
    call configurations()
    call states()
    call values()
    call order()
    call pointers()
    call done("refusals")

contains

    !> Two good gradients, observed, with a factor pending.
    subroutine set_up()
        now = empty
        now%W = 3
        now%b = 4
        now%matrix = 5
        now%dW = reshape([1, -2, 3, 4], [2, 2])
        now%db = [0.5_real64, 0.25_real64, -8.0_real64]
        now%grads = [trimtab_weight(now%dW), trimtab_bias(now%db)]
        now%out = [trimtab_weight(now%matrix(:, 1)), trimtab_bias(now%matrix(:3, 2))]
        now%slots = [trimtab_adam_slot(now%W, now%mW, now%vW), trimtab_adam_slot(now%b, now%mb, now%vb)]
        call trimtab_observe(now%grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "observe")
        now%params = now%grads%moments
        call trimtab_scale(now%grads, 2.0_real64, stat)
        call expect_stat(stat, TRIMTAB_OK, "scale")
        call remember()
    end subroutine

    subroutine remember()
        before = now
    end subroutine

    !> The status of the last call, and nothing changed.
    subroutine refused(expected, what)
        integer, intent(in) :: expected
        character(*), intent(in) :: what
        call expect_stat(stat, expected, what)
        call expect(all(transfer(now, [0_int8]) == transfer(before, [0_int8])), what // " changes nothing")
    end subroutine

    !> Every call says so of every array that it takes.
    subroutine arrays_that_are_not_contiguous()
        call set_up()
        now%grads(2) = trimtab_bias(now%matrix(2, :3))
        call expect_all_refused(TRIMTAB_NOT_CONTIGUOUS)
        call set_up()
        now%out(2) = trimtab_bias(now%matrix(2, :3))
        now%slots(2) = trimtab_adam_slot(now%b, now%mb, now%matrix(1, :3))
        call remember()
        call trimtab_apply_into(now%grads, now%out, stat)
        call refused(TRIMTAB_NOT_CONTIGUOUS, "apply_into a row")
        call trimtab_sgd_step(now%grads, now%slots, now%step, stat)
        call refused(TRIMTAB_NOT_CONTIGUOUS, "sgd_step with a row")
        call trimtab_adam_step(now%grads, now%slots, now%step, stat)
        call refused(TRIMTAB_NOT_CONTIGUOUS, "adam_step with a row")
    end subroutine

    !> Every call that takes gradients.
    subroutine expect_all_refused(expected)
        integer, intent(in) :: expected
        call remember()
        call trimtab_observe(now%grads, stat)
        call refused(expected, "observe")
        call trimtab_guard(now%grads, now%guard, stat)
        call refused(expected, "guard")
        call trimtab_unscale(now%grads, 2.0_real64, stat)
        call refused(expected, "unscale")
        call trimtab_scale(now%grads, 2.0_real64, stat)
        call refused(expected, "scale")
        call trimtab_stable_grad(now%grads, 1.0_real64, stat)
        call refused(expected, "stable_grad")
        call trimtab_gradient_stabilizer(now%grads, now%norms, stat)
        call refused(expected, "gradient_stabilizer")
        call trimtab_autoscale(now%grads, now%autoscale, stat)
        call refused(expected, "autoscale")
        call trimtab_centralize(now%grads, TRIMTAB_ROLES_ALL, stat)
        call refused(expected, "centralize")
        call trimtab_znorm(now%grads, stat)
        call refused(expected, "znorm")
        call trimtab_clip_norm(now%grads, 1.0_real64, TRIMTAB_SCOPE_GLOBAL, stat)
        call refused(expected, "clip_norm")
        call trimtab_clip_value(now%grads, 1.0_real64, stat)
        call refused(expected, "clip_value")
        call trimtab_agc(now%grads, now%params, stat)
        call refused(expected, "agc")
        call trimtab_zclip(now%grads, now%zclip, stat)
        call refused(expected, "zclip")
        call trimtab_apply(now%grads, stat)
        call refused(expected, "apply")
        call trimtab_apply_into(now%grads, now%out, stat)
        call refused(expected, "apply_into")
        call trimtab_sgd_step(now%grads, now%slots, now%step, stat)
        call refused(expected, "sgd_step")
        call trimtab_adam_step(now%grads, now%slots, now%step, stat)
        call refused(expected, "adam_step")
    end subroutine

    subroutine lengths_that_do_not_match()
        call set_up()
        call trimtab_gradient_stabilizer(now%grads, now%norms(:1), stat)
        call refused(TRIMTAB_BAD_LENGTH, "one state for two tensors")
        call trimtab_gradient_stabilizer(now%grads, now%norms, stat, &
            trimtab_gradient_stabilizer_config(scope=TRIMTAB_SCOPE_GLOBAL))
        call refused(TRIMTAB_BAD_LENGTH, "two states for all tensors together")
        call trimtab_agc(now%grads, now%params(:1), stat)
        call refused(TRIMTAB_BAD_LENGTH, "moments of one parameter")
        call trimtab_apply_into(now%grads, now%out(:1), stat)
        call refused(TRIMTAB_BAD_LENGTH, "one output")
        call trimtab_apply_into(now%grads, now%out(2:1:-1), stat)
        call refused(TRIMTAB_BAD_LENGTH, "outputs in another order")
        call trimtab_sgd_step(now%grads, now%slots(:1), now%step, stat)
        call refused(TRIMTAB_BAD_LENGTH, "one slot")
        call trimtab_adam_step(now%grads, now%slots(2:1:-1), now%step, stat)
        call refused(TRIMTAB_BAD_LENGTH, "slots in another order")
        call trimtab_adam_step(now%grads(:1), now%slots, now%step, stat)
        call refused(TRIMTAB_BAD_LENGTH, "too many slots")
        now%slots(1) = trimtab_adam_slot(now%W, now%mb, now%vW)
        call remember()
        call trimtab_adam_step(now%grads, now%slots, now%step, stat)
        call refused(TRIMTAB_BAD_LENGTH, "a buffer of another length")
        call set_up()
        call describe_assumed_size(now%dW)
        call expect_all_refused(TRIMTAB_BAD_LENGTH)
    end subroutine

    subroutine describe_assumed_size(gradient)
        real(real64), intent(inout), target :: gradient(*)
        now%grads(1) = trimtab_weight(gradient)
    end subroutine

    subroutine element_types()
        integer(int16), target :: half(4)
        real(real32), target :: single(4)
        type(trimtab_moments) :: chunk
        half = 0
        single = 0
        call set_up()
        now%grads(1)%dtype = 17
        call expect_all_refused(TRIMTAB_BAD_DTYPE)
        call set_up()
        now%grads(1) = trimtab_weight(half, TRIMTAB_F32)
        call expect_all_refused(TRIMTAB_BAD_DTYPE)
        call set_up()
        now%out(1) = trimtab_weight(single)
        call remember()
        call trimtab_apply_into(now%grads, now%out, stat)
        call refused(TRIMTAB_BAD_DTYPE, "apply_into another kind")
        call trimtab_observe_chunk(chunk, half, TRIMTAB_F64, stat)
        call refused(TRIMTAB_BAD_DTYPE, "a chunk of 16 bits as real64")
        call expect(chunk%count == 0, "nothing is counted")
    end subroutine

    subroutine configurations()
        call set_up()
        call trimtab_unscale(now%grads, 0.0_real64, stat)
        call refused(TRIMTAB_BAD_CONFIG, "a loss scale of 0")
        call trimtab_scale(now%grads, ieee_value(1.0_real64, ieee_positive_inf), stat)
        call refused(TRIMTAB_BAD_CONFIG, "an infinite factor")
        call trimtab_centralize(now%grads, 2_int32, stat)
        call refused(TRIMTAB_BAD_CONFIG, "unknown roles")
        call trimtab_clip_norm(now%grads, -1.0_real64, TRIMTAB_SCOPE_GLOBAL, stat)
        call refused(TRIMTAB_BAD_CONFIG, "a negative norm")
        call trimtab_clip_norm(now%grads, 1.0_real64, 2_int32, stat)
        call refused(TRIMTAB_BAD_CONFIG, "an unknown scope")
        call trimtab_clip_value(now%grads, 0.0_real64, stat)
        call refused(TRIMTAB_BAD_CONFIG, "a limit of 0")
        call trimtab_guard(now%grads, now%guard, stat, trimtab_guard_config(policy=2))
        call refused(TRIMTAB_BAD_CONFIG, "guard")
        call trimtab_stable_grad(now%grads, 1.0_real64, stat, trimtab_stable_grad_config(eps=-1.0_real64))
        call refused(TRIMTAB_BAD_CONFIG, "stable_grad")
        call trimtab_gradient_stabilizer(now%grads, now%norms, stat, trimtab_gradient_stabilizer_config(scope=2))
        call refused(TRIMTAB_BAD_CONFIG, "gradient_stabilizer")
        call trimtab_znorm(now%grads, stat, trimtab_znorm_config(struct_size=8))
        call refused(TRIMTAB_BAD_CONFIG, "znorm")
        call trimtab_agc(now%grads, now%params, stat, trimtab_agc_config(clipping=0.0_real64))
        call refused(TRIMTAB_BAD_CONFIG, "agc")
        call trimtab_zclip(now%grads, now%zclip, stat, trimtab_zclip_config(warmup=0))
        call refused(TRIMTAB_BAD_CONFIG, "zclip")
        call trimtab_sgd_step(now%grads, now%slots, now%step, stat, trimtab_sgd_config(momentum=1.0_real64))
        call refused(TRIMTAB_BAD_CONFIG, "sgd_step")
        call trimtab_adam_step(now%grads, now%slots, now%step, stat, trimtab_adam_config(beta1=1.0_real64))
        call refused(TRIMTAB_BAD_CONFIG, "adam_step")
        now%grads(2)%role = 2
        call expect_all_refused(TRIMTAB_BAD_CONFIG)
    end subroutine

    subroutine states()
        call set_up()
        now%norms(2)%m = -1
        now%autoscale%exponent = 2
        now%autoscale%steps = 1
        now%zclip%var = ieee_value(1.0_real64, ieee_quiet_nan)
        call remember()
        call trimtab_gradient_stabilizer(now%grads, now%norms, stat)
        call refused(TRIMTAB_BAD_STATE, "a negative average")
        call trimtab_autoscale(now%grads, now%autoscale, stat)
        call refused(TRIMTAB_BAD_STATE, "an exponent above 1")
        call trimtab_zclip(now%grads, now%zclip, stat)
        call refused(TRIMTAB_BAD_STATE, "a variance that is NaN")
        call trimtab_moments_merge(now%params(1), now%params(2), stat)
        call expect_stat(stat, TRIMTAB_OK, "moments merge")
        now%params(1)%sum_sq = -1
        call remember()
        call trimtab_observe_chunk(now%params(1), now%db, stat)
        call refused(TRIMTAB_BAD_STATE, "a negative sum of squares")
    end subroutine

    subroutine values()
        call set_up()
        call trimtab_stable_grad(now%grads, 0.0_real64, stat)
        call refused(TRIMTAB_BAD_REFERENCE, "a reference of 0")
        call trimtab_scale(now%grads, 5e307_real64, stat)
        call expect_stat(stat, TRIMTAB_OK, "an enormous factor")
        call remember()
        call trimtab_apply(now%grads, stat)
        call refused(TRIMTAB_OVERFLOW, "apply of an enormous factor")
        call trimtab_apply_into(now%grads, now%out, stat)
        call refused(TRIMTAB_OVERFLOW, "apply_into of an enormous factor")
        call trimtab_adam_step(now%grads, now%slots, now%step, stat)
        call refused(TRIMTAB_OVERFLOW, "adam_step of an enormous factor")
        call set_up()
        now%dW(2, 1) = ieee_value(1.0_real64, ieee_quiet_nan)
        call trimtab_observe(now%grads, stat)
        call expect_stat(stat, TRIMTAB_NON_FINITE, "a NaN is observed")
        call remember()
        call trimtab_stable_grad(now%grads, 1.0_real64, stat)
        call refused(TRIMTAB_NON_FINITE, "stable_grad of NaN")
        call trimtab_adam_step(now%grads, now%slots, now%step, stat)
        call refused(TRIMTAB_NON_FINITE, "adam_step of NaN")
        call trimtab_guard(now%grads, now%guard, stat, trimtab_guard_config(max_consecutive=1))
        call refused(TRIMTAB_DIVERGED, "the first bad step is one too many")
    end subroutine

    subroutine order()
        call set_up()
        now%grads(1) = trimtab_weight(now%dW)
        call remember()
        call trimtab_stable_grad(now%grads, 1.0_real64, stat)
        call refused(TRIMTAB_ORDER, "stable_grad before observe")
        call trimtab_apply(now%grads, stat)
        call refused(TRIMTAB_ORDER, "apply before observe")
        call set_up()
        call trimtab_clip_value(now%grads, 1.0_real64, stat)
        call expect_stat(stat, TRIMTAB_OK, "clip_value")
        call remember()
        call trimtab_clip_norm(now%grads, 1.0_real64, TRIMTAB_SCOPE_GLOBAL, stat)
        call refused(TRIMTAB_ORDER, "clip_norm after clip_value")
    end subroutine

    !> What only descriptors made by hand and slots without a buffer can lack.
    subroutine pointers()
        integer(int8), target :: bytes(48)
        integer :: i
        bytes = 0
        call set_up()
        now%slots = [trimtab_sgd_slot(now%W), trimtab_sgd_slot(now%b)]
        call remember()
        call trimtab_sgd_step(now%grads, now%slots, now%step, stat, trimtab_sgd_config(momentum=0.9_real64))
        call refused(TRIMTAB_NULL_POINTER, "momentum without a buffer")
        call trimtab_adam_step(now%grads, now%slots, now%step, stat)
        call refused(TRIMTAB_NULL_POINTER, "Adam without moments")
        ! Of two neighbouring addresses one at least is no multiple of 8.
        do i = 1, 2
            now%grads(i)%data = c_loc(bytes(i))
        end do
        call remember()
        call trimtab_observe(now%grads, stat)
        call refused(TRIMTAB_MISALIGNED, "an odd address")
    end subroutine
end program
