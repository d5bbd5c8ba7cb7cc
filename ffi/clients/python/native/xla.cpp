// XLA custom calls for the CPU: each observes, decides and writes a whole tree of gradients.
//
// Operands of every call, in this order:
//   guard            trimtab_guard_state
//   max_consecutive  a number
//   ...              the method's numbers and state, named at its handler
//   gradients        any number of f32, f16, bf16 or f64 buffers
// Results: guard, the method's state, the gradients; each may share its operand's memory.
//
// XLA holds no f64 where JAX has it switched off. States are therefore u32 arrays with the bytes of the C structs, and
// a number is a scalar of 32 or 64 bits, or the two u32 words of a double.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "trimtab.h"
#include "xla/ffi/api/ffi.h"

namespace {

namespace ffi = ::xla::ffi;
using Array = ffi::AnyBuffer;
using NewArray = ffi::Result<ffi::AnyBuffer>;

// What is done about gradients that are not finite; the values of the attribute `nonfinite`.
enum Nonfinite : int32_t { kRaise = 0, kSkip = 1, kZero = 2 };

ffi::Error refuse(const std::string &why) { return ffi::Error(ffi::ErrorCode::kFailedPrecondition, why); }

// A number of the configuration, widened to double.
ffi::Error read(const Array &from, double &into) {
    const void *data = from.untyped_data();
    const auto as = [&](auto example) {
        std::memcpy(&example, data, sizeof example);
        into = static_cast<double>(example);
        return ffi::Error::Success();
    };
    if (from.element_count() == 2 && from.element_type() == ffi::DataType::U32) return as(double{});
    if (from.element_count() != 1) return refuse("trimtab: a configuration value is not a scalar");
    switch (from.element_type()) {
        case ffi::DataType::F64: return as(double{});
        case ffi::DataType::F32: return as(float{});
        case ffi::DataType::S32: return as(int32_t{});
        case ffi::DataType::S64: return as(int64_t{});
        case ffi::DataType::U32: return as(uint32_t{});
        case ffi::DataType::U64: return as(uint64_t{});
        default: return refuse("trimtab: a configuration value is not an f64, an f32 or an integer of as many bits");
    }
}

// The new state as `n` structs, holding what the old one held.
template <typename State>
ffi::Error carry(const Array &old, NewArray &next, size_t n, State *&states) {
    const size_t bytes = n * sizeof(State);
    if (old.size_bytes() != bytes || next->size_bytes() != bytes) {
        return refuse("trimtab: a state has the wrong size for this call; was it initialised with other parameters?");
    }
    if (bytes > 0 && next->untyped_data() != old.untyped_data()) {
        std::memcpy(next->untyped_data(), old.untyped_data(), bytes);
    }
    states = static_cast<State *>(next->untyped_data());
    return ffi::Error::Success();
}

bool dtype_of(ffi::DataType type, uint32_t &dtype) {
    switch (type) {
        case ffi::DataType::F32: dtype = TRIMTAB_F32; return true;
        case ffi::DataType::F16: dtype = TRIMTAB_F16; return true;
        case ffi::DataType::BF16: dtype = TRIMTAB_BF16; return true;
        case ffi::DataType::F64: dtype = TRIMTAB_F64; return true;
        default: return false;
    }
}

// What every call has beside its method: attributes and the guard.
struct Common {
    const char *method;
    int32_t nonfinite;
    ffi::Span<const int32_t> roles;  // TRIMTAB_WEIGHT or TRIMTAB_BIAS, one a gradient
    std::string_view names;          // one line a gradient
    Array max_consecutive;
    Array guard;
    NewArray new_guard;
};

// The gradients of one call, and where they are to be written.
struct Gradients {
    std::vector<trimtab_tensor> tensors;
    std::vector<void *> out;

    size_t size() const { return tensors.size(); }

    ffi::Error describe(ffi::RemainingArgs in, ffi::RemainingRets results, ffi::Span<const int32_t> roles) {
        if (in.size() != roles.size() || results.size() != roles.size()) {
            return refuse("trimtab: gradients, results and roles differ in number");
        }
        for (size_t i = 0; i < in.size(); ++i) {
            const auto from = in.get<Array>(i);
            auto result = results.get<Array>(i);
            if (from.has_error()) return from.error();
            if (result.has_error()) return result.error();
            const Array &to = *result.value();
            uint32_t dtype;
            if (!dtype_of(from->element_type(), dtype) || to.element_type() != from->element_type() ||
                to.element_count() != from->element_count()) {
                return refuse("trimtab: a gradient or its result has an element type or size that cannot be");
            }
            tensors.push_back(
                TRIMTAB_TENSOR(from->untyped_data(), from->element_count(), dtype, static_cast<uint32_t>(roles[i])));
            out.push_back(to.untyped_data());
        }
        return ffi::Error::Success();
    }

    void write_zeros(ffi::RemainingRets results) const {
        for (size_t i = 0; i < size(); ++i) {
            const size_t bytes = results.get<Array>(i).value()->size_bytes();
            if (bytes > 0) std::memset(out[i], 0, bytes);
        }
    }
};

std::string line(std::string_view text, size_t number) {
    std::istringstream lines{std::string(text)};
    std::string found;
    for (size_t i = 0; i <= number; ++i) std::getline(lines, found);
    return found;
}

// `at` is the gradient that made the call fail, or TRIMTAB_NOWHERE.
ffi::Error explain(const Common &common, trimtab_status status, size_t at, const std::string &detail) {
    std::string text = std::string("trimtab.") + common.method + ": ";
    // The only state of a method has number 0, too.
    const bool known = at != TRIMTAB_NOWHERE && !(status == TRIMTAB_BAD_STATE && at == 0);
    if (known) text += "gradient " + line(common.names, at) + ": ";
    text += trimtab_status_message(status);
    if (status == TRIMTAB_NON_FINITE) text += " (nonfinite=\"skip\" or \"zero\")";
    return refuse(text + detail);
}

// The whole of a call. `method` is told the observed gradients; what `detail` says of a status is added to a refusal.
template <typename Method, typename Detail>
ffi::Error update(Common common, ffi::RemainingArgs in, ffi::RemainingRets results, Method method, Detail detail) {
    Gradients grads;
    trimtab_guard_state *guard = nullptr;
    if (auto error = grads.describe(in, results, common.roles); error.failure()) return error;
    if (auto error = carry(common.guard, common.new_guard, 1, guard); error.failure()) return error;
    double most = 0;
    if (auto error = read(common.max_consecutive, most); error.failure()) return error;
    if (!(most >= 0 && most < 9007199254740992.0 && most == std::floor(most))) {
        return refuse(std::string("trimtab.") + common.method + ": max_consecutive must be a whole number >= 0");
    }

    size_t at = TRIMTAB_NOWHERE;
    trimtab_status status = trimtab_observe_at(grads.tensors.data(), grads.size(), &at);
    if (status != TRIMTAB_OK && status != TRIMTAB_NON_FINITE) return explain(common, status, at, "");

    trimtab_guard_config config = TRIMTAB_GUARD_CONFIG_INIT;
    config.policy = common.nonfinite == kZero ? TRIMTAB_GUARD_ZERO : TRIMTAB_GUARD_SKIP_STEP;
    config.max_consecutive = static_cast<uint64_t>(most);
    const trimtab_method chain[] = {{TRIMTAB_METHOD_GUARD, 0, &config, guard, 0.0, nullptr}, method(grads)};
    const size_t first = common.nonfinite == kRaise ? 1 : 0;
    status = trimtab_decide_at(chain + first, 2 - first, grads.tensors.data(), grads.size(), nullptr, &at);
    if (status == TRIMTAB_SKIP_STEP) {
        grads.write_zeros(results);
        return ffi::Error::Success();
    }
    if (status == TRIMTAB_OK) {
        status = trimtab_apply_into_at(grads.tensors.data(), grads.out.data(), grads.size(), &at);
    }
    return status == TRIMTAB_OK ? ffi::Error::Success() : explain(common, status, at, detail(status));
}

std::string number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

// Numbers: eps, reference. With `last` >= 0 the standard deviation of that gradient takes the reference's place.
ffi::Error stable_grad(int32_t nonfinite, ffi::Span<const int32_t> roles, std::string_view names, int32_t all,
                       int64_t last, Array guard, Array max_consecutive, Array eps, Array reference,
                       ffi::RemainingArgs in, NewArray new_guard, ffi::RemainingRets results) {
    trimtab_stable_grad_config config = TRIMTAB_STABLE_GRAD_CONFIG_INIT;
    config.roles = all ? TRIMTAB_ROLES_ALL : TRIMTAB_ROLES_WEIGHTS;
    double sigma = 0;
    if (auto error = read(eps, config.eps); error.failure()) return error;
    if (auto error = read(reference, sigma); error.failure()) return error;
    const Common common{"stable_grad", nonfinite, roles, names, max_consecutive, guard, new_guard};
    const auto method = [&](const Gradients &grads) {
        if (last >= 0 && static_cast<size_t>(last) < grads.size()) {
            sigma = trimtab_moments_std(&grads.tensors[static_cast<size_t>(last)].moments);
        }
        return trimtab_method{TRIMTAB_METHOD_STABLE_GRAD, 0, &config, nullptr, sigma, nullptr};
    };
    return update(common, in, results, method, [&](trimtab_status status) -> std::string {
        if (status == TRIMTAB_BAD_REFERENCE) return " (it is " + number(sigma) + ")";
        if (status == TRIMTAB_BAD_CONFIG) return " (eps=" + number(config.eps) + ")";
        return "";
    });
}

// Numbers: gamma1, gamma2, eps. State: one trimtab_norm_state a gradient, or one for all if `global`.
ffi::Error gradient_stabilizer(int32_t nonfinite, ffi::Span<const int32_t> roles, std::string_view names,
                               int32_t global, int32_t bias_correction, Array guard, Array max_consecutive,
                               Array gamma1, Array gamma2, Array eps, Array norms, ffi::RemainingArgs in,
                               NewArray new_guard, NewArray new_norms, ffi::RemainingRets results) {
    trimtab_gradient_stabilizer_config config = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT;
    config.scope = global ? TRIMTAB_SCOPE_GLOBAL : TRIMTAB_SCOPE_TENSOR;
    config.bias_correction = bias_correction != 0;
    if (auto error = read(gamma1, config.gamma1); error.failure()) return error;
    if (auto error = read(gamma2, config.gamma2); error.failure()) return error;
    if (auto error = read(eps, config.eps); error.failure()) return error;
    trimtab_norm_state *states = nullptr;
    const size_t n = global ? 1 : in.size();
    if (auto error = carry(norms, new_norms, n, states); error.failure()) return error;
    const Common common{"gradient_stabilizer", nonfinite, roles, names, max_consecutive, guard, new_guard};
    const auto method = [&](const Gradients &) {
        return trimtab_method{TRIMTAB_METHOD_GRADIENT_STABILIZER, 0, &config, states, 0.0, nullptr};
    };
    return update(common, in, results, method, [&](trimtab_status status) -> std::string {
        if (status != TRIMTAB_BAD_CONFIG) return "";
        return " (gamma1=" + number(config.gamma1) + ", gamma2=" + number(config.gamma2) +
               ", eps=" + number(config.eps) + ")";
    });
}

// State: one trimtab_autoscale_state.
ffi::Error autoscale(int32_t nonfinite, ffi::Span<const int32_t> roles, std::string_view names, Array guard,
                     Array max_consecutive, Array scale, ffi::RemainingArgs in, NewArray new_guard,
                     NewArray new_scale, ffi::RemainingRets results) {
    trimtab_autoscale_state *state = nullptr;
    if (auto error = carry(scale, new_scale, 1, state); error.failure()) return error;
    const Common common{"autoscale", nonfinite, roles, names, max_consecutive, guard, new_guard};
    const auto method = [&](const Gradients &) {
        return trimtab_method{TRIMTAB_METHOD_AUTOSCALE, 0, nullptr, state, 0.0, nullptr};
    };
    return update(common, in, results, method, [](trimtab_status) { return std::string(); });
}

// What all handlers are bound to first.
auto attributes() {
    return ffi::Ffi::Bind()
        .Attr<int32_t>("nonfinite")
        .Attr<ffi::Span<const int32_t>>("roles")
        .Attr<std::string_view>("names");
}

}  // namespace

// The version of the interface that this file was compiled for is 0 and this; an older XLA does not start with it.
extern "C" int32_t trimtab_xla_api_minor(void) { return XLA_FFI_API_MINOR; }

XLA_FFI_DEFINE_HANDLER_SYMBOL(trimtab_xla_stable_grad, stable_grad,
                              attributes()
                                  .Attr<int32_t>("all")
                                  .Attr<int64_t>("last")
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .RemainingRets());

XLA_FFI_DEFINE_HANDLER_SYMBOL(trimtab_xla_gradient_stabilizer, gradient_stabilizer,
                              attributes()
                                  .Attr<int32_t>("global")
                                  .Attr<int32_t>("bias_correction")
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .RemainingRets());

XLA_FFI_DEFINE_HANDLER_SYMBOL(trimtab_xla_autoscale, autoscale,
                              attributes()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .RemainingRets());
