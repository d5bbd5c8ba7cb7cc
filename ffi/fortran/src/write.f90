!> The write pass: in place, beside, or fused with an optimizer's update.
submodule (trimtab) trimtab_writing
    use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_apply
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_apply(grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_apply_into
        type(c_ptr), target :: pointers(size(out))
        stat = refusal(grads)
        if (stat == TRIMTAB_OK) stat = refusal(out)
        if (stat == TRIMTAB_OK .and. size(out) /= size(grads)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        if (any(grads%dtype /= out%dtype)) stat = TRIMTAB_BAD_DTYPE
        if (any(grads%len /= out%len)) stat = TRIMTAB_BAD_LENGTH
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
    pure integer function pairing(grads, slots) result(stat)
        type(trimtab_tensor), intent(in) :: grads(:)
        type(trimtab_slot), intent(in) :: slots(:)
        stat = refusal(grads)
        if (stat == TRIMTAB_OK) stat = refusal(slots)
        if (stat == TRIMTAB_OK .and. size(slots) /= size(grads)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        if (any(grads%len /= slots%len)) stat = TRIMTAB_BAD_LENGTH
    end function
end submodule
