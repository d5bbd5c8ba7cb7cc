/* fork() where the library has threads, which the child does not inherit: large passes of parent and child end, with the
 * same bits, and the child may ask for threads of its own. Then the same while other threads make passes and change the
 * number of threads, so that locks may be held at that moment. A pass that never returns is ended by an alarm. */
#define _POSIX_C_SOURCE 200112L
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { LEN = 600000, FORKS = 20, SECONDS = 120 };

static float start[LEN];
static unsigned char expected[sizeof(trimtab_moments)];
static float *written;

/* Reads and writes with as many threads as there are; the bits are always the same. */
static void pass(float *data) {
    trimtab_tensor g[1] = {TRIMTAB_TENSOR(data, LEN, TRIMTAB_F32, TRIMTAB_WEIGHT)};
    memcpy(data, start, sizeof start);
    EXPECT(TRIMTAB_OK, trimtab_observe(g, 1));
    CHECK(memcmp(&g[0].moments, expected, sizeof expected) == 0);
    EXPECT(TRIMTAB_OK, trimtab_scale(0.3, g, 1));
    EXPECT(TRIMTAB_OK, trimtab_apply(g, 1));
    CHECK(memcmp(data, written, sizeof start) == 0);
}

static void expect_success(pid_t child) {
    int status = -1;
    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* As a child that finds its parent's threads gone, and then has its own, which its own child finds gone. */
static void descend(float *data, int generations) {
    pass(data);
    if (generations > 0) {
        EXPECT(TRIMTAB_OK, trimtab_set_threads(3));
        pass(data);
        pid_t child = fork();
        if (child == 0) {
            alarm(SECONDS);
            descend(data, generations - 1);
            _exit(0);
        }
        pass(data);
        expect_success(child);
        EXPECT(TRIMTAB_OK, trimtab_set_threads(1));
        pass(data);
    }
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int done;

static int is_done(void) {
    pthread_mutex_lock(&turn);
    int now = done;
    pthread_mutex_unlock(&turn);
    return now;
}

static void *keep_passing(void *data) {
    while (!is_done()) {
        pass((float *)data);
    }
    return NULL;
}

static void *keep_changing(void *unused) {
    (void)unused;
    for (size_t i = 0; !is_done(); i++) {
        EXPECT(TRIMTAB_OK, trimtab_set_threads(1 + i % 3));
    }
    return NULL;
}

/* The child may find the lock of the threads held for ever: it then goes on with one. */
static void fork_among_threads(float *data) {
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        pass(data);
        trimtab_status status = trimtab_set_threads(2);
        CHECK(status == TRIMTAB_OK || status == TRIMTAB_UNSUPPORTED);
        pass(data);
        _exit(0);
    }
    expect_success(child);
}

int main(void) {
    float *data[3];
    alarm(SECONDS);
    for (size_t i = 0; i < 3; i++) {
        data[i] = (float *)malloc(sizeof start);
        CHECK(data[i] != NULL);
    }
    written = (float *)malloc(sizeof start);
    CHECK(written != NULL);
    for (size_t i = 0; i < LEN; i++) {
        start[i] = (float)(i % 1009) - 504.0f;
    }
    memcpy(written, start, sizeof start);
    trimtab_tensor g[1] = {TRIMTAB_TENSOR(written, LEN, TRIMTAB_F32, TRIMTAB_WEIGHT)};
    EXPECT(TRIMTAB_OK, trimtab_observe(g, 1));
    memcpy(expected, &g[0].moments, sizeof expected);
    EXPECT(TRIMTAB_OK, trimtab_scale(0.3, g, 1));
    EXPECT(TRIMTAB_OK, trimtab_apply(g, 1));

    EXPECT(TRIMTAB_OK, trimtab_set_threads(2));
    descend(data[0], 2);

    pthread_t threads[3];
    CHECK(pthread_create(&threads[0], NULL, keep_passing, data[1]) == 0);
    CHECK(pthread_create(&threads[1], NULL, keep_passing, data[2]) == 0);
    CHECK(pthread_create(&threads[2], NULL, keep_changing, NULL) == 0);
    for (int i = 0; i < FORKS; i++) {
        fork_among_threads(data[0]);
    }
    pthread_mutex_lock(&turn);
    done = 1;
    pthread_mutex_unlock(&turn);
    for (size_t i = 0; i < 3; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        free(data[i]);
    }
    free(written);
    EXPECT(TRIMTAB_OK, trimtab_set_threads(1));
    printf("ok\n");
    return 0;
}
