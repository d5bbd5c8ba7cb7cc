!> The read pass against sums that Fortran makes itself, in real64 or real128.
program moments
    use, intrinsic :: ieee_arithmetic, only: ieee_is_finite, ieee_is_nan, ieee_quiet_nan, ieee_value
    use, intrinsic :: iso_fortran_env, only: int16, int64, real32, real64
    use check, only: done, expect, expect_close, expect_stat
    use trimtab
    implicit none

    !> Sums of a few elements in real64, in another order.
    real(real64), parameter :: ROUNDING = 1e-14_real64

    call of_real32()
    call of_real64()
    call of_16_bits()
    call of_chunks()
    call of_parts_that_are_not_contiguous()
    call merged()
    call statistics()
    call not_finite()
    call of_nothing()
    call of_some_descriptors()
    call done("moments")

contains

    subroutine expect_moments(found, x, what)
        type(trimtab_moments), intent(in) :: found
        real(real64), intent(in) :: x(:)
        character(*), intent(in) :: what
        call expect(found%count == size(x), what // ": count")
        call expect_close([found%sum], [sum(x)], ROUNDING, what // ": sum")
        call expect_close([found%sum_sq], [sum(x**2)], ROUNDING, what // ": sum of squares")
        call expect_close([found%abs_max], [maxval(abs(x))], 0.0_real64, what // ": largest magnitude")
    end subroutine

    subroutine of_real32()
        real(real32), target :: a(3, 4)
        type(trimtab_tensor) :: grads(1)
        integer :: i, stat
        a = reshape([(sin(real(i)), i = 1, 12)], [3, 4])
        grads(1) = trimtab_weight(a)
        grads%affine%scale = 7
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "observe real32")
        call expect_moments(grads(1)%moments, real(pack(a, .true.), real64), "real32")
        call expect_close([grads%affine%scale], [1.0_real64], 0.0_real64, "observe resets the affine")
    end subroutine

    subroutine of_real64()
        real(real64), target :: a(100), b(7)
        type(trimtab_tensor) :: grads(2)
        integer :: i, stat
        a = [(cos(1.0_real64 * i), i = 1, 100)]
        b = a(1:7) * 1e100_real64
        grads = [trimtab_weight(a), trimtab_bias(b)]
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "observe real64")
        call expect_moments(grads(1)%moments, a, "real64")
        call expect_moments(grads(2)%moments, b, "real64 of 1e100")
    end subroutine

    !> 0x3c00 is 1, 0xc000 -2 and 0x3555 1365/4096 in binary16; 0x3f80, 0xc000 and 0x4049 are 1, -2 and 201/64 in bfloat16.
    subroutine of_16_bits()
        integer(int16), target :: half(3), brain(3)
        type(trimtab_tensor) :: grads(2)
        type(trimtab_moments) :: chunk
        integer :: stat
        half = [int(z'3c00', int16), int(-16384, int16), int(z'3555', int16)]
        brain = [int(z'3f80', int16), int(-16384, int16), int(z'4049', int16)]
        grads = [trimtab_weight(half, TRIMTAB_F16), trimtab_weight(brain, TRIMTAB_BF16)]
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "observe 16 bits")
        call expect_moments(grads(1)%moments, [1.0_real64, -2.0_real64, 1365 / 4096.0_real64], "binary16")
        call expect_moments(grads(2)%moments, [1.0_real64, -2.0_real64, 201 / 64.0_real64], "bfloat16")
        call trimtab_observe_chunk(chunk, half, TRIMTAB_F16, stat)
        call expect_stat(stat, TRIMTAB_OK, "a chunk of binary16")
        call expect_moments(chunk, [1.0_real64, -2.0_real64, 1365 / 4096.0_real64], "a chunk of binary16")
    end subroutine

    !> A boundary at a multiple of 65,536 elements changes no bit.
    subroutine of_chunks()
        integer, parameter :: block = 65536
        real(real32), allocatable, target :: a(:)
        type(trimtab_tensor) :: whole(1)
        type(trimtab_moments) :: parts
        integer :: i, stat
        allocate (a(2 * block + 5))
        do i = 1, size(a)
            a(i) = sin(0.37 * real(i))
        end do
        whole(1) = trimtab_weight(a)
        call trimtab_observe(whole, stat)
        call expect_stat(stat, TRIMTAB_OK, "the whole")
        call trimtab_observe_chunk(parts, a(:block), stat)
        call expect_stat(stat, TRIMTAB_OK, "first chunk")
        call trimtab_observe_chunk(parts, a(block + 1:), stat)
        call expect_stat(stat, TRIMTAB_OK, "second chunk")
        call expect(parts%count == size(a), "all elements")
        call expect(transfer(parts%sum, 0_int64) == transfer(whole(1)%moments%sum, 0_int64), "sum, to the bit")
        call expect(transfer(parts%sum_sq, 0_int64) == transfer(whole(1)%moments%sum_sq, 0_int64), "squares, to the bit")
    end subroutine

    !> A chunk is only read, during the call: a copy will do, which an expression is.
    subroutine of_parts_that_are_not_contiguous()
        real(real64) :: a(3, 4)
        type(trimtab_moments) :: row, block
        integer :: i, stat
        a = reshape([(sqrt(1.0_real64 * i), i = 1, 12)], [3, 4])
        call trimtab_observe_chunk(row, a(2, :), stat)
        call expect_stat(stat, TRIMTAB_NOT_CONTIGUOUS, "a row")
        call expect(row%count == 0, "nothing of it is counted")
        call trimtab_observe_chunk(row, (a(2, :)), stat)
        call expect_stat(stat, TRIMTAB_OK, "a copy of a row")
        call expect_moments(row, a(2, :), "a copy of a row")
        call trimtab_observe_chunk(block, 2 * a(1:2, 2:4), stat)
        call expect_stat(stat, TRIMTAB_OK, "an expression of rank 2")
        call expect_moments(block, 2 * pack(a(1:2, 2:4), .true.), "an expression of rank 2")
        call trimtab_observe_chunk(block, a(3, 3), stat)
        call expect_stat(stat, TRIMTAB_OK, "an element")
        call expect(block%count == 7, "one more element")
    end subroutine

    subroutine merged()
        type(trimtab_moments) :: a, b
        integer :: stat
        a = trimtab_moments(count=2, sum=3, sum_sq=5, abs_max=2)
        b = trimtab_moments(count=1, sum=-4, sum_sq=16, abs_max=4)
        call trimtab_moments_merge(a, b, stat)
        call expect_stat(stat, TRIMTAB_OK, "merge")
        call expect_moments(a, [1.0_real64, 2.0_real64, -4.0_real64], "merged")
        call trimtab_moments_merge(b, b, stat)
        call expect_moments(b, [-4.0_real64, -4.0_real64], "merged with itself")
        a%count = huge(a%count)
        b%count = huge(a%count)
        call trimtab_moments_merge(a, b, stat)
        call expect_stat(stat, TRIMTAB_OK, "2**64 - 2 elements")
        call trimtab_moments_merge(a, b, stat)
        call expect_stat(stat, TRIMTAB_BAD_LENGTH, "more elements than can be counted")
    end subroutine

    !> 1, 2 and 6: mean 3, squared deviations 4 + 1 + 9.
    subroutine statistics()
        type(trimtab_moments) :: m(2)
        m = trimtab_moments(count=3, sum=9, sum_sq=41, abs_max=6)
        call expect_close(trimtab_moments_mean(m), [3.0_real64, 3.0_real64], ROUNDING, "mean")
        call expect_close(trimtab_moments_std(m), sqrt([7.0_real64, 7.0_real64]), ROUNDING, "standard deviation")
        call expect_close([trimtab_moments_norm(m(1))], [sqrt(41.0_real64)], ROUNDING, "norm")
        m(2) = trimtab_moments()
        call expect(ieee_is_nan(trimtab_moments_mean(m(2))), "no mean of nothing")
        m(2)%count = 1
        call expect(ieee_is_nan(trimtab_moments_std(m(2))), "no standard deviation of one")
    end subroutine

    subroutine not_finite()
        real(real32), target :: a(3), b(2)
        type(trimtab_tensor) :: grads(2)
        type(trimtab_moments) :: chunk
        integer :: stat
        a = [1.0, ieee_value(1.0, ieee_quiet_nan), 2.0]
        b = [3.0, 4.0]
        grads = [trimtab_weight(a), trimtab_bias(b)]
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_NON_FINITE, "NaN")
        call expect(.not. ieee_is_finite(grads(1)%moments%sum_sq), "the moments say so")
        call expect_moments(grads(2)%moments, [3.0_real64, 4.0_real64], "beside NaN")
        call trimtab_observe_chunk(chunk, a, stat)
        call expect_stat(stat, TRIMTAB_NON_FINITE, "NaN in a chunk")
        call expect(chunk%count == 3, "counted all the same")
    end subroutine

    subroutine of_nothing()
        real(real64), target :: none(0)
        type(trimtab_tensor) :: grads(1)
        type(trimtab_moments) :: chunk
        integer :: stat
        grads(1) = trimtab_weight(none)
        call trimtab_observe(grads, stat)
        call expect_stat(stat, TRIMTAB_OK, "a tensor without elements")
        call trimtab_observe(grads(1:0), stat)
        call expect_stat(stat, TRIMTAB_OK, "no tensors")
        call trimtab_observe_chunk(chunk, none, stat)
        call expect_stat(stat, TRIMTAB_OK, "a chunk without elements")
        call expect(chunk%count == 0, "nothing counted")
    end subroutine

    !> Descriptors need not lie beside each other: nothing keeps their address.
    subroutine of_some_descriptors()
        real(real64), target :: a(2, 3)
        type(trimtab_tensor) :: grads(3)
        integer :: j, stat
        a = reshape([1, 2, 3, 4, 5, 6], [2, 3])
        grads = [(trimtab_weight(a(:, j)), j = 1, 3)]
        call trimtab_observe(grads(::2), stat)
        call expect_stat(stat, TRIMTAB_OK, "every other descriptor")
        call expect(all(grads%moments%count == [2, 0, 2]), "the others are left alone")
        call expect(all(nint(grads%moments%sum) == [3, 0, 11]), "sums of every other column")
    end subroutine
end program
