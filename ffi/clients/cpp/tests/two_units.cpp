// A program of two translation units, one of each kind: this one throws, the other one gets results. Both include the
// header twice, call the same functions and share types, and neither takes the other's functions for its own.
#include "check.hpp"
#include "trimtab.hpp"
#include "trimtab.hpp"

#include <array>

// In two_units_quiet.cpp: a step of SGD, and the status that scale returns for a gradient that was not observed.
bool quiet_step(trimtab::step_state& state, trimtab::tensors grads, const trimtab::slot& slot) noexcept;
trimtab::status quiet_refusal(trimtab::tensors grads) noexcept;

namespace {

bool scale_throws(trimtab::tensors grads) {
    try {
        trimtab::scale(2, grads);
    } catch (const trimtab::error& error) {
        return error.status() == trimtab::status::order && error.tensor() == 0;
    }
    return false;
}

}  // namespace

int main() {
    std::array<float, 1> w{1}, gradient{0.5};
    std::array grads{trimtab::weight(gradient)};
    CHECK(scale_throws(grads));
    CHECK(quiet_refusal(grads) == trimtab::status::order);
    CHECK(trimtab::observe(grads));
    trimtab::step_state state;
    CHECK(quiet_step(state, grads, trimtab::sgd_slot(w)));
    CHECK(quiet_refusal(grads) == trimtab::status::order && trimtab::observe(grads));
    trimtab::sgd_step(state, grads, std::array{trimtab::sgd_slot(w)}, {.lr = 1});
    CHECK(state.steps == 2 && w[0] == 0);
    std::puts("ok");
}
