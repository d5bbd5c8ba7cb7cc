!> Which tensor made a call fail: the second of three, or no single one.
program places
    use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
    use, intrinsic :: iso_fortran_env, only: real64
    use check, only: done, expect, expect_stat
    use trimtab
    implicit none

    real(real64), target :: g(2, 3), w(2, 3), m(2, 3), v(2, 3), other(3, 3)
    type(trimtab_tensor) :: grads(3), out(3)
    type(trimtab_slot) :: slots(3)
    type(trimtab_step_state) :: step
    integer :: stat, at

    call nowhere()
    call bad_gradients()
    call bad_outputs()
    call bad_slots()
    call done("places")

contains

    subroutine set_up()
        integer :: j
        g = reshape([1, -2, 3, -4, 5, -6], [2, 3])
        w = 1
        m = 0
        v = 0
        step = trimtab_step_state()
        grads = [(trimtab_weight(g(:, j)), j = 1, 3)]
        out = [(trimtab_weight(other(:2, j)), j = 1, 3)]
        slots = [(trimtab_adam_slot(w(:, j), m(:, j), v(:, j)), j = 1, 3)]
        call trimtab_observe(grads, stat, at)
        call failed(TRIMTAB_OK, TRIMTAB_NOWHERE, "observe")
        at = 77 ! so that a call that leaves it alone is seen
    end subroutine

    subroutine failed(expected, place, what)
        integer, intent(in) :: expected, place
        character(*), intent(in) :: what
        call expect_stat(stat, expected, what)
        call expect(at == place, what // ": where")
        at = 77
    end subroutine

    subroutine nowhere()
        call set_up()
        call trimtab_apply_into(grads, out, stat, at)
        call failed(TRIMTAB_OK, TRIMTAB_NOWHERE, "apply_into")
        call trimtab_adam_step(grads, slots, step, stat, trimtab_adam_config(beta1=1.0_real64), at)
        call failed(TRIMTAB_BAD_CONFIG, TRIMTAB_NOWHERE, "adam_step with a bad configuration")
        call trimtab_sgd_step(grads, slots, step, stat, trimtab_sgd_config(lr=-1.0_real64, nesterov=1), at)
        call failed(TRIMTAB_BAD_CONFIG, TRIMTAB_NOWHERE, "sgd_step with a bad configuration")
        call trimtab_apply_into(grads, out(:2), stat, at)
        call failed(TRIMTAB_BAD_LENGTH, TRIMTAB_NOWHERE, "too few outputs")
        call trimtab_adam_step(grads, slots(:2), step, stat, at=at)
        call failed(TRIMTAB_BAD_LENGTH, TRIMTAB_NOWHERE, "too few slots")
        call trimtab_adam_step(grads, slots, step, stat, at=at)
        call failed(TRIMTAB_OK, TRIMTAB_NOWHERE, "adam_step")
        call trimtab_sgd_step(grads, slots, step, stat, at=at)
        call failed(TRIMTAB_ORDER, 1, "sgd_step of spent descriptors")
        call trimtab_observe(grads, stat)
        call trimtab_apply(grads, stat, at)
        call failed(TRIMTAB_OK, TRIMTAB_NOWHERE, "apply")
    end subroutine

    !> What the C library refuses, and what this module does.
    subroutine bad_gradients()
        call set_up()
        grads(2) = trimtab_weight(g(:, 2))
        call all_writes(TRIMTAB_ORDER, 2, "not observed")
        call set_up()
        g(2, 2) = ieee_value(1.0_real64, ieee_quiet_nan)
        call trimtab_observe(grads, stat, at)
        call failed(TRIMTAB_NON_FINITE, 2, "a NaN is observed")
        call all_writes(TRIMTAB_NON_FINITE, 2, "a NaN")
        call set_up()
        grads(3) = trimtab_weight(g(1, :2))
        call trimtab_observe(grads, stat, at)
        call failed(TRIMTAB_NOT_CONTIGUOUS, 3, "a row is observed")
        call all_writes(TRIMTAB_NOT_CONTIGUOUS, 3, "a row")
    end subroutine

    subroutine all_writes(expected, place, what)
        integer, intent(in) :: expected, place
        character(*), intent(in) :: what
        call trimtab_apply(grads, stat, at)
        call failed(expected, place, what // ", apply")
        call trimtab_apply_into(grads, out, stat, at)
        call failed(expected, place, what // ", apply_into")
        call trimtab_sgd_step(grads, slots, step, stat, at=at)
        call failed(expected, place, what // ", sgd_step")
        call trimtab_adam_step(grads, slots, step, stat, at=at)
        call failed(expected, place, what // ", adam_step")
    end subroutine

    subroutine bad_outputs()
        call set_up()
        out(2) = trimtab_weight(other(:, 2))
        call trimtab_apply_into(grads, out, stat, at)
        call failed(TRIMTAB_BAD_LENGTH, 2, "an output of another length")
        out(2) = trimtab_weight(other(1, :2))
        call trimtab_apply_into(grads, out, stat, at)
        call failed(TRIMTAB_NOT_CONTIGUOUS, 2, "an output that is a row")
        out(2) = trimtab_weight(other(:2, 2))
        out(3)%dtype = TRIMTAB_F32
        call trimtab_apply_into(grads, out, stat, at)
        call failed(TRIMTAB_BAD_DTYPE, 3, "an output of another kind")
    end subroutine

    subroutine bad_slots()
        call set_up()
        slots(2) = trimtab_adam_slot(other(:, 1), other(:, 2), other(:, 3))
        call both_steps(TRIMTAB_BAD_LENGTH, 2, "a slot of another length")
        slots(2) = trimtab_adam_slot(w(:, 2), m(:, 2), other(1, :2))
        call both_steps(TRIMTAB_NOT_CONTIGUOUS, 2, "a buffer that is a row")
        slots(2) = trimtab_sgd_slot(w(:, 2))
        call trimtab_adam_step(grads, slots, step, stat, at=at)
        call failed(TRIMTAB_NULL_POINTER, 2, "Adam without moments")
        call trimtab_sgd_step(grads, slots, step, stat, trimtab_sgd_config(momentum=0.5_real64), at)
        call failed(TRIMTAB_NULL_POINTER, 2, "momentum without a buffer")
    end subroutine

    subroutine both_steps(expected, place, what)
        integer, intent(in) :: expected, place
        character(*), intent(in) :: what
        call trimtab_sgd_step(grads, slots, step, stat, at=at)
        call failed(expected, place, what // ", sgd_step")
        call trimtab_adam_step(grads, slots, step, stat, at=at)
        call failed(expected, place, what // ", adam_step")
    end subroutine
end program
