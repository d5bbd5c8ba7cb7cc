!> The write pass: in place, beside, or fused with an optimizer's update.
submodule (trimtab) trimtab_writing
    use, intrinsic :: iso_c_binding, only: c_ptr, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_apply
        integer(c_size_t) :: place
        call judge(grads%dtype, stat, place)
        if (stat == TRIMTAB_OK) stat = c_apply_at(grads, size(grads, kind=c_size_t), place)
        if (present(at)) at = int(place) + 1
    end procedure

    module procedure trimtab_apply_into
        type(c_ptr), target :: pointers(size(out))
        integer(c_size_t) :: place
        call pair(grads, out%dtype, out%len, stat, place)
        if (stat == TRIMTAB_OK) then
            place = first_of(grads%dtype /= out%dtype)
            if (place >= 0) stat = TRIMTAB_BAD_DTYPE
        end if
        if (stat == TRIMTAB_OK) then
            pointers = out%data
            stat = c_apply_into_at(grads, pointers, size(grads, kind=c_size_t), place)
        end if
        if (present(at)) at = int(place) + 1
    end procedure

    module procedure trimtab_sgd_step
        type(trimtab_c_slot), target :: c_slots(size(slots))
        integer(c_size_t) :: place
        call pair(grads, slots%c%dtype, slots%len, stat, place)
        if (stat == TRIMTAB_OK) then
            c_slots = slots%c
            stat = c_sgd_step_at(config, state, grads, c_slots, size(grads, kind=c_size_t), place)
        end if
        if (present(at)) at = int(place) + 1
    end procedure

    module procedure trimtab_adam_step
        type(trimtab_c_slot), target :: c_slots(size(slots))
        integer(c_size_t) :: place
        call pair(grads, slots%c%dtype, slots%len, stat, place)
        if (stat == TRIMTAB_OK) then
            c_slots = slots%c
            stat = c_adam_step_at(config, state, grads, c_slots, size(grads, kind=c_size_t), place)
        end if
        if (present(at)) at = int(place) + 1
    end procedure

    !> OK if every gradient has a slot or output of its length; else why not, and the first that has not, as C counts.
    pure subroutine pair(grads, marks, lengths, stat, place)
        type(trimtab_tensor), intent(in) :: grads(:)
        integer(c_int32_t), intent(in) :: marks(:)
        integer(c_size_t), intent(in) :: lengths(:)
        integer, intent(out) :: stat
        integer(c_size_t), intent(out) :: place
        call judge(grads%dtype, stat, place)
        if (stat == TRIMTAB_OK) call judge(marks, stat, place)
        if (stat /= TRIMTAB_OK) return
        if (size(lengths) == size(grads)) place = first_of(grads%len /= lengths)
        if (size(lengths) /= size(grads) .or. place >= 0) stat = TRIMTAB_BAD_LENGTH
    end subroutine
end submodule
