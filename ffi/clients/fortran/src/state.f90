!> Saving and loading of states.
submodule (trimtab) trimtab_state
    use, intrinsic :: iso_c_binding, only: c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_state_save
        integer(c_int8_t), allocatable :: made(:)
        integer(c_size_t) :: length
        stat = refusal(entries%kind)
        if (stat /= TRIMTAB_OK) return
        allocate (made(0))
        length = 0
        stat = c_state_save(entries, size(entries, kind=c_size_t), made, 0_c_size_t, length)
        if (stat /= TRIMTAB_OK) return
        deallocate (made)
        allocate (made(length))
        stat = c_state_save(entries, size(entries, kind=c_size_t), made, length, length)
        if (stat == TRIMTAB_OK) call move_alloc(made, bytes)
    end procedure

    module procedure trimtab_state_load
        stat = refusal(entries%kind)
        if (stat /= TRIMTAB_OK) return
        stat = c_state_load(entries, size(entries, kind=c_size_t), bytes, size(bytes, kind=c_size_t))
    end procedure
end submodule
