/* Runs the committed vectors through the C ABI. They come as words of 64 bits, doubles as their bit patterns:
 *
 *     number of cases; for each
 *         name, 6 words of text; dtype; number of tensors, a role for each; number of methods, each with
 *             kind, number of parameters (0: defaults), parameters
 *         optimizer: 0 none, 1 Adam, 2 SGD, and then number of parameters, parameters, initial values of each tensor
 *         number of steps; for each
 *             reference; the gradients of each tensor
 *             number of tensors of AGC's parameters (0: none), doubles of each
 *             what has to come out, of each tensor: the smallest and the largest value allowed of each element
 *             number of fields of the state, the smallest and the largest value allowed of each
 *     tensors are a length and as many elements, bit patterns of the dtype
 */

#include "bare.h"

#define ELEMENTS 256 /* of all tensors of a step */

enum { UNSCALE, STABLE_GRAD, STABILIZER, AUTOSCALE, CENTRALIZE, ZNORM, CLIP_NORM, CLIP_VALUE, AGC, ZCLIP };
enum { NO_OPTIMIZER, ADAM, SGD };

typedef struct {
    uint64_t kind;
    size_t count; /* of parameters */
    double p[6];
    states states;
} link;

static const uint64_t *at;
static uint64_t results; /* hash of everything that came out */
static uint64_t gradient[ELEMENTS], param[ELEMENTS], first[ELEMENTS], second[ELEMENTS], weights[ELEMENTS];
static trimtab_tensor tensors[TENSORS];
static trimtab_slot slots[TENSORS];
static trimtab_moments params[TENSORS];
static link links[4];

static double next_double(void) {
    pattern p;
    p.bits = *at++;
    return p.number;
}

static size_t next_size(void) {
    return (size_t)*at++;
}

static double value(const format *f, uint64_t bits) {
    pattern p;
    p.bits = bits;
    if (f->dtype == TRIMTAB_F64)
        return p.number;
    unsigned width = (unsigned)(8 * f->size), up = 52 - f->mantissa;
    uint64_t sign = bits >> (width - 1), magnitude = bits & (((uint64_t)1 << (width - 1)) - 1);
    uint64_t exponent = magnitude >> f->mantissa;
    if (exponent == 0) { /* subnormal: mantissa * 2^(1 - bias - digits) */
        pattern scale;
        scale.bits = (1024 - f->bias - f->mantissa) << 52;
        p.number = (double)magnitude * scale.number;
    } else {
        p.bits = (magnitude << up) + ((1023 - f->bias) << 52);
    }
    return sign ? -p.number : p.number;
}

/* Reads one tensor, its elements into the buffer; 0 if there are too many. */
static size_t next_tensor(uint64_t *buffer, size_t used, size_t size, size_t *len) {
    *len = next_size();
    if (used + *len > ELEMENTS)
        return 0;
    for (size_t i = 0; i < *len; i++)
        set_element(buffer + used, i, size, *at++);
    return 1;
}

static void next_parameters(link *l) {
    l->count = next_size();
    for (size_t i = 0; i < l->count; i++)
        l->p[i] = next_double();
}

static trimtab_status stabilize(link *l, size_t n) {
    trimtab_gradient_stabilizer_config c = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT;
    c.scope = (uint32_t)l->p[0];
    c.gamma1 = l->p[1];
    c.gamma2 = l->p[2];
    c.eps = l->p[3];
    c.bias_correction = (uint32_t)l->p[4];
    return trimtab_gradient_stabilizer(l->count ? &c : NULL, l->states.norms, tensors, n);
}

static trimtab_status zclip(link *l, size_t n) {
    trimtab_zclip_config c = TRIMTAB_ZCLIP_CONFIG_INIT;
    c.warmup = (uint32_t)l->p[0];
    c.alpha = l->p[1];
    c.z_max = l->p[2];
    c.eps = l->p[3];
    c.max_norm = l->p[4];
    return trimtab_zclip(&c, &l->states.zclip, tensors, n);
}

static trimtab_status decide(link *l, double reference, size_t n) {
    trimtab_stable_grad_config stable_grad = TRIMTAB_STABLE_GRAD_CONFIG_INIT;
    trimtab_znorm_config znorm = TRIMTAB_ZNORM_CONFIG_INIT;
    trimtab_agc_config agc = TRIMTAB_AGC_CONFIG_INIT;
    stable_grad.roles = znorm.roles = (uint32_t)l->p[0];
    stable_grad.eps = znorm.eps = agc.eps = l->p[1];
    agc.clipping = l->p[0];
    switch (l->kind) {
    case UNSCALE:
        return trimtab_unscale(l->p[0], tensors, n);
    case STABLE_GRAD:
        return trimtab_stable_grad(l->count ? &stable_grad : NULL, reference, tensors, n);
    case STABILIZER:
        return stabilize(l, n);
    case AUTOSCALE:
        return trimtab_autoscale(&l->states.autoscale, tensors, n);
    case CENTRALIZE:
        return trimtab_centralize((uint32_t)l->p[0], tensors, n);
    case ZNORM:
        return trimtab_znorm(&znorm, tensors, n);
    case CLIP_NORM:
        return trimtab_clip_norm(l->p[0], (uint32_t)l->p[1], tensors, n);
    case CLIP_VALUE:
        return trimtab_clip_value(l->p[0], tensors, n);
    case AGC:
        return trimtab_agc(&agc, params, tensors, n);
    case ZCLIP:
        return zclip(l, n);
    default:
        return TRIMTAB_UNSUPPORTED;
    }
}

static trimtab_status optimize(uint64_t kind, const link *l, trimtab_step_state *state, size_t n) {
    trimtab_adam_config adam = TRIMTAB_ADAM_CONFIG_INIT;
    trimtab_sgd_config sgd = TRIMTAB_SGD_CONFIG_INIT;
    if (kind == ADAM) {
        adam.lr = l->p[0];
        adam.beta1 = l->p[1];
        adam.beta2 = l->p[2];
        adam.eps = l->p[3];
        adam.weight_decay = l->p[4];
        adam.decoupled = (uint32_t)l->p[5];
        return trimtab_adam_step(&adam, state, tensors, slots, n);
    }
    sgd.lr = l->p[0];
    sgd.momentum = l->p[1];
    sgd.dampening = l->p[2];
    sgd.weight_decay = l->p[3];
    sgd.nesterov = (uint32_t)l->p[4];
    return trimtab_sgd_step(&sgd, state, tensors, slots, n);
}

/* Whether a value lies between the next two of the vectors, which a NaN does not. */
static int allowed(double x) {
    double smallest = next_double(), largest = next_double();
    results = hash_double(results, x);
    return smallest <= x && x <= largest;
}

static int right_state(const link *l) {
    const states *s = &l->states;
    size_t fields = next_size();
    int right = 1;
    if (fields == 0)
        return 1;
    if (l->kind == AUTOSCALE) {
        right &= allowed(s->autoscale.exponent) & allowed(s->autoscale.sigma);
        right &= allowed(s->autoscale.alpha) & allowed((double)s->autoscale.steps);
        return right && fields == 4;
    }
    if (l->kind == ZCLIP) {
        right &= allowed(s->zclip.mean) & allowed(s->zclip.var);
        return right && allowed((double)s->zclip.steps) && fields == 3;
    }
    for (size_t i = 0; i < fields / 4; i++) {
        right &= allowed(s->norms[i].m) & allowed(s->norms[i].v);
        right &= allowed((double)s->norms[i].steps) & allowed((double)s->norms[i].skipped);
    }
    return right && l->kind == STABILIZER && fields % 4 == 0;
}

/* Reads gradients, and parameters for AGC, of one step. */
static trimtab_status next_inputs(const format *f, size_t n) {
    size_t used = 0, len;
    for (size_t i = 0; i < n; i++) {
        if (!next_tensor(gradient, used, f->size, &len))
            return TRIMTAB_BAD_LENGTH;
        tensors[i].data = gradient + used;
        tensors[i].len = len;
        used += len;
    }
    size_t given = next_size();
    for (size_t i = 0; i < given; i++) {
        if (!next_tensor(weights, 0, 8, &len))
            return TRIMTAB_BAD_LENGTH;
        params[i] = (trimtab_moments){ 0, 0.0, 0.0, 0.0 };
        trimtab_status status = trimtab_observe_chunk(&params[i], weights, len, TRIMTAB_F64);
        if (status != TRIMTAB_OK)
            return status;
    }
    return trimtab_observe(tensors, n);
}

typedef struct {
    const char *name;
    const format *f;
    size_t n, methods;
    uint64_t optimizer;
    link parameters;
    trimtab_step_state state;
} test_case;

/* One step; a refusal, or BAD_STATE for a result that is not allowed. */
static trimtab_status next_step(test_case *c) {
    double reference = next_double();
    trimtab_status status = next_inputs(c->f, c->n);
    for (size_t i = 0; i < c->methods && status == TRIMTAB_OK; i++)
        status = decide(&links[i], reference, c->n);
    if (status == TRIMTAB_OK)
        status = c->optimizer == NO_OPTIMIZER ? trimtab_apply(tensors, c->n)
                                              : optimize(c->optimizer, &c->parameters, &c->state, c->n);
    if (status != TRIMTAB_OK)
        return status;
    int right = 1;
    for (size_t i = 0; i < c->n; i++) {
        const void *data = c->optimizer == NO_OPTIMIZER ? tensors[i].data : slots[i].param;
        size_t len = next_size();
        right &= len == tensors[i].len;
        for (size_t j = 0; j < len; j++)
            right &= allowed(value(c->f, element(data, j, c->f->size)));
    }
    right &= right_state(&links[0]);
    return right ? TRIMTAB_OK : TRIMTAB_BAD_STATE;
}

static trimtab_status next_head(test_case *c) {
    static const link none;
    c->name = (const char *)at;
    at += 6;
    c->f = format_of(*at++);
    c->n = next_size();
    if (c->f == NULL || c->n > TENSORS)
        return TRIMTAB_BAD_LENGTH;
    for (size_t i = 0; i < c->n; i++)
        tensors[i] = (trimtab_tensor)TRIMTAB_TENSOR(NULL, 0, c->f->dtype, (uint32_t)*at++);
    c->methods = next_size();
    if (c->methods > sizeof links / sizeof *links)
        return TRIMTAB_BAD_LENGTH;
    links[0] = none;
    for (size_t i = 0; i < c->methods; i++) {
        links[i] = none;
        links[i].kind = *at++;
        next_parameters(&links[i]);
    }
    c->optimizer = *at++;
    c->state.steps = 0;
    if (c->optimizer == NO_OPTIMIZER)
        return TRIMTAB_OK;
    next_parameters(&c->parameters);
    for (size_t i = 0; i < ELEMENTS; i++)
        first[i] = second[i] = 0;
    for (size_t i = 0, used = 0, len; i < c->n; i++, used += len) {
        if (!next_tensor(param, used, c->f->size, &len))
            return TRIMTAB_BAD_LENGTH;
        slots[i] = (trimtab_slot){ param + used, first + used, second + used, c->f->dtype, 0 };
    }
    return TRIMTAB_OK;
}

size_t vectors(void) {
    at = vector_words;
    results = HASH_START;
    size_t cases = next_size();
    for (size_t i = 0; i < cases; i++) {
        test_case c;
        trimtab_status status = next_head(&c);
        size_t steps = status == TRIMTAB_OK ? next_size() : 0, step = 0;
        for (; step < steps && status == TRIMTAB_OK; step++)
            status = next_step(&c);
        if (status == TRIMTAB_OK)
            continue;
        put("wrong: vector ");
        put(c.name);
        put(", step ");
        put_number(step);
        put(status == TRIMTAB_BAD_STATE ? ": the result is not within the tolerance, or:\n" : ":\n");
        put(trimtab_status_message(status));
        put("\n");
        return 0;
    }
    put("vectors: all results hash to ");
    put_hash(results);
    put("\n");
    return cases;
}
