/* A Cortex-M4F without anything: vectors, the floating-point unit, memory, and semihosting to a debugger or QEMU. */

#include "bare.h"

/* cortex_m.ld */
extern uint32_t data_from[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

void reset(void);
void fault(void);

/* What the processor reads first: stack and start; then where each exception goes. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} vector_table = {
    stack_top,
    { reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault },
};

static int semihosting(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* SYS_WRITE0 */
void put(const char *text) {
    semihosting(0x04, text);
}

/* SYS_EXIT_EXTENDED: ADP_Stopped_ApplicationExit and a code. */
static void leave(int code) {
    uint32_t arguments[2] = { 0x20026, (uint32_t)code };
    for (;;)
        semihosting(0x20, arguments);
}

void fault(void) {
    put("wrong: the processor took an exception\n");
    leave(2);
}

void reset(void) {
    volatile uint32_t *access = (volatile uint32_t *)0xe000ed88; /* CPACR */
    *access |= 0xfu << 20;                                       /* coprocessors 10 and 11: the FPU */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *from = data_from, *to = data_start; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    leave(run());
}
