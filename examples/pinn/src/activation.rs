//! Activation functions and their first three derivatives.
//!
//! The second input derivatives of a network need f''; the gradient of a loss on them needs f'''.

use crate::linalg::vectorised;
use crate::real::Real;
use serde::{Deserialize, Serialize};

/// A smooth activation function. Kinked ones (ReLU) have no useful second derivative and are not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// Sine.
    Sin,
    /// z times the logistic function of z, also called swish.
    Silu,
}

/// What a layer keeps of its activation for the way back: f', f'' and f''' at every pre-activation.
#[derive(Default)]
pub struct Slopes<F> {
    /// f'
    pub first: Vec<F>,
    /// f''
    pub second: Vec<F>,
    /// f'''
    pub third: Vec<F>,
}

impl Activation {
    /// The same function in trimtab's list, for [`trimtab::init_std`].
    pub fn for_init(self) -> trimtab::Activation {
        match self {
            Self::Tanh => trimtab::Activation::Tanh,
            Self::Sin => trimtab::Activation::Sin,
            Self::Silu => trimtab::Activation::Silu,
        }
    }

    /// f, f', f'' and f''' at `z`.
    pub fn derivatives<F: Real>(self, z: F) -> [F; 4] {
        match self {
            Self::Tanh => tanh(z),
            Self::Sin => sin(z),
            Self::Silu => silu(z),
        }
    }

    /// Writes f(z) to `value` and the derivatives to `slopes`, which must have the length of `z`.
    pub fn evaluate<F: Real>(self, z: &[F], value: &mut [F], slopes: &mut Slopes<F>) {
        let Slopes {
            first,
            second,
            third,
        } = slopes;
        match self {
            Self::Tanh => vectorised(
                #[inline(always)]
                || each(z, [value, first, second, third], tanh),
            ),
            Self::Sin => vectorised(
                #[inline(always)]
                || each(z, [value, first, second, third], sin),
            ),
            Self::Silu => vectorised(
                #[inline(always)]
                || each(z, [value, first, second, third], silu),
            ),
        }
    }
}

#[inline(always)]
fn each<F: Real>(z: &[F], out: [&mut [F]; 4], function: impl Fn(F) -> [F; 4]) {
    let [value, first, second, third] = out;
    let rest = value.iter_mut().zip(first).zip(second).zip(third);
    for (&z, (((value, first), second), third)) in z.iter().zip(rest) {
        [*value, *first, *second, *third] = function(z);
    }
}

#[inline(always)]
fn tanh<F: Real>(z: F) -> [F; 4] {
    let two = F::rounded(2.0);
    let t = z.hyperbolic_tangent();
    let first = F::rounded(1.0) - t * t;
    let second = -(two * t * first);
    [t, first, second, -(two * (first * first + t * second))]
}

#[inline(always)]
fn sin<F: Real>(z: F) -> [F; 4] {
    let (sine, cosine) = z.sine_cosine();
    [sine, cosine, -sine, -cosine]
}

/// f = z s with s the logistic function, and its derivatives by Leibniz' rule.
#[inline(always)]
fn silu<F: Real>(z: F) -> [F; 4] {
    let (half, one) = (F::rounded(0.5), F::rounded(1.0));
    let s = half + half * (half * z).hyperbolic_tangent();
    let s1 = s * (one - s);
    let s2 = s1 * (one - s - s);
    let s3 = s2 * (one - s - s) - (s1 * s1 + s1 * s1);
    [z * s, s + z * s1, s1 + s1 + z * s2, s2 + s2 + s2 + z * s3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn values_at_one_are_the_textbook_ones() {
        let value = |a: Activation| a.derivatives(1.0f64)[0];
        assert!((value(Activation::Tanh) - 0.761_594_155_955_764_9).abs() < 1e-15);
        assert!((value(Activation::Sin) - 0.841_470_984_807_896_5).abs() < 1e-15);
        assert!((value(Activation::Silu) - 0.731_058_578_630_004_9).abs() < 1e-15);
    }

    #[test]
    fn each_derivative_is_the_slope_of_the_one_before() {
        let h = 1e-5;
        for &activation in Activation::value_variants() {
            for z in [-3.0f64, -0.7, 0.0, 0.4, 2.5] {
                let (below, above) = (activation.derivatives(z - h), activation.derivatives(z + h));
                for order in 1..4 {
                    let slope = (above[order - 1] - below[order - 1]) / (2.0 * h);
                    let got = activation.derivatives(z)[order];
                    assert!(
                        (slope - got).abs() < 1e-9,
                        "{activation:?} order {order} at {z}: {got}, slope {slope}"
                    );
                }
            }
        }
    }

    #[test]
    fn single_precision_agrees_with_double() {
        for &activation in Activation::value_variants() {
            for i in -200..=200 {
                let z = f64::from(i) * 0.05;
                let (single, double) = (
                    activation.derivatives(z as f32),
                    activation.derivatives(f64::from(z as f32)),
                );
                for order in 0..4 {
                    let error = (f64::from(single[order]) - double[order]).abs();
                    // |z| reaches 10 in SiLU, and a third derivative adds a few such terms.
                    assert!(
                        error < 2e-6,
                        "{activation:?} order {order} at {z}: off by {error}"
                    );
                }
            }
        }
    }
}
