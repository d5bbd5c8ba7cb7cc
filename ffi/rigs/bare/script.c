/* Plays the script: tests/script.rs makes it of the table of hashes, the vectors, and the list of functions. All of it is
 * words of 64 bits, doubles as their bit patterns, texts padded with NUL:
 *
 *     number of parts; for each
 *         name, 12 words; number of words that follow; dtypes of gradients and parameters
 *         steps: name, 2 words, and what the function of this name below reads
 */

#include "bare.h"

#define LONGEST (2 * 65536 + 2048 + 33)
#define SHORT 4096
#define NO_STATE UINT64_MAX

static const uint64_t *at;
static uint64_t draws, hash; /* of this part */
static uint64_t results = HASH_START;
static const format *of_gradient, *of_param;
static uint64_t gradient[LONGEST], out[LONGEST], param[SHORT], first[SHORT], second[SHORT];

/* What a method changes. */
static struct memory {
    trimtab_tensor tensors[TENSORS];
    uint64_t states[STATES];
} before, after;
static uint64_t states[STATES];
static uint64_t optimizer[1]; /* its state */

static double next_double(void) {
    union { uint64_t bits; double number; } word = { *at++ };
    return word.number;
}

static size_t next_size(void) {
    return (size_t)*at++;
}

static const char *next_text(size_t words) {
    at += words;
    return (const char *)(at - words);
}

/* Elements: specials, or 0 where they follow. */
static void next_elements(const format *f, uint64_t specials, void *data, size_t len) {
    if (specials != 0)
        fill(&draws, f, specials, data, len);
    else
        for (size_t i = 0; i < len; i++)
            set_element(data, i, f->size, *at++);
}

/* Specials; number of tensors; role, length, elements of each. */
static trimtab_status draw(void) {
    uint64_t specials = *at++, *data = gradient; /* a word for every element, however small */
    with.n = next_size();
    for (size_t i = 0; i < with.n; i++) {
        uint32_t role = (uint32_t)*at++;
        size_t len = next_size();
        if (i == TENSORS || len > (size_t)(gradient + LONGEST - data))
            return TRIMTAB_BAD_LENGTH;
        next_elements(of_gradient, specials, data, len);
        with.tensors[i] = (trimtab_tensor)TRIMTAB_TENSOR(data, len, (uint32_t)(of_gradient - formats), role);
        with.into[i] = out + (data - gradient);
        data += len;
    }
    return TRIMTAB_OK;
}

/* Specials; elements of each parameter, as many as of the gradients. The optimizer has made no step yet. */
static trimtab_status parameters(void) {
    uint64_t specials = *at++;
    optimizer[0] = 0;
    for (size_t i = 0, used = 0; i < with.n; used += with.tensors[i++].len) {
        if (with.tensors[i].len > SHORT - used)
            return TRIMTAB_BAD_LENGTH;
        next_elements(of_param, specials, param + used, with.tensors[i].len);
        for (size_t j = used; j < used + with.tensors[i].len; j++)
            first[j] = second[j] = 0;
        with.slots[i] = (trimtab_slot){ param + used, first + used, second + used, (uint32_t)(of_param - formats), 0 };
    }
    return TRIMTAB_OK;
}

/* Number of tensors; number of elements, doubles of each: what the method reads beside the gradients. */
static trimtab_status inputs(void) {
    trimtab_status status = TRIMTAB_OK;
    size_t n = next_size();
    for (size_t i = 0; i < n && i < TENSORS && status == TRIMTAB_OK; i++) {
        size_t len = next_size();
        with.params[i] = (trimtab_moments){ 0, 0.0, 0.0, 0.0 };
        status = trimtab_observe_chunk(&with.params[i], at, len, TRIMTAB_F64);
        at += len;
    }
    return status;
}

/* A configuration: number of words, 0 for the defaults; the words. */
static const void *next_config(void) {
    size_t words = next_size();
    at += words;
    return words == 0 ? NULL : at - words;
}

/* Kind, number, where its states begin, whether it has an input, configuration. */
static trimtab_method next_method(void) {
    trimtab_method method = { (uint32_t)*at++, 0, NULL, NULL, 0.0, NULL };
    method.number = next_double();
    uint64_t state = *at++;
    method.state = state == NO_STATE ? NULL : &states[state % STATES];
    method.input = *at++ != 0 ? with.params : NULL;
    method.config = next_config();
    return method;
}

static void remember(struct memory *memory) {
    __builtin_memcpy(memory->tensors, with.tensors, sizeof with.tensors);
    __builtin_memcpy(memory->states, states, sizeof states);
}

/* The function of a single method has its own arguments. */
static void take_apart(const trimtab_method *method) {
    with.config = method->config;
    with.state = method->state;
    with.number = method->number;
    with.choice = method->config == NULL ? 0 : ((const uint32_t *)method->config)[1]; /* behind struct_size */
}

/* The function of the method, 4 words, empty for a chain; number of methods; the methods. All ways leave the same bits. */
static trimtab_status decide(void) {
    const char *ways[] = { "trimtab_decide", "trimtab_decide_at", next_text(4) };
    with.methods = next_size();
    if (with.methods > METHODS)
        return TRIMTAB_BAD_LENGTH;
    for (size_t i = 0; i < with.methods; i++)
        with.chain[i] = next_method();
    take_apart(with.chain);
    remember(&before);
    trimtab_status status = call(ways[0]);
    for (size_t i = 1; i < 3 && *ways[i] != '\0' && status == TRIMTAB_OK; i++) {
        remember(&after);
        __builtin_memcpy(with.tensors, before.tensors, sizeof with.tensors);
        __builtin_memcpy(states, before.states, sizeof states);
        status = call(ways[i]);
        if (__builtin_memcmp(after.tensors, with.tensors, sizeof with.tensors) != 0 ||
            __builtin_memcmp(after.states, states, sizeof states) != 0)
            return TRIMTAB_BAD_STATE;
    }
    return status;
}

/* The function, 4 words; configuration. */
static trimtab_status pass(void) {
    const char *function = next_text(4);
    with.config = next_config();
    with.state = optimizer;
    return call(function);
}

/* Whether a pending limit may stop it; the function, 4 words. */
static trimtab_status any(void) {
    uint64_t may_refuse = *at++;
    for (size_t i = 0; i < STATES; i++)
        states[i] = 0;
    with.methods = 1;
    with.chain[0] = (trimtab_method){ TRIMTAB_METHOD_SCALE, 0, NULL, states, 0.5, NULL };
    take_apart(with.chain);
    with.chain[0].state = NULL;
    with.choice = 1;
    for (uint32_t i = 0; i < TENSORS; i++)
        with.records[i] = (trimtab_states){ states + 8 * i, 1, i, 0 };
    trimtab_status status = call(next_text(4));
    return status == TRIMTAB_ORDER && may_refuse ? TRIMTAB_OK : status;
}

static trimtab_status moments(void) {
    for (size_t i = 0; i < with.n; i++)
        hash = hash_elements(hash, &with.tensors[i].moments, 4, 8);
    return TRIMTAB_OK;
}

static trimtab_status affines(void) {
    for (size_t i = 0; i < with.n; i++)
        hash = hash_elements(hash, &with.tensors[i].affine, 3, 8);
    return TRIMTAB_OK;
}

static trimtab_status data(void) {
    for (size_t i = 0; i < with.n; i++)
        hash = hash_elements(hash, with.tensors[i].data, with.tensors[i].len, of_gradient->size);
    return TRIMTAB_OK;
}

static trimtab_status written(void) {
    for (size_t i = 0; i < with.n; i++)
        hash = hash_elements(hash, with.into[i], with.tensors[i].len, of_gradient->size);
    return TRIMTAB_OK;
}

/* One parameter and its buffers. */
static trimtab_status slots(void) {
    const uint64_t *const buffers[3] = { param, first, second };
    for (size_t i = 0; i < 3; i++)
        hash = hash_elements(hash, buffers[i], with.tensors[0].len, of_param->size);
    return TRIMTAB_OK;
}

/* How many words of them. */
static trimtab_status all_states(void) {
    hash = hash_elements(hash, states, next_size() % STATES, 8);
    return TRIMTAB_OK;
}

/* The hash of all words so far. */
static trimtab_status is(void) {
    if (hash == *at++)
        return TRIMTAB_OK;
    put_hash(hash);
    put(" instead of ");
    put_hash(at[-1]);
    put("\n");
    return TRIMTAB_BAD_STATE;
}

/* Whether a value lies between the next two, which a NaN does not. */
static trimtab_status allowed(double x) {
    double smallest = next_double(), largest = next_double();
    hash = hash_elements(hash, &x, 1, sizeof x);
    return smallest <= x && x <= largest ? TRIMTAB_OK : TRIMTAB_BAD_STATE;
}

/* Whether parameters; for each tensor its length, and the smallest and the largest value allowed of each element. */
static trimtab_status near(void) {
    int of_params = *at++ != 0;
    trimtab_status status = TRIMTAB_OK;
    for (size_t i = 0; i < with.n && status == TRIMTAB_OK; i++) {
        const format *f = of_params ? of_param : of_gradient;
        const void *elements = of_params ? with.slots[i].param : with.tensors[i].data;
        size_t len = next_size();
        if (len != with.tensors[i].len)
            return TRIMTAB_BAD_LENGTH;
        for (size_t j = 0; j < len && status == TRIMTAB_OK; j++)
            status = allowed(value(f, element(elements, j, f->size)));
    }
    return status;
}

/* Number of words of the states; of each whether it is a count, and the smallest and the largest value allowed. */
static trimtab_status fields(void) {
    trimtab_status status = TRIMTAB_OK;
    size_t words = next_size();
    for (size_t i = 0; i < words && i < STATES && status == TRIMTAB_OK; i++) {
        int count = *at++ != 0;
        status = allowed(count ? (double)states[i] : value(&formats[TRIMTAB_F64], states[i]));
    }
    return status;
}

static const struct {
    const char *name;
    trimtab_status (*play)(void);
} steps[] = {
    { "draw", draw }, { "parameters", parameters }, { "inputs", inputs }, { "decide", decide }, { "pass", pass },
    { "call", any }, { "moments", moments }, { "affines", affines }, { "data", data }, { "out", written },
    { "slots", slots }, { "states", all_states }, { "is", is }, { "near", near }, { "fields", fields },
};

static trimtab_status play_step(const char *name) {
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (same_text(steps[i].name, name))
            return steps[i].play();
    return TRIMTAB_UNSUPPORTED;
}

static int play_part(void) {
    const char *name = next_text(12), *step = name;
    const uint64_t *end = at + *at + 1;
    at++;
    of_gradient = &formats[*at++ % 4];
    of_param = &formats[*at++ % 4];
    draws = hash = HASH_START;
    for (const char *c = name; *c != '\0'; c++)
        draws = hash_byte(draws, (unsigned char)*c);
    for (size_t i = 0; i < STATES; i++)
        states[i] = 0;
    trimtab_status status = TRIMTAB_OK;
    while (at < end && status == TRIMTAB_OK)
        status = play_step(step = next_text(2));
    at = end;
    results = hash_word(results, hash);
    if (status == TRIMTAB_OK)
        return 1;
    put("wrong: ");
    put(name);
    put(", ");
    put(step);
    put(status == TRIMTAB_BAD_STATE ? ": another result, or: " : ": ");
    put(trimtab_status_message(status));
    put("\n");
    return 0;
}

size_t play(void) {
    at = script;
    size_t parts = next_size(), right = 0;
    for (size_t i = 0; i < parts; i++)
        right += (size_t)play_part();
    put("all results hash to ");
    put_hash(results);
    put("\n");
    return right == parts ? parts : 0;
}
