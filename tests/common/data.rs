//! Reproducible random gradients, as the core and as the oracle want them.

use trimtab::{Role, Tensor};

use super::number::Real;
pub use super::random::Random;
use crate::oracle;

impl Random {
    /// Normal with mean 0 and standard deviation 1 (the sum of twelve uniforms: no logarithm, no tail beyond 6).
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// `len` elements around `mean` with about the standard deviation `spread`, rounded to the dtype.
    ///
    /// Short tensors lie on both sides of the mean in turn, so that their standard deviation is never small beside it:
    /// raw sums lose (mean/std)^2 ulps, and generic tests should not depend on the luck of a draw.
    pub fn elements<T: Real>(&mut self, len: usize, mean: f64, spread: f64) -> Vec<T> {
        let one = |i: usize| {
            let deviation = match (len < 8, i % 2) {
                (false, _) => self.normal(),
                (true, 0) => self.between(0.5, 1.5),
                (true, _) => self.between(-1.5, -0.5),
            };
            T::nearest(mean + spread * deviation)
        };
        (0..len).map(one).collect()
    }
}

/// The parameter tensors of one step: a role and data each.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    pub roles: Vec<Role>,
    pub data: Vec<Vec<T>>,
}

impl<T: Real> Batch<T> {
    /// One batch from (role, data) pairs.
    pub fn of(tensors: Vec<(Role, Vec<T>)>) -> Batch<T> {
        let (roles, data) = tensors.into_iter().unzip();
        Batch { roles, data }
    }

    /// Weights and biases in turn with these lengths; each tensor has its own magnitude (3 decades) and a mean of up
    /// to half its spread.
    pub fn random(random: &mut Random, lengths: &[usize]) -> Batch<T> {
        let one = |(i, &len): (usize, &usize)| {
            let role = if i % 2 == 0 { Role::Weight } else { Role::Bias };
            let spread = f64::powf(10.0, random.between(-2.0, 1.0));
            let mean = random.between(-0.5, 0.5) * spread;
            (role, random.elements(len, mean, spread))
        };
        Batch::of(lengths.iter().enumerate().map(one).collect())
    }

    /// Borrowed as the core's tensors, not yet observed.
    pub fn tensors(&mut self) -> Vec<Tensor<'_>> {
        let roles = self.roles.iter().copied();
        roles
            .zip(self.data.iter_mut())
            .map(|(role, data)| Tensor::new(role, data))
            .collect()
    }

    /// The same values for the oracle.
    pub fn exact(&self) -> Vec<oracle::Gradient> {
        let one = |(role, data): (&Role, &Vec<T>)| oracle::Gradient {
            role: oracle_role(*role),
            values: values(data),
        };
        self.roles.iter().zip(&self.data).map(one).collect()
    }

    /// The bit patterns of all elements.
    pub fn bits(&self) -> Vec<Vec<u64>> {
        self.data.iter().map(|data| bits(data)).collect()
    }
}

pub fn oracle_role(role: Role) -> oracle::Role {
    match role {
        Role::Weight => oracle::Role::Weight,
        _ => oracle::Role::Bias,
    }
}

/// Exact values of elements.
pub fn values<T: Real>(data: &[T]) -> Vec<f64> {
    data.iter().map(|x| x.value()).collect()
}

/// Bit patterns of elements.
pub fn bits<T: Real>(data: &[T]) -> Vec<u64> {
    data.iter().map(|x| x.bits()).collect()
}

/// Lengths on and around the boundaries of the lanes: nothing, one element, the lanes and their multiples.
pub const SMALL_LENGTHS: [usize; 18] = [
    0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 257,
];
/// One below, on and one above the runs of 2,048 inside a block, and their double.
pub const RUN_LENGTHS: [usize; 6] = [2_047, 2_048, 2_049, 4_095, 4_096, 4_097];
/// One below, on and one above one block and two.
pub const BLOCK_LENGTHS: [usize; 6] = [65_535, 65_536, 65_537, 131_071, 131_072, 131_073];
