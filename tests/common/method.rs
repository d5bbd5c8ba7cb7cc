//! Every method of the core as one enum, with two ways to run it: the core on tensors, the oracle on the data.
//!
//! The translation between the two is here and nowhere else. A method added to the core is added here, to
//! [`list`](super::list), and then every generic test covers it.

use trimtab::{
    Agc, Autoscale, AutoscaleState, Centralize, ClipNorm, ClipValue, Error, GradientStabilizer,
    Guard, GuardPolicy, GuardState, Moments, NormState, Roles, Scale, Scope, StableGrad, Tensor,
    Unscale, Verdict, Zclip, ZclipState, Znorm,
};

use crate::oracle::{self, Gradient, adaptive, rescale};

/// One method and its configuration.
#[derive(Clone, Copy, Debug)]
pub enum AnyMethod {
    Unscale(Unscale),
    Scale(Scale),
    StableGrad(StableGrad),
    GradientStabilizer(GradientStabilizer),
    Autoscale(Autoscale),
    Centralize(Centralize),
    Znorm(Znorm),
    ClipNorm(ClipNorm),
    ClipValue(ClipValue),
    Agc(Agc),
    Zclip(Zclip),
    Guard(Guard),
}

/// What some methods need beside the gradients.
#[derive(Clone, Debug)]
pub struct StepInputs {
    /// StableGrad's reference.
    pub reference: f64,
    /// The parameters, for AGC.
    pub params: Vec<Vec<f64>>,
}

impl StepInputs {
    /// A reference and parameters of norm 2 for each of `tensors` tensors.
    pub fn plain(tensors: usize) -> StepInputs {
        StepInputs {
            reference: 0.5,
            params: vec![vec![2.0]; tensors],
        }
    }

    /// The moments of the parameters, as AGC wants them.
    pub fn param_moments(&self) -> Vec<Moments> {
        let one = |w: &Vec<f64>| {
            let mut moments = Moments::default();
            moments.observe_chunk(w).expect("parameters are finite");
            moments
        };
        self.params.iter().map(one).collect()
    }
}

/// One state of each kind; a method uses its own and leaves the others alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    pub norms: Vec<NormState>,
    pub autoscale: AutoscaleState,
    pub zclip: ZclipState,
    pub guard: GuardState,
}

/// The same for the oracle.
#[derive(Clone, Debug, Default)]
pub struct OracleStates {
    pub norms: Vec<adaptive::NormState>,
    pub autoscale: adaptive::AutoscaleState,
    pub zclip: adaptive::ZclipState,
    pub guard: adaptive::GuardState,
}

#[allow(dead_code)]
impl AnyMethod {
    /// How many norm states it needs for this many tensors.
    fn norm_states(&self, tensors: usize) -> usize {
        match self {
            AnyMethod::GradientStabilizer(c) if c.scope == Scope::Global => 1,
            AnyMethod::GradientStabilizer(_) => tensors,
            _ => 0,
        }
    }

    /// Zero-initialised states.
    pub fn states(&self, tensors: usize) -> States {
        States {
            norms: vec![NormState::default(); self.norm_states(tensors)],
            ..States::default()
        }
    }

    /// Zero-initialised states of the oracle.
    pub fn oracle_states(&self, tensors: usize) -> OracleStates {
        OracleStates {
            norms: vec![adaptive::NormState::default(); self.norm_states(tensors)],
            ..OracleStates::default()
        }
    }

    /// Asks the core.
    pub fn decide(
        &self,
        inputs: &StepInputs,
        states: &mut States,
        tensors: &mut [Tensor],
    ) -> Result<Verdict, Error> {
        match self {
            AnyMethod::Unscale(c) => c.decide(tensors),
            AnyMethod::Scale(c) => c.decide(tensors),
            AnyMethod::StableGrad(c) => c.decide(inputs.reference, tensors),
            AnyMethod::GradientStabilizer(c) => c.decide(&mut states.norms, tensors),
            AnyMethod::Autoscale(c) => c.decide(&mut states.autoscale, tensors),
            AnyMethod::Centralize(c) => c.decide(tensors),
            AnyMethod::Znorm(c) => c.decide(tensors),
            AnyMethod::ClipNorm(c) => c.decide(tensors),
            AnyMethod::ClipValue(c) => c.decide(tensors),
            AnyMethod::Agc(c) => c.decide(&inputs.param_moments(), tensors),
            AnyMethod::Zclip(c) => c.decide(&mut states.zclip, tensors),
            AnyMethod::Guard(c) => return c.decide(&mut states.guard, tensors),
        }
        .map(|()| Verdict::Proceed)
    }

    /// Asks the core, which must say yes.
    pub fn must_decide(
        &self,
        what: &str,
        inputs: &StepInputs,
        states: &mut States,
        tensors: &mut [Tensor],
    ) {
        let verdict = self.decide(inputs, states, tensors);
        assert_eq!(verdict, Ok(Verdict::Proceed), "{what}");
    }

    /// Asks the oracle, which answers with the gradients after the method.
    pub fn on_data(
        &self,
        inputs: &StepInputs,
        states: &mut OracleStates,
        grads: &[Gradient],
    ) -> Vec<Gradient> {
        match self {
            AnyMethod::Unscale(c) => rescale::unscale(c.loss_scale, grads),
            AnyMethod::Scale(c) => rescale::scale(c.factor, grads),
            AnyMethod::StableGrad(c) => {
                rescale::stable_grad(oracle_roles(c.roles), c.eps, inputs.reference, grads)
            }
            AnyMethod::Centralize(c) => rescale::centralize(oracle_roles(c.roles), grads),
            AnyMethod::Znorm(c) => rescale::znorm(oracle_roles(c.roles), c.eps, grads),
            AnyMethod::ClipNorm(c) => rescale::clip_norm(c.max_norm, oracle_scope(c.scope), grads),
            AnyMethod::ClipValue(c) => rescale::clip_value(c.limit, grads),
            AnyMethod::Agc(c) => rescale::agc(c.clipping, c.eps, &inputs.params, grads),
            stateful => stateful.remember(states, grads),
        }
    }

    /// The methods with a state.
    fn remember(&self, states: &mut OracleStates, grads: &[Gradient]) -> Vec<Gradient> {
        match self {
            AnyMethod::GradientStabilizer(c) => {
                let config = stabilizer(c);
                let (after, new) = adaptive::gradient_stabilizer(config, &states.norms, grads);
                states.norms = new;
                after
            }
            AnyMethod::Autoscale(_) => {
                let (after, new) = adaptive::autoscale(states.autoscale, grads);
                states.autoscale = new;
                after
            }
            AnyMethod::Zclip(c) => {
                let (after, new) = adaptive::zclip(zclip(c), &states.zclip, grads);
                states.zclip = new;
                after
            }
            AnyMethod::Guard(c) => {
                let (outcome, new) = guard(c, states.guard, grads);
                states.guard = new;
                let adaptive::Guarded::Proceed(after) = outcome else {
                    panic!("generic tests give the guard finite gradients");
                };
                after
            }
            stateless => unreachable!("{stateless:?} keeps no state"),
        }
    }

    /// Whether methods that need moments may follow it.
    pub fn leaves_moments(&self) -> bool {
        !matches!(self, AnyMethod::ClipValue(_))
    }

    /// Whether it may follow a finite limit.
    pub fn follows_a_limit(&self) -> bool {
        matches!(
            self,
            AnyMethod::Unscale(_)
                | AnyMethod::Scale(_)
                | AnyMethod::ClipValue(_)
                | AnyMethod::Guard(_)
        )
    }
}

pub fn oracle_roles(roles: Roles) -> oracle::Roles {
    match roles {
        Roles::Weights => oracle::Roles::Weights,
        _ => oracle::Roles::All,
    }
}

pub fn oracle_scope(scope: Scope) -> oracle::Scope {
    match scope {
        Scope::Tensor => oracle::Scope::Tensor,
        _ => oracle::Scope::Global,
    }
}

fn stabilizer(c: &GradientStabilizer) -> adaptive::Stabilizer {
    adaptive::Stabilizer {
        scope: oracle_scope(c.scope),
        gamma1: c.gamma1,
        gamma2: c.gamma2,
        eps: c.eps,
        bias_correction: c.bias_correction,
    }
}

fn zclip(c: &Zclip) -> adaptive::Zclip {
    adaptive::Zclip {
        warmup: c.warmup as usize,
        alpha: c.alpha,
        z_max: c.z_max,
        eps: c.eps,
        max_norm: c.max_norm,
    }
}

fn guard(
    c: &Guard,
    state: adaptive::GuardState,
    grads: &[Gradient],
) -> (adaptive::Guarded, adaptive::GuardState) {
    match c.policy {
        GuardPolicy::SkipStep => adaptive::guard_skip(c.max_consecutive, state, grads),
        _ => adaptive::guard_zero(c.max_consecutive, state, grads),
    }
}
