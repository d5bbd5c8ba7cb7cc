//! What Julia source declares: structs, enums, calls of C functions, and constructors of configurations.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::source::{Source, children};

/// Names and types, or names and values, as they are written.
pub type Pairs = Vec<(String, String)>;

/// The fields of structs.
pub fn structs(source: &Source) -> BTreeMap<String, Pairs> {
    let declared = source.all("struct_definition").into_iter().map(|node| {
        let parts = children(node);
        // `Name`, or `Name <: Above`.
        let name = source.text(parts[0]).split(' ').next();
        let name = name.expect("a name").to_string();
        let fields = parts[1..]
            .iter()
            .filter(|part| part.kind() != "function_definition");
        let fields = fields.map(|field| typed(source, *field));
        (name, fields.collect())
    });
    declared.collect()
}

pub struct Enum {
    /// The type that it is stored as.
    pub base: String,
    pub constants: BTreeMap<String, i64>,
}

pub fn enums(source: &Source) -> BTreeMap<String, Enum> {
    let declared = macros(source, "@enum").into_iter().map(|arguments| {
        let (name, base) = typed(source, arguments[0]);
        let constants = arguments[1..].iter().flat_map(|a| match a.kind() {
            "compound_statement" => children(*a),
            _ => vec![*a],
        });
        let constants = constants.map(|assignment| {
            let [name, _, value] = three(assignment);
            let value = source.text(value).parse().expect("a whole number");
            (source.text(name).to_string(), value)
        });
        let constants = constants.collect();
        (name, Enum { base, constants })
    });
    declared.collect()
}

/// A Julia function that calls a C function.
pub struct Call {
    /// The name of the Julia function, and of its parameters.
    pub name: String,
    pub parameters: Vec<String>,
    /// The name that is looked up in the library.
    pub symbol: String,
    pub arguments: Pairs,
    pub returns: String,
}

pub fn calls(source: &Source) -> Vec<Call> {
    let declared = macros(source, "@ccall").into_iter().map(|arguments| {
        let [call, returns] = two(arguments[0]);
        let [callee, list] = two(call);
        let symbol = source.text(callee).strip_prefix("$(symbol(:");
        let symbol = symbol.and_then(|s| s.strip_suffix("))"));
        let symbol = symbol.unwrap_or_else(|| panic!("{}", source.text(callee)));
        let (name, parameters) = signature(source, enclosing(call));
        let arguments = children(list).into_iter().map(|a| typed(source, a));
        Call {
            name,
            parameters: children(parameters)
                .iter()
                .map(|p| source.text(*p).to_string())
                .collect(),
            symbol: symbol.to_string(),
            arguments: arguments.collect(),
            returns: source.text(returns).to_string(),
        }
    });
    declared.collect()
}

/// `Name(; keyword = value) = Name(argument)`
pub struct Constructor {
    pub keywords: Pairs,
    pub arguments: Vec<String>,
}

/// Constructors that take nothing but keywords.
pub fn constructors(source: &Source) -> BTreeMap<String, Constructor> {
    let short = source.all("assignment").into_iter();
    let long = source.all("function_definition").into_iter();
    let declared = short.chain(long).filter_map(|node| {
        let call = source_call(node)?;
        let result = children(node).pop()?;
        let result = match result.kind() {
            "return_statement" => children(result).pop()?,
            _ => result,
        };
        let [name, keywords] = two(call);
        let keywords = children(keywords);
        let only_keywords = keywords.iter().all(|k| k.kind() == "named_argument");
        if keywords.is_empty() || !only_keywords || result.kind() != "call_expression" {
            return None;
        }
        let [callee, arguments] = two(result);
        assert_eq!(source.text(callee), source.text(name), "{}", source.path);
        let keyword = |node: &Node| {
            let [name, _, value] = three(*node);
            (
                source.text(name).to_string(),
                source.text(value).to_string(),
            )
        };
        let arguments = children(arguments).into_iter();
        let arguments = arguments.map(|a| source.text(a).to_string());
        let constructor = Constructor {
            keywords: keywords.iter().map(keyword).collect(),
            arguments: arguments.collect(),
        };
        Some((source.text(name).to_string(), constructor))
    });
    declared.collect()
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

/// The arguments of every use of a macro.
fn macros<'s>(source: &'s Source, name: &str) -> Vec<Vec<Node<'s>>> {
    let uses = source.all("macrocall_expression").into_iter();
    let uses = uses.map(children);
    let uses = uses.filter(|parts| source.text(parts[0]) == name);
    uses.map(|parts| children(parts[1])).collect()
}

/// `name::type`
fn typed(source: &Source, node: Node) -> (String, String) {
    assert_eq!(node.kind(), "typed_expression", "{}", source.text(node));
    let [name, type_] = two(node);
    (
        source.text(name).to_string(),
        source.text(type_).to_string(),
    )
}

/// The function definition, long or short, around a node.
fn enclosing(node: Node<'_>) -> Node<'_> {
    let mut around = node;
    while !["function_definition", "assignment"].contains(&around.kind()) {
        around = around.parent().expect("a function around each @ccall");
    }
    around
}

/// The name and the list of parameters of a function definition.
fn signature<'s>(source: &Source, node: Node<'s>) -> (String, Node<'s>) {
    let call = source_call(node).expect("a signature");
    let [name, parameters] = two(call);
    (source.text(name).to_string(), parameters)
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

fn two(node: Node<'_>) -> [Node<'_>; 2] {
    children(node).try_into().expect("two parts")
}

fn three(node: Node<'_>) -> [Node<'_>; 3] {
    children(node).try_into().expect("three parts")
}
