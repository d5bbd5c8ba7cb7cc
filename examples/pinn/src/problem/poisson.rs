//! Poisson's equation u_xx + u_yy = q on [-1, 1]² with a solution of two scales.

use super::definition::{Face, Problem, square_faces};
use crate::jet::{DIMENSIONS, Jet, Order, Point};
use crate::notation::positive;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// u = sin(πx) sin(πy) + amplitude sin(mπx) sin(mπy): a broad hump with a fine pattern on it, zero on the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Poisson {
    /// m, the number of half waves of the fine pattern on a unit length.
    #[serde(deserialize_with = "positive")]
    pub mode: f64,
    /// Height of the fine pattern.
    #[serde(deserialize_with = "positive")]
    pub amplitude: f64,
}

impl Default for Poisson {
    fn default() -> Self {
        Self {
            mode: 4.0,
            amplitude: 0.2,
        }
    }
}

impl Poisson {
    fn hump(mode: f64, [x, y]: Point) -> f64 {
        (mode * PI * x).sin() * (mode * PI * y).sin()
    }
}

impl Problem for Poisson {
    fn title(&self) -> String {
        let Self { mode, amplitude } = self;
        format!(
            "Poisson: u_xx + u_yy = q, u = sin(πx) sin(πy) + {amplitude} sin({mode}πx) sin({mode}πy)"
        )
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
        let gradient = Jet {
            second: [1.0, 1.0],
            ..Jet::default()
        };
        (jet.second[0] + jet.second[1], gradient)
    }

    fn right_hand_side(&self, point: Point) -> f64 {
        let fine = self.amplitude * self.mode.powi(2) * Self::hump(self.mode, point);
        -2.0 * PI * PI * (Self::hump(1.0, point) + fine)
    }

    fn exact(&self, point: Point) -> f64 {
        Self::hump(1.0, point) + self.amplitude * Self::hump(self.mode, point)
    }

    fn residual_scale(&self) -> f64 {
        10.0
    }
}
