/* What the C programs have in common: checks that say where they fail. C99 and C++20. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "trimtab.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* A call and the status that it has to return. */
#define EXPECT(status, call) \
    do { \
        trimtab_status returned = (call); \
        if (returned != (status)) { \
            printf("%s:%d: %s returns %d (%s)\n", __FILE__, __LINE__, #call, (int)returned, \
                   trimtab_status_message(returned)); \
            exit(1); \
        } \
    } while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
