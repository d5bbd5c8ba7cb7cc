# Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
#
# The functions of trimtab.h, as C declares them. `Ref{T}` is a pointer to one T, `Ptr{T}` one to any number.

function trimtab_observe(grads, n)
    @ccall $(symbol(:trimtab_observe))(grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_observe_at(grads, n, at)
    @ccall $(symbol(:trimtab_observe_at))(grads::Ptr{Tensor}, n::Csize_t, at::Ref{Csize_t})::Int32
end

function trimtab_outlook(tensor, into)
    @ccall $(symbol(:trimtab_outlook))(tensor::Ref{Tensor}, into::Ref{Moments})::Int32
end

function trimtab_observe_chunk(into, data, len, dtype)
    @ccall $(symbol(:trimtab_observe_chunk))(into::Ref{Moments}, data::Ptr{Cvoid}, len::Csize_t, dtype::UInt32)::Int32
end

function trimtab_moments_merge(into, from)
    @ccall $(symbol(:trimtab_moments_merge))(into::Ref{Moments}, from::Ref{Moments})::Int32
end

function trimtab_moments_mean(moments)
    @ccall $(symbol(:trimtab_moments_mean))(moments::Ref{Moments})::Float64
end

function trimtab_moments_std(moments)
    @ccall $(symbol(:trimtab_moments_std))(moments::Ref{Moments})::Float64
end

function trimtab_moments_norm(moments)
    @ccall $(symbol(:trimtab_moments_norm))(moments::Ref{Moments})::Float64
end

function trimtab_unscale(loss_scale, grads, n)
    @ccall $(symbol(:trimtab_unscale))(loss_scale::Float64, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_scale(factor, grads, n)
    @ccall $(symbol(:trimtab_scale))(factor::Float64, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_guard(config, state, grads, n)
    @ccall $(symbol(:trimtab_guard))(config::Ref{GuardConfig}, state::Ref{GuardState}, grads::Ptr{Tensor},
        n::Csize_t)::Int32
end

function trimtab_stable_grad(config, reference, grads, n)
    @ccall $(symbol(:trimtab_stable_grad))(config::Ref{StableGradConfig}, reference::Float64, grads::Ptr{Tensor},
        n::Csize_t)::Int32
end

function trimtab_gradient_stabilizer(config, states, grads, n)
    @ccall $(symbol(:trimtab_gradient_stabilizer))(config::Ref{GradientStabilizerConfig}, states::Ptr{NormState},
        grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_autoscale(state, grads, n)
    @ccall $(symbol(:trimtab_autoscale))(state::Ref{AutoscaleState}, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_centralize(roles, grads, n)
    @ccall $(symbol(:trimtab_centralize))(roles::UInt32, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_znorm(config, grads, n)
    @ccall $(symbol(:trimtab_znorm))(config::Ref{ZnormConfig}, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_clip_norm(max_norm, scope, grads, n)
    @ccall $(symbol(:trimtab_clip_norm))(max_norm::Float64, scope::UInt32, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_clip_value(limit, grads, n)
    @ccall $(symbol(:trimtab_clip_value))(limit::Float64, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_agc(config, params, grads, n)
    @ccall $(symbol(:trimtab_agc))(config::Ref{AgcConfig}, params::Ptr{Moments}, grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_zclip(config, state, grads, n)
    @ccall $(symbol(:trimtab_zclip))(config::Ref{ZclipConfig}, state::Ref{ZclipState}, grads::Ptr{Tensor},
        n::Csize_t)::Int32
end

function trimtab_decide(chain, methods, grads, n, refused)
    @ccall $(symbol(:trimtab_decide))(chain::Ptr{Method}, methods::Csize_t, grads::Ptr{Tensor}, n::Csize_t,
        refused::Ref{Csize_t})::Int32
end

function trimtab_decide_at(chain, methods, grads, n, refused, at)
    @ccall $(symbol(:trimtab_decide_at))(chain::Ptr{Method}, methods::Csize_t, grads::Ptr{Tensor}, n::Csize_t,
        refused::Ref{Csize_t}, at::Ref{Csize_t})::Int32
end

function trimtab_apply(grads, n)
    @ccall $(symbol(:trimtab_apply))(grads::Ptr{Tensor}, n::Csize_t)::Int32
end

function trimtab_apply_at(grads, n, at)
    @ccall $(symbol(:trimtab_apply_at))(grads::Ptr{Tensor}, n::Csize_t, at::Ref{Csize_t})::Int32
end

function trimtab_apply_into(grads, out, n)
    @ccall $(symbol(:trimtab_apply_into))(grads::Ptr{Tensor}, out::Ptr{Ptr{Cvoid}}, n::Csize_t)::Int32
end

function trimtab_apply_into_at(grads, out, n, at)
    @ccall $(symbol(:trimtab_apply_into_at))(grads::Ptr{Tensor}, out::Ptr{Ptr{Cvoid}}, n::Csize_t,
        at::Ref{Csize_t})::Int32
end

function trimtab_sgd_step(config, state, grads, slots, n)
    @ccall $(symbol(:trimtab_sgd_step))(config::Ref{SgdConfig}, state::Ref{StepState}, grads::Ptr{Tensor},
        slots::Ptr{Slot}, n::Csize_t)::Int32
end

function trimtab_sgd_step_at(config, state, grads, slots, n, at)
    @ccall $(symbol(:trimtab_sgd_step_at))(config::Ref{SgdConfig}, state::Ref{StepState}, grads::Ptr{Tensor},
        slots::Ptr{Slot}, n::Csize_t, at::Ref{Csize_t})::Int32
end

function trimtab_adam_step(config, state, grads, slots, n)
    @ccall $(symbol(:trimtab_adam_step))(config::Ref{AdamConfig}, state::Ref{StepState}, grads::Ptr{Tensor},
        slots::Ptr{Slot}, n::Csize_t)::Int32
end

function trimtab_adam_step_at(config, state, grads, slots, n, at)
    @ccall $(symbol(:trimtab_adam_step_at))(config::Ref{AdamConfig}, state::Ref{StepState}, grads::Ptr{Tensor},
        slots::Ptr{Slot}, n::Csize_t, at::Ref{Csize_t})::Int32
end

function trimtab_state_save(entries, n, bytes, capacity, size)
    @ccall $(symbol(:trimtab_state_save))(entries::Ptr{States}, n::Csize_t, bytes::Ptr{Cvoid}, capacity::Csize_t,
        size::Ref{Csize_t})::Int32
end

function trimtab_state_load(entries, n, bytes, len)
    @ccall $(symbol(:trimtab_state_load))(entries::Ptr{States}, n::Csize_t, bytes::Ptr{Cvoid}, len::Csize_t)::Int32
end

function trimtab_init_std(activation, fan_in)
    @ccall $(symbol(:trimtab_init_std))(activation::UInt32, fan_in::Csize_t)::Float64
end

function trimtab_status_message(status)
    @ccall $(symbol(:trimtab_status_message))(status::Int32)::Cstring
end

function trimtab_version()
    @ccall $(symbol(:trimtab_version))()::Cstring
end

function trimtab_cpu_level()
    @ccall $(symbol(:trimtab_cpu_level))()::Cstring
end

function trimtab_set_threads(threads)
    @ccall $(symbol(:trimtab_set_threads))(threads::Csize_t)::Int32
end
