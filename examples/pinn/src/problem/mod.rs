//! Differential equations with known solutions.
//!
//! A problem is an operator N with its gradient, a right-hand side q, an exact solution g and a rectangle: the network
//! u is trained until N(u) = q inside and u = g on the faces that carry a boundary or an initial condition.

mod burgers;
mod definition;
mod equation;
mod helmholtz;
mod poisson;
pub mod sampling;

pub use burgers::Burgers;
pub use definition::{Face, Problem};
pub use equation::Equation;
pub use helmholtz::Helmholtz;
pub use poisson::Poisson;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::{DIMENSIONS, Jet, Order, Point};

    /// The jet of a smooth function by central differences of fourth order with step `h`.
    fn difference_jet(u: impl Fn(Point) -> f64, point: Point, h: f64) -> Jet {
        let mut jet = Jet {
            value: u(point),
            ..Jet::default()
        };
        for d in 0..DIMENSIONS {
            let at = |steps: f64| {
                let mut shifted = point;
                shifted[d] += steps * h;
                u(shifted)
            };
            jet.first[d] = (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * h);
            let around = -at(-2.0) + 16.0 * at(-1.0) + 16.0 * at(1.0) - at(2.0);
            jet.second[d] = (around - 30.0 * at(0.0)) / (12.0 * h * h);
        }
        jet
    }

    fn assert_solves(problem: &dyn Problem, points: &[Point], step: f64, tolerance: f64) {
        for &point in points {
            let jet = difference_jet(|p| problem.exact(p), point, step);
            let residual = problem.operator(&jet).0 - problem.right_hand_side(point);
            assert!(
                residual.abs() < tolerance,
                "{} at {point:?}: residual {residual}",
                problem.title()
            );
        }
    }

    const JET: Jet = Jet {
        value: 0.7,
        first: [-1.3, 0.4],
        second: [2.1, -0.6],
    };

    fn problems() -> [Box<dyn Problem>; 3] {
        let usual = |text: &str| text.parse::<Equation>().expect(text).problem();
        ["poisson", "helmholtz", "burgers"].map(usual)
    }

    const SQUARE: [Point; 4] = [[0.1, -0.3], [-0.72, 0.55], [0.9, 0.31], [0.0, 0.0]];

    #[test]
    fn exact_solutions_satisfy_their_equations() {
        assert_solves(&Poisson::default(), &SQUARE, 1e-3, 1e-4);
        assert_solves(&Helmholtz::default(), &SQUARE, 1e-3, 1e-4);
        assert_solves(
            &Helmholtz {
                a1: 2.0,
                a2: 3.0,
                k: 5.0,
            },
            &SQUARE,
            1e-3,
            1e-4,
        );
        let viscous = Burgers { viscosity: 0.05 };
        assert_solves(
            &viscous,
            &[[0.3, 0.2], [-0.6, 0.5], [0.05, 0.9]],
            1e-3,
            1e-6,
        );
        // Near the shock of the thin case u_xx is of order 10^4, so differences lose more digits.
        assert_solves(
            &Burgers::default(),
            &[[0.3, 0.2], [-0.6, 0.5], [0.02, 0.6]],
            2e-4,
            1e-2,
        );
    }

    #[test]
    fn operator_gradients_are_the_slopes_of_the_operators() {
        let h = 1e-6;
        for problem in problems() {
            let slope = |change: &dyn Fn(&mut Jet, f64)| {
                let at = |by: f64| {
                    let mut moved = JET;
                    change(&mut moved, by);
                    problem.operator(&moved).0
                };
                (at(h) - at(-h)) / (2.0 * h)
            };
            let gradient = problem.operator(&JET).1;
            assert!((slope(&|j, by| j.value += by) - gradient.value).abs() < 1e-8);
            for d in 0..DIMENSIONS {
                assert!((slope(&|j, by| j.first[d] += by) - gradient.first[d]).abs() < 1e-8);
                assert!((slope(&|j, by| j.second[d] += by) - gradient.second[d]).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn operators_use_only_the_derivatives_they_ask_for() {
        for problem in problems() {
            let gradient = problem.operator(&JET).1;
            for (d, order) in problem.orders().into_iter().enumerate() {
                assert!(
                    order != Order::Zero || gradient.first[d] == 0.0,
                    "{}",
                    problem.title()
                );
                assert!(
                    order == Order::Second || gradient.second[d] == 0.0,
                    "{}",
                    problem.title()
                );
            }
        }
    }

    #[test]
    fn shares_of_the_faces_add_up() {
        for problem in problems() {
            let total: f64 = problem.faces().iter().map(|face| face.share).sum();
            assert!((total - 1.0).abs() < 1e-12);
        }
    }
}
