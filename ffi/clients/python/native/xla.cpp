// The XLA custom call for the CPU: it observes, decides with any method, and writes a whole tree of gradients.
//
// Operands, in this order:
//   guard            trimtab_guard_state
//   max_consecutive  a number
//   ...              the method's numbers, as many as the attribute `places` has
//   state            the method's states, if the attribute `state_size` is not 0
//   gradients        any number of f32, f16, bf16 or f64 buffers
// Results: guard, the method's states, the gradients; each may share its operand's memory.
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

// The new states, holding what the old ones held.
ffi::Error carry(const Array &old, const Array &next, size_t bytes, void *&states) {
    if (old.size_bytes() != bytes || next.size_bytes() != bytes) {
        return refuse("trimtab: a state has the wrong size for this call; was it initialised with other parameters?");
    }
    states = next.untyped_data();
    if (bytes > 0 && states != old.untyped_data()) std::memcpy(states, old.untyped_data(), bytes);
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

// What a call is told at compile time.
struct Told {
    int32_t nonfinite;
    ffi::Span<const int32_t> roles;   // TRIMTAB_WEIGHT or TRIMTAB_BIAS, one a gradient
    std::string_view names;           // one line a gradient
    std::string_view method;
    int32_t kind;                     // TRIMTAB_METHOD_...
    ffi::Span<const int32_t> config;  // the bytes of the configuration, without its numbers
    ffi::Span<const int32_t> places;  // where each number goes: its offset in the configuration, or -1: to the method
    std::string_view fields;          // their names, one line each
    int32_t state_size;               // of one state, in bytes
    int32_t each;                     // whether each gradient has a state, or all have one
    int64_t last;                     // the gradient whose standard deviation is the method's number, or -1
};

// The gradients of one call, and where they are to be written.
struct Gradients {
    std::vector<trimtab_tensor> tensors;
    std::vector<void *> out;

    size_t size() const { return tensors.size(); }

    // Those behind the first `before` operands and the first `beside` results.
    ffi::Error describe(ffi::RemainingArgs in, size_t before, ffi::RemainingRets results, size_t beside,
                        ffi::Span<const int32_t> roles) {
        if (in.size() != before + roles.size() || results.size() != beside + roles.size()) {
            return refuse("trimtab: gradients, results and roles differ in number");
        }
        for (size_t i = 0; i < roles.size(); ++i) {
            const auto from = in.get<Array>(before + i);
            auto result = results.get<Array>(beside + i);
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

    void write_zeros(ffi::RemainingRets results, size_t beside) const {
        for (size_t i = 0; i < size(); ++i) {
            const size_t bytes = results.get<Array>(beside + i).value()->size_bytes();
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

// A method with its configuration, made of attributes and operands.
struct Method {
    std::vector<uint64_t> config;  // aligned as a configuration is
    trimtab_method method = {};
    std::string settings;  // the numbers of the configuration, for messages

    ffi::Error make(const Told &told, ffi::RemainingArgs in) {
        const size_t bytes = told.config.size() * sizeof(int32_t);
        config.resize((bytes + 7) / 8);
        if (bytes > 0) {
            std::memcpy(config.data(), told.config.begin(), bytes);
            method.config = config.data();
        }
        method.kind = static_cast<uint32_t>(told.kind);
        for (size_t i = 0; i < told.places.size(); ++i) {
            const auto operand = in.get<Array>(i);
            if (operand.has_error()) return operand.error();
            double value = 0;
            if (auto error = read(*operand, value); error.failure()) return error;
            if (auto error = put(told, i, bytes, value); error.failure()) return error;
        }
        return ffi::Error::Success();
    }

    ffi::Error put(const Told &told, size_t i, size_t bytes, double value) {
        if (told.places.begin()[i] < 0) {
            method.number = value;
            return ffi::Error::Success();
        }
        const size_t place = static_cast<size_t>(told.places.begin()[i]);
        if (place + sizeof value > bytes) return refuse("trimtab: a number lies outside of its configuration");
        std::memcpy(reinterpret_cast<char *>(config.data()) + place, &value, sizeof value);
        std::ostringstream text;
        text << (settings.empty() ? "" : ", ") << line(told.fields, i) << "=" << value;
        settings += text.str();
        return ffi::Error::Success();
    }

    // What is added to a refusal.
    std::string detail(trimtab_status status) const {
        std::ostringstream text;
        if (status == TRIMTAB_BAD_REFERENCE) text << " (it is " << method.number << ")";
        if (status == TRIMTAB_BAD_CONFIG && !settings.empty()) text << " (" << settings << ")";
        return text.str();
    }
};

// `at` is the gradient that made the call fail, or TRIMTAB_NOWHERE.
ffi::Error explain(const Told &told, trimtab_status status, size_t at, const std::string &detail) {
    std::string text = "trimtab." + std::string(told.method) + ": ";
    // The only state of a method has number 0, too.
    const bool known = at != TRIMTAB_NOWHERE && !(status == TRIMTAB_BAD_STATE && at == 0);
    if (known) text += "gradient " + line(told.names, at) + ": ";
    text += trimtab_status_message(status);
    if (status == TRIMTAB_NON_FINITE) text += " (nonfinite=\"skip\" or \"zero\")";
    return refuse(text + detail);
}

ffi::Error guarded(const Told &told, const Array &max_consecutive, trimtab_guard_config &config) {
    double most = 0;
    if (auto error = read(max_consecutive, most); error.failure()) return error;
    if (!(most >= 0 && most < 9007199254740992.0 && most == std::floor(most))) {
        return refuse("trimtab." + std::string(told.method) + ": max_consecutive must be a whole number >= 0");
    }
    config.policy = told.nonfinite == kZero ? TRIMTAB_GUARD_ZERO : TRIMTAB_GUARD_SKIP_STEP;
    config.max_consecutive = static_cast<uint64_t>(most);
    return ffi::Error::Success();
}

ffi::Error update(const Told &told, Array guard, Array max_consecutive, ffi::RemainingArgs in, NewArray new_guard,
                  ffi::RemainingRets results) {
    const size_t stateful = told.state_size > 0, before = told.places.size() + stateful;
    Gradients grads;
    Method made;
    trimtab_guard_config config = TRIMTAB_GUARD_CONFIG_INIT;
    void *guard_state = nullptr;
    if (auto error = grads.describe(in, before, results, stateful, told.roles); error.failure()) return error;
    if (auto error = carry(guard, *new_guard, sizeof(trimtab_guard_state), guard_state); error.failure()) return error;
    if (auto error = guarded(told, max_consecutive, config); error.failure()) return error;
    if (auto error = made.make(told, in); error.failure()) return error;
    if (stateful) {
        const size_t bytes = static_cast<size_t>(told.state_size) * (told.each ? grads.size() : 1);
        const auto old = in.get<Array>(before - 1);
        auto next = results.get<Array>(0);
        if (old.has_error()) return old.error();
        if (next.has_error()) return next.error();
        if (auto error = carry(*old, **next, bytes, made.method.state); error.failure()) return error;
    }

    size_t at = TRIMTAB_NOWHERE;
    trimtab_status status = trimtab_observe_at(grads.tensors.data(), grads.size(), &at);
    if (status != TRIMTAB_OK && status != TRIMTAB_NON_FINITE) return explain(told, status, at, "");

    if (told.last >= 0 && static_cast<size_t>(told.last) < grads.size()) {
        made.method.number = trimtab_moments_std(&grads.tensors[static_cast<size_t>(told.last)].moments);
    }
    const trimtab_method chain[] = {{TRIMTAB_METHOD_GUARD, 0, &config, guard_state, 0.0, nullptr}, made.method};
    const size_t first = told.nonfinite == kRaise ? 1 : 0;
    status = trimtab_decide_at(chain + first, 2 - first, grads.tensors.data(), grads.size(), nullptr, &at);
    if (status == TRIMTAB_SKIP_STEP) {
        grads.write_zeros(results, stateful);
        return ffi::Error::Success();
    }
    if (status == TRIMTAB_OK) {
        status = trimtab_apply_into_at(grads.tensors.data(), grads.out.data(), grads.size(), &at);
    }
    return status == TRIMTAB_OK ? ffi::Error::Success() : explain(told, status, at, made.detail(status));
}

using Numbers = ffi::Span<const int32_t>;

ffi::Error decide(int32_t nonfinite, Numbers roles, std::string_view names, std::string_view method, int32_t kind,
                  Numbers config, Numbers places, std::string_view fields, int32_t state_size, int32_t each,
                  int64_t last, Array guard, Array max_consecutive, ffi::RemainingArgs in, NewArray new_guard,
                  ffi::RemainingRets results) {
    const Told told{nonfinite, roles, names, method, kind, config, places, fields, state_size, each, last};
    return update(told, guard, max_consecutive, in, new_guard, results);
}

}  // namespace

// The version of the interface that this file was compiled for is 0 and this; an older XLA does not start with it.
extern "C" int32_t trimtab_xla_api_minor(void) { return XLA_FFI_API_MINOR; }

XLA_FFI_DEFINE_HANDLER_SYMBOL(trimtab_xla_decide, decide,
                              ffi::Ffi::Bind()
                                  .Attr<int32_t>("nonfinite")
                                  .Attr<Numbers>("roles")
                                  .Attr<std::string_view>("names")
                                  .Attr<std::string_view>("method")
                                  .Attr<int32_t>("kind")
                                  .Attr<Numbers>("config")
                                  .Attr<Numbers>("places")
                                  .Attr<std::string_view>("fields")
                                  .Attr<int32_t>("state_size")
                                  .Attr<int32_t>("each")
                                  .Attr<int64_t>("last")
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .RemainingRets());
