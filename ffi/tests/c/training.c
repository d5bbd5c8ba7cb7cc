/* Linear regression in single precision, trained in the four ways that a C program would use the library in. */
#include <math.h>
#include <string.h>

#include "check.h"

enum { ROWS = 64, FEATURES = 4, STEPS = 300 };

static float inputs[ROWS][FEATURES], targets[ROWS];

/* The model, its optimizer buffers, and the gradients of the last step. */
typedef struct {
    float W[FEATURES], b[1];
    float mW[FEATURES], mb[1], vW[FEATURES], vb[1];
    float dy[ROWS], dW[FEATURES], db[1];
    trimtab_step_state step;
} model;

/* In [-1, 1): a linear congruential generator (Numerical Recipes). */
static float uniform(void) {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

/* y = x.w + 3/4, and noise of a hundredth, so that the loss cannot reach 0. */
static void make_data(void) {
    static const float w[FEATURES] = {1.0f, -2.0f, 0.5f, 1.5f};
    int row, i;
    for (row = 0; row < ROWS; row++) {
        targets[row] = 0.75f + 0.01f * uniform();
        for (i = 0; i < FEATURES; i++) {
            inputs[row][i] = uniform();
            targets[row] += w[i] * inputs[row][i];
        }
    }
}

/* Mean squared error, and its gradients. */
static double backward(model *m) {
    double loss = 0;
    int row, i;
    memset(m->dW, 0, sizeof m->dW);
    m->db[0] = 0;
    for (row = 0; row < ROWS; row++) {
        float residual = m->b[0] - targets[row];
        for (i = 0; i < FEATURES; i++)
            residual += m->W[i] * inputs[row][i];
        loss += (double)residual * (double)residual / (double)ROWS;
        m->dy[row] = 2.0f * residual / (float)ROWS;
        for (i = 0; i < FEATURES; i++)
            m->dW[i] += m->dy[row] * inputs[row][i];
        m->db[0] += m->dy[row];
    }
    return loss;
}

static trimtab_tensor describe(void *data, size_t len, uint32_t dtype, uint32_t role) {
    trimtab_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.data = data;
    tensor.len = len;
    tensor.dtype = dtype;
    tensor.role = role;
    return tensor;
}

static void describe_gradients(model *m, trimtab_tensor grads[2]) {
    grads[0] = describe(m->dW, FEATURES, TRIMTAB_F32, TRIMTAB_WEIGHT);
    grads[1] = describe(m->db, 1, TRIMTAB_F32, TRIMTAB_BIAS);
}

static void describe_parameters(model *m, trimtab_slot slots[2]) {
    memset(slots, 0, 2 * sizeof slots[0]);
    slots[0].param = m->W, slots[0].first = m->mW, slots[0].second = m->vW;
    slots[1].param = m->b, slots[1].first = m->mb, slots[1].second = m->vb;
    slots[0].dtype = slots[1].dtype = TRIMTAB_F32;
}

/* Adam on whatever has been decided about the gradients. */
static void adam(model *m, trimtab_tensor grads[2]) {
    trimtab_adam_config config = TRIMTAB_ADAM_CONFIG_INIT;
    trimtab_slot slots[2];
    config.lr = 0.05;
    describe_parameters(m, slots);
    EXPECT(TRIMTAB_OK, trimtab_adam_step(&config, &m->step, grads, slots, 2));
}

static double reference(const model *m) {
    trimtab_moments prediction = {0, 0, 0, 0};
    EXPECT(TRIMTAB_OK, trimtab_observe_chunk(&prediction, m->dy, ROWS, TRIMTAB_F32));
    return trimtab_moments_std(&prediction);
}

static double stable_grad_and_adam(model *m) {
    int step;
    for (step = 0; step < STEPS; step++) {
        trimtab_tensor grads[2];
        backward(m);
        describe_gradients(m, grads);
        EXPECT(TRIMTAB_OK, trimtab_observe(grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_stable_grad(NULL, reference(m), grads, 2));
        adam(m, grads);
    }
    return backward(m);
}

/* In front of an optimizer of the program's own: the gradients are written back. */
static double stabilizer_and_own_sgd(model *m) {
    trimtab_norm_state states[2];
    int step, i;
    memset(states, 0, sizeof states);
    for (step = 0; step < STEPS; step++) {
        trimtab_tensor grads[2];
        backward(m);
        describe_gradients(m, grads);
        EXPECT(TRIMTAB_OK, trimtab_observe(grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_gradient_stabilizer(NULL, states, grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_apply(grads, 2));
        for (i = 0; i < FEATURES; i++)
            m->W[i] -= 0.05f * m->dW[i];
        m->b[0] -= 0.05f * m->db[0];
    }
    CHECK(states[0].steps == STEPS && states[1].steps == STEPS && states[0].skipped == 0);
    return backward(m);
}

/* Every tenth gradient holds a NaN: those steps are skipped, and the parameters never learn of it. */
static double guarded(model *m) {
    trimtab_guard_state guard = {0, 0};
    int step;
    for (step = 0; step < STEPS; step++) {
        trimtab_tensor grads[2];
        int bad = step % 10 == 9;
        backward(m);
        if (bad)
            m->dW[2] = (float)NAN;
        describe_gradients(m, grads);
        EXPECT(bad ? TRIMTAB_NON_FINITE : TRIMTAB_OK, trimtab_observe(grads, 2));
        EXPECT(bad ? TRIMTAB_SKIP_STEP : TRIMTAB_OK, trimtab_guard(NULL, &guard, grads, 2));
        if (!bad)
            adam(m, grads);
    }
    CHECK(guard.total == STEPS / 10 && guard.consecutive == 1);
    CHECK(m->step.steps == STEPS - STEPS / 10);
    return backward(m);
}

/* IEEE binary16, rounded to nearest even; infinity beyond its range. */
static uint16_t to_half(float x) {
    uint16_t sign = (uint16_t)(signbit(x) ? 0x8000 : 0);
    float magnitude = fabsf(x);
    int exponent;
    if (magnitude >= 65520.0f)
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 6.103515625e-05f) /* subnormal: units of 2^-24 */
        return (uint16_t)(sign | (int)lrintf(magnitude * 16777216.0f));
    /* 1.f as 1024 to 2048 units; a carry out of the fraction is one more in the exponent. */
    magnitude = frexpf(magnitude, &exponent);
    return (uint16_t)(sign | (((exponent + 14) << 10) + (int)lrintf(magnitude * 2048.0f) - 1024));
}

/* Gradients in half precision under a loss scale that is halved when they overflow. */
static double mixed_precision(model *m) {
    trimtab_guard_state guard = {0, 0};
    double loss_scale = 16777216; /* 2^24: too much at first */
    uint16_t dW[FEATURES], db[1];
    int step, i;
    for (step = 0; step < STEPS; step++) {
        trimtab_method chain[3] = {
            {TRIMTAB_METHOD_GUARD, 0, NULL, NULL, 0, NULL},
            {TRIMTAB_METHOD_UNSCALE, 0, NULL, NULL, 0, NULL},
            {TRIMTAB_METHOD_STABLE_GRAD, 0, NULL, NULL, 0, NULL},
        };
        trimtab_tensor grads[2];
        trimtab_status status;
        backward(m);
        chain[0].state = &guard, chain[1].number = loss_scale, chain[2].number = reference(m);
        for (i = 0; i < FEATURES; i++)
            dW[i] = to_half(m->dW[i] * (float)loss_scale);
        db[0] = to_half(m->db[0] * (float)loss_scale);
        grads[0] = describe(dW, FEATURES, TRIMTAB_F16, TRIMTAB_WEIGHT);
        grads[1] = describe(db, 1, TRIMTAB_F16, TRIMTAB_BIAS);
        (void)trimtab_observe(grads, 2); /* the guard says what it found */
        status = trimtab_decide(chain, 3, grads, 2, NULL);
        if (status == TRIMTAB_SKIP_STEP) {
            loss_scale /= 2;
            continue;
        }
        CHECK(status == TRIMTAB_OK);
        adam(m, grads);
    }
    CHECK(guard.total > 0 && loss_scale == ldexp(16777216, -(int)guard.total));
    printf("skipped %d\n", (int)guard.total);
    return backward(m);
}

static void train(const char *name, double (*way)(model *)) {
    static model m;
    double first, last;
    memset(&m, 0, sizeof m);
    first = backward(&m);
    last = way(&m);
    printf("%s: loss %.6f to %.6f\n", name, first, last);
    CHECK(last < first / 100);
}

int main(void) {
    make_data();
    CHECK(to_half(1.0f) == 0x3c00 && to_half(-65504.0f) == 0xfbff && to_half(1e6f) == 0x7c00);
    CHECK(to_half(5.9604645e-08f) == 1 && to_half(0.333251953125f) == 0x3555);
    train("stable_grad and adam_step", stable_grad_and_adam);
    train("gradient_stabilizer and own sgd", stabilizer_and_own_sgd);
    train("guard and adam_step", guarded);
    train("mixed precision", mixed_precision);
    printf("ok\n");
    return 0;
}
