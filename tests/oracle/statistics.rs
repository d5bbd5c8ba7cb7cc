//! Sums, mean, standard deviation and norm, as accurately as f64 gives them in a few lines.
//!
//! Sums are compensated (Neumaier), so their error does not grow with the length. The standard deviation takes two
//! passes, the mean first and the squared deviations from it second, and does not suffer from the cancellation that
//! raw sums do: it is the value the core's one pass is measured against.

use super::Gradient;

/// Neumaier's compensated sum: the error of the total is that of one rounding.
pub fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for x in values {
        let next = total + x;
        lost += if total.abs() >= x.abs() {
            (total - next) + x
        } else {
            (x - next) + total
        };
        total = next;
    }
    total + lost
}

/// The sum of squares.
pub fn sum_sq(values: &[f64]) -> f64 {
    sum(values.iter().map(|x| x * x))
}

/// The 2-norm.
pub fn norm(values: &[f64]) -> f64 {
    sum_sq(values).sqrt()
}

/// The 2-norm of all tensors taken as one vector.
pub fn global_norm(grads: &[Gradient]) -> f64 {
    sum(grads.iter().flat_map(|g| g.values.iter().map(|x| x * x))).sqrt()
}

/// The largest magnitude, 0 for an empty slice.
pub fn abs_max(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// The mean; NaN for an empty slice.
pub fn mean(values: &[f64]) -> f64 {
    sum(values.iter().copied()) / values.len() as f64
}

/// The sum of squared deviations from the mean, which counts as 0 when it is rounding and not signal.
///
/// The rule of `ARCHITECTURE.md`: at or below 2^-44 of the sum of squares it is 0. A constant tensor therefore has
/// no deviation whatever its mean rounds to. Tests keep well away from the threshold on either side, because the
/// core's raw sums may fall on the other side of it within some 2^-53 * n of the sum of squares.
pub fn deviation_sq(values: &[f64]) -> f64 {
    let center = mean(values);
    let drift = sum(values.iter().map(|x| x - center));
    let squares = sum(values.iter().map(|x| (x - center) * (x - center)));
    let exact = squares - drift * drift / values.len() as f64;
    if exact <= f64::exp2(-44.0) * sum_sq(values) {
        return 0.0;
    }
    exact
}

/// The unbiased standard deviation; NaN for fewer than two elements.
pub fn std(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    (deviation_sq(values) / (values.len() - 1) as f64).sqrt()
}

/// The values minus their mean; exact zeros where the deviation is rounding only.
pub fn centred(values: &[f64]) -> Vec<f64> {
    if values.is_empty() || deviation_sq(values) == 0.0 {
        return vec![0.0; values.len()];
    }
    let center = mean(values);
    values.iter().map(|x| x - center).collect()
}
