//! Every generated file is what the committed header says.

#[test]
fn generated_files_are_what_the_header_says() {
    let files = trimtab_generate::files(&trimtab_generate::committed());
    let stale = files.into_iter().filter(|(path, text)| {
        std::fs::read_to_string(trimtab_generate::root().join(path))
            .ok()
            .as_ref()
            != Some(text)
    });
    let stale: Vec<String> = stale.map(|(path, _)| path).collect();
    assert!(
        stale.is_empty(),
        "not what include/trimtab.h says: {}: renew them with\n\n    cargo run -p trimtab-generate\n",
        stale.join(", ")
    );
}
