/* Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
 * Sizes, offsets and values, checked when this is compiled. */
#include "check.h"

#if defined(__cplusplus)
#define HOLDS(condition) static_assert(condition, #condition)
#elif __STDC_VERSION__ >= 201112L
#define HOLDS(condition) _Static_assert(condition, #condition)
#else
/* C99 has no _Static_assert: an array of length -1 does not compile. */
#define HOLDS(condition) extern char holds[(condition) ? 1 : -1]
#endif

#define OFFSET(type, field, offset) HOLDS(offsetof(type, field) == (offset))
#define SIZE(type, size) HOLDS(sizeof(type) == (size))
#define WORD sizeof(void *)

HOLDS(sizeof(size_t) == WORD);
HOLDS(sizeof(trimtab_status) == 4 && (trimtab_status)-1 < 0);

OFFSET(trimtab_moments, count, 0);
OFFSET(trimtab_moments, sum, 8);
OFFSET(trimtab_moments, sum_sq, 16);
OFFSET(trimtab_moments, abs_max, 24);
SIZE(trimtab_moments, 32);

OFFSET(trimtab_affine, center, 0);
OFFSET(trimtab_affine, scale, 8);
OFFSET(trimtab_affine, limit, 16);
SIZE(trimtab_affine, 24);

OFFSET(trimtab_tensor, data, 0);
OFFSET(trimtab_tensor, len, WORD);
OFFSET(trimtab_tensor, dtype, 2 * WORD);
OFFSET(trimtab_tensor, role, 2 * WORD + 4);
OFFSET(trimtab_tensor, moments, 2 * WORD + 8);
OFFSET(trimtab_tensor, affine, 2 * WORD + 40);
SIZE(trimtab_tensor, 2 * WORD + 64);

OFFSET(trimtab_guard_config, struct_size, 0);
OFFSET(trimtab_guard_config, policy, 4);
OFFSET(trimtab_guard_config, max_consecutive, 8);
SIZE(trimtab_guard_config, 16);

OFFSET(trimtab_guard_state, consecutive, 0);
OFFSET(trimtab_guard_state, total, 8);
SIZE(trimtab_guard_state, 16);

OFFSET(trimtab_stable_grad_config, struct_size, 0);
OFFSET(trimtab_stable_grad_config, roles, 4);
OFFSET(trimtab_stable_grad_config, eps, 8);
SIZE(trimtab_stable_grad_config, 16);

OFFSET(trimtab_gradient_stabilizer_config, struct_size, 0);
OFFSET(trimtab_gradient_stabilizer_config, scope, 4);
OFFSET(trimtab_gradient_stabilizer_config, gamma1, 8);
OFFSET(trimtab_gradient_stabilizer_config, gamma2, 16);
OFFSET(trimtab_gradient_stabilizer_config, eps, 24);
OFFSET(trimtab_gradient_stabilizer_config, bias_correction, 32);
OFFSET(trimtab_gradient_stabilizer_config, reserved, 36);
SIZE(trimtab_gradient_stabilizer_config, 40);

OFFSET(trimtab_norm_state, m, 0);
OFFSET(trimtab_norm_state, v, 8);
OFFSET(trimtab_norm_state, steps, 16);
OFFSET(trimtab_norm_state, skipped, 24);
SIZE(trimtab_norm_state, 32);

OFFSET(trimtab_autoscale_state, exponent, 0);
OFFSET(trimtab_autoscale_state, sigma, 8);
OFFSET(trimtab_autoscale_state, alpha, 16);
OFFSET(trimtab_autoscale_state, steps, 24);
SIZE(trimtab_autoscale_state, 32);

OFFSET(trimtab_centralize_config, struct_size, 0);
OFFSET(trimtab_centralize_config, roles, 4);
SIZE(trimtab_centralize_config, 8);

OFFSET(trimtab_znorm_config, struct_size, 0);
OFFSET(trimtab_znorm_config, roles, 4);
OFFSET(trimtab_znorm_config, eps, 8);
SIZE(trimtab_znorm_config, 16);

OFFSET(trimtab_clip_norm_config, struct_size, 0);
OFFSET(trimtab_clip_norm_config, scope, 4);
SIZE(trimtab_clip_norm_config, 8);

OFFSET(trimtab_agc_config, struct_size, 0);
OFFSET(trimtab_agc_config, reserved, 4);
OFFSET(trimtab_agc_config, clipping, 8);
OFFSET(trimtab_agc_config, eps, 16);
SIZE(trimtab_agc_config, 24);

OFFSET(trimtab_zclip_config, struct_size, 0);
OFFSET(trimtab_zclip_config, warmup, 4);
OFFSET(trimtab_zclip_config, alpha, 8);
OFFSET(trimtab_zclip_config, z_max, 16);
OFFSET(trimtab_zclip_config, eps, 24);
OFFSET(trimtab_zclip_config, max_norm, 32);
SIZE(trimtab_zclip_config, 40);

OFFSET(trimtab_zclip_state, mean, 0);
OFFSET(trimtab_zclip_state, var, 8);
OFFSET(trimtab_zclip_state, steps, 16);
SIZE(trimtab_zclip_state, 24);

OFFSET(trimtab_method, kind, 0);
OFFSET(trimtab_method, reserved, 4);
OFFSET(trimtab_method, config, 8);
OFFSET(trimtab_method, state, WORD + 8);
OFFSET(trimtab_method, number, 2 * WORD + 8);
OFFSET(trimtab_method, input, 2 * WORD + 16);
SIZE(trimtab_method, 3 * WORD + 16);

OFFSET(trimtab_adagc_config, struct_size, 0);
OFFSET(trimtab_adagc_config, warmup, 4);
OFFSET(trimtab_adagc_config, lambda_rel, 8);
OFFSET(trimtab_adagc_config, lambda_abs, 16);
OFFSET(trimtab_adagc_config, beta, 24);
SIZE(trimtab_adagc_config, 32);

OFFSET(trimtab_sgd_config, struct_size, 0);
OFFSET(trimtab_sgd_config, nesterov, 4);
OFFSET(trimtab_sgd_config, lr, 8);
OFFSET(trimtab_sgd_config, momentum, 16);
OFFSET(trimtab_sgd_config, dampening, 24);
OFFSET(trimtab_sgd_config, weight_decay, 32);
OFFSET(trimtab_sgd_config, decay_roles, 40);
OFFSET(trimtab_sgd_config, reserved, 44);
SIZE(trimtab_sgd_config, 48);

OFFSET(trimtab_step_state, steps, 0);
SIZE(trimtab_step_state, 8);

OFFSET(trimtab_slot, param, 0);
OFFSET(trimtab_slot, first, WORD);
OFFSET(trimtab_slot, second, 2 * WORD);
OFFSET(trimtab_slot, dtype, 3 * WORD);
OFFSET(trimtab_slot, reserved, 3 * WORD + 4);
SIZE(trimtab_slot, 3 * WORD + 8);

OFFSET(trimtab_adam_config, struct_size, 0);
OFFSET(trimtab_adam_config, decoupled, 4);
OFFSET(trimtab_adam_config, lr, 8);
OFFSET(trimtab_adam_config, beta1, 16);
OFFSET(trimtab_adam_config, beta2, 24);
OFFSET(trimtab_adam_config, eps, 32);
OFFSET(trimtab_adam_config, weight_decay, 40);
OFFSET(trimtab_adam_config, decay_roles, 48);
OFFSET(trimtab_adam_config, reserved, 52);
SIZE(trimtab_adam_config, 56);

OFFSET(trimtab_states, states, 0);
OFFSET(trimtab_states, count, WORD);
OFFSET(trimtab_states, kind, 2 * WORD);
OFFSET(trimtab_states, reserved, 2 * WORD + 4);
SIZE(trimtab_states, 2 * WORD + 8);

HOLDS(TRIMTAB_OK == 0);
HOLDS(TRIMTAB_SKIP_STEP == 1);
HOLDS(TRIMTAB_NULL_POINTER == -1);
HOLDS(TRIMTAB_BAD_DTYPE == -2);
HOLDS(TRIMTAB_BAD_CONFIG == -3);
HOLDS(TRIMTAB_BAD_REFERENCE == -4);
HOLDS(TRIMTAB_BAD_STATE == -5);
HOLDS(TRIMTAB_NON_FINITE == -6);
HOLDS(TRIMTAB_OVERFLOW == -7);
HOLDS(TRIMTAB_ORDER == -8);
HOLDS(TRIMTAB_DIVERGED == -9);
HOLDS(TRIMTAB_UNSUPPORTED == -10);
HOLDS(TRIMTAB_MISALIGNED == -11);
HOLDS(TRIMTAB_BAD_LENGTH == -12);
HOLDS(TRIMTAB_BAD_MAGIC == -13);
HOLDS(TRIMTAB_BAD_VERSION == -14);
HOLDS(TRIMTAB_WRONG_KIND == -15);
HOLDS(TRIMTAB_WRONG_COUNT == -16);
HOLDS(TRIMTAB_TRUNCATED == -17);
HOLDS(TRIMTAB_BAD_CHECKSUM == -18);

HOLDS(TRIMTAB_F32 == 0);
HOLDS(TRIMTAB_F16 == 1);
HOLDS(TRIMTAB_BF16 == 2);
HOLDS(TRIMTAB_F64 == 3);

HOLDS(TRIMTAB_WEIGHT == 0);
HOLDS(TRIMTAB_BIAS == 1);

HOLDS(TRIMTAB_ROLES_WEIGHTS == 0);
HOLDS(TRIMTAB_ROLES_ALL == 1);

HOLDS(TRIMTAB_SCOPE_TENSOR == 0);
HOLDS(TRIMTAB_SCOPE_GLOBAL == 1);

HOLDS(TRIMTAB_GUARD_SKIP_STEP == 0);
HOLDS(TRIMTAB_GUARD_ZERO == 1);

HOLDS(TRIMTAB_RELU == 0);
HOLDS(TRIMTAB_TANH == 1);
HOLDS(TRIMTAB_SILU == 2);
HOLDS(TRIMTAB_GELU == 3);
HOLDS(TRIMTAB_SIN == 4);
HOLDS(TRIMTAB_IDENTITY == 5);

HOLDS(TRIMTAB_METHOD_UNSCALE == 0);
HOLDS(TRIMTAB_METHOD_SCALE == 1);
HOLDS(TRIMTAB_METHOD_GUARD == 2);
HOLDS(TRIMTAB_METHOD_STABLE_GRAD == 3);
HOLDS(TRIMTAB_METHOD_GRADIENT_STABILIZER == 4);
HOLDS(TRIMTAB_METHOD_AUTOSCALE == 5);
HOLDS(TRIMTAB_METHOD_CENTRALIZE == 6);
HOLDS(TRIMTAB_METHOD_ZNORM == 7);
HOLDS(TRIMTAB_METHOD_CLIP_NORM == 8);
HOLDS(TRIMTAB_METHOD_CLIP_VALUE == 9);
HOLDS(TRIMTAB_METHOD_AGC == 10);
HOLDS(TRIMTAB_METHOD_ZCLIP == 11);
HOLDS(TRIMTAB_METHOD_ADAGC == 12);

HOLDS(TRIMTAB_STATE_NORM == 0);
HOLDS(TRIMTAB_STATE_AUTOSCALE == 1);
HOLDS(TRIMTAB_STATE_ZCLIP == 2);
HOLDS(TRIMTAB_STATE_GUARD == 3);
HOLDS(TRIMTAB_STATE_STEP == 4);

static void configurations(void) {
    { const trimtab_guard_config guard_config = TRIMTAB_GUARD_CONFIG_INIT; CHECK(guard_config.struct_size == sizeof guard_config); }
    { const trimtab_stable_grad_config stable_grad_config = TRIMTAB_STABLE_GRAD_CONFIG_INIT; CHECK(stable_grad_config.struct_size == sizeof stable_grad_config); }
    { const trimtab_gradient_stabilizer_config gradient_stabilizer_config = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT; CHECK(gradient_stabilizer_config.struct_size == sizeof gradient_stabilizer_config); }
    { const trimtab_centralize_config centralize_config = TRIMTAB_CENTRALIZE_CONFIG_INIT; CHECK(centralize_config.struct_size == sizeof centralize_config); }
    { const trimtab_znorm_config znorm_config = TRIMTAB_ZNORM_CONFIG_INIT; CHECK(znorm_config.struct_size == sizeof znorm_config); }
    { const trimtab_clip_norm_config clip_norm_config = TRIMTAB_CLIP_NORM_CONFIG_INIT; CHECK(clip_norm_config.struct_size == sizeof clip_norm_config); }
    { const trimtab_agc_config agc_config = TRIMTAB_AGC_CONFIG_INIT; CHECK(agc_config.struct_size == sizeof agc_config); }
    { const trimtab_zclip_config zclip_config = TRIMTAB_ZCLIP_CONFIG_INIT; CHECK(zclip_config.struct_size == sizeof zclip_config); }
    { const trimtab_adagc_config adagc_config = TRIMTAB_ADAGC_CONFIG_INIT; CHECK(adagc_config.struct_size == sizeof adagc_config); }
    { const trimtab_sgd_config sgd_config = TRIMTAB_SGD_CONFIG_INIT; CHECK(sgd_config.struct_size == sizeof sgd_config); }
    { const trimtab_adam_config adam_config = TRIMTAB_ADAM_CONFIG_INIT; CHECK(adam_config.struct_size == sizeof adam_config); }
}

int main(void) {
    configurations();
    printf("sizeof trimtab_tensor %zu, trimtab_slot %zu\nok\n", sizeof(trimtab_tensor), sizeof(trimtab_slot));
    return 0;
}
