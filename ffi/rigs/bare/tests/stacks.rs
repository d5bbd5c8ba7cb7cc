//! Every function in every situation that takes a different path, for the stack it needs.

use std::collections::BTreeSet;

use crate::abi::abi;
use crate::methods::{Method, decide};
use crate::script::{DTYPES, Part};
use crate::table::{Line, read};

/// Beyond a run of the loops and a group of lanes, and a quarter of it.
const LENGTHS: [usize; 2] = [2_048 + 33, 520];

/// What is pending when a function is called.
const PENDING: [&str; 4] = [
    "",
    "Scale { factor: 0.3 }",
    "Scale { factor: 0.3 }; Centralize { roles: All }",
    "Scale { factor: 0.3 }; ClipValue { limit: 2.5 }",
];

/// First the function that only looks what the processor has: nothing may be called before it.
pub fn parts(table: &[Line]) -> Vec<Part> {
    let mut first = Part::new("the first call", "f32", "f32");
    first.step("call").size(0).function("trimtab_cpu_level");
    let mut parts = vec![first];
    for gradient in DTYPES {
        for param in ["f32", "f64"] {
            for (i, pending) in PENDING.iter().enumerate() {
                let name = format!("stacks {gradient} {param} {pending}");
                let mut part = Part::new(&name, gradient, param);
                every_function(&mut part, pending, i == 3);
                every_optimizer(&mut part, pending, table);
                parts.push(part);
            }
        }
    }
    parts
}

fn every_function(part: &mut Part, pending: &str, limited: bool) {
    for function in &abi().functions {
        prepare(part, pending);
        part.step("call")
            .size(usize::from(limited))
            .function(&function.name);
    }
}

/// Each with every configuration of the table.
fn every_optimizer(part: &mut Part, pending: &str, table: &[Line]) {
    let optimizers = table.iter().filter_map(|line| line.optimizer.as_ref());
    let optimizers: BTreeSet<_> = optimizers.collect();
    assert!(optimizers.len() >= 6, "those of the table");
    for (name, config) in optimizers {
        for step in ["step", "step_at"] {
            prepare(part, pending);
            part.pass(&format!("{name}_{step}"), config);
        }
    }
}

/// New gradients and parameters, observed, and what is pending.
fn prepare(part: &mut Part, pending: &str) {
    part.draw(4, &LENGTHS);
    part.step("parameters").word(4);
    part.inputs(&[vec![2.0], vec![2.0]]);
    part.pass("observe", &[]);
    let methods = read(pending).into_iter();
    let methods =
        methods.map(|(name, fields)| Method::new(&name, &fields, 0.5, LENGTHS.len(), &mut 0));
    decide(part, &methods.collect::<Vec<_>>());
}
