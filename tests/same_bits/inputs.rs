//! Elements made of integers: random ones with special values among them, in every format the same way.
//!
//! Nothing here is floating-point arithmetic, so that any language can make the same elements; `table.rs` says how in
//! words.

use trimtab::{bf16, f16};

use crate::common::data::Random;
use crate::common::number::Real;

/// An element type, seen as fields of bits.
pub trait Format: Real {
    /// Bits of the mantissa field.
    const MANTISSA: u32;
    /// The exponent field of 1.0.
    const BIAS: u64;
    /// Bits of the whole.
    const BITS: u32;
    /// The exponent field of the largest finite value that may be squared: all ones but the last, less in f64.
    const LARGEST_EXPONENT: u64 = 2 * Self::BIAS;
    /// The exponent fields of ordinary elements.
    const ORDINARY: (u64, u64) = (Self::BIAS - 30, Self::BIAS + 29);

    /// The element with this bit pattern.
    fn from_pattern(bits: u64) -> Self;
}

impl Format for f32 {
    const MANTISSA: u32 = 23;
    const BIAS: u64 = 127;
    const BITS: u32 = 32;

    fn from_pattern(bits: u64) -> Self {
        f32::from_bits(bits as u32)
    }
}

impl Format for f64 {
    const MANTISSA: u32 = 52;
    const BIAS: u64 = 1023;
    const BITS: u32 = 64;
    // Just below 2^498 = 8e149: beyond 1e150 the library reports NON_FINITE.
    const LARGEST_EXPONENT: u64 = 1023 + 497;

    fn from_pattern(bits: u64) -> Self {
        f64::from_bits(bits)
    }
}

impl Format for f16 {
    const MANTISSA: u32 = 10;
    const BIAS: u64 = 15;
    const BITS: u32 = 16;
    const ORDINARY: (u64, u64) = (1, 29);

    fn from_pattern(bits: u64) -> Self {
        f16::from_bits(bits as u16)
    }
}

impl Format for bf16 {
    const MANTISSA: u32 = 7;
    const BIAS: u64 = 127;
    const BITS: u32 = 16;

    fn from_pattern(bits: u64) -> Self {
        bf16::from_bits(bits as u16)
    }
}

/// What a buffer is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// 60 binades (f16: 29), so that sums round; signed zeros, subnormals and smallest normals among them.
    Ordinary,
    /// The same, and largest finite values.
    Extreme,
    /// Subnormals and signed zeros only.
    Tiny,
    /// Extreme, and infinities, quiet and signalling NaN.
    Wild,
}

/// `len` elements from the next `len` draws.
pub fn elements<T: Format>(random: &mut Random, mix: Mix, len: usize) -> Vec<T> {
    let one = |i| T::from_pattern(pattern::<T>(mix, i, random.bits()));
    (0..len).map(one).collect()
}

/// Element `i` from its draw: every 17th is a special one.
fn pattern<T: Format>(mix: Mix, i: usize, draw: u64) -> u64 {
    let sign = (draw >> 63) << (T::BITS - 1);
    let mantissa = draw & ((1 << T::MANTISSA) - 1);
    let choice = (draw >> 52) & 0x7ff;
    let (low, high) = T::ORDINARY;
    let exponent = low + choice % (high - low + 1);
    let magnitude = match (i % 17 == 5, mix) {
        (true, _) => special::<T>(mix, choice, mantissa),
        (false, Mix::Tiny) => mantissa,
        (false, _) => exponent << T::MANTISSA | mantissa,
    };
    sign | magnitude
}

fn special<T: Format>(mix: Mix, choice: u64, mantissa: u64) -> u64 {
    let one = 1 << T::MANTISSA;
    let quiet = one >> 1;
    let infinity = (2 * T::BIAS + 1) << T::MANTISSA;
    let all = [
        0,                                              // zero
        1,                                              // smallest subnormal
        one - 1,                                        // largest subnormal
        one,                                            // smallest normal
        T::LARGEST_EXPONENT << T::MANTISSA | (one - 1), // largest finite
        infinity,
        infinity | quiet | mantissa,           // quiet NaN
        infinity | 1 | mantissa & (quiet - 1), // signalling NaN
    ];
    let count = match mix {
        Mix::Tiny => 3,
        Mix::Ordinary => 4,
        Mix::Extreme => 5,
        Mix::Wild => 8,
    };
    all[(choice % count) as usize]
}

/// One of each kind of element that is not finite, some with a payload; both signs.
pub fn not_finite<T: Format>() -> Vec<T> {
    let one = 1 << T::MANTISSA;
    let (quiet, infinity) = (one >> 1, (2 * T::BIAS + 1) << T::MANTISSA);
    let payloads = [0, quiet, quiet | 1, one - 1, 1, quiet - 1];
    let negative = 1 << (T::BITS - 1);
    let both = |bits| [bits, bits | negative].map(T::from_pattern);
    payloads.map(|payload| both(infinity | payload)).concat()
}

#[test]
fn inputs_hold_what_they_say() {
    crate::for_every_dtype!(holds);
}

fn holds<T: Format>() {
    let of = |mix| elements::<T>(&mut Random(1), mix, 4_000);
    let some = |mix, is: &dyn Fn(f64) -> bool| of(mix).iter().any(|x| is(x.value()));
    let smallest_normal = f64::exp2(f64::from(T::MIN_EXPONENT));
    for mix in [Mix::Ordinary, Mix::Extreme, Mix::Tiny, Mix::Wild] {
        assert!(some(mix, &|x| x == 0.0 && x.is_sign_negative()));
        assert!(some(mix, &|x| x != 0.0 && x.abs() < smallest_normal));
    }
    let largest = if T::MANTISSA == 52 { 8e149 } else { T::LARGEST };
    assert!(some(Mix::Extreme, &|x| x >= largest) && !some(Mix::Ordinary, &|x| x >= largest));
    assert!(some(Mix::Wild, &f64::is_nan) && some(Mix::Wild, &f64::is_infinite));
    assert!(!some(Mix::Tiny, &|x| x.abs() >= smallest_normal));
    let nan = |x: &T| x.value().is_nan();
    assert_eq!(not_finite::<T>().iter().filter(|x| nan(x)).count(), 10);
}
