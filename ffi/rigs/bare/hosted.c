/* A system with a C library: what the others are compared with. */

#include <stdio.h>

#include "bare.h"

void put(const char *text) {
    fputs(text, stdout);
    fflush(stdout); /* also what was said before a crash */
}

int main(void) {
    return run();
}
