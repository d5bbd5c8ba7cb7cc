//! Which instruction set the kernels were compiled for.

/// The instruction set in use: "sse2" on x86-64, "neon" on 64-bit Arm, "scalar" elsewhere.
///
/// It decides speed, never results.
///
/// ```
/// assert!(["sse2", "neon", "scalar"].contains(&trimtab::cpu_level()));
/// ```
pub const fn cpu_level() -> &'static str {
    let text = cpu_level_with_nul();
    text.split_at(text.len() - 1).0
}

/// [`cpu_level`] as the C ABI returns it.
pub const fn cpu_level_with_nul() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "sse2\0"
    } else if cfg!(target_arch = "aarch64") {
        "neon\0"
    } else {
        "scalar\0"
    }
}
