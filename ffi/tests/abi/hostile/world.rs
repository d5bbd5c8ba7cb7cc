//! Everything one call can touch, in C's types, and a snapshot of every byte of it.

use std::ffi::c_void;

use trimtab::{Affine, Moments, NormState, StepState};

use super::blob::{Blob, F32, F64};
use super::call::described;
use crate::abi_tests::raw::{Raw, configuration, cut};
use crate::common::methods::everything;
use crate::common::states::States;
use crate::common::table::Setting;
use crate::types::{trimtab_slot, trimtab_tensor};

pub const WEIGHT: u32 = 0;

/// The configuration of a method or an optimizer, and the size that it says it has; 0 if it has none.
#[derive(Clone)]
pub struct Config {
    pub setting: Setting,
    pub size: u32,
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
    pub states: States,
    pub step: StepState,
    /// Of everything that is described.
    pub configs: Vec<Config>,
}

/// A descriptor as a C program fills it in: the rest is zero.
fn descriptor(blob: &mut Blob, role: u32) -> trimtab_tensor {
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
    /// These gradients, not observed yet, and parameters for them in f32 and f64 in turn; states of zeros.
    pub fn of(gradients: &[(u32, Blob)]) -> Self {
        let mut buffers: Vec<Blob> = gradients.iter().map(|(_, blob)| blob.clone()).collect();
        let zeros = |b: &Blob| Blob::zeros(b.dtype, b.len);
        let mut outputs: Vec<Blob> = buffers.iter().map(zeros).collect();
        let like = |value: f64| {
            let one = |(i, b): (usize, &Blob)| Blob::new([F32, F64][i % 2], &vec![value; b.len]);
            buffers.iter().enumerate().map(one).collect::<Vec<Blob>>()
        };
        let (mut params, mut firsts, mut seconds) = (like(0.75), like(0.0), like(0.0));
        let roles = gradients.iter().map(|(role, _)| *role);
        let grads = buffers.iter_mut().zip(roles);
        let moments = params.iter_mut().zip(&mut firsts).zip(&mut seconds);
        let states = States {
            norms: vec![NormState::default(); gradients.len().max(1)],
            ..States::default()
        };
        let mut world = Self {
            grads: grads.map(|(b, role)| descriptor(b, role)).collect(),
            out: outputs.iter_mut().map(Blob::pointer).collect(),
            slots: moments.map(|((p, m), v)| slot(p, m, v)).collect(),
            weights: vec![parameter_moments(); gradients.len()],
            states,
            step: StepState::default(),
            configs: Vec::new(),
            buffers,
            outputs,
            params,
            firsts,
            seconds,
        };
        world.configs = everything().map(|of| world.config(of.usual())).collect();
        world
    }

    fn config(&self, setting: Setting) -> Config {
        let size = configuration(&setting).map_or(0, |words| words[0] as u32);
        Config { setting, size }
    }

    /// Zeros in every state, as before the first step, in place.
    pub fn forget(&mut self) {
        let zeros = States::default();
        self.states.norms.fill(NormState::default());
        (self.states.autoscale, self.states.zclip) = (zeros.autoscale, zeros.zclip);
        (self.states.guard, self.step) = (zeros.guard, StepState::default());
    }

    /// Every byte of everything, by name.
    pub fn snapshot(&self) -> Vec<(&'static str, Vec<u8>)> {
        let all = |blobs: &[Blob]| blobs.iter().flat_map(Blob::bytes).collect::<Vec<u8>>();
        let s = &self.states;
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
            ("norm states", bytes(&s.norms)),
            ("autoscale state", bytes(&[s.autoscale])),
            ("zclip state", bytes(&[s.zclip])),
            ("guard state", bytes(&[s.guard])),
            ("step state", bytes(&[self.step])),
        ]
    }

    /// The names of what differs from an earlier snapshot.
    pub fn changed_since(&self, before: &[(&'static str, Vec<u8>)]) -> Vec<&'static str> {
        let now = self.snapshot();
        let pairs = now.iter().zip(before);
        let differing = pairs.filter(|(now, before)| now != before);
        differing.map(|(now, _)| now.0).collect()
    }

    /// The setting that a call goes by which has been accepted.
    pub fn accepted(&self, place: usize, raw: &Raw, at: bool) -> Setting {
        let Config { setting, size } = &self.configs[place];
        let mut setting = match raw.config.is_null() {
            true => described(place).defaults(),
            // Its own function is told of the field, not of a struct.
            false if !at && raw.takes_a_choice() => setting.clone(),
            false => cut(setting, *size as usize),
        };
        setting.number = raw.number;
        setting
    }
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
fn bytes<T: Copy>(items: &[T]) -> Vec<u8> {
    // SAFETY: the slice is live for as many bytes as it has, and none of them is padding.
    let bytes = unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) };
    bytes.to_vec()
}
