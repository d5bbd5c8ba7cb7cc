/* Calls a function on another stack and comes back. Only assembly can say that. */

#include "bare.h"

#if defined(__x86_64__)

__asm__(".text\n"
        ".global on_stack\n"
        ".type on_stack, %function\n"
        "on_stack:\n"
        "push %rbp\n"
        "mov %rsp, %rbp\n"
        "mov %rdi, %rsp\n"
        "call *%rsi\n"
        "mov %rbp, %rsp\n"
        "pop %rbp\n"
        "ret\n");

#elif defined(__aarch64__)

__asm__(".text\n"
        ".global on_stack\n"
        ".type on_stack, %function\n"
        "on_stack:\n"
        "stp x29, x30, [sp, #-16]!\n"
        "mov x29, sp\n"
        "mov sp, x0\n"
        "blr x1\n"
        "mov sp, x29\n"
        "ldp x29, x30, [sp], #16\n"
        "ret\n");

#elif defined(__thumb2__)

__asm__(".syntax unified\n"
        ".text\n"
        ".thumb\n"
        ".global on_stack\n"
        ".type on_stack, %function\n"
        ".thumb_func\n"
        "on_stack:\n"
        "push {r4, lr}\n"
        "mov r4, sp\n"
        "mov sp, r0\n"
        "blx r1\n"
        "mov sp, r4\n"
        "pop {r4, pc}\n");

#else
#error "stack.c does not know how to change stacks on this processor"
#endif
