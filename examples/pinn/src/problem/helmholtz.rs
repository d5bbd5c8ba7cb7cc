//! The Helmholtz equation u_xx + u_yy + k² u = q on [-1, 1]², a standard test of physics-informed networks.

use super::definition::{Face, Problem, square_faces};
use crate::jet::{DIMENSIONS, Jet, Order, Point};
use crate::notation::{not_negative, positive};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// u = sin(a₁πx) sin(a₂πy), zero on the boundary for whole a₁ and a₂.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Helmholtz {
    /// a₁, half waves on a unit length along x.
    #[serde(deserialize_with = "positive")]
    pub a1: f64,
    /// a₂, along y.
    #[serde(deserialize_with = "positive")]
    pub a2: f64,
    /// The wavenumber.
    #[serde(deserialize_with = "not_negative")]
    pub k: f64,
}

impl Helmholtz {
    /// What is solved unless something else is asked for.
    pub const USUAL: Self = Self {
        a1: 1.0,
        a2: 4.0,
        k: 1.0,
    };
}

impl Default for Helmholtz {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Problem for Helmholtz {
    fn title(&self) -> String {
        let [a, b, k] = [self.a1, self.a2, self.k].map(coefficient);
        let square = if k.is_empty() { k } else { format!("{k}² ") };
        format!("Helmholtz: u_xx + u_yy + {square}u = q,  u = sin({a}πx) sin({b}πy)")
    }

    fn axes(&self) -> [&'static str; DIMENSIONS] {
        ["x", "y"]
    }

    fn domain(&self) -> [[f64; 2]; DIMENSIONS] {
        [[-1.0, 1.0]; DIMENSIONS]
    }

    fn faces(&self) -> Vec<Face> {
        square_faces()
    }

    fn orders(&self) -> [Order; DIMENSIONS] {
        [Order::Second; DIMENSIONS]
    }

    fn operator(&self, jet: &Jet) -> (f64, Jet) {
        let square = self.k * self.k;
        let gradient = Jet {
            value: square,
            second: [1.0, 1.0],
            ..Jet::default()
        };
        (jet.second[0] + jet.second[1] + square * jet.value, gradient)
    }

    fn right_hand_side(&self, point: Point) -> f64 {
        let (a, b) = (self.a1, self.a2);
        let factor = self.k * self.k - (a * a + b * b) * PI * PI;
        factor * self.exact(point)
    }

    fn exact(&self, [x, y]: Point) -> f64 {
        let (a, b) = (self.a1, self.a2);
        (a * PI * x).sin() * (b * PI * y).sin()
    }

    fn residual_scale(&self) -> f64 {
        10.0
    }
}

/// A factor as it is written in a formula, where 1 is left out.
fn coefficient(x: f64) -> String {
    if x == 1.0 {
        String::new()
    } else {
        x.to_string()
    }
}
