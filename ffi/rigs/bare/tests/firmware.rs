//! The page `ffi/rigs/bare/README.md`: its firmware is built and run by its own commands.

use std::fs;
use std::process::Command;

use crate::common::blocks;
use crate::common::command::{fresh_folder, must_succeed, said};
use crate::common::root;
use crate::distribution::{Build, target_dir};

const README: &str = "ffi/rigs/bare/README.md";

/// Builds the library, then the firmware, and runs it. The folder that cargo builds into is the tests' own.
pub fn runs_as_the_page_says() {
    let (folder, target) = (fresh_folder("bare/firmware"), target_dir(Build::Bare));
    let program = &blocks::in_language(README, "c")[0].text;
    fs::write(folder.join("firmware.c"), program).expect("a scratch file");
    let at = |name: &str| folder.join(name).display().to_string();
    let mut said_last = String::new();
    let blocks = blocks::in_language(README, "sh");
    assert_eq!(blocks.len(), 2, "one builds the library, one the firmware");
    for block in blocks {
        let commands = block
            .text
            .replace("target/", &format!("{}/", target.display()));
        let commands = commands.replace("firmware.c", &at("firmware.c"));
        let commands = commands.replace("firmware.elf", &at("firmware.elf"));
        let mut shell = Command::new("timeout");
        shell
            .args(["500", "sh", "-ec", &commands])
            .current_dir(root());
        shell.env("CARGO_TARGET_DIR", &target);
        shell.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        said_last = said(&must_succeed(&mut shell));
    }
    let page = fs::read_to_string(root().join(README)).expect("the page");
    assert!(
        page.contains(&format!("\n{said_last}```")),
        "the page shows what it prints: {said_last}"
    );
}
