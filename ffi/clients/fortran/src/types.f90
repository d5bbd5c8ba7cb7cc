!> Constants and structs of trimtab, as `include/trimtab.h` has them.
!>
!> Programs `use trimtab`, which passes all of this on. Names are those of the header but for the roles, which would
!> have been those of the functions `trimtab_weight` and `trimtab_bias`. Unsigned integers of the header are signed
!> here, because Fortran has no others. Components have the header's defaults: a state starts at zero, and
!> `trimtab_adam_config(lr=1e-4_real64)` sets one value and leaves the rest.
module trimtab_types
    use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_null_ptr, c_ptr, c_size_t
    implicit none
    private

    ! What `stat` is set to. Negative: the call was refused, and nothing was changed.

    !> Done.
    integer, parameter, public :: TRIMTAB_OK = 0
    !> The guard asks the caller to skip this step.
    integer, parameter, public :: TRIMTAB_SKIP_STEP = 1
    !> An array that this call needs is not there: a slot without the momentum buffer.
    integer, parameter, public :: TRIMTAB_NULL_POINTER = -1
    !> An element type is unknown or not allowed here.
    integer, parameter, public :: TRIMTAB_BAD_DTYPE = -2
    !> A configuration value, a constant or a `struct_size` is out of range.
    integer, parameter, public :: TRIMTAB_BAD_CONFIG = -3
    !> StableGrad's reference is not finite and > 0.
    integer, parameter, public :: TRIMTAB_BAD_REFERENCE = -4
    !> A state, moments or an affine hold what no call can have left there.
    integer, parameter, public :: TRIMTAB_BAD_STATE = -5
    !> A gradient holds NaN, infinity, or (real64) a magnitude beyond 1e150.
    integer, parameter, public :: TRIMTAB_NON_FINITE = -6
    !> The result would not be finite in the type it is written to.
    integer, parameter, public :: TRIMTAB_OVERFLOW = -7
    !> Calls came in an order that cannot work: observe first, clip by value last.
    integer, parameter, public :: TRIMTAB_ORDER = -8
    !> The guard saw `max_consecutive` bad steps in a row.
    integer, parameter, public :: TRIMTAB_DIVERGED = -9
    !> This build cannot do that.
    integer, parameter, public :: TRIMTAB_UNSUPPORTED = -10
    !> A pointer is not aligned to its type; arrays of Fortran always are.
    integer, parameter, public :: TRIMTAB_MISALIGNED = -11
    !> Arrays that belong together differ in size, or the size of one is unknown.
    integer, parameter, public :: TRIMTAB_BAD_LENGTH = -12
    !> These bytes are no saved states.
    integer, parameter, public :: TRIMTAB_BAD_MAGIC = -13
    !> States were saved in a format that this library does not know.
    integer, parameter, public :: TRIMTAB_BAD_VERSION = -14
    !> Saved states are of other kinds, or in another order, than those to be loaded.
    integer, parameter, public :: TRIMTAB_WRONG_KIND = -15
    !> More or fewer states were saved than are to be loaded.
    integer, parameter, public :: TRIMTAB_WRONG_COUNT = -16
    !> Saved states end too early.
    integer, parameter, public :: TRIMTAB_TRUNCATED = -17
    !> Saved states have been damaged.
    integer, parameter, public :: TRIMTAB_BAD_CHECKSUM = -18
    !> An array that was to be described is not contiguous. Of this module; the C library has no such status.
    integer, parameter, public :: TRIMTAB_NOT_CONTIGUOUS = -100

    !> What `at` and `refused` are set to where no single tensor, or no method, made a call fail.
    integer, parameter, public :: TRIMTAB_NOWHERE = 0

    ! Element types. Gradients have any of them, parameters TRIMTAB_F32 or TRIMTAB_F64.

    !> IEEE binary32, real32.
    integer(c_int32_t), parameter, public :: TRIMTAB_F32 = 0
    !> IEEE binary16, in an array of int16.
    integer(c_int32_t), parameter, public :: TRIMTAB_F16 = 1
    !> bfloat16, in an array of int16.
    integer(c_int32_t), parameter, public :: TRIMTAB_BF16 = 2
    !> IEEE binary64, real64.
    integer(c_int32_t), parameter, public :: TRIMTAB_F64 = 3

    ! What a tensor is: `TRIMTAB_WEIGHT` and `TRIMTAB_BIAS` in C.

    !> A weight matrix or kernel.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLE_WEIGHT = 0
    !> A bias, or any other one-dimensional parameter.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLE_BIAS = 1

    ! Which tensors a method changes.

    !> Weights only.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLES_WEIGHTS = 0
    !> All tensors.
    integer(c_int32_t), parameter, public :: TRIMTAB_ROLES_ALL = 1

    ! Over what a norm is taken.

    !> Each tensor by itself.
    integer(c_int32_t), parameter, public :: TRIMTAB_SCOPE_TENSOR = 0
    !> All tensors together.
    integer(c_int32_t), parameter, public :: TRIMTAB_SCOPE_GLOBAL = 1

    ! What a guard does about gradients that are not finite.

    !> `stat` becomes `TRIMTAB_SKIP_STEP`.
    integer(c_int32_t), parameter, public :: TRIMTAB_GUARD_SKIP_STEP = 0
    !> The offending tensors become zeros, and the step goes on.
    integer(c_int32_t), parameter, public :: TRIMTAB_GUARD_ZERO = 1

    ! Which states an entry of type trimtab_states is about.

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

    ! The methods, which `trimtab_guard_method` and its kind name in a chain.

    !> trimtab_unscale
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_UNSCALE = 0
    !> trimtab_scale
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_SCALE = 1
    !> trimtab_guard
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_GUARD = 2
    !> trimtab_stable_grad
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_STABLE_GRAD = 3
    !> trimtab_gradient_stabilizer
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_GRADIENT_STABILIZER = 4
    !> trimtab_autoscale
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_AUTOSCALE = 5
    !> trimtab_centralize
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_CENTRALIZE = 6
    !> trimtab_znorm
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_ZNORM = 7
    !> trimtab_clip_norm
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_CLIP_NORM = 8
    !> trimtab_clip_value
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_CLIP_VALUE = 9
    !> trimtab_agc
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_AGC = 10
    !> trimtab_zclip
    integer(c_int32_t), parameter, public :: TRIMTAB_METHOD_ZCLIP = 11

    ! Activation functions, for `trimtab_init_std`.

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

    !> Positive infinity: no limit, no largest norm.
    real(c_double), parameter, public :: TRIMTAB_INFINITY = transfer(int(z'7FF0000000000000', c_int64_t), 0.0_c_double)

    !> Count, sum, sum of squares and largest magnitude of the elements of a tensor; zeros for no elements.
    !>
    !> Sums are accumulated in double precision in a fixed order. `sum_sq` is finite if and only if every element is.
    type, public, bind(c) :: trimtab_moments
        integer(c_int64_t) :: count = 0    !! Number of elements
        real(c_double) :: sum = 0          !! Sum of the elements
        real(c_double) :: sum_sq = 0       !! Sum of the squares of the elements
        real(c_double) :: abs_max = 0      !! Largest magnitude; an upper bound once a mean is to be subtracted
    end type

    !> What has been decided and not yet written, element by element:
    !> y = clamp((x - center) * scale, -limit, +limit)
    type, public, bind(c) :: trimtab_affine
        real(c_double) :: center = 0                   !! Subtracted first, in units of the gradient
        real(c_double) :: scale = 1                    !! Multiplied next; 0 writes +0.0 whatever the data
        real(c_double) :: limit = TRIMTAB_INFINITY     !! Bound of the magnitude of the result
    end type

    !> A gradient tensor: any contiguous array that is to be treated as one. Made by `trimtab_weight` and
    !> `trimtab_bias`; `trimtab_observe` fills in moments and affine.
    !>
    !> You may set the moments yourself, streamed by `trimtab_observe_chunk` or merged over images and ranks: a count
    !> above `len` then means that this is a shard. Set the affine to `trimtab_affine()` with them.
    type, public, bind(c) :: trimtab_tensor
        type(c_ptr) :: data = c_null_ptr                   !! The elements
        integer(c_size_t) :: len = 0                       !! Number of elements
        integer(c_int32_t) :: dtype = TRIMTAB_F32          !! `TRIMTAB_F32`, `F16`, `BF16` or `F64`; negative: the
                                                           !! `stat` with which every call refuses this descriptor
        integer(c_int32_t) :: role = TRIMTAB_ROLE_WEIGHT   !! `TRIMTAB_ROLE_WEIGHT` or `TRIMTAB_ROLE_BIAS`
        type(trimtab_moments) :: moments                   !! Of what lies in the array
        type(trimtab_affine) :: affine                     !! What has been decided and not yet written
    end type

    !> A parameter and its optimizer's buffers, as the C library takes it.
    type, public, bind(c) :: trimtab_c_slot
        type(c_ptr) :: param = c_null_ptr            !! The parameter
        type(c_ptr) :: first = c_null_ptr            !! Adam: first moment. SGD: momentum buffer
        type(c_ptr) :: second = c_null_ptr           !! Adam: second moment
        integer(c_int32_t) :: dtype = TRIMTAB_F32    !! `TRIMTAB_F32` or `TRIMTAB_F64`; negative as in a tensor
        integer(c_int32_t) :: reserved = 0           !! 0
    end type

    !> A parameter and what the optimizer remembers of it. Made by `trimtab_adam_slot` and `trimtab_sgd_slot`.
    !>
    !> Knows its length, so that a step can refuse a slot that does not fit its gradient.
    type, public :: trimtab_slot
        type(trimtab_c_slot) :: c              !! The C struct `trimtab_slot`
        integer(c_size_t) :: len = 0           !! Number of elements of the parameter and of each buffer
    end type

    !> For `trimtab_guard`.
    type, public, bind(c) :: trimtab_guard_config
        integer(c_int32_t) :: struct_size = 16                    !! Size of this type in bytes
        integer(c_int32_t) :: policy = TRIMTAB_GUARD_SKIP_STEP    !! `TRIMTAB_GUARD_SKIP_STEP` or `TRIMTAB_GUARD_ZERO`
        integer(c_int64_t) :: max_consecutive = 0                 !! Bad steps in a row that mean divergence; 0: never
    end type

    !> What the guard remembers; zero before the first step.
    type, public, bind(c) :: trimtab_guard_state
        integer(c_int64_t) :: consecutive = 0    !! Bad steps since the last good one
        integer(c_int64_t) :: total = 0          !! Bad steps in all
    end type

    !> For `trimtab_stable_grad`.
    type, public, bind(c) :: trimtab_stable_grad_config
        integer(c_int32_t) :: struct_size = 16                 !! Size of this type in bytes
        integer(c_int32_t) :: roles = TRIMTAB_ROLES_WEIGHTS    !! `TRIMTAB_ROLES_WEIGHTS` or `TRIMTAB_ROLES_ALL`
        real(c_double) :: eps = 0                              !! Added to the standard deviation; finite, >= 0
    end type

    !> For `trimtab_gradient_stabilizer`.
    type, public, bind(c) :: trimtab_gradient_stabilizer_config
        integer(c_int32_t) :: struct_size = 40                !! Size of this type in bytes
        integer(c_int32_t) :: scope = TRIMTAB_SCOPE_TENSOR    !! `TRIMTAB_SCOPE_TENSOR` or `TRIMTAB_SCOPE_GLOBAL`
        real(c_double) :: gamma1 = 0.6_c_double               !! Weight of the past in the running norm; in [0, 1)
        real(c_double) :: gamma2 = 0.999_c_double             !! The same for the squared norm; in [0, 1)
        real(c_double) :: eps = 1e-12_c_double                !! Added to the root; smallest norm divided by; >= 0
        integer(c_int32_t) :: bias_correction = 1             !! 1: averages are corrected for starting at 0. 0: not
        integer(c_int32_t) :: reserved = 0                    !! 0
    end type

    !> What GradientStabilizer remembers of one norm; zero before the first step.
    type, public, bind(c) :: trimtab_norm_state
        real(c_double) :: m = 0              !! Running average of the norm, before bias correction
        real(c_double) :: v = 0              !! Running average of the squared norm, before bias correction
        integer(c_int64_t) :: steps = 0      !! Number of gradients averaged
        integer(c_int64_t) :: skipped = 0    !! Number of gradients of norm 0, which are not averaged
    end type

    !> What autoscale remembers; zero before the first step.
    type, public, bind(c) :: trimtab_autoscale_state
        real(c_double) :: exponent = 0     !! Fixed at the first step with sigma > 0; in (0, 1]
        real(c_double) :: sigma = 0        !! Global standard deviation at the last step; for looking at
        real(c_double) :: alpha = 0        !! Factor of the last step; for looking at
        integer(c_int64_t) :: steps = 0    !! Number of steps with sigma > 0
    end type

    !> For `trimtab_znorm`.
    type, public, bind(c) :: trimtab_znorm_config
        integer(c_int32_t) :: struct_size = 16                 !! Size of this type in bytes
        integer(c_int32_t) :: roles = TRIMTAB_ROLES_WEIGHTS    !! `TRIMTAB_ROLES_WEIGHTS` or `TRIMTAB_ROLES_ALL`
        real(c_double) :: eps = 1e-8_c_double                  !! Added to the standard deviation; finite, >= 0
    end type

    !> For `trimtab_agc`.
    type, public, bind(c) :: trimtab_agc_config
        integer(c_int32_t) :: struct_size = 24         !! Size of this type in bytes
        integer(c_int32_t) :: reserved = 0             !! 0
        real(c_double) :: clipping = 0.01_c_double     !! Largest ratio of gradient norm to parameter norm; > 0
        real(c_double) :: eps = 1e-3_c_double          !! Smallest parameter norm reckoned with; finite, >= 0
    end type

    !> For `trimtab_zclip`.
    type, public, bind(c) :: trimtab_zclip_config
        integer(c_int32_t) :: struct_size = 40             !! Size of this type in bytes
        integer(c_int32_t) :: warmup = 25                  !! Number of steps that only collect norms; >= 1
        real(c_double) :: alpha = 0.97_c_double            !! Weight of the past in mean and variance; in [0, 1)
        real(c_double) :: z_max = 2.5_c_double             !! The z-score that is clipped; finite, > 0
        real(c_double) :: eps = 1e-6_c_double              !! Added to the standard deviation; finite, >= 0
        real(c_double) :: max_norm = TRIMTAB_INFINITY      !! The largest norm ever let through; > 0
    end type

    !> What ZClip remembers; zero before the first step.
    type, public, bind(c) :: trimtab_zclip_state
        real(c_double) :: mean = 0         !! Running mean of the norm
        real(c_double) :: var = 0          !! Running variance of the norm
        integer(c_int64_t) :: steps = 0    !! Number of steps
    end type

    !> What `trimtab_centralize_method` makes of its argument.
    type, public, bind(c) :: trimtab_centralize_config
        integer(c_int32_t) :: struct_size = 8                  !! Size of this type in bytes
        integer(c_int32_t) :: roles = TRIMTAB_ROLES_WEIGHTS    !! `TRIMTAB_ROLES_WEIGHTS` or `TRIMTAB_ROLES_ALL`
    end type

    !> What `trimtab_clip_norm_method` makes of its argument.
    type, public, bind(c) :: trimtab_clip_norm_config
        integer(c_int32_t) :: struct_size = 8                 !! Size of this type in bytes
        integer(c_int32_t) :: scope = TRIMTAB_SCOPE_TENSOR    !! `TRIMTAB_SCOPE_TENSOR` or `TRIMTAB_SCOPE_GLOBAL`
    end type

    !> A method of a chain, as the C library takes it.
    type, public, bind(c) :: trimtab_c_method
        integer(c_int32_t) :: kind = TRIMTAB_METHOD_UNSCALE    !! `TRIMTAB_METHOD_UNSCALE` to `ZCLIP`; negative as in a
                                                               !! tensor
        integer(c_int32_t) :: reserved = 0                     !! 0
        type(c_ptr) :: config = c_null_ptr                     !! Filled in by `trimtab_decide`
        type(c_ptr) :: state = c_null_ptr                      !! Its state, or states
        real(c_double) :: number = 0                           !! Reference, largest norm, limit, factor or loss scale
        type(c_ptr) :: input = c_null_ptr                      !! What it reads beside the gradients
    end type

    !> A method of a chain, for `trimtab_decide`. Made by `trimtab_guard_method` and its kind.
    !>
    !> Knows its configuration, so that an expression can be one, and how many states or inputs it has.
    type, public :: trimtab_method
        type(trimtab_c_method) :: c            !! The C struct `trimtab_method`
        logical :: configured = .false.        !! Whether it has a configuration; else the defaults
        integer(c_int64_t) :: config(5) = 0    !! The bytes of its configuration, and zeros
        logical :: each = .false.              !! Whether each tensor has a state or input of its own; else one in all
        integer(c_size_t) :: count = 1         !! How many there are
    end type

    !> For `trimtab_sgd_step`.
    type, public, bind(c) :: trimtab_sgd_config
        integer(c_int32_t) :: struct_size = 48     !! Size of this type in bytes
        integer(c_int32_t) :: nesterov = 0         !! 1: look ahead along the momentum, without dampening
        real(c_double) :: lr = 1e-2_c_double       !! Learning rate; finite
        real(c_double) :: momentum = 0             !! Weight of the past in the buffer; in [0, 1). 0 needs no buffer
        real(c_double) :: dampening = 0            !! How much less of the new gradient enters the buffer; in [0, 1]
        real(c_double) :: weight_decay = 0         !! L2 penalty, added to the gradient; finite
        integer(c_int32_t) :: decay_roles = TRIMTAB_ROLES_ALL    !! What the decay is for; or `TRIMTAB_ROLES_WEIGHTS`
        integer(c_int32_t) :: reserved = 0         !! 0
    end type

    !> For `trimtab_adam_step`.
    type, public, bind(c) :: trimtab_adam_config
        integer(c_int32_t) :: struct_size = 56       !! Size of this type in bytes
        integer(c_int32_t) :: decoupled = 1          !! 1: decay shrinks the parameter, AdamW. 0: added to the gradient
        real(c_double) :: lr = 1e-3_c_double         !! Learning rate; finite
        real(c_double) :: beta1 = 0.9_c_double       !! Weight of the past in the first moment; in [0, 1)
        real(c_double) :: beta2 = 0.999_c_double     !! Weight of the past in the second moment; in [0, 1)
        real(c_double) :: eps = 1e-8_c_double        !! Added to the root of the second moment; finite, >= 0
        real(c_double) :: weight_decay = 0           !! Weight decay; finite
        integer(c_int32_t) :: decay_roles = TRIMTAB_ROLES_ALL    !! What the decay is for; or `TRIMTAB_ROLES_WEIGHTS`
        integer(c_int32_t) :: reserved = 0           !! 0
    end type

    !> What an optimizer remembers beside its buffers; zero before the first step.
    type, public, bind(c) :: trimtab_step_state
        integer(c_int64_t) :: steps = 0    !! Number of steps taken
    end type

    !> States to save or to load: an array of one kind. Made by `trimtab_states_of(norms)`.
    type, public, bind(c) :: trimtab_states
        type(c_ptr) :: states = c_null_ptr                 !! The first of them
        integer(c_size_t) :: count = 0                     !! How many
        integer(c_int32_t) :: kind = TRIMTAB_STATE_NORM    !! `TRIMTAB_STATE_NORM` to `STEP`; negative as in a tensor
        integer(c_int32_t) :: reserved = 0                 !! 0
    end type
end module
