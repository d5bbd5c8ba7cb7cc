//! From a [`Level`] to the loop that was compiled for it.

use super::isa::Job;
use super::portable::Portable;
use crate::cpu::Level;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::cpu::Set;

#[cfg(target_arch = "aarch64")]
use super::arm::run_neon;
#[cfg(target_arch = "x86_64")]
use super::x86::{run_avx2, run_avx512, run_sse2};

/// Runs `job` with the instructions of `level`.
pub(super) fn run<J: Job>(level: Level, job: J) -> J::Output {
    match level.set() {
        // SAFETY: a Level of this set exists only where the processor has it.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => unsafe { run_avx512(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => unsafe { run_avx2(job) },
        #[cfg(target_arch = "x86_64")]
        Set::Sse2 => run_sse2(job),
        #[cfg(target_arch = "aarch64")]
        Set::Neon => run_neon(job),
        _ => job.run(Portable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::isa::Isa;

    struct Width;

    impl Job for Width {
        type Output = usize;

        fn run<I: Isa>(self, _: I) -> usize {
            I::WIDTH
        }
    }

    /// As many doubles as its registers hold: a level that ran another's loops would give the same results.
    #[test]
    fn every_level_runs_its_own_instructions() {
        for level in Level::available() {
            let bits = match level.name() {
                "avx512" => 512,
                "avx2" => 256,
                "sse2" | "neon" => 128,
                _ => 64,
            };
            assert_eq!(run(level, Width), bits / 64, "{}", level.name());
        }
    }
}
