//! A test program that starts itself again.

use std::process::Command;

/// What names the emulator that starts programs of this architecture, where the kernel does not do so by itself.
const EMULATOR: &str = "TRIMTAB_TEST_EMULATOR";

/// This program, to be run in a new process.
pub fn again() -> Command {
    let this = std::env::current_exe().expect("a test knows its executable");
    match std::env::var_os(EMULATOR) {
        None => Command::new(this),
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(this);
            command
        }
    }
}
