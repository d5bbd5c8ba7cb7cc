//! Worlds out of bytes, and what a hostile caller does to a world and to the arguments of one call.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use trimtab::{Affine, Moments};

use super::blob::{Blob, DTYPES};
use super::call::Args;
use super::source::Source;
use super::world::{Config, World};
use crate::common::table::Class;

/// Up to four gradients, with parameters, buffers and states that hold anything.
pub fn world(source: &mut Source) -> World {
    let count = source.below(5);
    let gradient = |source: &mut Source| {
        let role = u32::from(source.once_in(2));
        let (dtype, len) = (DTYPES[source.below(4)], source.len());
        (role, source.blob(dtype, len))
    };
    let gradients: Vec<(u32, Blob)> = (0..count).map(|_| gradient(source)).collect();
    let mut world = World::of(&gradients);
    let buffers = [&mut world.params, &mut world.firsts, &mut world.seconds];
    for blob in buffers.into_iter().flatten() {
        if source.once_in(2) {
            let filled = source.blob(blob.dtype, blob.len);
            blob.copy_from(&filled);
        }
    }
    for weights in &mut world.weights {
        if source.once_in(3) {
            *weights = moments(source);
        }
    }
    world
}

fn moments(source: &mut Source) -> Moments {
    Moments {
        count: source.word() >> source.below(64),
        sum: source.number(),
        sum_sq: source.number(),
        abs_max: source.number(),
    }
}

fn affine(source: &mut Source) -> Affine {
    Affine {
        center: source.number(),
        scale: source.number(),
        limit: source.number(),
    }
}

/// A new configuration of something; `struct_size` is the right one, a shorter one, or one that cannot be.
pub fn configs(source: &mut Source, world: &mut World) {
    let configured = world.configs.iter_mut();
    let mut configured: Vec<_> = configured.filter(|c| c.size > 0).collect();
    let some = source.below(configured.len());
    let Config { setting, size } = &mut *configured[some];
    for field in setting.of.fields {
        let value = match field.class {
            Class::Choice => source.once_in(2).then(|| f64::from(source.code())),
            Class::Count | Class::Steps => Some(source.below(4) as f64),
            Class::Reserved => source.once_in(32).then(|| f64::from(source.byte())),
            _ => source.once_in(3).then(|| source.number()),
        };
        if let Some(value) = value {
            *setting = setting.clone().with(&[(field.name, value)]);
        }
    }
    match source.below(16) {
        14 => *size = size.wrapping_sub(8), // Any size may be there from before.
        // What says that it is a little longer has to be.
        15 => *size = source.word() as u32 | 1 << 13,
        _ => (),
    }
}

/// Any bits in one state.
pub fn states(source: &mut Source, world: &mut World) {
    let (first, second) = (source.number(), source.number());
    let (steps, more) = (source.word() >> source.below(64), source.word());
    match source.below(5) {
        0 => {
            let index = source.below(world.states.norms.len());
            let state = &mut world.states.norms[index];
            (state.m, state.v, state.steps, state.skipped) = (first, second, steps, more);
        }
        1 => {
            let state = &mut world.states.autoscale;
            (state.exponent, state.sigma, state.steps) = (first, second, steps);
            state.alpha = source.number();
        }
        2 => {
            (
                world.states.zclip.mean,
                world.states.zclip.var,
                world.states.zclip.steps,
            ) = (first, second, steps);
        }
        3 => (world.states.guard.consecutive, world.states.guard.total) = (steps, more),
        _ => world.step.steps = steps,
    }
}

/// Moments or an affine that the caller has written itself; the index of the tensor if its moments are a lie now.
pub fn lie(source: &mut Source, world: &mut World) -> Option<usize> {
    let index = source.below(world.grads.len().max(1));
    let tensor = world.grads.get_mut(index)?;
    if source.once_in(2) {
        tensor.moments = moments(source);
        return Some(index);
    }
    tensor.affine = affine(source);
    None
}

/// Everything about where things lie, as it is when nothing is wrong with it.
pub struct Sound {
    grads: Vec<(*mut c_void, usize, u32, u32)>,
    out: Vec<*mut c_void>,
    slots: Vec<crate::types::trimtab_slot>,
}

impl Sound {
    pub fn of(world: &World) -> Self {
        let tensors = world.grads.iter();
        Self {
            grads: tensors.map(|t| (t.data, t.len, t.dtype, t.role)).collect(),
            out: world.out.clone(),
            slots: world.slots.clone(),
        }
    }

    pub fn restore(&self, world: &mut World) {
        for (t, sound) in world.grads.iter_mut().zip(&self.grads) {
            (t.data, t.len, t.dtype, t.role) = *sound;
        }
        world.out.clone_from(&self.out);
        world.slots.clone_from(&self.slots);
    }
}

/// One byte on: inside the buffer, which is longer than its elements, and wrong for every element type.
fn odd(pointer: *mut c_void) -> *mut c_void {
    pointer.wrapping_byte_add(1)
}

/// Spoils one descriptor, output or slot.
pub fn descriptor(source: &mut Source, world: &mut World) {
    let index = source.below(world.grads.len().max(1));
    let Some(tensor) = world.grads.get_mut(index) else {
        return;
    };
    let slot = &mut world.slots[index];
    match source.below(16) {
        0 => tensor.data = null_mut(),
        1 => tensor.data = odd(tensor.data),
        2 => tensor.dtype = 4 + source.word() as u32 % 1000,
        3 => tensor.role = 2 + source.word() as u32 % 1000,
        // More than half of the address space, however small the elements.
        4 => tensor.len = usize::MAX >> source.below(2),
        5 => tensor.len = source.below(256).min(tensor.len),
        6 => (tensor.data, tensor.len) = (null_mut(), 0),
        7 => world.out[index] = null_mut(),
        8 => world.out[index] = odd(world.out[index]),
        9 => world.out[index] = tensor.data,
        10 => slot.param = null_mut(),
        11 => slot.first = null_mut(),
        12 => slot.second = odd(slot.second),
        13 => slot.dtype = [1, 2, 4, u32::MAX][source.below(4)],
        14 => slot.reserved = source.word() as u32,
        _ => slot.param = odd(slot.param),
    }
}

/// Spoils one argument that is not a descriptor.
pub fn arguments(source: &mut Source, args: &mut Args) {
    match (source.below(16), &mut args.raw) {
        (0, _) => args.grads = null_mut(),
        (1, _) => args.grads = args.grads.wrapping_byte_add(4),
        (2, _) => args.n = usize::MAX >> source.below(2),
        (3, _) => args.n = args.n.min(source.below(4)),
        (4, _) => args.out = null(),
        (5, _) => args.slots = null(),
        (6..=7, Some(raw)) => raw.state = null_mut(),
        (8..=9, Some(raw)) if !raw.state.is_null() => {
            raw.state = raw.state.wrapping_byte_add(1 + 3 * source.below(2));
        }
        (10..=11, Some(raw)) => raw.input = null(),
        (12..=15, Some(raw)) if !raw.config.is_null() => {
            raw.config = raw.config.wrapping_byte_add(1 + source.below(3));
        }
        _ => (),
    }
}
