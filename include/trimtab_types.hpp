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
    /// The call succeeded.
    ok = TRIMTAB_OK,
    /// The guard asks the caller to skip this step.
    skip_step = TRIMTAB_SKIP_STEP,
    /// A required pointer is NULL.
    null_pointer = TRIMTAB_NULL_POINTER,
    /// An element type is unknown, or not allowed here.
    bad_dtype = TRIMTAB_BAD_DTYPE,
    /// A configuration value, an enum value or a struct_size is out of range.
    bad_config = TRIMTAB_BAD_CONFIG,
    /// The reference of StableGrad is not finite, or not > 0.
    bad_reference = TRIMTAB_BAD_REFERENCE,
    /// A state, moments or an affine hold values that no call can have left there.
    bad_state = TRIMTAB_BAD_STATE,
    /// A gradient holds NaN, an infinity, or (double) a magnitude beyond 1e150.
    non_finite = TRIMTAB_NON_FINITE,
    /// The result would not be finite in its element type, or a factor leaves the range of double: too large, or so
    /// small that it would vanish.
    overflow = TRIMTAB_OVERFLOW,
    /// The call is out of order: observe first, clip by value last.
    order = TRIMTAB_ORDER,
    /// The guard counted max_consecutive bad steps in a row.
    diverged = TRIMTAB_DIVERGED,
    /// This build or this machine cannot do what was asked.
    unsupported = TRIMTAB_UNSUPPORTED,
    /// A pointer is not aligned to its type.
    misaligned = TRIMTAB_MISALIGNED,
    /// A length is impossible, or does not match.
    bad_length = TRIMTAB_BAD_LENGTH,
    /// The bytes are not a record of states.
    bad_magic = TRIMTAB_BAD_MAGIC,
    /// The record has a format that this library does not support.
    bad_version = TRIMTAB_BAD_VERSION,
    /// The record holds states of other kinds, or in another order, than asked for.
    wrong_kind = TRIMTAB_WRONG_KIND,
    /// The record holds more or fewer states than asked for.
    wrong_count = TRIMTAB_WRONG_COUNT,
    /// The record is shorter than its header says.
    truncated = TRIMTAB_TRUNCATED,
    /// The record is damaged: a checksum does not match.
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

/// The tensors that a method changes.
enum class roles : std::uint32_t {
    /// Weights only.
    weights = TRIMTAB_ROLES_WEIGHTS,
    /// All tensors.
    all = TRIMTAB_ROLES_ALL,
};

/// The range over which a norm is taken.
enum class scope : std::uint32_t {
    /// Each tensor by itself.
    tensor = TRIMTAB_SCOPE_TENSOR,
    /// All tensors together.
    global = TRIMTAB_SCOPE_GLOBAL,
};

/// The action of a guard on gradients that are not finite.
enum class guard_policy : std::uint32_t {
    /// Return TRIMTAB_SKIP_STEP.
    skip_step = TRIMTAB_GUARD_SKIP_STEP,
    /// Turn the offending tensors into zeros and continue.
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
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_guard_config);
    /// The action on a bad step: TRIMTAB_GUARD_SKIP_STEP (default) or TRIMTAB_GUARD_ZERO.
    trimtab::guard_policy policy = trimtab::guard_policy::skip_step;
    /// Number of bad steps in a row that counts as divergence; 0 (default) for never.
    std::uint64_t max_consecutive = 0;
};

/// For stable_grad.
struct stable_grad_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_stable_grad_config);
    /// The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    trimtab::roles roles = trimtab::roles::weights;
    /// Added to the standard deviation; finite, >= 0, default 0.
    double eps = 0.0;
};

/// For gradient_stabilizer.
struct gradient_stabilizer_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_gradient_stabilizer_config);
    /// One norm per tensor, TRIMTAB_SCOPE_TENSOR (default), or one of all, TRIMTAB_SCOPE_GLOBAL.
    trimtab::scope scope = trimtab::scope::tensor;
    /// Decay of the running average of the norm; in [0, 1), default 0.6.
    double gamma1 = 0.6;
    /// Decay of the running average of the squared norm; in [0, 1), default 0.999.
    double gamma2 = 0.999;
    /// Added to the root, and lower bound on the norm divided by; finite, >= 0, default 1e-12.
    double eps = 1e-12;
    /// 1 (default) corrects the averages for their start at 0; 0 is the algorithm box of the paper.
    std::uint32_t bias_correction = 1;
    /// Must be 0.
    std::uint32_t reserved = 0;
};

/// For znorm.
struct znorm_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_znorm_config);
    /// The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
    trimtab::roles roles = trimtab::roles::weights;
    /// Added to the standard deviation; finite, >= 0, default 1e-8.
    double eps = 1e-8;
};

/// For agc.
struct agc_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_agc_config);
    /// Must be 0.
    std::uint32_t reserved = 0;
    /// Upper bound on the ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
    double clipping = 0.01;
    /// Lower bound on the parameter norm; finite, >= 0, default 1e-3.
    double eps = 1e-3;
};

/// For zclip.
struct zclip_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_zclip_config);
    /// Number of first steps that only collect norms; >= 1, default 25.
    std::uint32_t warmup = 25;
    /// Decay of the running mean and variance; in [0, 1), default 0.97.
    double alpha = 0.97;
    /// Threshold: a norm with a larger z-score is clipped; finite, > 0, default 2.5.
    double z_max = 2.5;
    /// Added to the standard deviation; finite, >= 0, default 1e-6.
    double eps = 1e-6;
    /// Upper bound on every norm, also during the warm-up; > 0, default +infinity.
    double max_norm = TRIMTAB_INFINITY;
};

/// For adagc. AdaGC (arXiv 2502.11034, Algorithm 1), for TRIMTAB_METHOD_ADAGC: clips the norm of each gradient relative
/// to a running average of its clipped norms. Weights and biases.
///
///     R = ||g||;   R == 0: skipped += 1, nothing else
///     the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
///                              m = min(m, h*R);   at the first step m = h*R
///     after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
///     steps += 1;   g * h
///
/// n states of type trimtab_norm_state, whose v is not used.
struct adagc_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_adagc_config);
    /// Number of steps that are clipped by the global norm; >= 1, default 100.
    std::uint32_t warmup = 100;
    /// Maximum ratio of a norm to its running average; finite, > 0, default 1.05.
    double lambda_rel = 1.05;
    /// Maximum global norm during the warm-up; > 0, default 1.
    double lambda_abs = 1.0;
    /// Decay of the running average; in [0, 1), default 0.98.
    double beta = 0.98;
};

/// For sgd.
struct sgd_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_sgd_config);
    /// 1 for Nesterov's momentum, which needs momentum > 0 and dampening 0; default 0.
    std::uint32_t nesterov = 0;
    /// Learning rate; finite, default 1e-2.
    double lr = 1e-2;
    /// Decay of the momentum buffer; in [0, 1), default 0, which needs no buffer.
    double momentum = 0.0;
    /// The new gradient enters the buffer times 1 - dampening; in [0, 1], default 0.
    double dampening = 0.0;
    /// Coefficient of the L2 penalty, added to the gradient; finite, default 0.
    double weight_decay = 0.0;
    /// The parameters that decay: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    trimtab::roles decay_roles = trimtab::roles::all;
    /// Must be 0.
    std::uint32_t reserved = 0;
};

/// For adam.
struct adam_config {
    /// sizeof of this struct; the INIT macro sets it.
    std::uint32_t struct_size = sizeof(trimtab_adam_config);
    /// 1 (default) decays the parameter itself (AdamW); 0 adds the decay to the gradient (Adam).
    std::uint32_t decoupled = 1;
    /// Learning rate; finite, default 1e-3.
    double lr = 1e-3;
    /// Decay of the first moment; in [0, 1), default 0.9.
    double beta1 = 0.9;
    /// Decay of the second moment; in [0, 1), default 0.999.
    double beta2 = 0.999;
    /// Added to the root of the second moment; finite, >= 0, default 1e-8.
    double eps = 1e-8;
    /// Coefficient of the weight decay; finite, default 0.
    double weight_decay = 0.0;
    /// The parameters that decay: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
    trimtab::roles decay_roles = trimtab::roles::all;
    /// Must be 0.
    std::uint32_t reserved = 0;
};

/// A C struct that holds zeros from its constructor on: see trimtab.hpp.
template <class C, int state_kind = -1>
struct zeroed;
/// The state of Guard; zeros before the first step.
using guard_state = zeroed<trimtab_guard_state, TRIMTAB_STATE_GUARD>;
/// The state of GradientStabilizer and AdaGC for one norm; zeros before the first step.
using norm_state = zeroed<trimtab_norm_state, TRIMTAB_STATE_NORM>;
/// The state of Autoscale; zeros before the first step.
using autoscale_state = zeroed<trimtab_autoscale_state, TRIMTAB_STATE_AUTOSCALE>;
/// The state of Zclip; zeros before the first step.
using zclip_state = zeroed<trimtab_zclip_state, TRIMTAB_STATE_ZCLIP>;
/// The state of an optimizer beside its buffers; zeros before the first step.
using step_state = zeroed<trimtab_step_state, TRIMTAB_STATE_STEP>;
}  // namespace trimtab

#endif  // TRIMTAB_TYPES_HPP
