!> Apply, apply_into and both optimizers against their formulas, evaluated by Fortran in real64.
program writes
    use, intrinsic :: iso_fortran_env, only: int16, real32, real64
    use check, only: done, expect, expect_close, expect_stat, same_bits
    use trimtab
    implicit none

    !> A dozen operations in real64.
    real(real64), parameter :: ROUNDING = 1e-14_real64
    !> The gradient is rounded to real32 once, the moments and the parameter in every step: a dozen roundings.
    real(real64), parameter :: SINGLE = 12 * epsilon(1.0_real32)
    !> Weight decay is coupled or not.
    real(real64), parameter :: DECAY = 0.1_real64

    integer :: stat

    call apply_in_place()
    call apply_to_16_bits()
    call apply_beside()
    call sgd()
    call sgd_without_a_buffer()
    call sgd_in_single_precision()
    call adam(decoupled=1)
    call adam(decoupled=0)
    call adam_in_single_precision()
    call double_parameters_of_single_gradients()
    call decay_of_weights_alone()
    call some_slots()
    call done("writes")

contains

    pure function wave(step, n) result(x)
        integer, intent(in) :: step, n
        real(real64) :: x(n)
        integer :: i
        x = [(sin(1.7_real64 * i + step), i = 1, n)]
    end function

    subroutine apply_in_place()
        real(real64), target :: a(3, 2)
        real(real32), target :: b(4)
        type(trimtab_tensor) :: grads(2)
        type(trimtab_moments) :: after
        a = reshape(wave(1, 6), [3, 2])
        b = [1.0, -2.0, 3.0, 0.5]
        grads = [trimtab_weight(a), trimtab_bias(b)]
        call trimtab_observe(grads, stat)
        call trimtab_scale(grads, 0.5_real64, stat)
        call trimtab_outlook(grads(2), after, stat)
        call expect_stat(stat, TRIMTAB_OK, "outlook")
        call expect_close([after%sum, after%sum_sq, after%abs_max], [1.25_real64, 3.5625_real64, 1.5_real64], ROUNDING, &
            "statistics of what would be written")
        call trimtab_clip_value(grads, 1.0_real64, stat)
        call expect(abs(grads(1)%affine%scale - 0.5_real64) < ROUNDING, "decided, not yet written")
        call trimtab_apply(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "apply")
        call expect_close(reshape(a, [6]), wave(1, 6) / 2, ROUNDING, "real64")
        call expect(same_bits(b, [0.5, -1.0, 1.0, 0.25]), "real32, clamped")
        call expect(all(abs(grads%affine%scale - 1) < ROUNDING), "the affine is the identity again")
        call expect(all(grads%moments%count == 0), "the moments are those of a new descriptor")
        call trimtab_apply(grads, stat)
        call expect_stat(stat, TRIMTAB_ORDER, "apply again")
        call trimtab_outlook(grads(2), after, stat)
        call expect_stat(stat, TRIMTAB_ORDER, "outlook of a spent descriptor")
        call expect_close([after%sum], [1.25_real64], ROUNDING, "refused, and nothing has moved")
    end subroutine

    !> 0x3c00 is 1, 0xc000 -2 and 0x3800 1/2 in binary16.
    subroutine apply_to_16_bits()
        integer(int16), target :: half(2)
        type(trimtab_tensor) :: grads(1)
        half = [int(z'3c00', int16), int(z'3800', int16)]
        grads(1) = trimtab_weight(half, TRIMTAB_F16)
        call trimtab_observe(grads, stat)
        call trimtab_scale(grads, -2.0_real64, stat)
        call trimtab_apply(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "apply to 16 bits")
        call expect(all(half == [-16384_int16, -17408_int16]), "-2 and -1 in binary16")
    end subroutine

    subroutine apply_beside()
        real(real64), target :: a(3), b(2), outputs(3, 2)
        type(trimtab_tensor) :: grads(2), out(2)
        a = wave(1, 3)
        b = wave(2, 2)
        outputs = 0
        grads = [trimtab_weight(a), trimtab_bias(b)]
        out = [trimtab_weight(outputs(:, 1)), trimtab_bias(outputs(1:2, 2))]
        call trimtab_observe(grads, stat)
        call trimtab_scale(grads, 3.0_real64, stat)
        call trimtab_apply_into(grads, out, stat)
        call expect_stat(stat, TRIMTAB_OK, "apply_into")
        call expect_close(outputs(:, 1), 3 * wave(1, 3), ROUNDING, "written beside")
        call expect_close(outputs(:, 2), [3 * wave(2, 2), 0.0_real64], ROUNDING, "and no further")
        call expect(same_bits(a, wave(1, 3)) .and. same_bits(b, wave(2, 2)), "gradients stay")
        call expect(all(abs(grads%affine%scale - 3) < ROUNDING), "affines stay")
        call trimtab_apply_into(grads, grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "apply_into the gradients themselves")
        call expect_close(a, 3 * wave(1, 3), ROUNDING, "written in place")
    end subroutine

    !> Momentum and decay with dampening, and Nesterov's without, which takes none; a factor of 2 is pending.
    subroutine sgd()
        call sgd_with(0.25_real64, nesterov=0)
        call sgd_with(0.0_real64, nesterov=1)
    end subroutine

    subroutine sgd_with(dampening, nesterov)
        real(real64), intent(in) :: dampening
        integer, intent(in) :: nesterov
        type(trimtab_sgd_config) :: config
        type(trimtab_step_state) :: state
        type(trimtab_tensor) :: grads(2)
        type(trimtab_slot) :: slots(2)
        real(real64), target :: dW(2, 3), db(2), W(2, 3), b(2), momenta(8)
        real(real64) :: param(8), buffer(8), g(8)
        integer :: step
        config = trimtab_sgd_config(lr=0.1_real64, momentum=0.9_real64, dampening=dampening, weight_decay=DECAY, &
            nesterov=nesterov)
        param = wave(9, 8)
        W = reshape(param(:6), [2, 3])
        b = param(7:)
        momenta = 0
        buffer = 0
        grads = [trimtab_weight(dW), trimtab_bias(db)]
        slots = [trimtab_sgd_slot(W, momenta(:6)), trimtab_sgd_slot(b, momenta(7:))]
        do step = 1, 3
            g = wave(step, 8)
            dW = reshape(g(:6), [2, 3])
            db = g(7:)
            g = 2 * g + DECAY * param
            buffer = merge(g, 0.9_real64 * buffer + (1 - dampening) * g, step == 1)
            param = param - 0.1_real64 * merge(g + 0.9_real64 * buffer, buffer, nesterov == 1)
            call trimtab_observe(grads, stat)
            call trimtab_scale(grads, 2.0_real64, stat)
            call trimtab_sgd_step(grads, slots, state, stat, config)
            call expect_stat(stat, TRIMTAB_OK, "sgd_step")
            call expect_close([reshape(W, [6]), b], param, ROUNDING, "parameters")
            call expect_close(momenta, buffer, ROUNDING, "momentum")
            call expect(state%steps == step, "steps are counted")
            g = wave(step, 8)
            call expect(same_bits([reshape(dW, [6]), db], g), "gradients are not written")
        end do
    end subroutine

    subroutine sgd_without_a_buffer()
        type(trimtab_step_state) :: state
        real(real64), target :: g(5), w(5)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_slot) :: slots(1)
        g = wave(1, 5)
        w = wave(2, 5)
        grads(1) = trimtab_weight(g)
        slots(1) = trimtab_sgd_slot(w)
        call trimtab_observe(grads, stat)
        call trimtab_sgd_step(grads, slots, state, stat)
        call expect_stat(stat, TRIMTAB_OK, "sgd_step without momentum")
        call expect_close(w, wave(2, 5) - 0.01_real64 * wave(1, 5), ROUNDING, "learning rate 0.01 by default")
    end subroutine

    subroutine sgd_in_single_precision()
        type(trimtab_step_state) :: state
        real(real32), target :: g(3), w(3), buffer(3)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_slot) :: slots(1)
        g = [1.0, -2.0, 4.0]
        w = [1.0, 2.0, 3.0]
        buffer = 0
        grads(1) = trimtab_weight(g)
        slots(1) = trimtab_sgd_slot(w, buffer)
        call trimtab_observe(grads, stat)
        call trimtab_sgd_step(grads, slots, state, stat, trimtab_sgd_config(lr=0.5_real64, momentum=0.5_real64))
        call expect_stat(stat, TRIMTAB_OK, "sgd_step in real32")
        call expect(same_bits(w, [0.5, 3.0, 1.0]) .and. same_bits(buffer, g), "exact in binary")
    end subroutine

    subroutine adam(decoupled)
        integer, intent(in) :: decoupled
        real(real64), parameter :: lr = 0.02_real64, beta1 = 0.8_real64, beta2 = 0.95_real64, eps = 1e-3_real64
        type(trimtab_adam_config) :: config
        type(trimtab_step_state) :: state
        type(trimtab_tensor) :: grads(2)
        type(trimtab_slot) :: slots(2)
        real(real64), target :: dW(2, 3), db(2), W(2, 3), b(2), mW(2, 3), vW(2, 3), mb(2), vb(2)
        real(real64) :: param(8), m(8), v(8), g(8)
        integer :: step
        config = trimtab_adam_config(decoupled=decoupled, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=DECAY)
        param = wave(9, 8)
        W = reshape(param(:6), [2, 3])
        b = param(7:)
        mW = 0; vW = 0; mb = 0; vb = 0
        m = 0; v = 0
        grads = [trimtab_weight(dW), trimtab_bias(db)]
        slots = [trimtab_adam_slot(W, mW, vW), trimtab_adam_slot(b, mb, vb)]
        do step = 1, 3
            g = wave(step, 8)
            dW = reshape(g(:6), [2, 3])
            db = g(7:)
            g = g / 4
            if (decoupled == 1) param = param * (1 - lr * DECAY)
            if (decoupled == 0) g = g + DECAY * param
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            param = param - lr * (m / (1 - beta1**step)) / (sqrt(v / (1 - beta2**step)) + eps)
            call trimtab_observe(grads, stat)
            call trimtab_unscale(grads, 4.0_real64, stat)
            call trimtab_adam_step(grads, slots, state, stat, config)
            call expect_stat(stat, TRIMTAB_OK, "adam_step")
            call expect_close([reshape(W, [6]), b], param, ROUNDING, "parameters")
            call expect_close([reshape(mW, [6]), mb], m, ROUNDING, "first moments")
            call expect_close([reshape(vW, [6]), vb], v, ROUNDING, "second moments")
            call expect(state%steps == step, "steps are counted")
        end do
    end subroutine

    !> The first step of Adam is lr * sign(g), nearly: eps is 1e-8.
    subroutine adam_in_single_precision()
        type(trimtab_step_state) :: state
        real(real32), target :: g(3), w(3), m(3), v(3)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_slot) :: slots(1)
        g = [1.0, -2.0, 1e-3]
        w = [1.0, 2.0, 3.0]
        m = 0
        v = 0
        grads(1) = trimtab_weight(g)
        slots(1) = trimtab_adam_slot(w, m, v)
        call trimtab_observe(grads, stat)
        call trimtab_adam_step(grads, slots, state, stat)
        call expect_stat(stat, TRIMTAB_OK, "adam_step in real32")
        call expect_close(w, [0.999_real64, 2.001_real64, 2.99900001_real64], SINGLE, "learning rate 0.001 by default")
        call expect_close(m, 0.1_real64 * real(g, real64), SINGLE, "first moment")
        call expect_close(v, 0.001_real64 * real(g, real64)**2, SINGLE, "second moment")
    end subroutine

    !> Kinds of gradient and parameter are chosen one by one.
    subroutine double_parameters_of_single_gradients()
        type(trimtab_step_state) :: state
        real(real32), target :: g(2)
        real(real64), target :: w(2)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_slot) :: slots(1)
        g = [0.1, 0.2]
        w = 1
        grads(1) = trimtab_weight(g)
        slots(1) = trimtab_sgd_slot(w)
        call trimtab_observe(grads, stat)
        call trimtab_sgd_step(grads, slots, state, stat, trimtab_sgd_config(lr=1e-9_real64))
        call expect_stat(stat, TRIMTAB_OK, "real64 parameters of real32 gradients")
        call expect_close((1 - w) * 1e9_real64, real(g, real64), 1e-6_real64, "steps that real32 would lose")
    end subroutine

    !> Of gradients that are 0 nothing but the decay remains: w - lr*weight_decay*w with either optimizer.
    subroutine decay_of_weights_alone()
        real(real64), parameter :: lr = 0.5_real64
        type(trimtab_step_state) :: sgd_state, adam_state
        real(real64), target :: g(2, 2), w(2, 2), m(2, 2), v(2, 2)
        type(trimtab_tensor) :: grads(2)
        type(trimtab_slot) :: slots(2)
        g = 0
        w = 1
        m = 0
        v = 0
        grads = [trimtab_weight(g(:, 1)), trimtab_bias(g(:, 2))]
        slots = [trimtab_adam_slot(w(:, 1), m(:, 1), v(:, 1)), trimtab_adam_slot(w(:, 2), m(:, 2), v(:, 2))]
        call trimtab_observe(grads, stat)
        call trimtab_sgd_step(grads, slots, sgd_state, stat, &
            trimtab_sgd_config(lr=lr, weight_decay=DECAY, decay_roles=TRIMTAB_ROLES_WEIGHTS))
        call expect_stat(stat, TRIMTAB_OK, "sgd_step, decay of weights")
        call expect_close(w(:, 1), spread(1 - lr * DECAY, 1, 2), ROUNDING, "the weight decays")
        call expect(same_bits(w(:, 2), [1.0_real64, 1.0_real64]), "the bias does not")
        call trimtab_observe(grads, stat)
        call trimtab_adam_step(grads, slots, adam_state, stat, &
            trimtab_adam_config(lr=lr, weight_decay=DECAY, decay_roles=TRIMTAB_ROLES_WEIGHTS))
        call expect_stat(stat, TRIMTAB_OK, "adam_step, decay of weights")
        call expect_close(w(:, 1), spread((1 - lr * DECAY)**2, 1, 2), ROUNDING, "the weight decays again")
        call expect(same_bits(w(:, 2), [1.0_real64, 1.0_real64]), "the bias does not, again")
    end subroutine

    !> Slots and descriptors need not lie beside each other.
    subroutine some_slots()
        type(trimtab_step_state) :: state
        real(real64), target :: g(2, 4), w(2, 4)
        type(trimtab_tensor) :: grads(4)
        type(trimtab_slot) :: slots(4)
        integer :: j
        g = reshape(wave(1, 8), [2, 4])
        w = 0
        grads = [(trimtab_weight(g(:, j)), j = 1, 4)]
        slots = [(trimtab_sgd_slot(w(:, j)), j = 1, 4)]
        call trimtab_observe(grads, stat)
        call trimtab_sgd_step(grads(1::2), slots(1::2), state, stat, trimtab_sgd_config(lr=1.0_real64))
        call expect_stat(stat, TRIMTAB_OK, "every other one")
        call expect(same_bits(w(:, 1), -g(:, 1)) .and. same_bits(w(:, 3), -g(:, 3)), "has made its step")
        call expect(same_bits(w(:, 2), [0.0_real64, 0.0_real64]), "the others have not")
    end subroutine
end program
