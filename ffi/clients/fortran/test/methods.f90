!> Every method against its formula, evaluated by Fortran in real64, on a weight of rank 2 and a bias.
program methods
    use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
    use, intrinsic :: iso_fortran_env, only: real32, real64
    use check, only: done, expect, expect_close, expect_stat, same_bits
    use trimtab
    implicit none

    !> Some operations in real64, and the one rounding of the result.
    real(real64), parameter :: ROUNDING = 1e-14_real64
    !> The scale and the product are rounded to real32: two halves of a unit.
    real(real64), parameter :: SINGLE = epsilon(1.0_real32)

    real(real64), target :: dW(3, 4), db(3)
    type(trimtab_tensor) :: grads(2)
    integer :: stat

    call stable_grad()
    call stable_grad_in_single_precision()
    call gradient_stabilizer()
    call gradient_stabilizer_over_all()
    call autoscale()
    call centralize()
    call znorm()
    call clip_norm()
    call clip_value()
    call agc()
    call zclip()
    call scale_and_unscale()
    call guard()
    call a_chain_is_one_write()
    call done("methods")

contains

    !> Other gradients in every step.
    subroutine observe(step)
        integer, intent(in) :: step
        integer :: i
        dW = reshape([(sin(1.0_real64 * i * step) + 0.3_real64, i = 1, 12)], [3, 4])
        db = [(cos(1.0_real64 * i * step) * 5, i = 1, 3)]
        grads = [trimtab_weight(dW), trimtab_bias(db)]
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "observe")
    end subroutine

    !> Writes what was decided, and compares it.
    subroutine apply_and_expect(weight, bias, what)
        real(real64), intent(in) :: weight(:), bias(:)
        character(*), intent(in) :: what
        call expect_stat(stat, TRIMTAB_OK, what)
        call trimtab_apply(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, what // ", applied")
        call expect_close(flat(dW), weight, ROUNDING, what // ": weight")
        call expect_close(db, bias, ROUNDING, what // ": bias")
    end subroutine

    pure function flat(a) result(x)
        real(real64), intent(in) :: a(:, :)
        real(real64) :: x(size(a))
        x = reshape(a, [size(a)])
    end function

    pure real(real64) function mean(x)
        real(real64), intent(in) :: x(:)
        mean = sum(x) / size(x)
    end function

    !> Unbiased.
    pure real(real64) function std(x)
        real(real64), intent(in) :: x(:)
        std = sqrt(sum((x - mean(x))**2) / (size(x) - 1))
    end function

    subroutine stable_grad()
        real(real64), allocatable :: w(:), b(:)
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_stable_grad(grads, 0.7_real64, stat)
        call apply_and_expect(w * 0.7_real64 / std(w), b, "stable_grad")
        call observe(1)
        call trimtab_stable_grad(grads, 0.7_real64, stat, &
            trimtab_stable_grad_config(roles=TRIMTAB_ROLES_ALL, eps=0.5_real64))
        call apply_and_expect(w * 0.7_real64 / (std(w) + 0.5_real64), b * 0.7_real64 / (std(b) + 0.5_real64), &
            "stable_grad of all, with eps")
    end subroutine

    subroutine stable_grad_in_single_precision()
        real(real32), target :: g(5), bias(2)
        real(real64) :: x(5)
        type(trimtab_tensor) :: tensors(2)
        g = [1e-6, 2e-6, -3e-6, 4e-6, 0.0]
        bias = [0.1, 0.2]
        x = g
        tensors = [trimtab_weight(g), trimtab_bias(bias)]
        call trimtab_observe(tensors, stat)
        call trimtab_stable_grad(tensors, 2.0_real64, stat)
        call expect_stat(stat, TRIMTAB_OK, "stable_grad of real32")
        call trimtab_apply(tensors, stat)
        call expect_close(g, x * 2 / std(x), SINGLE, "stable_grad of real32")
        call expect(same_bits(bias, [0.1, 0.2]), "the bias is left alone")
    end subroutine

    subroutine gradient_stabilizer()
        real(real64), parameter :: gamma1 = 0.6_real64, gamma2 = 0.999_real64, eps = 1e-12_real64
        type(trimtab_norm_state) :: states(2)
        real(real64) :: w(12), b(3), m(2), v(2), r(2), factor(2)
        integer :: step
        m = 0
        v = 0
        do step = 1, 4
            call observe(step)
            w = flat(dW)
            b = db
            r = [norm2(w), norm2(b)]
            m = gamma1 * m + (1 - gamma1) * r
            v = gamma2 * v + (1 - gamma2) * r**2
            factor = m / (1 - gamma1**step) / (sqrt(v / (1 - gamma2**step)) + eps) / max(r, eps)
            call trimtab_gradient_stabilizer(grads, states, stat)
            ! 1 - gamma2**step loses three digits.
            call expect_stat(stat, TRIMTAB_OK, "gradient_stabilizer")
            call trimtab_apply(grads, stat)
            call expect_close(flat(dW), w * factor(1), 1e3_real64 * ROUNDING, "gradient_stabilizer: weight")
            call expect_close(db, b * factor(2), 1e3_real64 * ROUNDING, "gradient_stabilizer: bias")
        end do
        call expect_close(states%m, m, ROUNDING, "running norms")
        call expect_close(states%v, v, 1e3_real64 * ROUNDING, "running squared norms")
        call expect(all(states%steps == 4) .and. all(states%skipped == 0), "four steps")
    end subroutine

    subroutine gradient_stabilizer_over_all()
        type(trimtab_gradient_stabilizer_config) :: config
        type(trimtab_norm_state) :: state(1)
        real(real64) :: w(12), b(3), r, factor
        config = trimtab_gradient_stabilizer_config(scope=TRIMTAB_SCOPE_GLOBAL, gamma1=0.25_real64, gamma2=0.75_real64, &
            bias_correction=0)
        call observe(2)
        w = flat(dW)
        b = db
        r = norm2([w, b])
        factor = 0.75_real64 * r / (sqrt(0.25_real64 * r**2) + 1e-12_real64) / r
        call trimtab_gradient_stabilizer(grads, state, stat, config)
        call apply_and_expect(w * factor, b * factor, "gradient_stabilizer over all")
        call expect(state(1)%steps == 1, "one state for all")
    end subroutine

    subroutine autoscale()
        type(trimtab_autoscale_state) :: state
        real(real64) :: w(12), b(3), sigma, exponent, alpha
        integer :: step
        exponent = 0
        do step = 1, 3
            call observe(step)
            w = flat(dW)
            b = db
            w = w - mean(w)
            sigma = sqrt(sum(w**2) / 11)
            if (step == 1) exponent = 1 / (1 + abs(log(log(1 + sigma))))
            alpha = min(1.0_real64, log(1 + sigma)**exponent)
            call trimtab_autoscale(grads, state, stat)
            call apply_and_expect(w * alpha, b, "autoscale")
            call expect_close([state%exponent, state%sigma, state%alpha], [exponent, sigma, alpha], ROUNDING, "autoscale's state")
        end do
        call expect(state%steps == 3, "three steps")
    end subroutine

    subroutine centralize()
        real(real64) :: w(12), b(3)
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_centralize(grads, TRIMTAB_ROLES_WEIGHTS, stat)
        call apply_and_expect(w - mean(w), b, "centralize weights")
        call observe(1)
        call trimtab_centralize(grads, TRIMTAB_ROLES_ALL, stat)
        call apply_and_expect(w - mean(w), b - mean(b), "centralize all")
    end subroutine

    subroutine znorm()
        real(real64) :: w(12), b(3)
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_znorm(grads, stat)
        call apply_and_expect((w - mean(w)) / (std(w) + 1e-8_real64), b, "znorm")
        call observe(1)
        call trimtab_znorm(grads, stat, trimtab_znorm_config(roles=TRIMTAB_ROLES_ALL, eps=0.1_real64))
        call apply_and_expect((w - mean(w)) / (std(w) + 0.1_real64), (b - mean(b)) / (std(b) + 0.1_real64), "znorm of all")
    end subroutine

    subroutine clip_norm()
        real(real64) :: w(12), b(3)
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_clip_norm(grads, 1.0_real64, TRIMTAB_SCOPE_GLOBAL, stat)
        call apply_and_expect(w / norm2([w, b]), b / norm2([w, b]), "clip_norm over all")
        call observe(1)
        call trimtab_clip_norm(grads, norm2(w) * 1.01_real64, TRIMTAB_SCOPE_TENSOR, stat)
        call apply_and_expect(w, b * min(1.0_real64, norm2(w) * 1.01_real64 / norm2(b)), "clip_norm of each")
        call observe(1)
        call trimtab_clip_norm(grads, TRIMTAB_INFINITY, TRIMTAB_SCOPE_GLOBAL, stat)
        call apply_and_expect(w, b, "no largest norm")
    end subroutine

    subroutine clip_value()
        real(real64) :: w(12), b(3)
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_clip_value(grads, 0.5_real64, stat)
        call apply_and_expect(max(-0.5_real64, min(0.5_real64, w)), max(-0.5_real64, min(0.5_real64, b)), "clip_value")
    end subroutine

    subroutine agc()
        real(real64) :: w(12), b(3), param(12)
        type(trimtab_moments) :: params(2)
        integer :: i
        call observe(1)
        w = flat(dW)
        b = db
        param = [(0.1_real64 * i, i = 1, 12)]
        call trimtab_observe_chunk(params(1), param, stat)
        call expect_stat(stat, TRIMTAB_OK, "moments of the parameter")
        params(2)%count = 3 ! zeros: eps, 1e-3, stands in
        call trimtab_agc(grads, params, stat)
        call apply_and_expect(w * norm2(param) * 0.01_real64 / norm2(w), b * 1e-3_real64 * 0.01_real64 / norm2(b), "agc")
        call observe(1)
        call trimtab_agc(grads, params, stat, trimtab_agc_config(clipping=1e3_real64, eps=1.0_real64))
        call apply_and_expect(w, b, "agc below its bound")
    end subroutine

    subroutine zclip()
        type(trimtab_zclip_config) :: config
        type(trimtab_zclip_state) :: state
        real(real64) :: w(12), b(3), norms(4), average, variance, cap
        integer :: step
        config = trimtab_zclip_config(warmup=4)
        do step = 1, 4
            call observe(step)
            norms(step) = norm2([flat(dW), db])
            call trimtab_zclip(grads, state, stat, config)
            call expect_stat(stat, TRIMTAB_OK, "zclip's warm-up")
        end do
        average = mean(norms)
        variance = sum((norms - average)**2) / 4
        call expect_close([state%mean, state%var], [average, variance], 10 * ROUNDING, "zclip after the warm-up")
        call observe(5)
        dW = dW * 100
        call trimtab_observe(grads, stat)
        w = flat(dW)
        b = db
        cap = (norm2([w, b]) - average) / (sqrt(variance) + 1e-6_real64)
        cap = average + 2.5_real64 * sqrt(variance) / (cap / 2.5_real64)
        call trimtab_zclip(grads, state, stat, config)
        ! The difference of norms in the variance loses a digit or two.
        call expect_stat(stat, TRIMTAB_OK, "zclip")
        call trimtab_apply(grads, stat)
        call expect_close(flat(dW), w * cap / norm2([w, b]), 100 * ROUNDING, "zclip: weight")
        call expect_close(db, b * cap / norm2([w, b]), 100 * ROUNDING, "zclip: bias")
        variance = 0.97_real64 * variance + 0.03_real64 * (0.97_real64 * (cap - average))**2
        call expect_close([state%mean], [0.97_real64 * average + 0.03_real64 * cap], 10 * ROUNDING, "zclip's mean")
        call expect_close([state%var], [variance], 100 * ROUNDING, "zclip's variance")
        call expect(state%steps == 5, "five steps")
    end subroutine

    subroutine scale_and_unscale()
        real(real64) :: w(12), b(3)
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_unscale(grads, 1024.0_real64, stat)
        call apply_and_expect(w / 1024, b / 1024, "unscale")
        call trimtab_observe(grads, stat)
        call trimtab_scale(grads, -3.0_real64, stat)
        call apply_and_expect(w * (-3) / 1024, b * (-3) / 1024, "scale")
    end subroutine

    subroutine guard()
        type(trimtab_guard_state) :: state
        real(real64) :: b(3)
        integer :: step
        do step = 1, 2
            call spoil(step)
            call trimtab_guard(grads, state, stat)
            call expect_stat(stat, TRIMTAB_SKIP_STEP, "a bad step is skipped")
            call expect(state%consecutive == step .and. state%total == step, "and counted")
        end do
        call spoil(3)
        call trimtab_guard(grads, state, stat, trimtab_guard_config(max_consecutive=3))
        call expect_stat(stat, TRIMTAB_DIVERGED, "the third is too many")
        call expect(state%consecutive == 2 .and. state%total == 2, "a refusal counts nothing")
        b = db
        call trimtab_guard(grads, state, stat, trimtab_guard_config(policy=TRIMTAB_GUARD_ZERO))
        call apply_and_expect(spread(0.0_real64, 1, 12), b, "zeros for what is not finite")
        call observe(4)
        call trimtab_guard(grads, state, stat)
        call expect_stat(stat, TRIMTAB_OK, "a good step")
        call expect(state%consecutive == 0 .and. state%total == 3, "ends the row")
    end subroutine

    subroutine spoil(step)
        integer, intent(in) :: step
        call observe(step)
        dW(2, 3) = ieee_value(1.0_real64, ieee_quiet_nan)
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_NON_FINITE, "a bad step")
    end subroutine

    !> Unscale, StableGrad and a global clip: decided one after the other, written once.
    subroutine a_chain_is_one_write()
        real(real64) :: w(12), b(3), expected(12), r
        call observe(1)
        w = flat(dW)
        b = db
        call trimtab_unscale(grads, 8.0_real64, stat)
        call expect_stat(stat, TRIMTAB_OK, "first link")
        call trimtab_stable_grad(grads, 2.0_real64, stat)
        call expect_stat(stat, TRIMTAB_OK, "second link")
        call trimtab_clip_norm(grads, 1.0_real64, TRIMTAB_SCOPE_GLOBAL, stat)
        call expect_stat(stat, TRIMTAB_OK, "third link")
        call expect(same_bits(flat(dW), w), "nothing is written before")
        expected = w * 2 / std(w)
        r = norm2([expected, b / 8])
        call apply_and_expect(expected / r, b / 8 / r, "a chain")
    end subroutine
end program
