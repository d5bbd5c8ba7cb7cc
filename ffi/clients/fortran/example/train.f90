!> A deep physics-informed network, trained with trimtab: u'' = -pi**2 sin(pi x) on [-1, 1] with u(-1) = u(1) = 0.
!>
!> The solution is sin(pi x). The network N of 10 hidden tanh layers gives u = (1 - x**2) N(x), which is 0 at both ends,
!> so that the loss is the residual alone. The network computes in real32; the parameters that Adam updates, and its
!> moments, are real64, so that small steps are not lost. Observe, StableGrad, Adam: one read of the gradients and one
!> pass that updates.
!>
!> Ends with status 1 where a call is refused, or where the network has not learned.
module networks
    use, intrinsic :: iso_fortran_env, only: sp => real32, dp => real64
    implicit none
    private

    public :: sp, dp, layer, forward, backward

    !> A layer, and what it computes for a batch: one column a point; value, first and second derivative by x (0 to 2).
    !> Layer 0 is the input and has no parameters.
    type :: layer
        real(sp), allocatable :: W(:, :), b(:), dW(:, :), db(:)        !! what the network computes with
        real(dp), allocatable :: W_dp(:, :), b_dp(:)                   !! what Adam updates
        real(dp), allocatable :: mW(:, :), vW(:, :), mb(:), vb(:)      !! its moments
        real(sp), allocatable :: z(:, :, :)                            !! W y + b of the layer before
        real(sp), allocatable :: y(:, :, :)                            !! tanh(z); z itself in the last layer
        real(sp), allocatable :: g(:, :, :)                            !! gradient of the loss by y, then by z
    end type

contains

    subroutine forward(net)
        type(layer), intent(inout) :: net(0:)
        integer :: l, k
        do l = 1, ubound(net, 1)
            do k = 0, 2
                net(l)%z(:, :, k) = matmul(net(l)%W, net(l - 1)%y(:, :, k))
            end do
            net(l)%z(:, :, 0) = net(l)%z(:, :, 0) + spread(net(l)%b, 2, size(net(l)%z, 2))
            if (l < ubound(net, 1)) then
                call tanh_forward(net(l)%z, net(l)%y)
            else
                net(l)%y = net(l)%z
            end if
        end do
    end subroutine

    !> From the gradient by the last layer's y to those by all parameters.
    subroutine backward(net)
        type(layer), intent(inout) :: net(0:)
        integer :: l, k
        do l = ubound(net, 1), 1, -1
            if (l < ubound(net, 1)) then
                call tanh_backward(net(l)%z(:, :, 1), net(l)%z(:, :, 2), net(l)%y(:, :, 0), &
                    net(l)%g(:, :, 0), net(l)%g(:, :, 1), net(l)%g(:, :, 2))
            end if
            net(l)%dW = 0
            net(l)%db = sum(net(l)%g(:, :, 0), 2)
            do k = 0, 2
                net(l)%dW = net(l)%dW + matmul(net(l)%g(:, :, k), transpose(net(l - 1)%y(:, :, k)))
                net(l - 1)%g(:, :, k) = matmul(transpose(net(l)%W), net(l)%g(:, :, k))
            end do
        end do
    end subroutine

    !> y = tanh(z), y' = d z' and y'' = d (z'' - 2 y z'**2), where d = 1 - y**2.
    pure subroutine tanh_forward(z, y)
        real(sp), intent(in) :: z(:, :, 0:)
        real(sp), intent(out) :: y(:, :, 0:)
        y(:, :, 0) = tanh(z(:, :, 0))
        y(:, :, 1) = (1 - y(:, :, 0)**2) * z(:, :, 1)
        y(:, :, 2) = (1 - y(:, :, 0)**2) * (z(:, :, 2) - 2 * y(:, :, 0) * z(:, :, 1)**2)
    end subroutine

    !> The same backwards, point by point: y' and y'' depend on z by way of y, dy = d dz.
    elemental subroutine tanh_backward(z1, z2, y, g0, g1, g2)
        real(sp), intent(in) :: z1, z2, y
        real(sp), intent(inout) :: g0, g1, g2
        real(sp) :: d
        d = 1 - y**2
        g0 = d * (g0 - 2 * y * z1 * g1 - 2 * (y * z2 + (1 - 3 * y**2) * z1**2) * g2)
        g1 = d * (g1 - 4 * y * z1 * g2)
        g2 = d * g2
    end subroutine
end module

program train
    use networks, only: backward, dp, forward, layer, sp
    use trimtab
    implicit none

    real(dp), parameter :: PI = acos(-1.0_dp)
    integer, parameter :: HIDDEN = 10, WIDTH = 16, POINTS = 64, STEPS = 1000

    call run()

contains

    subroutine run()
        type(layer), target :: net(0:HIDDEN + 1) ! so that the arrays in it are targets, too
        type(trimtab_tensor) :: grads(2 * HIDDEN + 2)
        type(trimtab_slot) :: slots(2 * HIDDEN + 2)
        type(trimtab_step_state) :: state
        real(sp) :: x(POINTS), exact(POINTS)
        real(dp) :: loss, first, error
        integer :: i, step

        call initialise(net)
        call describe(net, grads, slots) ! once: the arrays stay where they are
        x = [((2 * i - 1) / real(POINTS, sp) - 1, i = 1, POINTS)]
        exact = sin(real(PI, sp) * x)
        net(0)%y = reshape([x, 0 * x + 1, 0 * x], [1, POINTS, 3])
        first = 0
        do step = 0, STEPS
            call copy_parameters(net)
            call forward(net)
            call evaluate(net(HIDDEN + 1), x, exact, loss, error)
            if (step == 0) first = loss
            if (mod(step, 200) == 0) print "(a, i4, 2(a, es8.1))", "step ", step, "   loss ", loss, "   error ", error
            call backward(net)
            call update(net(HIDDEN + 1), grads, slots, state, 2e-3_dp * (1 - real(step, dp) / (STEPS + 1)))
        end do
        if (.not. (loss < first / 1000 .and. error < 0.01_dp)) error stop "the network has not learned"
    end subroutine

    subroutine describe(net, grads, slots)
        type(layer), intent(inout), target :: net(0:)
        type(trimtab_tensor), intent(out) :: grads(:)
        type(trimtab_slot), intent(out) :: slots(:)
        integer :: l
        do l = 1, ubound(net, 1)
            grads(2 * l - 1) = trimtab_weight(net(l)%dW)
            grads(2 * l) = trimtab_bias(net(l)%db)
            slots(2 * l - 1) = trimtab_adam_slot(net(l)%W_dp, net(l)%mW, net(l)%vW)
            slots(2 * l) = trimtab_adam_slot(net(l)%b_dp, net(l)%mb, net(l)%vb)
        end do
    end subroutine

    !> Mean squared residual, relative error in the 2-norm, and the gradient of the loss by N, N' and N''.
    subroutine evaluate(last, x, exact, loss, error)
        type(layer), intent(inout) :: last
        real(sp), intent(in) :: x(:), exact(:)
        real(dp), intent(out) :: loss, error
        real(sp) :: r(size(x))
        associate (n => last%y(1, :, 0), dn => last%y(1, :, 1), ddn => last%y(1, :, 2))
            r = (1 - x**2) * ddn - 4 * x * dn - 2 * n + real(PI**2, sp) * exact
            error = norm2((1 - x**2) * n - exact) / norm2(exact)
        end associate
        loss = sum(real(r, dp)**2) / size(x)
        r = 2 * r / size(x)
        last%g(1, :, 0) = -2 * r
        last%g(1, :, 1) = -4 * x * r
        last%g(1, :, 2) = (1 - x**2) * r
    end subroutine

    !> What trimtab is here for. StableGrad's reference pools the gradients by N and its derivatives.
    subroutine update(last, grads, slots, state, rate)
        type(layer), intent(in) :: last
        type(trimtab_tensor), intent(inout) :: grads(:)
        type(trimtab_slot), intent(inout) :: slots(:)
        type(trimtab_step_state), intent(inout) :: state
        real(dp), intent(in) :: rate
        type(trimtab_moments) :: prediction
        integer :: stat, at
        call trimtab_observe_chunk(prediction, last%g, stat)
        call check(stat, "observe_chunk", TRIMTAB_NOWHERE)
        call trimtab_observe(grads, stat, at)
        call check(stat, "observe", at)
        call trimtab_stable_grad(grads, trimtab_moments_std(prediction), stat)
        call check(stat, "stable_grad", TRIMTAB_NOWHERE)
        call trimtab_adam_step(grads, slots, state, stat, trimtab_adam_config(lr=rate), at)
        call check(stat, "adam_step", at)
    end subroutine

    subroutine check(stat, what, at)
        integer, intent(in) :: stat, at
        character(*), intent(in) :: what
        if (stat == TRIMTAB_OK) return
        print "(3a)", what, ": ", trimtab_message(stat)
        if (at /= TRIMTAB_NOWHERE) print "(a, i0)", "tensor ", at
        error stop 1
    end subroutine

    subroutine copy_parameters(net)
        type(layer), intent(inout) :: net(0:)
        integer :: l
        do l = 1, ubound(net, 1)
            net(l)%W = real(net(l)%W_dp, sp)
            net(l)%b = real(net(l)%b_dp, sp)
        end do
    end subroutine

    !> Weights of the standard deviation that goes with tanh, biases 0.
    subroutine initialise(net)
        type(layer), intent(inout) :: net(0:)
        integer :: l, rows, columns
        rows = 1
        allocate (net(0)%y(1, POINTS, 0:2), net(0)%g(1, POINTS, 0:2))
        do l = 1, ubound(net, 1)
            columns = rows
            rows = merge(WIDTH, 1, l < ubound(net, 1))
            allocate (net(l)%W(rows, columns), net(l)%dW(rows, columns), net(l)%b(rows), net(l)%db(rows))
            allocate (net(l)%W_dp(rows, columns), net(l)%b_dp(rows))
            allocate (net(l)%mW(rows, columns), net(l)%vW(rows, columns), net(l)%mb(rows), net(l)%vb(rows), source=0.0_dp)
            allocate (net(l)%z(rows, POINTS, 0:2), net(l)%y(rows, POINTS, 0:2), net(l)%g(rows, POINTS, 0:2))
            call random_normal(net(l)%W_dp)
            net(l)%W_dp = net(l)%W_dp * trimtab_init_std(TRIMTAB_IDENTITY, columns)
            net(l)%b_dp = 0
        end do
    end subroutine

    !> Nearly normal: the sum of 12 uniform numbers. The same on every machine (Park and Miller).
    subroutine random_normal(a)
        real(dp), intent(out) :: a(:, :)
        integer, parameter :: int64 = selected_int_kind(18)
        integer(int64), parameter :: modulus = 2147483647
        integer(int64), save :: seed = 1
        integer :: i, j, k
        a = -6
        do j = 1, size(a, 2)
            do i = 1, size(a, 1)
                do k = 1, 12
                    seed = mod(48271 * seed, modulus)
                    a(i, j) = a(i, j) + real(seed, dp) / real(modulus, dp)
                end do
            end do
        end do
    end subroutine
end program
