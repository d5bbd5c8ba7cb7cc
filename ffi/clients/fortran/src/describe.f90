!> Arrays as the library takes them: their addresses, lengths and element types. Nothing is copied and nothing is read.
!>
!> Programs `use trimtab`, which passes on what begins with `trimtab_`. A descriptor of an array that cannot
!> be described says why, in place of the element type, and every call with it is refused for that reason.
!>
!> Dummies are `intent(inout)` because calls with the descriptor write the array: an expression is no argument. They are
!> not `contiguous`, because the compiler would copy an array that is not, and the address would be that of a copy that
!> is gone when the function returns.
module trimtab_describe
    use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int16_t, c_int32_t, c_loc, c_null_ptr, c_ptr, c_size_t
    use trimtab_types
    implicit none
    private

    public :: trimtab_weight, trimtab_bias, trimtab_adam_slot, trimtab_sgd_slot
    public :: locate, entry_of, judge, first_of, refusal

    !> An array that was to be described is not contiguous. Of this module; the C library has no such status.
    integer, parameter, public :: TRIMTAB_NOT_CONTIGUOUS = -100

    !> What `at` and `refused` are set to where no single tensor, or no method, made a call fail.
    integer, parameter, public :: TRIMTAB_NOWHERE = 0

    !> A parameter and what the optimizer remembers of it. Made by `trimtab_adam_slot` and `trimtab_sgd_slot`.
    !>
    !> Knows its length, so that a step can refuse a slot that does not fit its gradient.
    type, public :: trimtab_slot
        type(trimtab_c_slot) :: c              !! The C struct `trimtab_slot`
        integer(c_size_t) :: len = 0           !! Number of elements of the parameter and of each buffer
    end type

    !> A gradient that is a weight: `trimtab_weight(dW)`, or `trimtab_weight(raw, TRIMTAB_F16)` for 16-bit floats that
    !> lie in an array of int16.
    !>
    !> real32 or real64, of any rank, contiguous, a target. A column `dW(:, j)` is contiguous, a row `dW(i, :)` is not.
    !> Of 16-bit floats, `dtype` says which: `TRIMTAB_F16` or `TRIMTAB_BF16`; calls with any other are refused with
    !> BAD_DTYPE.
    interface trimtab_weight
        module procedure weight_real32, weight_real64, weight_16_bits
    end interface

    !> A gradient that is a bias, or another one-dimensional parameter's. As `trimtab_weight`.
    interface trimtab_bias
        module procedure bias_real32, bias_real64, bias_16_bits
    end interface

    !> A parameter with the two moments that Adam keeps of it: `trimtab_adam_slot(W, first, second)`, all of one kind,
    !> and of one size, else calls with the slot are refused with BAD_LENGTH. The moments are zeros before the first
    !> step.
    interface trimtab_adam_slot
        module procedure adam_slot_real32, adam_slot_real64
    end interface

    !> A parameter for SGD, `trimtab_sgd_slot(W)`, and with its momentum buffer if `momentum` is above 0,
    !> `trimtab_sgd_slot(W, buffer)`: of one kind, and of one size, else calls with the slot are refused with BAD_LENGTH.
    !> The buffer is zeros before the first step.
    interface trimtab_sgd_slot
        module procedure plain_slot_real32, plain_slot_real64, momentum_slot_real32, momentum_slot_real64
    end interface

contains

    function weight_real32(grad) result(tensor)
        real(c_float), intent(inout), target :: grad(..)
        type(trimtab_tensor) :: tensor
        tensor = described(grad, TRIMTAB_F32, TRIMTAB_ROLE_WEIGHT)
    end function

    function weight_real64(grad) result(tensor)
        real(c_double), intent(inout), target :: grad(..)
        type(trimtab_tensor) :: tensor
        tensor = described(grad, TRIMTAB_F64, TRIMTAB_ROLE_WEIGHT)
    end function

    function weight_16_bits(grad, dtype) result(tensor)
        integer(c_int16_t), intent(inout), target :: grad(..)
        integer(c_int32_t), intent(in) :: dtype
        type(trimtab_tensor) :: tensor
        tensor = described(grad, of_16_bits(dtype), TRIMTAB_ROLE_WEIGHT)
    end function

    function bias_real32(grad) result(tensor)
        real(c_float), intent(inout), target :: grad(..)
        type(trimtab_tensor) :: tensor
        tensor = described(grad, TRIMTAB_F32, TRIMTAB_ROLE_BIAS)
    end function

    function bias_real64(grad) result(tensor)
        real(c_double), intent(inout), target :: grad(..)
        type(trimtab_tensor) :: tensor
        tensor = described(grad, TRIMTAB_F64, TRIMTAB_ROLE_BIAS)
    end function

    function bias_16_bits(grad, dtype) result(tensor)
        integer(c_int16_t), intent(inout), target :: grad(..)
        integer(c_int32_t), intent(in) :: dtype
        type(trimtab_tensor) :: tensor
        tensor = described(grad, of_16_bits(dtype), TRIMTAB_ROLE_BIAS)
    end function

    function adam_slot_real32(param, first, second) result(slot)
        real(c_float), intent(inout), target :: param(..), first(..), second(..)
        type(trimtab_slot) :: slot
        slot = slot_of(TRIMTAB_F32, param, first, second)
    end function

    function adam_slot_real64(param, first, second) result(slot)
        real(c_double), intent(inout), target :: param(..), first(..), second(..)
        type(trimtab_slot) :: slot
        slot = slot_of(TRIMTAB_F64, param, first, second)
    end function

    function plain_slot_real32(param) result(slot)
        real(c_float), intent(inout), target :: param(..)
        type(trimtab_slot) :: slot
        slot = slot_of(TRIMTAB_F32, param)
    end function

    function plain_slot_real64(param) result(slot)
        real(c_double), intent(inout), target :: param(..)
        type(trimtab_slot) :: slot
        slot = slot_of(TRIMTAB_F64, param)
    end function

    function momentum_slot_real32(param, buffer) result(slot)
        real(c_float), intent(inout), target :: param(..), buffer(..)
        type(trimtab_slot) :: slot
        slot = slot_of(TRIMTAB_F32, param, buffer)
    end function

    function momentum_slot_real64(param, buffer) result(slot)
        real(c_double), intent(inout), target :: param(..), buffer(..)
        type(trimtab_slot) :: slot
        slot = slot_of(TRIMTAB_F64, param, buffer)
    end function

    !> Any other type would make the library read past the end of the array.
    pure integer(c_int32_t) function of_16_bits(dtype)
        integer(c_int32_t), intent(in) :: dtype
        of_16_bits = TRIMTAB_BAD_DTYPE
        if (dtype == TRIMTAB_F16 .or. dtype == TRIMTAB_BF16) of_16_bits = dtype
    end function

    function described(grad, dtype, role) result(tensor)
        type(*), intent(in), target :: grad(..)
        integer(c_int32_t), intent(in) :: dtype, role
        type(trimtab_tensor) :: tensor
        integer :: stat
        tensor%role = role
        tensor%dtype = dtype
        call locate(grad, tensor%data, tensor%len, stat)
        if (stat /= TRIMTAB_OK) tensor%dtype = stat
    end function

    function slot_of(dtype, param, first, second) result(slot)
        integer(c_int32_t), intent(in) :: dtype
        type(*), intent(in), target :: param(..)
        type(*), intent(in), target, optional :: first(..), second(..)
        type(trimtab_slot) :: slot
        integer(c_size_t) :: lengths(2)
        integer :: stats(3)
        call locate(param, slot%c%param, slot%len, stats(1))
        lengths = slot%len
        stats(2:) = TRIMTAB_OK
        if (present(first)) call locate(first, slot%c%first, lengths(1), stats(2))
        if (present(second)) call locate(second, slot%c%second, lengths(2), stats(3))
        slot%c%dtype = dtype
        if (any(lengths /= slot%len) .or. any(stats == TRIMTAB_BAD_LENGTH)) slot%c%dtype = TRIMTAB_BAD_LENGTH
        if (any(stats == TRIMTAB_NOT_CONTIGUOUS)) slot%c%dtype = TRIMTAB_NOT_CONTIGUOUS
    end function

    function entry_of(states, kind) result(entry)
        type(*), intent(in), target :: states(..)
        integer(c_int32_t), intent(in) :: kind
        type(trimtab_states) :: entry
        integer :: stat
        entry%kind = kind
        call locate(states, entry%states, entry%count, stat)
        if (stat /= TRIMTAB_OK) entry%kind = stat
    end function

    !> Address and number of elements of an array, or why it cannot be described.
    subroutine locate(array, address, length, stat)
        type(*), intent(in), target :: array(..)
        type(c_ptr), intent(out) :: address
        integer(c_size_t), intent(out) :: length
        integer, intent(out) :: stat
        address = c_null_ptr
        length = size(array, kind=c_size_t)
        stat = TRIMTAB_OK
        if (any(shape(array) < 0)) then ! assumed-size: the last extent is -1
            stat = TRIMTAB_BAD_LENGTH
        else if (length > 1 .and. .not. is_contiguous(array)) then
            stat = TRIMTAB_NOT_CONTIGUOUS
        else if (length > 0) then
            address = c_loc(array)
        end if
    end subroutine

    !> Why the first of these could not be made, which stands in place of its element type or kind, and its index as C
    !> counts; OK and -1 if all could.
    pure subroutine judge(marks, stat, place)
        integer(c_int32_t), intent(in) :: marks(:)
        integer, intent(out) :: stat
        integer(c_size_t), intent(out) :: place
        place = first_of(marks == TRIMTAB_BAD_LENGTH .or. marks == TRIMTAB_NOT_CONTIGUOUS)
        stat = TRIMTAB_OK
        if (place >= 0) stat = marks(place + 1)
    end subroutine

    !> The index of the first that is true, as C counts; -1 if none is.
    pure integer(c_size_t) function first_of(these)
        logical, intent(in) :: these(:)
        first_of = findloc(these, .true., dim=1, kind=c_size_t) - 1
    end function

    !> `judge` without the index.
    pure integer function refusal(marks) result(stat)
        integer(c_int32_t), intent(in) :: marks(:)
        integer(c_size_t) :: place
        call judge(marks, stat, place)
    end function
end module
