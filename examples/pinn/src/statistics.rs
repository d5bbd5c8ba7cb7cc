//! The median.

/// The median of `values`, in which infinity stands for what has no value, such as the error of a diverged run; NaN
/// counts as infinity. No values at all give infinity.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let usable = |x: f64| if x.is_nan() { f64::INFINITY } else { x };
    let mut sorted: Vec<f64> = values.into_iter().map(usable).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::INFINITY;
    };
    let (below, above) = (sorted[last / 2], sorted[last.div_ceil(2)]);
    match above.is_infinite() {
        true => above,
        false => below + 0.5 * (above - below),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_worse_than_any_other() {
        let (none, inf) = (f64::NAN, f64::INFINITY);
        assert_eq!(median([5.0, 1.0, 4.0, 2.0, 3.0]), 3.0);
        assert_eq!(median([1.0, 8.0, 2.0, 4.0]), 3.0);
        assert_eq!(median([none, 1.0, 3.0, 2.0, none]), 3.0);
        assert_eq!(median([none, none, 3.0, 2.0, none]), inf);
        assert_eq!(median([1.0, none]), inf);
        assert_eq!(median([]), inf);
    }
}
