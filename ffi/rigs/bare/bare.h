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

/* embed.c: the files of the tests, as they are */

extern const char table_text[];       /* tests/same_bits/hashes.txt, and a NUL */
extern const uint64_t vector_words[]; /* tests/vectors/vectors.json as words; vectors.c says which */

/* data.c: hashes, draws and elements as the head of hashes.txt defines them */

#define LONGEST (2 * 65536 + 2048 + 33)
#define HASH_START 0xcbf29ce484222325u

/* An element type, seen as fields of bits. */
typedef struct {
    const char *name;
    uint32_t dtype;
    size_t size;                     /* in bytes */
    unsigned mantissa;               /* bits */
    uint64_t bias, low, span, largest; /* exponent fields */
} format;

extern const format formats[4];

typedef enum { TINY = 3, ORDINARY = 4, EXTREME = 5 } mix; /* how many special magnitudes it has */

uint64_t hash_byte(uint64_t hash, unsigned char byte);
uint64_t hash_word(uint64_t hash, uint64_t word);
uint64_t hash_double(uint64_t hash, double x);
uint64_t hash_elements(uint64_t hash, const void *data, size_t len, size_t size);
void fill(uint64_t *draws, const format *f, mix kind, void *data, size_t len);
const format *format_of(uint64_t dtype); /* NULL for none */
uint64_t element(const void *data, size_t i, size_t size);
void set_element(void *data, size_t i, size_t size, uint64_t bits);

/* Bits of a double and back. */
typedef union {
    double number;
    uint64_t bits;
} pattern;

/* methods.c: the methods of the table by their names */

#define TENSORS 8

typedef struct {
    trimtab_norm_state norms[TENSORS];
    trimtab_autoscale_state autoscale;
    trimtab_zclip_state zclip;
    trimtab_guard_state guard;
} states;

typedef struct {
    const char *name;
    size_t norms; /* how many norm states it has */
    trimtab_status (*decide)(states *, trimtab_tensor *, size_t);
} method;

const method *method_named(const char *name);

/* optimizers.c: those of the table by their names; 0: Ok, otherwise refused or unknown */

trimtab_status step_named(const char *name, trimtab_step_state *state, trimtab_tensor *grad,
                          const trimtab_slot *slot);

/* The parts. Each returns how many it has done, and 0 after saying what is wrong. */

size_t table(void);   /* table.c: recomputes the lines of hashes.txt */
size_t vectors(void); /* vectors.c: runs the committed vectors */
size_t entries(void); /* entries.c: every function under a painted stack */

/* stack.c: calls a function on another stack, which ends at top, a multiple of 16 */

void on_stack(void *top, void (*call)(void));

#endif
