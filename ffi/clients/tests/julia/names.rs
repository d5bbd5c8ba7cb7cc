//! Names that Trimtab.jl exports and that its page uses.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::declared;
use super::source::{self, Source, children};

/// What the programs of the page call beside Trimtab: functions of Julia, and of Optimisers.jl.
const OTHERS: [&str; 12] = [
    "println",
    "round",
    "zeros",
    "randn",
    "Ref",
    "sprint",
    "rethrow",
    "train",
    "Optimisers.setup",
    "Optimisers.update!",
    "OptimiserChain",
    "Adam",
];

/// Every name that the package gives a meaning to.
fn defined() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in source::files().iter().filter(|f| f.path.contains("/src/")) {
        names.extend(declared::structs(file));
        names.extend(declared::enums(file));
        names.extend(declared::functions(file));
    }
    names
}

/// Every name that a program has without `Trimtab.` in front.
fn exported() -> Vec<String> {
    source::files().iter().flat_map(declared::exports).collect()
}

pub fn exports_exist() {
    let exported = exported();
    let distinct: BTreeSet<&String> = exported.iter().collect();
    assert_eq!(distinct.len(), exported.len(), "a name is exported twice");
    let defined = defined();
    let missing: Vec<_> = distinct
        .into_iter()
        .filter(|n| !defined.contains(*n))
        .collect();
    assert!(missing.is_empty(), "exported and not defined: {missing:?}");
    assert!(exported.len() > 50);
}

/// Calls and constants of every program.
pub fn page_calls() {
    let exported: BTreeSet<String> = exported().into_iter().collect();
    let defined = defined();
    let known = |name: &str| match name.strip_prefix("Trimtab.") {
        Some(name) => defined.contains(name),
        None => exported.contains(name) || OTHERS.contains(&name),
    };
    let mut wrong = Vec::new();
    for program in source::programs() {
        let names = used(&program);
        assert!(!names.is_empty(), "{} calls nothing", program.path);
        let unknown = names.iter().filter(|name| !known(name));
        wrong.extend(unknown.map(|name| format!("{}: {name}", program.path)));
    }
    assert!(
        wrong.is_empty(),
        "names that nothing has:\n  {}",
        wrong.join("\n  ")
    );
}

/// Names that are called, written in capitals, or taken from a module.
fn used(program: &Source) -> BTreeSet<String> {
    let called = program.all("call_expression").into_iter();
    let called = called.filter_map(|call| children(call).first().copied());
    let constants = program.all("identifier").into_iter().filter(|name| {
        let text = program.text(*name);
        text.len() > 1 && text.chars().all(|c| c.is_uppercase() || c == '_')
    });
    let fields = program.all("field_expression").into_iter();
    let fields = fields.filter(|f| program.text(*f).starts_with("Trimtab."));
    let within_a_field = |node: &Node| {
        node.parent()
            .is_some_and(|p| p.kind() == "field_expression")
    };
    let names = called
        .chain(constants.filter(|c| !within_a_field(c)))
        .chain(fields);
    names.map(|name| program.text(name).to_string()).collect()
}
