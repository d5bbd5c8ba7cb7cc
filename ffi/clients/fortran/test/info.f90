!> Initialisation, texts and threads.
program info
    use, intrinsic :: ieee_arithmetic, only: ieee_is_nan
    use, intrinsic :: iso_fortran_env, only: real64
    use check, only: done, expect, expect_close, expect_stat, same_bits
    use trimtab
    implicit none

    call init_std()
    call messages()
    call version_and_level()
    call threads()
    call done("info")

contains

    !> 1 / sqrt(E[f(z)**2]) for standard normal z, to seven digits.
    subroutine init_std()
        real(real64) :: gains(6)
        gains = trimtab_init_std([TRIMTAB_RELU, TRIMTAB_TANH, TRIMTAB_SILU, TRIMTAB_GELU, TRIMTAB_SIN, TRIMTAB_IDENTITY], 1)
        call expect_close(gains, [1.4142136_real64, 1.5925374_real64, 1.6765325_real64, 1.5335304_real64, &
            1.5208666_real64, 1.0_real64], 5e-8_real64, "gains")
        call expect_close([trimtab_init_std(TRIMTAB_TANH, 100)], [gains(2) / 10], 1e-15_real64, "of 100 inputs")
        call expect(ieee_is_nan(trimtab_init_std(6, 10)), "an unknown activation")
        call expect(all(ieee_is_nan(trimtab_init_std(TRIMTAB_TANH, [0, -1]))), "no inputs")
    end subroutine

    subroutine messages()
        call expect(trimtab_message(TRIMTAB_OK) == "ok", "ok")
        call expect(len(trimtab_message(TRIMTAB_OK)) == 2, "without the NUL at its end")
        call expect(index(trimtab_message(TRIMTAB_BAD_REFERENCE), "reference must be finite") > 0, "of the library")
        call expect(index(trimtab_message(TRIMTAB_NOT_CONTIGUOUS), "not contiguous") > 0, "of the module")
        call expect(index(trimtab_message(42), "not a status") > 0, "of no status")
    end subroutine

    subroutine version_and_level()
        call expect(verify(trimtab_version(), "0123456789.") == 0, "a version of numbers")
        call expect(any(trimtab_cpu_level() == ["avx512", "avx2  ", "sse2  ", "neon  ", "scalar"]), "an instruction set")
    end subroutine

    !> Results are the same for any number: 1,000,000 elements are enough to be shared.
    subroutine threads()
        real(real64), allocatable, target :: a(:)
        type(trimtab_tensor) :: one(1), two(1)
        integer :: i, stat
        allocate (a(1000000))
        do i = 1, size(a)
            a(i) = sin(0.1_real64 * i)
        end do
        one(1) = trimtab_weight(a)
        two(1) = trimtab_weight(a)
        call trimtab_observe(one, stat)
        call expect_stat(stat, TRIMTAB_OK, "on one thread")
        call trimtab_set_threads(0, stat)
        call expect_stat(stat, TRIMTAB_BAD_CONFIG, "0 threads")
        call trimtab_set_threads(-3, stat)
        call expect_stat(stat, TRIMTAB_BAD_CONFIG, "-3 threads")
        call trimtab_set_threads(1, stat)
        call expect_stat(stat, TRIMTAB_OK, "1 thread")
        call trimtab_set_threads(2, stat)
        call expect(stat == TRIMTAB_OK .or. stat == TRIMTAB_UNSUPPORTED, "2 threads, if this library was built for them")
        call trimtab_observe(two, stat)
        call expect_stat(stat, TRIMTAB_OK, "on two threads")
        call expect(same_bits([one%moments%sum, one%moments%sum_sq], [two%moments%sum, two%moments%sum_sq]), "same bits")
    end subroutine
end program
