!> A TRIMTAB_LEVEL that the processor does not have: every pass is refused, and the module says why.
program level
    use, intrinsic :: iso_c_binding, only: c_char, c_int, c_null_char
    use, intrinsic :: iso_fortran_env, only: real64
    use check, only: done, expect, expect_stat
    use trimtab
    implicit none

    interface
        !> POSIX.
        integer(c_int) function setenv(name, value, overwrite) bind(c)
            import :: c_char, c_int
            character(kind=c_char), intent(in) :: name(*), value(*)
            integer(c_int), value :: overwrite
        end function
    end interface

    real(real64), target :: gradient(3)
    type(trimtab_tensor) :: grads(1)
    integer :: stat

    ! Before the first call: the library looks once.
    call expect(setenv("TRIMTAB_LEVEL" // c_null_char, "abacus" // c_null_char, 1) == 0, "setenv")
    gradient = 1
    grads(1) = trimtab_weight(gradient)
    call trimtab_observe(grads, stat)
    call expect_stat(stat, TRIMTAB_UNSUPPORTED, "observe")
    call expect(index(trimtab_message(stat), "TRIMTAB_LEVEL") > 0, "the message names the variable")
    call expect(index(trimtab_cpu_level(), "TRIMTAB_LEVEL") > 0, "so does the level")
    call done("level")
end program
