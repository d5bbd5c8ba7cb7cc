//! The viscous Burgers equation u_t + u u_x = ν u_xx on x in [-1, 1], t in [0, 1], u(x, 0) = -sin(πx), u(±1, t) = 0.
//!
//! The solution steepens into a shock at x = 0. It is known in closed form (Cole 1951, Hopf 1950; here as in Basdevant
//! et al., Computers & Fluids 14, 1986):
//!
//! ```text
//!   u(x, t) = - ∫ sin(π(x-η)) f(x-η) exp(-η²/4νt) dη / ∫ f(x-η) exp(-η²/4νt) dη,   f(y) = exp(-cos(πy)/2πν)
//! ```
//!
//! With η = s √(4νt) both integrals have the weight exp(-s²) of Gauss-Hermite quadrature.

use super::definition::{Face, Problem};
use crate::jet::{DIMENSIONS, Jet, Order, Point};
use crate::notation::positive;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::sync::LazyLock;

/// The standard Burgers test; viscosity 0.01/π by default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Burgers {
    /// ν
    #[serde(deserialize_with = "positive")]
    pub viscosity: f64,
}

impl Default for Burgers {
    fn default() -> Self {
        Self {
            viscosity: 0.01 / PI,
        }
    }
}

/// 120 nodes are exact to rounding for every viscosity from 0.01/π up; the test compares with 240.
static RULE: LazyLock<Vec<[f64; 2]>> = LazyLock::new(|| gauss_hermite(120));

impl Problem for Burgers {
    fn title(&self) -> String {
        let times_pi = (self.viscosity * PI * 1e6).round() / 1e6;
        format!("Burgers: u_t + u u_x = ν u_xx,  ν = {times_pi}/π")
    }

    fn axes(&self) -> [&'static str; DIMENSIONS] {
        ["x", "t"]
    }

    fn domain(&self) -> [[f64; 2]; DIMENSIONS] {
        [[-1.0, 1.0], [0.0, 1.0]]
    }

    fn faces(&self) -> Vec<Face> {
        let side = |at| Face {
            dimension: 0,
            at,
            share: 0.25,
        };
        vec![
            side(-1.0),
            side(1.0),
            Face {
                dimension: 1,
                at: 0.0,
                share: 0.5,
            },
        ]
    }

    fn orders(&self) -> [Order; DIMENSIONS] {
        [Order::Second, Order::First]
    }

    fn operator(&self, jet: &Jet) -> (f64, Jet) {
        let [u_x, u_t] = jet.first;
        let gradient = Jet {
            value: u_x,
            first: [jet.value, 1.0],
            second: [-self.viscosity, 0.0],
        };
        (
            u_t + jet.value * u_x - self.viscosity * jet.second[0],
            gradient,
        )
    }

    fn right_hand_side(&self, _: Point) -> f64 {
        0.0
    }

    fn exact(&self, point: Point) -> f64 {
        cole_hopf(self.viscosity, point, &RULE)
    }

    fn residual_scale(&self) -> f64 {
        1.0
    }
}

fn cole_hopf(viscosity: f64, [x, t]: Point, rule: &[[f64; 2]]) -> f64 {
    if t <= 0.0 {
        return -(PI * x).sin();
    }
    let spread = (4.0 * viscosity * t).sqrt();
    // Both integrals share a factor: taking out the largest possible f keeps exp from overflowing.
    let largest = 1.0 / (2.0 * PI * viscosity);
    let (mut numerator, mut denominator) = (0.0, 0.0);
    for &[s, weight] in rule {
        let angle = PI * (x - spread * s);
        let f = weight * (-angle.cos() * largest - largest).exp();
        numerator += f * angle.sin();
        denominator += f;
    }
    -numerator / denominator
}

/// Nodes and weights for ∫ exp(-s²) g(s) ds: Newton's method on the orthonormal Hermite function of degree `n`,
/// started from nodes found by bisection between sign changes.
fn gauss_hermite(n: usize) -> Vec<[f64; 2]> {
    let reach = (2.0 * n as f64 + 1.0).sqrt();
    // The nodes are at least π/√(2n+1) apart; a tenth of that cannot step over two.
    let step = 0.1 * PI / reach;
    let count = (reach / step).ceil() as i64 + 1;
    let grid = (-count..count).map(|i| (i as f64 + 0.5) * step);
    let brackets = grid.filter(|&s| hermite_function(n, s) * hermite_function(n, s + step) <= 0.0);
    brackets
        .map(|s| bisect(n, s, s + step))
        .map(|s| [s, weight(n, s)])
        .collect()
}

fn bisect(n: usize, mut low: f64, mut high: f64) -> f64 {
    let sign = hermite_function(n, low);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if hermite_function(n, middle) * sign > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// exp(-s²/2) H_n(s) / √(2ⁿ n! √π): the recurrence stays within range for every n.
fn hermite_function(n: usize, s: f64) -> f64 {
    let (mut before, mut current) = (0.0, PI.powf(-0.25) * (-0.5 * s * s).exp());
    for k in 1..=n {
        let k = k as f64;
        (before, current) = (
            current,
            s * (2.0 / k).sqrt() * current - ((k - 1.0) / k).sqrt() * before,
        );
    }
    current
}

/// exp(-s²) / (n h_{n-1}(s)²) with the orthonormal Hermite function h.
fn weight(n: usize, s: f64) -> f64 {
    let slope = hermite_function(n - 1, s);
    (-s * s).exp() / (n as f64 * slope * slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_integrates_polynomials_exactly() {
        let rule = gauss_hermite(20);
        assert_eq!(rule.len(), 20);
        let integral = |power: i32| rule.iter().map(|[s, w]| w * s.powi(power)).sum::<f64>();
        // ∫ exp(-s²) s^{2m} = Γ(m + 1/2): √π, √π/2, 3√π/4, ..., and 0 for odd powers.
        let root = PI.sqrt();
        assert!((integral(0) - root).abs() < 1e-13);
        assert!((integral(2) - root / 2.0).abs() < 1e-13);
        assert!((integral(8) - root * 105.0 / 16.0).abs() < 1e-11);
        assert!(integral(7).abs() < 1e-11);
    }

    #[test]
    fn initial_and_boundary_conditions_hold() {
        let burgers = Burgers::default();
        for i in -10..=10 {
            let x = f64::from(i) / 10.0;
            assert_eq!(burgers.exact([x, 0.0]), -(PI * x).sin());
            assert!((burgers.exact([x, 1e-9]) + (PI * x).sin()).abs() < 1e-7);
            let t = f64::from(i + 10) / 20.0;
            assert!(burgers.exact([1.0, t]).abs() < 1e-12);
            assert!(burgers.exact([0.0, t]).abs() < 1e-12);
        }
    }

    /// Basdevant et al. 1986, table 2: the steepest slope at x = 0 is 152.00516, at time 1.6037/π, for ν = 0.01/π.
    #[test]
    fn the_shock_is_as_steep_as_published() {
        let (burgers, time) = (Burgers::default(), 1.6037 / PI);
        let slope = |t: f64| {
            let h = 2e-5;
            let u = |steps: f64| burgers.exact([steps * h, t]);
            (u(-2.0) - 8.0 * u(-1.0) + 8.0 * u(1.0) - u(2.0)) / (12.0 * h)
        };
        assert!(
            (slope(time) + 152.005_16).abs() < 1e-3,
            "slope {}",
            slope(time)
        );
        assert!(slope(time - 0.02) > slope(time) && slope(time + 0.02) > slope(time));
    }

    #[test]
    fn twice_the_nodes_change_nothing() {
        let fine = gauss_hermite(240);
        let burgers = Burgers::default();
        for i in 0..=20 {
            for t in [0.05, 0.3, 0.5, 0.8, 1.0] {
                let point = [f64::from(i) / 20.0, t];
                let difference =
                    (burgers.exact(point) - cole_hopf(burgers.viscosity, point, &fine)).abs();
                assert!(difference < 1e-8, "{point:?}: {difference}");
            }
        }
    }
}
