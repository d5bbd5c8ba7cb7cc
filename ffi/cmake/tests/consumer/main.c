/* Says which trimtab it was linked with, and that this one can compute and start threads. */
#include <stdio.h>
#include <trimtab.h>

int main(void) {
    float g[2] = {3, 4};
    trimtab_tensor tensor = TRIMTAB_TENSOR(g, 2, TRIMTAB_F32, TRIMTAB_WEIGHT);
    trimtab_status status = trimtab_set_threads(2);
    if (status == TRIMTAB_OK)
        status = trimtab_observe(&tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_clip_norm(1, TRIMTAB_SCOPE_TENSOR, &tensor, 1);
    if (status == TRIMTAB_OK)
        status = trimtab_apply(&tensor, 1);
    printf("trimtab %s: %s, {%.1f, %.1f}\n", trimtab_version(), trimtab_status_message(status), g[0], g[1]);
    return status;
}
