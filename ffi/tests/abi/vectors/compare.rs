//! The tolerances that the description of the vectors allows.

use serde_json::Value;

use super::super::blob::{BF16, Blob, F16, F32, F64, ulp};
use super::number;

/// f32: 4 ulp of the largest element of the tensor. f64: 1e-10 relative to it. f16 and bf16: 1 ulp.
pub fn gradient(what: &str, actual: &Blob, expected: &[f64]) {
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    for (i, (a, &e)) in values(what, actual, expected) {
        let bound = match actual.dtype {
            F32 => 4.0 * ulp(F32, largest),
            F64 => 1e-10 * largest,
            F16 | BF16 => ulp(actual.dtype, e),
            unknown => panic!("no element type {unknown}"),
        };
        near(&format!("{what} element {i}"), a, e, bound);
    }
}

/// After up to 8 steps. f32: 2e-6 relative to the largest parameter. f64: 1e-10, as for gradients.
pub fn parameter(what: &str, actual: &Blob, expected: &[f64]) {
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let bound = largest * if actual.dtype == F32 { 2e-6 } else { 1e-10 };
    for (i, (a, &e)) in values(what, actual, expected) {
        near(&format!("{what} element {i}"), a, e, bound);
    }
}

/// States: 1e-12 relative.
pub fn state(what: &str, actual: f64, expected: &Value) {
    let expected = number(expected);
    near(what, actual, expected, 1e-12 * expected.abs());
}

type Pairs<'a> = Vec<(usize, (f64, &'a f64))>;

fn values<'a>(what: &str, actual: &Blob, expected: &'a [f64]) -> Pairs<'a> {
    assert_eq!(actual.len, expected.len(), "{what}: length");
    actual
        .values()
        .into_iter()
        .zip(expected)
        .enumerate()
        .collect()
}

fn near(what: &str, actual: f64, expected: f64, bound: f64) {
    let off = (actual - expected).abs();
    assert!(
        off <= bound,
        "{what}: {actual:e} instead of {expected:e}, off by {off:e}, allowed {bound:e}"
    );
}
