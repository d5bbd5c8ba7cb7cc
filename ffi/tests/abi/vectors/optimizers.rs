//! The optimizer cases: parameters after every step, with or without StableGrad in front.

use serde_json::Value;

use super::super::blob::Blob;
use super::super::c;
use super::super::status::{OK, expect};
use super::super::world::{Configs, World};
use super::{compare, dtype, flag, list, methods, number, numbers, string, world};
use crate::types::trimtab_slot;
use trimtab_core::StepState;

/// Parameters of the gradients' type, and their buffers.
struct Parameters {
    state: StepState,
    w: Vec<Blob>,
    first: Vec<Blob>,
    second: Vec<Blob>,
}

pub fn run(case: &Value) {
    let config = &case["config"];
    let mut parameters = Parameters::new(case);
    for (t, step) in list(&case["steps"]).iter().enumerate() {
        let what = format!("{} step {t}", string(&case["name"]));
        let mut world = world(case, step);
        world.observe();
        match &config["behind"] {
            Value::Null => (),
            behind => {
                assert_eq!(
                    string(behind),
                    "stable_grad",
                    "{what}: unknown method in front"
                );
                let reference = number(&step["reference"]);
                expect(
                    &what,
                    methods::stable_grad(&Value::Null, reference, &mut world),
                    OK,
                );
            }
        }
        expect(&what, parameters.step(config, &mut world), OK);
        assert_eq!(parameters.state.steps, t as u64 + 1, "{what}");
        let expected = list(&step["params"]);
        assert_eq!(parameters.w.len(), expected.len(), "{what}");
        for (w, expected) in parameters.w.iter().zip(expected) {
            compare::parameter(&what, w, &numbers(expected));
        }
    }
}

impl Parameters {
    fn new(case: &Value) -> Self {
        let values = list(&case["config"]["params0"]).iter().map(numbers);
        let w: Vec<Blob> = values
            .map(|values| Blob::new(dtype(case), &values))
            .collect();
        let zeros: Vec<Blob> = w.iter().map(|w| Blob::zeros(w.dtype, w.len)).collect();
        Self {
            state: StepState::default(),
            w,
            first: zeros.clone(),
            second: zeros,
        }
    }

    fn slots(&mut self) -> Vec<trimtab_slot> {
        let buffers = self.w.iter_mut().zip(&mut self.first).zip(&mut self.second);
        let slot = |((w, first), second): ((&mut Blob, &mut Blob), &mut Blob)| trimtab_slot {
            param: w.pointer(),
            first: first.pointer(),
            second: second.pointer(),
            dtype: w.dtype,
            reserved: 0,
        };
        buffers.map(slot).collect()
    }

    fn step(&mut self, config: &Value, world: &mut World) -> i32 {
        match string(&config["optimizer"]) {
            "adam" | "adamw" | "adam-plain" => self.adam(config, world),
            "sgd" | "sgd-nesterov" | "sgd-damped" => self.sgd(config, world),
            unknown => panic!("unknown optimizer {unknown}"),
        }
    }

    fn adam(&mut self, config: &Value, world: &mut World) -> i32 {
        let mut c = Configs::defaults().adam;
        (c.lr, c.eps, c.weight_decay) = (
            number(&config["lr"]),
            number(&config["eps"]),
            number(&config["wd"]),
        );
        (c.beta1, c.beta2) = (number(&config["b1"]), number(&config["b2"]));
        c.decoupled = flag(&config["dec"]).into();
        let (slots, n) = (self.slots(), world.grads.len());
        c::adam_step(
            &raw const c,
            &raw mut self.state,
            world.grads.as_mut_ptr(),
            slots.as_ptr(),
            n,
        )
    }

    fn sgd(&mut self, config: &Value, world: &mut World) -> i32 {
        let mut c = Configs::defaults().sgd;
        (c.lr, c.weight_decay) = (number(&config["lr"]), number(&config["wd"]));
        (c.momentum, c.dampening) = (number(&config["mu"]), number(&config["d"]));
        c.nesterov = flag(&config["n"]).into();
        let (slots, n) = (self.slots(), world.grads.len());
        c::sgd_step(
            &raw const c,
            &raw mut self.state,
            world.grads.as_mut_ptr(),
            slots.as_ptr(),
            n,
        )
    }
}
