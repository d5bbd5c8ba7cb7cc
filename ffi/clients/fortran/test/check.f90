!> What the tests have in common: checks that say what does not hold, and stop.
module check
    use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
    use trimtab, only: trimtab_message
    implicit none
    private

    public :: expect, expect_stat, expect_close, same_bits, done

    !> Whether two arrays are the same to the bit, which == does not say of NaN and of zeros.
    interface same_bits
        module procedure same_bits_real32, same_bits_real64
    end interface

    !> Every element within `tolerance` times the largest expected magnitude.
    interface expect_close
        module procedure close_real32, close_real64
    end interface

    integer :: held = 0

contains

    subroutine expect(condition, what)
        logical, intent(in) :: condition
        character(*), intent(in) :: what
        if (.not. condition) then
            print "(2a)", "does not hold: ", what
            error stop 1
        end if
        held = held + 1
    end subroutine

    subroutine expect_stat(stat, expected, what)
        integer, intent(in) :: stat, expected
        character(*), intent(in) :: what
        if (stat /= expected) print "(2a, i0, 3a, i0)", what, ": ", stat, " (", trimtab_message(stat), "), not ", expected
        call expect(stat == expected, what)
    end subroutine

    subroutine close_real64(actual, expected, tolerance, what)
        real(real64), intent(in) :: actual(:), expected(:), tolerance
        character(*), intent(in) :: what
        logical :: near
        near = size(actual) == size(expected)
        if (near) near = all(abs(actual - expected) <= tolerance * maxval(abs(expected)))
        if (.not. near) print "(a, *(1x, g0))", "found   ", actual
        if (.not. near) print "(a, *(1x, g0))", "expected", expected
        call expect(near, what)
    end subroutine

    subroutine close_real32(actual, expected, tolerance, what)
        real(real32), intent(in) :: actual(:)
        real(real64), intent(in) :: expected(:), tolerance
        character(*), intent(in) :: what
        call close_real64(real(actual, real64), expected, tolerance, what)
    end subroutine

    pure logical function same_bits_real32(a, b) result(same)
        real(real32), intent(in) :: a(:), b(:)
        same = size(a) == size(b)
        if (same) same = all(transfer(a, [0_int32]) == transfer(b, [0_int32]))
    end function

    pure logical function same_bits_real64(a, b) result(same)
        real(real64), intent(in) :: a(:), b(:)
        same = size(a) == size(b)
        if (same) same = all(transfer(a, [0_int64]) == transfer(b, [0_int64]))
    end function

    !> The last line of a test.
    subroutine done(name)
        character(*), intent(in) :: name
        print "(2a, i0, a)", name, ": ", held, " checks hold"
    end subroutine
end module
