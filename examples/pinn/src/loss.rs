//! The loss of a physics-informed network and its gradient.
//!
//! ```text
//!   loss = mean over interior points of ((N(u) - q)/residual scale)²  +  boundary weight * mean over faces of (u - g)²
//! ```
//!
//! The points are worked through in blocks small enough to stay in the cache from the first layer forward to the first
//! layer backward. Everything between the network's output and the loss is f64.

use crate::jet::{Jet, Layout, Point};
use crate::network::{Network, Tape};
use crate::problem::Problem;
use crate::real::Real;
use serde::Serialize;
use trimtab::Moments;

/// Points in a block: some 5 channels x 128 points x 40 neurons x 4 bytes = 100 KiB for each layer.
const BLOCK: usize = 128;

/// The training points with everything that can be computed once.
pub struct Objective<'p, F> {
    problem: &'p dyn Problem,
    balance: Balance,
    interior: Term<F>,
    boundary: Term<F>,
}

/// How the two terms of the loss are weighed against each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Balance {
    /// The residual is divided by this before it is squared.
    pub residual_scale: f64,
    /// Factor of the boundary term.
    pub boundary_weight: f64,
}

/// What one pass over all training points gives besides the gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// The whole loss.
    pub loss: f64,
    /// Statistics of ∂loss/∂u over all points.
    pub value_gradient: Moments,
    /// Statistics of the gradients with respect to the derivatives of u over all interior points.
    pub derivative_gradient: Moments,
}

/// One of the two terms of the loss: points with targets, and the factor of each point's squared misfit.
struct Term<F> {
    layout: Layout,
    blocks: Vec<Block<F>>,
    factor: f64,
}

struct Block<F> {
    inputs: Vec<F>,
    targets: Vec<f64>,
}

impl<F: Real> Term<F> {
    fn new(layout: Layout, points: &[Point], target: impl Fn(Point) -> f64, weight: f64) -> Self {
        let block = |points: &[Point]| Block {
            inputs: layout.inputs(points),
            targets: points.iter().map(|&point| target(point)).collect(),
        };
        let blocks = points.chunks(BLOCK).map(block).collect();
        Self {
            layout,
            blocks,
            factor: weight / points.len().max(1) as f64,
        }
    }
}

impl<'p, F: Real> Objective<'p, F> {
    /// Prepares the given points.
    pub fn new(
        problem: &'p dyn Problem,
        interior: &[Point],
        boundary: &[Point],
        balance: Balance,
    ) -> Self {
        let exact = |point| problem.exact(point);
        let weight = balance.boundary_weight;
        Self {
            problem,
            balance,
            interior: Self::interior(problem, interior, balance),
            boundary: Term::new(Layout::value_only(), boundary, exact, weight),
        }
    }

    /// Replaces the interior points.
    pub fn set_interior(&mut self, points: &[Point]) {
        self.interior = Self::interior(self.problem, points, self.balance);
    }

    fn interior(problem: &dyn Problem, points: &[Point], balance: Balance) -> Term<F> {
        let layout = Layout::new(problem.orders());
        let wanted = |point| problem.right_hand_side(point);
        Term::new(layout, points, wanted, balance.residual_scale.powi(-2))
    }

    /// Computes the loss and overwrites `gradient` with its gradient.
    pub fn evaluate(
        &self,
        network: &Network<F>,
        tape: &mut Tape<F>,
        gradient: &mut Network<F>,
    ) -> Evaluation {
        let mut evaluation = Evaluation::default();
        gradient.clear();
        let operator = |jet: &Jet| self.problem.operator(jet);
        let identity = |jet: &Jet| {
            (
                jet.value,
                Jet {
                    value: 1.0,
                    ..Jet::default()
                },
            )
        };
        self.interior
            .add(network, tape, gradient, &mut evaluation, operator);
        self.boundary
            .add(network, tape, gradient, &mut evaluation, identity);
        evaluation
    }
}

impl<F: Real> Term<F> {
    fn add(
        &self,
        network: &Network<F>,
        tape: &mut Tape<F>,
        gradient: &mut Network<F>,
        evaluation: &mut Evaluation,
        operator: impl Fn(&Jet) -> (f64, Jet),
    ) {
        let mut adjoint = Vec::new();
        for block in &self.blocks {
            tape.input.clone_from(&block.inputs);
            let output = network.forward(&self.layout, tape);
            adjoint.resize(output.len(), F::rounded(0.0));
            evaluation.loss += self.compare(block, output, &mut adjoint, &operator);
            evaluation.observe(&adjoint, block.targets.len());
            network.backward(&self.layout, tape, &adjoint, gradient);
        }
    }

    /// The block's share of the loss; writes its derivative with respect to the network's output to `adjoint`.
    fn compare(
        &self,
        block: &Block<F>,
        output: &[F],
        adjoint: &mut [F],
        operator: impl Fn(&Jet) -> (f64, Jet),
    ) -> f64 {
        let mut loss = 0.0;
        for (index, target) in block.targets.iter().enumerate() {
            let (value, slope) = operator(&self.layout.read(output, index));
            let misfit = value - target;
            loss += self.factor * misfit * misfit;
            self.layout
                .write(adjoint, index, &slope.times(2.0 * self.factor * misfit));
        }
        loss
    }
}

impl Evaluation {
    /// Adds a column of ∂loss/∂(u and its derivatives) at `points` points.
    fn observe<F: Real>(&mut self, adjoint: &[F], points: usize) {
        let (value, derivatives) = adjoint.split_at(points);
        // Elements that are not finite show in the moments and in the loss, where the caller looks.
        let _ = self.value_gradient.observe_chunk(value);
        let _ = self.derivative_gradient.observe_chunk(derivatives);
    }
}

/// The network's value at the given points.
pub fn predict<F: Real>(network: &Network<F>, tape: &mut Tape<F>, points: &[Point]) -> Vec<f64> {
    let layout = Layout::value_only();
    let block = |points: &[Point]| {
        tape.input = layout.inputs(points);
        network
            .forward(&layout, tape)
            .iter()
            .map(|u| u.widened())
            .collect::<Vec<_>>()
    };
    points.chunks(BLOCK).flat_map(block).collect()
}

/// ||prediction - exact|| / ||exact||
pub fn relative_error(prediction: &[f64], exact: &[f64]) -> f64 {
    let square = |x: f64| x * x;
    let misfit: f64 = prediction
        .iter()
        .zip(exact)
        .map(|(u, g)| square(u - g))
        .sum();
    let size: f64 = exact.iter().copied().map(square).sum();
    (misfit / size).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::init::Init;
    use crate::network::Shape;
    use crate::problem::{Burgers, Helmholtz, Poisson, sampling};
    use clap::ValueEnum;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const EVEN: Balance = Balance {
        residual_scale: 1.0,
        boundary_weight: 1.0,
    };

    fn network(activation: Activation, depth: usize, random: &mut ChaCha8Rng) -> Network<f64> {
        let mut network = Init::Aware.draw(
            Shape {
                depth,
                width: 5,
                activation,
            },
            random,
        );
        let biases = network
            .layers
            .iter_mut()
            .flat_map(|layer| &mut layer.biases);
        biases
            .enumerate()
            .for_each(|(i, bias)| *bias = 0.3 * (i as f64).sin());
        network
    }

    #[test]
    fn jets_are_the_slopes_of_the_prediction() {
        let h = 1e-4;
        for &activation in Activation::value_variants() {
            let network = network(activation, 3, &mut ChaCha8Rng::seed_from_u64(2));
            let points = [[0.2, -0.4], [-0.9, 0.6], [0.5, 0.1]];
            let layout = Layout::new(Helmholtz::default().orders());
            let mut tape = Tape::default();
            tape.input = layout.inputs(&points);
            let column = network.forward(&layout, &mut tape).to_vec();
            for (index, point) in points.into_iter().enumerate() {
                let jet = layout.read(&column, index);
                for d in 0..2 {
                    let mut stencil = [point; 3];
                    stencil[0][d] -= h;
                    stencil[2][d] += h;
                    let u = predict(&network, &mut Tape::default(), &stencil);
                    assert!((jet.value - u[1]).abs() < 1e-14);
                    assert!((jet.first[d] - (u[2] - u[0]) / (2.0 * h)).abs() < 1e-6);
                    // Rounding of u leaves 1e-16/h² = 1e-8, the next Taylor term about h² u''''.
                    assert!((jet.second[d] - (u[2] - 2.0 * u[1] + u[0]) / (h * h)).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn gradients_are_the_slopes_of_the_loss_for_every_problem_and_activation() {
        let problems: [&dyn Problem; 3] = [
            &Poisson::default(),
            &Helmholtz::default(),
            &Burgers::default(),
        ];
        for problem in problems {
            for &activation in Activation::value_variants() {
                assert_gradient(problem, activation);
            }
        }
    }

    fn assert_gradient(problem: &dyn Problem, activation: Activation) {
        let random = &mut ChaCha8Rng::seed_from_u64(3);
        let mut network = network(activation, 2, random);
        let inside = sampling::interior(problem, 7, random);
        let outside = sampling::boundary(problem, 5, random);
        let objective = Objective::<f64>::new(
            problem,
            &inside,
            &outside,
            Balance {
                residual_scale: 3.0,
                boundary_weight: 1.7,
            },
        );
        let (mut tape, mut gradient) = (Tape::default(), Network::zeros(network.shape));
        objective.evaluate(&network, &mut tape, &mut gradient);
        let mut scratch = Network::zeros(network.shape);
        let mut loss_at =
            |network: &Network<f64>| objective.evaluate(network, &mut tape, &mut scratch).loss;
        let h = 1e-6;
        for index in 0..network.parameters() {
            let original = *parameter(&mut network, index);
            *parameter(&mut network, index) = original + h;
            let above = loss_at(&network);
            *parameter(&mut network, index) = original - h;
            let below = loss_at(&network);
            *parameter(&mut network, index) = original;
            let (slope, got) = (
                (above - below) / (2.0 * h),
                *parameter(&mut gradient, index),
            );
            // A rounding error of 1e-16 of the loss (up to 100) over 2h leaves 1e-8; the test's losses are below that.
            let close = (slope - got).abs() < 1e-6 * (1.0 + got.abs());
            assert!(
                close,
                "{} {activation:?} parameter {index}: {got}, slope {slope}",
                problem.title()
            );
        }
    }

    fn parameter(network: &mut Network<f64>, index: usize) -> &mut f64 {
        let tensors = network
            .layers
            .iter_mut()
            .flat_map(|layer| [&mut layer.weights, &mut layer.biases]);
        tensors
            .flatten()
            .nth(index)
            .expect("index below the number of parameters")
    }

    #[test]
    fn blocks_do_not_change_the_result() {
        let problem = Helmholtz::default();
        let random = &mut ChaCha8Rng::seed_from_u64(4);
        let network = network(Activation::Tanh, 2, random);
        let points = sampling::interior(&problem, 3 * BLOCK / 2, random);
        let mut gradient = Network::zeros(network.shape);
        let mut loss = |points: &[Point]| {
            let objective = Objective::<f64>::new(&problem, points, &[], EVEN);
            objective
                .evaluate(&network, &mut Tape::default(), &mut gradient)
                .loss
        };
        let mean = points.iter().map(|&point| loss(&[point])).sum::<f64>() / points.len() as f64;
        assert!((loss(&points) - mean).abs() < 1e-12 * mean);
    }

    #[test]
    fn reference_statistics_cover_every_point_once() {
        let problem = Helmholtz::default();
        let random = &mut ChaCha8Rng::seed_from_u64(5);
        let network = network(Activation::Sin, 2, random);
        let inside = sampling::interior(&problem, 150, random);
        let outside = sampling::boundary(&problem, 140, random);
        let objective = Objective::<f64>::new(&problem, &inside, &outside, EVEN);
        let evaluation = objective.evaluate(
            &network,
            &mut Tape::default(),
            &mut Network::zeros(network.shape),
        );
        assert_eq!(evaluation.value_gradient.count, 290);
        assert_eq!(evaluation.derivative_gradient.count, 4 * 150);
        // u enters the loss as often as u_xx times k² = 1, and through the boundary; ∂loss/∂u_x is zero.
        let second = evaluation.derivative_gradient.sum_sq / 2.0;
        assert!(evaluation.value_gradient.sum_sq > second);
    }

    #[test]
    fn relative_error_is_one_for_a_prediction_of_zero() {
        assert_eq!(relative_error(&[0.0, 0.0], &[3.0, 4.0]), 1.0);
        assert_eq!(relative_error(&[3.0, 5.0], &[3.0, 4.0]), 0.2);
    }
}
