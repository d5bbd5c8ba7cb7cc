//! Every case of the shared test vectors, through the C ABI. JSON goes straight into C structs: nothing of the Rust
//! API takes part.

mod compare;
#[path = "../common/json.rs"]
mod json;
mod methods;
mod optimizers;

use serde_json::Value;

use super::blob::{BF16, Blob, F16, F32, F64};
use super::status::{OK, expect};
use super::world::World;
use json::{flag, list, number, numbers, string};
use methods::Methods;

/// How many cases the file holds; a case that is dropped or skipped must not go unnoticed.
const CASES: usize = 114;

#[test]
fn every_case() {
    let text = include_str!("../../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(text).expect("vectors.json");
    assert_eq!(file["format"], 1, "the format these tests know");
    let cases = list(&file["cases"]);
    for case in cases {
        match string(&case["method"]) {
            "optimizer" => optimizers::run(case),
            _ => run(case),
        }
    }
    assert_eq!(cases.len(), CASES);
}

fn run(case: &Value) {
    let mut methods = Methods::new(case);
    for (t, step) in list(&case["steps"]).iter().enumerate() {
        let what = format!("{} step {t}", string(&case["name"]));
        let mut world = world(case, step);
        world.observe();
        methods.decide(&what, step, &mut world);
        let n = world.grads.len();
        expect(&what, super::c::apply(world.grads.as_mut_ptr(), n), OK);
        for (i, (blob, expected)) in world
            .buffers
            .iter()
            .zip(list(&step["expected"]))
            .enumerate()
        {
            compare::gradient(&format!("{what} tensor {i}"), blob, &numbers(expected));
        }
        methods.compare_states(&what, step);
    }
}

/// The gradients of a step; every one must be representable in the dtype.
fn world(case: &Value, step: &Value) -> World {
    let dtype = dtype(case);
    let roles = list(&case["roles"])
        .iter()
        .map(|role| role.as_u64().expect("a role") as u32);
    let grads = list(&step["grads"]);
    assert_eq!(grads.len(), roles.len(), "a role each");
    let one = |(role, values): (u32, &Value)| {
        let blob = Blob::new(dtype, &numbers(values));
        assert_eq!(blob.values(), numbers(values), "representable");
        (role, blob)
    };
    World::of(&roles.zip(grads).map(one).collect::<Vec<_>>())
}

fn dtype(case: &Value) -> u32 {
    match string(&case["dtype"]) {
        "f32" => F32,
        "f64" => F64,
        "f16" => F16,
        "bf16" => BF16,
        unknown => panic!("unknown dtype {unknown}"),
    }
}
