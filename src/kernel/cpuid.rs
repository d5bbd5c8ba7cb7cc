//! Detection of the features of an x86-64 processor, without the standard library.

use core::arch::x86_64::*;

/// Whether the processor has AVX2, FMA and F16C and the operating system saves their registers.
pub(crate) fn has_avx2() -> bool {
    Processor::this().has_avx2()
}

/// Whether it has AVX-512 F, VL, DQ and BW too.
pub(crate) fn has_avx512() -> bool {
    Processor::this().has_avx512()
}

// Bits of leaf 1, ECX.
const FMA: u32 = 1 << 12;
const OSXSAVE: u32 = 1 << 27;
const AVX: u32 = 1 << 28;
const F16C: u32 = 1 << 29;

// Bits of leaf 7, EBX.
const AVX2: u32 = 1 << 5;
const AVX512F: u32 = 1 << 16;
const AVX512DQ: u32 = 1 << 17;
const AVX512BW: u32 = 1 << 30;
const AVX512VL: u32 = 1 << 31;

// Bits of XCR0.
const XMM_AND_YMM: u64 = 0b110;
const MASKS_AND_ZMM: u64 = 0b1110_0000;

/// The three registers that hold the answer.
#[derive(Clone, Copy)]
struct Processor {
    /// ECX of leaf 1.
    basic: u32,
    /// EBX of leaf 7.
    extended: u32,
    /// XCR0: which registers the operating system saves; 0 where it cannot be read.
    saved: u64,
}

impl Processor {
    fn this() -> Self {
        // SAFETY: called only where CPUID says OSXSAVE.
        Self::told(leaf(1).ecx, leaf(7).ebx, || unsafe { xcr0() })
    }

    /// XCR0 is asked for only where it can be read.
    fn told(basic: u32, extended: u32, saved: impl FnOnce() -> u64) -> Self {
        let readable = basic & OSXSAVE == OSXSAVE;
        Self {
            basic,
            extended,
            saved: if readable { saved() } else { 0 },
        }
    }

    fn has_avx2(self) -> bool {
        let basic = FMA | AVX | F16C;
        self.basic & basic == basic
            && self.extended & AVX2 == AVX2
            && self.saved & XMM_AND_YMM == XMM_AND_YMM
    }

    fn has_avx512(self) -> bool {
        let extended = AVX512F | AVX512DQ | AVX512BW | AVX512VL;
        self.has_avx2()
            && self.extended & extended == extended
            && self.saved & MASKS_AND_ZMM == MASKS_AND_ZMM
    }
}

/// A leaf of CPUID, zeros if the processor does not have it.
#[allow(unused_unsafe)] // Safe in newer compilers.
fn leaf(number: u32) -> CpuidResult {
    // SAFETY: every x86-64 processor has CPUID.
    let last = unsafe { __cpuid_count(0, 0) }.eax;
    if number > last {
        return CpuidResult {
            eax: 0,
            ebx: 0,
            ecx: 0,
            edx: 0,
        };
    }
    // SAFETY: as above.
    unsafe { __cpuid_count(number, 0) }
}

/// # Safety
///
/// CPUID says OSXSAVE, which includes XSAVE and XGETBV.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: by contract.
    unsafe { _xgetbv(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is needed and nothing else, bit by bit as Intel's and AMD's manuals number them.
    const AVX2_ONLY: Processor = Processor {
        basic: 1 << 12 | 1 << 28 | 1 << 29,
        extended: 1 << 5,
        saved: 1 << 1 | 1 << 2,
    };
    const AVX512_TOO: Processor = Processor {
        extended: 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31,
        saved: 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7,
        ..AVX2_ONLY
    };

    /// The bits that are set.
    fn bits(register: u64) -> impl Iterator<Item = u64> {
        (0..64)
            .map(|i| 1 << i)
            .filter(move |bit| register & bit != 0)
    }

    /// The same processor without one of the bits it has, for each of them.
    fn poorer(p: Processor) -> impl Iterator<Item = Processor> {
        let basic = bits(p.basic.into()).map(move |bit| Processor {
            basic: p.basic & !(bit as u32),
            ..p
        });
        let extended = bits(p.extended.into()).map(move |bit| Processor {
            extended: p.extended & !(bit as u32),
            ..p
        });
        let saved = bits(p.saved).map(move |bit| Processor {
            saved: p.saved & !bit,
            ..p
        });
        basic.chain(extended).chain(saved)
    }

    #[test]
    fn a_set_is_there_only_with_all_that_it_needs() {
        assert!(AVX2_ONLY.has_avx2() && !AVX2_ONLY.has_avx512());
        assert!(AVX512_TOO.has_avx2() && AVX512_TOO.has_avx512());
        assert_eq!(poorer(AVX2_ONLY).count(), 6);
        assert!(poorer(AVX2_ONLY).all(|p| !p.has_avx2()));
        assert_eq!(poorer(AVX512_TOO).count(), 13);
        assert!(poorer(AVX512_TOO).all(|p| !p.has_avx512()));
    }

    #[test]
    fn saved_registers_are_asked_for_only_where_they_can_be() {
        for basic in [1 << 27, u32::MAX] {
            assert_eq!(Processor::told(basic, 0, || 0b111).saved, 0b111);
        }
        let old = Processor::told(!(1 << 27), u32::MAX, || panic!("an invalid instruction"));
        assert!(old.saved == 0 && !old.has_avx2());
    }

    #[test]
    fn what_else_a_processor_has_does_not_matter() {
        let everything = Processor {
            basic: u32::MAX,
            extended: u32::MAX,
            saved: u64::MAX,
        };
        assert!(everything.has_avx2() && everything.has_avx512());
        let nothing = Processor {
            basic: 0,
            extended: 0,
            saved: 0,
        };
        assert!(!nothing.has_avx2() && !nothing.has_avx512());
    }
}
