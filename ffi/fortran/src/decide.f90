!> One procedure a method: sizes are compared, the rest is the C library's.
submodule (trimtab) trimtab_deciding
    use, intrinsic :: iso_c_binding, only: c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_guard
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_guard(config, state, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_unscale
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_unscale(loss_scale, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_scale
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_scale(factor, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_stable_grad
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_stable_grad(config, reference, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_gradient_stabilizer
        integer :: needed
        needed = size(grads)
        if (present(config)) then
            if (config%scope == TRIMTAB_SCOPE_GLOBAL) needed = 1
        end if
        stat = refusal(grads)
        if (stat == TRIMTAB_OK .and. size(states) /= needed) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        stat = c_gradient_stabilizer(config, states, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_autoscale
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_autoscale(state, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_centralize
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_centralize(roles, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_znorm
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_znorm(config, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_clip_norm
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_clip_norm(max_norm, scope, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_clip_value
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_clip_value(limit, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_agc
        stat = refusal(grads)
        if (stat == TRIMTAB_OK .and. size(params) /= size(grads)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        stat = c_agc(config, params, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_zclip
        stat = refusal(grads)
        if (stat /= TRIMTAB_OK) return
        stat = c_zclip(config, state, grads, size(grads, kind=c_size_t))
    end procedure
end submodule
