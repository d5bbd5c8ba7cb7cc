/* What every compiler may call, also without a library of C. Volatile: else these loops become calls of themselves. */

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

void *memcpy(void *to, const void *from, size_t n) {
    volatile unsigned char *out = to;
    const unsigned char *in = from;
    for (size_t i = 0; i < n; i++)
        out[i] = in[i];
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    volatile unsigned char *out = to;
    const unsigned char *in = from;
    if (out <= in)
        return memcpy(to, from, n);
    while (n-- > 0)
        out[n] = in[n];
    return to;
}

void *memset(void *to, int byte, size_t n) {
    volatile unsigned char *out = to;
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *left = a, *right = b;
    for (size_t i = 0; i < n; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}
