!> Descriptors: which arrays they take, where they point, and which arrays they must not take.
program describe
    use, intrinsic :: iso_c_binding, only: c_associated, c_loc
    use, intrinsic :: iso_fortran_env, only: int16, int32, real32, real64
    use check, only: done, expect, expect_stat, same_bits
    use trimtab
    implicit none

    type :: network
        real(real32), allocatable :: dW(:, :), db(:)
    end type

    call kinds_and_roles()
    call ranks()
    call contiguous_parts()
    call parts_that_are_not_contiguous()
    call pointers_and_allocatables()
    call passed_on()
    call slots()
    call columns_as_tensors()
    call descriptors_outlive_the_call()
    call done("describe")

contains

    subroutine expect_tensor(tensor, dtype, role, len, what)
        type(trimtab_tensor), intent(in) :: tensor
        integer(int32), intent(in) :: dtype, role
        integer, intent(in) :: len
        character(*), intent(in) :: what
        call expect(tensor%dtype == dtype .and. tensor%role == role .and. tensor%len == len, what)
        call expect(tensor%moments%count == 0 .and. tensor%affine%limit > huge(1.0_real64), what // ", not observed")
    end subroutine

    subroutine kinds_and_roles()
        real(real32), target :: single(3)
        real(real64), target :: double(4)
        integer(int16), target :: half(5)
        type(trimtab_tensor) :: tensor
        single = 0
        double = 0
        half = 0
        call expect_tensor(trimtab_weight(single), TRIMTAB_F32, TRIMTAB_ROLE_WEIGHT, 3, "weight of real32")
        call expect_tensor(trimtab_weight(double), TRIMTAB_F64, TRIMTAB_ROLE_WEIGHT, 4, "weight of real64")
        call expect_tensor(trimtab_weight(half, TRIMTAB_F16), TRIMTAB_F16, TRIMTAB_ROLE_WEIGHT, 5, "weight of f16")
        call expect_tensor(trimtab_bias(single), TRIMTAB_F32, TRIMTAB_ROLE_BIAS, 3, "bias of real32")
        call expect_tensor(trimtab_bias(double), TRIMTAB_F64, TRIMTAB_ROLE_BIAS, 4, "bias of real64")
        call expect_tensor(trimtab_bias(half, TRIMTAB_BF16), TRIMTAB_BF16, TRIMTAB_ROLE_BIAS, 5, "bias of bf16")
        tensor = trimtab_weight(half, TRIMTAB_F32)
        call expect(tensor%dtype == TRIMTAB_BAD_DTYPE, "16 bits are no real32")
        tensor = trimtab_bias(half, TRIMTAB_F64)
        call expect(tensor%dtype == TRIMTAB_BAD_DTYPE, "16 bits are no real64")
    end subroutine

    subroutine ranks()
        real(real32), target :: r0, r1(2), r2(2, 3), r3(2, 3, 2), r4(2, 3, 2, 2), r7(1, 2, 1, 2, 1, 2, 3), none(3, 0)
        type(trimtab_tensor) :: tensor
        r0 = 0; r1 = 0; r2 = 0; r3 = 0; r4 = 0; r7 = 0
        tensor = trimtab_bias(r0)
        call expect(tensor%len == 1 .and. c_associated(tensor%data, c_loc(r0)), "a scalar")
        tensor = trimtab_weight(r1)
        call expect(tensor%len == 2 .and. c_associated(tensor%data, c_loc(r1)), "rank 1")
        tensor = trimtab_weight(r2)
        call expect(tensor%len == 6 .and. c_associated(tensor%data, c_loc(r2)), "rank 2")
        tensor = trimtab_weight(r3)
        call expect(tensor%len == 12 .and. c_associated(tensor%data, c_loc(r3)), "rank 3")
        tensor = trimtab_weight(r4)
        call expect(tensor%len == 24 .and. c_associated(tensor%data, c_loc(r4)), "rank 4")
        tensor = trimtab_weight(r7)
        call expect(tensor%len == 24 .and. c_associated(tensor%data, c_loc(r7)), "rank 7")
        tensor = trimtab_weight(none)
        call expect(tensor%len == 0 .and. .not. c_associated(tensor%data), "no elements")
    end subroutine

    subroutine contiguous_parts()
        real(real64), target :: a(4, 5)
        type(trimtab_tensor) :: tensor
        a = 0
        tensor = trimtab_weight(a(:, 2))
        call expect(tensor%len == 4 .and. c_associated(tensor%data, c_loc(a(1, 2))), "a column")
        tensor = trimtab_weight(a(:, 2:3))
        call expect(tensor%len == 8 .and. c_associated(tensor%data, c_loc(a(1, 2))), "two columns")
        tensor = trimtab_weight(a(2:3, 5))
        call expect(tensor%len == 2 .and. c_associated(tensor%data, c_loc(a(2, 5))), "part of a column")
        tensor = trimtab_weight(a(3, 4))
        call expect(tensor%len == 1 .and. c_associated(tensor%data, c_loc(a(3, 4))), "an element")
        tensor = trimtab_weight(a(4:4:3, 1:1))
        call expect(tensor%len == 1 .and. c_associated(tensor%data, c_loc(a(4, 1))), "a section of one element")
    end subroutine

    !> Refused by every call, before anything is read: TRIMTAB_NOT_CONTIGUOUS.
    subroutine parts_that_are_not_contiguous()
        real(real32), target :: a(4, 5), x(6)
        integer(int16), target :: half(4, 5)
        a = 0
        x = 0
        half = 0
        call expect_refused(trimtab_weight(a(2, :)), "a row")
        call expect_refused(trimtab_weight(a(1:3, :)), "some rows")
        call expect_refused(trimtab_weight(x(::2)), "every other element")
        call expect_refused(trimtab_weight(x(6:1:-1)), "backwards")
        call expect_refused(trimtab_bias(a(:, ::2)), "every other column")
        call expect_refused(trimtab_bias(half(3, :), TRIMTAB_F16), "a row of 16-bit floats")
    end subroutine

    subroutine expect_refused(tensor, what)
        type(trimtab_tensor), intent(in) :: tensor
        character(*), intent(in) :: what
        type(trimtab_tensor) :: grads(1)
        integer :: stat
        call expect(.not. c_associated(tensor%data), what // " has no address")
        grads(1) = tensor
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_NOT_CONTIGUOUS, what)
    end subroutine

    subroutine pointers_and_allocatables()
        real(real64), allocatable, target :: a(:, :)
        real(real64), pointer :: p(:, :), flat(:)
        type(trimtab_tensor) :: tensor
        allocate (a(4, 5), source=0.0_real64)
        tensor = trimtab_weight(a)
        call expect(tensor%len == 20 .and. c_associated(tensor%data, c_loc(a)), "an allocatable")
        p => a(:, 2:4)
        tensor = trimtab_weight(p)
        call expect(tensor%len == 12 .and. c_associated(tensor%data, c_loc(a(1, 2))), "a pointer to columns")
        flat(1:20) => a
        tensor = trimtab_weight(flat)
        call expect(tensor%len == 20 .and. c_associated(tensor%data, c_loc(a)), "a pointer of another rank")
        p => a(2:3, :)
        call expect_refused(trimtab_weight(p), "a pointer to rows")
    end subroutine

    !> Dummies of every kind.
    subroutine passed_on()
        real(real32), target :: a(4, 5)
        a = 0
        call as_assumed_shape(a, .true.)
        call as_assumed_shape(a(1:3, :), .false.)
        call as_explicit_shape(a, 20)
        call as_assumed_size(a)
    end subroutine

    subroutine as_assumed_shape(x, contiguous)
        real(real32), intent(inout), target :: x(:, :)
        logical, intent(in) :: contiguous
        type(trimtab_tensor) :: tensor
        tensor = trimtab_weight(x)
        call expect((tensor%dtype == TRIMTAB_F32) .eqv. contiguous, "an assumed-shape dummy")
        call expect(c_associated(tensor%data, c_loc(x(1, 1))) .eqv. contiguous, "address of an assumed-shape dummy")
    end subroutine

    subroutine as_explicit_shape(x, n)
        integer, intent(in) :: n
        real(real32), intent(inout), target :: x(n)
        type(trimtab_tensor) :: tensor
        tensor = trimtab_weight(x)
        call expect(tensor%len == n .and. c_associated(tensor%data, c_loc(x)), "an explicit-shape dummy")
    end subroutine

    subroutine as_assumed_size(x)
        real(real32), intent(inout), target :: x(*)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_moments) :: moments
        integer :: stat
        grads(1) = trimtab_weight(x)
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_BAD_LENGTH, "an assumed-size dummy")
        call trimtab_observe_chunk(moments, x, stat)
        call expect_stat(stat, TRIMTAB_BAD_LENGTH, "an assumed-size chunk")
        grads(1) = trimtab_weight(x(1:20))
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "a section of an assumed-size dummy")
    end subroutine

    subroutine slots()
        real(real32), target :: w(2, 3), m(2, 3), v(6)
        real(real64), target :: d(3), buffer(3), matrix(3, 3)
        type(trimtab_slot) :: slot
        w = 0; m = 0; v = 0; d = 0; buffer = 0; matrix = 0
        slot = trimtab_adam_slot(w, m, v)
        call expect(slot%len == 6 .and. slot%c%dtype == TRIMTAB_F32, "a slot of Adam in real32")
        call expect(c_associated(slot%c%param, c_loc(w)) .and. c_associated(slot%c%first, c_loc(m)), "w and m")
        call expect(c_associated(slot%c%second, c_loc(v)), "v")
        slot = trimtab_adam_slot(d, buffer, matrix(:, 1))
        call expect(slot%len == 3 .and. slot%c%dtype == TRIMTAB_F64, "a slot of Adam in real64")
        call expect(c_associated(slot%c%second, c_loc(matrix)), "a column as buffer")
        slot = trimtab_sgd_slot(d, buffer)
        call expect(c_associated(slot%c%first, c_loc(buffer)) .and. slot%len == 3, "a slot of SGD in real64")
        slot = trimtab_sgd_slot(w, m)
        call expect(c_associated(slot%c%first, c_loc(m)) .and. slot%c%dtype == TRIMTAB_F32, "a slot of SGD in real32")
        slot = trimtab_sgd_slot(w)
        call expect(c_associated(slot%c%param, c_loc(w)) .and. .not. c_associated(slot%c%first), "no buffer, real32")
        slot = trimtab_sgd_slot(d)
        call expect(c_associated(slot%c%param, c_loc(d)) .and. slot%c%dtype == TRIMTAB_F64, "no buffer, real64")
        slot = trimtab_adam_slot(d, buffer, matrix(1, :))
        call expect(slot%c%dtype == TRIMTAB_NOT_CONTIGUOUS, "a row as buffer")
        slot = trimtab_adam_slot(matrix(2, :), buffer(1:2), d)
        call expect(slot%c%dtype == TRIMTAB_NOT_CONTIGUOUS, "a row as parameter, whatever the buffers")
        slot = trimtab_adam_slot(d, buffer(1:2), matrix(:, 1))
        call expect(slot%c%dtype == TRIMTAB_BAD_LENGTH, "a first moment too short")
        slot = trimtab_adam_slot(d, buffer, matrix)
        call expect(slot%c%dtype == TRIMTAB_BAD_LENGTH, "a second moment too long")
        slot = trimtab_sgd_slot(d, buffer(1:2))
        call expect(slot%c%dtype == TRIMTAB_BAD_LENGTH, "a momentum buffer too short")
    end subroutine

    !> Every column a tensor of its own.
    subroutine columns_as_tensors()
        real(real64), target :: a(3, 2)
        type(trimtab_tensor) :: grads(2)
        integer :: j, stat
        a(:, 1) = [3, 0, 4]
        a(:, 2) = [0, -5, 12]
        grads = [(trimtab_weight(a(:, j)), j = 1, 2)]
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "columns are observed")
        call expect(all(nint(trimtab_moments_norm(grads%moments)) == [5, 13]), "norms of the columns")
    end subroutine

    !> Made once, used for as long as the array stays where it is.
    subroutine descriptors_outlive_the_call()
        type(network), target :: net
        type(trimtab_tensor) :: grads(2)
        integer :: step, stat
        allocate (net%dW(2, 2), net%db(2))
        grads = [trimtab_weight(net%dW), trimtab_bias(net%db)]
        do step = 1, 3
            net%dW = real(step)
            net%db = [0.0, real(step)]
            call trimtab_observe(grads, stat)
            call expect_stat(stat, TRIMTAB_OK, "observed again")
            call expect(nint(grads(1)%moments%sum) == 4 * step .and. nint(grads(2)%moments%sum) == step, "new gradients")
            call trimtab_scale(grads, 2.0_real64, stat)
            call expect_stat(stat, TRIMTAB_OK, "scaled")
            call trimtab_apply(grads, stat)
            call expect_stat(stat, TRIMTAB_OK, "written")
            call expect(same_bits(net%db, [0.0, 2 * real(step)]), "written into the array")
        end do
    end subroutine
end program
