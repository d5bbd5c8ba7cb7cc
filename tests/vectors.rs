//! Every case of `vectors/vectors.json`, through the core and through the oracle.
//!
//! The expected values were computed by an independent implementation. The oracle has to reproduce them too: it is the
//! ruler of all other tests. Tolerances are those that the format's description allows:
//!
//! * gradients: f32 4 ulp of the largest element of the tensor, f64 1e-10 relative to it, f16 and bf16 1 ulp;
//! * states: 1e-12 relative;
//! * parameters after up to 8 optimizer steps: 2e-6 relative to the largest in f32, 1e-10 in f64.

#[path = "vectors/case.rs"]
mod case;
#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[path = "vectors/optimizers.rs"]
mod optimizers;
#[allow(dead_code)]
mod oracle;
#[path = "vectors/states.rs"]
mod states;

use case::{Case, Step};
use common::compare;
use common::data::{Batch, oracle_role};
use common::method::{AnyMethod, StepInputs};
use common::number::Real;
use oracle::Gradient;
use trimtab::{apply, bf16, f16, observe};

/// How many cases the file holds; a case that is dropped or skipped must not go unnoticed.
const CASES: usize = 114;

/// How far the oracle may be from the vectors, relative to the largest element: both are f64, sums differ in order.
const ORACLE: f64 = 1e-12;

#[test]
fn the_core_reproduces_every_case() {
    let cases = case::load();
    for case in &cases {
        match case.dtype.as_str() {
            "f32" => through_the_core::<f32>(case),
            "f64" => through_the_core::<f64>(case),
            "f16" => through_the_core::<f16>(case),
            "bf16" => through_the_core::<bf16>(case),
            unknown => panic!("{}: unknown dtype {unknown}", case.name),
        }
    }
    assert_eq!(cases.len(), CASES);
}

fn through_the_core<T: Real>(case: &Case) {
    if case.method == "optimizer" {
        return optimizers::through_the_core(case);
    }
    let methods = case.methods();
    let mut memory: Vec<_> = methods.iter().map(|m| m.states(case.roles.len())).collect();
    for (t, step) in case.steps.iter().enumerate() {
        let what = format!("{} step {t}", case.name);
        let mut batch = batch::<T>(case, step);
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect(&what);
        for (method, states) in methods.iter().zip(&mut memory) {
            method.must_decide(&what, &inputs(step), states, &mut tensors);
        }
        apply(&mut tensors).expect(&what);
        drop(tensors);
        let expected = step.expected.as_ref().expect("expected gradients");
        for (i, (actual, expected)) in batch.data.iter().zip(expected).enumerate() {
            compare::written(&format!("{what} tensor {i}"), actual, expected);
        }
        states::compare(&what, &methods, &memory, step);
    }
}

#[test]
fn the_oracle_reproduces_every_case() {
    let cases = case::load();
    for case in &cases {
        match case.method.as_str() {
            "optimizer" => optimizers::through_the_oracle(case),
            _ => through_the_oracle(case),
        }
    }
    assert_eq!(cases.len(), CASES);
}

fn through_the_oracle(case: &Case) {
    let methods = case.methods();
    let mut memory: Vec<_> = methods
        .iter()
        .map(|m| m.oracle_states(case.roles.len()))
        .collect();
    for (t, step) in case.steps.iter().enumerate() {
        let what = format!("oracle, {} step {t}", case.name);
        let mut grads = gradients(case, step);
        for (method, states) in methods.iter().zip(&mut memory) {
            grads = method.on_data(&inputs(step), states, &grads);
        }
        for (actual, expected) in grads.iter().zip(step.expected.as_ref().expect("expected")) {
            let largest = oracle::statistics::abs_max(expected);
            compare::within(&what, &actual.values, expected, ORACLE * largest);
        }
        if let [AnyMethod::GradientStabilizer(_)] = methods[..] {
            states::compare_norms(&what, &states::of_oracle(&memory[0].norms), step, ORACLE);
        }
    }
}

/// The gradients of a step as elements; every one must be representable in the dtype.
fn batch<T: Real>(case: &Case, step: &Step) -> Batch<T> {
    let elements = |values: &Vec<f64>| values.iter().map(|&x| T::exact(x)).collect();
    Batch {
        roles: case.roles(),
        data: step.grads.iter().map(elements).collect(),
    }
}

/// The gradients of a step for the oracle.
fn gradients(case: &Case, step: &Step) -> Vec<Gradient> {
    let one = |(role, values): (trimtab::Role, &Vec<f64>)| Gradient {
        role: oracle_role(role),
        values: values.clone(),
    };
    case.roles().into_iter().zip(&step.grads).map(one).collect()
}

fn inputs(step: &Step) -> StepInputs {
    StepInputs {
        reference: step.reference.unwrap_or(f64::NAN),
        params: step.params.clone().unwrap_or_default(),
    }
}
