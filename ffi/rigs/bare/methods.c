/* The methods that tests/same_bits/hashes.txt names, with the configurations of tests/common/methods.rs. */

#include "bare.h"

#define METHOD(name) static trimtab_status name(states *s, trimtab_tensor *grads, size_t n)

METHOD(unscale) {
    (void)s;
    return trimtab_unscale(1024.0, grads, n);
}

METHOD(scale) {
    (void)s;
    return trimtab_scale(-0.75, grads, n);
}

METHOD(scale_to_zero) {
    (void)s;
    return trimtab_scale(0.0, grads, n);
}

METHOD(stable_grad) {
    (void)s;
    return trimtab_stable_grad(NULL, 0.5, grads, n);
}

METHOD(stable_grad_of_all) {
    trimtab_stable_grad_config config = TRIMTAB_STABLE_GRAD_CONFIG_INIT;
    (void)s;
    config.roles = TRIMTAB_ROLES_ALL;
    config.eps = 1e-3;
    return trimtab_stable_grad(&config, 0.5, grads, n);
}

static trimtab_status stabilize(states *s, trimtab_tensor *grads, size_t n, uint32_t scope, uint32_t correction) {
    trimtab_gradient_stabilizer_config config = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT;
    config.scope = scope;
    config.bias_correction = correction;
    return trimtab_gradient_stabilizer(&config, s->norms, grads, n);
}

METHOD(stabilizer) {
    return trimtab_gradient_stabilizer(NULL, s->norms, grads, n);
}

METHOD(stabilizer_uncorrected) {
    return stabilize(s, grads, n, TRIMTAB_SCOPE_TENSOR, 0);
}

METHOD(stabilizer_global) {
    return stabilize(s, grads, n, TRIMTAB_SCOPE_GLOBAL, 1);
}

METHOD(stabilizer_global_uncorrected) {
    return stabilize(s, grads, n, TRIMTAB_SCOPE_GLOBAL, 0);
}

METHOD(autoscale) {
    return trimtab_autoscale(&s->autoscale, grads, n);
}

METHOD(centralize) {
    (void)s;
    return trimtab_centralize(TRIMTAB_ROLES_WEIGHTS, grads, n);
}

METHOD(centralize_of_all) {
    (void)s;
    return trimtab_centralize(TRIMTAB_ROLES_ALL, grads, n);
}

METHOD(znorm) {
    (void)s;
    return trimtab_znorm(NULL, grads, n);
}

METHOD(znorm_of_all) {
    trimtab_znorm_config config = TRIMTAB_ZNORM_CONFIG_INIT;
    (void)s;
    config.roles = TRIMTAB_ROLES_ALL;
    config.eps = 0.0;
    return trimtab_znorm(&config, grads, n);
}

METHOD(clip_norm) {
    (void)s;
    return trimtab_clip_norm(0.05, TRIMTAB_SCOPE_GLOBAL, grads, n);
}

METHOD(clip_norm_by_tensor) {
    (void)s;
    return trimtab_clip_norm(0.05, TRIMTAB_SCOPE_TENSOR, grads, n);
}

METHOD(clip_norm_at_infinity) {
    (void)s;
    return trimtab_clip_norm(TRIMTAB_INFINITY, TRIMTAB_SCOPE_TENSOR, grads, n);
}

METHOD(clip_value) {
    (void)s;
    return trimtab_clip_value(0.01, grads, n);
}

METHOD(clip_value_at_infinity) {
    (void)s;
    return trimtab_clip_value(TRIMTAB_INFINITY, grads, n);
}

/* Every parameter is the one element 2. */
METHOD(agc) {
    trimtab_moments params[TENSORS];
    (void)s;
    for (size_t i = 0; i < n; i++)
        params[i] = (trimtab_moments){ 1, 2.0, 4.0, 2.0 };
    return trimtab_agc(NULL, params, grads, n);
}

METHOD(zclip) {
    trimtab_zclip_config config = TRIMTAB_ZCLIP_CONFIG_INIT;
    config.warmup = 2;
    return trimtab_zclip(&config, &s->zclip, grads, n);
}

METHOD(zclip_with_a_maximum) {
    trimtab_zclip_config config = TRIMTAB_ZCLIP_CONFIG_INIT;
    config.warmup = 1;
    config.max_norm = 0.5;
    return trimtab_zclip(&config, &s->zclip, grads, n);
}

static trimtab_status adagc_below(double lambda_abs, states *s, trimtab_tensor *grads, size_t n) {
    trimtab_adagc_config config = TRIMTAB_ADAGC_CONFIG_INIT;
    trimtab_method link = { TRIMTAB_METHOD_ADAGC, 0, &config, s->norms, 0.0, NULL };
    config.warmup = 2;
    config.lambda_abs = lambda_abs;
    return trimtab_decide(&link, 1, grads, n, NULL);
}

METHOD(adagc) {
    return adagc_below(1.0, s, grads, n);
}

METHOD(adagc_in_its_warm_up) {
    return adagc_below(0.05, s, grads, n);
}

METHOD(guard) {
    return trimtab_guard(NULL, &s->guard, grads, n);
}

METHOD(guard_to_zero) {
    trimtab_guard_config config = TRIMTAB_GUARD_CONFIG_INIT;
    config.policy = TRIMTAB_GUARD_ZERO;
    config.max_consecutive = 3;
    return trimtab_guard(&config, &s->guard, grads, n);
}

static const method list[] = {
    { "unscale", 0, unscale },
    { "scale", 0, scale },
    { "scale to zero", 0, scale_to_zero },
    { "stable_grad", 0, stable_grad },
    { "stable_grad of all", 0, stable_grad_of_all },
    { "gradient_stabilizer", TENSORS, stabilizer },
    { "stabilizer, uncorrected", TENSORS, stabilizer_uncorrected },
    { "stabilizer, global", 1, stabilizer_global },
    { "stabilizer, global, uncorrected", 1, stabilizer_global_uncorrected },
    { "autoscale", 0, autoscale },
    { "centralize", 0, centralize },
    { "centralize of all", 0, centralize_of_all },
    { "znorm", 0, znorm },
    { "znorm of all", 0, znorm_of_all },
    { "clip_norm", 0, clip_norm },
    { "clip_norm by tensor", 0, clip_norm_by_tensor },
    { "clip_norm at infinity", 0, clip_norm_at_infinity },
    { "clip_value", 0, clip_value },
    { "clip_value at infinity", 0, clip_value_at_infinity },
    { "agc", 0, agc },
    { "zclip", 0, zclip },
    { "zclip with a maximum", 0, zclip_with_a_maximum },
    { "adagc", TENSORS, adagc },
    { "adagc in its warm-up", TENSORS, adagc_in_its_warm_up },
    { "guard", 0, guard },
    { "guard to zero", 0, guard_to_zero },
};

const method *method_named(const char *name) {
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (same_text(list[i].name, name))
            return &list[i];
    return NULL;
}
