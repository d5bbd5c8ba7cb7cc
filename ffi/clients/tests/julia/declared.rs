//! What Julia source declares: types, constants and functions.

use tree_sitter::Node;

use super::source::{Source, children};

/// The names of structs.
pub fn structs(source: &Source) -> Vec<String> {
    let declared = source.all("struct_definition").into_iter();
    let names = declared.map(|node| {
        // `Name`, or `Name <: Above`.
        let name = source.text(children(node)[0]).split(' ').next();
        name.expect("a name").to_string()
    });
    names.collect()
}

/// The names of enums and of their constants.
pub fn enums(source: &Source) -> Vec<String> {
    let uses = source.all("macrocall_expression").into_iter().map(children);
    let uses = uses.filter(|parts| source.text(parts[0]) == "@enum");
    let arguments = uses.flat_map(|parts| children(parts[1]));
    let parts = arguments.flat_map(|a| match a.kind() {
        "compound_statement" => children(a),
        _ => vec![a],
    });
    // `Name::Base` and `CONSTANT = 1`.
    parts
        .map(|part| source.text(children(part)[0]).to_string())
        .collect()
}

/// Functions that are defined with a body, long or short, or without one.
pub fn functions(source: &Source) -> Vec<String> {
    let short = source.all("assignment").into_iter();
    let long = source.all("function_definition").into_iter();
    let names = short.chain(long).filter_map(|node| {
        let call = source_call(node).or_else(|| {
            let signature = *children(node).first()?;
            (signature.kind() == "signature").then_some(signature)
        })?;
        Some(source.text(*children(call).first()?).to_string())
    });
    names.collect()
}

/// What modules export.
pub fn exports(source: &Source) -> Vec<String> {
    let statements = source.all("export_statement").into_iter();
    let names = statements.flat_map(children);
    names.map(|name| source.text(name).to_string()).collect()
}

/// The `name(parameters)` of a function definition.
fn source_call(node: Node<'_>) -> Option<Node<'_>> {
    let first = *children(node).first()?;
    let call = match first.kind() {
        "signature" => *children(first).first()?,
        _ => first,
    };
    (call.kind() == "call_expression").then_some(call)
}
