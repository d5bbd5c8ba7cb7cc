# Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.
#
# The methods, each made for `decide!` and, with an exclamation mark, deciding at once. `methods.jl` says what they do.

export AdagcConfig, AgcConfig, AutoscaleState, GradientStabilizerConfig, GuardConfig, GuardState, NormState,
    StableGradConfig, ZclipConfig, ZclipState, ZnormConfig, adagc, adagc!, agc, agc!, autoscale, autoscale!, centralize,
    centralize!, clip_norm, clip_norm!, clip_value, clip_value!, gradient_stabilizer, gradient_stabilizer!, guard,
    guard!, scale, scale!, stable_grad, stable_grad!, unscale, unscale!, zclip, zclip!, znorm, znorm!

unscale(loss_scale::Real) =
    ChainMethod(METHOD_UNSCALE; number = loss_scale)
unscale!(grads::Gradients, arguments...) = alone!(grads, unscale(arguments...))

scale(factor::Real) =
    ChainMethod(METHOD_SCALE; number = factor)
scale!(grads::Gradients, arguments...) = alone!(grads, scale(arguments...))

guard(state::Ref{GuardState}, config::GuardConfig = GuardConfig()) =
    ChainMethod(METHOD_GUARD; state = state, config = config)
guard!(grads::Gradients, arguments...) = decide!(grads, guard(arguments...))

stable_grad(reference::Real, config::StableGradConfig = StableGradConfig()) =
    ChainMethod(METHOD_STABLE_GRAD; number = reference, config = config)
stable_grad!(grads::Gradients, arguments...) = alone!(grads, stable_grad(arguments...))

gradient_stabilizer(states::Vector{NormState}, config::GradientStabilizerConfig = GradientStabilizerConfig()) =
    ChainMethod(METHOD_GRADIENT_STABILIZER; state = states, each = config.scope != SCOPE_GLOBAL, config = config)
gradient_stabilizer!(grads::Gradients, arguments...) = alone!(grads, gradient_stabilizer(arguments...))

autoscale(state::Ref{AutoscaleState}) =
    ChainMethod(METHOD_AUTOSCALE; state = state)
autoscale!(grads::Gradients, arguments...) = alone!(grads, autoscale(arguments...))

centralize(roles::Roles = ROLES_WEIGHTS) =
    ChainMethod(METHOD_CENTRALIZE; config = CentralizeConfig(roles = roles))
centralize!(grads::Gradients, arguments...) = alone!(grads, centralize(arguments...))

znorm(config::ZnormConfig = ZnormConfig()) =
    ChainMethod(METHOD_ZNORM; config = config)
znorm!(grads::Gradients, arguments...) = alone!(grads, znorm(arguments...))

clip_norm(max_norm::Real, scope::Scope = SCOPE_TENSOR) =
    ChainMethod(METHOD_CLIP_NORM; number = max_norm, config = ClipNormConfig(scope = scope))
clip_norm!(grads::Gradients, arguments...) = alone!(grads, clip_norm(arguments...))

clip_value(limit::Real) =
    ChainMethod(METHOD_CLIP_VALUE; number = limit)
clip_value!(grads::Gradients, arguments...) = alone!(grads, clip_value(arguments...))

agc(params::Vector{Moments}, config::AgcConfig = AgcConfig()) =
    ChainMethod(METHOD_AGC; input = params, each = true, config = config)
agc!(grads::Gradients, arguments...) = alone!(grads, agc(arguments...))

zclip(state::Ref{ZclipState}, config::ZclipConfig = ZclipConfig()) =
    ChainMethod(METHOD_ZCLIP; state = state, config = config)
zclip!(grads::Gradients, arguments...) = alone!(grads, zclip(arguments...))

adagc(states::Vector{NormState}, config::AdagcConfig = AdagcConfig()) =
    ChainMethod(METHOD_ADAGC; state = states, each = true, config = config)
adagc!(grads::Gradients, arguments...) = alone!(grads, adagc(arguments...))
