//! Writes every generated file that is not as it should be. What would break programs is refused without `--break`.

use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = trimtab_generate::root();
    let abi = trimtab_generate::committed();
    let before = fs::read_to_string(root.join("ffi/abi.json")).expect("ffi/abi.json");
    let broken = trimtab_generate::broken(&before, &trimtab_generate::abi_json(&abi));
    if !broken.is_empty() && !std::env::args().any(|argument| argument == "--break") {
        eprintln!(
            "Programs that use these would break: {}.\nNothing has been written. If that is meant: cargo run -p \
             trimtab-generate -- --break",
            broken.join(", ")
        );
        return ExitCode::FAILURE;
    }
    for (path, text) in trimtab_generate::files(&abi) {
        let file = root.join(&path);
        if fs::read_to_string(&file).is_ok_and(|before| before == text) {
            continue;
        }
        fs::write(&file, text).unwrap_or_else(|why| panic!("{path} cannot be written: {why}"));
        println!("{path}");
    }
    ExitCode::SUCCESS
}
