//! The default configurations: what the `TRIMTAB_..._CONFIG_INIT` macros of `ffi/header_defaults.h` say.

use std::collections::BTreeMap;

/// The expressions for the fields, in their order, by the name of the struct.
pub fn read(text: &str) -> BTreeMap<String, Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let macros = joined.lines().filter_map(|line| {
        let rest = line.strip_prefix("#define ")?;
        let (name, values) = rest.split_once("_INIT ")?;
        let values = values.trim().strip_prefix('{')?.strip_suffix('}')?;
        let values = values.split(',').map(|value| value.trim().to_string());
        Some((name.to_lowercase(), values.collect()))
    });
    macros.collect()
}
