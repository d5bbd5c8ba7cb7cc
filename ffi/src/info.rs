//! Initialisation, texts and threads.

use core::ffi::c_char;

use trimtab_core::{Activation, Level, Status};

use crate::check::{Blame, code};
use crate::types::trimtab_status;

/// Standard deviation to draw a layer's weights from: gain(activation) / sqrt(fan_in), the gain
/// being 1 / sqrt(E[f(z)^2]) for standard normal z. NaN for an unknown activation and for fan_in 0.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_init_std(activation: u32, fan_in: usize) -> f64 {
    let activation = Activation::from_code(activation);
    activation.map_or(f64::NAN, |activation| {
        trimtab_core::init_std(activation, fan_in)
    })
}

/// What a status means and what to do. Static, NUL-terminated, never NULL, also for numbers that are
/// no status.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_status_message(status: i32) -> *const c_char {
    let known = Status::ALL.into_iter().find(|known| known.code() == status);
    text(known.map_or("not a status of this library\0", Status::message_with_nul))
}

/// The version of the library, "major.minor.patch". Static, NUL-terminated, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_version() -> *const c_char {
    text(concat!(env!("CARGO_PKG_VERSION"), "\0"))
}

/// The instruction set in use: "avx512", "avx2", "sse2", "neon" or "scalar"; the environment variable
/// TRIMTAB_LEVEL can force one that the processor has. It decides speed, never results. If it names
/// none, the text says so and begins with "none", and everything that reads or writes gradients
/// returns UNSUPPORTED; empty is as if it were not set. Static, NUL-terminated, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_cpu_level() -> *const c_char {
    let level = Level::current();
    text(level.map_or(
        "none: TRIMTAB_LEVEL names no instruction set of this processor\0",
        |level| level.name_with_nul(),
    ))
}

/// Lets the passes use up to this many threads, for all callers in this process; 1 unless asked
/// otherwise. They are started here, sleep between passes, and are woken only where there is more
/// work than that costs. Results are the same, to the bit, for any number.
///
/// BAD_CONFIG for 0 and for more than 1,024. UNSUPPORTED for more than 1 in a library built without the rayon feature, or if
/// the threads cannot be started.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_set_threads(threads: usize) -> trimtab_status {
    code(trimtab_core::set_threads(threads).map_err(Blame::from))
}

/// A text that ends in NUL, as C takes it.
fn text(text: &'static str) -> *const c_char {
    text.as_ptr().cast()
}
