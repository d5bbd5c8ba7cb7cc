/* What the files of this program share. It needs no C library: README.md says what it does. */

#ifndef BARE_H
#define BARE_H

#include <stddef.h>
#include <stdint.h>

#include <trimtab.h>

/* The platform: one of cortex_m.c, linux_aarch64.c, linux_x86_64.c, hosted.c. It calls run() and exits. */

void put(const char *text); /* writes a text */

/* report.c */

int run(void); /* all parts; 0 if all went well */
void put_number(uint64_t number);
void put_hash(uint64_t hash);
int same_text(const char *a, const char *b);
size_t length_of(const char *text);

/* embed.c: what tests/script.rs wrote */

extern const uint64_t script[];

/* data.c: hashes, draws and elements as the head of tests/same_bits/hashes.txt defines them */

#define HASH_START 0xcbf29ce484222325u

/* An element type, seen as fields of bits. */
typedef struct {
    size_t size;                       /* in bytes */
    unsigned mantissa;                 /* bits */
    uint64_t bias, low, span, largest; /* exponent fields */
} format;

extern const format formats[4]; /* by their dtypes */

uint64_t hash_byte(uint64_t hash, unsigned char byte);
uint64_t hash_word(uint64_t hash, uint64_t word);
uint64_t hash_elements(uint64_t hash, const void *data, size_t len, size_t size);
/* specials: how many of the special magnitudes occur; 3, Tiny, for subnormals alone */
void fill(uint64_t *draws, const format *f, uint64_t specials, void *data, size_t len);
uint64_t element(const void *data, size_t i, size_t size);
void set_element(void *data, size_t i, size_t size, uint64_t bits);
double value(const format *f, uint64_t bits);

/* calls.c: every function of the header, called with these */

#define TENSORS 8
#define METHODS 8
#define STATES 64 /* words of them */

typedef struct {
    trimtab_status status; /* what the last call returned; OK from a function that returns something else */
    trimtab_tensor tensors[TENSORS];
    trimtab_slot slots[TENSORS];
    void *into[TENSORS];
    trimtab_moments params[TENSORS], moments;
    size_t n; /* tensors */
    trimtab_method chain[METHODS];
    size_t methods;
    trimtab_states records[TENSORS]; /* one of each kind */
    unsigned char saved[1024];
    size_t saved_size, refused, where;
    const void *config;
    void *state;
    double number;
    uint32_t choice; /* roles, scope, activation */
} arguments;

extern arguments with;

trimtab_status call(const char *function); /* by its name, on a painted stack; UNSUPPORTED if there is no such function */
size_t report_stacks(void);                /* how many functions there are; 0 if one was not called or took too much */

/* script.c: plays the script; how many parts it has, or 0 after saying what is wrong */

size_t play(void);

/* stack.c: calls a function on another stack, which ends at top, a multiple of 16 */

void on_stack(void *top, void (*function)(void));

#endif
