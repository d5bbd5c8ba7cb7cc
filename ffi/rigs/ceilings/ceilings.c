/* What a compiler makes of the plain loops: the ceilings of the write passes. Built by native.rs
   at the start of a bench, with the processor's own instructions. */
#include <math.h>
#include <stddef.h>

void scale_in_place(float *restrict x, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

/* AdamW as trimtab defines it (shrink = 1 - lr*weight_decay, rate = lr / (1 - beta1^t),
   inverse_root = 1 / sqrt(1 - beta2^t)), without checks, statistics or scaling. */
void adamw(float *restrict w, float *restrict m, float *restrict v, const float *restrict g, size_t n,
           float shrink, float beta1, float beta2, float rate, float inverse_root, float eps) {
    for (size_t i = 0; i < n; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        w[i] = w[i] * shrink - rate * m[i] / (sqrtf(v[i]) * inverse_root + eps);
    }
}
