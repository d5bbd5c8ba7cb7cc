//! f16 and bf16 to f32 and back, for processors without an instruction for it.
//!
//! The conversions of the crate `half` branch on subnormals, which keeps a compiler from using vectors. These do not; they
//! are written once, over [`Words`]: one number, or a vector of them. The tests of `element.rs` hold them against `half`
//! for every 16-bit pattern.

/// Words of 32 bits: u32, or a vector of them.
pub(super) trait Words: Copy {
    /// The same in every place.
    fn all(x: u32) -> Self;
    /// The bits that both have.
    fn and(self, other: Self) -> Self;
    /// The bits that either has.
    fn or(self, other: Self) -> Self;
    /// The sum, modulo 2^32.
    fn plus(self, other: Self) -> Self;
    /// The bits that only one of them has.
    fn differs(self, other: Self) -> Self;
    /// Moved down by N bits, zeros from above.
    fn down<const N: i32>(self) -> Self;
    /// `yes` where it is greater than `limit`, else `no`; both are below 2^31.
    fn above(self, limit: u32, yes: Self, no: Self) -> Self;
    /// Its bits as f32, times `factor`.
    fn times(self, factor: f32) -> Self;
    /// Its bits as f32, plus `term`.
    fn plus_f32(self, term: f32) -> Self;
}

const INFINITY: u32 = 0x7f80_0000;

/// f16, in the upper 16 bits, to f32: the bits moved to their place, then one multiplication by 2^112 moves the exponent
/// and normalises subnormals alike. (bf16 in the upper 16 bits is f32 already.)
#[inline(always)]
pub(super) fn f32_from_f16<W: Words>(upper: W) -> W {
    const TWO_POW_112: f32 = f32::from_bits((127 + 112) << 23);
    let magnitude = upper.and(W::all(0x7fff_0000)).down::<3>();
    let finite = magnitude.times(TWO_POW_112);
    // NaN and infinity: the exponent of f32 must be all ones too.
    let special = magnitude.or(W::all(INFINITY));
    let value = magnitude.above(0x0f7f_ffff, special, finite);
    value.or(upper.and(W::all(0x8000_0000)))
}

/// f32 to f16, round to nearest even; the upper 16 bits are 0.
#[inline(always)]
pub(super) fn f16_from_f32<W: Words>(bits: W) -> W {
    // The smallest f32 that rounds to a normal f16, 2^-14, and the first that rounds to infinity.
    const MIN_NORMAL: u32 = (127 - 14) << 23;
    const OVERFLOW: u32 = 0x477f_f000;
    // The exponent of f16, and almost half a unit of what stays.
    const REBIAS: u32 = 0xfff_u32.wrapping_sub((127 - 15) << 23);
    let magnitude = bits.and(W::all(u32::MAX >> 1));
    let odd = magnitude.down::<13>().and(W::all(1));
    let normal = magnitude.plus(W::all(REBIAS)).plus(odd).down::<13>();
    // Adding 0.5 puts the unit of f16's subnormals, 2^-24, at the end of the mantissa.
    let subnormal = magnitude
        .plus_f32(0.5)
        .plus(W::all(0.5_f32.to_bits().wrapping_neg()));
    let finite = magnitude.above(MIN_NORMAL - 1, normal, subnormal);
    let special = magnitude.above(INFINITY, W::all(0x7e00), W::all(0x7c00));
    let value = magnitude.above(OVERFLOW - 1, special, finite);
    value.or(bits.down::<16>().and(W::all(0x8000)))
}

/// f32 to bf16, round to nearest even; the upper 16 bits are 0.
#[inline(always)]
pub(super) fn bf16_from_f32<W: Words>(bits: W) -> W {
    let odd = bits.down::<16>().and(W::all(1));
    let rounded = bits.plus(W::all(0x7fff)).plus(odd).down::<16>();
    let quiet_nan = bits.down::<16>().or(W::all(0x40));
    bits.and(W::all(u32::MAX >> 1))
        .above(INFINITY, quiet_nan, rounded)
}

/// The bf16 to which every number between two f32 rounds, `inner` of the smaller magnitude; and bits that are 0 where
/// there is only one.
///
/// `inner` rounded with ties towards 0 and `outer` with ties away: where the two agree, no tie lies between, nor is
/// either one, so that ties to even give the same.
#[inline(always)]
pub(super) fn bf16_between<W: Words>(inner: W, outer: W) -> (W, W) {
    let down = inner.plus(W::all(0x7fff));
    let up = outer.plus(W::all(0x8000));
    (down.down::<16>(), down.differs(up).down::<16>())
}

impl Words for u32 {
    #[inline(always)]
    fn all(x: u32) -> Self {
        x
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn differs(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    fn down<const N: i32>(self) -> Self {
        self >> N
    }

    #[inline(always)]
    fn above(self, limit: u32, yes: Self, no: Self) -> Self {
        if self > limit { yes } else { no }
    }

    #[inline(always)]
    fn times(self, factor: f32) -> Self {
        (f32::from_bits(self) * factor).to_bits()
    }

    #[inline(always)]
    fn plus_f32(self, term: f32) -> Self {
        (f32::from_bits(self) + term).to_bits()
    }
}
