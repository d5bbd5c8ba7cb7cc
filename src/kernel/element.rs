//! The element types f32, f16, bf16 and f64, and their conversions to f64 and back.

use half::{bf16, f16};

use super::halves;

/// The type of the elements of a buffer.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    #[doc(hidden)]
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
    /// The type as a value.
    const DTYPE: Dtype;
    /// The number 0.
    const ZERO: Self;

    /// Exact. (Not `to_f64`: half's types have methods of that name, which would be called instead
    /// wherever the type is known, and which round differently on the way back.)
    fn widen(self) -> f64;

    /// Rounds to nearest, ties to even; 16-bit types by way of f32, as the processors do.
    fn narrow(x: f64) -> Self;
}

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
        f64::from(f32::from_bits(halves::f32_from_f16(
            u32::from(self.to_bits()) << 16,
        )))
    }

    #[inline(always)]
    fn narrow(x: f64) -> Self {
        f16::from_bits(halves::f16_from_f32((x as f32).to_bits()) as u16)
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
        bf16::from_bits(halves::bf16_from_f32((x as f32).to_bits()) as u16)
    }
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
            let (ours, theirs) = (h.widen(), f64::from(h.to_f32()));
            assert_eq!(ours.is_nan(), theirs.is_nan(), "{pattern:#x}");
            assert!(
                ours.is_nan() || ours.to_bits() == theirs.to_bits(),
                "{pattern:#x}"
            );
        }
        for x in f32_around_every(|pattern| f16::from_bits(pattern).to_f32()) {
            let (ours, theirs) = (f16::narrow(x.into()), f16::from_f32(x));
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
            let (ours, theirs) = (bf16::narrow(x.into()), bf16::from_f32(x));
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
