/* The caller's floating-point mode: each that x86-64 and 64-bit Arm have. Results have the bits of the default mode,
 * with one thread and with two that were started in that mode; no trap goes off; and after each call, accepted or
 * refused, mode and status flags, but for inexact, are the caller's. Other processors have nothing to set here. */
#include <string.h>

#include "check.h"

#if defined(__x86_64__)

enum { ROUNDINGS = 4, SWITCHES = 4, TRAPS = 8 };
typedef unsigned environment;

static environment get_environment(void) {
    environment value;
    __asm__ volatile("stmxcsr %0" : "=m"(value) : : "memory");
    return value;
}

static void set_environment(environment value) {
    __asm__ volatile("ldmxcsr %0" : : "m"(value) : "memory");
}

static environment without_inexact(environment value) {
    return value & ~0x20u;
}

/* Rounding in bits 13 and 14, DAZ 6, FTZ 15; masks in 7 to 12: none cleared, each of them, all. No flag is raised. */
static environment mode(unsigned rounding, unsigned switches, unsigned trap) {
    unsigned masks = trap == 0 ? 0x3fu : trap == 7 ? 0 : 0x3fu ^ (1u << (trap - 1));
    return rounding << 13 | (switches & 1) << 6 | (switches >> 1) << 15 | masks << 7;
}

#elif defined(__aarch64__)

enum { ROUNDINGS = 4, SWITCHES = 16, TRAPS = 2 };
typedef struct {
    uint64_t control, status;
} environment;

static environment get_environment(void) {
    environment value;
    __asm__ volatile("mrs %0, fpcr\n mrs %1, fpsr" : "=r"(value.control), "=r"(value.status) : : "memory");
    return value;
}

static void set_environment(environment value) {
    __asm__ volatile("msr fpcr, %0\n msr fpsr, %1" : : "r"(value.control), "r"(value.status) : "memory");
}

static environment without_inexact(environment value) {
    value.status &= ~(uint64_t)0x10;
    return value;
}

/* Rounding in bits 22 and 23; FZ16 19, FZ 24, DN 25, AHP 26; traps, where the processor has them, 8 to 12 and 15. */
static environment mode(unsigned rounding, unsigned switches, unsigned trap) {
    environment value = {0, 0};
    value.control = (uint64_t)rounding << 22 | (uint64_t)(switches >> 1) << 24 | (uint64_t)(switches & 1) << 19;
    value.control |= trap == 0 ? 0 : 0x9f00u;
    return value;
}

#else

enum { ROUNDINGS = 1, SWITCHES = 1, TRAPS = 1 };
typedef int environment;

static environment get_environment(void) {
    return 0;
}

static void set_environment(environment value) {
    (void)value;
}

static environment without_inexact(environment value) {
    return value;
}

static environment mode(unsigned rounding, unsigned switches, unsigned trap) {
    return (int)(rounding + switches + trap);
}

#endif

enum { TENSORS = 4, DOUBLES = 12 };

/* Together more than 2^19 elements, so that every pass is shared out where there are two threads. */
static const size_t lengths[TENSORS] = {300000, 90000, 90000, 80000};
static const uint32_t dtypes[TENSORS] = {TRIMTAB_F32, TRIMTAB_F16, TRIMTAB_BF16, TRIMTAB_F64};
static const size_t sizes[TENSORS] = {4, 2, 2, 8};
static const size_t param_sizes[TENSORS] = {4, 4, 4, 8};

/* All that calls write. */
typedef struct {
    void *gradient[TENSORS], *output[TENSORS], *param[TENSORS], *first[TENSORS], *second[TENSORS];
    trimtab_tensor grads[TENSORS];
    trimtab_norm_state norms[TENSORS];
    trimtab_autoscale_state autoscale;
    trimtab_zclip_state zclip;
    trimtab_guard_state guard;
    trimtab_step_state adam, sgd;
    trimtab_moments moments, outlook[TENSORS];
    double doubles[DOUBLES];
} world;

static void *allocate(size_t size) {
    void *data = calloc(size, 1);
    CHECK(data != NULL);
    return data;
}

/* Numbers of both signs with all digits, from 1/16 to 2, and every 64th below the smallest normal one: as bits, without
 * arithmetic. */
static void fill(void *data, size_t len, uint32_t dtype) {
    static uint64_t random = 1;
    static const uint64_t one[TENSORS] = {127, 15, 127, 1023};
    static const unsigned digits[TENSORS] = {23, 10, 7, 52};
    for (size_t i = 0; i < len; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t sign = random >> 63, fraction = random << 1 >> (64 - digits[dtype]);
        uint64_t exponent = i % 64 == 0 ? 0 : one[dtype] - (random >> 59) % 5;
        uint64_t magnitude = exponent << digits[dtype] | fraction;
        uint16_t bits16 = (uint16_t)(magnitude | sign << 15);
        uint32_t bits32 = (uint32_t)(magnitude | sign << 31);
        uint64_t bits64 = magnitude | sign << 63;
        switch (sizes[dtype]) {
        case 2: memcpy((char *)data + 2 * i, &bits16, 2); break;
        case 4: memcpy((char *)data + 4 * i, &bits32, 4); break;
        default: memcpy((char *)data + 8 * i, &bits64, 8);
        }
    }
}

/* The same numbers in every world, parameters too; nothing else yet. */
static void begin(world *w, const world *start) {
    void *data[5][TENSORS];
    memcpy(data[0], w->gradient, sizeof data[0]);
    memcpy(data[1], w->output, sizeof data[1]);
    memcpy(data[2], w->param, sizeof data[2]);
    memcpy(data[3], w->first, sizeof data[3]);
    memcpy(data[4], w->second, sizeof data[4]);
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < TENSORS; i++) {
        w->gradient[i] = data[0][i];
        w->output[i] = data[1][i];
        w->param[i] = data[2][i];
        w->first[i] = data[3][i];
        w->second[i] = data[4][i];
        memcpy(w->gradient[i], start->gradient[i], lengths[i] * sizes[i]);
        memcpy(w->param[i], start->param[i], lengths[i] * param_sizes[i]);
        memset(w->output[i], 0, lengths[i] * sizes[i]);
        memset(w->first[i], 0, lengths[i] * param_sizes[i]);
        memset(w->second[i], 0, lengths[i] * param_sizes[i]);
        w->grads[i].data = w->gradient[i];
        w->grads[i].len = lengths[i];
        w->grads[i].dtype = dtypes[i];
        w->grads[i].role = TRIMTAB_WEIGHT;
    }
}

static void create(world *w) {
    for (size_t i = 0; i < TENSORS; i++) {
        w->gradient[i] = allocate(lengths[i] * sizes[i]);
        w->output[i] = allocate(lengths[i] * sizes[i]);
        w->param[i] = allocate(lengths[i] * param_sizes[i]);
        w->first[i] = allocate(lengths[i] * param_sizes[i]);
        w->second[i] = allocate(lengths[i] * param_sizes[i]);
    }
}

/* The mode that calls are made in. */
static environment callers;

static int is_the_callers(void) {
    environment now = without_inexact(get_environment());
    return memcmp(&now, &callers, sizeof now) == 0;
}

/* A call that returns this status and leaves the mode. */
#define CALL(status, call) \
    do { \
        EXPECT(status, call); \
        CHECK(is_the_callers()); \
    } while (0)

/* Read, and every method. */
static void decide(world *w) {
    trimtab_tensor *g = w->grads;
    CALL(TRIMTAB_OK, trimtab_observe(g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_guard(NULL, &w->guard, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_unscale(3.0, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_scale(0.7, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_stable_grad(NULL, 0.3, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_gradient_stabilizer(NULL, w->norms, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_autoscale(&w->autoscale, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_centralize(TRIMTAB_ROLES_ALL, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_znorm(NULL, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_zclip(NULL, &w->zclip, g, TENSORS));
    CALL(TRIMTAB_OK, trimtab_clip_norm(0.9, TRIMTAB_SCOPE_GLOBAL, g, TENSORS));
    CALL(TRIMTAB_BAD_CONFIG, trimtab_clip_norm(-1.0, TRIMTAB_SCOPE_GLOBAL, g, TENSORS));
    CALL(TRIMTAB_NULL_POINTER, trimtab_observe(NULL, TENSORS));
}

static void slots_of(world *w, trimtab_slot slots[TENSORS]) {
    memset(slots, 0, TENSORS * sizeof *slots);
    for (size_t i = 0; i < TENSORS; i++) {
        slots[i].param = w->param[i];
        slots[i].first = w->first[i];
        slots[i].second = w->second[i];
        slots[i].dtype = param_sizes[i] == 4 ? TRIMTAB_F32 : TRIMTAB_F64;
    }
}

/* Functions that return doubles, whose bits are kept. */
static void compute(world *w) {
    double *to = w->doubles;
    for (size_t i = 0; i < TENSORS; i++) {
        CALL(TRIMTAB_OK, trimtab_moments_merge(&w->moments, &w->grads[i].moments));
        CALL(TRIMTAB_OK, trimtab_outlook(&w->grads[i], &w->outlook[i]));
    }
    CALL(TRIMTAB_OK, trimtab_observe_chunk(&w->moments, w->gradient[0], 1000, TRIMTAB_F32));
    *to++ = trimtab_moments_mean(&w->moments);
    CHECK(is_the_callers());
    *to++ = trimtab_moments_std(&w->moments);
    CHECK(is_the_callers());
    *to++ = trimtab_moments_norm(&w->moments);
    CHECK(is_the_callers());
    for (uint32_t activation = 0; activation < 8; activation++) {
        *to++ = trimtab_init_std(activation, 7);
        CHECK(is_the_callers());
    }
}

/* Everything, in this mode and with this many threads. */
static void run(world *w, const world *start, environment in, size_t threads) {
    trimtab_adam_config coupled = TRIMTAB_ADAM_CONFIG_INIT;
    trimtab_sgd_config momentum = TRIMTAB_SGD_CONFIG_INIT;
    trimtab_slot slots[TENSORS];
    coupled.decoupled = 0;
    coupled.weight_decay = 1e-2;
    momentum.momentum = 0.9;
    momentum.nesterov = 1;
    begin(w, start);
    slots_of(w, slots);
    environment before = get_environment();
    set_environment(in);
    callers = without_inexact(get_environment());
    CALL(TRIMTAB_OK, trimtab_set_threads(threads));
    decide(w);
    compute(w);
    CALL(TRIMTAB_OK, trimtab_apply_into(w->grads, w->output, TENSORS));
    CALL(TRIMTAB_OK, trimtab_adam_step(&coupled, &w->adam, w->grads, slots, TENSORS));
    decide(w);
    CALL(TRIMTAB_OK, trimtab_sgd_step(&momentum, &w->sgd, w->grads, slots, TENSORS));
    CALL(TRIMTAB_OK, trimtab_observe(w->grads, TENSORS));
    CALL(TRIMTAB_OK, trimtab_scale(0.3, w->grads, TENSORS)); /* that of float is computed in float */
    CALL(TRIMTAB_OK, trimtab_apply(w->grads, TENSORS));
    set_environment(before);
}

static int same(const world *a, const world *b) {
    /* From the norms on, there is no pointer; descriptors differ in theirs. */
    size_t states = offsetof(world, norms);
    int same = memcmp((const char *)a + states, (const char *)b + states, sizeof *a - states) == 0;
    for (size_t i = 0; i < TENSORS; i++) {
        size_t of_param = lengths[i] * param_sizes[i], of_gradient = lengths[i] * sizes[i];
        same = same && memcmp(&a->grads[i].moments, &b->grads[i].moments, sizeof a->grads[i].moments) == 0 &&
               memcmp(&a->grads[i].affine, &b->grads[i].affine, sizeof a->grads[i].affine) == 0 &&
               memcmp(a->gradient[i], b->gradient[i], of_gradient) == 0 &&
               memcmp(a->output[i], b->output[i], of_gradient) == 0 &&
               memcmp(a->param[i], b->param[i], of_param) == 0 && memcmp(a->first[i], b->first[i], of_param) == 0 &&
               memcmp(a->second[i], b->second[i], of_param) == 0;
    }
    return same;
}

int main(void) {
    static world start, by_default, in_mode;
    create(&start);
    create(&by_default);
    create(&in_mode);
    for (size_t i = 0; i < TENSORS; i++) {
        fill(start.gradient[i], lengths[i], dtypes[i]);
        fill(start.param[i], lengths[i], param_sizes[i] == 4 ? TRIMTAB_F32 : TRIMTAB_F64);
    }
    run(&by_default, &start, mode(0, 0, 0), 1);
    unsigned modes = 0;
    for (unsigned rounding = 0; rounding < ROUNDINGS; rounding++) {
        for (unsigned switches = 0; switches < SWITCHES; switches++) {
            for (unsigned trap = 0; trap < TRAPS; trap++) {
                for (size_t threads = 1; threads <= 2; threads++) {
                    run(&in_mode, &start, mode(rounding, switches, trap), threads);
                    if (!same(&by_default, &in_mode)) {
                        printf("rounding %u, switches %u, trap %u, %d threads: other bits\n", rounding, switches, trap,
                               (int)threads);
                        return 1;
                    }
                }
                modes++;
            }
        }
    }
    EXPECT(TRIMTAB_OK, trimtab_set_threads(1));
    printf("%u modes\nok\n", modes);
    return 0;
}
