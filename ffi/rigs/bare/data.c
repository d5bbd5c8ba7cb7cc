/* Hashes, draws and elements: what the head of tests/same_bits/hashes.txt defines. */

#include "bare.h"

const format formats[4] = {
    [TRIMTAB_F32] = { 4, 23, 127, 97, 60, 254 },
    [TRIMTAB_F16] = { 2, 10, 15, 1, 29, 30 },
    [TRIMTAB_BF16] = { 2, 7, 127, 97, 60, 254 },
    [TRIMTAB_F64] = { 8, 52, 1023, 993, 60, 1520 },
};

uint64_t hash_byte(uint64_t hash, unsigned char byte) {
    return (hash ^ byte) * 0x100000001b3u;
}

uint64_t hash_word(uint64_t hash, uint64_t word) {
    for (int i = 0; i < 8; i++)
        hash = hash_byte(hash, (unsigned char)(word >> (8 * i)));
    return hash;
}

uint64_t hash_elements(uint64_t hash, const void *data, size_t len, size_t size) {
    for (size_t i = 0; i < len; i++)
        hash = hash_word(hash, element(data, i, size));
    return hash;
}

static uint64_t draw(uint64_t *s) {
    *s += 0x9e3779b97f4a7c15u;
    uint64_t z = *s;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Element i from its draw: every 17th is a special one. */
static uint64_t element_of(const format *f, uint64_t specials, size_t i, uint64_t bits) {
    uint64_t one = (uint64_t)1 << f->mantissa;
    uint64_t sign = bits >> 63 << (8 * f->size - 1), mantissa = bits & (one - 1);
    uint64_t choice = bits >> 52 & 0x7ff;
    uint64_t special[5] = { 0, 1, one - 1, one, f->largest << f->mantissa | (one - 1) };
    if (i % 17 == 5)
        return sign | special[choice % specials];
    if (specials == 3)
        return sign | mantissa;
    return sign | (f->low + choice % f->span) << f->mantissa | mantissa;
}

void fill(uint64_t *draws, const format *f, uint64_t specials, void *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        set_element(data, i, f->size, element_of(f, specials, i, draw(draws)));
}

/* Copied, because C does not allow to read what was written as another type. */
uint64_t element(const void *data, size_t i, size_t size) {
    uint64_t bits = 0;
    __builtin_memcpy(&bits, (const char *)data + i * size, size); /* the lowest byte comes first */
    return bits;
}

void set_element(void *data, size_t i, size_t size, uint64_t bits) {
    __builtin_memcpy((char *)data + i * size, &bits, size);
}

/* As a double with the same fields, times the power of two between the biases: subnormals too. */
double value(const format *f, uint64_t bits) {
    unsigned sign = (unsigned)(8 * f->size - 1);
    uint64_t magnitude = bits & (((uint64_t)1 << sign) - 1), scale = (2046 - f->bias) << 52;
    uint64_t fields = bits >> sign << 63 | magnitude << (52 - f->mantissa);
    double x, power;
    __builtin_memcpy(&x, &fields, sizeof x);
    __builtin_memcpy(&power, &scale, sizeof power);
    return x * power;
}
