//! The arguments of one method or optimizer as a C program passes them, made from its description.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use trimtab::{Moments, Tensor};

use super::c;
use crate::chain::trimtab_method;
use crate::common::elements::Elements;
use crate::common::library::{Parameters, Running};
use crate::common::states::{StateKind, States};
use crate::common::table::{Rule, Setting};
use crate::types::{trimtab_slot, trimtab_tensor};

/// A configuration in memory: `struct_size` and the fields, by C's rules of layout. None if there is no such struct.
pub fn configuration(setting: &Setting) -> Option<Vec<u64>> {
    let mut bytes = vec![0; 4];
    let mut alignment = 4;
    for (field, value) in setting.fields() {
        let value = match field.class.c_type() {
            "uint32_t" => (value as u32).to_ne_bytes().to_vec(),
            "uint64_t" => (value as u64).to_ne_bytes().to_vec(),
            _ => value.to_ne_bytes().to_vec(),
        };
        alignment = alignment.max(value.len());
        bytes.resize(bytes.len().next_multiple_of(value.len()), 0);
        bytes.extend(value);
    }
    let size = bytes.len().next_multiple_of(alignment);
    bytes[..4].copy_from_slice(&(size as u32).to_ne_bytes());
    bytes.resize(size.next_multiple_of(8), 0);
    (!setting.of.fields.is_empty()).then(|| words(&bytes))
}

/// Bytes in memory that is aligned for everything.
pub fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| u64::from_ne_bytes(bytes.try_into().expect("8 bytes"));
    bytes.chunks_exact(8).map(word).collect()
}

/// What a C program passes. Pointers stay good as long as what they were taken from is neither moved nor borrowed.
pub struct Raw {
    pub setting: Setting,
    /// What `config` points to at first.
    memory: Option<Vec<u64>>,
    pub config: *const c_void,
    pub state: *mut c_void,
    pub number: f64,
    pub input: *const c_void,
    pub grads: *mut trimtab_tensor,
    pub n: usize,
    pub slots: *const trimtab_slot,
}

/// Where a method's state lies; NULL if it has none.
pub fn state(setting: &Setting, states: &mut States) -> *mut c_void {
    match setting.of.state {
        StateKind::None | StateKind::Steps => null_mut(),
        StateKind::Norms => states.norms.as_mut_ptr().cast(),
        StateKind::Autoscale => (&raw mut states.autoscale).cast(),
        StateKind::Zclip => (&raw mut states.zclip).cast(),
        StateKind::Guard => (&raw mut states.guard).cast(),
    }
}

/// Whether the header has a function of this method's own; `trimtab_decide` is for all of them.
fn has_function(method: &str) -> bool {
    include_str!("../../../include/trimtab.h").contains(&format!(" trimtab_{method}("))
}

/// The slots of these parameters; what is missing is NULL.
pub fn slots(parameters: &mut Parameters) -> Vec<trimtab_slot> {
    let pointer = |buffer: &mut Option<Elements>| match buffer {
        Some(elements) => elements.pointer(),
        None => null_mut(),
    };
    let Parameters {
        w, first, second, ..
    } = parameters;
    let buffers = w.iter_mut().zip(first).zip(second);
    let slot = |((w, first), second): ((&mut Elements, _), _)| trimtab_slot {
        dtype: w.dtype() as u32,
        param: w.pointer(),
        first: pointer(first),
        second: pointer(second),
        reserved: 0,
    };
    buffers.map(slot).collect()
}

/// Tensors as C has them: the structs are the same.
pub fn descriptors(grads: &mut [Tensor]) -> *mut trimtab_tensor {
    grads.as_mut_ptr().cast()
}

/// The setting with the defaults for all fields that do not lie within the first `size` bytes of the struct.
pub fn cut(setting: &Setting, size: usize) -> Setting {
    let (mut cut, mut end) = (setting.clone(), 4_usize);
    for field in setting.of.fields {
        let bytes = if field.class.c_type() == "uint32_t" {
            4
        } else {
            8
        };
        end = end.next_multiple_of(bytes) + bytes;
        if end > size {
            cut = cut.with(&[(field.name, field.default)]);
        }
    }
    cut
}

impl Raw {
    /// The configuration and the number; the rest is NULL.
    pub fn new(setting: &Setting) -> Raw {
        let memory = configuration(setting);
        Raw {
            config: memory.as_ref().map_or(null(), |c| c.as_ptr().cast()),
            memory,
            state: null_mut(),
            number: setting.number,
            input: null(),
            grads: null_mut(),
            n: 0,
            slots: null(),
            setting: setting.clone(),
        }
    }

    /// Lets the configuration say that it has another size.
    pub fn say_size(&mut self, size: u32) {
        if let Some(words) = &mut self.memory {
            let mut bytes = words[0].to_ne_bytes();
            bytes[..4].copy_from_slice(&size.to_ne_bytes());
            words[0] = u64::from_ne_bytes(bytes);
            self.config = words.as_ptr().cast();
        }
    }

    /// Of a method.
    pub fn method(running: &mut Running, params: &[Moments], grads: &mut [Tensor]) -> Raw {
        let Running { setting, states } = running;
        let mut raw = Raw::new(setting);
        raw.state = state(setting, states);
        if setting.of.reads_params {
            raw.input = params.as_ptr().cast();
        }
        (raw.grads, raw.n) = (descriptors(grads), grads.len());
        raw
    }

    /// Of an optimizer, whose `state` is the count of steps.
    pub fn optimizer(
        setting: &Setting,
        grads: &mut [Tensor],
        parameters: &mut Parameters,
        slots: &[trimtab_slot],
    ) -> Raw {
        let mut raw = Raw::new(setting);
        raw.state = (&raw mut parameters.steps).cast();
        (raw.grads, raw.n) = (descriptors(grads), grads.len());
        raw.slots = slots.as_ptr();
        raw
    }

    /// The only field, or 0, the default, where there is no configuration: `trimtab_centralize` and `trimtab_clip_norm`
    /// take it as an argument.
    fn choice(&self) -> u32 {
        let mut fields = self.setting.fields();
        let only = fields.next().filter(|_| !self.config.is_null());
        only.map_or(0, |(_, value)| value as u32)
    }

    /// Whether its function has an argument in place of the configuration.
    pub fn takes_a_choice(&self) -> bool {
        ["centralize", "clip_norm"].contains(&self.setting.of.name)
    }

    /// Calls the function of this name.
    pub fn alone(&self) -> i32 {
        let Raw {
            grads,
            n,
            number,
            slots,
            ..
        } = *self;
        let (config, state) = (self.config, self.state);
        match self.setting.of.name {
            "unscale" => c::unscale(number, grads, n),
            "scale" => c::scale(number, grads, n),
            "guard" => c::guard(config.cast(), state.cast(), grads, n),
            "stable_grad" => c::stable_grad(config.cast(), number, grads, n),
            "gradient_stabilizer" => c::gradient_stabilizer(config.cast(), state.cast(), grads, n),
            "autoscale" => c::autoscale(state.cast(), grads, n),
            "centralize" => c::centralize(self.choice(), grads, n),
            "znorm" => c::znorm(config.cast(), grads, n),
            "clip_norm" => c::clip_norm(number, self.choice(), grads, n),
            "clip_value" => c::clip_value(number, grads, n),
            "agc" => c::agc(config.cast(), self.input.cast(), grads, n),
            "zclip" => c::zclip(config.cast(), state.cast(), grads, n),
            "sgd" => c::sgd_step(config.cast(), state.cast(), grads, slots, n),
            "adam" => c::adam_step(config.cast(), state.cast(), grads, slots, n),
            other if has_function(other) => {
                panic!("ffi/tests/abi/raw.rs does not call trimtab_{other}")
            }
            _ => c::decide([self.link()].as_ptr(), 1, grads, n, null_mut()),
        }
    }

    /// The method as `trimtab_decide` wants it.
    pub fn link(&self) -> trimtab_method {
        let Rule::Method(kind, ..) = self.setting.of.rule else {
            panic!("{} is no method", self.setting.of.name);
        };
        trimtab_method {
            kind,
            reserved: 0,
            config: self.config,
            state: self.state,
            number: self.number,
            input: self.input,
        }
    }

    /// The same by the function that also says who is to blame: `trimtab_decide_at` with one method, or an optimizer's.
    pub fn at(&self, at: *mut usize) -> i32 {
        let (config, state) = (self.config, self.state);
        match self.setting.of.name {
            "sgd" => c::sgd_step_at(
                config.cast(),
                state.cast(),
                self.grads,
                self.slots,
                self.n,
                at,
            ),
            "adam" => c::adam_step_at(
                config.cast(),
                state.cast(),
                self.grads,
                self.slots,
                self.n,
                at,
            ),
            _ => c::decide_at(&self.link(), 1, self.grads, self.n, null_mut(), at),
        }
    }
}
