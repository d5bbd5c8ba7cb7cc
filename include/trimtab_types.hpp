// Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
// Enums and configurations of trimtab.h, and what methods remember: a part of trimtab.hpp, which includes it.
//
// Configurations are the C structs field by field, with the defaults of their INIT macros. Name what is to differ, in
// this order: {.lr = 1e-2, .weight_decay = 0.01}. Leave struct_size and reserved alone.
#ifndef TRIMTAB_TYPES_HPP
#define TRIMTAB_TYPES_HPP

#include <cstdint>

#include "trimtab.h"

namespace trimtab {
/// The values of trimtab_status.
enum class status : std::int32_t {
    /// Done.
    ok = TRIMTAB_OK,
    /// The guard asks the caller to skip this step.
    skip_step = TRIMTAB_SKIP_STEP,
    /// A pointer is NULL that must not be.
    null_pointer = TRIMTAB_NULL_POINTER,
    /// An element type is unknown or not allowed here.
    bad_dtype = TRIMTAB_BAD_DTYPE,
    /// A configuration value, an enum value or a struct_size is out of range.
    bad_config = TRIMTAB_BAD_CONFIG,
    /// StableGrad's reference is not finite and > 0.
    bad_reference = TRIMTAB_BAD_REFERENCE,
    /// A state, moments or an affine hold what no call can have left there.
    bad_state = TRIMTAB_BAD_STATE,
    /// A gradient holds NaN, infinity, or (f64) a magnitude beyond 1e150.
    non_finite = TRIMTAB_NON_FINITE,
    /// The result would not be finite in the type it is written to, or a factor leaves the range of double at either
    /// end.
    overflow = TRIMTAB_OVERFLOW,
    /// Calls came in an order that cannot work: observe first, clip by value last.
    order = TRIMTAB_ORDER,
    /// The guard saw max_consecutive bad steps in a row.
    diverged = TRIMTAB_DIVERGED,
    /// This build cannot do that.
    unsupported = TRIMTAB_UNSUPPORTED,
    /// A pointer is not aligned to its type.
    misaligned = TRIMTAB_MISALIGNED,
    /// A length cannot exist, or does not match.
    bad_length = TRIMTAB_BAD_LENGTH,
    /// These bytes are no saved states.
    bad_magic = TRIMTAB_BAD_MAGIC,
    /// States were saved in a format that this library does not know.
    bad_version = TRIMTAB_BAD_VERSION,
    /// Saved states are of other kinds, or in another order, than those to be loaded.
    wrong_kind = TRIMTAB_WRONG_KIND,
    /// More or fewer states were saved than are to be loaded.
    wrong_count = TRIMTAB_WRONG_COUNT,
    /// Saved states end too early.
    truncated = TRIMTAB_TRUNCATED,
    /// Saved states have been damaged.
    bad_checksum = TRIMTAB_BAD_CHECKSUM,
};

/// Element types. Gradients have any of them, parameters TRIMTAB_F32 or TRIMTAB_F64.
enum class dtype : std::uint32_t {
    /// IEEE binary32, float.
    f32 = TRIMTAB_F32,
    /// IEEE binary16, _Float16.
    f16 = TRIMTAB_F16,
    /// bfloat16.
    bf16 = TRIMTAB_BF16,
    /// IEEE binary64, double.
    f64 = TRIMTAB_F64,
    /// That of no tensor.
    unknown = 0xffff'ffff,
};

/// Which tensors a method changes.
enum class roles : std::uint32_t {
    /// Weights only.
    weights = TRIMTAB_ROLES_WEIGHTS,
    /// All tensors.
    all = TRIMTAB_ROLES_ALL,
};

/// Over what a norm is taken.
enum class scope : std::uint32_t {
    /// Each tensor by itself.
    tensor = TRIMTAB_SCOPE_TENSOR,
    /// All tensors together.
    global = TRIMTAB_SCOPE_GLOBAL,
};

/// What a guard does about gradients that are not finite.
enum class guard_policy : std::uint32_t {
    /// Return TRIMTAB_SKIP_STEP.
    skip_step = TRIMTAB_GUARD_SKIP_STEP,
    /// Turn the offending tensors into zeros and go on.
    zero = TRIMTAB_GUARD_ZERO,
};

/// Activation functions, for trimtab_init_std.
enum class activation : std::uint32_t {
    /// max(0, z)
    relu = TRIMTAB_RELU,
    /// tanh(z)
    tanh = TRIMTAB_TANH,
    /// z / (1 + exp(-z))
    silu = TRIMTAB_SILU,
    /// z times the normal distribution function of z
    gelu = TRIMTAB_GELU,
    /// sin(z)
    sin = TRIMTAB_SIN,
    /// z
    identity = TRIMTAB_IDENTITY,
};

/// For guard.
struct guard_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_guard_config);
    /// TRIMTAB_GUARD_SKIP_STEP (default) or TRIMTAB_GUARD_ZERO.
    trimtab::guard_policy policy = trimtab::guard_policy::skip_step;
    /// How many bad steps in a row mean that the run has diverged; 0 (default): never.
    std::uint64_t max_consecutive = 0;
};

/// For stable_grad.
struct stable_grad_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_stable_grad_config);
    /// TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    trimtab::roles roles = trimtab::roles::weights;
    /// Added to the standard deviation; finite, >= 0, default 0.
    double eps = 0.0;
};

/// For gradient_stabilizer.
struct gradient_stabilizer_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_gradient_stabilizer_config);
    /// TRIMTAB_SCOPE_TENSOR (default) or TRIMTAB_SCOPE_GLOBAL.
    trimtab::scope scope = trimtab::scope::tensor;
    /// Weight of the past in the running norm; in [0, 1), default 0.6.
    double gamma1 = 0.6;
    /// Weight of the past in the running squared norm; in [0, 1), default 0.999.
    double gamma2 = 0.999;
    /// Added to the root, and the smallest norm divided by; finite, >= 0, default 1e-12.
    double eps = 1e-12;
    /// 1 (default): averages are corrected for starting at 0. 0: the paper's own box.
    std::uint32_t bias_correction = 1;
    /// Set to 0.
    std::uint32_t reserved = 0;
};

/// For znorm.
struct znorm_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_znorm_config);
    /// TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    trimtab::roles roles = trimtab::roles::weights;
    /// Added to the standard deviation; finite, >= 0, default 1e-8.
    double eps = 1e-8;
};

/// For agc.
struct agc_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_agc_config);
    /// Set to 0.
    std::uint32_t reserved = 0;
    /// Largest ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
    double clipping = 0.01;
    /// Smallest parameter norm reckoned with; finite, >= 0, default 1e-3.
    double eps = 1e-3;
};

/// For zclip.
struct zclip_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_zclip_config);
    /// Number of steps that only collect norms; >= 1, default 25.
    std::uint32_t warmup = 25;
    /// Weight of the past in the running mean and variance; in [0, 1), default 0.97.
    double alpha = 0.97;
    /// The z-score that is clipped; finite, > 0, default 2.5.
    double z_max = 2.5;
    /// Added to the standard deviation; finite, >= 0, default 1e-6.
    double eps = 1e-6;
    /// The largest norm ever let through; > 0, default +infinity.
    double max_norm = TRIMTAB_INFINITY;
};

/// For sgd.
struct sgd_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_sgd_config);
    /// 1: look ahead along the momentum, which must not be 0, without dampening; default 0.
    std::uint32_t nesterov = 0;
    /// Learning rate; finite, default 1e-2.
    double lr = 1e-2;
    /// Weight of the past in the momentum buffer; in [0, 1), default 0: no buffer is needed.
    double momentum = 0.0;
    /// How much less of the new gradient enters the buffer; in [0, 1], default 0.
    double dampening = 0.0;
    /// L2 penalty, added to the gradient; finite, default 0.
    double weight_decay = 0.0;
    /// What the decay is for: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    trimtab::roles decay_roles = trimtab::roles::all;
    /// Set to 0.
    std::uint32_t reserved = 0;
};

/// For adam.
struct adam_config {
    /// sizeof of this struct.
    std::uint32_t struct_size = sizeof(trimtab_adam_config);
    /// 1 (default): the decay shrinks the parameter, AdamW. 0: it is added to the gradient.
    std::uint32_t decoupled = 1;
    /// Learning rate; finite, default 1e-3.
    double lr = 1e-3;
    /// Weight of the past in the first moment; in [0, 1), default 0.9.
    double beta1 = 0.9;
    /// Weight of the past in the second moment; in [0, 1), default 0.999.
    double beta2 = 0.999;
    /// Added to the root of the second moment; finite, >= 0, default 1e-8.
    double eps = 1e-8;
    /// Weight decay; finite, default 0.
    double weight_decay = 0.0;
    /// What the decay is for: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    trimtab::roles decay_roles = trimtab::roles::all;
    /// Set to 0.
    std::uint32_t reserved = 0;
};

/// A C struct that holds zeros from its constructor on: see trimtab.hpp.
template <class C, int state_kind = -1>
struct zeroed;
/// What Guard remembers; zero before the first step.
using guard_state = zeroed<trimtab_guard_state, TRIMTAB_STATE_GUARD>;
/// What GradientStabilizer remembers of one norm; zero before the first step.
using norm_state = zeroed<trimtab_norm_state, TRIMTAB_STATE_NORM>;
/// What Autoscale remembers; zero before the first step.
using autoscale_state = zeroed<trimtab_autoscale_state, TRIMTAB_STATE_AUTOSCALE>;
/// What Zclip remembers; zero before the first step.
using zclip_state = zeroed<trimtab_zclip_state, TRIMTAB_STATE_ZCLIP>;
/// What an optimizer remembers beside its buffers; zero before the first step.
using step_state = zeroed<trimtab_step_state, TRIMTAB_STATE_STEP>;
}  // namespace trimtab

#endif  // TRIMTAB_TYPES_HPP
