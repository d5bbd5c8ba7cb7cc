//! The calls of a program, with the arguments that a C program passes.

use std::ffi::c_void;
use std::fmt;
use std::ptr::null;

use super::world::World;
use crate::abi_tests::c;
use crate::abi_tests::raw::{self, Raw};
use crate::common::methods::{METHODS, OPTIMIZERS};
use crate::common::table::Description;
use crate::types::{trimtab_slot, trimtab_tensor};

#[derive(Clone, Copy, PartialEq)]
pub enum Call {
    Observe,
    /// A method to decide, or an optimizer to step, by its place in the world.
    Ask(usize),
    Apply,
    ApplyInto,
}

/// What the place of a method or an optimizer stands for.
pub fn described(place: usize) -> &'static Description {
    let optimizer = || &OPTIMIZERS[place - METHODS.len()];
    METHODS.get(place).unwrap_or_else(optimizer)
}

impl Call {
    /// The methods lie between the read and the writes.
    pub fn all() -> Vec<Call> {
        let all = [vec![Call::Observe], Self::methods(), Self::writes()];
        all.concat()
    }

    pub fn methods() -> Vec<Call> {
        (0..METHODS.len()).map(Call::Ask).collect()
    }

    pub fn writes() -> Vec<Call> {
        let steps = (0..OPTIMIZERS.len()).map(|place| Call::Ask(METHODS.len() + place));
        [Call::Apply, Call::ApplyInto]
            .into_iter()
            .chain(steps)
            .collect()
    }

    /// The method or the optimizer.
    pub fn of(self) -> Option<&'static Description> {
        match self {
            Call::Ask(place) => Some(described(place)),
            _ => None,
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Observe => f.write_str("observe"),
            Call::Apply => f.write_str("apply"),
            Call::ApplyInto => f.write_str("apply_into"),
            Call::Ask(place) => f.write_str(described(*place).name),
        }
    }
}

/// What a C program passes, as it passes it.
pub struct Args {
    pub grads: *mut trimtab_tensor,
    pub n: usize,
    pub out: *const *mut c_void,
    pub slots: *const trimtab_slot,
    /// Of a method or an optimizer.
    pub raw: Option<Raw>,
    /// Whether it is asked by `trimtab_decide_at`, or an optimizer by the function that says who is to blame.
    pub at: bool,
}

impl Args {
    pub fn of(call: Call, world: &mut World) -> Self {
        Self {
            n: world.grads.len(),
            grads: world.grads.as_mut_ptr(),
            out: world.out.as_ptr(),
            slots: world.slots.as_ptr(),
            raw: match call {
                Call::Ask(place) => Some(ask(place, world)),
                _ => None,
            },
            at: false,
        }
    }

    pub fn run(&mut self, call: Call) -> i32 {
        if let Some(raw) = &mut self.raw {
            (raw.grads, raw.n, raw.slots) = (self.grads, self.n, self.slots);
        }
        match (call, &self.raw) {
            (Call::Observe, _) => c::observe(self.grads, self.n),
            (Call::Apply, _) => c::apply(self.grads, self.n),
            (Call::ApplyInto, _) => c::apply_into(self.grads, self.out, self.n),
            (Call::Ask(_), Some(raw)) if self.at => raw.at(&mut 0),
            (Call::Ask(_), raw) => raw.as_ref().expect("of an Ask").alone(),
        }
    }
}

fn ask(place: usize, world: &mut World) -> Raw {
    let config = &world.configs[place];
    let mut raw = Raw::new(&config.setting);
    raw.say_size(config.size);
    raw.state = match described(place).is_method() {
        true => raw::state(&config.setting, &mut world.states),
        false => (&raw mut world.step).cast(),
    };
    raw.input = match described(place).reads_params {
        true => world.weights.as_ptr().cast(),
        false => null(),
    };
    raw
}
