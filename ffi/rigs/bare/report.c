/* Text without a C library, and what comes first. */

#include "bare.h"

size_t length_of(const char *text) {
    size_t n = 0;
    while (text[n] != '\0')
        n++;
    return n;
}

int same_text(const char *a, const char *b) {
    while (*a != '\0' && *a == *b)
        a++, b++;
    return *a == *b;
}

void put_number(uint64_t number) {
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(digits + at);
}

void put_hash(uint64_t hash) {
    char digits[17];
    for (int i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    digits[16] = '\0';
    put(digits);
}

int run(void) {
    size_t parts = play(), functions = report_stacks();
    put("trimtab ");
    put(trimtab_version());
    put(", level ");
    put(trimtab_cpu_level());
    put("\n");
    if (parts == 0 || functions == 0)
        return 1;
    put("ok: ");
    put_number(functions);
    put(" functions, ");
    put_number(parts);
    put(" parts of the script\n");
    return 0;
}
