//! What a problem is.

use crate::jet::{DIMENSIONS, Jet, Order, Point};

/// A side of the rectangle on which the solution is prescribed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// The coordinate that is constant on the face.
    pub dimension: usize,
    /// Its value.
    pub at: f64,
    /// Part of the boundary points that lie on this face; all faces together give 1.
    pub share: f64,
}

/// A differential equation with a known solution on a rectangle.
pub trait Problem: Send + Sync {
    /// The equation with its numbers, for titles.
    fn title(&self) -> String;

    /// Names of the coordinates.
    fn axes(&self) -> [&'static str; DIMENSIONS];

    /// Lower and upper end of each coordinate.
    fn domain(&self) -> [[f64; 2]; DIMENSIONS];

    /// Where the solution is prescribed.
    fn faces(&self) -> Vec<Face>;

    /// The derivatives that the operator uses.
    fn orders(&self) -> [Order; DIMENSIONS];

    /// N(u) at a point where u has the given jet, and its partial derivative with respect to every entry of the jet.
    fn operator(&self, jet: &Jet) -> (f64, Jet);

    /// The right-hand side q.
    fn right_hand_side(&self, point: Point) -> f64;

    /// The solution.
    fn exact(&self, point: Point) -> f64;

    /// The residual is divided by this before it is squared, which balances it with the boundary term.
    fn residual_scale(&self) -> f64;
}

/// The four faces of the square [-1, 1]².
pub(super) fn square_faces() -> Vec<Face> {
    let sides = [(0, -1.0), (0, 1.0), (1, -1.0), (1, 1.0)];
    sides
        .map(|(dimension, at)| Face {
            dimension,
            at,
            share: 0.25,
        })
        .to_vec()
}
