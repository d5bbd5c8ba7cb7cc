//! Every function that takes gradients, with the arguments of one call.

use std::ffi::c_void;
use std::ptr::{from_mut, from_ref};

use trimtab_core::{AutoscaleState, GuardState, Moments, NormState, StepState, ZclipState};

use super::c;
use super::world::World;
use crate::config::*;
use crate::types::{trimtab_slot, trimtab_tensor};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    Observe,
    Unscale,
    Scale,
    Guard,
    StableGrad,
    Stabilizer,
    Autoscale,
    Centralize,
    Znorm,
    ClipNorm,
    ClipValue,
    Agc,
    Zclip,
    Apply,
    ApplyInto,
    Sgd,
    Adam,
}

use Call::*;

impl Call {
    pub const ALL: [Call; 17] = [
        Observe, Unscale, Scale, Guard, StableGrad, Stabilizer, Autoscale, Centralize, Znorm,
        ClipNorm, ClipValue, Agc, Zclip, Apply, ApplyInto, Sgd, Adam,
    ];

    /// Those with a configuration that may be NULL.
    pub const CONFIGURED: [Call; 8] = [Guard, StableGrad, Stabilizer, Znorm, Agc, Zclip, Sgd, Adam];

    /// Those that need to know the gradient, which a pending clip by value hides.
    pub const NEEDING_MOMENTS: [Call; 8] = [
        StableGrad, Stabilizer, Autoscale, Centralize, Znorm, ClipNorm, Agc, Zclip,
    ];

    /// Those that work on what `observe` has left.
    pub fn after_observe() -> impl Iterator<Item = Call> {
        Self::ALL.into_iter().filter(|call| *call != Observe)
    }

    /// Those that refuse gradients that are not finite: all but the two that look for them.
    pub fn needing_finite() -> impl Iterator<Item = Call> {
        Self::after_observe().filter(|call| *call != Guard)
    }

    pub fn run(self, a: &Args) -> i32 {
        match self {
            Observe => c::observe(a.grads, a.n),
            Unscale => c::unscale(a.loss_scale, a.grads, a.n),
            Scale => c::scale(a.factor, a.grads, a.n),
            Guard => c::guard(a.guard_config, a.guard, a.grads, a.n),
            StableGrad => c::stable_grad(a.stable_grad_config, a.reference, a.grads, a.n),
            Stabilizer => c::gradient_stabilizer(a.stabilizer_config, a.norms, a.grads, a.n),
            Autoscale => c::autoscale(a.autoscale, a.grads, a.n),
            Centralize => c::centralize(a.roles, a.grads, a.n),
            Znorm => c::znorm(a.znorm_config, a.grads, a.n),
            ClipNorm => c::clip_norm(a.max_norm, a.scope, a.grads, a.n),
            ClipValue => c::clip_value(a.limit, a.grads, a.n),
            Agc => c::agc(a.agc_config, a.weights, a.grads, a.n),
            Zclip => c::zclip(a.zclip_config, a.zclip, a.grads, a.n),
            Apply => c::apply(a.grads, a.n),
            ApplyInto => c::apply_into(a.grads, a.out, a.n),
            Sgd => c::sgd_step(a.sgd_config, a.step, a.grads, a.slots, a.n),
            Adam => c::adam_step(a.adam_config, a.step, a.grads, a.slots, a.n),
        }
    }

    /// Runs with the world's own arguments.
    pub fn run_in(self, world: &mut World) -> i32 {
        self.run(&Args::of(world))
    }
}

/// What a C program passes, as it passes it.
pub struct Args {
    pub grads: *mut trimtab_tensor,
    pub n: usize,
    pub loss_scale: f64,
    pub factor: f64,
    pub reference: f64,
    pub max_norm: f64,
    pub limit: f64,
    pub roles: u32,
    pub scope: u32,
    pub guard_config: *const trimtab_guard_config,
    pub stable_grad_config: *const trimtab_stable_grad_config,
    pub stabilizer_config: *const trimtab_gradient_stabilizer_config,
    pub znorm_config: *const trimtab_znorm_config,
    pub agc_config: *const trimtab_agc_config,
    pub zclip_config: *const trimtab_zclip_config,
    pub sgd_config: *const trimtab_sgd_config,
    pub adam_config: *const trimtab_adam_config,
    pub guard: *mut GuardState,
    pub norms: *mut NormState,
    pub autoscale: *mut AutoscaleState,
    pub zclip: *mut ZclipState,
    pub step: *mut StepState,
    pub weights: *const Moments,
    pub out: *const *mut c_void,
    pub slots: *const trimtab_slot,
}

impl Args {
    pub fn of(world: &mut World) -> Self {
        let configs = &world.configs;
        Self {
            n: world.grads.len(),
            grads: world.grads.as_mut_ptr(),
            loss_scale: 4.0,
            factor: 3.0,
            reference: 2.0,
            max_norm: 0.5,
            limit: 0.25,
            roles: 0,
            scope: 0,
            guard_config: from_ref(&configs.guard),
            stable_grad_config: from_ref(&configs.stable_grad),
            stabilizer_config: from_ref(&configs.stabilizer),
            znorm_config: from_ref(&configs.znorm),
            agc_config: from_ref(&configs.agc),
            zclip_config: from_ref(&configs.zclip),
            sgd_config: from_ref(&configs.sgd),
            adam_config: from_ref(&configs.adam),
            guard: from_mut(&mut world.guard),
            norms: world.norms.as_mut_ptr(),
            autoscale: from_mut(&mut world.autoscale),
            zclip: from_mut(&mut world.zclip),
            step: from_mut(&mut world.step),
            weights: world.weights.as_ptr(),
            out: world.out.as_ptr(),
            slots: world.slots.as_ptr(),
        }
    }

    /// NULL for every configuration.
    pub fn without_configs(mut self) -> Self {
        use std::ptr::null;
        (self.guard_config, self.stable_grad_config) = (null(), null());
        (self.stabilizer_config, self.znorm_config) = (null(), null());
        (self.agc_config, self.zclip_config) = (null(), null());
        (self.sgd_config, self.adam_config) = (null(), null());
        self
    }

    /// Whether all configurations were left out. Other pointers to them may have been spoiled since, this one is not.
    pub fn has_no_configs(&self) -> bool {
        self.stable_grad_config.is_null()
    }
}
