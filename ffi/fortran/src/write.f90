!> The write pass: in place, beside, or fused with an optimizer's update.
submodule (trimtab) trimtab_writing
    use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_apply
        stat = refusal(grads%dtype)
        if (stat == TRIMTAB_OK) stat = c_apply(grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_apply_into
        type(c_ptr), target :: pointers(size(out))
        stat = refusal(grads%dtype)
        if (stat == TRIMTAB_OK) stat = refusal(out%dtype)
        if (stat == TRIMTAB_OK .and. .not. same(grads%len, out%len)) stat = TRIMTAB_BAD_LENGTH
        if (stat == TRIMTAB_OK .and. any(grads%dtype /= out%dtype)) stat = TRIMTAB_BAD_DTYPE
        if (stat /= TRIMTAB_OK) return
        pointers = out%data
        stat = c_apply_into(grads, pointers, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_sgd_step
        type(trimtab_c_slot), target :: c_slots(size(slots))
        stat = pairing(grads, slots)
        if (stat /= TRIMTAB_OK) return
        c_slots = slots%c
        stat = c_sgd_step(config, state, grads, c_slots, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_adam_step
        type(trimtab_c_slot), target :: c_slots(size(slots))
        stat = pairing(grads, slots)
        if (stat /= TRIMTAB_OK) return
        c_slots = slots%c
        stat = c_adam_step(config, state, grads, c_slots, size(grads, kind=c_size_t))
    end procedure

    !> OK if every gradient has a slot of its length.
    pure integer function pairing(grads, slots)
        type(trimtab_tensor), intent(in) :: grads(:)
        type(trimtab_slot), intent(in) :: slots(:)
        pairing = refusal(grads%dtype)
        if (pairing == TRIMTAB_OK) pairing = refusal(slots%c%dtype)
        if (pairing == TRIMTAB_OK .and. .not. same(grads%len, slots%len)) pairing = TRIMTAB_BAD_LENGTH
    end function

    pure logical function same(lengths, others)
        integer(c_size_t), intent(in) :: lengths(:), others(:)
        same = size(lengths) == size(others)
        if (same) same = all(lengths == others)
    end function
end submodule
