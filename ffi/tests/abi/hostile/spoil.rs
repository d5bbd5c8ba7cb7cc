//! Worlds out of bytes, and what a hostile caller does to a world and to the arguments of one call.

use std::ffi::c_void;
use std::ptr::null_mut;

use trimtab_core::{Affine, Moments};

use super::source::Source;
use crate::abi_tests::blob::{Blob, DTYPES};
use crate::abi_tests::call::Args;
use crate::abi_tests::world::World;

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
    world.forget();
    world.norms.resize(count.max(1), Default::default());
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

/// New configurations; `struct_size` is the right one, a shorter one, or one that cannot be.
pub fn configs(source: &mut Source, world: &mut World) {
    let c = &mut world.configs;
    let number = |source: &mut Source, field: &mut f64| {
        if source.once_in(3) {
            *field = source.number();
        }
    };
    let code = |source: &mut Source, field: &mut u32| {
        if source.once_in(2) {
            *field = source.code();
        }
    };
    match source.below(8) {
        0 => {
            code(source, &mut c.guard.policy);
            c.guard.max_consecutive = source.below(4) as u64;
            size(source, &mut c.guard.struct_size);
        }
        1 => {
            code(source, &mut c.stable_grad.roles);
            number(source, &mut c.stable_grad.eps);
            size(source, &mut c.stable_grad.struct_size);
        }
        2 => {
            code(source, &mut c.stabilizer.scope);
            code(source, &mut c.stabilizer.bias_correction);
            number(source, &mut c.stabilizer.gamma1);
            number(source, &mut c.stabilizer.gamma2);
            number(source, &mut c.stabilizer.eps);
            size(source, &mut c.stabilizer.struct_size);
        }
        3 => {
            code(source, &mut c.znorm.roles);
            number(source, &mut c.znorm.eps);
            size(source, &mut c.znorm.struct_size);
        }
        4 => {
            number(source, &mut c.agc.clipping);
            number(source, &mut c.agc.eps);
            size(source, &mut c.agc.struct_size);
        }
        5 => {
            c.zclip.warmup = source.below(4) as u32;
            number(source, &mut c.zclip.alpha);
            number(source, &mut c.zclip.z_max);
            number(source, &mut c.zclip.eps);
            number(source, &mut c.zclip.max_norm);
            size(source, &mut c.zclip.struct_size);
        }
        6 => {
            code(source, &mut c.sgd.nesterov);
            number(source, &mut c.sgd.lr);
            number(source, &mut c.sgd.momentum);
            number(source, &mut c.sgd.dampening);
            number(source, &mut c.sgd.weight_decay);
            code(source, &mut c.sgd.decay_roles);
            size(source, &mut c.sgd.struct_size);
        }
        _ => {
            code(source, &mut c.adam.decoupled);
            number(source, &mut c.adam.lr);
            number(source, &mut c.adam.beta1);
            number(source, &mut c.adam.beta2);
            number(source, &mut c.adam.eps);
            number(source, &mut c.adam.weight_decay);
            code(source, &mut c.adam.decay_roles);
            size(source, &mut c.adam.struct_size);
        }
    }
}

/// Shorter, or beyond any configuration's: what says that it is a little longer has to be.
fn size(source: &mut Source, struct_size: &mut u32) {
    match source.below(16) {
        14 => *struct_size = struct_size.wrapping_sub(8), // Any size may be there from before.
        15 => *struct_size = source.word() as u32 | 1 << 13,
        _ => (),
    }
}

/// Any bits in one state.
pub fn states(source: &mut Source, world: &mut World) {
    let (first, second) = (source.number(), source.number());
    let (steps, more) = (source.word() >> source.below(64), source.word());
    match source.below(5) {
        0 => {
            let index = source.below(world.norms.len());
            let state = &mut world.norms[index];
            (state.m, state.v, state.steps, state.skipped) = (first, second, steps, more);
        }
        1 => {
            let state = &mut world.autoscale;
            (state.exponent, state.sigma, state.steps) = (first, second, steps);
            state.alpha = source.number();
        }
        2 => {
            (world.zclip.mean, world.zclip.var, world.zclip.steps) = (first, second, steps);
        }
        3 => (world.guard.consecutive, world.guard.total) = (steps, more),
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
    match source.below(16) {
        0 => args.grads = null_mut(),
        1 => args.grads = args.grads.wrapping_byte_add(4),
        2 => args.n = usize::MAX >> source.below(2),
        3 => args.n = args.n.min(source.below(4)),
        4 => args.guard = null_mut(),
        5 => args.norms = null_mut(),
        6 => args.norms = args.norms.wrapping_byte_add(1),
        7 => args.autoscale = null_mut(),
        8 => args.zclip = args.zclip.wrapping_byte_add(4),
        9 => args.step = null_mut(),
        10 => args.weights = std::ptr::null(),
        11 => args.out = std::ptr::null(),
        12 => args.slots = std::ptr::null(),
        13 => args.adam_config = args.adam_config.wrapping_byte_add(4),
        14 => args.sgd_config = args.sgd_config.wrapping_byte_add(1),
        _ => args.zclip_config = args.zclip_config.wrapping_byte_add(4),
    }
}

/// The scalars of a call.
pub fn scalars(source: &mut Source, args: &mut Args) {
    let numbers = [
        &mut args.loss_scale,
        &mut args.factor,
        &mut args.reference,
        &mut args.max_norm,
        &mut args.limit,
    ];
    if source.once_in(2) {
        let value = source.number();
        for number in numbers {
            *number = value;
        }
    }
    (args.roles, args.scope) = (source.code(), source.code());
}
