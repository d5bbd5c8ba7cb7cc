!> The write pass: in place, beside, or fused with an optimizer's update. About the floating-point environment, see
!> decide.f90.
submodule (trimtab) trimtab_writing
    use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_get_status, ieee_set_halting_mode, ieee_set_status, &
        ieee_status_type
    use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_apply
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_apply(grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_apply_into
        type(c_ptr), target :: pointers(size(out))
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat == TRIMTAB_OK) stat = refusal(out)
        if (stat == TRIMTAB_OK .and. size(out) /= size(grads)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        if (any(grads%dtype /= out%dtype)) stat = TRIMTAB_BAD_DTYPE
        if (any(grads%len /= out%len)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        pointers = out%data
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_apply_into(grads, pointers, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_sgd_step
        type(trimtab_c_slot), target :: c_slots(size(slots))
        type(ieee_status_type) :: environment
        stat = pairing(grads, slots)
        if (stat /= TRIMTAB_OK) return
        c_slots = slots%c
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_sgd_step(config, state, grads, c_slots, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_adam_step
        type(trimtab_c_slot), target :: c_slots(size(slots))
        type(ieee_status_type) :: environment
        stat = pairing(grads, slots)
        if (stat /= TRIMTAB_OK) return
        c_slots = slots%c
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_adam_step(config, state, grads, c_slots, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
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
