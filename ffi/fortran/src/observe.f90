!> The read pass, and moments by themselves. About the floating-point environment, see decide.f90.
submodule (trimtab) trimtab_observing
    use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_get_status, ieee_set_halting_mode, ieee_set_status, &
        ieee_status_type
    use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_observe
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_observe(grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_outlook
        type(ieee_status_type) :: environment
        stat = refusal([grad])
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_outlook(grad, into)
        call ieee_set_status(environment)
    end procedure

    module procedure observe_real32
        stat = observe_any(into, chunk, TRIMTAB_F32)
    end procedure

    module procedure observe_real64
        stat = observe_any(into, chunk, TRIMTAB_F64)
    end procedure

    module procedure observe_16_bits
        stat = TRIMTAB_BAD_DTYPE ! the elements of any other type would be read past the end of the array
        if (dtype == TRIMTAB_F16 .or. dtype == TRIMTAB_BF16) stat = observe_any(into, chunk, dtype)
    end procedure

    module procedure trimtab_moments_merge
        type(ieee_status_type) :: environment
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_moments_merge(into, from)
        call ieee_set_status(environment)
    end procedure

    ! A pure procedure can neither get nor set the status. But one that uses the module itself has the modes restored
    ! at its end, and signals no exception that it has set to quiet.

    module procedure trimtab_moments_mean
        use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_set_flag, ieee_set_halting_mode
        call ieee_set_halting_mode(ieee_all, .false.)
        mean = c_moments_mean(moments)
        call ieee_set_flag(ieee_all, .false.)
    end procedure

    module procedure trimtab_moments_std
        use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_set_flag, ieee_set_halting_mode
        call ieee_set_halting_mode(ieee_all, .false.)
        std = c_moments_std(moments)
        call ieee_set_flag(ieee_all, .false.)
    end procedure

    module procedure trimtab_moments_norm
        use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_set_flag, ieee_set_halting_mode
        call ieee_set_halting_mode(ieee_all, .false.)
        norm = c_moments_norm(moments)
        call ieee_set_flag(ieee_all, .false.)
    end procedure

    integer function observe_any(into, chunk, dtype) result(stat)
        type(trimtab_moments), intent(inout) :: into
        type(*), intent(in), target :: chunk(..)
        integer(c_int32_t), intent(in) :: dtype
        integer(c_size_t) :: length
        type(c_ptr) :: address
        type(ieee_status_type) :: environment
        call locate(chunk, address, length, stat)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_observe_chunk(into, address, length, dtype)
        call ieee_set_status(environment)
    end function
end submodule
