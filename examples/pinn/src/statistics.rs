//! Medians and quartiles over seeds.

/// Lower quartile, median and upper quartile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the values are at or below it.
    pub lower: f64,
    /// Half of the values are at or below it.
    pub median: f64,
    /// Three quarters of the values are at or below it.
    pub upper: f64,
}

/// The quartiles of `values`, in which infinity stands for what has no value, such as the error of a diverged run; NaN
/// counts as infinity. No values at all give infinity.
pub fn quartiles(values: impl IntoIterator<Item = f64>) -> Quartiles {
    let usable = |x: f64| if x.is_nan() { f64::INFINITY } else { x };
    let mut sorted: Vec<f64> = values.into_iter().map(usable).collect();
    sorted.sort_by(f64::total_cmp);
    Quartiles {
        lower: quantile(&sorted, 0.25),
        median: quantile(&sorted, 0.5),
        upper: quantile(&sorted, 0.75),
    }
}

/// The median alone.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quartiles(values).median
}

/// The value at place `part * (n-1)` of sorted values, with a straight line between neighbours (Hyndman and Fan's
/// definition 7, that of numpy and R).
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::INFINITY;
    };
    let place = part * last as f64;
    let (below, rest) = (place as usize, place.fract());
    match rest > 0.0 {
        true if sorted[below + 1].is_infinite() => sorted[below + 1],
        true => sorted[below] + rest * (sorted[below + 1] - sorted[below]),
        false => sorted[below],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(values: &[f64]) -> [f64; 3] {
        let q = quartiles(values.iter().copied());
        [q.lower, q.median, q.upper]
    }

    #[test]
    fn quartiles_are_those_of_the_definition() {
        // Places 1, 2 and 3 of five; 0.75, 1.5 and 2.25 of four.
        assert_eq!(three(&[5.0, 1.0, 4.0, 2.0, 3.0]), [2.0, 3.0, 4.0]);
        assert_eq!(three(&[1.0, 2.0, 4.0, 8.0]), [1.75, 3.0, 5.0]);
        assert_eq!(three(&[7.0]), [7.0; 3]);
    }

    #[test]
    fn diverged_runs_are_worse_than_any_other() {
        let (none, inf) = (f64::NAN, f64::INFINITY);
        assert_eq!(three(&[none, 1.0, 3.0, 2.0, none]), [2.0, 3.0, inf]);
        assert_eq!(three(&[none, none, 3.0, 2.0, none]), [3.0, inf, inf]);
        assert_eq!(three(&[1.0, none]), [inf, inf, inf]);
        assert_eq!(three(&[]), [inf; 3]);
    }
}
