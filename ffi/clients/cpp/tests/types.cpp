// What becomes a tensor and what does not, every element type, and that structs, defaults and constants are those of C.
#include "check.hpp"

#include <array>
#include <bit>
#include <complex>
#include <cstring>
#include <deque>
#include <list>
#include <new>
#include <string>
#include <utility>
#include <vector>

// Types that no compiler knows, and that their owner registers.
struct half {
    std::uint16_t bits;
};
struct brain {
    std::uint16_t bits;
};
template <>
inline constexpr trimtab::dtype trimtab::dtype_of<half> = trimtab::dtype::f16;
template <>
inline constexpr trimtab::dtype trimtab::dtype_of<brain> = trimtab::dtype::bf16;

// Registered by mistake: of the wrong size, or with a constructor that must run.
struct wide {
    std::uint32_t bits;
};
struct owner {
    std::string name;
};
template <>
inline constexpr trimtab::dtype trimtab::dtype_of<wide> = trimtab::dtype::f16;
template <>
inline constexpr trimtab::dtype trimtab::dtype_of<owner> = trimtab::dtype::f64;

namespace {

using trimtab::element, trimtab::parameter, trimtab::readable, trimtab::writable, trimtab::parameters;

static_assert(element<float> && element<double> && element<half> && element<brain>);
static_assert(!element<int> && !element<bool> && !element<std::uint16_t> && !element<long double> && !element<char>);
static_assert(!element<std::complex<float>> && !element<float*> && !element<wide> && !element<owner>);
static_assert(parameter<float> && parameter<double> && !parameter<half> && !parameter<brain> && !parameter<int>);
#if defined(__STDCPP_FLOAT16_T__)
static_assert(trimtab::dtype_of<std::float16_t> == trimtab::dtype::f16 && element<std::float16_t>);
#endif
#if defined(__STDCPP_BFLOAT16_T__)
static_assert(trimtab::dtype_of<std::bfloat16_t> == trimtab::dtype::bf16 && element<std::bfloat16_t>);
#endif
#if defined(__BFLT16_MAX__) || (defined(__SSE2__) && defined(__clang__) && __clang_major__ > 16)
static_assert(trimtab::dtype_of<__bf16> == trimtab::dtype::bf16 && element<__bf16>);
#endif

// Gradients are written: no const elements, and none that are gone at the end of the line.
static_assert(writable<std::vector<float>&> && writable<std::span<double>> && writable<std::span<half, 4>>);
static_assert(writable<std::array<brain, 3>&> && writable<float (&)[4]>);
static_assert(!writable<std::vector<float>> && !writable<std::array<float, 3>> && !writable<const std::vector<float>&>);
static_assert(!writable<std::span<const float>> && !writable<const float (&)[4]> && !writable<float (&)[4][4]>);
static_assert(!writable<std::vector<int>&> && !writable<std::vector<bool>&> && !writable<float> && !writable<float*>);
static_assert(!writable<std::list<float>&> && !writable<std::deque<float>&>);
static_assert(readable<const std::vector<float>&> && readable<std::span<const double>> && readable<std::vector<half>>);
static_assert(!readable<std::list<float>> && !readable<std::vector<int>> && !readable<std::string>);
static_assert(parameters<std::vector<float>&> && parameters<std::vector<float>&, std::span<float>>);
static_assert(!parameters<std::vector<half>&> && !parameters<std::vector<float>&, std::vector<double>&>);

// As overloads see it.
template <class... R>
concept makes_adam_slot = requires(R&&... ranges) { trimtab::adam_slot(std::forward<R>(ranges)...); };
template <class... R>
concept makes_sgd_slot = requires(R&&... ranges) { trimtab::sgd_slot(std::forward<R>(ranges)...); };
template <class R>
concept makes_tensors = requires(R&& range) {
    trimtab::weight(std::forward<R>(range));
    trimtab::bias(std::forward<R>(range));
};
using floats = std::vector<float>&;
using doubles = std::vector<double>&;
static_assert(makes_tensors<floats> && !makes_tensors<std::vector<float>> && !makes_tensors<const std::vector<float>&>);
static_assert(makes_adam_slot<floats, floats, floats> && makes_adam_slot<doubles, std::span<double>, doubles>);
static_assert(!makes_adam_slot<floats, doubles, floats> && !makes_adam_slot<floats, floats, doubles>);
static_assert(!makes_adam_slot<floats, floats> && !makes_adam_slot<floats, floats, std::vector<float>>);
static_assert(makes_sgd_slot<floats> && makes_sgd_slot<floats, floats> && !makes_sgd_slot<floats, doubles>);
static_assert(!makes_sgd_slot<std::vector<half>&> && !makes_sgd_slot<std::span<const float>>);

// States have a kind, moments do not.
template <class S>
concept makes_entry = requires(S&& states) { trimtab::entry(std::forward<S>(states)); };
static_assert(makes_entry<trimtab::norm_state&> && makes_entry<trimtab::step_state&>);
static_assert(makes_entry<std::vector<trimtab::norm_state>&> && makes_entry<std::span<trimtab::zclip_state>>);
static_assert(!makes_entry<std::vector<trimtab::norm_state>> && !makes_entry<const std::vector<trimtab::norm_state>&>);
static_assert(!makes_entry<const trimtab::step_state&> && !makes_entry<trimtab::step_state> && !makes_entry<floats>);
static_assert(!makes_entry<trimtab::moments&> && !makes_entry<std::span<trimtab::moments>> && !makes_entry<int&>);

// Arrays of ours are arrays of C's.
template <class Mine, class C>
constexpr bool same = sizeof(Mine) == sizeof(C) && alignof(Mine) == alignof(C) && std::is_standard_layout_v<Mine> &&
                      std::is_trivially_copyable_v<Mine>;
static_assert(std::is_same_v<trimtab::tensors, std::span<trimtab_tensor>>);
static_assert(std::is_same_v<trimtab::slot, trimtab_slot> && std::is_same_v<trimtab::states, trimtab_states>);
static_assert(same<trimtab::moments, trimtab_moments> && same<trimtab::guard_state, trimtab_guard_state>);
static_assert(same<trimtab::norm_state, trimtab_norm_state> && same<trimtab::step_state, trimtab_step_state>);
static_assert(same<trimtab::zclip_state, trimtab_zclip_state>);
static_assert(same<trimtab::autoscale_state, trimtab_autoscale_state>);
static_assert(same<trimtab::guard_config, trimtab_guard_config> && same<trimtab::agc_config, trimtab_agc_config>);
static_assert(same<trimtab::sgd_config, trimtab_sgd_config> && same<trimtab::adam_config, trimtab_adam_config>);
static_assert(same<trimtab::znorm_config, trimtab_znorm_config> && same<trimtab::zclip_config, trimtab_zclip_config>);
static_assert(same<trimtab::stable_grad_config, trimtab_stable_grad_config>);
static_assert(same<trimtab::gradient_stabilizer_config, trimtab_gradient_stabilizer_config>);


// Methods keep a copy of their configuration, and are made without a call of the library.
static_assert(trimtab::scale(2).in_c().kind == TRIMTAB_METHOD_SCALE && trimtab::scale(2).in_c().number == 2);
static_assert(trimtab::scale(2).in_c().config == nullptr && trimtab::clip_value(3).in_c().reserved == 0);
static_assert(trimtab::stable_grad(1, {.eps = 3}).config.eps == 3 && trimtab::znorm().config.eps == 1e-8);
static_assert(trimtab::centralize().config.roles == TRIMTAB_ROLES_WEIGHTS);
static_assert(trimtab::clip_norm(1, trimtab::scope::global).config.scope == TRIMTAB_SCOPE_GLOBAL);
static_assert(std::is_trivially_copyable_v<decltype(trimtab::znorm())> && noexcept(trimtab::clip_value(1)));

// Nothing throws in the one kind, and what cannot fail throws in neither.
constexpr bool quiet = noexcept(trimtab::observe(trimtab::tensors{}));
#if defined(TRIMTAB_NO_EXCEPTIONS)
static_assert(quiet && std::is_same_v<trimtab::done, trimtab::result>);
#else
static_assert(!quiet && std::is_same_v<trimtab::done, void> && std::is_base_of_v<std::runtime_error, trimtab::error>);
#endif
static_assert(noexcept(trimtab::moments_std({})) && noexcept(trimtab::version()));
static_assert(noexcept(trimtab::weight(std::span<float>{})) && noexcept(trimtab::sgd_slot(std::span<float>{})));
static_assert(noexcept(trimtab::set_threads(1)) == quiet && noexcept(trimtab::apply({})) == quiet);

// Doubles two elements given by their bits, 1 and -2, through a range of type `T`.
template <class T, class Bits>
void doubles_its_elements(std::uint32_t dtype, std::array<Bits, 2> before, std::array<Bits, 2> after) {
    auto gradient = std::bit_cast<std::array<T, 2>>(before);
    std::array grads{trimtab::bias(gradient)};
    CHECK(grads[0].dtype == dtype && grads[0].len == 2 && grads[0].role == TRIMTAB_BIAS);
    trimtab::moments streamed;
    CHECK(trimtab::observe_chunk(streamed, std::as_const(gradient)));
    CHECK(trimtab::observe(grads) && grads[0].moments.sum == -1 && grads[0].moments.abs_max == 2);
    CHECK(std::memcmp(&streamed, &grads[0].moments, sizeof streamed) == 0);
    MUST(trimtab::scale(2, grads));
    MUST(trimtab::apply(grads));
    CHECK((std::bit_cast<std::array<Bits, 2>>(gradient) == after));
}

void every_element_type() {
    using u16 = std::array<std::uint16_t, 2>;
    constexpr u16 f16{0x3c00, 0xc000}, f16_doubled{0x4000, 0xc400}, bf16{0x3f80, 0xc000}, bf16_doubled{0x4000, 0xc080};
    doubles_its_elements<float, float>(TRIMTAB_F32, {1, -2}, {2, -4});
    doubles_its_elements<double, double>(TRIMTAB_F64, {1, -2}, {2, -4});
    doubles_its_elements<half, std::uint16_t>(TRIMTAB_F16, f16, f16_doubled);
    doubles_its_elements<brain, std::uint16_t>(TRIMTAB_BF16, bf16, bf16_doubled);
#if defined(__FLT16_MAX__)
    doubles_its_elements<_Float16, std::uint16_t>(TRIMTAB_F16, f16, f16_doubled);
#endif
#if defined(__clang__) || defined(__ARM_FP16_FORMAT_IEEE)
    doubles_its_elements<__fp16, std::uint16_t>(TRIMTAB_F16, f16, f16_doubled);
#endif
#if defined(__BFLT16_MAX__) || (defined(__SSE2__) && defined(__clang__) && __clang_major__ > 16)
    doubles_its_elements<__bf16, std::uint16_t>(TRIMTAB_BF16, bf16, bf16_doubled);
#endif
    // Memory without a type of its own.
    u16 raw = bf16;
    trimtab::tensor grads[] = {TRIMTAB_TENSOR(raw.data(), raw.size(), TRIMTAB_BF16, TRIMTAB_WEIGHT)};
    CHECK(trimtab::observe(grads));
    MUST(trimtab::scale(2, grads));
    MUST(trimtab::apply(grads));
    CHECK(raw == bf16_doubled);
}

// A gradient of 16 bits moves a parameter of 64.
void mixed_types() {
    std::array<half, 1> gradient{half{0x3c00}};
    std::array<double, 1> w{3};
    std::array grads{trimtab::weight(gradient)};
    trimtab::step_state state;
    CHECK(trimtab::observe(grads));
    MUST(trimtab::sgd_step(state, grads, std::array{trimtab::sgd_slot(w)}, {.lr = 0.5}));
    CHECK(w[0] == 2.5);
}

template <class State>
void is_of_kind(std::uint32_t kind) {
    State one;
    std::array<State, 3> several;
    CHECK(trimtab::entry(one).states == &one && trimtab::entry(one).count == 1 && trimtab::entry(one).kind == kind);
    CHECK(trimtab::entry(several).states == several.data() && trimtab::entry(several).count == 3);
    CHECK(trimtab::entry(several).kind == kind && trimtab::entry(several).reserved == 0);
}

void every_kind_of_state() {
    is_of_kind<trimtab::norm_state>(TRIMTAB_STATE_NORM);
    is_of_kind<trimtab::autoscale_state>(TRIMTAB_STATE_AUTOSCALE);
    is_of_kind<trimtab::zclip_state>(TRIMTAB_STATE_ZCLIP);
    is_of_kind<trimtab::guard_state>(TRIMTAB_STATE_GUARD);
    is_of_kind<trimtab::step_state>(TRIMTAB_STATE_STEP);
}

void every_range() {
    float array[3] = {1, 2, 3}, w[3] = {}, m[3] = {}, v[2] = {};
    std::vector<float> vector(3, 2.0f), empty;
    CHECK(trimtab::weight(array).len == 3 && trimtab::weight(array).data == array);
    CHECK(trimtab::weight(vector).data == vector.data());
    CHECK(trimtab::bias(std::span(vector).subspan(1)).data == vector.data() + 1);
    const trimtab::slot slot = trimtab::adam_slot(w, m, vector);
    CHECK(slot.param == w && slot.first == m && slot.second == vector.data() && slot.dtype == TRIMTAB_F32);
    CHECK(trimtab::adam_slot(w, m, v).param == nullptr && trimtab::adam_slot(w, v, m).param == nullptr);
    CHECK(trimtab::sgd_slot(w, m).first == m && trimtab::sgd_slot(w, v).param == nullptr);
    CHECK(trimtab::sgd_slot(w).param == w && trimtab::sgd_slot(w).first == nullptr);
    // Containers of tensors of any length, none included.
    std::vector grads{trimtab::weight(vector), trimtab::bias(array), trimtab::bias(empty)};
    CHECK(trimtab::observe(grads) && trimtab::observe(std::span(grads).first(1)) && trimtab::observe({}));
    trimtab::tensor c_array[] = {trimtab::weight(vector)};
    CHECK(trimtab::observe(c_array));
    MUST(trimtab::apply_into(std::vector<trimtab::tensor>{}, {}));
}

// Bit for bit, padding and reserved fields included.
template <class Mine, class C>
void same_defaults(const C& c) {
    const Mine mine;
    CHECK(std::memcmp(&mine, &c, sizeof c) == 0);
}

void defaults_are_those_of_c() {
    const trimtab_centralize_config centralize = TRIMTAB_CENTRALIZE_CONFIG_INIT;
    const trimtab_clip_norm_config clip = TRIMTAB_CLIP_NORM_CONFIG_INIT;
    const auto of_centralize = trimtab::centralize().config;
    const auto of_clip = trimtab::clip_norm(1, trimtab::scope::tensor).config;
    CHECK(std::memcmp(&of_centralize, &centralize, sizeof centralize) == 0);
    CHECK(std::memcmp(&of_clip, &clip, sizeof clip) == 0);
    same_defaults<trimtab::guard_config>(trimtab_guard_config TRIMTAB_GUARD_CONFIG_INIT);
    same_defaults<trimtab::stable_grad_config>(trimtab_stable_grad_config TRIMTAB_STABLE_GRAD_CONFIG_INIT);
    same_defaults<trimtab::gradient_stabilizer_config>(
        trimtab_gradient_stabilizer_config TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT);
    same_defaults<trimtab::znorm_config>(trimtab_znorm_config TRIMTAB_ZNORM_CONFIG_INIT);
    same_defaults<trimtab::agc_config>(trimtab_agc_config TRIMTAB_AGC_CONFIG_INIT);
    same_defaults<trimtab::zclip_config>(trimtab_zclip_config TRIMTAB_ZCLIP_CONFIG_INIT);
    same_defaults<trimtab::sgd_config>(trimtab_sgd_config TRIMTAB_SGD_CONFIG_INIT);
    same_defaults<trimtab::adam_config>(trimtab_adam_config TRIMTAB_ADAM_CONFIG_INIT);
}

// A field that is named goes where C looks for it, beside all other defaults.
void named_fields() {
    const auto c = std::bit_cast<trimtab_adam_config>(trimtab::adam_config{.lr = 3, .eps = 4});
    CHECK(c.struct_size == sizeof c && c.decoupled == 1 && c.lr == 3 && c.beta1 == 0.9 && c.beta2 == 0.999);
    CHECK(c.eps == 4 && c.weight_decay == 0 && c.decay_roles == TRIMTAB_ROLES_ALL);
    const auto z = std::bit_cast<trimtab_zclip_config>(trimtab::zclip_config{.warmup = 7, .max_norm = 2});
    CHECK(z.warmup == 7 && z.alpha == 0.97 && z.z_max == 2.5 && z.eps == 1e-6 && z.max_norm == 2);
    const auto g = std::bit_cast<trimtab_guard_config>(trimtab::guard_config{.max_consecutive = 5});
    CHECK(g.policy == TRIMTAB_GUARD_SKIP_STEP && g.max_consecutive == 5);
}

// Also where the memory was not zero before.
template <class State>
void begins_as_zeros() {
    alignas(State) unsigned char memory[sizeof(State)];
    std::memset(memory, 0xff, sizeof memory);
    const State* state = new (memory) State;
    const std::array<unsigned char, sizeof(State)> zeros{};
    CHECK(std::memcmp(state, zeros.data(), sizeof zeros) == 0);
}

void states_survive_a_file() {
    trimtab::norm_state state;
    state.m = 1.5;
    state.steps = 3;
    unsigned char file[sizeof state];
    std::memcpy(file, &state, sizeof state);
    trimtab::norm_state read;
    std::memcpy(&read, file, sizeof read);
    CHECK(read.m == 1.5 && read.v == 0 && read.steps == 3 && read.skipped == 0);
    const trimtab_norm_state c{2, 3, 4, 5};
    CHECK(trimtab::norm_state(c).v == 3);
}

}  // namespace

int main() {
    every_element_type();
    mixed_types();
    every_kind_of_state();
    every_range();
    defaults_are_those_of_c();
    named_fields();
    begins_as_zeros<trimtab::moments>();
    begins_as_zeros<trimtab::guard_state>();
    begins_as_zeros<trimtab::norm_state>();
    begins_as_zeros<trimtab::autoscale_state>();
    begins_as_zeros<trimtab::zclip_state>();
    begins_as_zeros<trimtab::step_state>();
    states_survive_a_file();
    std::puts("ok");
}
