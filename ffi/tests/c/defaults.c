/* TRIMTAB_<NAME>_CONFIG_INIT gives what NULL gives: same gradients, parameters and states, to the bit, over 30 steps
 * (zclip's warm-up is 25) at several magnitudes (an eps of 1e-12 shows only in gradients about as small). */
#include <math.h>
#include <string.h>

#include "check.h"

enum { LEN = 6, STEPS = 30 };

/* Everything that one run changes. */
typedef struct {
    double data[2][LEN], param[2][LEN], first[2][LEN], second[2][LEN];
    trimtab_norm_state norms[2];
    trimtab_zclip_state zclip;
    trimtab_guard_state guard;
    trimtab_step_state step;
    trimtab_status status;
} run_state;

typedef trimtab_status (*method)(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots);

static trimtab_status run_guard(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_guard_config config = TRIMTAB_GUARD_CONFIG_INIT;
    (void)slots;
    return trimtab_guard(with_config ? &config : NULL, &run->guard, grads, 2);
}

static trimtab_status run_stable_grad(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_stable_grad_config config = TRIMTAB_STABLE_GRAD_CONFIG_INIT;
    (void)run, (void)slots;
    return trimtab_stable_grad(with_config ? &config : NULL, 0.37, grads, 2);
}

static trimtab_status run_stabilizer(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_gradient_stabilizer_config config = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT;
    (void)slots;
    return trimtab_gradient_stabilizer(with_config ? &config : NULL, run->norms, grads, 2);
}

static trimtab_status run_znorm(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_znorm_config config = TRIMTAB_ZNORM_CONFIG_INIT;
    (void)run, (void)slots;
    return trimtab_znorm(with_config ? &config : NULL, grads, 2);
}

static trimtab_status run_chained(uint32_t kind, const void *config, double number, trimtab_tensor *grads) {
    trimtab_method method;
    memset(&method, 0, sizeof method);
    method.kind = kind, method.config = config, method.number = number;
    return trimtab_decide(&method, 1, grads, 2, NULL);
}

static trimtab_status run_centralize(run_state *run, int with_config, trimtab_tensor *grads,
                                     const trimtab_slot *slots) {
    const trimtab_centralize_config config = TRIMTAB_CENTRALIZE_CONFIG_INIT;
    (void)run, (void)slots;
    return run_chained(TRIMTAB_METHOD_CENTRALIZE, with_config ? &config : NULL, 0, grads);
}

static trimtab_status run_clip_norm(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_clip_norm_config config = TRIMTAB_CLIP_NORM_CONFIG_INIT;
    (void)run, (void)slots;
    return run_chained(TRIMTAB_METHOD_CLIP_NORM, with_config ? &config : NULL, 1e-9, grads);
}

static trimtab_status run_agc(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_agc_config config = TRIMTAB_AGC_CONFIG_INIT;
    /* A parameter of norm 3 and one of zeros, for which eps stands in. */
    const trimtab_moments params[2] = {{LEN, 5, 9, 2}, {LEN, 0, 0, 0}};
    (void)run, (void)slots;
    return trimtab_agc(with_config ? &config : NULL, params, grads, 2);
}

static trimtab_status run_zclip(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_zclip_config config = TRIMTAB_ZCLIP_CONFIG_INIT;
    (void)slots;
    return trimtab_zclip(with_config ? &config : NULL, &run->zclip, grads, 2);
}

static trimtab_status run_sgd(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_sgd_config config = TRIMTAB_SGD_CONFIG_INIT;
    return trimtab_sgd_step(with_config ? &config : NULL, &run->step, grads, slots, 2);
}

static trimtab_status run_adam(run_state *run, int with_config, trimtab_tensor *grads, const trimtab_slot *slots) {
    const trimtab_adam_config config = TRIMTAB_ADAM_CONFIG_INIT;
    return trimtab_adam_step(with_config ? &config : NULL, &run->step, grads, slots, 2);
}

static void fill(run_state *run, int step, double size) {
    int tensor, i;
    for (tensor = 0; tensor < 2; tensor++)
        for (i = 0; i < LEN; i++)
            run->data[tensor][i] = size * (sin(0.61 * (7 * i + step * step + 11 * tensor)) + 0.3) * (step == 28 ? 1e4 : 1);
}

static void run_all(run_state *run, method decide, int with_config, double size) {
    trimtab_tensor grads[2];
    trimtab_slot slots[2];
    int step;
    memset(run, 0, sizeof *run);
    memset(grads, 0, sizeof grads);
    memset(slots, 0, sizeof slots);
    for (step = 0; step < 2; step++) {
        grads[step].data = run->data[step];
        grads[step].len = LEN;
        grads[step].dtype = TRIMTAB_F64;
        grads[step].role = step == 0 ? TRIMTAB_WEIGHT : TRIMTAB_BIAS;
        slots[step].param = run->param[step];
        slots[step].first = run->first[step];
        slots[step].second = run->second[step];
        slots[step].dtype = TRIMTAB_F64;
    }
    for (step = 0; step < STEPS; step++) {
        fill(run, step, size);
        EXPECT(TRIMTAB_OK, trimtab_observe(grads, 2));
        run->status = decide(run, with_config, grads, slots);
        CHECK(run->status == TRIMTAB_OK);
        if (decide != run_sgd && decide != run_adam)
            EXPECT(TRIMTAB_OK, trimtab_apply(grads, 2));
    }
}

static void same_with_null(const char *name, method decide) {
    static const double sizes[] = {1, 1e-4, 1e-8, 1e-12};
    static run_state with_config, with_null;
    size_t i;
    for (i = 0; i < COUNT(sizes); i++) {
        run_all(&with_config, decide, 1, sizes[i]);
        run_all(&with_null, decide, 0, sizes[i]);
        CHECK(memcmp(&with_config, &with_null, sizeof with_null) == 0);
    }
    printf("%s\n", name);
}

/* The fields themselves, against the header's comments. */
static void fields(void) {
    const trimtab_stable_grad_config stable_grad = TRIMTAB_STABLE_GRAD_CONFIG_INIT;
    const trimtab_znorm_config znorm = TRIMTAB_ZNORM_CONFIG_INIT;
    const trimtab_gradient_stabilizer_config stabilizer = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT;
    const trimtab_agc_config agc = TRIMTAB_AGC_CONFIG_INIT;
    const trimtab_zclip_config zclip = TRIMTAB_ZCLIP_CONFIG_INIT;
    const trimtab_guard_config guard = TRIMTAB_GUARD_CONFIG_INIT;
    const trimtab_centralize_config centralize = TRIMTAB_CENTRALIZE_CONFIG_INIT;
    const trimtab_clip_norm_config clip = TRIMTAB_CLIP_NORM_CONFIG_INIT;
    const trimtab_sgd_config sgd = TRIMTAB_SGD_CONFIG_INIT;
    const trimtab_adam_config adam = TRIMTAB_ADAM_CONFIG_INIT;
    CHECK(centralize.struct_size == sizeof centralize && centralize.roles == 0);
    CHECK(clip.struct_size == sizeof clip && clip.scope == 0);
    CHECK(stable_grad.struct_size == sizeof stable_grad && stable_grad.roles == 0 && stable_grad.eps == 0);
    CHECK(znorm.struct_size == sizeof znorm && znorm.roles == 0 && znorm.eps == 1e-8);
    CHECK(stabilizer.struct_size == sizeof stabilizer && stabilizer.scope == 0 && stabilizer.gamma1 == 0.6);
    CHECK(stabilizer.gamma2 == 0.999 && stabilizer.eps == 1e-12 && stabilizer.bias_correction == 1);
    CHECK(stabilizer.reserved == 0);
    CHECK(agc.struct_size == sizeof agc && agc.reserved == 0 && agc.clipping == 0.01 && agc.eps == 1e-3);
    CHECK(zclip.struct_size == sizeof zclip && zclip.warmup == 25 && zclip.alpha == 0.97 && zclip.z_max == 2.5);
    CHECK(zclip.eps == 1e-6 && zclip.max_norm == HUGE_VAL);
    CHECK(guard.struct_size == sizeof guard && guard.policy == 0 && guard.max_consecutive == 0);
    CHECK(sgd.struct_size == sizeof sgd && sgd.nesterov == 0 && sgd.lr == 1e-2 && sgd.momentum == 0);
    CHECK(sgd.dampening == 0 && sgd.weight_decay == 0 && sgd.decay_roles == 1 && sgd.reserved == 0);
    CHECK(adam.struct_size == sizeof adam && adam.decoupled == 1 && adam.lr == 1e-3 && adam.beta1 == 0.9);
    CHECK(adam.beta2 == 0.999 && adam.eps == 1e-8 && adam.weight_decay == 0);
    CHECK(adam.decay_roles == 1 && adam.reserved == 0);
}

int main(void) {
    fields();
    same_with_null("guard", run_guard);
    same_with_null("stable_grad", run_stable_grad);
    same_with_null("gradient_stabilizer", run_stabilizer);
    same_with_null("znorm", run_znorm);
    same_with_null("centralize", run_centralize);
    same_with_null("clip_norm", run_clip_norm);
    same_with_null("agc", run_agc);
    same_with_null("zclip", run_zclip);
    same_with_null("sgd", run_sgd);
    same_with_null("adam", run_adam);
    printf("ok\n");
    return 0;
}
