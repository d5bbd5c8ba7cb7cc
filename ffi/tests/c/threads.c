/* Threads: the first calls of the process from several at once, then two networks stepped at once while others change
 * the number of threads. Each network must come out as it does alone, to the bit. POSIX threads. */
#define _POSIX_C_SOURCE 200112L
#include <pthread.h>
#include <string.h>

#include "check.h"

enum { THREADS = 4, STEPS = 6, LARGE = 600000, SMALL = 37 };

static pthread_barrier_t start;

/* A sum that is exact in any order, read while the instruction set is being detected. */
static void *first_call(void *unused) {
    (void)unused;
    float data[1000];
    for (size_t i = 0; i < COUNT(data); i++) {
        data[i] = (i % 2) ? 1.5f : -0.5f;
    }
    trimtab_moments moments = {0, 0, 0, 0};
    pthread_barrier_wait(&start);
    EXPECT(TRIMTAB_OK, trimtab_observe_chunk(&moments, data, COUNT(data), TRIMTAB_F32));
    CHECK(moments.count == 1000 && moments.sum == 500.0 && moments.sum_sq == 1250.0);
    return NULL;
}

typedef struct {
    float *gradient[2], *param[2], *first[2], *second[2];
    trimtab_norm_state norms[2];
    trimtab_step_state state;
    unsigned seed;
} network;

static const size_t lengths[2] = {LARGE, SMALL};

static float *allocate(size_t len) {
    float *data = (float *)calloc(len, sizeof(float));
    CHECK(data != NULL);
    return data;
}

static void *train(void *argument) {
    network *net = (network *)argument;
    trimtab_tensor grads[2];
    trimtab_slot slots[2];
    memset(grads, 0, sizeof(grads));
    memset(slots, 0, sizeof(slots));
    for (size_t i = 0; i < 2; i++) {
        net->gradient[i] = allocate(lengths[i]);
        net->param[i] = allocate(lengths[i]);
        net->first[i] = allocate(lengths[i]);
        net->second[i] = allocate(lengths[i]);
        grads[i].data = net->gradient[i];
        grads[i].len = lengths[i];
        slots[i].param = net->param[i];
        slots[i].first = net->first[i];
        slots[i].second = net->second[i];
    }
    unsigned random = net->seed;
    for (int step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < 2; i++) {
            for (size_t k = 0; k < lengths[i]; k++) {
                random = random * 1664525u + 1013904223u;
                net->gradient[i][k] = (float)(random >> 8) / 8388608.0f - 1.0f + net->param[i][k];
            }
        }
        EXPECT(TRIMTAB_OK, trimtab_observe(grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_gradient_stabilizer(NULL, net->norms, grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_apply(grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_observe(grads, 2));
        EXPECT(TRIMTAB_OK, trimtab_adam_step(NULL, &net->state, grads, slots, 2));
    }
    return NULL;
}

static void *change_threads(void *unused) {
    (void)unused;
    for (size_t turn = 0; turn < 20; turn++) {
        EXPECT(TRIMTAB_OK, trimtab_set_threads(1 + turn % 3));
    }
    return NULL;
}

static int same(const network *a, const network *b) {
    int same = memcmp(a->norms, b->norms, sizeof(a->norms)) == 0;
    for (size_t i = 0; i < 2; i++) {
        size_t size = lengths[i] * sizeof(float);
        same = same && memcmp(a->param[i], b->param[i], size) == 0 && memcmp(a->first[i], b->first[i], size) == 0 &&
               memcmp(a->second[i], b->second[i], size) == 0 && memcmp(a->gradient[i], b->gradient[i], size) == 0;
    }
    return same;
}

static void release(network *net) {
    for (size_t i = 0; i < 2; i++) {
        free(net->gradient[i]);
        free(net->param[i]);
        free(net->first[i]);
        free(net->second[i]);
    }
}

int main(void) {
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, first_call, NULL) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    pthread_barrier_destroy(&start);

    static network alone[2], together[2];
    for (unsigned i = 0; i < 2; i++) {
        alone[i].seed = together[i].seed = 1 + i;
        train(&alone[i]);
    }
    void *(*const work[THREADS])(void *) = {train, train, change_threads, change_threads};
    void *arguments[THREADS] = {&together[0], &together[1], NULL, NULL};
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work[i], arguments[i]) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK(same(&alone[i], &together[i]));
        release(&alone[i]);
        release(&together[i]);
    }
    EXPECT(TRIMTAB_OK, trimtab_set_threads(1));
    printf("ok\n");
    return 0;
}
