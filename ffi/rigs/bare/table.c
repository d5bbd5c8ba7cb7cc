/* Recomputes every line of tests/same_bits/hashes.txt through the C ABI, from what the head of that file says. */

#include "bare.h"

#define SHORT (2048 + 33)

static uint64_t gradient[LONGEST], out[SHORT], param[SHORT], first[SHORT], second[SHORT];

/* Steps over a word, and the space behind it, if the text begins with it. */
static int eat(const char **at, const char *word) {
    size_t n = length_of(word);
    for (size_t i = 0; i < n; i++)
        if ((*at)[i] != word[i])
            return 0;
    if ((*at)[n] != ' ' && (*at)[n] != '\0')
        return 0;
    *at += n + ((*at)[n] == ' ');
    return 1;
}

static const format *eat_format(const char **at) {
    for (size_t i = 0; i < 4; i++)
        if (eat(at, formats[i].name))
            return &formats[i];
    return NULL;
}

/* 0 for what is none. */
static mix eat_mix(const char **at) {
    if (eat(at, "Ordinary"))
        return ORDINARY;
    if (eat(at, "Extreme"))
        return EXTREME;
    return eat(at, "Tiny") ? TINY : (mix)0;
}

/* At most LONGEST; 0 for what is none. */
static size_t eat_length(const char **at) {
    size_t n = 0;
    while (**at >= '0' && **at <= '9' && n <= LONGEST)
        n = 10 * n + (size_t)(*(*at)++ - '0');
    *at += **at == ' ';
    return n <= LONGEST ? n : 0;
}

static trimtab_tensor tensor_of(const format *f, void *data, size_t len) {
    trimtab_tensor tensor = TRIMTAB_TENSOR(data, len, f->dtype, TRIMTAB_WEIGHT);
    return tensor;
}

static uint64_t hash_moments(const trimtab_moments *m) {
    uint64_t hash = hash_word(HASH_START, m->count);
    hash = hash_double(hash, m->sum);
    hash = hash_double(hash, m->sum_sq);
    return hash_double(hash, m->abs_max);
}

static trimtab_status observed(const format *f, mix kind, size_t len, uint64_t draws, uint64_t *hash) {
    fill(&draws, f, kind, gradient, len);
    trimtab_tensor tensor = tensor_of(f, gradient, len);
    trimtab_status status = trimtab_observe(&tensor, 1);
    *hash = hash_moments(&tensor.moments);
    return status;
}

static trimtab_status written(const format *f, mix kind, size_t len, uint64_t draws, uint64_t *hash) {
    fill(&draws, f, kind, gradient, len);
    trimtab_tensor tensor = tensor_of(f, gradient, len);
    trimtab_status status = trimtab_observe(&tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_centralize(TRIMTAB_ROLES_ALL, &tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_scale(0.25, &tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_apply(&tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_observe(&tensor, 1);
    *hash = hash_moments(&tensor.moments);
    return status;
}

static trimtab_status chain(const char *name, const format *f, trimtab_tensor *tensor) {
    if (same_text(name, "third"))
        return trimtab_scale(1.0 / 3.0, tensor, 1);
    if (same_text(name, "negative"))
        return trimtab_scale(-0.75, tensor, 1);
    if (same_text(name, "subnormal"))
        return trimtab_scale(-1e-40, tensor, 1);
    if (same_text(name, "beyond"))
        return trimtab_scale(f->dtype == TRIMTAB_F16 ? 1e9 : 1e40, tensor, 1);
    if (same_text(name, "clipped"))
        return trimtab_clip_value(0.5, tensor, 1);
    if (!same_text(name, "centered"))
        return TRIMTAB_UNSUPPORTED;
    trimtab_status status = trimtab_centralize(TRIMTAB_ROLES_ALL, tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_scale(-0.1, tensor, 1);
    return status == TRIMTAB_OK ? trimtab_clip_value(2.5, tensor, 1) : status;
}

static trimtab_status applied(const format *f, mix kind, size_t len, const char *name, uint64_t draws,
                              uint64_t *hash) {
    void *into[1] = { out };
    if (len > SHORT)
        return TRIMTAB_UNSUPPORTED;
    fill(&draws, f, kind, gradient, len);
    trimtab_tensor tensor = tensor_of(f, gradient, len);
    trimtab_status status = trimtab_observe(&tensor, 1);
    if (status == TRIMTAB_OK)
        status = chain(name, f, &tensor);
    if (status == TRIMTAB_OK)
        status = trimtab_apply_into(&tensor, into, 1);
    *hash = hash_elements(HASH_START, out, len, f->size);
    return status;
}

static trimtab_status stepped(const format *f, const format *p, size_t len, const char *name, uint64_t draws,
                              uint64_t *hash) {
    if (len > SHORT)
        return TRIMTAB_UNSUPPORTED;
    fill(&draws, f, ORDINARY, gradient, len);
    fill(&draws, p, ORDINARY, param, len);
    for (size_t i = 0; i < SHORT; i++)
        first[i] = second[i] = 0;
    trimtab_tensor tensor = tensor_of(f, gradient, len);
    trimtab_slot slot = { param, first, second, p->dtype, 0 };
    trimtab_step_state state = { 0 };
    trimtab_status status = TRIMTAB_OK;
    for (int i = 0; i < 2 && status == TRIMTAB_OK; i++) {
        status = trimtab_observe(&tensor, 1);
        if (status == TRIMTAB_OK)
            status = trimtab_scale(1.0 / 3.0, &tensor, 1);
        if (status == TRIMTAB_OK)
            status = step_named(name, &state, &tensor, &slot);
    }
    *hash = hash_elements(HASH_START, param, len, p->size);
    *hash = hash_elements(*hash, first, len, p->size);
    *hash = hash_elements(*hash, second, len, p->size);
    return status;
}

static uint64_t hash_states(uint64_t hash, const states *s, size_t norms) {
    for (size_t i = 0; i < norms; i++) {
        hash = hash_double(hash_double(hash, s->norms[i].m), s->norms[i].v);
        hash = hash_word(hash_word(hash, s->norms[i].steps), s->norms[i].skipped);
    }
    hash = hash_double(hash_double(hash, s->autoscale.exponent), s->autoscale.sigma);
    hash = hash_word(hash_double(hash, s->autoscale.alpha), s->autoscale.steps);
    hash = hash_double(hash_double(hash, s->zclip.mean), s->zclip.var);
    hash = hash_word(hash, s->zclip.steps);
    return hash_word(hash_word(hash, s->guard.consecutive), s->guard.total);
}

/* One of the three steps of a method. */
static trimtab_status remembered_step(const format *f, const method *m, states *s, uint64_t *draws, uint64_t *hash) {
    static const size_t lengths[TENSORS] = { 5, 1, 33, 64, 0, 31, 2049, 2 };
    trimtab_tensor tensors[TENSORS];
    uint64_t *data = gradient;
    for (size_t i = 0; i < TENSORS; i++) {
        fill(draws, f, ORDINARY, data, lengths[i]);
        tensors[i] = tensor_of(f, data, lengths[i]);
        tensors[i].role = i % 2 == 0 ? TRIMTAB_WEIGHT : TRIMTAB_BIAS;
        data += lengths[i]; /* a word for every element, however small */
    }
    trimtab_status status = trimtab_observe(tensors, TENSORS);
    if (status == TRIMTAB_OK)
        status = m->decide(s, tensors, TENSORS);
    for (size_t i = 0; i < TENSORS; i++) {
        *hash = hash_double(*hash, tensors[i].affine.center);
        *hash = hash_double(*hash, tensors[i].affine.scale);
        *hash = hash_double(*hash, tensors[i].affine.limit);
    }
    *hash = hash_states(*hash, s, m->norms);
    if (status == TRIMTAB_OK)
        status = trimtab_apply(tensors, TENSORS);
    for (size_t i = 0; i < TENSORS; i++)
        *hash = hash_elements(*hash, tensors[i].data, lengths[i], f->size);
    return status;
}

static trimtab_status remembered(const format *f, const char *name, uint64_t draws, uint64_t *hash) {
    const method *m = method_named(name);
    states s = { { { 0, 0, 0, 0 } }, { 0, 0, 0, 0 }, { 0, 0, 0 }, { 0, 0 } };
    trimtab_status status = m == NULL ? TRIMTAB_UNSUPPORTED : TRIMTAB_OK;
    *hash = HASH_START;
    for (int i = 0; i < 3 && status == TRIMTAB_OK; i++)
        status = remembered_step(f, m, &s, &draws, hash);
    return status;
}

/* What the line of this name has to say; UNSUPPORTED for a line that this program does not understand. */
static trimtab_status recompute(const char *name, uint64_t *hash) {
    uint64_t draws = HASH_START;
    for (const char *at = name; *at != '\0'; at++)
        draws = hash_byte(draws, (unsigned char)*at);
    static const char *const kinds[] = { "observe", "written", "apply", "step", "method" };
    size_t kind = 0;
    while (kind < 5 && !eat(&name, kinds[kind]))
        kind++;
    const format *f = eat_format(&name);
    if (kind == 5 || f == NULL)
        return TRIMTAB_UNSUPPORTED;
    if (kind == 4)
        return remembered(f, name, draws, hash);
    const format *p = kind == 3 ? eat_format(&name) : f;
    mix m = kind == 3 ? ORDINARY : eat_mix(&name);
    size_t len = eat_length(&name);
    if (p == NULL || m == (mix)0 || len == 0)
        return TRIMTAB_UNSUPPORTED;
    if (kind == 3)
        return stepped(f, p, len, name, draws, hash);
    if (kind == 2)
        return applied(f, m, len, name, draws, hash);
    return kind == 0 ? observed(f, m, len, draws, hash) : written(f, m, len, draws, hash);
}

/* Recomputes one line, hash and name; says what is wrong with it. */
static int check(uint64_t expected, const char *name) {
    uint64_t hash = 0;
    trimtab_status status = recompute(name, &hash);
    if (status == TRIMTAB_OK && hash == expected)
        return 1;
    put("wrong: ");
    put(name);
    put(": ");
    if (status == TRIMTAB_OK) {
        put_hash(hash);
        put(" instead of ");
        put_hash(expected);
    } else {
        put(trimtab_status_message(status));
    }
    put("\n");
    return 0;
}

static uint64_t digit(char c) {
    return (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t table(void) {
    size_t right = 0, lines = 0;
    for (const char *at = table_text; *at != '\0';) {
        char name[80];
        size_t n = 0;
        uint64_t expected = 0;
        int comment = *at == '#';
        while (!comment && *at != ' ')
            expected = expected << 4 | digit(*at++);
        for (at += !comment; *at != '\0' && *at != '\n'; at++)
            if (n < sizeof name - 1)
                name[n++] = *at;
        at += *at == '\n';
        name[n] = '\0';
        lines += !comment;
        right += (size_t)(!comment && check(expected, name));
    }
    return right == lines ? lines : 0;
}
