//! Writes every generated file that is not as it should be.

use std::fs;

fn main() {
    let root = trimtab_generate::root();
    for (path, text) in trimtab_generate::files(&trimtab_generate::committed()) {
        let file = root.join(path);
        if fs::read_to_string(&file).is_ok_and(|before| before == text) {
            continue;
        }
        fs::write(&file, text).unwrap_or_else(|why| panic!("{path} cannot be written: {why}"));
        println!("{path}");
    }
}
