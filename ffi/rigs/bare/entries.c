/* Calls every function of the header on a painted stack, and looks how much of the paint is gone. */

#include "bare.h"

#define STACK 16384 /* bytes */
#define MOST 8192   /* promised */
#define PAINT 0xa5
#define RUN (2048 + 33) /* beyond a run of the loops and a group of lanes */

static _Alignas(16) unsigned char stack[STACK];
static uint64_t gradient[2 * RUN], out[2 * RUN], buffers[3][2 * RUN];
static unsigned char saved[512];

/* What the functions are called with. */
static trimtab_tensor grads[2];
static trimtab_slot slots[2];
static trimtab_moments params[2], streamed, told;
static trimtab_norm_state norms[2];
static trimtab_autoscale_state autoscale;
static trimtab_zclip_state zclip;
static trimtab_guard_state guard;
static trimtab_step_state sgd, adam;
static trimtab_states records[] = {
    { norms, 2, TRIMTAB_STATE_NORM, 0 },  { &autoscale, 1, TRIMTAB_STATE_AUTOSCALE, 0 },
    { &zclip, 1, TRIMTAB_STATE_ZCLIP, 0 }, { &guard, 1, TRIMTAB_STATE_GUARD, 0 },
    { &sgd, 1, TRIMTAB_STATE_STEP, 0 },   { &adam, 1, TRIMTAB_STATE_STEP, 0 },
};
static size_t saved_size;
static trimtab_status status;

#define CALL(name, call)         \
    static void call_##name(void) { \
        status = call;           \
    }
#define ENTRIES sizeof records / sizeof *records

static trimtab_status is(int holds) {
    return holds ? TRIMTAB_OK : TRIMTAB_BAD_STATE;
}

static size_t refused, where;

/* The methods that the others do not stop, in one call; one alone where something is pending. */
static trimtab_status decide(int twin) {
    trimtab_method chain[] = {
        { TRIMTAB_METHOD_GRADIENT_STABILIZER, 0, NULL, norms, 0.0, NULL },
        { TRIMTAB_METHOD_GUARD, 0, NULL, &guard, 0.0, NULL },
        { TRIMTAB_METHOD_AUTOSCALE, 0, NULL, &autoscale, 0.0, NULL },
        { TRIMTAB_METHOD_AGC, 0, NULL, NULL, 0.0, params },
        { TRIMTAB_METHOD_ZCLIP, 0, NULL, &zclip, 0.0, NULL },
    };
    size_t methods = grads[0].affine.scale == 1.0 ? sizeof chain / sizeof *chain : 1;
    return twin ? trimtab_decide_at(chain, methods, grads, 2, &refused, &where)
                : trimtab_decide(chain, methods, grads, 2, &refused);
}

static trimtab_status sgd_step(int twin) {
    trimtab_sgd_config c = TRIMTAB_SGD_CONFIG_INIT;
    c.momentum = 0.9;
    c.nesterov = 1;
    c.weight_decay = 0.01;
    return twin ? trimtab_sgd_step_at(&c, &sgd, grads, slots, 2, &where)
                : trimtab_sgd_step(&c, &sgd, grads, slots, 2);
}

static trimtab_status adam_step(int twin) {
    trimtab_adam_config c = TRIMTAB_ADAM_CONFIG_INIT;
    c.weight_decay = 0.01;
    return twin ? trimtab_adam_step_at(&c, &adam, grads, slots, 2, &where)
                : trimtab_adam_step(&c, &adam, grads, slots, 2);
}

static trimtab_status apply_into(int twin) {
    void *into[2] = { out, (char *)out + ((char *)grads[1].data - (char *)grads[0].data) };
    return twin ? trimtab_apply_into_at(grads, into, 2, &where) : trimtab_apply_into(grads, into, 2);
}

CALL(observe, trimtab_observe(grads, 2))
CALL(observe_at, trimtab_observe_at(grads, 2, &where))
CALL(outlook, trimtab_outlook(grads, &told))
CALL(observe_chunk, trimtab_observe_chunk(&streamed, grads[0].data, grads[0].len, grads[0].dtype))
CALL(moments_merge, trimtab_moments_merge(&params[0], &streamed))
CALL(moments_mean, is(trimtab_moments_mean(&streamed) < TRIMTAB_INFINITY))
CALL(moments_std, is(trimtab_moments_std(&streamed) >= 0.0))
CALL(moments_norm, is(trimtab_moments_norm(&streamed) >= 0.0))
CALL(unscale, trimtab_unscale(2.0, grads, 2))
CALL(scale, trimtab_scale(0.5, grads, 2))
CALL(guard, trimtab_guard(NULL, &guard, grads, 2))
CALL(stable_grad, trimtab_stable_grad(NULL, 0.5, grads, 2))
CALL(gradient_stabilizer, trimtab_gradient_stabilizer(NULL, norms, grads, 2))
CALL(autoscale, trimtab_autoscale(&autoscale, grads, 2))
CALL(centralize, trimtab_centralize(TRIMTAB_ROLES_ALL, grads, 2))
CALL(znorm, trimtab_znorm(NULL, grads, 2))
CALL(clip_norm, trimtab_clip_norm(0.05, TRIMTAB_SCOPE_GLOBAL, grads, 2))
CALL(clip_value, trimtab_clip_value(0.01, grads, 2))
CALL(agc, trimtab_agc(NULL, params, grads, 2))
CALL(zclip, trimtab_zclip(NULL, &zclip, grads, 2))
CALL(decide, decide(0))
CALL(decide_at, decide(1))
CALL(apply, trimtab_apply(grads, 2))
CALL(apply_at, trimtab_apply_at(grads, 2, &where))
CALL(apply_into, apply_into(0))
CALL(apply_into_at, apply_into(1))
CALL(sgd_step, sgd_step(0))
CALL(sgd_step_at, sgd_step(1))
CALL(adam_step, adam_step(0))
CALL(adam_step_at, adam_step(1))
CALL(state_save, trimtab_state_save(records, ENTRIES, saved, sizeof saved, &saved_size))
CALL(state_load, trimtab_state_load(records, ENTRIES, saved, saved_size))
CALL(init_std, is(trimtab_init_std(TRIMTAB_TANH, 64) > 0.0))
CALL(status_message, is(trimtab_status_message(TRIMTAB_OK)[0] != '\0'))
CALL(version, is(trimtab_version()[0] != '\0'))
CALL(cpu_level, is(trimtab_cpu_level()[0] != '\0'))
CALL(set_threads, trimtab_set_threads(1))

/* Every function in the order of the header, but first the one that only looks what the processor has. */
static struct {
    const char *name;
    void (*call)(void);
    size_t most; /* bytes of stack, so far */
} list[] = {
    { "trimtab_cpu_level", call_cpu_level, 0 },
    { "trimtab_observe", call_observe, 0 },
    { "trimtab_observe_at", call_observe_at, 0 },
    { "trimtab_outlook", call_outlook, 0 },
    { "trimtab_observe_chunk", call_observe_chunk, 0 },
    { "trimtab_moments_merge", call_moments_merge, 0 },
    { "trimtab_moments_mean", call_moments_mean, 0 },
    { "trimtab_moments_std", call_moments_std, 0 },
    { "trimtab_moments_norm", call_moments_norm, 0 },
    { "trimtab_unscale", call_unscale, 0 },
    { "trimtab_scale", call_scale, 0 },
    { "trimtab_guard", call_guard, 0 },
    { "trimtab_stable_grad", call_stable_grad, 0 },
    { "trimtab_gradient_stabilizer", call_gradient_stabilizer, 0 },
    { "trimtab_autoscale", call_autoscale, 0 },
    { "trimtab_centralize", call_centralize, 0 },
    { "trimtab_znorm", call_znorm, 0 },
    { "trimtab_clip_norm", call_clip_norm, 0 },
    { "trimtab_clip_value", call_clip_value, 0 },
    { "trimtab_agc", call_agc, 0 },
    { "trimtab_zclip", call_zclip, 0 },
    { "trimtab_decide", call_decide, 0 },
    { "trimtab_decide_at", call_decide_at, 0 },
    { "trimtab_apply", call_apply, 0 },
    { "trimtab_apply_at", call_apply_at, 0 },
    { "trimtab_apply_into", call_apply_into, 0 },
    { "trimtab_apply_into_at", call_apply_into_at, 0 },
    { "trimtab_sgd_step", call_sgd_step, 0 },
    { "trimtab_sgd_step_at", call_sgd_step_at, 0 },
    { "trimtab_adam_step", call_adam_step, 0 },
    { "trimtab_adam_step_at", call_adam_step_at, 0 },
    { "trimtab_state_save", call_state_save, 0 },
    { "trimtab_state_load", call_state_load, 0 },
    { "trimtab_init_std", call_init_std, 0 },
    { "trimtab_status_message", call_status_message, 0 },
    { "trimtab_version", call_version, 0 },
    { "trimtab_set_threads", call_set_threads, 0 },
};

/* Bytes of stack under a call: from the top to the last word that was painted over. */
static size_t depth_of(void (*call)(void)) {
    size_t untouched = 0;
    for (size_t i = 0; i < STACK; i++)
        ((volatile unsigned char *)stack)[i] = PAINT;
    on_stack(stack + STACK, call);
    while (untouched < STACK && ((volatile unsigned char *)stack)[untouched] == PAINT)
        untouched++;
    return (STACK - untouched + 3) / 4 * 4; /* The last byte may have got the colour of the paint. */
}

/* New gradients and parameters: a weight and a bias of a quarter of the elements, observed, and an affine pending. */
static trimtab_status prepare(const format *f, const format *p, size_t len, int pending) {
    uint64_t draws = len;
    size_t bias = len / 4;
    void *const at[2] = { gradient, (char *)gradient + len * f->size };
    fill(&draws, f, ORDINARY, at[0], len);
    fill(&draws, f, ORDINARY, at[1], bias);
    grads[0] = (trimtab_tensor)TRIMTAB_TENSOR(at[0], len, f->dtype, TRIMTAB_WEIGHT);
    grads[1] = (trimtab_tensor)TRIMTAB_TENSOR(at[1], bias, f->dtype, TRIMTAB_BIAS);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < len + bias; j++)
            set_element(buffers[i], j, p->size, 0);
    for (size_t i = 0, first = 0; i < 2; first += grads[i].len, i++) {
        char *of[3];
        for (size_t j = 0; j < 3; j++)
            of[j] = (char *)buffers[j] + first * p->size;
        slots[i] = (trimtab_slot){ of[0], of[1], of[2], p->dtype, 0 };
    }
    sgd.steps = adam.steps = 0;
    trimtab_status prepared = trimtab_observe(grads, 2);
    if (prepared == TRIMTAB_OK && pending >= 1)
        prepared = trimtab_scale(0.3, grads, 2);
    if (prepared == TRIMTAB_OK && pending == 2)
        prepared = trimtab_centralize(TRIMTAB_ROLES_ALL, grads, 2);
    if (prepared == TRIMTAB_OK && pending == 3)
        prepared = trimtab_clip_value(2.5, grads, 2);
    return prepared;
}

/* Every function once. Only methods may refuse, and only because of the limit that is pending. */
static int call_all(const format *f, const format *p, size_t len, int pending) {
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        status = i == 0 ? TRIMTAB_OK : prepare(f, p, len, pending); /* nothing is called before cpu_level */
        size_t depth = status == TRIMTAB_OK ? depth_of(list[i].call) : 0;
        if (depth > list[i].most)
            list[i].most = depth;
        if (status == TRIMTAB_OK || (status == TRIMTAB_ORDER && pending == 3))
            continue;
        put("wrong: ");
        put(list[i].name);
        put(" with gradients of ");
        put(f->name);
        put(": ");
        put(trimtab_status_message(status));
        put("\n");
        return 0;
    }
    return 1;
}

size_t entries(void) {
    const size_t count = sizeof list / sizeof *list;
    int right = 1;
    streamed = (trimtab_moments){ 0, 0.0, 0.0, 0.0 };
    for (size_t i = 0; i < 2; i++)
        params[i] = (trimtab_moments){ 1, 2.0, 4.0, 2.0 };
    for (size_t f = 0; f < 4 && right; f++)
        for (int pending = 0; pending < 4 && right; pending++)
            for (size_t p = 0; p < 4 && right; p += 3) /* f32 and f64 */
                right = call_all(&formats[f], &formats[p], RUN, pending);
    for (size_t i = 0; i < count && right; i++) {
        put("stack: ");
        put_number(list[i].most);
        put(" ");
        put(list[i].name);
        put("\n");
        if (list[i].most >= MOST) {
            put("wrong: that is more than was promised\n");
            right = 0;
        }
    }
    return right ? count : 0;
}
