!> Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
!>
!> Constants and structs of trimtab, as `include/trimtab.h` has them.
!>
!> Programs `use trimtab`, which passes all of this on. Names are those of the header but for the roles, which would
!> have been those of the functions `trimtab_weight` and `trimtab_bias`, and for structs that this module wraps, which
!> are called `trimtab_c_...`. Unsigned integers of the header are signed here, because Fortran has no others.
!> Components have the header's defaults: a state starts at zero, and `trimtab_adam_config(lr=1e-4_real64)` sets one
!> value and leaves the rest. Where a descriptor could not be made, `dtype` or `kind` is the `stat` with which every
!> call refuses it.
module trimtab_types
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_null_ptr, c_ptr, c_size_t
    implicit none
    private

    ! The values of trimtab_status.

    !> The call succeeded.
    integer, parameter, public :: TRIMTAB_OK = 0
    !> The guard asks the caller to skip this step.
    integer, parameter, public :: TRIMTAB_SKIP_STEP = 1
    !> A required pointer is NULL.
    integer, parameter, public :: TRIMTAB_NULL_POINTER = -1
    !> An element type is unknown, or not allowed here.
    integer, parameter, public :: TRIMTAB_BAD_DTYPE = -2
    !> A configuration value, an enum value or a struct_size is out of range.
    integer, parameter, public :: TRIMTAB_BAD_CONFIG = -3
    !> The reference of StableGrad is not finite, or not > 0.
    integer, parameter, public :: TRIMTAB_BAD_REFERENCE = -4
    !> A state, moments or an affine hold values that no call can have left there.
    integer, parameter, public :: TRIMTAB_BAD_STATE = -5
    !> A gradient holds NaN, an infinity, or (double) a magnitude beyond 1e150.
    integer, parameter, public :: TRIMTAB_NON_FINITE = -6
    !> The result would not be finite in its element type, or a factor leaves the range of double: too large, or so
    !> small that it would vanish.
    integer, parameter, public :: TRIMTAB_OVERFLOW = -7
    !> The call is out of order: observe first, clip by value last.
    integer, parameter, public :: TRIMTAB_ORDER = -8
    !> The guard counted max_consecutive bad steps in a row.
    integer, parameter, public :: TRIMTAB_DIVERGED = -9
    !> This build or this machine cannot do what was asked.
    integer, parameter, public :: TRIMTAB_UNSUPPORTED = -10
    !> A pointer is not aligned to its type.
    integer, parameter, public :: TRIMTAB_MISALIGNED = -11
    !> A length is impossible, or does not match.
    integer, parameter, public :: TRIMTAB_BAD_LENGTH = -12
    !> The bytes are not a record of states.
    integer, parameter, public :: TRIMTAB_BAD_MAGIC = -13
    !> The record has a format that this library does not support.
    integer, parameter, public :: TRIMTAB_BAD_VERSION = -14
    !> The record holds states of other kinds, or in another order, than asked for.
    integer, parameter, public :: TRIMTAB_WRONG_KIND = -15
    !> The record holds more or fewer states than asked for.
    integer, parameter, public :: TRIMTAB_WRONG_COUNT = -16
    !> The record is shorter than its header says.
    integer, parameter, public :: TRIMTAB_TRUNCATED = -17
    !> The record is damaged: a checksum does not match.
    integer, parameter, public :: TRIMTAB_BAD_CHECKSUM = -18

    ! Element types. Gradients have any of them, parameters TRIMTAB_F32 or TRIMTAB_F64.

    !> IEEE binary32, float.
    integer(c_int32_t), parameter, public :: TRIMTAB_F32 = 0
    !> IEEE binary16, _Float16.
    integer(c_int32_t), parameter, public :: TRIMTAB_F16 = 1
    !> bfloat16.
    integer(c_int32_t), parameter, public :: TRIMTAB_BF16 = 2
    !> IEEE binary64, double.
    integer(c_int32_t), parameter, public :: TRIMTAB_F64 = 3

    ! The role of a tensor: many methods leave biases alone.

    !> A weight matrix or kernel.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLE_WEIGHT = 0
    !> A bias, or any other one-dimensional parameter.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLE_BIAS = 1

    ! The tensors that a method changes.

    !> Weights only.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLES_WEIGHTS = 0
    !> All tensors.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLES_ALL = 1

    ! The range over which a norm is taken.

    !> Each tensor by itself.
    integer(c_int32_t), parameter, public :: TRIMTAB_SCOPE_TENSOR = 0
    !> All tensors together.
    integer(c_int32_t), parameter, public :: TRIMTAB_SCOPE_GLOBAL = 1

    ! The action of a guard on gradients that are not finite.

    !> Return TRIMTAB_SKIP_STEP.
    integer(c_int32_t), parameter, public :: TRIMTAB_GUARD_SKIP_STEP = 0
    !> Turn the offending tensors into zeros and continue.
    integer(c_int32_t), parameter, public :: TRIMTAB_GUARD_ZERO = 1

    ! Activation functions, for trimtab_init_std.

    !> max(0, z)
    integer(c_int32_t), parameter, public :: TRIMTAB_RELU = 0
    !> tanh(z)
    integer(c_int32_t), parameter, public :: TRIMTAB_TANH = 1
    !> z / (1 + exp(-z))
    integer(c_int32_t), parameter, public :: TRIMTAB_SILU = 2
    !> z times the normal distribution function of z
    integer(c_int32_t), parameter, public :: TRIMTAB_GELU = 3
    !> sin(z)
    integer(c_int32_t), parameter, public :: TRIMTAB_SIN = 4
    !> z
    integer(c_int32_t), parameter, public :: TRIMTAB_IDENTITY = 5

    ! The methods, for trimtab_decide, and the fields of trimtab_method that each uses.

    !> number: the loss scale
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_UNSCALE = 0
    !> number: the factor
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_SCALE = 1
    !> trimtab_guard_config, trimtab_guard_state
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_GUARD = 2
    !> trimtab_stable_grad_config, number: the reference
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_STABLE_GRAD = 3
    !> trimtab_gradient_stabilizer_config, trimtab_norm_state: n or one
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_GRADIENT_STABILIZER = 4
    !> trimtab_autoscale_state
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_AUTOSCALE = 5
    !> trimtab_centralize_config
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_CENTRALIZE = 6
    !> trimtab_znorm_config
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_ZNORM = 7
    !> trimtab_clip_norm_config, number: the maximum norm
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_CLIP_NORM = 8
    !> number: the limit
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_CLIP_VALUE = 9
    !> trimtab_agc_config, input: n trimtab_moments, of the parameters
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_AGC = 10
    !> trimtab_zclip_config, trimtab_zclip_state
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_ZCLIP = 11
    !> trimtab_adagc_config, trimtab_norm_state: n
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_ADAGC = 12

    ! The type of the states in an entry of trimtab_states.

    !> trimtab_norm_state
    integer(c_int32_t), parameter, public :: TRIMTAB_STATE_NORM = 0
    !> trimtab_autoscale_state
    integer(c_int32_t), parameter, public :: TRIMTAB_STATE_AUTOSCALE = 1
    !> trimtab_zclip_state
    integer(c_int32_t), parameter, public :: TRIMTAB_STATE_ZCLIP = 2
    !> trimtab_guard_state
    integer(c_int32_t), parameter, public :: TRIMTAB_STATE_GUARD = 3
    !> trimtab_step_state
    integer(c_int32_t), parameter, public :: TRIMTAB_STATE_STEP = 4

    !> Positive infinity: no limit, no largest norm.
    real(c_double), parameter, public :: TRIMTAB_INFINITY = transfer(int(z'7FF0000000000000', c_int64_t), 0.0_c_double)

    !> Count, sum, sum of squares and largest magnitude of the elements of a tensor.
    !>
    !> Sums are accumulated in double precision in a fixed order: element i goes to lane i % 32; after every 2,048
    !> elements the lanes are added to those of the block, after 65,536 those are added pairwise (lane[i] += lane[i +
    !> width], width 16, 8, 4, 2, 1), and blocks are added in index order. The bits of the result depend on nothing
    !> else.
    !>
    !> NaN elements leave abs_max alone and make the sums NaN (always the same NaN). Infinite elements, and elements of
    !> double precision whose squares overflow, make sum_sq infinite.
    type, public, bind(c) :: trimtab_moments
        !> Number of elements.
        integer(c_int64_t) :: count = 0
        !> Sum of the elements.
        real(c_double) :: sum = 0
        !> Sum of the squares of the elements.
        real(c_double) :: sum_sq = 0
        !> Largest magnitude of the elements that are not NaN; an upper bound where a mean was subtracted without
        !> another read of the data.
        real(c_double) :: abs_max = 0
    end type

    !> The pending transformation of one gradient tensor, element by element:
    !>
    !> y = clamp((x - center) * scale, -limit, +limit)
    !>
    !> center is in units of the gradient in the buffer, limit in units of the result. All three stay in double
    !> precision until they meet the data, so a scale outside the range of the gradient's dtype still gives the
    !> correctly scaled result. A scale of 0 writes +0.0 whatever the data, NaN included: that is how Guard silences a
    !> tensor.
    type, public, bind(c) :: trimtab_affine
        !> Subtracted first; 0, or the mean of the gradient.
        real(c_double) :: center = 0
        !> Multiplied next; finite.
        real(c_double) :: scale = 1
        !> Upper bound on the magnitude of the result; +infinity for none.
        real(c_double) :: limit = TRIMTAB_INFINITY
    end type

    !> The descriptor of a gradient tensor: any contiguous range of elements that methods treat as one. Describe each
    !> row as a tensor and every method becomes row-wise.
    !>
    !> Fill in the first four fields and call trimtab_observe, which fills in the rest. The tensors of one call must not
    !> overlap.
    type, public, bind(c) :: trimtab_tensor
        !> The elements, in memory that the host can read and write; may be NULL if len is 0.
        type(c_ptr) :: data = c_null_ptr
        !> Number of elements.
        integer(c_size_t) :: len = 0
        !> Element type: TRIMTAB_F32, F16, BF16 or F64.
        integer(c_int32_t) :: dtype = TRIMTAB_F32
        !> Role: TRIMTAB_ROLE_WEIGHT or TRIMTAB_ROLE_BIAS.
        integer(c_int32_t) :: role = TRIMTAB_ROLE_WEIGHT
        !> Statistics of the elements in the buffer. You may set them yourself, streamed by trimtab_observe_chunk or
        !> merged over ranks; a count above len then marks a shard.
        type(trimtab_moments) :: moments
        !> The pending transformation, decided and not yet written. With moments of your own set it to {0, 1, INFINITY}.
        type(trimtab_affine) :: affine
    end type

    type, public, bind(c) :: trimtab_guard_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 16
        !> The action on a bad step: TRIMTAB_GUARD_SKIP_STEP (default) or TRIMTAB_GUARD_ZERO.
        integer(c_int32_t) :: policy = TRIMTAB_GUARD_SKIP_STEP
        !> Number of bad steps in a row that counts as divergence; 0 (default) for never.
        integer(c_int64_t) :: max_consecutive = 0
    end type

    !> The state of Guard; zeros before the first step.
    type, public, bind(c) :: trimtab_guard_state
        !> Number of bad steps since the last good one.
        integer(c_int64_t) :: consecutive = 0
        !> Number of all bad steps.
        integer(c_int64_t) :: total = 0
    end type

    type, public, bind(c) :: trimtab_stable_grad_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 16
        !> The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
        integer(c_int32_t) :: roles = TRIMTAB_ROLES_WEIGHTS
        !> Added to the standard deviation; finite, >= 0, default 0.
        real(c_double) :: eps = 0.0_c_double
    end type

    type, public, bind(c) :: trimtab_gradient_stabilizer_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 40
        !> One norm per tensor, TRIMTAB_SCOPE_TENSOR (default), or one of all, TRIMTAB_SCOPE_GLOBAL.
        integer(c_int32_t) :: scope = TRIMTAB_SCOPE_TENSOR
        !> Decay of the running average of the norm; in [0, 1), default 0.6.
        real(c_double) :: gamma1 = 0.6_c_double
        !> Decay of the running average of the squared norm; in [0, 1), default 0.999.
        real(c_double) :: gamma2 = 0.999_c_double
        !> Added to the root, and lower bound on the norm divided by; finite, >= 0, default 1e-12.
        real(c_double) :: eps = 1e-12_c_double
        !> 1 (default) corrects the averages for their start at 0; 0 is the algorithm box of the paper.
        integer(c_int32_t) :: bias_correction = 1
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
    end type

    !> The state of GradientStabilizer and AdaGC for one norm; zeros before the first step.
    type, public, bind(c) :: trimtab_norm_state
        !> Running average of the norm, before bias correction.
        real(c_double) :: m = 0
        !> Running average of the squared norm, before bias correction; not used by AdaGC.
        real(c_double) :: v = 0
        !> Number of gradients averaged.
        integer(c_int64_t) :: steps = 0
        !> Number of gradients of norm 0, which do not enter the averages.
        integer(c_int64_t) :: skipped = 0
    end type

    !> The state of Autoscale; zeros before the first step.
    type, public, bind(c) :: trimtab_autoscale_state
        !> Exponent of alpha, fixed at the first step with sigma > 0; in (0, 1].
        real(c_double) :: exponent = 0
        !> Global standard deviation at the last step; informative, not read.
        real(c_double) :: sigma = 0
        !> Factor of the last step; informative, not read.
        real(c_double) :: alpha = 0
        !> Number of steps with sigma > 0.
        integer(c_int64_t) :: steps = 0
    end type

    type, public, bind(c) :: trimtab_centralize_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 8
        !> The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
        integer(c_int32_t) :: roles = TRIMTAB_ROLES_WEIGHTS
    end type

    type, public, bind(c) :: trimtab_znorm_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 16
        !> The tensors changed: TRIMTAB_ROLES_WEIGHTS (default) or TRIMTAB_ROLES_ALL.
        integer(c_int32_t) :: roles = TRIMTAB_ROLES_WEIGHTS
        !> Added to the standard deviation; finite, >= 0, default 1e-8.
        real(c_double) :: eps = 1e-8_c_double
    end type

    type, public, bind(c) :: trimtab_clip_norm_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 8
        !> One norm per tensor, TRIMTAB_SCOPE_TENSOR (default), or one of all, TRIMTAB_SCOPE_GLOBAL.
        integer(c_int32_t) :: scope = TRIMTAB_SCOPE_TENSOR
    end type

    type, public, bind(c) :: trimtab_agc_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 24
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
        !> Upper bound on the ratio of gradient norm to parameter norm; finite, > 0, default 0.01.
        real(c_double) :: clipping = 0.01_c_double
        !> Lower bound on the parameter norm; finite, >= 0, default 1e-3.
        real(c_double) :: eps = 1e-3_c_double
    end type

    type, public, bind(c) :: trimtab_zclip_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 40
        !> Number of first steps that only collect norms; >= 1, default 25.
        integer(c_int32_t) :: warmup = 25
        !> Decay of the running mean and variance; in [0, 1), default 0.97.
        real(c_double) :: alpha = 0.97_c_double
        !> Threshold: a norm with a larger z-score is clipped; finite, > 0, default 2.5.
        real(c_double) :: z_max = 2.5_c_double
        !> Added to the standard deviation; finite, >= 0, default 1e-6.
        real(c_double) :: eps = 1e-6_c_double
        !> Upper bound on every norm, also during the warm-up; > 0, default +infinity.
        real(c_double) :: max_norm = TRIMTAB_INFINITY
    end type

    !> The state of Zclip; zeros before the first step.
    type, public, bind(c) :: trimtab_zclip_state
        !> Running mean of the norm.
        real(c_double) :: mean = 0
        !> Running variance of the norm.
        real(c_double) :: var = 0
        !> Number of steps.
        integer(c_int64_t) :: steps = 0
    end type

    !> A method of a chain, for trimtab_decide. Fields that its kind does not use are NULL or 0.
    type, public, bind(c) :: trimtab_c_method
        !> The method: TRIMTAB_METHOD_UNSCALE and so on.
        integer(c_int32_t) :: kind = TRIMTAB_METHOD_UNSCALE
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
        !> The configuration of the method; NULL means the defaults.
        type(c_ptr) :: config = c_null_ptr
        !> The state of the method, or its array of states; zeros before the first step.
        type(c_ptr) :: state = c_null_ptr
        !> The reference, maximum norm, limit, factor or loss scale.
        real(c_double) :: number = 0
        !> Input of the method beside the gradients: for TRIMTAB_METHOD_AGC the moments of the parameters.
        type(c_ptr) :: input = c_null_ptr
    end type

    !> AdaGC (arXiv 2502.11034, Algorithm 1), for TRIMTAB_METHOD_ADAGC: clips the norm of each gradient relative to a
    !> running average of its clipped norms. Weights and biases.
    !>
    !>     R = ||g||;   R == 0: skipped += 1, nothing else
    !>     the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
    !>                              m = min(m, h*R);   at the first step m = h*R
    !>     after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
    !>     steps += 1;   g * h
    !>
    !> n states of type trimtab_norm_state, whose v is not used.
    type, public, bind(c) :: trimtab_adagc_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 32
        !> Number of steps that are clipped by the global norm; >= 1, default 100.
        integer(c_int32_t) :: warmup = 100
        !> Maximum ratio of a norm to its running average; finite, > 0, default 1.05.
        real(c_double) :: lambda_rel = 1.05_c_double
        !> Maximum global norm during the warm-up; > 0, default 1.
        real(c_double) :: lambda_abs = 1.0_c_double
        !> Decay of the running average; in [0, 1), default 0.98.
        real(c_double) :: beta = 0.98_c_double
    end type

    type, public, bind(c) :: trimtab_sgd_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 48
        !> 1 for Nesterov's momentum, which needs momentum > 0 and dampening 0; default 0.
        integer(c_int32_t) :: nesterov = 0
        !> Learning rate; finite, default 1e-2.
        real(c_double) :: lr = 1e-2_c_double
        !> Decay of the momentum buffer; in [0, 1), default 0, which needs no buffer.
        real(c_double) :: momentum = 0.0_c_double
        !> The new gradient enters the buffer times 1 - dampening; in [0, 1], default 0.
        real(c_double) :: dampening = 0.0_c_double
        !> Coefficient of the L2 penalty, added to the gradient; finite, default 0.
        real(c_double) :: weight_decay = 0.0_c_double
        !> The parameters that decay: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
        integer(c_int32_t) :: decay_roles = TRIMTAB_ROLES_ALL
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
    end type

    !> The state of an optimizer beside its buffers; zeros before the first step.
    type, public, bind(c) :: trimtab_step_state
        !> Number of steps taken.
        integer(c_int64_t) :: steps = 0
    end type

    !> A parameter and its optimizer buffers, each with as many elements as the gradient.
    type, public, bind(c) :: trimtab_c_slot
        !> The parameter.
        type(c_ptr) :: param = c_null_ptr
        !> Adam: first moment. SGD: momentum buffer, NULL if momentum is 0. Zeros before the first step.
        type(c_ptr) :: first = c_null_ptr
        !> Adam: second moment. SGD: ignored. Zeros before the first step.
        type(c_ptr) :: second = c_null_ptr
        !> Element type of all three: TRIMTAB_F32 or TRIMTAB_F64.
        integer(c_int32_t) :: dtype = TRIMTAB_F32
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
    end type

    type, public, bind(c) :: trimtab_adam_config
        !> sizeof of this struct; the INIT macro sets it.
        integer(c_int32_t) :: struct_size = 56
        !> 1 (default) decays the parameter itself (AdamW); 0 adds the decay to the gradient (Adam).
        integer(c_int32_t) :: decoupled = 1
        !> Learning rate; finite, default 1e-3.
        real(c_double) :: lr = 1e-3_c_double
        !> Decay of the first moment; in [0, 1), default 0.9.
        real(c_double) :: beta1 = 0.9_c_double
        !> Decay of the second moment; in [0, 1), default 0.999.
        real(c_double) :: beta2 = 0.999_c_double
        !> Added to the root of the second moment; finite, >= 0, default 1e-8.
        real(c_double) :: eps = 1e-8_c_double
        !> Coefficient of the weight decay; finite, default 0.
        real(c_double) :: weight_decay = 0.0_c_double
        !> The parameters that decay: TRIMTAB_ROLES_WEIGHTS, or TRIMTAB_ROLES_ALL (default).
        integer(c_int32_t) :: decay_roles = TRIMTAB_ROLES_ALL
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
    end type

    !> An array of states of one kind, to save or to load. A run has one such entry per method and optimizer with a
    !> state.
    type, public, bind(c) :: trimtab_states
        !> The array; may be NULL if count is 0.
        type(c_ptr) :: states = c_null_ptr
        !> Number of states in the array.
        integer(c_size_t) :: count = 0
        !> Type of the states: TRIMTAB_STATE_NORM, AUTOSCALE, ZCLIP, GUARD or STEP.
        integer(c_int32_t) :: kind = TRIMTAB_STATE_NORM
        !> Must be 0.
        integer(c_int32_t) :: reserved = 0
    end type
end module
