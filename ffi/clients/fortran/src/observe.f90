!> The read pass, and moments by themselves.
submodule (trimtab) trimtab_observing
    use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_observe
        integer(c_size_t) :: place
        call judge(grads%dtype, stat, place)
        if (stat == TRIMTAB_OK) stat = c_observe_at(grads, size(grads, kind=c_size_t), place)
        if (present(at)) at = int(place) + 1
    end procedure

    module procedure trimtab_outlook
        stat = refusal([grad%dtype])
        if (stat /= TRIMTAB_OK) return
        stat = c_outlook(grad, into)
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
        stat = c_moments_merge(into, from)
    end procedure

    module procedure trimtab_moments_mean
        mean = c_moments_mean(moments)
    end procedure

    module procedure trimtab_moments_std
        std = c_moments_std(moments)
    end procedure

    module procedure trimtab_moments_norm
        norm = c_moments_norm(moments)
    end procedure

    integer function observe_any(into, chunk, dtype) result(stat)
        type(trimtab_moments), intent(inout) :: into
        type(*), intent(in), target :: chunk(..)
        integer(c_int32_t), intent(in) :: dtype
        integer(c_size_t) :: length
        type(c_ptr) :: address
        call locate(chunk, address, length, stat)
        if (stat /= TRIMTAB_OK) return
        stat = c_observe_chunk(into, address, length, dtype)
    end function
end submodule
