//! The width of the range of learning rates in which a method works.

use super::table::Panel;
use std::fmt;

/// Median errors by learning rate, ascending.
pub type Curve = Vec<(f64, f64)>;

/// Of a row of a panel whose columns are learning rates.
pub fn curve(panel: &Panel, row: usize) -> Curve {
    let cells = panel.columns.iter().zip(&panel.cells[row]);
    let filled = cells.filter(|(_, cell)| !cell.records.is_empty());
    filled
        .filter_map(|(column, cell)| Some((column.number?, cell.error().median)))
        .collect()
}

/// The learning rate with the smallest error, and that error; none if all are infinite.
pub fn best(curve: &Curve) -> Option<(f64, f64)> {
    let finite = curve.iter().filter(|(_, error)| error.is_finite());
    finite.copied().min_by(|a, b| a.1.total_cmp(&b.1))
}

/// A width in decades, at least that if an end of the range was not reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width {
    /// Decades.
    pub decades: f64,
    /// Whether the range reaches the smallest or the largest rate tried.
    pub open: bool,
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sign = if self.open { "≥ " } else { "" };
        write!(f, "{sign}{:.1}", self.decades)
    }
}

/// The range around the best rate in which the error is at most `limit`; see the report for the definition.
pub fn width(curve: &Curve, limit: f64) -> Width {
    let points: Vec<_> = curve
        .iter()
        .map(|(rate, error)| (rate.log10(), error.log10()))
        .collect();
    let lowest = (0..points.len()).min_by(|&a, &b| points[a].1.total_cmp(&points[b].1));
    let Some(best) = lowest.filter(|&best| curve[best].1 <= limit) else {
        return Width {
            decades: 0.0,
            open: false,
        };
    };
    let limit = limit.log10();
    let (down, left) = reach(points[..=best].iter().rev(), limit);
    let (up, right) = reach(points[best..].iter(), limit);
    Width {
        decades: (up - down).abs(),
        open: left || right,
    }
}

/// Walks from the best point outwards: where the limit is crossed, and whether that is the end of all points.
fn reach<'p>(mut points: impl Iterator<Item = &'p (f64, f64)>, limit: f64) -> (f64, bool) {
    let Some(&(mut place, mut height)) = points.next() else {
        return (0.0, true);
    };
    for &(next, error) in points {
        if error > limit {
            let part = if error.is_finite() {
                (limit - height) / (error - height)
            } else {
                0.0
            };
            return (place + part * (next - place), false);
        }
        (place, height) = (next, error);
    }
    (place, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn assert_width(errors: [f64; 5], limit: f64, decades: f64, open: bool) {
        let rates = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];
        let curve: Curve = rates.into_iter().zip(errors).collect();
        let width = width(&curve, limit);
        assert!(
            (width.decades - decades).abs() < 1e-12 && width.open == open,
            "{errors:?}: {width:?}"
        );
    }

    #[test]
    fn ends_are_where_the_limit_is_crossed() {
        // From 0.1 at 1e-2 to 10 at the neighbours: 1 is crossed half way in logarithms.
        assert_width([10.0, 10.0, 0.1, 10.0, 10.0], 1.0, 1.0, false);
        // An infinite neighbour ends the range at the last finite point.
        assert_width([10.0, 10.0, 0.1, INF, INF], 1.0, 0.5, false);
        assert_width([1.0, 0.5, 0.1, 0.1, 1.0], 2.0, 4.0, true);
        assert_width([1.0, 0.5, 0.1, 100.0, 1.0], 10.0, 2.0 + 2.0 / 3.0, true);
    }

    #[test]
    fn nothing_below_the_limit_has_no_width() {
        assert_width([INF; 5], 1.0, 0.0, false);
        assert_width([5.0, 4.0, 3.0, 4.0, 5.0], 1.0, 0.0, false);
        assert_eq!(best(&vec![(1.0, INF)]), None);
        assert_eq!(best(&vec![(1.0, 3.0), (2.0, 2.0)]), Some((2.0, 2.0)));
    }
}
