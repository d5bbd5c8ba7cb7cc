!> One procedure a method, and one for a chain of them: sizes are compared, the rest is the C library's.
submodule (trimtab) trimtab_deciding
    use, intrinsic :: iso_c_binding, only: c_loc, c_size_t
    use trimtab_c_api
    implicit none

contains

    module procedure trimtab_guard
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_guard(config, state, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_unscale
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_unscale(loss_scale, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_scale
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_scale(factor, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_stable_grad
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_stable_grad(config, reference, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_gradient_stabilizer
        integer :: needed
        needed = size(grads)
        if (present(config)) then
            if (config%scope == TRIMTAB_SCOPE_GLOBAL) needed = 1
        end if
        stat = refusal(grads%dtype)
        if (stat == TRIMTAB_OK .and. size(states) /= needed) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        stat = c_gradient_stabilizer(config, states, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_autoscale
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_autoscale(state, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_centralize
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_centralize(roles, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_znorm
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_znorm(config, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_clip_norm
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_clip_norm(max_norm, scope, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_clip_value
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_clip_value(limit, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_agc
        stat = refusal(grads%dtype)
        if (stat == TRIMTAB_OK .and. size(params) /= size(grads)) stat = TRIMTAB_BAD_LENGTH
        if (stat /= TRIMTAB_OK) return
        stat = c_agc(config, params, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_zclip
        stat = refusal(grads%dtype)
        if (stat /= TRIMTAB_OK) return
        stat = c_zclip(config, state, grads, size(grads, kind=c_size_t))
    end procedure

    module procedure trimtab_decide
        type(trimtab_c_method), target :: c_chain(size(chain))
        integer(c_size_t) :: method, tensor
        integer :: i
        method = -1
        call judge(grads%dtype, stat, tensor)
        if (stat == TRIMTAB_OK) call complete(chain, size(grads, kind=c_size_t), stat, method)
        if (stat == TRIMTAB_OK) then
            c_chain = chain%c
            do i = 1, size(chain)
                if (chain(i)%configured) c_chain(i)%config = c_loc(chain(i)%config)
            end do
            stat = c_decide_at(c_chain, size(chain, kind=c_size_t), grads, size(grads, kind=c_size_t), method, tensor)
        end if
        if (present(refused)) refused = int(method) + 1
        if (present(at)) at = int(tensor) + 1
    end procedure

    !> OK if every method has as many states or inputs as it needs, or the first that has not, as C counts.
    pure subroutine complete(chain, tensors, stat, method)
        type(trimtab_method), intent(in) :: chain(:)
        integer(c_size_t), intent(in) :: tensors
        integer, intent(out) :: stat
        integer(c_size_t), intent(out) :: method
        call judge(chain%c%kind, stat, method)
        if (stat /= TRIMTAB_OK) return
        method = first_of(chain%count /= merge(tensors, 1_c_size_t, chain%each))
        if (method >= 0) stat = TRIMTAB_BAD_LENGTH
    end subroutine
end submodule
