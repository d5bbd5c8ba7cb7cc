/* +infinity as a constant expression: for limits, maximum norms and affines. */
#if defined(__GNUC__)
#define TRIMTAB_INFINITY __builtin_huge_val()
#else
#include <math.h>
#define TRIMTAB_INFINITY HUGE_VAL
#endif

#define TRIMTAB_STABLE_GRAD_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_stable_grad_config), TRIMTAB_ROLES_WEIGHTS, 0.0 }

#define TRIMTAB_ZNORM_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_znorm_config), TRIMTAB_ROLES_WEIGHTS, 1e-8 }

#define TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_gradient_stabilizer_config), TRIMTAB_SCOPE_TENSOR, 0.6, 0.999, \
      1e-12, 1, 0 }

#define TRIMTAB_AGC_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_agc_config), 0, 0.01, 1e-3 }

#define TRIMTAB_ZCLIP_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_zclip_config), 25, 0.97, 2.5, 1e-6, TRIMTAB_INFINITY }

#define TRIMTAB_ADAGC_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_adagc_config), 100, 1.05, 1.0, 0.98 }

#define TRIMTAB_GUARD_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_guard_config), TRIMTAB_GUARD_SKIP_STEP, 0 }

#define TRIMTAB_CENTRALIZE_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_centralize_config), TRIMTAB_ROLES_WEIGHTS }

#define TRIMTAB_CLIP_NORM_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_clip_norm_config), TRIMTAB_SCOPE_TENSOR }

#define TRIMTAB_SGD_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_sgd_config), 0, 1e-2, 0.0, 0.0, 0.0, TRIMTAB_ROLES_ALL, 0 }

#define TRIMTAB_ADAM_CONFIG_INIT \
    { (uint32_t)sizeof(trimtab_adam_config), 1, 1e-3, 0.9, 0.999, 1e-8, 0.0, \
      TRIMTAB_ROLES_ALL, 0 }

/* The index where no single tensor made a call fail, in the functions whose name ends in _at. */
#define TRIMTAB_NOWHERE SIZE_MAX

/* Initialiser of a trimtab_tensor that has not been observed. */
#define TRIMTAB_TENSOR(data, len, dtype, role) \
    { (data), (len), (dtype), (role), { 0, 0.0, 0.0, 0.0 }, { 0.0, 1.0, TRIMTAB_INFINITY } }
