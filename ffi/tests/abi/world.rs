//! Everything one call can touch, and a snapshot of every byte of it.
//!
//! Four gradients of four element types, two weights and two biases, observed and with a scale pending, so that every
//! method would decide and every write would write if it were not refused. States are those of a run under way.

use std::ffi::c_void;

use trimtab_core::{Affine, AutoscaleState, GuardState, Moments, NormState, StepState, ZclipState};

use super::blob::{BF16, Blob, F16, F32, F64};
use super::c;
use super::status::{OK, expect};
use crate::config::*;
use crate::types::{trimtab_slot, trimtab_tensor};

pub const WEIGHT: u32 = 0;
pub const BIAS: u32 = 1;

/// One of each configuration.
#[derive(Clone, Copy)]
pub struct Configs {
    pub guard: trimtab_guard_config,
    pub stable_grad: trimtab_stable_grad_config,
    pub stabilizer: trimtab_gradient_stabilizer_config,
    pub znorm: trimtab_znorm_config,
    pub agc: trimtab_agc_config,
    pub zclip: trimtab_zclip_config,
    pub sgd: trimtab_sgd_config,
    pub adam: trimtab_adam_config,
}

/// The `sizeof` that a C program writes into a configuration.
pub fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).expect("a configuration is small")
}

impl Configs {
    /// The defaults as the header documents them.
    pub fn defaults() -> Self {
        Self {
            guard: trimtab_guard_config {
                struct_size: size::<trimtab_guard_config>(),
                policy: 0,
                max_consecutive: 0,
            },
            stable_grad: trimtab_stable_grad_config {
                struct_size: size::<trimtab_stable_grad_config>(),
                roles: 0,
                eps: 0.0,
            },
            stabilizer: trimtab_gradient_stabilizer_config {
                struct_size: size::<trimtab_gradient_stabilizer_config>(),
                scope: 0,
                gamma1: 0.6,
                gamma2: 0.999,
                eps: 1e-12,
                bias_correction: 1,
                reserved: 0,
            },
            znorm: trimtab_znorm_config {
                struct_size: size::<trimtab_znorm_config>(),
                roles: 0,
                eps: 1e-8,
            },
            agc: trimtab_agc_config {
                struct_size: size::<trimtab_agc_config>(),
                reserved: 0,
                clipping: 0.01,
                eps: 1e-3,
            },
            zclip: trimtab_zclip_config {
                struct_size: size::<trimtab_zclip_config>(),
                warmup: 25,
                alpha: 0.97,
                z_max: 2.5,
                eps: 1e-6,
                max_norm: f64::INFINITY,
            },
            sgd: trimtab_sgd_config {
                struct_size: size::<trimtab_sgd_config>(),
                nesterov: 0,
                lr: 1e-2,
                momentum: 0.0,
                dampening: 0.0,
                weight_decay: 0.0,
                decay_roles: 1,
                reserved: 0,
            },
            adam: trimtab_adam_config {
                struct_size: size::<trimtab_adam_config>(),
                decoupled: 1,
                lr: 1e-3,
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                weight_decay: 0.0,
                decay_roles: 1,
                reserved: 0,
            },
        }
    }
}

pub struct World {
    pub buffers: Vec<Blob>,
    pub outputs: Vec<Blob>,
    pub params: Vec<Blob>,
    pub firsts: Vec<Blob>,
    pub seconds: Vec<Blob>,
    pub grads: Vec<trimtab_tensor>,
    pub out: Vec<*mut c_void>,
    pub slots: Vec<trimtab_slot>,
    pub weights: Vec<Moments>,
    pub norms: Vec<NormState>,
    pub autoscale: AutoscaleState,
    pub zclip: ZclipState,
    pub guard: GuardState,
    pub step: StepState,
    pub configs: Configs,
}

/// A descriptor as a C program fills it in: the rest is zero.
pub fn descriptor(blob: &mut Blob, role: u32) -> trimtab_tensor {
    trimtab_tensor {
        data: blob.pointer(),
        len: blob.len,
        dtype: blob.dtype,
        role,
        moments: Moments::default(),
        affine: Affine {
            center: 0.0,
            scale: 0.0,
            limit: 0.0,
        },
    }
}

fn slot(param: &mut Blob, first: &mut Blob, second: &mut Blob) -> trimtab_slot {
    trimtab_slot {
        param: param.pointer(),
        first: first.pointer(),
        second: second.pointer(),
        dtype: param.dtype,
        reserved: 0,
    }
}

impl World {
    /// Four gradients, observed, each to be halved.
    pub fn new() -> Self {
        let mut world = Self::of(&[
            (WEIGHT, Blob::new(F32, &[1.0, -2.5, 0.5, 4.0, -0.125])),
            (BIAS, Blob::new(F64, &[0.25, -1.5, 3.0])),
            (WEIGHT, Blob::new(BF16, &[2.0, 1.25, -0.75, 6.0])),
            (BIAS, Blob::new(F16, &[-1.0, 0.5, 8.0, 0.0625, -3.0, 1.0])),
        ]);
        world.observe();
        let n = world.grads.len();
        expect("scale", c::scale(0.5, world.grads.as_mut_ptr(), n), OK);
        world
    }

    /// These gradients, not observed yet, and parameters for them in f32 and f64 in turn.
    pub fn of(gradients: &[(u32, Blob)]) -> Self {
        let mut buffers: Vec<Blob> = gradients.iter().map(|(_, blob)| blob.clone()).collect();
        let mut outputs: Vec<Blob> = buffers
            .iter()
            .map(|b| Blob::zeros(b.dtype, b.len))
            .collect();
        let like = |value: f64| {
            let one = |(i, b): (usize, &Blob)| Blob::new([F32, F64][i % 2], &vec![value; b.len]);
            buffers.iter().enumerate().map(one).collect::<Vec<Blob>>()
        };
        let (mut params, mut firsts, mut seconds) = (like(0.75), like(0.125), like(0.25));
        let roles = gradients.iter().map(|(role, _)| *role);
        let grads = buffers
            .iter_mut()
            .zip(roles)
            .map(|(b, role)| descriptor(b, role))
            .collect();
        let moments = params.iter_mut().zip(&mut firsts).zip(&mut seconds);
        let slots = moments.map(|((p, m), v)| slot(p, m, v)).collect();
        let n = gradients.len();
        Self {
            grads,
            out: outputs.iter_mut().map(Blob::pointer).collect(),
            slots,
            weights: vec![parameter_moments(); n],
            norms: vec![
                NormState {
                    m: 1.5,
                    v: 2.5,
                    steps: 3,
                    skipped: 1
                };
                n
            ],
            autoscale: AutoscaleState {
                exponent: 0.5,
                sigma: 1.0,
                alpha: 0.75,
                steps: 2,
            },
            zclip: ZclipState {
                mean: 1.0,
                var: 0.5,
                steps: 30,
            },
            guard: GuardState {
                consecutive: 1,
                total: 2,
            },
            step: StepState { steps: 4 },
            configs: under_way(),
            buffers,
            outputs,
            params,
            firsts,
            seconds,
        }
    }

    /// The status of observing all gradients.
    pub fn try_observe(&mut self) -> i32 {
        c::observe(self.grads.as_mut_ptr(), self.grads.len())
    }

    pub fn observe(&mut self) {
        expect("observe", self.try_observe(), OK);
    }

    /// Zeros in every state, as before the first step.
    pub fn forget(&mut self) {
        self.norms.fill(NormState::default());
        self.autoscale = AutoscaleState::default();
        self.zclip = ZclipState::default();
        self.guard = GuardState::default();
        self.step = StepState::default();
        for blob in self.firsts.iter_mut().chain(&mut self.seconds) {
            blob.fill(&vec![0.0; blob.len]);
        }
    }

    /// Every byte of everything, by name.
    pub fn snapshot(&self) -> Vec<(&'static str, Vec<u8>)> {
        let all = |blobs: &[Blob]| blobs.iter().flat_map(Blob::bytes).collect::<Vec<u8>>();
        let c = &self.configs;
        vec![
            ("gradients", all(&self.buffers)),
            ("outputs", all(&self.outputs)),
            ("parameters", all(&self.params)),
            ("first buffers", all(&self.firsts)),
            ("second buffers", all(&self.seconds)),
            ("descriptors", bytes(&self.grads)),
            ("output pointers", bytes(&self.out)),
            ("slots", bytes(&self.slots)),
            ("moments of the parameters", bytes(&self.weights)),
            ("norm states", bytes(&self.norms)),
            ("autoscale state", bytes(&[self.autoscale])),
            ("zclip state", bytes(&[self.zclip])),
            ("guard state", bytes(&[self.guard])),
            ("step state", bytes(&[self.step])),
            ("guard config", bytes(&[c.guard])),
            ("stable_grad config", bytes(&[c.stable_grad])),
            ("gradient_stabilizer config", bytes(&[c.stabilizer])),
            ("znorm config", bytes(&[c.znorm])),
            ("agc config", bytes(&[c.agc])),
            ("zclip config", bytes(&[c.zclip])),
            ("sgd config", bytes(&[c.sgd])),
            ("adam config", bytes(&[c.adam])),
        ]
    }

    /// The names of what differs from an earlier snapshot.
    pub fn changed_since(&self, before: &[(&'static str, Vec<u8>)]) -> Vec<&'static str> {
        let now = self.snapshot();
        let pairs = now.iter().zip(before);
        pairs
            .filter(|(now, before)| now != before)
            .map(|(now, _)| now.0)
            .collect()
    }
}

/// The defaults, but with a momentum, so that SGD has a buffer to change.
fn under_way() -> Configs {
    let mut configs = Configs::defaults();
    configs.sgd.momentum = 0.5;
    configs
}

/// Moments of a parameter with the elements 1, 2 and 2.
fn parameter_moments() -> Moments {
    Moments {
        count: 3,
        sum: 5.0,
        sum_sq: 9.0,
        abs_max: 2.0,
    }
}

/// The bytes of structs that have no padding, as all of the header's have.
pub fn bytes<T: Copy>(items: &[T]) -> Vec<u8> {
    // SAFETY: the slice is live for as many bytes as it has, and none of them is padding.
    let bytes = unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) };
    bytes.to_vec()
}
