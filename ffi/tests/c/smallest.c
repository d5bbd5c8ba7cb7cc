/* The smallest client, as the header shows it: one weight, one bias, one reference. */
#include "check.h"

/* Four fields are enough, the rest is filled in by trimtab_observe; -Wextra would have all of them. */
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

int main(void) {
    /* Standard deviation 2/1024 about a mean of 3/1024. */
    float dW[3] = {1.0f / 1024, 3.0f / 1024, 5.0f / 1024};
    float db[2] = {0.25f, -7.0f};
    size_t nW = 3, nb = 2;

    /* The gradient of the loss with respect to the predictions: standard deviation 1. */
    float dy[3] = {0.5f, -0.5f, 1.5f};
    trimtab_moments prediction = {0, 0, 0, 0};
    EXPECT(TRIMTAB_OK, trimtab_observe_chunk(&prediction, dy, 3, TRIMTAB_F32));
    double sigma_prediction = trimtab_moments_std(&prediction);
    CHECK(sigma_prediction == 1.0);

    trimtab_tensor g[2] = { { dW, nW, TRIMTAB_F32, TRIMTAB_WEIGHT }, { db, nb, TRIMTAB_F32, TRIMTAB_BIAS } };
    EXPECT(TRIMTAB_OK, trimtab_observe(g, 2));
    EXPECT(TRIMTAB_OK, trimtab_stable_grad(NULL, sigma_prediction, g, 2));
    EXPECT(TRIMTAB_OK, trimtab_apply(g, 2));

    /* Divided by 2/1024, which is exact; the bias as it was. */
    CHECK(dW[0] == 0.5f && dW[1] == 1.5f && dW[2] == 2.5f);
    CHECK(db[0] == 0.25f && db[1] == -7.0f);
    printf("weight %g %g %g\nbias %g %g\nok\n", (double)dW[0], (double)dW[1], (double)dW[2], (double)db[0],
           (double)db[1]);
    return 0;
}
