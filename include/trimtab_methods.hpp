// Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
// The methods of trimtab.h: the last part of trimtab.hpp, which includes it.
//
// Each is made for decide. With gradients behind the first arguments, as in scale(0.5, grads), it decides at once, as a
// chain of one.
#ifndef TRIMTAB_METHODS_HPP
#define TRIMTAB_METHODS_HPP

#include "trimtab.hpp"

namespace trimtab {
/// Undoes a loss scale: g / loss_scale, all tensors.
///
/// loss_scale  finite, > 0; else BAD_CONFIG.
///
/// Put trimtab_guard before it: gradients that overflowed under the loss scale are not finite.
constexpr auto unscale(double loss_scale) noexcept {
    return method<TRIMTAB_METHOD_UNSCALE>{.name = "unscale", .number = loss_scale};
}
/// Multiplies by a factor: g * factor, all tensors.
///
/// factor  finite; else BAD_CONFIG. 0 writes zeros.
constexpr auto scale(double factor) noexcept {
    return method<TRIMTAB_METHOD_SCALE>{.name = "scale", .number = factor};
}
/// Handles bad steps, those with a gradient that is not finite. Call it before the other methods, which all refuse such
/// gradients.
///
/// TRIMTAB_GUARD_SKIP_STEP: counts a bad step and returns TRIMTAB_SKIP_STEP; the caller makes no optimizer step.
/// TRIMTAB_GUARD_ZERO: counts it and returns TRIMTAB_OK; the offending tensors become zeros, and the others are kept.
/// DIVERGED at the max_consecutive-th bad step in a row; like every refusal it changes nothing, so that step is not
/// counted. A good step sets consecutive to 0.
///
/// state  zeros before the first step; must not be NULL.
constexpr auto guard(trimtab_guard_state& state, const guard_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_GUARD, guard_config>{.name = "guard", .config = config, .state = &state};
}
/// StableGrad (arXiv 2605.19856): each weight gradient is divided by its own standard deviation and multiplied by one
/// reference.
///
///     s = std(g);   g * reference / (s + eps)
///
/// for tensors of the chosen roles with at least 2 elements and s > 0; all others stay as they are.
///
/// reference  finite, > 0; else BAD_REFERENCE. The standard deviation of the prediction gradient dL/dy
///            over the whole batch: observe its buffers with trimtab_observe_chunk and take
///            trimtab_moments_std. In a PINN pool the gradients with respect to u and its derivatives.
///            That of the last weight gradient is the poorest choice: it starts as large as the
///            gradients themselves.
constexpr auto stable_grad(double reference, const stable_grad_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_STABLE_GRAD, stable_grad_config>{.name = "stable_grad", .config = config,
        .number = reference};
}
/// GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm by a running estimate, so that
/// spikes are bounded. Weights and biases.
///
///     R = ||g||;   R == 0: skipped += 1, and no other change
///     steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
///     mh = m / (1-gamma1^steps), vh = v / (1-gamma2^steps)        (with bias_correction)
///     g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)
///
/// states  n states, or one for TRIMTAB_SCOPE_GLOBAL; zeros before the first step. BAD_STATE if
///         one holds NaN, infinity, a negative average, or averages without steps.
constexpr auto gradient_stabilizer(std::span<norm_state> all_states,
    const gradient_stabilizer_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_GRADIENT_STABILIZER, gradient_stabilizer_config>{.name = "gradient_stabilizer",
        .config = config, .state = all_states.data(), .partners = all_states.size(),
        .for_each = config.scope != scope::global};
}
/// Gradient Autoscaled Normalization (arXiv 2509.03677): the mean of each weight gradient is subtracted, then all are
/// multiplied by one factor alpha in (0, 1]. The map from sigma to alpha is this library's reading of a paper that
/// describes it in words.
///
///     g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
///     first step with sigma > 0: exponent = 1 / (1 + |ln b|)
///     alpha = min(1, b^exponent);   alpha * g          (sigma == 0: alpha 1, state unchanged)
///
/// state  zeros before the first step; must not be NULL.
constexpr auto autoscale(trimtab_autoscale_state& state) noexcept {
    return method<TRIMTAB_METHOD_AUTOSCALE>{.name = "autoscale", .state = &state};
}
/// Gradient centralization (arXiv 2004.01461), per tensor: g - mean(g).
///
/// roles  the tensors changed: TRIMTAB_ROLES_WEIGHTS or TRIMTAB_ROLES_ALL.
constexpr auto centralize(trimtab::roles roles = trimtab::roles::weights) noexcept {
    return method<TRIMTAB_METHOD_CENTRALIZE, trimtab_centralize_config>{.name = "centralize",
        .config = {sizeof(trimtab_centralize_config), static_cast<std::uint32_t>(roles)}};
}
/// Z-score normalisation (arXiv 2408.01215): (g - mean(g)) / (std(g) + eps). Tensors with fewer than 2 elements or
/// standard deviation 0 stay as they are.
constexpr auto znorm(const znorm_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_ZNORM, znorm_config>{.name = "znorm", .config = config};
}
/// Clips the norm: g * min(1, max_norm / R), R the norm of each tensor or of all together.
///
/// max_norm  > 0, may be infinity.
/// scope     TRIMTAB_SCOPE_TENSOR or TRIMTAB_SCOPE_GLOBAL.
constexpr auto clip_norm(double max_norm, trimtab::scope scope) noexcept {
    return method<TRIMTAB_METHOD_CLIP_NORM, trimtab_clip_norm_config>{.name = "clip_norm",
        .config = {sizeof(trimtab_clip_norm_config), static_cast<std::uint32_t>(scope)}, .number = max_norm};
}
/// Clips the elements: clamp(g, -limit, limit).
///
/// limit  > 0, may be infinity.
///
/// A finite limit ends a chain: only trimtab_scale, trimtab_unscale, trimtab_guard and trimtab_clip_value itself may
/// follow, all other methods return ORDER.
constexpr auto clip_value(double limit) noexcept {
    return method<TRIMTAB_METHOD_CLIP_VALUE>{.name = "clip_value", .number = limit};
}
/// Adaptive gradient clipping (arXiv 2102.06171), per tensor.
///
///     R = ||g||;   bound = max(||w||, eps) * clipping;   R > bound: g * bound / R
///
/// params  moments of the n parameters w, in the order of the gradients; not those inside grads.
constexpr auto agc(std::span<const moments> params, const agc_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_AGC, agc_config>{.name = "agc", .config = config, .input = params.data(),
        .partners = params.size(), .for_each = true};
}
/// ZClip (arXiv 2504.02507): clips the norm R of all tensors together where its z-score is large.
///
///     the first warmup steps collect R;  g * min(1, max_norm / R)
///     then  z = (R - mean) / (sqrt(var) + eps)
///           cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
///           mean = alpha*mean + (1-alpha)*cap;   var = alpha*var + (1-alpha)*(cap - mean)^2
///           g * min(1, min(cap, max_norm) / R)
///
/// state  zeros before the first step; must not be NULL. During the warm-up it holds the mean and the
///        population variance of the norms so far.
constexpr auto zclip(trimtab_zclip_state& state, const zclip_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_ZCLIP, zclip_config>{.name = "zclip", .config = config, .state = &state};
}
/// AdaGC (arXiv 2502.11034, Algorithm 1), for TRIMTAB_METHOD_ADAGC: clips the norm of each gradient relative to a
/// running average of its clipped norms. Weights and biases.
///
///     R = ||g||;   R == 0: skipped += 1, nothing else
///     the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
///                              m = min(m, h*R);   at the first step m = h*R
///     after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
///     steps += 1;   g * h
///
/// n states of type trimtab_norm_state, whose v is not used.
constexpr auto adagc(std::span<norm_state> all_states, const adagc_config& config = {}) noexcept {
    return method<TRIMTAB_METHOD_ADAGC, adagc_config>{.name = "adagc", .config = config, .state = all_states.data(),
        .partners = all_states.size(), .for_each = true};
}

#if defined(TRIMTAB_NO_EXCEPTIONS)
inline namespace returning {
#else
inline namespace throwing {
#endif
inline done unscale(double loss_scale, tensors grads)
    noexcept(detail::quiet) { return decide(grads, trimtab::unscale(loss_scale)); }
inline done scale(double factor, tensors grads)
    noexcept(detail::quiet) { return decide(grads, trimtab::scale(factor)); }
[[nodiscard]] inline answer guard(trimtab_guard_state& state, tensors grads, const guard_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::guard(state, config)); }
inline done stable_grad(double reference, tensors grads, const stable_grad_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::stable_grad(reference, config)); }
inline done gradient_stabilizer(std::span<norm_state> all_states, tensors grads,
    const gradient_stabilizer_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::gradient_stabilizer(all_states, config)); }
inline done autoscale(trimtab_autoscale_state& state, tensors grads)
    noexcept(detail::quiet) { return decide(grads, trimtab::autoscale(state)); }
inline done centralize(tensors grads, trimtab::roles roles = trimtab::roles::weights)
    noexcept(detail::quiet) { return decide(grads, trimtab::centralize(roles)); }
inline done znorm(tensors grads, const znorm_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::znorm(config)); }
inline done clip_norm(double max_norm, trimtab::scope scope, tensors grads)
    noexcept(detail::quiet) { return decide(grads, trimtab::clip_norm(max_norm, scope)); }
inline done clip_value(double limit, tensors grads)
    noexcept(detail::quiet) { return decide(grads, trimtab::clip_value(limit)); }
inline done agc(std::span<const moments> params, tensors grads, const agc_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::agc(params, config)); }
inline done zclip(trimtab_zclip_state& state, tensors grads, const zclip_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::zclip(state, config)); }
inline done adagc(std::span<norm_state> all_states, tensors grads, const adagc_config& config = {})
    noexcept(detail::quiet) { return decide(grads, trimtab::adagc(all_states, config)); }
}  // inline namespace throwing, or returning
}  // namespace trimtab

#endif  // TRIMTAB_METHODS_HPP
