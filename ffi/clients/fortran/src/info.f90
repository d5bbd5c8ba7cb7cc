!> Initialisation, texts and threads.
submodule (trimtab) trimtab_info
    use, intrinsic :: iso_c_binding, only: c_char, c_f_pointer, c_ptr, c_size_t
    use trimtab_c_api
    implicit none

    interface
        !> Of C's own library: the length of a text that ends in NUL.
        pure integer(c_size_t) function c_strlen(text) bind(c, name="strlen")
            import :: c_ptr, c_size_t
            type(c_ptr), value :: text
        end function
    end interface

contains

    module procedure trimtab_init_std
        std = c_init_std(activation, int(max(fan_in, 0), c_size_t))
    end procedure

    module procedure trimtab_message
        if (stat == TRIMTAB_NOT_CONTIGUOUS) then
            message = "an array is not contiguous, so that its descriptor would hold the address of a copy: describe " &
                // "whole arrays, columns, or a contiguous array of your own that you copy to and from"
        else
            message = text(c_status_message(int(stat, c_int32_t)))
        end if
    end procedure

    module procedure trimtab_version
        version = text(c_version())
    end procedure

    module procedure trimtab_cpu_level
        level = text(c_cpu_level())
    end procedure

    module procedure trimtab_set_threads
        stat = c_set_threads(int(max(threads, 0), c_size_t))
    end procedure

    !> A text of C's, without the NUL at its end.
    function text(address)
        type(c_ptr), intent(in) :: address
        character(:), allocatable :: text
        character(kind=c_char), pointer :: letters(:)
        integer :: i
        call c_f_pointer(address, letters, [c_strlen(address)])
        allocate (character(size(letters)) :: text)
        do i = 1, size(letters)
            text(i:i) = letters(i)
        end do
    end function
end submodule
