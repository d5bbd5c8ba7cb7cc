//! Comparisons that say where and by how much.

use super::number::{Real, tolerance};

/// Elements against exact values within a bound.
pub fn within<T: Real>(what: &str, actual: &[T], expected: &[f64], bound: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}: length");
    for (i, (a, &e)) in actual.iter().zip(expected).enumerate() {
        let off = (a.value() - e).abs();
        assert!(
            off <= bound,
            "{what}: element {i} of {}: {:e} instead of {e:e}, off by {off:e}, allowed {bound:e}",
            actual.len(),
            a.value(),
        );
    }
}

/// Elements against the exact result, with the dtype's [`tolerance`].
pub fn written<T: Real>(what: &str, actual: &[T], expected: &[f64]) {
    let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    within(what, actual, expected, tolerance::<T>(largest));
}

/// Two numbers, relative to the expected one.
pub fn relative(what: &str, actual: f64, expected: f64, bound: f64) {
    let off = (actual - expected).abs();
    assert!(
        off <= bound * expected.abs(),
        "{what}: {actual:e} instead of {expected:e}, relative error {:e}, allowed {bound:e}",
        off / expected.abs(),
    );
}
