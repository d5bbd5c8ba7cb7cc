!> One procedure a method: sizes are compared, the rest is the C library's.
!>
!> Programs that halt at floating-point exceptions (`-ffpe-trap=invalid`) must not halt in the library, whose loops and
!> choices compute what they then do not use. So nothing halts during a call, and afterwards modes and flags are what
!> they were.
submodule (trimtab) trimtab_deciding
    use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_get_status, ieee_set_halting_mode, ieee_set_status, &
        ieee_status_type
    use, intrinsic :: iso_c_binding, only: c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_guard
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_guard(config, state, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_unscale
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_unscale(loss_scale, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_scale
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_scale(factor, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_stable_grad
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_stable_grad(config, reference, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_gradient_stabilizer
        type(ieee_status_type) :: environment
        integer :: needed
        needed = size(grads)
        if (present(config)) then
            if (config%scope == TRIMTAB_SCOPE_GLOBAL) needed = 1
        end if
        stat = refusal(grads)
        if (stat == TRIMTAB_OK .and. size(states) /= needed) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_gradient_stabilizer(config, states, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_autoscale
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_autoscale(state, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_centralize
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_centralize(roles, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_znorm
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_znorm(config, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_clip_norm
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_clip_norm(max_norm, scope, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_clip_value
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_clip_value(limit, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_agc
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat == TRIMTAB_OK .and. size(params) /= size(grads)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_agc(config, params, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure

    module procedure trimtab_zclip
        type(ieee_status_type) :: environment
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        call ieee_get_status(environment)
        call ieee_set_halting_mode(ieee_all, .false.)
        stat = c_zclip(config, state, grads, size(grads, kind=c_size_t))
        call ieee_set_status(environment)
    end procedure
end submodule
