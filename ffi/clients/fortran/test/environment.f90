!> In programs that halt at floating-point exceptions no call halts, and modes and flags are afterwards what they were.
program environment
    use, intrinsic :: ieee_arithmetic, only: ieee_is_nan, ieee_quiet_nan, ieee_value
    use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_get_flag, ieee_get_halting_mode, ieee_inexact, &
        ieee_invalid, ieee_set_flag, ieee_set_halting_mode, ieee_support_halting, ieee_usual
    use, intrinsic :: iso_fortran_env, only: real64
    use check, only: done, expect, expect_stat
    use trimtab
    implicit none

    real(real64), target :: dW(3), db(2), W(3), b(2), m(5), v(5), other(5)
    type(trimtab_tensor) :: grads(2), out(2)
    type(trimtab_slot) :: slots(2)
    type(trimtab_moments) :: moments
    type(trimtab_norm_state) :: norms(2)
    type(trimtab_autoscale_state) :: autoscale
    type(trimtab_zclip_state) :: zclip
    type(trimtab_guard_state) :: guard
    type(trimtab_step_state) :: step
    logical :: halting(size(ieee_all)), before(size(ieee_all))
    integer :: stat

    if (ieee_support_halting(ieee_invalid)) call ieee_set_halting_mode(ieee_usual, .true.)
    call ieee_get_halting_mode(ieee_all, before)
    call ieee_set_flag(ieee_all, .false.)
    call ieee_set_flag(ieee_inexact, .true.)

    dW = [1, 2, 3]
    db = 0 ! norm 0, standard deviation 0
    W = 0; b = 0; m = 0; v = 0
    grads = [trimtab_weight(dW), trimtab_bias(db)]
    out = [trimtab_weight(other(:3)), trimtab_bias(other(4:))]
    slots = [trimtab_adam_slot(W, m(:3), v(:3)), trimtab_adam_slot(b, m(4:), v(4:))]

    call trimtab_observe(grads, stat)
    call unchanged("observe")
    call trimtab_guard(grads, guard, stat)
    call unchanged("guard")
    call trimtab_unscale(grads, 3.0_real64, stat)
    call unchanged("unscale")
    call trimtab_scale(grads, 1 / 7.0_real64, stat)
    call unchanged("scale")
    call trimtab_stable_grad(grads, 0.1_real64, stat, trimtab_stable_grad_config(roles=TRIMTAB_ROLES_ALL))
    call unchanged("stable_grad")
    call trimtab_gradient_stabilizer(grads, norms, stat)
    call unchanged("gradient_stabilizer")
    call trimtab_autoscale(grads, autoscale, stat)
    call unchanged("autoscale")
    call trimtab_centralize(grads, TRIMTAB_ROLES_ALL, stat)
    call unchanged("centralize")
    call trimtab_znorm(grads, stat)
    call unchanged("znorm")
    call trimtab_agc(grads, (grads%moments), stat)
    call unchanged("agc")
    call trimtab_zclip(grads, zclip, stat)
    call unchanged("zclip")
    call trimtab_clip_norm(grads, 1e-3_real64, TRIMTAB_SCOPE_TENSOR, stat)
    call unchanged("clip_norm")
    call trimtab_apply_into(grads, out, stat)
    call unchanged("apply_into")
    call trimtab_adam_step(grads, slots, step, stat)
    call unchanged("adam_step")
    call trimtab_observe(grads, stat)
    call trimtab_decide(grads, [trimtab_unscale_method(3.0_real64), trimtab_znorm_method()], stat)
    call unchanged("decide")
    call trimtab_sgd_step(grads, slots, step, stat)
    call unchanged("sgd_step")
    call trimtab_observe(grads, stat)
    call trimtab_outlook(grads(1), moments, stat)
    call unchanged("outlook")
    moments = trimtab_moments()
    call trimtab_clip_value(grads, 1e-4_real64, stat)
    call unchanged("clip_value")
    call trimtab_apply(grads, stat)
    call unchanged("apply")
    call trimtab_moments_merge(moments, moments, stat)
    call unchanged("merge")
    call expect(ieee_is_nan(trimtab_moments_mean(moments)), "0 / 0")
    call unchanged("mean")
    call expect(ieee_is_nan(trimtab_moments_std(moments)), "0 / -1")
    call unchanged("std")
    moments%sum_sq = -1
    call expect(ieee_is_nan(trimtab_moments_norm(moments)), "root of -1")
    call unchanged("norm")
    call expect(ieee_is_nan(trimtab_init_std(TRIMTAB_TANH, 0)), "gain / 0")
    call unchanged("init_std")
    call trimtab_set_threads(1, stat)
    call unchanged("set_threads")

    dW(2) = ieee_value(1.0_real64, ieee_quiet_nan)
    call trimtab_observe(grads, stat)
    call expect_stat(stat, TRIMTAB_NON_FINITE, "a NaN")
    stat = TRIMTAB_OK
    call unchanged("a NaN")
    moments = trimtab_moments()
    call trimtab_observe_chunk(moments, dW, stat)
    call expect_stat(stat, TRIMTAB_NON_FINITE, "a NaN in a chunk")
    stat = TRIMTAB_OK
    call unchanged("a NaN in a chunk")
    call done("environment")

contains

    subroutine unchanged(what)
        character(*), intent(in) :: what
        logical :: flags(size(ieee_all))
        call expect_stat(stat, TRIMTAB_OK, what)
        call ieee_get_halting_mode(ieee_all, halting)
        call expect(all(halting .eqv. before), what // " leaves the halting modes")
        call ieee_get_flag(ieee_all, flags)
        call expect(.not. any(flags(:size(ieee_usual))), what // " signals nothing")
    end subroutine
end program
