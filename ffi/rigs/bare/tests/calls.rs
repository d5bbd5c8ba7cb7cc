//! Every function of the header, called by the program with the arguments that its names and types ask for: `calls.inc`.

use crate::abi::{Function, abi};

/// `CALL(name, the call)` for each.
pub fn calls() -> String {
    let kinds = abi().state_kinds();
    let calls: String = abi().functions.iter().map(call).collect();
    format!("#define STATE_KINDS {kinds}\n{calls}")
}

fn call(function: &Function) -> String {
    let named = function.parameters.iter();
    let before = [""].into_iter().chain(named.clone().map(|p| &p.name[..]));
    let arguments = named
        .zip(before)
        .map(|(p, before)| argument(&p.c_type, &p.name, before));
    let arguments: Vec<&str> = arguments.collect();
    let result = match &function.returns[..] {
        "trimtab_status" => "with.status =",
        _ => "(void)",
    };
    let (name, arguments) = (&function.name, arguments.join(", "));
    format!("CALL({name}, {result} {name}({arguments}))\n")
}

/// A field of `arguments` in `bare.h`. Names are told apart by those before them.
fn argument(of: &str, name: &str, before: &str) -> &'static str {
    match (of, name) {
        ("size_t", "n") if before == "entries" => "STATE_KINDS",
        ("size_t", "len") if before == "bytes" => "with.saved_size",
        ("trimtab_tensor *" | "const trimtab_tensor *", _) => "with.tensors",
        ("size_t", "n") => "with.n",
        ("size_t", "methods") => "with.methods",
        ("size_t", "len") => "with.tensors[0].len",
        ("size_t", "capacity") => "sizeof with.saved",
        ("size_t", "fan_in" | "threads") => "1",
        ("size_t *", "size") => "&with.saved_size",
        ("size_t *", "refused") => "&with.refused",
        ("size_t *", "at") => "&with.where",
        ("uint32_t", "dtype") => "with.tensors[0].dtype",
        ("uint32_t", _) => "with.choice",
        ("int32_t", "status") => "with.status",
        ("double", _) => "with.number",
        ("const void *", "data") => "with.tensors[0].data",
        ("void *" | "const void *", "bytes") => "with.saved",
        ("void *const *", _) => "with.into",
        ("trimtab_moments *", _) => "&with.moments",
        ("const trimtab_moments *", "params") => "with.params",
        ("const trimtab_moments *", _) => "&with.tensors[0].moments",
        ("const trimtab_slot *", _) => "with.slots",
        ("const trimtab_states *", _) => "with.records",
        ("const trimtab_method *", _) => "with.chain",
        (config, _) if config.ends_with("_config *") => "with.config",
        (state, _) if state.ends_with("_state *") => "with.state",
        _ => panic!("the program has no argument for {of} {name}"),
    }
}
