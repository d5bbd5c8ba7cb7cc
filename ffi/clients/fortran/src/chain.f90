!> Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
!>
!> Arrays of states to save or to load, and the methods of a chain: each a function named like its procedure, with `_method` behind, that takes the same
!> arguments but gradients and `stat`.
!>
!> Programs `use trimtab`, which passes on what begins with `trimtab_`. States, and AGC's moments, are `intent(inout)`
!> because their address is kept: they are targets, arrays of them contiguous, and an expression is no argument.
!> Configurations and values are copied.
module trimtab_chain
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_loc, c_size_t
    use trimtab_describe
    use trimtab_types
    implicit none
    private

    public :: trimtab_states_of

    !> A method of a chain, for `trimtab_decide`. Made by `trimtab_guard_method` and its kind.
    !>
    !> Knows its configuration, so that an expression can be one, and how many states or inputs it has.
    type, public :: trimtab_method
        type(trimtab_c_method) :: c            !! The C struct `trimtab_method`; `trimtab_decide` fills in the address
        logical :: configured = .false.        !! Whether it has a configuration; else the defaults
        integer(c_int64_t) :: config(5) = 0    !! The bytes of its configuration, and zeros
        logical :: each = .false.              !! Whether each tensor has a state or input of its own; else one in all
        integer(c_size_t) :: count = 1         !! How many there are
    end type

    public :: trimtab_unscale_method
    public :: trimtab_scale_method
    public :: trimtab_guard_method
    public :: trimtab_stable_grad_method
    public :: trimtab_gradient_stabilizer_method
    public :: trimtab_autoscale_method
    public :: trimtab_centralize_method
    public :: trimtab_znorm_method
    public :: trimtab_clip_norm_method
    public :: trimtab_clip_value_method
    public :: trimtab_agc_method
    public :: trimtab_zclip_method
    public :: trimtab_adagc_method

    !> States to save or to load: `trimtab_states_of(norms)`, an array of any rank or one alone, contiguous, a target.
    interface trimtab_states_of
        module procedure guard_states, norm_states, autoscale_states, zclip_states, step_states
    end interface

contains

    !> `trimtab_unscale` in a chain.
    function trimtab_unscale_method(loss_scale) result(method)
        real(c_double), intent(in) :: loss_scale
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_UNSCALE
        method%c%number = loss_scale
    end function

    !> `trimtab_scale` in a chain.
    function trimtab_scale_method(factor) result(method)
        real(c_double), intent(in) :: factor
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_SCALE
        method%c%number = factor
    end function

    !> `trimtab_guard` in a chain.
    function trimtab_guard_method(state, config) result(method)
        type(trimtab_guard_state), intent(inout), target :: state
        type(trimtab_guard_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_GUARD
        method%c%state = c_loc(state)
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    !> `trimtab_stable_grad` in a chain.
    function trimtab_stable_grad_method(reference, config) result(method)
        real(c_double), intent(in) :: reference
        type(trimtab_stable_grad_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_STABLE_GRAD
        method%c%number = reference
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    !> `trimtab_gradient_stabilizer` in a chain.
    function trimtab_gradient_stabilizer_method(states, config) result(method)
        type(trimtab_norm_state), intent(inout), target :: states(..)
        type(trimtab_gradient_stabilizer_config), intent(in), optional :: config
        type(trimtab_method) :: method
        integer :: stat
        method%c%kind = TRIMTAB_METHOD_GRADIENT_STABILIZER
        method%each = .true.
        call locate(states, method%c%state, method%count, stat)
        if (present(config)) method%each = config%scope /= TRIMTAB_SCOPE_GLOBAL
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
        if (stat /= TRIMTAB_OK) method%c%kind = stat
    end function

    !> `trimtab_autoscale` in a chain.
    function trimtab_autoscale_method(state) result(method)
        type(trimtab_autoscale_state), intent(inout), target :: state
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_AUTOSCALE
        method%c%state = c_loc(state)
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
        method%c%kind = TRIMTAB_METHOD_CLIP_NORM
        method%c%number = max_norm
        call configure(method, transfer(trimtab_clip_norm_config(scope=scope), [0_c_int64_t]))
    end function

    !> `trimtab_clip_value` in a chain.
    function trimtab_clip_value_method(limit) result(method)
        real(c_double), intent(in) :: limit
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_CLIP_VALUE
        method%c%number = limit
    end function

    !> `trimtab_agc` in a chain.
    function trimtab_agc_method(params, config) result(method)
        type(trimtab_moments), intent(inout), target :: params(..)
        type(trimtab_agc_config), intent(in), optional :: config
        type(trimtab_method) :: method
        integer :: stat
        method%c%kind = TRIMTAB_METHOD_AGC
        method%each = .true.
        call locate(params, method%c%input, method%count, stat)
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
        if (stat /= TRIMTAB_OK) method%c%kind = stat
    end function

    !> `trimtab_zclip` in a chain.
    function trimtab_zclip_method(state, config) result(method)
        type(trimtab_zclip_state), intent(inout), target :: state
        type(trimtab_zclip_config), intent(in), optional :: config
        type(trimtab_method) :: method
        method%c%kind = TRIMTAB_METHOD_ZCLIP
        method%c%state = c_loc(state)
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
    end function

    !> AdaGC (arXiv 2502.11034, Algorithm 1), for TRIMTAB_METHOD_ADAGC: clips the norm of each gradient relative to a
    !> running average of its clipped norms. Weights and biases.
    !>
    !>     R = ||g||;   R == 0: skipped += 1, nothing else
    !>     the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
    !>                              m = min(m, h*R);   at the first step m = h*R
    !>     after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
    !>     steps += 1;   g * h
    !>
    !> n states of type trimtab_norm_state, whose v stays 0.
    function trimtab_adagc_method(states, config) result(method)
        type(trimtab_norm_state), intent(inout), target :: states(..)
        type(trimtab_adagc_config), intent(in), optional :: config
        type(trimtab_method) :: method
        integer :: stat
        method%c%kind = TRIMTAB_METHOD_ADAGC
        method%each = .true.
        call locate(states, method%c%state, method%count, stat)
        if (present(config)) call configure(method, transfer(config, [0_c_int64_t]))
        if (stat /= TRIMTAB_OK) method%c%kind = stat
    end function

    function guard_states(states) result(entry)
        type(trimtab_guard_state), intent(inout), target :: states(..)
        type(trimtab_states) :: entry
        entry = entry_of(states, TRIMTAB_STATE_GUARD)
    end function

    function norm_states(states) result(entry)
        type(trimtab_norm_state), intent(inout), target :: states(..)
        type(trimtab_states) :: entry
        entry = entry_of(states, TRIMTAB_STATE_NORM)
    end function

    function autoscale_states(states) result(entry)
        type(trimtab_autoscale_state), intent(inout), target :: states(..)
        type(trimtab_states) :: entry
        entry = entry_of(states, TRIMTAB_STATE_AUTOSCALE)
    end function

    function zclip_states(states) result(entry)
        type(trimtab_zclip_state), intent(inout), target :: states(..)
        type(trimtab_states) :: entry
        entry = entry_of(states, TRIMTAB_STATE_ZCLIP)
    end function

    function step_states(states) result(entry)
        type(trimtab_step_state), intent(inout), target :: states(..)
        type(trimtab_states) :: entry
        entry = entry_of(states, TRIMTAB_STATE_STEP)
    end function

    pure subroutine configure(method, bytes)
        type(trimtab_method), intent(inout) :: method
        integer(c_int64_t), intent(in) :: bytes(:)
        method%configured = .true.
        method%config(:size(bytes)) = bytes
    end subroutine
end module
