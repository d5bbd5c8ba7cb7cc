/* More threads than there is memory for: refused, and the threads there were go on. Where the system does not limit
 * memory (RLIMIT_AS), or does not tell how much is in use (Linux's /proc), the program says so. */
#define _POSIX_C_SOURCE 200112L
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { LEN = 600000, MARGIN = 64 << 20 };

static float data[LEN];

static trimtab_moments observe(void) {
    trimtab_tensor g[1] = {TRIMTAB_TENSOR(data, LEN, TRIMTAB_F32, TRIMTAB_WEIGHT)};
    EXPECT(TRIMTAB_OK, trimtab_observe(g, 1));
    return g[0].moments;
}

/* A line of /proc/self/status, or 0. */
static unsigned long status_of(const char *name) {
    char line[256];
    unsigned long value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = strtoul(line + strlen(name), NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

/* Whether the limit is kept, which emulators do not do. */
static int is_limited(void) {
    void *much = malloc(2 * (size_t)MARGIN);
    free(much);
    return much == NULL;
}

int main(void) {
    for (size_t i = 0; i < LEN; i++) {
        data[i] = (float)(i % 1009) - 504.0f;
    }
    trimtab_moments alone = observe();
    EXPECT(TRIMTAB_OK, trimtab_set_threads(2));
    trimtab_moments together = observe();
    CHECK(memcmp(&alone, &together, sizeof alone) == 0);

    struct rlimit limit;
    unsigned long kib = status_of("VmSize:");
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = (rlim_t)kib * 1024 + MARGIN;
    if (kib == 0 || setrlimit(RLIMIT_AS, &limit) != 0 || !is_limited()) {
        printf("memory is not limited\nok\n");
        return 0;
    }
    for (int i = 0; i < 20; i++) {
        EXPECT(TRIMTAB_UNSUPPORTED, trimtab_set_threads(1024));
        together = observe();
        CHECK(memcmp(&alone, &together, sizeof alone) == 0);
    }
    /* The two and this one are left, as soon as the others have gone. */
    for (int i = 0; i < 1000 && status_of("Threads:") != 3; i++) {
        struct timespec millisecond = {0, 1000000};
        nanosleep(&millisecond, NULL);
    }
    CHECK(status_of("Threads:") == 3);
    printf("refused\nok\n");
    return 0;
}
