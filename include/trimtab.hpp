/* trimtab for C++20: trimtab.h with spans, concepts, typed configurations and exceptions.
 *
 *     std::array grads{trimtab::weight(dW), trimtab::bias(db)};
 *     trimtab::observe(grads);                            reads each gradient once
 *     trimtab::stable_grad(sigma_prediction, grads);      decides: a few flops a tensor
 *     trimtab::apply(grads);                              writes each gradient once
 *
 * trimtab_<name> in C is trimtab::<name> here. Formulas, rules of overlap and the meaning of every status are those of
 * trimtab.h and hold unchanged; what is written here is what C++ adds. Enums, configurations and states are in
 * trimtab_types.hpp, the methods in trimtab_methods.hpp.
 *
 *   Memory     All of it is the caller's. Nothing is owned, copied or allocated, except for an exception.
 *              Tensors and slots point into contiguous ranges, which must outlive their last use.
 *   Arguments  What a method needs, then the gradients, last the configuration, which may be left out:
 *              trimtab::adam_step(state, grads, slots, {.lr = 1e-3}).
 *   Writes     All but apply_into spend the descriptors: order until observed again. See trimtab.h.
 *   Errors     A refused call throws trimtab::error: status, index of the tensor, name of the function. Not errors are
 *              NaN or infinity seen by observe and observe_chunk, and a step that guard skips: these return false.
 *   Results    Where TRIMTAB_NO_EXCEPTIONS is defined before the first inclusion, and under -fno-exceptions, all is
 *              noexcept, and what would throw or return false returns a [[nodiscard]] trimtab::result, which has the
 *              same three. Translation units of both kinds may be linked together.
 *   Chains     decide(grads, scale(0.5), clip_norm(1, scope::global)): several methods in one call, all or none.
 */
#ifndef TRIMTAB_HPP
#define TRIMTAB_HPP

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <type_traits>

#if __cplusplus > 202002L && __has_include(<stdfloat>)
#include <stdfloat>
#endif

#include "trimtab.h"
#include "trimtab_types.hpp"

#if !defined(__cpp_exceptions) && !defined(TRIMTAB_NO_EXCEPTIONS)
#define TRIMTAB_NO_EXCEPTIONS
#elif !defined(TRIMTAB_NO_EXCEPTIONS)
#include <stdexcept>
#include <string>
#endif

namespace trimtab {
/// No tensor: what tensor() returns where no single one is to blame.
inline constexpr std::size_t npos = TRIMTAB_NOWHERE;

/// The element type that a C++ type is: float, double, and where the compiler has them std::float16_t, std::bfloat16_t,
/// _Float16, __fp16 and __bf16. Specialise it for a type of your own that has the bits of one of them:
///
///     template <> inline constexpr trimtab::dtype trimtab::dtype_of<Eigen::half> = trimtab::dtype::f16;
///
/// (Memory that has no such type becomes a tensor by TRIMTAB_TENSOR, which takes any pointer.)
template <class T>
inline constexpr dtype dtype_of = [] {  // Several of these names may be one type: asked for, not specialised.
    dtype found = std::is_same_v<T, float> ? dtype::f32 : std::is_same_v<T, double> ? dtype::f64 : dtype::unknown;
#if defined(__STDCPP_FLOAT16_T__)
    if (std::is_same_v<T, std::float16_t>) found = dtype::f16;
#endif
#if defined(__STDCPP_BFLOAT16_T__)
    if (std::is_same_v<T, std::bfloat16_t>) found = dtype::bf16;
#endif
#if defined(__FLT16_MAX__)
    if (std::is_same_v<T, _Float16>) found = dtype::f16;
#endif
#if defined(__clang__) || defined(__ARM_FP16_FORMAT_IEEE)
    if (std::is_same_v<T, __fp16>) found = dtype::f16;
#endif
#if defined(__BFLT16_MAX__) || defined(__ARM_FEATURE_BF16) || \
    (defined(__clang__) && __clang_major__ > 16 && defined(__SSE2__))
    if (std::is_same_v<T, __bf16>) found = dtype::bf16;
#endif
    return found;
}();

/// A type whose arrays can be gradients.
template <class T>
concept element = dtype_of<T> != dtype::unknown && std::is_trivially_copyable_v<T> && alignof(T) >= 2 &&
                  sizeof(T) == (dtype_of<T> == dtype::f64 ? 8 : dtype_of<T> == dtype::f32 ? 4 : 2);
/// A type whose arrays can be parameters, and what an optimizer remembers of them.
template <class T>
concept parameter = element<T> && (dtype_of<T> == dtype::f32 || dtype_of<T> == dtype::f64);
/// Elements in a row that can be read: a span, vector, array, ...
template <class R>
concept readable = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                   element<std::ranges::range_value_t<R>>;
/// Elements in a row that can be written and outlive the expression that names them: no const ones, no temporaries.
template <class R>
concept writable = readable<R> && std::ranges::borrowed_range<R> &&
                   !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;
/// Parameters in a row; with a second range, of the same type as those.
template <class R, class Others = R>
concept parameters = writable<R> && parameter<std::ranges::range_value_t<R>> &&
                     std::same_as<std::ranges::range_value_t<R>, std::ranges::range_value_t<Others>>;

/// A C struct that holds zeros from its constructor on; safe to copy, to write to disk and to read back.
template <class C, int state_kind>
struct zeroed : C {
    static constexpr int kind = state_kind;  ///< TRIMTAB_STATE_..., or -1 for what is no state.
    constexpr zeroed() noexcept : zeroed(C{}) {}
    constexpr zeroed(const C& other) noexcept : C(other) {
        static_assert(sizeof(zeroed) == sizeof(C) && std::is_standard_layout_v<zeroed>, "an array of them is one of C");
        static_assert(std::is_trivially_copyable_v<zeroed>, "its bytes are all there is");
    }
};
/// Count, sum, sum of squares and largest magnitude.
using moments = zeroed<trimtab_moments>;

/// A gradient tensor: made by weight and bias. Its moments and affine may be looked at, and set as trimtab.h says.
using tensor = trimtab_tensor;
using tensors = std::span<tensor>; using const_tensors = std::span<const tensor>;
/// A parameter and what the optimizer remembers of it: made by sgd_slot and adam_slot.
using slot = trimtab_slot;
/// States to save or to load: made by entry.
using states = trimtab_states;

/// The gradient of a weight, not observed yet.
template <writable R> constexpr tensor weight(R&& data) noexcept {
    constexpr auto type = static_cast<std::uint32_t>(dtype_of<std::ranges::range_value_t<R>>);
    return TRIMTAB_TENSOR(std::ranges::data(data), std::ranges::size(data), type, TRIMTAB_WEIGHT);
}
/// The gradient of a bias, or of any other one-dimensional parameter, not observed yet.
constexpr tensor bias(writable auto&& data) noexcept {
    tensor gradient = weight(data);
    gradient.role = TRIMTAB_BIAS;
    return gradient;
}

/// A parameter with both moments of Adam, zeros before the first step; as many elements each as the gradient has.
/// If the three are not of one length the slot stays empty, and adam_step refuses it with null_pointer.
template <parameters P>
constexpr slot adam_slot(P&& param, parameters<P> auto&& first, parameters<P> auto&& second) noexcept {
    const tensor w = weight(param), m = weight(first), v = weight(second);
    return m.len == w.len && v.len == w.len ? slot{w.data, m.data, v.data, w.dtype, 0} : slot{};
}
/// A parameter with its momentum buffer, in the same way.
template <parameters P>
constexpr slot sgd_slot(P&& param, parameters<P> auto&& momentum) noexcept {
    return adam_slot(param, momentum, momentum);  // sgd_step does not look at the second one.
}
/// A parameter for sgd_step without momentum.
constexpr slot sgd_slot(parameters auto&& param) noexcept {
    return {weight(param).data, nullptr, nullptr, weight(param).dtype, 0};
}

/// States of one kind for state_save and state_load: several in a row, or one.
template <class R>
    requires std::ranges::contiguous_range<R> && std::ranges::borrowed_range<R> &&
             (!std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>) &&
             (std::ranges::range_value_t<R>::kind >= 0)
constexpr states entry(R&& several) noexcept {
    return {std::ranges::data(several), std::ranges::size(several), std::ranges::range_value_t<R>::kind, 0};
}
template <class C, int kind>
    requires(kind >= 0)
constexpr states entry(zeroed<C, kind>& one) noexcept { return entry(std::span(&one, 1)); }

/// sum / count, NaN for no elements; unbiased standard deviation, NaN for fewer than two; 2-norm.
inline double moments_mean(const trimtab_moments& of) noexcept { return trimtab_moments_mean(&of); }
inline double moments_std(const trimtab_moments& of) noexcept { return trimtab_moments_std(&of); }
inline double moments_norm(const trimtab_moments& of) noexcept { return trimtab_moments_norm(&of); }
/// Standard deviation to draw a layer's weights from: gain(function) / sqrt(fan_in); NaN for a fan_in of 0.
inline double init_std(activation function, std::size_t fan_in) noexcept {
    return trimtab_init_std(static_cast<std::uint32_t>(function), fan_in);
}
/// Static texts that end in NUL: what a status means and what to do; "major.minor.patch"; the instruction set in use,
/// "avx512", "avx2", "sse2", "neon" or "scalar".
inline const char* status_message(status of) noexcept { return trimtab_status_message(static_cast<std::int32_t>(of)); }
inline const char* version() noexcept { return trimtab_version(); }
inline const char* cpu_level() noexcept { return trimtab_cpu_level(); }

/// A method with all that it needs but the gradients: made by the functions below, for decide. It has a copy of its
/// configuration, and points to its states, or to moments of parameters.
template <trimtab_method_kind kind, class Config = std::nullptr_t>
struct [[nodiscard]] method {
    static constexpr bool may_skip = kind == TRIMTAB_METHOD_GUARD;  ///< Whether it may ask to skip the step.
    const char* name;
    Config config{};
    double number = 0.0;
    void* state = nullptr;
    const void* input = nullptr;
    std::size_t partners = 1;  ///< How many states or moments it points to,
    bool for_each = false;     ///< of which each tensor has one, or all together.

    /// As C has it: valid as long as this.
    constexpr trimtab_method in_c() const noexcept {
        return {kind, 0, std::is_null_pointer_v<Config> ? nullptr : &config, state, number, input};
    }
};

/// How a call ended.
class [[nodiscard]] result {
  public:
    constexpr result(const char* name, trimtab_status code, std::size_t index = npos) noexcept
        : function_(name), code_(code), tensor_(index) {}

    /// Done, go on: the status is ok.
    constexpr explicit operator bool() const noexcept { return code_ == TRIMTAB_OK; }
    constexpr trimtab::status status() const noexcept { return trimtab::status{code_}; }
    /// Index of the tensor that is to blame, or whose state, slot, output or moments are (0 for a method's only state);
    /// npos if no single one is.
    constexpr std::size_t tensor() const noexcept { return tensor_; }
    /// Name of the function that was called, or of the method of a chain, without trimtab::; what the status means and
    /// what to do.
    constexpr const char* function() const noexcept { return function_; }
    const char* message() const noexcept { return trimtab_status_message(code_); }

  private:
    const char* function_;
    trimtab_status code_;
    std::size_t tensor_;
};

#if !defined(TRIMTAB_NO_EXCEPTIONS)
/// A refused call: its result, thrown. what() names the function, the tensor, what was wrong and what to do.
class error : public std::runtime_error, public result {
  public:
    explicit error(const result& end)
        : std::runtime_error("trimtab::" + std::string(end.function()) + ": " +
                             (end.tensor() == npos ? "" : "tensor " + std::to_string(end.tensor()) + ": ") +
                             end.message()), result(end) {}
};

inline namespace throwing {  // A namespace for each kind, so that no linker takes a function of one for the other's.
using done = void;    ///< What most calls return: nothing, or (without exceptions) a result.
using answer = bool;  ///< What observe, observe_chunk and guard return: whether to go on, or a result.

namespace detail {
inline constexpr bool quiet = false;
inline done finish(const result& end) { if (!end) throw error(end); }
inline answer finish(const result& r, status no_error) { return r.status() != no_error && (void(finish(r)), true); }
#else
inline namespace returning {
using done = result;
using answer = result;

namespace detail {
inline constexpr bool quiet = true;
inline done finish(const result& end) noexcept { return end; }
inline answer finish(const result& end, status) noexcept { return end; }
#endif

/// A write with a slot or an output for each tensor: f(with..., grads, partners, n, at).
done write(const char* name, auto grads, auto partners, auto f, const auto&... with) noexcept(quiet) {
    std::size_t n = grads.size(), m = partners.size(), at = npos;
    if (m != n) return finish({name, TRIMTAB_BAD_LENGTH, m < n ? m : npos});
    const trimtab_status code = f(with..., grads.data(), partners.data(), n, &at);
    return finish({name, code, at});
}
/// A chain decides, unless a method has not as many partners as it needs.
result decide(tensors grads, const auto&... its) noexcept {
    result wrong{"decide", TRIMTAB_OK};
    [[maybe_unused]] const auto fits = [&](const auto& method) {
        const std::size_t n = method.for_each ? grads.size() : 1, m = method.partners;
        wrong = {method.name, TRIMTAB_BAD_LENGTH, m < n ? m : npos};
        return m == n;
    };
    if (!(... && fits(its))) return wrong;
    const trimtab_method chain[]{its.in_c()..., {}};
    const char* const names[]{its.name..., "decide"};
    std::size_t refused = sizeof...(its) == 1 ? 0 : sizeof...(its), at = npos;
    const trimtab_status code = trimtab_decide_at(chain, sizeof...(its), grads.data(), grads.size(), &refused, &at);
    return {names[refused], code, at};
}
}  // namespace detail

// Read.
/// Reads every gradient once: fills in moments, resets affines. False (non_finite) if an element is NaN, infinite or
/// (double) beyond 1e150; moments are filled in all the same, for guard to decide. All others refuse such gradients.
inline answer observe(tensors grads) noexcept(detail::quiet) {
    std::size_t at = npos;
    const trimtab_status code = trimtab_observe_at(grads.data(), grads.size(), &at);
    return detail::finish({"observe", code, at}, status::non_finite);
}
/// What the affine will make of the moments: count, sum, sum_sq, and an upper bound for abs_max. Ask before the write.
inline done outlook(const trimtab_tensor& gradient, trimtab_moments& into) noexcept(detail::quiet) {
    return detail::finish({"outlook", trimtab_outlook(&gradient, &into), 0});
}
/// Adds the elements of a chunk to moments: streams a tensor while it is hot, or pools dL/dy. False (non_finite) if an
/// element added so far is not finite; the moments are filled in all the same.
template <readable R>
answer observe_chunk(trimtab_moments& into, R&& data) noexcept(detail::quiet) {
    constexpr auto type = static_cast<std::uint32_t>(dtype_of<std::ranges::range_value_t<R>>);
    const auto code = trimtab_observe_chunk(&into, std::ranges::data(data), std::ranges::size(data), type);
    return detail::finish({"observe_chunk", code}, status::non_finite);
}
/// Adds the elements that `from` describes: ranks, shards, several outputs. Both may be the same.
inline done moments_merge(trimtab_moments& into, const trimtab_moments& from) noexcept(detail::quiet) {
    return detail::finish({"moments_merge", trimtab_moments_merge(&into, &from)});
}

// Decide.
/// Lets the methods of a chain decide in turn, or none of them: refused, it has changed no state and no affine, and
/// error or result bear the name of the method that refused. Two or more start right after observe. With a guard among
/// them: false (skip_step) if it says so, and methods behind it are not asked.
template <class... Methods, bool may_skip = (... || Methods::may_skip)>
[[nodiscard]] std::conditional_t<may_skip, answer, done> decide(tensors grads, const Methods&... chain)
    noexcept(detail::quiet) {
    if constexpr (may_skip) return detail::finish(detail::decide(grads, chain...), status::skip_step);
    else return detail::finish(detail::decide(grads, chain...));
}

// Write.
/// Writes every gradient in place and spends the descriptors: observe before the next call.
inline done apply(tensors grads) noexcept(detail::quiet) {
    std::size_t at = npos;
    return detail::finish({"apply", trimtab_apply_at(grads.data(), grads.size(), &at), at});
}
/// Writes every gradient into out[i] instead, which has its type and length; out[i] == grads[i].data is allowed.
inline done apply_into(const_tensors grads, std::span<void* const> out) noexcept(detail::quiet) {
    return detail::write("apply_into", grads, out, trimtab_apply_into_at);
}
/// Stochastic gradient descent, fused with the affines. slots[i] belongs to grads[i]; gradients are not written.
inline done sgd_step(trimtab_step_state& state, tensors grads, std::span<const slot> slots,
                     const sgd_config& config = {}) noexcept(detail::quiet) {
    const auto c = std::bit_cast<trimtab_sgd_config>(config);
    return detail::write("sgd_step", grads, slots, trimtab_sgd_step_at, &c, &state);
}
/// Adam or AdamW, fused with the affines. slots[i] belongs to grads[i]; gradients are not written.
inline done adam_step(trimtab_step_state& state, tensors grads, std::span<const slot> slots,
                      const adam_config& config = {}) noexcept(detail::quiet) {
    const auto c = std::bit_cast<trimtab_adam_config>(config);
    return detail::write("adam_step", grads, slots, trimtab_adam_step_at, &c, &state);
}

/// Writes all states of a run as bytes, the same on every machine, for state_load after a restart. size becomes the
/// number of bytes written, or needed: room for none only asks. bad_length if there is room for fewer than that.
inline done state_save(std::span<const states> all, std::span<std::byte> into, std::size_t& size)
    noexcept(detail::quiet) {
    return detail::finish({"state_save", trimtab_state_save(all.data(), all.size(), into.data(), into.size(), &size)});
}
/// Reads back what state_save has written: states of the same kinds and counts, in the same order; all of them or none.
inline done state_load(std::span<const states> all, std::span<const std::byte> from) noexcept(detail::quiet) {
    return detail::finish({"state_load", trimtab_state_load(all.data(), all.size(), from.data(), from.size())});
}

/// Lets the passes use up to this many threads, for all callers in this process; 1 unless asked otherwise.
inline done set_threads(std::size_t threads) noexcept(detail::quiet) {
    return detail::finish({"set_threads", trimtab_set_threads(threads)});
}
}  // inline namespace throwing, or returning
}  // namespace trimtab

#include "trimtab_methods.hpp"

#endif  // TRIMTAB_HPP
