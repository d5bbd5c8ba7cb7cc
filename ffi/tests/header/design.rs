//! DESIGN section 5 and what has been added since, written out as data: what clients are built against. Never copied
//! from the header.

/// Prototypes without the names of parameters.
pub const FUNCTIONS: &[&str] = &[
    // observe
    "trimtab_status trimtab_observe(trimtab_tensor *, size_t)",
    "trimtab_status trimtab_outlook(const trimtab_tensor *, trimtab_moments *)",
    "trimtab_status trimtab_observe_chunk(trimtab_moments *, const void *, size_t, uint32_t)",
    "trimtab_status trimtab_moments_merge(trimtab_moments *, const trimtab_moments *)",
    "double trimtab_moments_mean(const trimtab_moments *)",
    "double trimtab_moments_std(const trimtab_moments *)",
    "double trimtab_moments_norm(const trimtab_moments *)",
    // decide
    "trimtab_status trimtab_unscale(double, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_scale(double, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_guard(const trimtab_guard_config *, trimtab_guard_state *, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_stable_grad(const trimtab_stable_grad_config *, double, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_gradient_stabilizer(const trimtab_gradient_stabilizer_config *, trimtab_norm_state *, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_autoscale(trimtab_autoscale_state *, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_centralize(uint32_t, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_znorm(const trimtab_znorm_config *, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_clip_norm(double, uint32_t, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_clip_value(double, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_agc(const trimtab_agc_config *, const trimtab_moments *, trimtab_tensor *, size_t)",
    "trimtab_status trimtab_zclip(const trimtab_zclip_config *, trimtab_zclip_state *, trimtab_tensor *, size_t)",
    // write
    "trimtab_status trimtab_apply(trimtab_tensor *, size_t)",
    "trimtab_status trimtab_apply_into(const trimtab_tensor *, void *const *, size_t)",
    "trimtab_status trimtab_sgd_step(const trimtab_sgd_config *, trimtab_step_state *, trimtab_tensor *, const trimtab_slot *, size_t)",
    "trimtab_status trimtab_adam_step(const trimtab_adam_config *, trimtab_step_state *, trimtab_tensor *, const trimtab_slot *, size_t)",
    // state
    "trimtab_status trimtab_state_save(const trimtab_states *, size_t, void *, size_t, size_t *)",
    "trimtab_status trimtab_state_load(const trimtab_states *, size_t, const void *, size_t)",
    // the rest
    "double trimtab_init_std(uint32_t, size_t)",
    "const char *trimtab_status_message(int32_t)",
    "const char *trimtab_version(void)",
    "const char *trimtab_cpu_level(void)",
    "trimtab_status trimtab_set_threads(size_t)",
];

/// All prefixed TRIMTAB_.
pub const CONSTANTS: &[(&str, i64)] = &[
    ("OK", 0),
    ("SKIP_STEP", 1),
    ("NULL_POINTER", -1),
    ("BAD_DTYPE", -2),
    ("BAD_CONFIG", -3),
    ("BAD_REFERENCE", -4),
    ("BAD_STATE", -5),
    ("NON_FINITE", -6),
    ("OVERFLOW", -7),
    ("ORDER", -8),
    ("DIVERGED", -9),
    ("UNSUPPORTED", -10),
    ("MISALIGNED", -11),
    ("BAD_LENGTH", -12),
    ("BAD_MAGIC", -13),
    ("BAD_VERSION", -14),
    ("WRONG_KIND", -15),
    ("WRONG_COUNT", -16),
    ("TRUNCATED", -17),
    ("BAD_CHECKSUM", -18),
    ("F32", 0),
    ("F16", 1),
    ("BF16", 2),
    ("F64", 3),
    ("WEIGHT", 0),
    ("BIAS", 1),
    ("ROLES_WEIGHTS", 0),
    ("ROLES_ALL", 1),
    ("SCOPE_TENSOR", 0),
    ("SCOPE_GLOBAL", 1),
    ("GUARD_SKIP_STEP", 0),
    ("GUARD_ZERO", 1),
    ("STATE_NORM", 0),
    ("STATE_AUTOSCALE", 1),
    ("STATE_ZCLIP", 2),
    ("STATE_GUARD", 3),
    ("STATE_STEP", 4),
    ("RELU", 0),
    ("TANH", 1),
    ("SILU", 2),
    ("GELU", 3),
    ("SIN", 4),
    ("IDENTITY", 5),
];

/// Fields in their order.
pub const STRUCTS: &[(&str, &[&str])] = &[
    (
        "trimtab_moments",
        &[
            "uint64_t count",
            "double sum",
            "double sum_sq",
            "double abs_max",
        ],
    ),
    (
        "trimtab_affine",
        &["double center", "double scale", "double limit"],
    ),
    (
        "trimtab_tensor",
        &[
            "void *data",
            "size_t len",
            "uint32_t dtype",
            "uint32_t role",
            "trimtab_moments moments",
            "trimtab_affine affine",
        ],
    ),
    (
        "trimtab_stable_grad_config",
        &["uint32_t struct_size", "uint32_t roles", "double eps"],
    ),
    (
        "trimtab_znorm_config",
        &["uint32_t struct_size", "uint32_t roles", "double eps"],
    ),
    (
        "trimtab_gradient_stabilizer_config",
        &[
            "uint32_t struct_size",
            "uint32_t scope",
            "double gamma1",
            "double gamma2",
            "double eps",
            "uint32_t bias_correction",
            "uint32_t reserved",
        ],
    ),
    (
        "trimtab_agc_config",
        &[
            "uint32_t struct_size",
            "uint32_t reserved",
            "double clipping",
            "double eps",
        ],
    ),
    (
        "trimtab_zclip_config",
        &[
            "uint32_t struct_size",
            "uint32_t warmup",
            "double alpha",
            "double z_max",
            "double eps",
            "double max_norm",
        ],
    ),
    (
        "trimtab_guard_config",
        &[
            "uint32_t struct_size",
            "uint32_t policy",
            "uint64_t max_consecutive",
        ],
    ),
    (
        "trimtab_sgd_config",
        &[
            "uint32_t struct_size",
            "uint32_t nesterov",
            "double lr",
            "double momentum",
            "double dampening",
            "double weight_decay",
            "uint32_t decay_roles",
            "uint32_t reserved",
        ],
    ),
    (
        "trimtab_adam_config",
        &[
            "uint32_t struct_size",
            "uint32_t decoupled",
            "double lr",
            "double beta1",
            "double beta2",
            "double eps",
            "double weight_decay",
            "uint32_t decay_roles",
            "uint32_t reserved",
        ],
    ),
    (
        "trimtab_norm_state",
        &["double m", "double v", "uint64_t steps", "uint64_t skipped"],
    ),
    (
        "trimtab_autoscale_state",
        &[
            "double exponent",
            "double sigma",
            "double alpha",
            "uint64_t steps",
        ],
    ),
    (
        "trimtab_zclip_state",
        &["double mean", "double var", "uint64_t steps"],
    ),
    (
        "trimtab_guard_state",
        &["uint64_t consecutive", "uint64_t total"],
    ),
    ("trimtab_step_state", &["uint64_t steps"]),
    (
        "trimtab_states",
        &[
            "void *states",
            "size_t count",
            "uint32_t kind",
            "uint32_t reserved",
        ],
    ),
    (
        "trimtab_slot",
        &[
            "void *param",
            "void *first",
            "void *second",
            "uint32_t dtype",
            "uint32_t reserved",
        ],
    ),
];
