/* The script in the program, byte by byte. The assembler finds it in its search path. */

#include "bare.h"

__asm__(".section .rodata\n"
        ".balign 8\n"
        ".global script\n"
        "script:\n"
        ".incbin \"script.bin\"\n"
        ".balign 8\n"
        ".text\n");
