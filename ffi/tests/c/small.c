/* The smallest program without an operating system: one gradient of floats, one method, written in place. It is linked
 * with the library and ffi/rigs/bare/memory.c, and never run: its size is what is looked at. */

#include <trimtab.h>

int small(float *gradient, size_t n, double reference);

/* The entry. */
int small(float *gradient, size_t n, double reference) {
    trimtab_tensor tensor = { gradient, n, TRIMTAB_F32, TRIMTAB_WEIGHT, { 0, 0, 0, 0 }, { 0, 0, 0 } };
    trimtab_status status = trimtab_observe(&tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_stable_grad(NULL, reference, &tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_apply(&tensor, 1);
    return status;
}
