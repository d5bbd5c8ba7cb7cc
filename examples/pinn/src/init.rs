//! Random starting weights. Biases start at zero.

use crate::network::{Network, Shape};
use crate::real::Real;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// How the variance of the starting weights is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Glorot and Bengio: variance 2/(inputs + outputs).
    Glorot,
    /// Activation-aware, which goes with StableGrad: gain/sqrt(inputs) keeps the second moment at 1 through any depth. A
    /// steep start: from depth 16 on Adam alone fails from it, and does not fail from glorot.
    Aware,
}

impl Init {
    /// Draws a network with normally distributed weights.
    pub fn draw<F: Real>(self, shape: Shape, random: &mut ChaCha8Rng) -> Network<F> {
        let mut network = Network::zeros(shape);
        for (index, layer) in network.layers.iter_mut().enumerate() {
            let std = self.standard_deviation(shape, index, layer.inputs(), layer.outputs());
            for weight in &mut layer.weights {
                let draw: f64 = StandardNormal.sample(random);
                *weight = F::rounded(std * draw);
            }
        }
        network
    }

    fn standard_deviation(self, shape: Shape, index: usize, inputs: usize, outputs: usize) -> f64 {
        match self {
            Self::Glorot => (2.0 / (inputs + outputs) as f64).sqrt(),
            // The gain of a layer makes up for the activation that its inputs went through; raw coordinates did not.
            Self::Aware if index == 0 => trimtab::init_std(trimtab::Activation::Identity, inputs),
            Self::Aware => trimtab::init_std(shape.activation.for_init(), inputs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use rand::SeedableRng;

    fn spreads(init: Init) -> Vec<f64> {
        let shape = Shape {
            depth: 2,
            width: 200,
            activation: Activation::Tanh,
        };
        let network: Network<f64> = init.draw(shape, &mut ChaCha8Rng::seed_from_u64(7));
        assert!(
            network
                .layers
                .iter()
                .all(|layer| layer.biases.iter().all(|&b| b == 0.0))
        );
        let spread = |w: &[f64]| (w.iter().map(|w| w * w).sum::<f64>() / w.len() as f64).sqrt();
        network
            .layers
            .iter()
            .map(|layer| spread(&layer.weights))
            .collect()
    }

    fn assert_close(got: &[f64], expected: [f64; 3]) {
        // 400, 40,000 and 200 draws: the spread's own standard deviation is 1/sqrt(2n), 5 % at most.
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                (got / expected - 1.0).abs() < 0.15,
                "{got}, expected {expected}"
            );
        }
    }

    #[test]
    fn weights_have_the_promised_spread() {
        assert_close(
            &spreads(Init::Glorot),
            [
                (2.0f64 / 202.0).sqrt(),
                0.005f64.sqrt(),
                (2.0f64 / 201.0).sqrt(),
            ],
        );
        let hidden = 1.592_537_4 / 200.0f64.sqrt();
        assert_close(&spreads(Init::Aware), [0.5f64.sqrt(), hidden, hidden]);
    }
}
