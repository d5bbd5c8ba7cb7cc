//! Initialisation, texts and threads.

use core::ffi::c_char;

use trimtab_core::{Activation, Level, Status, in_default_mode};

use crate::check::code;
use crate::types::trimtab_status;

/// Standard deviation of the initial weights of a layer: gain(activation) / sqrt(fan_in), with
/// gain = 1 / sqrt(E[f(z)^2]) for standard normal z. NaN for an unknown activation and for fan_in 0.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_init_std(activation: u32, fan_in: usize) -> f64 {
    let std = |activation| trimtab_core::init_std(activation, fan_in);
    in_default_mode(|| Activation::from_code(activation).map_or(f64::NAN, std))
}

/// The meaning of a status and the remedy. Static, NUL-terminated, never NULL, also for numbers that
/// are no status.
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

/// The level, the instruction set in use: "avx512", "avx2", "sse2", "neon" or "scalar". The environment
/// variable TRIMTAB_LEVEL forces one that the processor has; empty counts as unset. It changes speed,
/// never results. If it names no level of this processor, the text begins with "none", and every
/// function that reads or writes gradients returns UNSUPPORTED. Static, NUL-terminated, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_cpu_level() -> *const c_char {
    let level = Level::current();
    text(level.map_or(
        "none: TRIMTAB_LEVEL names no instruction set of this processor\0",
        |level| level.name_with_nul(),
    ))
}

/// Sets the number of threads that a pass may use, for all callers in this process; 1 until then. The
/// threads are started here, sleep between passes, and are woken only where the work outweighs the
/// cost. Results are the same, to the bit, for any number.
///
/// After fork() the child has one thread until it sets a number of its own. A pass also uses one thread
/// where memory for handing over work is not available, and while another thread changes the number.
///
/// BAD_CONFIG for 0 and for more than 1,024. UNSUPPORTED for more than 1 in a library built without the
/// rayon feature, or if the threads cannot be started, which needs 40 MiB of address space beside their
/// stacks; or, for any number, in a child forked at the very moment when another thread was changing or
/// reading the number. A refused call leaves the threads as they were.
#[unsafe(no_mangle)]
pub extern "C" fn trimtab_set_threads(threads: usize) -> trimtab_status {
    code(|| Ok(trimtab_core::set_threads(threads)?))
}

/// A text that ends in NUL, as C takes it.
fn text(text: &'static str) -> *const c_char {
    text.as_ptr().cast()
}
