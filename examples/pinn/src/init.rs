//! Random starting weights. Biases start at zero.

use crate::network::{Network, Shape};
use crate::real::Real;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

/// How the variance of the starting weights is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Glorot and Bengio: variance 2/(inputs + outputs).
    Glorot,
    /// Activation-aware, which goes with StableGrad: gain/sqrt(inputs) keeps the second moment at 1 through any depth.
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
