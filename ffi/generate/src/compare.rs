//! What of one `ffi/abi.json` programs can no longer rely on in another.

use serde_json::{Map, Value};

/// What has been taken away or changed. Additions are none of it: constants, functions, structs, and fields at the end of a
/// configuration, which says how long it is.
pub fn broken(before: &str, after: &str) -> Vec<String> {
    let parse = |text: &str| serde_json::from_str(text).expect("a manifest");
    let (before, after): (Value, Value) = (parse(before), parse(after));
    let mut all = structs(&before["structs"], &after["structs"]);
    for (name, constants) in object(&before["enums"]) {
        let kept =
            |(constant, value): &(&String, &Value)| after["enums"][name][*constant] == **value;
        let lost = object(constants).iter().filter(|entry| !kept(entry));
        all.extend(lost.map(|(constant, _)| constant.clone()));
    }
    all.extend(functions(&before["functions"], &after["functions"]));
    all
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn structs(before: &Value, after: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (name, s) in object(before) {
        let (old, new) = (list(&s["fields"]), list(&after[name]["fields"]));
        let place = ["name", "type", "offset"];
        let same = |(old, new): (&Value, &Value)| place.iter().all(|key| old[key] == new[key]);
        let kept = old.len() <= new.len() && old.iter().zip(new).all(same);
        let grown = name.ends_with("_config") || s["size"] == after[name]["size"];
        if !(kept && grown) {
            all.push(name.clone());
        }
    }
    all
}

fn functions(before: &Value, after: &Value) -> Vec<String> {
    let is = |old: &Value, new: &Value| {
        ["name", "returns", "parameters"]
            .iter()
            .all(|key| old[key] == new[key])
    };
    let lost = list(before)
        .iter()
        .filter(|old| !list(after).iter().any(|new| is(old, new)));
    lost.map(|f| f["name"].as_str().unwrap_or_default().to_string())
        .collect()
}
