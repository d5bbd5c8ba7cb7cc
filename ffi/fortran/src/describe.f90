!> Arrays as the library takes them.
!>
!> The dummies are not `contiguous`: with that attribute the compiler would copy an array that is not, and the
!> descriptor would hold the address of a copy that is gone when the function returns. So they come as they are, and
!> one that is not contiguous is told apart here.
submodule (trimtab) trimtab_describe
    use, intrinsic :: iso_c_binding, only: c_loc, c_null_ptr, c_ptr, c_size_t
    implicit none

contains

    module procedure weight_real32
        tensor = described(grad, TRIMTAB_F32, TRIMTAB_ROLE_WEIGHT)
    end procedure

    module procedure weight_real64
        tensor = described(grad, TRIMTAB_F64, TRIMTAB_ROLE_WEIGHT)
    end procedure

    module procedure weight_16_bits
        tensor = described(grad, of_16_bits(dtype), TRIMTAB_ROLE_WEIGHT)
    end procedure

    module procedure bias_real32
        tensor = described(grad, TRIMTAB_F32, TRIMTAB_ROLE_BIAS)
    end procedure

    module procedure bias_real64
        tensor = described(grad, TRIMTAB_F64, TRIMTAB_ROLE_BIAS)
    end procedure

    module procedure bias_16_bits
        tensor = described(grad, of_16_bits(dtype), TRIMTAB_ROLE_BIAS)
    end procedure

    module procedure adam_slot_real32
        slot = slot_of(TRIMTAB_F32, param, first, second)
    end procedure

    module procedure adam_slot_real64
        slot = slot_of(TRIMTAB_F64, param, first, second)
    end procedure

    module procedure plain_slot_real32
        slot = slot_of(TRIMTAB_F32, param)
    end procedure

    module procedure plain_slot_real64
        slot = slot_of(TRIMTAB_F64, param)
    end procedure

    module procedure momentum_slot_real32
        slot = slot_of(TRIMTAB_F32, param, buffer)
    end procedure

    module procedure momentum_slot_real64
        slot = slot_of(TRIMTAB_F64, param, buffer)
    end procedure

    !> Any other type would make the library read past the end of the array.
    pure integer(c_int32_t) function of_16_bits(dtype)
        integer(c_int32_t), intent(in) :: dtype
        of_16_bits = TRIMTAB_BAD_DTYPE
        if (dtype == TRIMTAB_F16 .or. dtype == TRIMTAB_BF16) of_16_bits = dtype
    end function

    function described(grad, dtype, role) result(tensor)
        type(*), intent(inout), target :: grad(..)
        integer(c_int32_t), intent(in) :: dtype, role
        type(trimtab_tensor) :: tensor
        tensor%role = role
        tensor%dtype = dtype
        call locate(grad, tensor%data, tensor%len, tensor%dtype)
    end function

    function slot_of(dtype, param, first, second) result(slot)
        integer(c_int32_t), intent(in) :: dtype
        type(*), intent(inout), target :: param(..)
        type(*), intent(inout), target, optional :: first(..), second(..)
        type(trimtab_slot) :: slot
        integer(c_size_t) :: length
        slot%c%dtype = dtype
        call locate(param, slot%c%param, slot%len, slot%c%dtype)
        if (present(first)) then
            call locate(first, slot%c%first, length, slot%c%dtype)
            call require_same(length, slot)
        end if
        if (present(second)) then
            call locate(second, slot%c%second, length, slot%c%dtype)
            call require_same(length, slot)
        end if
    end function

    !> Marks a slot with a buffer of another length, unless it is marked already.
    subroutine require_same(length, slot)
        integer(c_size_t), intent(in) :: length
        type(trimtab_slot), intent(inout) :: slot
        if (slot%c%dtype >= 0 .and. length /= slot%len) slot%c%dtype = TRIMTAB_BAD_LENGTH
    end subroutine

    !> Address and number of elements of an array that can be described. For one that cannot, `dtype` says why, in place
    !> of the element type.
    subroutine locate(array, address, length, dtype)
        type(*), intent(inout), target :: array(..)
        type(c_ptr), intent(out) :: address
        integer(c_size_t), intent(out) :: length
        integer(c_int32_t), intent(inout) :: dtype
        address = c_null_ptr
        length = size(array, kind=c_size_t)
        if (length < 0) then ! assumed-size: the standard has the last extent be -1
            dtype = TRIMTAB_BAD_LENGTH
        else if (length > 1 .and. .not. is_contiguous(array)) then
            dtype = TRIMTAB_NOT_CONTIGUOUS
        else if (length > 0) then
            address = c_loc(array)
        end if
    end subroutine
end submodule
