/* A run that is stopped in the middle, its states kept in a file, and continued: the same bits as without stopping.
 * Then files that must be refused, each with its code, and memcmp of everything before and after. */
#include <string.h>

#include "check.h"

#define STEPS 40
#define STOP 17
#define N 6

/* What changes while it runs: the states, and what the caller keeps itself. */
typedef struct {
    trimtab_guard_state guard;
    trimtab_autoscale_state autoscale;
    trimtab_norm_state norms[2];
    trimtab_zclip_state zclip;
    trimtab_step_state adam;
    float w[N], b[1], mw[N], mb[1], vw[N], vb[1];
} run;

/* The list of all states, for saving and for loading. */
typedef struct {
    trimtab_states entries[5];
} list;

static trimtab_states entry(void *states, size_t count, uint32_t kind) {
    trimtab_states one;
    one.states = states;
    one.count = count;
    one.kind = kind;
    one.reserved = 0;
    return one;
}

static list states_of(run *r) {
    list all;
    all.entries[0] = entry(&r->guard, 1, TRIMTAB_STATE_GUARD);
    all.entries[1] = entry(&r->autoscale, 1, TRIMTAB_STATE_AUTOSCALE);
    all.entries[2] = entry(r->norms, 2, TRIMTAB_STATE_NORM);
    all.entries[3] = entry(&r->zclip, 1, TRIMTAB_STATE_ZCLIP);
    all.entries[4] = entry(&r->adam, 1, TRIMTAB_STATE_STEP);
    return all;
}

/* A pseudo-random number in [-1, 1) that depends on the step and an index alone. */
static float noise(uint32_t step, uint32_t index) {
    uint32_t x = step * 2654435761u + index * 40503u + 12345u;
    x ^= x >> 16;
    x *= 2246822519u;
    x ^= x >> 13;
    return (float)(x >> 8) / 8388608.0f - 1.0f;
}

static void step(run *r, uint32_t t) {
    float dw[N], db[1];
    trimtab_tensor grads[2] = { TRIMTAB_TENSOR(dw, N, TRIMTAB_F32, TRIMTAB_WEIGHT),
                                TRIMTAB_TENSOR(db, 1, TRIMTAB_F32, TRIMTAB_BIAS) };
    const trimtab_slot slots[2] = { { r->w, r->mw, r->vw, TRIMTAB_F32, 0 }, { r->b, r->mb, r->vb, TRIMTAB_F32, 0 } };
    uint32_t i;
    for (i = 0; i < N; i++)
        dw[i] = r->w[i] - 1.0f + noise(t, i);
    db[0] = r->b[0] + 0.5f + noise(t, N);
    EXPECT(TRIMTAB_OK, trimtab_observe(grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_guard(NULL, &r->guard, grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_autoscale(&r->autoscale, grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_gradient_stabilizer(NULL, r->norms, grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_zclip(NULL, &r->zclip, grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_adam_step(NULL, &r->adam, grads, slots, 2));
}

static unsigned char record[1024];
static size_t size;

/* Saves into a file and reads it back, as a program would that is started again. */
static void through_a_file(run *r) {
    FILE *file = tmpfile();
    list all = states_of(r);
    CHECK(file != NULL);
    EXPECT(TRIMTAB_OK, trimtab_state_save(all.entries, 5, NULL, 0, &size));
    CHECK(size == 32 + 5 * 16 + 16 + 32 + 2 * 32 + 24 + 8 && size <= sizeof record);
    EXPECT(TRIMTAB_OK, trimtab_state_save(all.entries, 5, record, sizeof record, &size));
    CHECK(fwrite(record, 1, size, file) == size);
    memset(record, 0, sizeof record);
    rewind(file);
    CHECK(fread(record, 1, sizeof record, file) == size);
    fclose(file);
}

static void continued(void) {
    static run whole, first, second;
    list all;
    uint32_t t;
    for (t = 0; t < STEPS; t++)
        step(&whole, t);
    for (t = 0; t < STOP; t++)
        step(&first, t);
    through_a_file(&first);
    second = first;
    memset(&second, 0, offsetof(run, w));
    all = states_of(&second);
    EXPECT(TRIMTAB_OK, trimtab_state_load(all.entries, 5, record, size));
    CHECK(memcmp(&second, &first, sizeof first) == 0);
    for (; t < STEPS; t++)
        step(&second, t);
    CHECK(memcmp(&second, &whole, sizeof whole) == 0);
    printf("continued after %d of %d steps, %d bytes\n", STOP, STEPS, (int)size);
}

/* Refused, and no byte of the run has moved. */
static void refused(trimtab_status status, const trimtab_states *entries, size_t n, const void *bytes, size_t len) {
    static run before;
    memcpy(&before, entries[0].states, sizeof before);
    EXPECT(status, trimtab_state_load(entries, n, bytes, len));
    CHECK(memcmp(&before, entries[0].states, sizeof before) == 0);
}

static void damaged(void) {
    static run r; /* Its first field is what the first entry points to. */
    static unsigned char bytes[sizeof record + 1];
    list all = states_of(&r);
    size_t i;
    memset(&r, 1, sizeof r);
    for (i = 0; i < size; i++)
        refused(TRIMTAB_TRUNCATED, all.entries, 5, record, i);
    for (i = 0; i < size; i++) {
        memcpy(bytes, record, size);
        bytes[i] ^= 0x10;
        refused(i < 8 ? TRIMTAB_BAD_MAGIC : i < 12 ? TRIMTAB_BAD_VERSION : TRIMTAB_BAD_CHECKSUM, all.entries, 5,
                bytes, size);
    }
    refused(TRIMTAB_BAD_LENGTH, all.entries, 5, record, size + 1);
    refused(TRIMTAB_WRONG_KIND, all.entries, 4, record, size);
    all.entries[2].count = 1;
    refused(TRIMTAB_WRONG_COUNT, all.entries, 5, record, size);
    all.entries[2].kind = TRIMTAB_STATE_AUTOSCALE;
    refused(TRIMTAB_WRONG_KIND, all.entries, 5, record, size);
    /* Anywhere in memory. */
    all = states_of(&r);
    memcpy(bytes + 1, record, size);
    EXPECT(TRIMTAB_OK, trimtab_state_load(all.entries, 5, bytes + 1, size));
    printf("damaged\n");
}

int main(void) {
    continued();
    damaged();
    printf("ok\n");
    return 0;
}
