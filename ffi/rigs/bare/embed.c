/* The files of the tests in the program, byte by byte. The assembler finds them in its search path. */

#include "bare.h"

__asm__(".section .rodata\n"
        ".balign 8\n"
        ".global vector_words\n"
        "vector_words:\n"
        ".incbin \"vectors.bin\"\n"
        ".global table_text\n"
        "table_text:\n"
        ".incbin \"hashes.txt\"\n"
        ".byte 0\n"
        ".balign 8\n"
        ".text\n");
