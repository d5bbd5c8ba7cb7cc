//! The number types a network can be built on: `f32` for training, `f64` for checking.
//!
//! `f32` has its own tanh, sine and cosine: free of branches and calls, so that a loop over them is vectorised. Their
//! series are exact mathematics (Taylor, Lambert), not fits; the tests hold them to a few units in the last place. NaN
//! passes through all of them: a diverging run must be seen, not hidden.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

/// A floating-point type with everything a network needs.
pub trait Real:
    faer::traits::ComplexField
    + trimtab::Element
    + Copy
    + Default
    + Send
    + Sync
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + MulAssign
    + 'static
{
    /// Rounds to this type.
    fn rounded(x: f64) -> Self;
    /// Widens; exact.
    fn widened(self) -> f64;
    /// Hyperbolic tangent.
    fn hyperbolic_tangent(self) -> Self;
    /// Sine and cosine; for `f32` accurate up to |x| = 10,000.
    fn sine_cosine(self) -> (Self, Self);
}

impl Real for f64 {
    #[inline(always)]
    fn rounded(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn widened(self) -> f64 {
        self
    }

    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        self.tanh()
    }

    #[inline(always)]
    fn sine_cosine(self) -> (Self, Self) {
        self.sin_cos()
    }
}

impl Real for f32 {
    #[inline(always)]
    fn rounded(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn widened(self) -> f64 {
        f64::from(self)
    }

    /// Near zero Lambert's continued fraction x/(1+x²/(3+x²/(5+x²/(7+x²/9)))), elsewhere (e-1)/(e+1) with e = exp(2|x|).
    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        let size = self.abs();
        let square = size * size;
        let near = size < 0.625;
        let bounded = if size > 10.0 { 10.0 } else { size };
        let e = exponential(2.0 * bounded);
        // Both sides are computed before one is chosen: a choice between values vectorises, a branch does not.
        let (fraction, whole) = (size * (945.0 + square * (105.0 + square)), e - 1.0);
        let (under_fraction, under_whole) = (945.0 + square * (420.0 + square * 15.0), e + 1.0);
        let numerator = if near { fraction } else { whole };
        let denominator = if near { under_fraction } else { under_whole };
        (numerator / denominator).copysign(self)
    }

    /// Reduces to |r| <= pi/4 by quarter turns, then Taylor.
    #[inline(always)]
    fn sine_cosine(self) -> (Self, Self) {
        // pi/2 in three parts; the first two have so few bits that their products with `turns` are exact.
        const HIGH: f32 = 1.570_312_5;
        const MIDDLE: f32 = 4.837_513e-4;
        const LOW: f32 = 7.549_79e-8;
        let (turns, quadrant) = nearest(self * std::f32::consts::FRAC_2_PI);
        let r = ((self - turns * HIGH) - turns * MIDDLE) - turns * LOW;
        let s = r * r;
        let sine = r + r
            * s
            * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * (1.0 / 362_880.0))));
        let cosine = 1.0
            + s * (-0.5
                + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s * (1.0 / 40_320.0 - s / 3_628_800.0))));
        let swapped = quadrant & 1 != 0;
        let (first, second) = if swapped {
            (cosine, sine)
        } else {
            (sine, cosine)
        };
        (flip(first, quadrant & 2), flip(second, (quadrant + 1) & 2))
    }
}

/// exp(x) for 0 <= x <= 20: 2^n times the Taylor series on |r| <= ln(2)/2.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    // ln 2 in two parts; the first has 9 bits, so that `n * HIGH` is exact.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let (n, exponent) = nearest(x * std::f32::consts::LOG2_E);
    let r = (x - n * HIGH) - n * LOW;
    let tail = r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0))));
    let series = 1.0 + (r + r * r * (0.5 + r * (1.0 / 6.0 + tail)));
    series * f32::from_bits((exponent.wrapping_add(127) << 23).cast_unsigned())
}

/// The nearest integer as a float and as an `i32`, for |x| < 2^22. Adding 1.5 * 2^23 leaves it in the low bits.
#[inline(always)]
fn nearest(x: f32) -> (f32, i32) {
    const SHIFT: f32 = 12_582_912.0;
    let shifted = x + SHIFT;
    (
        shifted - SHIFT,
        shifted
            .to_bits()
            .wrapping_sub(SHIFT.to_bits())
            .cast_signed(),
    )
}

/// Changes the sign of `x` where `bit` (0 or 2) is set.
#[inline(always)]
fn flip(x: f32, bit: i32) -> f32 {
    f32::from_bits(x.to_bits() ^ (bit.cast_unsigned() << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the correctly rounded result.
    fn units(got: f32, exact: f64) -> f64 {
        let rounded = (exact as f32).abs().max(f32::MIN_POSITIVE);
        let unit = f64::from(f32::from_bits(rounded.to_bits() + 1)) - f64::from(rounded);
        (f64::from(got) - exact).abs() / unit
    }

    /// Every 97th positive float up to `limit`, and its negative.
    fn floats(limit: f32) -> impl Iterator<Item = f32> {
        (0..limit.to_bits())
            .step_by(9973)
            .flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
    }

    #[test]
    fn tanh_is_within_three_units_everywhere() {
        for x in floats(100.0) {
            let error = units(x.hyperbolic_tangent(), f64::from(x).tanh());
            assert!(error <= 3.0, "tanh({x}) is off by {error} units");
        }
    }

    #[test]
    fn sine_and_cosine_are_accurate_to_the_last_place_of_one() {
        for x in floats(10_000.0) {
            let (sine, cosine) = x.sine_cosine();
            let (exact_sine, exact_cosine) = f64::from(x).sin_cos();
            // 1.2e-7 is the last place of 1; relative accuracy at the zeros is not needed.
            assert!(
                (f64::from(sine) - exact_sine).abs() < 1.2e-7,
                "sin({x}) = {sine}, exact {exact_sine}"
            );
            assert!(
                (f64::from(cosine) - exact_cosine).abs() < 1.2e-7,
                "cos({x}) = {cosine}, exact {exact_cosine}"
            );
        }
    }

    #[test]
    fn nothing_hides_a_nan() {
        assert!(f32::NAN.hyperbolic_tangent().is_nan());
        assert!(f32::NAN.sine_cosine().0.is_nan());
        assert_eq!(f32::INFINITY.hyperbolic_tangent(), 1.0);
        assert_eq!(f32::NEG_INFINITY.hyperbolic_tangent(), -1.0);
    }
}
