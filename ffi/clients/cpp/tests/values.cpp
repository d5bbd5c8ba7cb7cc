// Every function of trimtab.hpp once with the arguments of its simplest use and once with its configuration, against
// values from its formula, worked out by hand or written out in double.
#include "check.hpp"

#include <array>
#include <cstring>
#include <vector>

namespace {

using std::sqrt;

// A gradient of mean 2 and standard deviation 1, and one of norm 5.
using three = std::array<float, 3>;
using two = std::array<float, 2>;
constexpr three one_two_three{1, 2, 3};
constexpr two three_four{3, 4};

// What `decide` makes of one observed gradient.
template <std::size_t N>
std::array<float, N> weight_after(std::array<float, N> gradient, auto decide) {
    std::array grads{trimtab::weight(gradient)};
    CHECK(trimtab::observe(grads));
    decide(grads);
    MUST(trimtab::apply(grads));
    return gradient;
}

template <std::size_t N>
std::array<float, N> bias_after(std::array<float, N> gradient, auto decide) {
    std::array grads{trimtab::bias(gradient)};
    CHECK(trimtab::observe(grads));
    decide(grads);
    MUST(trimtab::apply(grads));
    return gradient;
}

bool is(std::span<const float> actual, std::initializer_list<double> expected) { return near(actual, expected); }

void observing() {
    std::vector<float> w{1, 2, 3, -4};
    double b[2] = {0.5, 0};
    std::array grads{trimtab::weight(w), trimtab::bias(b)};
    CHECK(grads[0].role == TRIMTAB_WEIGHT && grads[1].role == TRIMTAB_BIAS);
    CHECK(grads[0].len == 4 && grads[1].len == 2 && grads[0].data == w.data());
    grads[0].affine.scale = 7;
    CHECK(trimtab::observe(grads));
    CHECK(grads[0].moments.count == 4 && grads[0].moments.sum == 2 && grads[0].moments.sum_sq == 30);
    CHECK(grads[0].moments.abs_max == 4 && grads[1].moments.sum_sq == 0.25);
    CHECK(grads[0].affine.center == 0 && grads[0].affine.scale == 1 && std::isinf(grads[0].affine.limit));
    CHECK(trimtab::moments_mean(grads[0].moments) == 0.5);
    CHECK(near<double>(trimtab::moments_std(grads[0].moments), sqrt(29.0 / 3)));
    CHECK(near<double>(trimtab::moments_norm(grads[0].moments), sqrt(30.0)));
    CHECK(std::isnan(trimtab::moments_mean(trimtab::moments{})) && std::isnan(trimtab::moments_std({})));
    CHECK(trimtab::moments_norm({}) == 0);
}

void streaming() {
    const std::vector<double> chunk{1, 2};
    trimtab::moments left, right;
    CHECK(trimtab::observe_chunk(left, chunk));
    CHECK(trimtab::observe_chunk(left, std::array{3.0f}));
    CHECK(left.count == 3 && left.sum == 6 && left.sum_sq == 14 && left.abs_max == 3);
    CHECK(trimtab::observe_chunk(right, std::span<const double>(chunk).first(1)));
    MUST(trimtab::moments_merge(left, right));
    CHECK(left.count == 4 && left.sum == 7 && left.sum_sq == 15);
    MUST(trimtab::moments_merge(left, left));
    CHECK(left.count == 8 && left.sum == 14 && left.sum_sq == 30);
}

void scaling() {
    CHECK(is(weight_after(three_four, [](auto& g) { MUST(trimtab::scale(0.5, g)); }), {1.5, 2}));
    CHECK(is(weight_after(three_four, [](auto& g) { MUST(trimtab::unscale(4, g)); }), {0.75, 1}));
    const auto scope = trimtab::scope::tensor;
    CHECK(is(bias_after(three_four, [=](auto& g) { MUST(trimtab::clip_norm(1, scope, g)); }), {0.6, 0.8}));
    CHECK(is(weight_after(three_four, [=](auto& g) { MUST(trimtab::clip_norm(9, scope, g)); }), {3, 4}));
    CHECK(is(weight_after(one_two_three, [](auto& g) { MUST(trimtab::clip_value(2.5, g)); }), {1, 2, 2.5}));

    std::array<float, 1> a{3}, b{4};
    std::array both{trimtab::weight(a), trimtab::bias(b)};
    CHECK(trimtab::observe(both));
    MUST(trimtab::clip_norm(1, trimtab::scope::global, both));
    MUST(trimtab::apply(both));
    CHECK(is(a, {0.6}) && is(b, {0.8}));
}

void centring() {
    CHECK(is(weight_after(one_two_three, [](auto& g) { MUST(trimtab::centralize(g)); }), {-1, 0, 1}));
    CHECK(is(bias_after(one_two_three, [](auto& g) { MUST(trimtab::centralize(g)); }), {1, 2, 3}));
    const auto both = trimtab::roles::all;
    CHECK(is(bias_after(one_two_three, [=](auto& g) { MUST(trimtab::centralize(g, both)); }), {-1, 0, 1}));
    CHECK(is(weight_after(one_two_three, [](auto& g) { MUST(trimtab::znorm(g, {.eps = 1})); }), {-0.5, 0, 0.5}));
    const auto znorm = weight_after(one_two_three, [](auto& g) { MUST(trimtab::znorm(g)); });
    CHECK(is(znorm, {-1 / (1 + 1e-8), 0, 1 / (1 + 1e-8)}));
    const auto all = [=](auto& g) { MUST(trimtab::znorm(g, {.roles = both, .eps = 3})); };
    CHECK(is(bias_after(one_two_three, all), {-0.25, 0, 0.25}));

    // sigma is 1, so b is log 2; it is below 1, and so is alpha.
    trimtab::autoscale_state state;
    const auto scaled = weight_after(one_two_three, [&](auto& g) { MUST(trimtab::autoscale(state, g)); });
    const double b = std::log(2.0), exponent = 1 / (1 + std::abs(std::log(b))), alpha = std::pow(b, exponent);
    CHECK(is(scaled, {-alpha, 0, alpha}));
    CHECK(state.steps == 1 && near<double>(state.sigma, 1) && near<double>(state.exponent, exponent));
    CHECK(near<double>(state.alpha, alpha));
}

void stable_grad() {
    CHECK(is(weight_after(one_two_three, [](auto& g) { MUST(trimtab::stable_grad(5, g)); }), {5, 10, 15}));
    CHECK(is(bias_after(one_two_three, [](auto& g) { MUST(trimtab::stable_grad(5, g)); }), {1, 2, 3}));
    const auto all = [](auto& g) { MUST(trimtab::stable_grad(5, g, {.roles = trimtab::roles::all, .eps = 1})); };
    CHECK(is(bias_after(one_two_three, all), {2.5, 5, 7.5}));
}

// Twice, of norms 5 and 10, bias-corrected and not; and over two tensors at once.
void gradient_stabilizer() {
    const double m1 = 0.4 * 5, m2 = 0.6 * m1 + 0.4 * 10, v1 = 0.001 * 25, v2 = 0.999 * v1 + 0.001 * 100;
    const double corrected = m2 / (1 - 0.36) / sqrt(v2 / (1 - 0.999 * 0.999));
    std::array<trimtab::norm_state, 1> states;
    const auto stabilize = [&](auto& g) { MUST(trimtab::gradient_stabilizer(states, g)); };
    CHECK(is(weight_after(three_four, stabilize), {0.6, 0.8}));
    CHECK(is(bias_after(two{6, 8}, stabilize), {0.6 * corrected, 0.8 * corrected}));
    CHECK(states[0].steps == 2 && near<double>(states[0].m, m2) && near<double>(states[0].v, v2));

    std::array<trimtab::norm_state, 1> fresh;
    const auto raw = [&](auto& g) { MUST(trimtab::gradient_stabilizer(fresh, g, {.bias_correction = false})); };
    CHECK(is(weight_after(three_four, raw), {0.6 * m1 / sqrt(v1), 0.8 * m1 / sqrt(v1)}));

    std::array<float, 1> a{3}, b{4};
    std::array<trimtab::norm_state, 1> global;
    std::array both{trimtab::weight(a), trimtab::bias(b)};
    CHECK(trimtab::observe(both));
    MUST(trimtab::gradient_stabilizer(global, both, {.scope = trimtab::scope::global}));
    MUST(trimtab::apply(both));
    CHECK(is(a, {0.6}) && is(b, {0.8}) && near<double>(global[0].m, m1));
}

void comparing() {
    trimtab::moments params[1];
    CHECK(trimtab::observe_chunk(params[0], three_four));
    CHECK(is(weight_after(three_four, [&](auto& g) { MUST(trimtab::agc(params, g)); }), {0.03, 0.04}));
    CHECK(is(weight_after(three_four, [&](auto& g) { MUST(trimtab::agc(params, g, {.clipping = 0.5})); }), {1.5, 2}));
    trimtab::moments none[1];
    CHECK(is(weight_after(three_four, [&](auto& g) { MUST(trimtab::agc(none, g, {.eps = 10})); }), {0.06, 0.08}));

    // A warm-up of one step, by the global norm; then 1.05 times the average, 1.
    std::array<trimtab::norm_state, 1> past;
    const auto adagc = [&](auto& g) { MUST(trimtab::adagc(past, g, {.warmup = 1})); };
    CHECK(is(weight_after(three_four, adagc), {0.6, 0.8}) && near<double>(past[0].m, 1));
    CHECK(is(weight_after(three_four, adagc), {0.63, 0.84}) && past[0].steps == 2);

    // Norms 4 and 6: mean 5, variance 1. Then 10: z = 5, twice z_max; the excess is divided by that.
    trimtab::zclip_state state;
    const trimtab::zclip_config config{.warmup = 2, .eps = 0};
    const auto clip = [&](auto& g) { MUST(trimtab::zclip(state, g, config)); };
    CHECK(is(weight_after(two{4, 0}, clip), {4, 0}) && is(weight_after(two{0, 6}, clip), {0, 6}));
    CHECK(near<double>(state.mean, 5) && near<double>(state.var, 1));
    CHECK(is(weight_after(two{6, 8}, clip), {0.6 * 6.25, 0.8 * 6.25}));
    const double mean = 0.97 * 5 + 0.03 * 6.25;
    CHECK(near<double>(state.mean, mean) && state.steps == 3);
    CHECK(near<double>(state.var, 0.97 + 0.03 * (6.25 - mean) * (6.25 - mean)));
    trimtab::zclip_state fresh;
    CHECK(is(weight_after(three_four, [&](auto& g) { MUST(trimtab::zclip(fresh, g)); }), {3, 4}));
}

// Three steps, the second of which is bad: twice skipped, and twice with the bad tensor as zeros.
void guarding() {
    const float nan = std::nanf("");
    trimtab::guard_state state;
    two good{3, 4}, bad{nan, 1};
    std::array grads{trimtab::weight(good), trimtab::weight(bad)};
    CHECK(!trimtab::observe(grads));
    CHECK(grads[0].moments.sum == 7 && std::isnan(grads[1].moments.sum));
    CHECK(!trimtab::guard(state, grads) && state.consecutive == 1 && state.total == 1);
    CHECK(trimtab::guard(state, grads, {.policy = trimtab::guard_policy::zero}));
    CHECK(state.consecutive == 2 && state.total == 2);
    MUST(trimtab::clip_norm(1, trimtab::scope::global, grads));
    MUST(trimtab::apply(grads));
    CHECK(is(good, {0.6, 0.8}) && is(bad, {0, 0}));
    CHECK(trimtab::observe(grads) && trimtab::guard(state, grads) && state.consecutive == 0 && state.total == 2);
}

// A chain does what its methods do one after the other, and remembers the same.
void chaining() {
    const auto chain = [](auto& g) { MUST(trimtab::decide(g, trimtab::centralize(), trimtab::unscale(4))); };
    CHECK(is(weight_after(one_two_three, chain), {-0.25, 0, 0.25}));
    CHECK(is(weight_after(three_four, [](auto& g) { MUST(trimtab::decide(g)); }), {3, 4}));

    std::array<trimtab::norm_state, 1> norms, alone;
    trimtab::guard_state guard;
    trimtab::zclip_state zclip;
    trimtab::autoscale_state autoscale;
    trimtab::moments params[1];
    CHECK(trimtab::observe_chunk(params[0], three_four));
    const auto clip = trimtab::clip_norm(0.5, trimtab::scope::global);
    const trimtab::zclip_config zclip_config{.warmup = 2};  // A method has its configuration, and may be kept.
    const auto last = trimtab::zclip(zclip, zclip_config);
    const auto all = [&](auto& g) {
        CHECK(trimtab::decide(g, trimtab::guard(guard), trimtab::gradient_stabilizer(norms), trimtab::agc(params),
                              trimtab::scale(40), clip, last, trimtab::clip_value(0.35)));
    };
    // Norms: 1 by the stabilizer, 0.05 by agc, 2 by the factor, 0.5 by the clip.
    CHECK(is(weight_after(three_four, all), {0.3, 0.35}));
    static_cast<void>(weight_after(three_four, [&](auto& g) { MUST(trimtab::gradient_stabilizer(alone, g)); }));
    CHECK(std::memcmp(&norms, &alone, sizeof norms) == 0 && norms[0].steps == 1);
    CHECK(zclip.steps == 1 && near<double>(zclip.mean, 0.5) && guard.total == 0);

    const auto stable = [&](auto& g) {
        MUST(trimtab::decide(g, trimtab::znorm({.eps = 1}), trimtab::stable_grad(5), trimtab::autoscale(autoscale)));
    };
    // From a standard deviation of 5: log1p(5) is above 1, and alpha is 1.
    CHECK(is(weight_after(one_two_three, stable), {-5, 0, 5}) && autoscale.steps == 1 && autoscale.alpha == 1);

    // A guard that skips has counted; methods behind it are not asked.
    two bad{std::nanf(""), 1};
    std::array grads{trimtab::weight(bad)};
    CHECK(!trimtab::observe(grads));
    CHECK(!trimtab::decide(grads, trimtab::guard(guard), trimtab::gradient_stabilizer(norms)));
    CHECK(guard.total == 1 && norms[0].steps == 1);
}

void writing_beside() {
    three a = one_two_three, a_out{};
    std::array<double, 2> b{-1, 4}, b_out{};
    std::array grads{trimtab::weight(a), trimtab::bias(b)};
    CHECK(trimtab::observe(grads));
    MUST(trimtab::scale(-2, grads));
    MUST(trimtab::apply_into(grads, std::array<void*, 2>{a_out.data(), b_out.data()}));
    CHECK(a == one_two_three && a_out == three{-2, -4, -6} && b_out == std::array{2.0, -8.0});
    CHECK(grads[0].affine.scale == -2);
}

void looking_ahead() {
    three a = one_two_three;
    std::array grads{trimtab::weight(a)};
    CHECK(trimtab::observe(grads));
    MUST(trimtab::scale(-2, grads));
    trimtab::moments after;
    MUST(trimtab::outlook(grads[0], after));
    CHECK(after.count == 3 && after.sum == -12 && after.sum_sq == 56 && after.abs_max == 6);
    MUST(trimtab::apply(grads));
    CHECK(grads[0].moments.count == 0 && grads[0].affine.scale == 1);
    CHECK(trimtab::observe(grads) && grads[0].moments.sum == after.sum);
}

void sgd() {
    std::array<double, 2> w{1, 2}, g{0.5, -0.5}, buffer{};
    std::array grads{trimtab::weight(g)};
    CHECK(trimtab::observe(grads));
    trimtab::step_state plain, running;
    MUST(trimtab::sgd_step(plain, grads, std::array{trimtab::sgd_slot(w)}));
    CHECK(near<double>(w, {0.995, 2.005}) && plain.steps == 1);
    w = {1, 2};
    const std::array slots{trimtab::sgd_slot(w, buffer)};
    const trimtab::sgd_config config{
        .nesterov = true, .lr = 0.1, .momentum = 0.5, .weight_decay = 1};
    CHECK(grads[0].moments.count == 0 && trimtab::observe(grads));
    MUST(trimtab::sgd_step(running, grads, slots, config));
    // g + w is 1.5 on both sides; the buffer begins with it and the step looks ahead by half of it.
    CHECK(near<double>(buffer, {1.5, 1.5}) && near<double>(w, {1 - 0.225, 2 - 0.225}));
    CHECK(trimtab::observe(grads));
    MUST(trimtab::sgd_step(running, grads, slots, config));
    const double first = 0.5 * 1.5 + 1.275, second = first;
    CHECK(near<double>(buffer, {first, second}) && running.steps == 2);
    CHECK(near<double>(w, {0.775 - 0.1 * (1.275 + 0.5 * first), 1.775 - 0.1 * (1.275 + 0.5 * second)}));
}

void adam() {
    std::array<double, 2> w{1, 2}, g{0.5, -0.25}, m{}, v{};
    std::array grads{trimtab::weight(g)};
    const std::array slots{trimtab::adam_slot(w, m, v)};
    CHECK(trimtab::observe(grads));
    trimtab::step_state state, coupled;
    MUST(trimtab::adam_step(state, grads, slots));
    CHECK(near<double>(m, {0.05, -0.025}) && near<double>(v, {0.00025, 0.0000625}));
    CHECK(near<double>(w, {1 - 1e-3 * 0.5 / (0.5 + 1e-8), 2 + 1e-3 * 0.25 / (0.25 + 1e-8)}) && state.steps == 1);
    w = {1, 2};
    m = v = {0, 0};
    const trimtab::adam_config config{
        .decoupled = false, .lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 1, .weight_decay = 2};
    CHECK(grads[0].moments.count == 0 && trimtab::observe(grads));
    MUST(trimtab::adam_step(coupled, grads, slots, config));
    CHECK(near<double>(m, {1.25, 1.875}) && near<double>(v, {1.5625, 3.515625}));
    CHECK(near<double>(w, {1 - 0.1 * 2.5 / 3.5, 2 - 0.1 * 3.75 / 4.75}));
}

// A decay of 1 doubles a gradient that is equal to its parameter; but not that of a bias, with decay_roles.
void decaying() {
    std::array<double, 1> w{2}, b{2}, gradient{2}, m{}, v{}, mb{}, vb{};
    std::array grads{trimtab::weight(gradient), trimtab::bias(gradient)};
    const auto weights = trimtab::roles::weights;
    trimtab::step_state sgd, adam;
    CHECK(trimtab::observe(grads));
    MUST(trimtab::sgd_step(sgd, grads, std::array{trimtab::sgd_slot(w), trimtab::sgd_slot(b)},
                           {.lr = 0.25, .weight_decay = 1, .decay_roles = weights}));
    CHECK(w[0] == 1 && b[0] == 1.5);
    CHECK(trimtab::observe(grads));
    w = b = {2};
    const trimtab::adam_config config{.decoupled = false, .beta1 = 0, .weight_decay = 1, .decay_roles = weights};
    const std::array slots{trimtab::adam_slot(w, m, v), trimtab::adam_slot(b, mb, vb)};
    MUST(trimtab::adam_step(adam, grads, slots, config));
    CHECK(m[0] == 4 && mb[0] == 2);
}

void saving() {
    std::array<trimtab::norm_state, 2> norms;
    norms[0].m = 1.5, norms[1].v = 2, norms[1].steps = 7;
    trimtab::step_state step;
    step.steps = 9;
    trimtab::guard_state guard;
    guard.total = 3;
    std::size_t size = 0;
    const std::array all{trimtab::entry(norms), trimtab::entry(step), trimtab::entry(guard)};
    MUST(trimtab::state_save(all, {}, size));
    // The record, three entries, and the states: two of four numbers, one of one, one of two.
    CHECK(size == 32 + 3 * 16 + 8 * (2 * 4 + 1 + 2));
    std::vector<std::byte> bytes(size);
    MUST(trimtab::state_save(all, bytes, size));

    std::vector<trimtab::norm_state> norms_read(2);
    trimtab::step_state step_read;
    trimtab::guard_state guard_read;
    MUST(trimtab::state_load(
        std::array{trimtab::entry(norms_read), trimtab::entry(step_read), trimtab::entry(guard_read)}, bytes));
    CHECK(std::memcmp(norms_read.data(), norms.data(), sizeof norms) == 0);
    CHECK(step_read.steps == 9 && guard_read.total == 3);
}

void informing() {
    // 1 / sqrt(E[f(z)^2]); for relu and sin in closed form, for tanh by quadrature.
    CHECK(near<double>(trimtab::init_std(trimtab::activation::relu, 8), 0.5));
    CHECK(near<double>(trimtab::init_std(trimtab::activation::sin, 1), sqrt(2 / (1 - std::exp(-2.0)))));
    CHECK(near<double>(trimtab::init_std(trimtab::activation::tanh, 4), 1.5925374197228312 / 2));
    CHECK(near<double>(trimtab::init_std(trimtab::activation::identity, 16), 0.25));
    CHECK(std::isnan(trimtab::init_std(trimtab::activation::silu, 0)));
    CHECK(trimtab::init_std(trimtab::activation::gelu, 1) < trimtab::init_std(trimtab::activation::silu, 1));
    CHECK(std::string_view(trimtab::status_message(trimtab::status::ok)) == "ok");
    CHECK(std::string_view(trimtab::version()) == trimtab_version());
    CHECK(std::string_view(trimtab::cpu_level()) == trimtab_cpu_level());
    MUST(trimtab::set_threads(1));
}

}  // namespace

int main() {
    observing();
    streaming();
    scaling();
    centring();
    stable_grad();
    gradient_stabilizer();
    comparing();
    guarding();
    chaining();
    writing_beside();
    looking_ahead();
    sgd();
    adam();
    decaying();
    saving();
    informing();
    std::puts("ok");
}
