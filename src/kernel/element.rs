//! The element types: f32, f16, bf16 and f64, and how each meets f64 and comes back.

use half::{bf16, f16};

/// The type of the elements of a buffer.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE binary32.
    F32 = 0,
    /// IEEE binary16.
    F16 = 1,
    /// bfloat16: the upper half of a binary32.
    BF16 = 2,
    /// IEEE binary64.
    F64 = 3,
}

impl Dtype {
    /// The largest finite value.
    pub const fn max(self) -> f64 {
        match self {
            Dtype::F32 => f32::MAX as f64,
            Dtype::F16 => 65504.0,
            Dtype::BF16 => 3.389_531_389_251_535_5e38,
            Dtype::F64 => f64::MAX,
        }
    }

    /// The size of an element in bytes.
    pub const fn size(self) -> usize {
        match self {
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            Dtype::F64 => 8,
        }
    }

    /// The dtype with this number in the C ABI.
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Dtype::F32),
            1 => Some(Dtype::F16),
            2 => Some(Dtype::BF16),
            3 => Some(Dtype::F64),
            _ => None,
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A type that gradients can have: `f32`, [`f16`](struct@f16), [`bf16`] or `f64`.
///
/// Sealed: the kernels rely on any bit pattern being a valid value.
pub trait Element: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The same type as a value.
    const DTYPE: Dtype;
    /// 0.
    const ZERO: Self;

    /// Exact. (Not `to_f64`: half's types have methods of that name, which would be called instead
    /// wherever the type is known, and which round differently on the way back.)
    fn widen(self) -> f64;

    /// Rounds to nearest, ties to even; 16-bit types by way of f32, as the processors do.
    fn narrow(x: f64) -> Self;
}

/// A type that parameters and optimizer moments can have: `f32` or `f64`.
pub trait Parameter: Element + num_traits::Float {}

impl Parameter for f32 {}
impl Parameter for f64 {}

impl sealed::Sealed for f32 {}
impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        x as f32
    }
}

impl sealed::Sealed for f64 {}
impl Element for f64 {
    const DTYPE: Dtype = Dtype::F64;
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        x
    }
}

impl sealed::Sealed for f16 {}
impl Element for f16 {
    const DTYPE: Dtype = Dtype::F16;
    const ZERO: Self = f16::ZERO;

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(f32_from_f16(self))
    }

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        f16_from_f32(x as f32)
    }
}

impl sealed::Sealed for bf16 {}
impl Element for bf16 {
    const DTYPE: Dtype = Dtype::BF16;
    const ZERO: Self = bf16::ZERO;

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(f32::from_bits(u32::from(self.to_bits()) << 16))
    }

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        bf16_from_f32(x as f32)
    }
}

// The conversions of `half` branch on subnormals, which keeps the compiler from using vectors.
// These do not; the tests below hold them against `half` for every 16-bit pattern.

/// f16 to f32: the bits moved to their place, then one multiplication by 2^112 moves the exponent
/// and normalises subnormals alike.
#[inline(always)]
fn f32_from_f16(h: f16) -> f32 {
    const TWO_POW_112: f32 = f32::from_bits((127 + 112) << 23);
    let bits = u32::from(h.to_bits());
    let magnitude = (bits & 0x7fff) << 13;
    let finite = (f32::from_bits(magnitude) * TWO_POW_112).to_bits();
    // NaN and infinity: the exponent of f32 must be all ones too.
    let special = magnitude | 0x7f80_0000;
    let value = if magnitude >= 0x0f80_0000 {
        special
    } else {
        finite
    };
    f32::from_bits(value | ((bits & 0x8000) << 16))
}

/// f32 to f16, round to nearest even.
#[inline(always)]
fn f16_from_f32(x: f32) -> f16 {
    const INFINITY: u32 = 0x7f80_0000;
    // The smallest f32 that rounds to a normal f16, 2^-14, and the first that rounds to infinity.
    const MIN_NORMAL: u32 = (127 - 14) << 23;
    const OVERFLOW: u32 = 0x477f_f000;
    let bits = x.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    // Normal: rebias the exponent and round the 13 bits that go.
    let odd = (magnitude >> 13) & 1;
    let normal = magnitude
        .wrapping_sub((127 - 15) << 23)
        .wrapping_add(0xfff + odd)
        >> 13;
    // Subnormal: adding 0.5 puts the unit of f16's subnormals, 2^-24, at the end of the mantissa.
    let subnormal = (f32::from_bits(magnitude) + 0.5)
        .to_bits()
        .wrapping_sub(0.5_f32.to_bits());
    let finite = if magnitude < MIN_NORMAL {
        subnormal
    } else {
        normal
    };
    let special = if magnitude > INFINITY { 0x7e00 } else { 0x7c00 };
    let value = if magnitude >= OVERFLOW {
        special
    } else {
        finite
    };
    f16::from_bits((value | ((bits >> 16) & 0x8000)) as u16)
}

/// f32 to bf16, round to nearest even.
#[inline(always)]
fn bf16_from_f32(x: f32) -> bf16 {
    let bits = x.to_bits();
    let odd = (bits >> 16) & 1;
    let rounded = bits.wrapping_add(0x7fff + odd) >> 16;
    let quiet_nan = (bits >> 16) | 0x0040;
    bf16::from_bits((if x.is_nan() { quiet_nan } else { rounded }) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 16-bit pattern, its neighbours in f32, and the ties between two patterns.
    fn f32_around_every(pattern_to_f32: impl Fn(u16) -> f32) -> impl Iterator<Item = f32> {
        (0..=u16::MAX).flat_map(move |pattern| {
            let here = pattern_to_f32(pattern);
            let tie = (here + pattern_to_f32(pattern.wrapping_add(1))) / 2.0;
            [here, tie].into_iter().flat_map(|x| {
                let bits = x.to_bits();
                [bits.wrapping_sub(1), bits, bits.wrapping_add(1)].map(f32::from_bits)
            })
        })
    }

    #[test]
    fn f16_agrees_with_half() {
        for pattern in 0..=u16::MAX {
            let h = f16::from_bits(pattern);
            let (ours, theirs) = (f32_from_f16(h), h.to_f32());
            assert_eq!(ours.is_nan(), theirs.is_nan(), "{pattern:#x}");
            assert!(
                ours.is_nan() || ours.to_bits() == theirs.to_bits(),
                "{pattern:#x}"
            );
        }
        for x in f32_around_every(|pattern| f16::from_bits(pattern).to_f32()) {
            let (ours, theirs) = (f16_from_f32(x), f16::from_f32(x));
            assert_eq!(ours.is_nan(), theirs.is_nan(), "{x:e}");
            assert!(ours.is_nan() || ours.to_bits() == theirs.to_bits(), "{x:e}");
        }
    }

    #[test]
    fn bf16_agrees_with_half() {
        for pattern in 0..=u16::MAX {
            let b = bf16::from_bits(pattern);
            let (ours, theirs) = (b.widen(), f64::from(b.to_f32()));
            assert_eq!(ours.is_nan(), theirs.is_nan(), "{pattern:#x}");
            assert!(
                ours.is_nan() || ours.to_bits() == theirs.to_bits(),
                "{pattern:#x}"
            );
        }
        for x in f32_around_every(|pattern| bf16::from_bits(pattern).to_f32()) {
            let (ours, theirs) = (bf16_from_f32(x), bf16::from_f32(x));
            assert_eq!(ours.is_nan(), theirs.is_nan(), "{x:e}");
            assert!(ours.is_nan() || ours.to_bits() == theirs.to_bits(), "{x:e}");
        }
    }

    #[test]
    fn the_largest_finite_values_are_right() {
        assert_eq!(Dtype::F16.max(), f16::MAX.to_f64());
        assert_eq!(Dtype::BF16.max(), f64::from(bf16::MAX.to_f32()));
        assert_eq!(Dtype::F32.max(), f64::from(f32::MAX));
    }
}
