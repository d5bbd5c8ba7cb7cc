//! The processor's floating-point mode: the default while the library computes, the caller's afterwards.
//!
//! A host may have set another rounding direction, flushing of subnormal numbers, or traps. Rust code assumes the
//! default mode, and so do "same bits" and every formula.
//!
//! Supported are MXCSR of x86-64 and FPCR of 64-bit Arm. Elsewhere, in builds with software floating point, and under
//! Miri, which has no assembler, nothing is done.

use register::Environment;

/// The result of `body`, computed in the default mode. Afterwards the caller's mode and status flags are as they were,
/// except that "inexact" may have been raised: to clear it would cost 150 ns per call on Intel's processors.
#[inline]
pub fn in_default_mode<R>(body: impl FnOnce() -> R) -> R {
    let callers = Environment::read();
    let ours = callers.with_default_control();
    if ours != callers {
        ours.write();
    }
    // The compiler treats arithmetic as independent of the mode and may move it. It cannot here: the operands of `body`
    // come out of one barrier, and its results go into another. All assembler keeps its order.
    let body = barrier(body);
    let result = barrier(body());
    let now = Environment::read();
    let left = callers.with_inexact_of(now);
    if left != now {
        left.write();
    }
    result
}

/// For a thread that runs nothing but passes: it may have been started in another mode.
#[cfg(feature = "rayon")]
pub(crate) fn set_default_mode() {
    Environment::read().with_default_control().write();
}

/// The same value, opaque to the compiler, as is all memory that is reachable from outside: the assembler might have read
/// and written it.
#[cfg(all(
    any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon")
    ),
    not(miri)
))]
#[inline(always)]
fn barrier<T>(mut value: T) -> T {
    // SAFETY: no instruction. The address is that of a live local variable.
    unsafe {
        core::arch::asm!("/* {} */", in(reg) &raw mut value, options(nostack, preserves_flags));
    }
    value
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
mod register {
    use core::arch::asm;

    /// MXCSR.
    #[derive(Clone, Copy, PartialEq)]
    pub(super) struct Environment(u32);

    const FLAGS: u32 = 0x3F;
    const INEXACT: u32 = 1 << 5;

    impl Environment {
        /// All exceptions masked, rounding to nearest, nothing flushed.
        pub(super) fn with_default_control(self) -> Self {
            Self(self.0 & FLAGS | 0x1F80)
        }

        pub(super) fn with_inexact_of(self, other: Self) -> Self {
            Self(self.0 | other.0 & INEXACT)
        }

        #[inline(always)]
        pub(super) fn read() -> Self {
            let mut value = 0_u32;
            // SAFETY: stores 4 bytes in a live local variable.
            unsafe {
                asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags))
            };
            Self(value)
        }

        /// Not `nomem`, not `preserves_flags`: it stays where it is among all accesses to memory, see `in_default_mode`.
        #[inline(always)]
        pub(super) fn write(self) {
            // SAFETY: loads 4 bytes from a live local variable: what MXCSR held, or the default, so no reserved bit is
            // set. Rust's arithmetic is between the two calls in `in_default_mode`, in the default mode that it needs.
            unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const self.0, options(nostack)) };
        }
    }
}

#[cfg(all(target_arch = "aarch64", target_feature = "neon", not(miri)))]
mod register {
    use core::arch::asm;

    /// FPCR and FPSR.
    #[derive(Clone, Copy, PartialEq)]
    pub(super) struct Environment {
        control: u64,
        status: u64,
    }

    const INEXACT: u64 = 1 << 4;

    impl Environment {
        /// Rounding to nearest, nothing flushed, no trap.
        pub(super) fn with_default_control(self) -> Self {
            Self { control: 0, ..self }
        }

        pub(super) fn with_inexact_of(self, other: Self) -> Self {
            Self {
                status: self.status | other.status & INEXACT,
                ..self
            }
        }

        #[inline(always)]
        pub(super) fn read() -> Self {
            let (control, status): (u64, u64);
            // SAFETY: reads two registers that every program may read.
            unsafe {
                asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) status,
                    options(nostack, preserves_flags));
            }
            Self { control, status }
        }

        /// Not `nomem`, not `preserves_flags`: it stays where it is among all accesses to memory, see `in_default_mode`.
        #[inline(always)]
        pub(super) fn write(self) {
            // SAFETY: the default, or what the registers held. Rust's arithmetic is between the two calls in
            // `in_default_mode`, in the default mode that it needs.
            unsafe {
                asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) self.control, in(reg) self.status, options(nostack));
            }
        }
    }
}

#[cfg(not(all(
    any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon")
    ),
    not(miri)
)))]
mod register {
    /// No mode is supported here.
    #[derive(Clone, Copy, PartialEq)]
    pub(super) struct Environment;

    impl Environment {
        pub(super) fn with_default_control(self) -> Self {
            self
        }

        pub(super) fn with_inexact_of(self, _: Self) -> Self {
            self
        }

        pub(super) fn read() -> Self {
            Self
        }

        pub(super) fn write(self) {}
    }
}

#[cfg(not(all(
    any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon")
    ),
    not(miri)
)))]
fn barrier<T>(value: T) -> T {
    value
}
