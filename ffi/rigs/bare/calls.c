/* Calls every function of the header on a painted stack, and looks how much of the paint is gone. */

#include "bare.h"

#define STACK 16384 /* bytes */
#define MOST 8192   /* promised */
#define PAINT 0xa5

static _Alignas(16) unsigned char stack[STACK];
arguments with;

/* calls.inc, of tests/calls.rs, has CALL(name, the call) for each function of the header. */
#define CALL(name, expression)      \
    static void call_##name(void) { \
        expression;                 \
    }
#include "calls.inc"
#undef CALL
#define CALL(name, expression) { #name, call_##name, 0, 0 },

_Static_assert(STATE_KINDS <= TENSORS, "a record of each kind");

static struct {
    const char *name;
    void (*call)(void);
    size_t calls, most; /* bytes of stack */
} list[] = {
#include "calls.inc"
};

/* Bytes of stack under a call: from the top to the last word that was painted over. */
static size_t depth_of(void (*function)(void)) {
    size_t untouched = 0;
    for (size_t i = 0; i < STACK; i++)
        ((volatile unsigned char *)stack)[i] = PAINT;
    on_stack(stack + STACK, function);
    while (untouched < STACK && ((volatile unsigned char *)stack)[untouched] == PAINT)
        untouched++;
    return (STACK - untouched + 3) / 4 * 4; /* The last byte may have got the colour of the paint. */
}

trimtab_status call(const char *function) {
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (!same_text(list[i].name, function))
            continue;
        with.status = TRIMTAB_OK;
        size_t depth = depth_of(list[i].call);
        list[i].calls++;
        if (depth > list[i].most)
            list[i].most = depth;
        return with.status;
    }
    return TRIMTAB_UNSUPPORTED;
}

size_t report_stacks(void) {
    const size_t count = sizeof list / sizeof *list;
    int right = 1;
    for (size_t i = 0; i < count; i++) {
        put("stack: ");
        put_number(list[i].most);
        put(" ");
        put(list[i].name);
        put("\n");
        if (list[i].calls == 0 || list[i].most >= MOST) {
            put("wrong: not called, or more than was promised\n");
            right = 0;
        }
    }
    return right ? count : 0;
}
