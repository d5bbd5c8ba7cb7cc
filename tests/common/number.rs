//! The four element types as a test sees them.
//!
//! Rounding is written out here once for all formats, so that no expectation passes through the conversions the core
//! itself uses. Values come back as f64, which holds every value of every format exactly.

use trimtab::{Element, bf16, f16};

/// An element type: its format, and its exact value.
pub trait Real: Element + Copy + PartialEq + core::fmt::Debug {
    /// For messages.
    const NAME: &'static str;
    /// Significand bits, the hidden one included.
    const DIGITS: i32;
    /// Exponent of the smallest normal number.
    const MIN_EXPONENT: i32;
    /// Largest finite value.
    const LARGEST: f64;

    /// The element with exactly this value, which must be representable (or an infinity or NaN).
    fn exact(value: f64) -> Self;
    /// The value.
    fn value(self) -> f64;
    /// The bit pattern.
    fn bits(self) -> u64;

    /// The nearest element, ties to even; the value must lie within the finite range.
    fn nearest(value: f64) -> Self {
        Self::exact(round(value, Self::DIGITS, Self::MIN_EXPONENT))
    }

    /// Distance between neighbouring elements at this magnitude.
    fn ulp(value: f64) -> f64 {
        ulp(value, Self::DIGITS, Self::MIN_EXPONENT)
    }

    /// The smallest positive (subnormal) element.
    fn tiniest() -> f64 {
        Self::ulp(0.0)
    }
}

/// 2^e for any e that gives a normal or subnormal f64.
fn power_of_two(e: i32) -> f64 {
    f64::exp2(f64::from(e))
}

fn ulp(value: f64, digits: i32, min_exponent: i32) -> f64 {
    let bits = (value.abs().to_bits() >> 52) as i32;
    let exponent = (bits - 1023).max(min_exponent);
    power_of_two(exponent - digits + 1)
}

/// Rounds to the nearest multiple of the ulp; exact, because the ulp is a power of two.
fn round(value: f64, digits: i32, min_exponent: i32) -> f64 {
    if digits == 53 || !value.is_finite() {
        return value;
    }
    let unit = ulp(value, digits, min_exponent);
    (value / unit).round_ties_even() * unit
}

impl Real for f64 {
    const NAME: &'static str = "f64";
    const DIGITS: i32 = 53;
    const MIN_EXPONENT: i32 = -1022;
    const LARGEST: f64 = f64::MAX;

    fn exact(value: f64) -> f64 {
        value
    }
    fn value(self) -> f64 {
        self
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

impl Real for f32 {
    const NAME: &'static str = "f32";
    const DIGITS: i32 = 24;
    const MIN_EXPONENT: i32 = -126;
    const LARGEST: f64 = f32::MAX as f64;

    fn exact(value: f64) -> f32 {
        let narrow = value as f32;
        assert!(
            value.is_nan() || f64::from(narrow) == value,
            "{value:e} is no f32"
        );
        narrow
    }
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

impl Real for f16 {
    const NAME: &'static str = "f16";
    const DIGITS: i32 = 11;
    const MIN_EXPONENT: i32 = -14;
    const LARGEST: f64 = 65504.0;

    fn exact(value: f64) -> f16 {
        let narrow = f16::from_f64(value);
        assert!(
            value.is_nan() || narrow.to_f64() == value,
            "{value:e} is no f16"
        );
        narrow
    }
    fn value(self) -> f64 {
        self.to_f64()
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

impl Real for bf16 {
    const NAME: &'static str = "bf16";
    const DIGITS: i32 = 8;
    const MIN_EXPONENT: i32 = -126;
    // 0xff * 2^120
    const LARGEST: f64 = 255.0 * (1u128 << 120) as f64;

    fn exact(value: f64) -> bf16 {
        let narrow = bf16::from_f64(value);
        assert!(
            value.is_nan() || narrow.to_f64() == value,
            "{value:e} is no bf16"
        );
        narrow
    }
    fn value(self) -> f64 {
        self.to_f64()
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

/// How far a written element may lie from the exact one, for a tensor whose largest exact element is `largest`.
///
/// * f32: 4 ulp of the largest element. One rounding is the conversion, the others are the affine's center, its scale
///   and the clamp meeting an f32 element.
/// * f16, bf16: 1 ulp. Arithmetic is in f32 or wider, the conversion rounds once (0.5 ulp), and where f32 arithmetic
///   went the other way at a tie the neighbour comes out.
/// * f64: 1e-10 of the largest element, because one pass of raw sums loses (mean/std)^2 ulps of the standard deviation.
pub fn tolerance<T: Real>(largest: f64) -> f64 {
    match T::DIGITS {
        53 => 1e-10 * largest,
        24 => 4.0 * T::ulp(largest),
        _ => T::ulp(largest),
    }
}

/// Runs one generic test for each of the four element types.
#[macro_export]
macro_rules! for_every_dtype {
    ($test:ident($($argument:expr),*)) => {
        $test::<f32>($($argument),*);
        $test::<f64>($($argument),*);
        $test::<trimtab::f16>($($argument),*);
        $test::<trimtab::bf16>($($argument),*);
    };
    ($test:ident) => {
        $crate::for_every_dtype!($test());
    };
}
