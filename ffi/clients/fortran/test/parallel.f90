!> Calls on different tensors and states at the same time, from the threads of OpenMP if compiled with it.
program parallel
    use, intrinsic :: iso_fortran_env, only: real64
    use check, only: done, expect, same_bits
    use trimtab
    implicit none

    integer, parameter :: RUNS = 32, LENGTH = 500, STEPS = 20

    real(real64), target :: one_by_one(LENGTH, RUNS), at_once(LENGTH, RUNS)
    integer :: stats(RUNS), run

    do run = 1, RUNS
        call train(run, one_by_one(:, run), stats(run))
    end do
    call expect(all(stats == TRIMTAB_OK), "one after the other")
    !$omp parallel do schedule(dynamic, 1)
    do run = 1, RUNS
        call train(run, at_once(:, run), stats(run))
    end do
    !$omp end parallel do
    call expect(all(stats == TRIMTAB_OK), "at the same time")
    do run = 1, RUNS
        call expect(same_bits(at_once(:, run), one_by_one(:, run)), "the same bits")
    end do
    call expect(.not. same_bits(at_once(:, 1), at_once(:, 2)), "of runs that differ")
    call done("parallel")

contains

    !> Some steps towards 0, each run with gradients of its own.
    subroutine train(run, param, stat)
        integer, intent(in) :: run
        real(real64), intent(inout), target :: param(:)
        integer, intent(out) :: stat
        real(real64), target :: gradient(LENGTH), first(LENGTH), second(LENGTH)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_slot) :: slots(1)
        type(trimtab_norm_state) :: norms(1)
        type(trimtab_step_state) :: state
        integer :: i, step
        param = 1
        first = 0
        second = 0
        grads(1) = trimtab_weight(gradient)
        slots(1) = trimtab_adam_slot(param, first, second)
        do step = 1, STEPS
            gradient = [(param(i) * (1 + sin(0.1_real64 * i * run)), i = 1, LENGTH)]
            call trimtab_observe(grads, stat)
            if (stat == TRIMTAB_OK) call trimtab_gradient_stabilizer(grads, norms, stat)
            if (stat == TRIMTAB_OK) call trimtab_adam_step(grads, slots, state, stat)
            if (stat /= TRIMTAB_OK) return
        end do
    end subroutine
end program
