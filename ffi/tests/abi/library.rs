//! The C ABI as the suite sees it.

use std::ffi::c_void;
use std::ptr::null_mut;

use trimtab::{Moments, Tensor};

use super::c;
use super::raw::{Raw, descriptors, slots};
use crate::common::elements::Elements;
use crate::common::library::{Answer, Library, Parameters, Running};
use crate::common::saved::Saved;
use crate::common::status::{OK, expect};
use crate::common::table::Setting;
use crate::state::trimtab_states;
use crate::types::TRIMTAB_NOWHERE;

/// Each method by its own function.
struct Alone;

/// All methods by `trimtab_decide`, and everything by the functions whose name ends in `_at`.
struct Together;

/// Both ways to ask the C ABI.
pub static LIBRARIES: [&dyn Library; 2] = [&Alone, &Together];

/// What nobody has written to.
const UNTOUCHED: usize = 77;

/// The code of a function, and whom its `_at` blames.
fn blamed(call: impl FnOnce(*mut usize) -> i32) -> Answer {
    let mut at = UNTOUCHED;
    let code = call(&raw mut at);
    assert_ne!(at, UNTOUCHED, "always written");
    assert!(code < OK || at == TRIMTAB_NOWHERE, "nobody is to blame");
    Answer {
        code,
        method: None,
        at: (at != TRIMTAB_NOWHERE).then_some(at),
    }
}

/// Asked by the function without `_at`. What it refuses has changed nothing, so the other one must refuse it too.
fn confirmed(code: i32, call: impl FnOnce(*mut usize) -> i32) -> Answer {
    if code >= OK {
        return Answer::of(code);
    }
    let answer = blamed(call);
    expect(
        "the same by the function that says who is to blame",
        answer.code,
        code,
    );
    answer
}

fn pointers(outputs: &mut [Elements]) -> Vec<*mut c_void> {
    outputs.iter_mut().map(Elements::pointer).collect()
}

/// The entries as a C program lists them.
pub fn states(entries: &mut [Saved]) -> Vec<trimtab_states> {
    let one = |entry: &mut Saved| trimtab_states {
        kind: entry.kind(),
        count: entry.len(),
        states: match entry {
            Saved::Norms(states) => states.as_mut_ptr().cast(),
            Saved::Autoscales(states) => states.as_mut_ptr().cast(),
            Saved::Zclips(states) => states.as_mut_ptr().cast(),
            Saved::Guards(states) => states.as_mut_ptr().cast(),
            Saved::Steps(states) => states.as_mut_ptr().cast(),
        },
        reserved: 0,
    };
    entries.iter_mut().map(one).collect()
}

/// What has no second way.
macro_rules! common {
    () => {
        fn outlook(&self, tensor: &Tensor) -> Result<Moments, Answer> {
            let mut moments = Moments::default();
            let tensor: *const Tensor = tensor;
            match c::outlook(tensor.cast(), &raw mut moments) {
                OK => Ok(moments),
                code => Err(Answer::of(code)),
            }
        }

        fn observe_chunk(&self, into: &mut Moments, chunk: &mut Elements) -> Answer {
            let (len, dtype) = (chunk.len(), chunk.dtype() as u32);
            Answer::of(c::observe_chunk(into, chunk.pointer(), len, dtype))
        }

        fn merge(&self, into: &mut Moments, from: &Moments) -> Answer {
            Answer::of(c::moments_merge(into, from))
        }

        fn statistics(&self, moments: &Moments) -> [f64; 3] {
            [c::moments_mean, c::moments_std, c::moments_norm].map(|of| of(moments))
        }

        fn save(&self, entries: &mut [Saved]) -> Vec<u8> {
            let (entries, mut size) = (states(entries), 0);
            let save = |bytes, capacity, size| {
                let saved = c::state_save(entries.as_ptr(), entries.len(), bytes, capacity, size);
                expect("save", saved, OK);
            };
            save(null_mut(), 0, &raw mut size);
            let mut bytes = vec![0xa5_u8; size];
            save(bytes.as_mut_ptr().cast(), bytes.len(), &raw mut size);
            assert_eq!(size, bytes.len());
            bytes
        }

        fn load(&self, entries: &mut [Saved], bytes: &[u8]) -> Answer {
            let (entries, from) = (states(entries), bytes.as_ptr().cast());
            let n = entries.len();
            Answer::of(c::state_load(entries.as_ptr(), n, from, bytes.len()))
        }

        fn init_std(&self, activation: u32, fan_in: usize) -> f64 {
            c::init_std(activation, fan_in)
        }
    };
}

impl Library for Alone {
    fn name(&self) -> &'static str {
        "C, one by one"
    }

    fn in_one_call(&self) -> bool {
        false
    }

    fn observe(&self, grads: &mut [Tensor]) -> Answer {
        let (grads, n) = (descriptors(grads), grads.len());
        confirmed(c::observe(grads, n), |at| c::observe_at(grads, n, at))
    }

    fn decide(
        &self,
        methods: &mut [Running],
        params: &[Moments],
        grads: &mut [Tensor],
    ) -> Option<Answer> {
        for (index, running) in methods.iter_mut().enumerate() {
            let raw = Raw::method(running, params, grads);
            let answer = confirmed(raw.alone(), |at| raw.at(at));
            if answer.code != OK {
                let method = (answer.code < OK).then_some(index);
                return Some(Answer { method, ..answer });
            }
        }
        Some(Answer::OK)
    }

    fn apply(&self, grads: &mut [Tensor]) -> Answer {
        let (grads, n) = (descriptors(grads), grads.len());
        confirmed(c::apply(grads, n), |at| c::apply_at(grads, n, at))
    }

    fn apply_into(&self, grads: &[Tensor], outputs: &mut [Elements]) -> Answer {
        let (grads, n, out) = (grads.as_ptr().cast(), grads.len(), pointers(outputs));
        confirmed(c::apply_into(grads, out.as_ptr(), n), |at| {
            c::apply_into_at(grads, out.as_ptr(), n, at)
        })
    }

    fn step(
        &self,
        optimizer: &Setting,
        grads: &mut [Tensor],
        parameters: &mut Parameters,
    ) -> Option<Answer> {
        let slots = slots(parameters);
        let raw = Raw::optimizer(optimizer, grads, parameters, &slots);
        Some(confirmed(raw.alone(), |at| raw.at(at)))
    }

    common!();
}

impl Library for Together {
    fn name(&self) -> &'static str {
        "C, in one call"
    }

    fn in_one_call(&self) -> bool {
        true
    }

    fn observe(&self, grads: &mut [Tensor]) -> Answer {
        blamed(|at| c::observe_at(descriptors(grads), grads.len(), at))
    }

    fn decide(
        &self,
        methods: &mut [Running],
        params: &[Moments],
        grads: &mut [Tensor],
    ) -> Option<Answer> {
        let raws = methods.iter_mut();
        let raws: Vec<_> = raws
            .map(|running| Raw::method(running, params, grads))
            .collect();
        let links: Vec<_> = raws.iter().map(Raw::link).collect();
        let (grads, n) = (descriptors(grads), grads.len());
        let mut refused = UNTOUCHED;
        let answer =
            blamed(|at| c::decide_at(links.as_ptr(), links.len(), grads, n, &raw mut refused, at));
        let method = (refused != UNTOUCHED).then_some(refused);
        Some(Answer { method, ..answer })
    }

    fn apply(&self, grads: &mut [Tensor]) -> Answer {
        blamed(|at| c::apply_at(descriptors(grads), grads.len(), at))
    }

    fn apply_into(&self, grads: &[Tensor], outputs: &mut [Elements]) -> Answer {
        let out = pointers(outputs);
        blamed(|at| c::apply_into_at(grads.as_ptr().cast(), out.as_ptr(), grads.len(), at))
    }

    fn step(
        &self,
        optimizer: &Setting,
        grads: &mut [Tensor],
        parameters: &mut Parameters,
    ) -> Option<Answer> {
        let slots = slots(parameters);
        let raw = Raw::optimizer(optimizer, grads, parameters, &slots);
        Some(blamed(|at| raw.at(at)))
    }

    common!();
}
