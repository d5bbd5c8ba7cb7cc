//! From a [`Level`] to the loop that was compiled for it.

use super::isa::Job;
use super::portable::Portable;
use crate::cpu::Level;
#[cfg(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon")
))]
use crate::cpu::Set;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use super::arm::run_neon;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use super::x86::{run_avx2, run_avx512, run_sse2};

/// Runs `job` with the instructions of `level`. A function of its own for each job: the loops without a feature to enable
/// would else be found in whatever calls them, once for every call.
#[inline(never)]
pub(super) fn run<J: Job>(level: Level, job: J) -> J::Output {
    match level.set() {
        // SAFETY: a Level of this set exists only where the processor has it.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Set::Avx512 => unsafe { run_avx512(job) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Set::Avx2 => unsafe { run_avx2(job) },
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Set::Sse2 => run_sse2(job),
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        Set::Neon => run_neon(job),
        _ => job.run(Portable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::isa::Isa;

    struct Name;

    impl Job for Name {
        type Output = &'static str;

        fn run<I: Isa>(self, _: I) -> &'static str {
            core::any::type_name::<I>()
        }
    }

    /// A level that ran another's loops would give the same results.
    #[test]
    fn every_level_runs_its_own_instructions() {
        for level in Level::available() {
            let own = match level.name() {
                "avx512" => "::Avx512",
                "avx2" => "::Avx2",
                "sse2" => "::Sse2",
                "neon" => "::Neon",
                _ => "::Portable",
            };
            assert!(run(level, Name).ends_with(own), "{}", level.name());
        }
    }
}
