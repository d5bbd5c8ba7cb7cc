!> Saving all states of a run, loading them into zeros, and bytes that must be refused.
program states
    use, intrinsic :: iso_fortran_env, only: int8, int64, real64
    use check, only: done, expect, expect_stat
    use trimtab
    implicit none

    !> All states that a run can have, 3 norms among them.
    type :: memory
        type(trimtab_norm_state) :: norms(3)
        type(trimtab_autoscale_state) :: autoscale
        type(trimtab_zclip_state) :: zclip
        type(trimtab_guard_state) :: guard
        type(trimtab_step_state) :: step
    end type

    type(memory), target :: run, loaded, untouched
    type(trimtab_states) :: entries(5), others(5)
    integer(int8), allocatable :: bytes(:)
    integer :: stat

    run%norms(1) = trimtab_norm_state(m=0.1_real64, v=0.2_real64, steps=3, skipped=4)
    run%norms(3)%steps = 5
    run%autoscale = trimtab_autoscale_state(exponent=0.5_real64, sigma=6, alpha=7, steps=8)
    run%zclip = trimtab_zclip_state(mean=9, var=10, steps=11)
    run%guard = trimtab_guard_state(consecutive=12, total=13)
    run%step%steps = 14

    entries = entries_of(run)
    call trimtab_state_save(entries, bytes, stat)
    call expect_stat(stat, TRIMTAB_OK, "save")
    call layout()
    call loading()
    call through_a_file()
    call bytes_that_are_refused()
    call states_that_do_not_match()
    call arrays_that_are_not_contiguous()
    call done("states")
    deallocate (bytes)

contains

    function entries_of(all_of_it) result(entries)
        type(memory), intent(inout), target :: all_of_it
        type(trimtab_states) :: entries(5)
        entries = [trimtab_states_of(all_of_it%norms), trimtab_states_of(all_of_it%autoscale), &
            trimtab_states_of(all_of_it%zclip), trimtab_states_of(all_of_it%guard), trimtab_states_of(all_of_it%step)]
    end function

    logical function same(a, b)
        type(memory), intent(in) :: a, b
        same = all(transfer(a, [0_int8]) == transfer(b, [0_int8]))
    end function

    !> A record of 32 bytes, entries of 16, and the states themselves, as the header describes them.
    subroutine layout()
        integer(int64) :: steps
        integer :: i
        call expect(size(bytes) == 32 + 5 * 16 + 3 * 32 + 32 + 24 + 16 + 8, "length")
        call expect(all(bytes(2:8) == transfer("TRIMTAB", [0_int8])), "the name")
        call expect(bytes(1) == -119_int8 .and. bytes(9) == 1 .and. bytes(13) == 5, "0x89, version and entries")
        steps = sum(int(bytes(size(bytes) - 7:), int64) * [(256_int64**i, i = 0, 7)])
        call expect(steps == 14, "the last state, little-endian")
    end subroutine

    subroutine loading()
        others = entries_of(loaded)
        call trimtab_state_load(others, bytes, stat)
        call expect_stat(stat, TRIMTAB_OK, "load")
        call expect(same(run, loaded), "every bit")
    end subroutine

    subroutine through_a_file()
        integer(int8) :: read_back(size(bytes))
        integer :: unit
        open (newunit=unit, status="scratch", access="stream", form="unformatted")
        write (unit) bytes
        rewind unit
        read (unit) read_back
        close (unit)
        loaded = untouched
        call trimtab_state_load(others, read_back, stat)
        call expect_stat(stat, TRIMTAB_OK, "load from a file")
        call expect(same(run, loaded), "every bit, through a file")
    end subroutine

    subroutine refused(changed, expected, what)
        integer(int8), intent(in) :: changed(:)
        integer, intent(in) :: expected
        character(*), intent(in) :: what
        loaded = untouched
        call trimtab_state_load(others, changed, stat)
        call expect_stat(stat, expected, what)
        call expect(same(loaded, untouched), what // ": nothing is loaded")
    end subroutine

    subroutine bytes_that_are_refused()
        integer(int8) :: changed(size(bytes))
        call refused(bytes(:100), TRIMTAB_TRUNCATED, "too few bytes")
        call refused([bytes, 0_int8], TRIMTAB_BAD_LENGTH, "too many bytes")
        changed = bytes
        changed(3) = 0
        call refused(changed, TRIMTAB_BAD_MAGIC, "another name")
        changed = bytes
        changed(size(changed) / 2) = changed(size(changed) / 2) + 1_int8
        call refused(changed, TRIMTAB_BAD_CHECKSUM, "a damaged state")
        call refused(bytes(size(bytes):1:-1), TRIMTAB_BAD_MAGIC, "backwards")
        call expect(index(trimtab_message(TRIMTAB_BAD_VERSION), "not a status") == 0, "the library knows BAD_VERSION")
    end subroutine

    subroutine states_that_do_not_match()
        loaded = untouched
        others = entries_of(loaded)
        others(:2) = others(2:1:-1)
        call trimtab_state_load(others, bytes, stat)
        call expect_stat(stat, TRIMTAB_WRONG_KIND, "another order")
        others = entries_of(loaded)
        call trimtab_state_load(others(:4), bytes, stat)
        call expect_stat(stat, TRIMTAB_WRONG_KIND, "fewer entries")
        others(1) = trimtab_states_of(loaded%norms(:2))
        call trimtab_state_load(others, bytes, stat)
        call expect_stat(stat, TRIMTAB_WRONG_COUNT, "fewer states")
        call expect(same(loaded, untouched), "nothing is loaded")
    end subroutine

    subroutine arrays_that_are_not_contiguous()
        integer(int8) :: before(size(bytes))
        before = bytes
        others = entries_of(run)
        others(1) = trimtab_states_of(run%norms(::2))
        call trimtab_state_save(others, bytes, stat)
        call expect_stat(stat, TRIMTAB_NOT_CONTIGUOUS, "save every other state")
        call expect(all(bytes == before), "the bytes are left alone")
        call trimtab_state_load(others, bytes, stat)
        call expect_stat(stat, TRIMTAB_NOT_CONTIGUOUS, "load every other state")
        others(1)%kind = 9
        call trimtab_state_save(others, bytes, stat)
        call expect_stat(stat, TRIMTAB_BAD_CONFIG, "an unknown kind")
        call expect(all(bytes == before), "the bytes are left alone")
    end subroutine
end program
