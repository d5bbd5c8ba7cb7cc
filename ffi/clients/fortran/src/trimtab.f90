!> trimtab keeps gradients in scale between the backward pass and the optimizer update.
!>
!>     grads = [trimtab_weight(dW), trimtab_bias(db)]
!>     call trimtab_observe(grads, stat)                        reads each gradient once
!>     call trimtab_stable_grad(grads, reference, stat)         decides: a few flops a tensor
!>     call trimtab_apply(grads, stat)                          writes each gradient once
!>
!> Observe, then decide with any number of methods in order, then write: in place (`trimtab_apply`), beside
!> (`trimtab_apply_into`) or fused with an update (`trimtab_sgd_step`, `trimtab_adam_step`).
!>
!> Arrays       of real32 or real64, or 16-bit floats in int16, of any rank, contiguous, and with the `target`
!>              attribute. A descriptor holds the address of its array and nothing else: the array has to stay where it
!>              is as long as the descriptor is used. An array that is not contiguous cannot be described; calls with
!>              its descriptor are refused with `TRIMTAB_NOT_CONTIGUOUS`, and an assumed-size array with
!>              `TRIMTAB_BAD_LENGTH`. Arrays of one call must not overlap unless a comment says so.
!> stat         is `TRIMTAB_OK`, `TRIMTAB_SKIP_STEP` or negative. Negative means that the call was refused, and not a
!>              bit of gradients, parameters, states, moments or affines was changed. (`trimtab_observe` and
!>              `trimtab_observe_chunk` with `TRIMTAB_NON_FINITE` fill in the moments all the same.)
!>              `trimtab_message` says it in words.
!> at           if present, is set to the index of the tensor that made the call fail, by itself or by its slot, output,
!>              state or moments of its parameter; else to `TRIMTAB_NOWHERE`, 0. The only state of a method is number 1.
!> Methods      all give BAD_DTYPE, BAD_CONFIG, MISALIGNED or BAD_LENGTH for bad descriptors and configurations; ORDER
!>              for gradients not observed, or a pending finite limit; NON_FINITE for a gradient that is not finite;
!>              BAD_STATE for states, moments or affines that no call can have left; OVERFLOW where a scale would leave
!>              the range of real64.
!> Writes       spend the descriptors, all but `trimtab_apply_into`: ORDER until they are observed again. An array may
!>              not change between `trimtab_observe` and the write; nothing would notice.
!> intent       of descriptors is `inout` where a call changes them or writes the arrays that they describe.
!> config       may be left out, which means the defaults, which are those of the types.
!> Threads      none unless `trimtab_set_threads` asks for them. Calls on different tensors and states may run at the
!>              same time. Results do not depend on the number of threads or the instruction set.
module trimtab
    use, intrinsic :: iso_c_binding, only: c_double, c_float, c_int16_t, c_int32_t, c_int8_t
    use trimtab_chain
    use trimtab_describe
    use trimtab_types
    implicit none

    ! All else is public: constants, types and functions of these modules, and the procedures below.
    private :: c_double, c_float, c_int16_t, c_int32_t, c_int8_t
    private :: locate, entry_of, judge, first_of, refusal, observe_real32, observe_real64, observe_16_bits

    ! Observe: the only pass that reads the gradients before the write.

    interface
        !> Reads every gradient once: fills in the moments of each tensor and resets its affine to `trimtab_affine()`.
        !> The gradients are not written.
        !>
        !> NON_FINITE if any element is NaN, infinite, or (real64) beyond 1e150 in magnitude: the moments of all tensors
        !> are filled in and their affines reset all the same, so that `trimtab_guard` can decide. NOT_CONTIGUOUS,
        !> BAD_DTYPE, BAD_CONFIG (role), BAD_LENGTH: nothing is changed. UNSUPPORTED, here as in every pass, if the
        !> environment variable TRIMTAB_LEVEL names no instruction set of this processor.
        module subroutine trimtab_observe(grads, stat, at)
            type(trimtab_tensor), intent(inout) :: grads(:)
            integer, intent(out) :: stat
            integer, intent(out), optional :: at
        end subroutine

        !> Statistics of a gradient as it will be written: count, sum and sum_sq of what its affine makes of the
        !> elements, up to rounding, and an upper bound for abs_max. A finite limit bounds abs_max only.
        !>
        !> Ask before the write, which spends the descriptor. ORDER: not observed. BAD_STATE, and what `trimtab_observe`
        !> gives for bad descriptors; then `into` is not changed.
        module subroutine trimtab_outlook(grad, into, stat)
            type(trimtab_tensor), intent(in) :: grad
            type(trimtab_moments), intent(inout) :: into
            integer, intent(out) :: stat
        end subroutine
    end interface

    !> Adds the elements of an array to moments: streams a tensor while it is hot.
    !>
    !> `into` starts as `trimtab_moments()`. The array is only read, during the call; it need not be a target. A boundary
    !> between chunks at a multiple of 65,536 elements from the start of the tensor changes no bit of the result.
    !>
    !> NON_FINITE if an element added so far is not finite; the moments are filled in all the same. BAD_STATE: `into`
    !> holds a negative sum of squares. NOT_CONTIGUOUS: pass a copy, `(dy(i, :))`; the parentheses make it one.
    !> BAD_LENGTH: the array is assumed-size. BAD_DTYPE: of 16-bit floats, `dtype` is neither `TRIMTAB_F16` nor
    !> `TRIMTAB_BF16`.
    interface trimtab_observe_chunk
        module subroutine observe_real32(into, chunk, stat)
            type(trimtab_moments), intent(inout) :: into
            real(c_float), intent(in) :: chunk(..)
            integer, intent(out) :: stat
        end subroutine
        module subroutine observe_real64(into, chunk, stat)
            type(trimtab_moments), intent(inout) :: into
            real(c_double), intent(in) :: chunk(..)
            integer, intent(out) :: stat
        end subroutine
        module subroutine observe_16_bits(into, chunk, dtype, stat)
            type(trimtab_moments), intent(inout) :: into
            integer(c_int16_t), intent(in) :: chunk(..)
            integer(c_int32_t), intent(in) :: dtype
            integer, intent(out) :: stat
        end subroutine
    end interface

    interface
        !> Adds the elements that `from` describes to `into`: ranks, images, several outputs of a network.
        !>
        !> Both may be the same variable. Moments that are not finite merge like any others, with OK, so that every
        !> rank learns of them. BAD_LENGTH if the count overflows.
        module subroutine trimtab_moments_merge(into, from, stat)
            type(trimtab_moments), intent(inout) :: into
            type(trimtab_moments), value :: from
            integer, intent(out) :: stat
        end subroutine

        !> sum / count; NaN for no elements.
        elemental module function trimtab_moments_mean(moments) result(mean)
            type(trimtab_moments), intent(in) :: moments
            real(c_double) :: mean
        end function

        !> Unbiased standard deviation, sqrt((sum_sq - sum**2/count) / (count - 1)); NaN for fewer than two elements. A
        !> difference of at most 2**(-44) sum_sq is rounding and counts as 0.
        elemental module function trimtab_moments_std(moments) result(std)
            type(trimtab_moments), intent(in) :: moments
            real(c_double) :: std
        end function

        !> 2-norm, sqrt(sum_sq).
        elemental module function trimtab_moments_norm(moments) result(norm)
            type(trimtab_moments), intent(in) :: moments
            real(c_double) :: norm
        end function
    end interface

    ! Decide: any number of these, in order. None of them touches an element. What all of them can refuse is said above.

    interface
        !> Stands before the other methods, which all refuse gradients that are not finite.
        !>
        !> Policy `TRIMTAB_GUARD_SKIP_STEP`: SKIP_STEP at a bad step, which is counted; make no optimizer step then.
        !> `TRIMTAB_GUARD_ZERO`: OK, counted, the offending tensors become zeros, and the rest goes on. DIVERGED at the
        !> `max_consecutive`-th bad step in a row; like every refusal it changes nothing, so that step is not counted.
        !> A good step sets `consecutive` to 0.
        module subroutine trimtab_guard(grads, state, stat, config)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_guard_state), intent(inout) :: state
            integer, intent(out) :: stat
            type(trimtab_guard_config), intent(in), optional :: config
        end subroutine

        !> Undoes a loss scale: g / loss_scale, all tensors. BAD_CONFIG unless it is finite and > 0. Put the guard
        !> before it.
        module subroutine trimtab_unscale(grads, loss_scale, stat)
            type(trimtab_tensor), intent(inout) :: grads(:)
            real(c_double), intent(in) :: loss_scale
            integer, intent(out) :: stat
        end subroutine

        !> Multiplies by a factor: g * factor, all tensors. BAD_CONFIG unless it is finite.
        module subroutine trimtab_scale(grads, factor, stat)
            type(trimtab_tensor), intent(inout) :: grads(:)
            real(c_double), intent(in) :: factor
            integer, intent(out) :: stat
        end subroutine

        !> StableGrad (arXiv 2605.19856): each weight gradient is divided by its own standard deviation and multiplied
        !> by one reference.
        !>
        !>     s = std(g);   g * reference / (s + eps)
        !>
        !> for tensors of the chosen roles with at least 2 elements and s > 0; all others stay as they are.
        !>
        !> `reference` is the standard deviation of the prediction gradient dL/dy over the whole batch: observe it with
        !> `trimtab_observe_chunk` and take `trimtab_moments_std`. In a PINN pool the gradients with respect to u and
        !> its derivatives. The last weight gradient's is the poorest choice: it is as large as the gradients.
        !> BAD_REFERENCE unless finite and > 0.
        module subroutine trimtab_stable_grad(grads, reference, stat, config)
            type(trimtab_tensor), intent(inout) :: grads(:)
            real(c_double), intent(in) :: reference
            integer, intent(out) :: stat
            type(trimtab_stable_grad_config), intent(in), optional :: config
        end subroutine

        !> GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm by a running estimate, so
        !> that spikes are bounded. Weights and biases.
        !>
        !>     R = ||g||;   R == 0: skipped += 1, nothing else
        !>     steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R**2
        !>     mh = m / (1-gamma1**steps), vh = v / (1-gamma2**steps)        (with bias_correction)
        !>     g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)
        !>
        !> One state a tensor, or one in all for `TRIMTAB_SCOPE_GLOBAL`, else BAD_LENGTH. BAD_STATE if one holds NaN,
        !> infinity, a negative average, or averages without steps.
        module subroutine trimtab_gradient_stabilizer(grads, states, stat, config)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_norm_state), intent(inout) :: states(:)
            integer, intent(out) :: stat
            type(trimtab_gradient_stabilizer_config), intent(in), optional :: config
        end subroutine

        !> Gradient Autoscaled Normalization (arXiv 2509.03677): each weight gradient loses its mean, then all are
        !> multiplied by one factor alpha in (0, 1]. The map from sigma to alpha is this library's reading of a paper
        !> that describes it in words.
        !>
        !>     g - mean(g);   sigma = sqrt(sum ||g||**2 / (N-1)) over all weights;   b = log(1 + sigma)
        !>     first step with sigma > 0: exponent = 1 / (1 + |ln b|)
        !>     alpha = min(1, b**exponent);   alpha * g          (sigma == 0: alpha 1, state unchanged)
        module subroutine trimtab_autoscale(grads, state, stat)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_autoscale_state), intent(inout) :: state
            integer, intent(out) :: stat
        end subroutine

        !> Subtracts the mean: g - mean(g). `roles` is `TRIMTAB_ROLES_WEIGHTS` or `TRIMTAB_ROLES_ALL`.
        module subroutine trimtab_centralize(grads, roles, stat)
            type(trimtab_tensor), intent(inout) :: grads(:)
            integer(c_int32_t), intent(in) :: roles
            integer, intent(out) :: stat
        end subroutine

        !> Z-score normalisation (arXiv 2408.01215): (g - mean(g)) / (std(g) + eps). Tensors with fewer than 2 elements
        !> or standard deviation 0 stay as they are.
        module subroutine trimtab_znorm(grads, stat, config)
            type(trimtab_tensor), intent(inout) :: grads(:)
            integer, intent(out) :: stat
            type(trimtab_znorm_config), intent(in), optional :: config
        end subroutine

        !> Scales down to a largest norm: g * min(1, max_norm / R), R over each tensor (`scope` is
        !> `TRIMTAB_SCOPE_TENSOR`) or over all together (`TRIMTAB_SCOPE_GLOBAL`). BAD_CONFIG unless max_norm > 0; it
        !> may be `TRIMTAB_INFINITY`.
        module subroutine trimtab_clip_norm(grads, max_norm, scope, stat)
            type(trimtab_tensor), intent(inout) :: grads(:)
            real(c_double), intent(in) :: max_norm
            integer(c_int32_t), intent(in) :: scope
            integer, intent(out) :: stat
        end subroutine

        !> Clamps every element to [-limit, limit]. BAD_CONFIG unless limit > 0; it may be `TRIMTAB_INFINITY`.
        !>
        !> A finite limit ends a chain: of the methods only scale, unscale, guard and clip_value itself may follow, all
        !> others give ORDER.
        module subroutine trimtab_clip_value(grads, limit, stat)
            type(trimtab_tensor), intent(inout) :: grads(:)
            real(c_double), intent(in) :: limit
            integer, intent(out) :: stat
        end subroutine

        !> Adaptive gradient clipping (arXiv 2102.06171), per tensor.
        !>
        !>     most = max(||w||, eps) * clipping;   R > most: g * most / R
        !>
        !> `params` are moments of the parameters, as many and in the same order as the gradients, else BAD_LENGTH.
        module subroutine trimtab_agc(grads, params, stat, config)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_moments), intent(in) :: params(:)
            integer, intent(out) :: stat
            type(trimtab_agc_config), intent(in), optional :: config
        end subroutine

        !> ZClip (arXiv 2504.02507): clips the global norm R where it is unusual for this run.
        !>
        !>     the first warmup steps collect R;  g * min(1, max_norm / R)
        !>     then  z = (R - mean) / (sqrt(var) + eps)
        !>           cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
        !>           mean = alpha*mean + (1-alpha)*cap;   var = alpha*var + (1-alpha)*(cap - mean)**2
        !>           g * min(1, min(cap, max_norm) / R)
        !>
        !> During the warm-up `state` holds mean and population variance of the norms so far.
        module subroutine trimtab_zclip(grads, state, stat, config)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_zclip_state), intent(inout) :: state
            integer, intent(out) :: stat
            type(trimtab_zclip_config), intent(in), optional :: config
        end subroutine
    end interface

    interface
        !> Lets the methods of a chain decide in turn, or none of them: refused, it has changed no state and no affine,
        !> whichever method refused. A chain of one tells which tensor a single method refuses.
        !>
        !>     chain = [trimtab_guard_method(guard), trimtab_clip_norm_method(1.0_dp, TRIMTAB_SCOPE_GLOBAL)]
        !>     call trimtab_decide(grads, chain, stat, refused, at)
        !>
        !> SKIP_STEP if a guard says so: it has counted, the methods in front of it have decided, and those behind it
        !> are not asked.
        !>
        !> States, and AGC's moments, have to stay where they are as long as the chain is used; no two methods may share
        !> a state. `refused`, if present, is set to the index of the method that refused, else to `TRIMTAB_NOWHERE`.
        !>
        !> | method | arguments |
        !> |---|---|
        !> | `trimtab_unscale_method` | loss_scale |
        !> | `trimtab_scale_method` | factor |
        !> | `trimtab_guard_method` | state, config |
        !> | `trimtab_stable_grad_method` | reference, config |
        !> | `trimtab_gradient_stabilizer_method` | states, config |
        !> | `trimtab_autoscale_method` | state |
        !> | `trimtab_centralize_method` | roles |
        !> | `trimtab_znorm_method` | config |
        !> | `trimtab_clip_norm_method` | max_norm, scope |
        !> | `trimtab_clip_value_method` | limit |
        !> | `trimtab_agc_method` | params, config |
        !> | `trimtab_zclip_method` | state, config |
        !> | `trimtab_adagc_method` | states, config |
        !>
        !> Each method gives the `stat` that its own procedure would. Two or more start right after `trimtab_observe`,
        !> where the affines are `trimtab_affine()`; else ORDER, of method 1. One may follow others.
        module subroutine trimtab_decide(grads, chain, stat, refused, at)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_method), intent(in), target :: chain(:)
            integer, intent(out) :: stat
            integer, intent(out), optional :: refused, at
        end subroutine
    end interface

    ! Write: what has been decided meets the elements.

    interface
        !> Writes every gradient in place: clamp((x - center) * scale, -limit, limit), computed in double precision and
        !> rounded to the element type: once, but 16-bit types twice, to real32 and from there. The plain scaling of
        !> real32 by a factor in its range is one multiplication in real32.
        !>
        !> Afterwards the descriptors are spent: affines are `trimtab_affine()` and moments 0, so that every method and
        !> every write gives ORDER until the next `trimtab_observe`.
        !>
        !> ORDER: not observed. OVERFLOW: min(limit, |scale| * (abs_max + |center|)) exceeds the largest finite value of
        !> the element type. NON_FINITE, BAD_STATE, and what `trimtab_observe` gives for bad descriptors.
        module subroutine trimtab_apply(grads, stat, at)
            type(trimtab_tensor), intent(inout) :: grads(:)
            integer, intent(out) :: stat
            integer, intent(out), optional :: at
        end subroutine

        !> Writes every gradient into the array that `out(i)` describes instead. Gradients, moments and affines stay as
        !> they are: this spends nothing. Of `out` only the arrays are changed; observe it before you go on with it.
        !>
        !> `out` has as many tensors as `grads`, each with its gradient's length, else BAD_LENGTH, and its gradient's
        !> element type, else BAD_DTYPE. `out(i)` may be the array of `grads(i)`; any other overlap is not allowed.
        module subroutine trimtab_apply_into(grads, out, stat, at)
            type(trimtab_tensor), intent(in) :: grads(:)
            type(trimtab_tensor), intent(inout) :: out(:)
            integer, intent(out) :: stat
            integer, intent(out), optional :: at
        end subroutine

        !> Stochastic gradient descent on all parameters, fused with the affines. Conventions are torch's.
        !>
        !>     g = affine(gradient) + weight_decay*w
        !>     buffer = g on the first step, then momentum*buffer + (1-dampening)*g
        !>     w -= lr * (g | buffer | g + momentum*buffer)      plain | momentum | nesterov
        !>
        !> The gradients are not written; their descriptors are spent as by `trimtab_apply`. `slots(i)` goes with
        !> `grads(i)`: as many, and each as long as its gradient, else BAD_LENGTH. The decay is for `decay_roles`, all
        !> tensors unless you choose weights.
        !>
        !> NULL_POINTER: momentum is above 0 and a slot has no buffer. BAD_CONFIG also for nesterov without momentum or
        !> with dampening. OVERFLOW where a parameter or buffer might become infinite: trimtab.h has the bounds.
        !> BAD_DTYPE, ORDER, NON_FINITE, BAD_STATE. Refused, it changes no parameter, no buffer and no state. Larger
        !> parameters than 4.2e9 (real64: 1.1e77) and buffers of another configuration are not looked at.
        module subroutine trimtab_sgd_step(grads, slots, state, stat, config, at)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_slot), intent(inout) :: slots(:)
            type(trimtab_step_state), intent(inout) :: state
            integer, intent(out) :: stat
            type(trimtab_sgd_config), intent(in), optional :: config
            integer, intent(out), optional :: at
        end subroutine

        !> Adam or AdamW (decoupled) on all parameters, fused with the affines; eps outside the root.
        !>
        !>     g = affine(gradient)
        !>     decoupled:  w *= 1 - lr*weight_decay          coupled:  g += weight_decay*w
        !>     m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
        !>     w -= lr * (m / (1-beta1**t)) / (sqrt(v / (1-beta2**t)) + eps)        t = steps + 1
        !>
        !> Where root and eps are both 0 the parameter does not move.
        !>
        !> Arguments and codes as for `trimtab_sgd_step`, except: OVERFLOW if a gradient may exceed the root of the
        !> largest finite value of the parameter's type (1.8e19 in real32), because a second moment that becomes
        !> infinite freezes its parameter for ever; other bounds matter for huge rates and decays only.
        module subroutine trimtab_adam_step(grads, slots, state, stat, config, at)
            type(trimtab_tensor), intent(inout) :: grads(:)
            type(trimtab_slot), intent(inout) :: slots(:)
            type(trimtab_step_state), intent(inout) :: state
            integer, intent(out) :: stat
            type(trimtab_adam_config), intent(in), optional :: config
            integer, intent(out), optional :: at
        end subroutine
    end interface

    ! Save and load: what a run needs to go on after a restart as if it had never stopped, to the bit.

    interface
        !> Makes bytes of all states of a run: the same on every machine, and known when damaged. Parameters and the
        !> optimizer's buffers are yours to save.
        module subroutine trimtab_state_save(entries, bytes, stat)
            type(trimtab_states), intent(in) :: entries(:)
            integer(c_int8_t), intent(inout), allocatable :: bytes(:)
            integer, intent(out) :: stat
        end subroutine

        !> Reads back what `trimtab_state_save` has made: states of the same kinds and counts, in the same order. Either
        !> all of them are written or none.
        !>
        !> The first of these that applies: BAD_MAGIC, BAD_VERSION, TRUNCATED (or BAD_LENGTH if there are too many bytes),
        !> BAD_CHECKSUM, WRONG_KIND (also of more or fewer entries) or WRONG_COUNT for the first entry of another.
        module subroutine trimtab_state_load(entries, bytes, stat)
            type(trimtab_states), intent(inout) :: entries(:)
            integer(c_int8_t), intent(in) :: bytes(:)
            integer, intent(out) :: stat
        end subroutine
    end interface

    ! Initialisation, texts and threads.

    interface
        !> Standard deviation to draw a layer's weights from: gain(activation) / sqrt(fan_in), the gain being
        !> 1 / sqrt(E[f(z)**2]) for standard normal z. NaN for an unknown activation and for fan_in < 1.
        elemental module function trimtab_init_std(activation, fan_in) result(std)
            integer(c_int32_t), intent(in) :: activation
            integer, intent(in) :: fan_in
            real(c_double) :: std
        end function

        !> What a `stat` means and what to do.
        module function trimtab_message(stat) result(message)
            integer, intent(in) :: stat
            character(:), allocatable :: message
        end function

        !> The version of the library, "major.minor.patch".
        module function trimtab_version() result(version)
            character(:), allocatable :: version
        end function

        !> The instruction set in use: "avx512", "avx2", "sse2", "neon" or "scalar". It decides speed, never results; the
        !> environment variable TRIMTAB_LEVEL can force one.
        module function trimtab_cpu_level() result(level)
            character(:), allocatable :: level
        end function

        !> Lets the passes use up to this many threads, for all callers in this process; 1 unless asked otherwise. They
        !> are started here, sleep between passes, and are woken only where there is more work than that costs.
        !>
        !> BAD_CONFIG below 1 and above 1,024. UNSUPPORTED for more than 1 in a library built without threads, or if
        !> they cannot be started.
        module subroutine trimtab_set_threads(threads, stat)
            integer, intent(in) :: threads
            integer, intent(out) :: stat
        end subroutine
    end interface
end module
