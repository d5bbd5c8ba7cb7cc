// Refused calls: which status, which tensor, which function, and every byte as it was before. The same checks for both
// kinds of trimtab.hpp: what one throws the other returns.
#include "check.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <string>

namespace {

using trimtab::npos, trimtab::status;

struct refusal {
    trimtab::status why;
    std::size_t tensor;
    std::string function, text;
};

#if defined(TRIMTAB_NO_EXCEPTIONS)
refusal refusal_of(auto call) {
    const trimtab::result end = call();
    CHECK(end.message() == trimtab::status_message(end.status()));
    return {end.status(), end.tensor(), end.function(), end.message()};
}
#else
refusal refusal_of(auto call) {
    try {
        static_cast<void>(call());
    } catch (const trimtab::error& error) {
        const std::string where = error.tensor() == npos ? "" : "tensor " + std::to_string(error.tensor()) + ": ";
        const std::string text = trimtab::status_message(error.status());
        CHECK(error.what() == "trimtab::" + std::string(error.function()) + ": " + where + text);
        const std::runtime_error& as_any_other = error;
        return {error.status(), error.tensor(), error.function(), as_any_other.what()};
    }
    return {status::ok, npos, "nothing was thrown", ""};
}
#endif

// All that a call of this program can reach: three gradients, what goes with them, and every state.
struct memory {
    double gradient[3][4], w[3][4], m[3][4], v[3][4];
    trimtab::tensor grads[3];
    trimtab::slot slots[3];
    void* outputs[3];
    trimtab::moments params[3];
    trimtab::norm_state norms[3];
    trimtab::guard_state guard;
    trimtab::autoscale_state autoscale;
    trimtab::zclip_state zclip;
    trimtab::step_state step;
    std::size_t size;
    std::array<std::byte, 128> bytes;
};

memory now, before;

void expect(const char* file, int line, trimtab::status why, std::size_t tensor, std::string_view function, auto call) {
    std::memcpy(static_cast<void*>(&before), &now, sizeof now);
    const refusal got = refusal_of(call);
    if (got.why != why || got.tensor != tensor || got.function != function) {
        std::printf("%s:%d: got %s, status %d, tensor %zd: %s\n", file, line, got.function.c_str(),
                    static_cast<int>(got.why), static_cast<std::ptrdiff_t>(got.tensor), got.text.c_str());
        std::exit(1);
    }
    if (std::memcmp(&before, &now, sizeof now) != 0) fail(file, line, "a refused call changes nothing");
}

#define REFUSED(why, tensor, function, ...) \
    expect(__FILE__, __LINE__, why, tensor, #function, [&] { return trimtab::function(__VA_ARGS__); })

// A chain is refused in the name of the method that refuses.
#define CHAIN_REFUSED(why, tensor, method, ...) \
    expect(__FILE__, __LINE__, why, tensor, #method, [&] { return trimtab::decide(now.grads, __VA_ARGS__); })

// Good gradients, observed.
void set_up() {
    std::memset(static_cast<void*>(&now), 0, sizeof now);
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t k = 0; k < 4; ++k) now.gradient[i][k] = static_cast<double>(i + 1) * (k % 2 == 0 ? -1.0 : 2.0);
        now.grads[i] = trimtab::weight(now.gradient[i]);
        now.slots[i] = trimtab::adam_slot(now.w[i], now.m[i], now.v[i]);
        now.outputs[i] = now.w[i];
        CHECK(trimtab::observe_chunk(now.params[i], now.gradient[i]));
    }
    CHECK(trimtab::observe(now.grads));
}

// Tensor 1 of the three has this wrong with it.
void set_up(auto spoil) {
    set_up();
    spoil(now.grads[1]);
}

// Every call that looks at gradients, with the tensor that is to blame.
void everywhere(status why, std::size_t index) {
    const std::span norms(now.norms);
    REFUSED(why, index, unscale, 2, now.grads);
    REFUSED(why, index, scale, 2, now.grads);
    REFUSED(why, index, stable_grad, 1, now.grads);
    REFUSED(why, index, gradient_stabilizer, norms, now.grads);
    REFUSED(why, index, gradient_stabilizer, norms.first(1), now.grads, {.scope = trimtab::scope::global});
    REFUSED(why, index, autoscale, now.autoscale, now.grads);
    REFUSED(why, index, centralize, now.grads);
    REFUSED(why, index, znorm, now.grads);
    REFUSED(why, index, clip_norm, 1, trimtab::scope::tensor, now.grads);
    REFUSED(why, index, clip_norm, 1, trimtab::scope::global, now.grads);
    REFUSED(why, index, clip_value, 1, now.grads);
    REFUSED(why, index, agc, now.params, now.grads);
    REFUSED(why, index, zclip, now.zclip, now.grads);
    REFUSED(why, index, apply, now.grads);
    REFUSED(why, index, apply_into, now.grads, now.outputs);
    REFUSED(why, index, sgd_step, now.step, now.grads, now.slots);
    REFUSED(why, index, adam_step, now.step, now.grads, now.slots);
    trimtab::moments after;
    if (index == 1 && why != status::non_finite) REFUSED(why, 0, outlook, now.grads[1], after);
}

void bad_tensors() {
    const auto dtype = [](auto& tensor) { tensor.dtype = 17; };
    const auto role = [](auto& tensor) { tensor.role = 2; };
    const auto null = [](auto& tensor) { tensor.data = nullptr; };
    const auto shifted = [](auto& tensor) { tensor.data = static_cast<char*>(tensor.data) + 1; };
    const auto endless = [](auto& tensor) { tensor.len = std::numeric_limits<std::size_t>::max(); };
    const auto check = [](status why, auto spoil) {
        set_up(spoil);
        everywhere(why, 1);
        REFUSED(why, 1, observe, now.grads);
        REFUSED(why, 1, guard, now.guard, now.grads);
    };
    check(status::bad_dtype, dtype);
    check(status::bad_config, role);
    check(status::null_pointer, null);
    check(status::misaligned, shifted);
    check(status::bad_length, endless);
    set_up([](auto& tensor) { tensor.moments = {}; });
    everywhere(status::order, 1);
    REFUSED(status::order, 1, guard, now.guard, now.grads);
    set_up([](auto& tensor) { tensor.affine.limit = -1; });
    everywhere(status::bad_state, 1);
    REFUSED(status::bad_state, 1, guard, now.guard, now.grads);
}

// The first of two bad ones is named, also where one before it has another fault.
void which_one() {
    set_up();
    now.grads[1].role = now.grads[2].role = 7;
    everywhere(status::bad_config, 1);
    set_up();
    now.grads[0].moments.sum_sq = std::numeric_limits<double>::infinity();
    now.grads[2].dtype = 9;
    everywhere(status::bad_dtype, 2);
}

void not_finite() {
    set_up();
    now.gradient[1][3] = std::nan("");
#if defined(TRIMTAB_NO_EXCEPTIONS)
    const trimtab::result seen = trimtab::observe(now.grads);
    CHECK(!seen && seen.status() == status::non_finite && seen.tensor() == 1);
    trimtab::moments chunk;
    CHECK(trimtab::observe_chunk(chunk, now.gradient[1]).status() == status::non_finite);
    trimtab::guard_state state;
    const trimtab::result skip = trimtab::guard(state, now.grads);
    CHECK(skip.status() == status::skip_step && skip.tensor() == npos && skip.function() == std::string_view("guard"));
#else
    CHECK(!trimtab::observe(now.grads));
    trimtab::moments chunk;
    CHECK(!trimtab::observe_chunk(chunk, now.gradient[1]));
#endif
    CHECK(chunk.count == 4 && std::isnan(chunk.sum) && now.grads[0].moments.sum == 2);
    everywhere(status::non_finite, 1);
    REFUSED(status::diverged, npos, guard, now.guard, now.grads, {.max_consecutive = 1});
    CHECK(!trimtab::guard(now.guard, now.grads, {.max_consecutive = 2}));
    REFUSED(status::diverged, npos, guard, now.guard, now.grads, {.max_consecutive = 2});
}

// No tensor is to blame for what the caller asks for.
void bad_arguments() {
    const double nan = std::nan("");
    set_up();
    const std::span norms(now.norms);
    REFUSED(status::bad_reference, npos, stable_grad, 0, now.grads);
    REFUSED(status::bad_reference, npos, stable_grad, nan, now.grads);
    REFUSED(status::bad_config, npos, stable_grad, 1, now.grads, {.eps = -1});
    REFUSED(status::bad_config, npos, stable_grad, 1, now.grads, {.struct_size = 4});
    REFUSED(status::bad_config, npos, stable_grad, 1, now.grads, {.roles = trimtab::roles{9}});
    REFUSED(status::bad_config, npos, unscale, 0, now.grads);
    REFUSED(status::bad_config, npos, scale, nan, now.grads);
    REFUSED(status::bad_config, npos, guard, now.guard, now.grads, {.policy = trimtab::guard_policy{5}});
    REFUSED(status::bad_config, npos, gradient_stabilizer, norms, now.grads, {.gamma1 = 1});
    REFUSED(status::bad_config, npos, centralize, now.grads, trimtab::roles{2});
    REFUSED(status::bad_config, npos, znorm, now.grads, {.eps = nan});
    REFUSED(status::bad_config, npos, clip_norm, -1, trimtab::scope::tensor, now.grads);
    REFUSED(status::bad_config, npos, clip_norm, 1, trimtab::scope{3}, now.grads);
    REFUSED(status::bad_config, npos, clip_value, 0, now.grads);
    REFUSED(status::bad_config, npos, agc, now.params, now.grads, {.clipping = 0});
    REFUSED(status::bad_config, npos, zclip, now.zclip, now.grads, {.alpha = 2});
    REFUSED(status::bad_config, npos, sgd_step, now.step, now.grads, now.slots, {.momentum = 1});
    REFUSED(status::bad_config, npos, adam_step, now.step, now.grads, now.slots, {.beta1 = -0.5});
    REFUSED(status::bad_config, npos, adam_step, now.step, {}, {}, {.lr = nan});
    REFUSED(status::bad_config, npos, set_threads, 0);
    REFUSED(status::null_pointer, npos, scale, 1, trimtab::tensors(static_cast<trimtab::tensor*>(nullptr), 2));
    now.params[0].count = std::numeric_limits<std::uint64_t>::max();
    REFUSED(status::bad_length, npos, moments_merge, now.params[0], now.params[1]);
    now.params[0].sum_sq = -1;
    REFUSED(status::bad_state, npos, observe_chunk, now.params[0], now.gradient[1]);
}

void bad_companions() {
    set_up();
    const std::span norms(now.norms);
    const std::span params(now.params);
    const std::span slots(now.slots);
    const std::span outputs(now.outputs);
    REFUSED(status::bad_length, 2, gradient_stabilizer, norms.first(2), now.grads);
    REFUSED(status::bad_length, npos, gradient_stabilizer, norms, std::span(now.grads).first(2));
    REFUSED(status::bad_length, npos, gradient_stabilizer, norms, now.grads, {.scope = trimtab::scope::global});
    REFUSED(status::bad_length, 1, agc, params.first(1), now.grads);
    REFUSED(status::bad_length, 0, apply_into, now.grads, {});
    REFUSED(status::bad_length, 2, sgd_step, now.step, now.grads, slots.first(2));
    REFUSED(status::bad_length, npos, adam_step, now.step, std::span(now.grads).first(1), slots);

    now.norms[2].m = 1;
    REFUSED(status::bad_state, 2, gradient_stabilizer, now.norms, now.grads);
    REFUSED(status::bad_state, 0, gradient_stabilizer, norms.last(1), now.grads, {.scope = trimtab::scope::global});
    now.autoscale.exponent = 2;
    REFUSED(status::bad_state, 0, autoscale, now.autoscale, now.grads);
    now.zclip.var = -1;
    REFUSED(status::bad_state, 0, zclip, now.zclip, now.grads);
    now.params[1].sum_sq = std::numeric_limits<double>::infinity();
    REFUSED(status::non_finite, 1, agc, now.params, now.grads);

    now.outputs[2] = nullptr;
    REFUSED(status::null_pointer, 2, apply_into, now.grads, outputs);
    now.outputs[1] = now.w[0] + 4, now.outputs[2] = reinterpret_cast<char*>(now.w) + 2;
    REFUSED(status::misaligned, 2, apply_into, now.grads, outputs);
    now.slots[1] = trimtab::adam_slot(now.w[1], now.m[1], std::span(now.v[1]).first(3));
    REFUSED(status::null_pointer, 1, adam_step, now.step, now.grads, slots);
    now.slots[1] = trimtab::sgd_slot(now.w[1]);
    REFUSED(status::null_pointer, 1, adam_step, now.step, now.grads, slots);
    REFUSED(status::null_pointer, 1, sgd_step, now.step, now.grads, slots, {.momentum = 0.5});
    now.slots[0].dtype = TRIMTAB_F16;
    REFUSED(status::bad_dtype, 0, sgd_step, now.step, now.grads, slots);
}

void out_of_range() {
    set_up([](auto& tensor) { tensor.affine.scale = 1e300; });
    REFUSED(status::overflow, 1, scale, 1e300, now.grads);
    REFUSED(status::overflow, 1, adam_step, now.step, now.grads, now.slots);
    REFUSED(status::overflow, 1, gradient_stabilizer, now.norms, now.grads);
    now.grads[1].affine.scale = 1e308;
    REFUSED(status::overflow, 1, apply, now.grads);
    REFUSED(status::overflow, 1, apply_into, now.grads, now.outputs);
    REFUSED(status::overflow, 1, sgd_step, now.step, now.grads, now.slots);
    now.grads[1].affine.scale = 1e-300;
    REFUSED(status::overflow, 1, stable_grad, 1e300, now.grads);
    // Norms of 5.3e307, 1.1e308 and 1.6e308: together beyond 1.8e308, the largest double. The largest is named.
    set_up();
    for (auto& tensor : now.grads) tensor.affine.scale = 1.7e307;
    REFUSED(status::overflow, 2, clip_norm, 1, trimtab::scope::global, now.grads);
    // Behind a clip by value.
    set_up([](auto& tensor) { tensor.affine.limit = 1; });
    REFUSED(status::order, 1, znorm, now.grads);
    REFUSED(status::order, 1, clip_norm, 1, trimtab::scope::tensor, now.grads);
}

// Whichever method refuses, neither those in front of it nor their states have changed.
void chains() {
    set_up();
    const auto stabilizer = trimtab::gradient_stabilizer(now.norms);
    const auto autoscale = trimtab::autoscale(now.autoscale);
    const auto guard = trimtab::guard(now.guard);
    CHAIN_REFUSED(status::bad_config, npos, clip_norm, stabilizer, trimtab::clip_norm(-1, trimtab::scope::global));
    CHAIN_REFUSED(status::bad_reference, npos, stable_grad, guard, autoscale, trimtab::stable_grad(0), stabilizer);
    CHAIN_REFUSED(status::order, 0, znorm, stabilizer, trimtab::clip_value(1), trimtab::znorm());
    CHAIN_REFUSED(status::bad_config, npos, centralize, trimtab::scale(2), trimtab::centralize(trimtab::roles{2}));
    now.zclip.var = -1;
    CHAIN_REFUSED(status::bad_state, 0, zclip, stabilizer, autoscale, trimtab::zclip(now.zclip));
    now.params[2].sum_sq = std::numeric_limits<double>::infinity();
    CHAIN_REFUSED(status::non_finite, 2, agc, stabilizer, trimtab::agc(now.params));
    // Too few states are found before any method decides.
    const auto too_few = trimtab::gradient_stabilizer(std::span(now.norms).first(2));
    CHAIN_REFUSED(status::bad_length, 2, gradient_stabilizer, trimtab::scale(2), too_few);
    // Descriptors are no method's fault; and more than one method starts right after observe.
    now.grads[1].role = 7;
    CHAIN_REFUSED(status::bad_config, 1, decide, stabilizer, autoscale);
    set_up([](auto& tensor) { tensor.affine.scale = 2; });
    CHAIN_REFUSED(status::order, 1, gradient_stabilizer, stabilizer, autoscale);
}

void bad_bytes() {
    set_up();
    const std::array saved{trimtab::entry(now.norms), trimtab::entry(now.step)};
    const std::array steps{trimtab::entry(now.step)};
    REFUSED(status::bad_config, npos, state_save, std::array{trimtab::states{&now.step, 1, 77, 0}}, {}, now.size);
    MUST(trimtab::state_save(steps, now.bytes, now.size));
    const std::span<std::byte> bytes = std::span(now.bytes).first(now.size);
    REFUSED(status::truncated, npos, state_load, steps, bytes.first(bytes.size() - 1));
    REFUSED(status::bad_length, npos, state_load, steps, now.bytes);
    REFUSED(status::wrong_kind, npos, state_load, saved, bytes);
    REFUSED(status::wrong_count, npos, state_load, std::array{trimtab::states{&now.step, 0, steps[0].kind, 0}}, bytes);
    now.bytes[now.size - 1] ^= std::byte{1};
    REFUSED(status::bad_checksum, npos, state_load, steps, bytes);
    now.bytes[0] ^= std::byte{1};
    REFUSED(status::bad_magic, npos, state_load, steps, bytes);
    // It tells the size that it needs, and writes nothing else.
    CHECK(now.size > 20);
    const std::size_t needed = now.size;
    REFUSED(status::bad_length, npos, state_save, steps, std::span(now.bytes).first(20), now.size);
    CHECK(now.size == needed);
}

}  // namespace

int main() {
    bad_tensors();
    which_one();
    not_finite();
    bad_arguments();
    bad_companions();
    out_of_range();
    chains();
    bad_bytes();
    std::puts("ok");
}
