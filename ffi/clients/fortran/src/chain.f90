!> The methods of a chain: each a function named like its procedure, with `_method` behind, that takes the same
!> arguments but gradients and `stat`.
!>
!> Programs `use trimtab`, which passes on what begins with `trimtab_`. States, and AGC's moments, are `intent(inout)`
!> because their address is kept: an expression is no argument. Configurations and values are copied.
module trimtab_chain
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_loc
    use trimtab_describe
    use trimtab_types
    implicit none
    private

    public :: trimtab_guard_method, trimtab_unscale_method, trimtab_scale_method, trimtab_stable_grad_method
    public :: trimtab_gradient_stabilizer_method, trimtab_autoscale_method, trimtab_centralize_method
    public :: trimtab_znorm_method, trimtab_clip_norm_method, trimtab_clip_value_method, trimtab_agc_method
    public :: trimtab_zclip_method

contains

    !> `trimtab_guard` in a chain. The state is a target.
    function trimtab_guard_method(state, config) result(method)
        type(trimtab_guard_state), intent(inout), target :: state
        type(trimtab_guard_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_GUARD, state=c_loc(state))
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    !> `trimtab_unscale` in a chain.
    function trimtab_unscale_method(loss_scale) result(method)
        real(c_double), intent(in) :: loss_scale
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_UNSCALE, number=loss_scale)
    end function

    !> `trimtab_scale` in a chain.
    function trimtab_scale_method(factor) result(method)
        real(c_double), intent(in) :: factor
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_SCALE, number=factor)
    end function

    !> `trimtab_stable_grad` in a chain.
    function trimtab_stable_grad_method(reference, config) result(method)
        real(c_double), intent(in) :: reference
        type(trimtab_stable_grad_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_STABLE_GRAD, number=reference)
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    !> `trimtab_gradient_stabilizer` in a chain. The states are a contiguous array, or one alone for
    !> `TRIMTAB_SCOPE_GLOBAL`, and a target.
    function trimtab_gradient_stabilizer_method(states, config) result(method)
        type(trimtab_norm_state), intent(inout), target :: states(..)
        type(trimtab_gradient_stabilizer_config), intent(in), optional :: config
        type(trimtab_method) :: method
        integer :: stat
        method%c%kind = TRIMTAB_METHOD_GRADIENT_STABILIZER
        method%each = .true.
        if (present(config)) then
            method%each = config%scope /= TRIMTAB_SCOPE_GLOBAL
            call configure(method, transfer(config, [0_c_int64_t]))
        end if
        call locate(states, method%c%state, method%count, stat)
        if (stat /= TRIMTAB_OK) method%c%kind = stat
    end function

    !> `trimtab_autoscale` in a chain. The state is a target.
    function trimtab_autoscale_method(state) result(method)
        type(trimtab_autoscale_state), intent(inout), target :: state
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_AUTOSCALE, state=c_loc(state))
    end function

    !> `trimtab_centralize` in a chain.
    function trimtab_centralize_method(roles) result(method)
        integer(c_int32_t), intent(in) :: roles
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_CENTRALIZE
        call configure(method, transfer(trimtab_centralize_config(roles=roles), [0_c_int64_t]))
    end function

    !> `trimtab_znorm` in a chain.
    function trimtab_znorm_method(config) result(method)
        type(trimtab_znorm_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_ZNORM
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    !> `trimtab_clip_norm` in a chain.
    function trimtab_clip_norm_method(max_norm, scope) result(method)
        real(c_double), intent(in) :: max_norm
        integer(c_int32_t), intent(in) :: scope
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_CLIP_NORM, number=max_norm)
        call configure(method, transfer(trimtab_clip_norm_config(scope=scope), [0_c_int64_t]))
    end function

    !> `trimtab_clip_value` in a chain.
    function trimtab_clip_value_method(limit) result(method)
        real(c_double), intent(in) :: limit
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_CLIP_VALUE, number=limit)
    end function

    !> `trimtab_agc` in a chain. The moments of the parameters are a contiguous array and a target.
    function trimtab_agc_method(params, config) result(method)
        type(trimtab_moments), intent(inout), target :: params(..)
        type(trimtab_agc_config), intent(in), optional :: config
        type(trimtab_method) :: method
        integer :: stat
        method%c%kind = TRIMTAB_METHOD_AGC
        method%each = .true.
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
        call locate(params, method%c%input, method%count, stat)
        if (stat /= TRIMTAB_OK) method%c%kind = stat
    end function

    !> `trimtab_zclip` in a chain. The state is a target.
    function trimtab_zclip_method(state, config) result(method)
        type(trimtab_zclip_state), intent(inout), target :: state
        type(trimtab_zclip_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c = trimtab_c_method(kind=TRIMTAB_METHOD_ZCLIP, state=c_loc(state))
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    pure subroutine configure(method, bytes)
        type(trimtab_method), intent(inout) :: method
        integer(c_int64_t), intent(in) :: bytes(:)
        method%configured = .true.
        method%config(:size(bytes)) = bytes
    end subroutine
end module
