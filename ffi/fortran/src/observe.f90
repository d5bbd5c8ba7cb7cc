!> The read pass, and moments by themselves.
submodule (trimtab) trimtab_observing
    use, intrinsic :: iso_c_binding, only: c_loc, c_null_ptr, c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_observe
        stat = refusal(grads%dtype)
        if (stat == TRIMTAB_OK) stat = c_observe(grads, size(grads, kind=c_size_t))
    end procedure

    module procedure observe_real32
        stat = c_observe_chunk(into, address(chunk), size(chunk, kind=c_size_t), TRIMTAB_F32)
    end procedure

    module procedure observe_real64
        stat = c_observe_chunk(into, address(chunk), size(chunk, kind=c_size_t), TRIMTAB_F64)
    end procedure

    module procedure observe_16_bits
        stat = TRIMTAB_BAD_DTYPE
        if (dtype /= TRIMTAB_F16 .and. dtype /= TRIMTAB_BF16) return ! would be read past the end
        stat = c_observe_chunk(into, address(chunk), size(chunk, kind=c_size_t), dtype)
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

    !> Of no elements there is none.
    type(c_ptr) function address(chunk)
        type(*), intent(in), contiguous, target :: chunk(..)
        address = c_null_ptr
        if (size(chunk, kind=c_size_t) > 0) address = c_loc(chunk)
    end function
end submodule
