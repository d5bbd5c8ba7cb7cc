//! The level, the instruction set that the loops use: a value, detected without the standard library, that
//! can be forced. It changes speed, never results.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::status::Error;

/// An instruction set that this processor has; a value of this type is the proof that it does.
///
/// Best first: on x86-64 "avx512" (F, VL, DQ, BW), "avx2" (with FMA and F16C) and "sse2", on 64-bit
/// Arm "neon"; everywhere "scalar", plain Rust.
///
/// ```
/// use trimtab::Level;
/// assert!(Level::available().any(|level| level.name() == "scalar"));
/// assert_eq!(Level::named("abacus"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Set);

/// The instruction sets with loops of their own.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(target_arch = "x86_64", target_feature = "sse2")),
    allow(dead_code)
)]
pub(crate) enum Set {
    Avx512 = 1,
    Avx2 = 2,
    Sse2 = 3,
    Neon = 4,
    Scalar = 5,
}

impl Set {
    /// Best first.
    const ALL: [Set; 5] = [Set::Avx512, Set::Avx2, Set::Sse2, Set::Neon, Set::Scalar];

    /// Whether this processor has it.
    fn exists(self) -> bool {
        match self {
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Set::Avx512 => crate::kernel::cpuid::has_avx512(),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Set::Avx2 => crate::kernel::cpuid::has_avx2(),
            Set::Sse2 => cfg!(all(target_arch = "x86_64", target_feature = "sse2")),
            Set::Neon => cfg!(all(target_arch = "aarch64", target_feature = "neon")),
            Set::Scalar => true,
            #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
            _ => false,
        }
    }

    /// The name, with the NUL that C needs.
    const fn name_with_nul(self) -> &'static str {
        match self {
            Set::Avx512 => "avx512\0",
            Set::Avx2 => "avx2\0",
            Set::Sse2 => "sse2\0",
            Set::Neon => "neon\0",
            Set::Scalar => "scalar\0",
        }
    }
}

impl Level {
    /// Plain Rust, which every processor runs.
    pub const SCALAR: Self = Self(Set::Scalar);

    /// All levels of this processor, best first.
    pub fn available() -> impl Iterator<Item = Level> {
        Set::ALL.into_iter().filter(|set| set.exists()).map(Level)
    }

    /// The level of this name, if this processor has it.
    pub fn named(name: &str) -> Option<Level> {
        Self::available().find(|level| level.name() == name)
    }

    /// The name, as the environment variable `TRIMTAB_LEVEL` takes it.
    pub fn name(self) -> &'static str {
        self.name_with_nul().trim_end_matches('\0')
    }

    /// [`Level::name`] as the C ABI returns it.
    #[doc(hidden)]
    pub fn name_with_nul(self) -> &'static str {
        self.0.name_with_nul()
    }

    pub(crate) fn set(self) -> Set {
        self.0
    }

    /// The level in use: the one forced with [`force`](Self::force) or, in builds with `std`, with
    /// the environment variable `TRIMTAB_LEVEL`; else the best of this processor.
    ///
    /// Determined at the first call and kept in an atomic byte: threads may call at the same time.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if `TRIMTAB_LEVEL` names no level of this processor; every pass returns it
    /// then. An empty value counts as unset.
    pub fn current() -> Result<Level, Error> {
        let known = FORCED.get().or_else(|| FOUND.get());
        known.unwrap_or_else(|| FOUND.set(detect()))
    }

    /// Makes this the level in use, for all threads of the process; returns it.
    pub fn force(self) -> Self {
        _ = FORCED.set(Ok(self));
        self
    }
}

/// A level, the refusal of one, or no answer yet, in one atomic byte.
struct Cell(AtomicU8);

impl Cell {
    const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Unlike every set.
    const REFUSED: u8 = u8::MAX;

    fn get(&self) -> Option<Result<Level, Error>> {
        let byte = self.0.load(Ordering::Relaxed);
        if byte == Self::REFUSED {
            return Some(Err(Error::Unsupported));
        }
        let set = Set::ALL.into_iter().find(|set| *set as u8 == byte);
        set.map(|set| Ok(Level(set)))
    }

    fn set(&self, level: Result<Level, Error>) -> Result<Level, Error> {
        let byte = level.map_or(Self::REFUSED, |level| level.0 as u8);
        self.0.store(byte, Ordering::Relaxed);
        level
    }
}

/// The level that the caller has forced, and the one that the first call has detected. Two, so that neither overwrites
/// the other.
static FORCED: Cell = Cell::new();
static FOUND: Cell = Cell::new();

fn detect() -> Result<Level, Error> {
    #[cfg(feature = "std")]
    if let Some(name) = std::env::var_os("TRIMTAB_LEVEL").filter(|name| !name.is_empty()) {
        let level = name.to_str().and_then(Level::named);
        return level.ok_or(Error::Unsupported);
    }
    Ok(Level::available().next().unwrap_or(Level::SCALAR))
}
