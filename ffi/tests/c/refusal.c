/* Calls that must be refused, each with its code, and memcmp of everything before and after. */
#include <math.h>
#include <string.h>

#include "check.h"

/* All memory that a call of this program can reach. */
typedef struct {
    float dW[4], db[3], W[4], b[3], mW[4], mb[3], vW[4], vb[3];
    trimtab_tensor grads[2];
    trimtab_slot slots[2];
    trimtab_norm_state norms[2];
    trimtab_guard_state guard;
    trimtab_step_state step;
    trimtab_moments outlook;
} memory;

static memory now, before;

static trimtab_tensor describe(float *data, size_t len, uint32_t role) {
    trimtab_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.data = data;
    tensor.len = len;
    tensor.dtype = TRIMTAB_F32;
    tensor.role = role;
    return tensor;
}

static trimtab_slot slot(float *param, float *first, float *second) {
    trimtab_slot one;
    memset(&one, 0, sizeof one);
    one.param = param;
    one.first = first;
    one.second = second;
    one.dtype = TRIMTAB_F32;
    return one;
}

/* Two good gradients, observed, with a factor pending. */
static void set_up(void) {
    static const float dW[4] = {1, -2, 3, 4}, db[3] = {0.5f, 0.25f, -8};
    memset(&now, 0, sizeof now);
    memcpy(now.dW, dW, sizeof dW);
    memcpy(now.db, db, sizeof db);
    now.grads[0] = describe(now.dW, 4, TRIMTAB_WEIGHT);
    now.grads[1] = describe(now.db, 3, TRIMTAB_BIAS);
    now.slots[0] = slot(now.W, now.mW, now.vW);
    now.slots[1] = slot(now.b, now.mb, now.vb);
    EXPECT(TRIMTAB_OK, trimtab_observe(now.grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_scale(2, now.grads, 2));
}

#define REFUSED(status, call) \
    do { \
        before = now; \
        EXPECT(status, call); \
        CHECK(memcmp(&before, &now, sizeof now) == 0); \
        printf("%s\n", #status); \
    } while (0)

static void bad_arguments(void) {
    trimtab_adam_config adam = TRIMTAB_ADAM_CONFIG_INIT;
    set_up();
    REFUSED(TRIMTAB_NULL_POINTER, trimtab_observe(NULL, 2));
    REFUSED(TRIMTAB_NULL_POINTER, trimtab_guard(NULL, NULL, now.grads, 2));
    REFUSED(TRIMTAB_BAD_REFERENCE, trimtab_stable_grad(NULL, 0, now.grads, 2));
    REFUSED(TRIMTAB_BAD_CONFIG, trimtab_clip_norm(-1, TRIMTAB_SCOPE_GLOBAL, now.grads, 2));
    adam.struct_size = 4;
    REFUSED(TRIMTAB_BAD_CONFIG, trimtab_adam_step(&adam, &now.step, now.grads, now.slots, 2));
    REFUSED(TRIMTAB_BAD_CONFIG, trimtab_set_threads(0));
}

static void bad_descriptors(void) {
    set_up();
    now.grads[1].dtype = 17;
    REFUSED(TRIMTAB_BAD_DTYPE, trimtab_apply(now.grads, 2));
    set_up();
    now.grads[1].role = 2;
    REFUSED(TRIMTAB_BAD_CONFIG, trimtab_apply(now.grads, 2));
    set_up();
    now.grads[1].data = (char *)now.db + 1;
    REFUSED(TRIMTAB_MISALIGNED, trimtab_apply(now.grads, 2));
    set_up();
    now.grads[1].len = SIZE_MAX / 4 + 2;
    REFUSED(TRIMTAB_BAD_LENGTH, trimtab_apply(now.grads, 2));
    set_up();
    memset(&now.grads[1].moments, 0, sizeof now.grads[1].moments);
    REFUSED(TRIMTAB_ORDER, trimtab_stable_grad(NULL, 1, now.grads, 2));
}

static void bad_values(void) {
    set_up();
    now.norms[1].m = 1;
    REFUSED(TRIMTAB_BAD_STATE, trimtab_gradient_stabilizer(NULL, now.norms, now.grads, 2));
    set_up();
    EXPECT(TRIMTAB_OK, trimtab_scale(1e38, &now.grads[1], 1));
    REFUSED(TRIMTAB_OVERFLOW, trimtab_apply(now.grads, 2));
    REFUSED(TRIMTAB_OVERFLOW, trimtab_adam_step(NULL, &now.step, now.grads, now.slots, 2));
    set_up();
    EXPECT(TRIMTAB_OK, trimtab_clip_value(1, now.grads, 2));
    REFUSED(TRIMTAB_ORDER, trimtab_clip_norm(1, TRIMTAB_SCOPE_TENSOR, now.grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_apply(now.grads, 2));
    REFUSED(TRIMTAB_ORDER, trimtab_scale(2, now.grads, 2));
    REFUSED(TRIMTAB_ORDER, trimtab_adam_step(NULL, &now.step, now.grads, now.slots, 2));
    REFUSED(TRIMTAB_ORDER, trimtab_outlook(now.grads, &now.outlook));
}

static void not_finite(void) {
    trimtab_guard_config guard = TRIMTAB_GUARD_CONFIG_INIT;
    guard.max_consecutive = 1;
    set_up();
    now.db[2] = (float)NAN;
    EXPECT(TRIMTAB_NON_FINITE, trimtab_observe(now.grads, 2));
    REFUSED(TRIMTAB_NON_FINITE, trimtab_unscale(1024, now.grads, 2));
    REFUSED(TRIMTAB_NON_FINITE, trimtab_apply(now.grads, 2));
    REFUSED(TRIMTAB_NON_FINITE, trimtab_sgd_step(NULL, &now.step, now.grads, now.slots, 2));
    REFUSED(TRIMTAB_NON_FINITE, trimtab_adam_step(NULL, &now.step, now.grads, now.slots, 2));
    REFUSED(TRIMTAB_DIVERGED, trimtab_guard(&guard, &now.guard, now.grads, 2));
}

/* Each twin names the tensor; a chain also the method, and those in front of it have not decided. */
static void which_one(void) {
    trimtab_method chain[3] = {
        {TRIMTAB_METHOD_GUARD, 0, NULL, NULL, 0, NULL},
        {TRIMTAB_METHOD_GRADIENT_STABILIZER, 0, NULL, NULL, 0, NULL},
        {TRIMTAB_METHOD_CLIP_NORM, 0, NULL, NULL, -1, NULL},
    };
    size_t method = 7, at = 7;
    void *out[2];
    set_up();
    chain[0].state = &now.guard, chain[1].state = now.norms;
    out[0] = now.W, out[1] = now.b;
    EXPECT(TRIMTAB_OK, trimtab_scale(1e38, &now.grads[1], 1));
    REFUSED(TRIMTAB_OVERFLOW, trimtab_apply_at(now.grads, 2, &at));
    CHECK(at == 1);
    at = 7;
    REFUSED(TRIMTAB_OVERFLOW, trimtab_apply_into_at(now.grads, out, 2, &at));
    CHECK(at == 1);
    at = 7;
    REFUSED(TRIMTAB_OVERFLOW, trimtab_adam_step_at(NULL, &now.step, now.grads, now.slots, 2, &at));
    CHECK(at == 1);
    now.slots[0].param = NULL;
    REFUSED(TRIMTAB_NULL_POINTER, trimtab_sgd_step_at(NULL, &now.step, now.grads, now.slots, 2, &at));
    CHECK(at == 0);
    EXPECT(TRIMTAB_OK, trimtab_observe_at(now.grads, 2, &at));
    CHECK(at == TRIMTAB_NOWHERE);
    REFUSED(TRIMTAB_BAD_CONFIG, trimtab_decide_at(chain, 3, now.grads, 2, &method, &at));
    CHECK(method == 2 && at == TRIMTAB_NOWHERE);
    now.norms[1].m = 1;
    REFUSED(TRIMTAB_BAD_STATE, trimtab_decide_at(chain, 3, now.grads, 2, &method, &at));
    CHECK(method == 1 && at == 1);
    REFUSED(TRIMTAB_BAD_STATE, trimtab_decide(chain, 3, now.grads, 2, NULL));
    now.db[2] = (float)NAN;
    EXPECT(TRIMTAB_NON_FINITE, trimtab_observe_at(now.grads, 2, &at));
    CHECK(at == 1);
    EXPECT(TRIMTAB_SKIP_STEP, trimtab_decide(chain, 2, now.grads, 2, &method));
    CHECK(now.guard.total == 1);
}

int main(void) {
    trimtab_status status;
    bad_arguments();
    bad_descriptors();
    bad_values();
    not_finite();
    which_one();
    for (status = TRIMTAB_SKIP_STEP; status >= TRIMTAB_BAD_CHECKSUM; status--)
        printf("message %d: %s\n", (int)status, trimtab_status_message(status));
    printf("ok\n");
    return 0;
}
