//! Every method of the header has its place in the idiomatic tier of every client, which is written by hand.

use std::fs;

/// A file by hand, and what it has to hold of each method, its name in place of `@`.
const PLACES: [(&str, &str); 7] = [
    (
        "ffi/clients/fortran/src/trimtab.f90",
        "!> | `trimtab_@_method` |",
    ),
    (
        "ffi/clients/julia/Trimtab.jl/src/methods.jl",
        "\"\"\"\n@!\n",
    ),
    (
        "ffi/clients/python/src/trimtab/numpy/_methods.py",
        "\ndef @(",
    ),
    (
        "ffi/clients/python/src/trimtab/numpy/_methods.py",
        "made(\"@\", **locals())",
    ),
    (
        "ffi/clients/python/src/trimtab/numpy/_methods.py",
        "\n    @ = _alone(@)\n",
    ),
    (
        "ffi/clients/python/src/trimtab/numpy/_methods.py",
        "\n    \"@\",\n",
    ),
    (
        "ffi/clients/python/src/trimtab/jax/_transformations.py",
        "\n| @ |",
    ),
];

#[test]
fn every_client_names_every_method() {
    let methods = trimtab_generate::committed().methods();
    assert!(methods.len() > 11);
    let root = trimtab_generate::root();
    let mut missing = Vec::new();
    for (file, form) in PLACES {
        let text = fs::read_to_string(root.join(file)).expect(file);
        // The guard says whether to go on, and is written out where it decides at once.
        let spared = |name: &str| form.contains("_alone") && name == "guard";
        let methods = methods.iter().filter(|m| !spared(&m.name));
        let lines = methods.map(|m| form.replace('@', &m.name));
        let absent = lines.filter(|line| !text.contains(line));
        missing.extend(absent.map(|line| format!("{file} lacks {:?}", line.trim())));
    }
    assert!(
        missing.is_empty(),
        "methods without a place:\n  {}",
        missing.join("\n  ")
    );
}
