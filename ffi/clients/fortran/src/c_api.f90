!> Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
!>
!> The functions of `include/trimtab.h`, one interface each. Called by the submodules of `trimtab` and by nobody else:
!> arrays come without their sizes here, and nothing checks them.
!>
!> An absent configuration arrives as NULL, which means the defaults. Functions that return a number are `pure`. Where a
!> function may write through the addresses in an argument that it does not change itself, the argument is a `target`:
!> without that, gfortran takes all that can be reached from an `intent(in)` argument for unchanged.
module trimtab_c_api
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int8_t, c_ptr, c_size_t
    use trimtab_types
    implicit none
    private

    public :: c_observe
    public :: c_observe_at
    public :: c_outlook
    public :: c_observe_chunk
    public :: c_moments_merge
    public :: c_moments_mean
    public :: c_moments_std
    public :: c_moments_norm
    public :: c_unscale
    public :: c_scale
    public :: c_guard
    public :: c_stable_grad
    public :: c_gradient_stabilizer
    public :: c_autoscale
    public :: c_centralize
    public :: c_znorm
    public :: c_clip_norm
    public :: c_clip_value
    public :: c_agc
    public :: c_zclip
    public :: c_decide
    public :: c_decide_at
    public :: c_apply
    public :: c_apply_at
    public :: c_apply_into
    public :: c_apply_into_at
    public :: c_sgd_step
    public :: c_sgd_step_at
    public :: c_adam_step
    public :: c_adam_step_at
    public :: c_state_save
    public :: c_state_load
    public :: c_init_std
    public :: c_status_message
    public :: c_version
    public :: c_cpu_level
    public :: c_set_threads

    interface
        integer(c_int32_t) function c_observe(grads, n) &
                bind(c, name="trimtab_observe")
            import
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_observe_at(grads, n, at) &
                bind(c, name="trimtab_observe_at")
            import
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: at
        end function

        integer(c_int32_t) function c_outlook(tensor, into) &
                bind(c, name="trimtab_outlook")
            import
            type(trimtab_tensor), intent(in), target :: tensor
            type(trimtab_moments), intent(inout) :: into
        end function

        integer(c_int32_t) function c_observe_chunk(into, data, len, dtype) &
                bind(c, name="trimtab_observe_chunk")
            import
            type(trimtab_moments), intent(inout) :: into
            type(c_ptr), value :: data
            integer(c_size_t), value :: len
            integer(c_int32_t), value :: dtype
        end function

        integer(c_int32_t) function c_moments_merge(into, from) &
                bind(c, name="trimtab_moments_merge")
            import
            type(trimtab_moments), intent(inout) :: into
            type(trimtab_moments), intent(in) :: from
        end function

        pure real(c_double) function c_moments_mean(moments) &
                bind(c, name="trimtab_moments_mean")
            import
            type(trimtab_moments), intent(in) :: moments
        end function

        pure real(c_double) function c_moments_std(moments) &
                bind(c, name="trimtab_moments_std")
            import
            type(trimtab_moments), intent(in) :: moments
        end function

        pure real(c_double) function c_moments_norm(moments) &
                bind(c, name="trimtab_moments_norm")
            import
            type(trimtab_moments), intent(in) :: moments
        end function

        integer(c_int32_t) function c_unscale(loss_scale, grads, n) &
                bind(c, name="trimtab_unscale")
            import
            real(c_double), value :: loss_scale
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_scale(factor, grads, n) &
                bind(c, name="trimtab_scale")
            import
            real(c_double), value :: factor
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_guard(config, state, grads, n) &
                bind(c, name="trimtab_guard")
            import
            type(trimtab_guard_config), intent(in), optional :: config
            type(trimtab_guard_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_stable_grad(config, reference, grads, n) &
                bind(c, name="trimtab_stable_grad")
            import
            type(trimtab_stable_grad_config), intent(in), optional :: config
            real(c_double), value :: reference
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_gradient_stabilizer(config, states, grads, n) &
                bind(c, name="trimtab_gradient_stabilizer")
            import
            type(trimtab_gradient_stabilizer_config), intent(in), optional :: config
            type(trimtab_norm_state), intent(inout) :: states(*)
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_autoscale(state, grads, n) &
                bind(c, name="trimtab_autoscale")
            import
            type(trimtab_autoscale_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_centralize(roles, grads, n) &
                bind(c, name="trimtab_centralize")
            import
            integer(c_int32_t), value :: roles
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_znorm(config, grads, n) &
                bind(c, name="trimtab_znorm")
            import
            type(trimtab_znorm_config), intent(in), optional :: config
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_clip_norm(max_norm, scope, grads, n) &
                bind(c, name="trimtab_clip_norm")
            import
            real(c_double), value :: max_norm
            integer(c_int32_t), value :: scope
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_clip_value(limit, grads, n) &
                bind(c, name="trimtab_clip_value")
            import
            real(c_double), value :: limit
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_agc(config, params, grads, n) &
                bind(c, name="trimtab_agc")
            import
            type(trimtab_agc_config), intent(in), optional :: config
            type(trimtab_moments), intent(in) :: params(*)
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_zclip(config, state, grads, n) &
                bind(c, name="trimtab_zclip")
            import
            type(trimtab_zclip_config), intent(in), optional :: config
            type(trimtab_zclip_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_decide(chain, methods, grads, n, refused) &
                bind(c, name="trimtab_decide")
            import
            type(trimtab_c_method), intent(in), target :: chain(*)
            integer(c_size_t), value :: methods
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: refused
        end function

        integer(c_int32_t) function c_decide_at(chain, methods, grads, n, refused, at) &
                bind(c, name="trimtab_decide_at")
            import
            type(trimtab_c_method), intent(in), target :: chain(*)
            integer(c_size_t), value :: methods
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: refused
            integer(c_size_t), intent(inout) :: at
        end function

        integer(c_int32_t) function c_apply(grads, n) &
                bind(c, name="trimtab_apply")
            import
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_apply_at(grads, n, at) &
                bind(c, name="trimtab_apply_at")
            import
            type(trimtab_tensor), intent(inout) :: grads(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: at
        end function

        integer(c_int32_t) function c_apply_into(grads, out, n) &
                bind(c, name="trimtab_apply_into")
            import
            type(trimtab_tensor), intent(in), target :: grads(*)
            type(c_ptr), intent(in), target :: out(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_apply_into_at(grads, out, n, at) &
                bind(c, name="trimtab_apply_into_at")
            import
            type(trimtab_tensor), intent(in), target :: grads(*)
            type(c_ptr), intent(in), target :: out(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: at
        end function

        integer(c_int32_t) function c_sgd_step(config, state, grads, slots, n) &
                bind(c, name="trimtab_sgd_step")
            import
            type(trimtab_sgd_config), intent(in), optional :: config
            type(trimtab_step_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            type(trimtab_c_slot), intent(in), target :: slots(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_sgd_step_at(config, state, grads, slots, n, at) &
                bind(c, name="trimtab_sgd_step_at")
            import
            type(trimtab_sgd_config), intent(in), optional :: config
            type(trimtab_step_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            type(trimtab_c_slot), intent(in), target :: slots(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: at
        end function

        integer(c_int32_t) function c_adam_step(config, state, grads, slots, n) &
                bind(c, name="trimtab_adam_step")
            import
            type(trimtab_adam_config), intent(in), optional :: config
            type(trimtab_step_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            type(trimtab_c_slot), intent(in), target :: slots(*)
            integer(c_size_t), value :: n
        end function

        integer(c_int32_t) function c_adam_step_at(config, state, grads, slots, n, at) &
                bind(c, name="trimtab_adam_step_at")
            import
            type(trimtab_adam_config), intent(in), optional :: config
            type(trimtab_step_state), intent(inout) :: state
            type(trimtab_tensor), intent(inout) :: grads(*)
            type(trimtab_c_slot), intent(in), target :: slots(*)
            integer(c_size_t), value :: n
            integer(c_size_t), intent(inout) :: at
        end function

        integer(c_int32_t) function c_state_save(entries, n, bytes, capacity, size) &
                bind(c, name="trimtab_state_save")
            import
            type(trimtab_states), intent(in), target :: entries(*)
            integer(c_size_t), value :: n
            integer(c_int8_t), intent(inout) :: bytes(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: size
        end function

        integer(c_int32_t) function c_state_load(entries, n, bytes, len) &
                bind(c, name="trimtab_state_load")
            import
            type(trimtab_states), intent(in), target :: entries(*)
            integer(c_size_t), value :: n
            integer(c_int8_t), intent(in) :: bytes(*)
            integer(c_size_t), value :: len
        end function

        pure real(c_double) function c_init_std(activation, fan_in) &
                bind(c, name="trimtab_init_std")
            import
            integer(c_int32_t), value :: activation
            integer(c_size_t), value :: fan_in
        end function

        type(c_ptr) function c_status_message(status) &
                bind(c, name="trimtab_status_message")
            import
            integer(c_int32_t), value :: status
        end function

        type(c_ptr) function c_version() &
                bind(c, name="trimtab_version")
            import
        end function

        type(c_ptr) function c_cpu_level() &
                bind(c, name="trimtab_cpu_level")
            import
        end function

        integer(c_int32_t) function c_set_threads(threads) &
                bind(c, name="trimtab_set_threads")
            import
            integer(c_size_t), value :: threads
        end function
    end interface
end module
