/* The optimizers that tests/same_bits/hashes.txt names. */

#include "bare.h"

static trimtab_status sgd(double momentum, double dampening, uint32_t nesterov, trimtab_step_state *state,
                          trimtab_tensor *grad, const trimtab_slot *slot) {
    trimtab_sgd_config config = TRIMTAB_SGD_CONFIG_INIT;
    config.lr = 0.1;
    config.weight_decay = 0.01;
    config.momentum = momentum;
    config.dampening = dampening;
    config.nesterov = nesterov;
    return trimtab_sgd_step(&config, state, grad, slot, 1);
}

static trimtab_status adam(uint32_t decoupled, double eps, trimtab_step_state *state, trimtab_tensor *grad,
                           const trimtab_slot *slot) {
    trimtab_adam_config config = TRIMTAB_ADAM_CONFIG_INIT;
    config.weight_decay = 0.01;
    config.decoupled = decoupled;
    config.eps = eps;
    return trimtab_adam_step(&config, state, grad, slot, 1);
}

trimtab_status step_named(const char *name, trimtab_step_state *state, trimtab_tensor *grad,
                          const trimtab_slot *slot) {
    if (same_text(name, "sgd"))
        return sgd(0.0, 0.0, 0, state, grad, slot);
    if (same_text(name, "momentum"))
        return sgd(0.9, 0.1, 0, state, grad, slot);
    if (same_text(name, "nesterov"))
        return sgd(0.9, 0.0, 1, state, grad, slot);
    if (same_text(name, "adamw"))
        return adam(1, 1e-8, state, grad, slot);
    if (same_text(name, "adam"))
        return adam(0, 1e-8, state, grad, slot);
    if (same_text(name, "adamw without eps"))
        return adam(1, 0.0, state, grad, slot);
    return TRIMTAB_UNSUPPORTED;
}
