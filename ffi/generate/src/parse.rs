//! The header, read by the grammar of C that editors use: types, constants, functions, and the comments in front of them.

use tree_sitter::{Node, Parser};

use crate::abi::{Abi, Constant, Enum, Field, Function, Parameter, Struct};

struct Header<'t> {
    text: &'t str,
}

/// Reads all declarations of a header; panics at what it does not understand.
pub fn header(text: &str) -> Abi {
    let mut parser = Parser::new();
    let c = tree_sitter_c::LANGUAGE.into();
    parser
        .set_language(&c)
        .expect("a grammar of a version that the parser knows");
    let tree = parser.parse(text, None).expect("nothing cancels it");
    let (header, mut abi) = (Header { text }, Abi::default());
    header.read(tree.root_node(), &mut abi);
    abi
}

impl Header<'_> {
    fn text(&self, node: Node) -> &str {
        &self.text[node.byte_range()]
    }

    /// Blanks and line ends as one blank.
    fn words(&self, node: Node) -> String {
        self.text(node)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Declarations may stand within conditions and `extern "C"`.
    fn read(&self, node: Node, abi: &mut Abi) {
        match node.kind() {
            "type_definition" => self.read_type(node, abi),
            "declaration" => abi.functions.push(self.function(node)),
            "preproc_def" => self.read_macro(node, abi),
            _ => children(node).for_each(|child| self.read(child, abi)),
        }
    }

    fn read_type(&self, node: Node, abi: &mut Abi) {
        let (type_, name) = (part(node, "type"), self.words(part(node, "declarator")));
        let Some(body) = type_.child_by_field_name("body") else {
            assert_eq!(self.words(node), "typedef int32_t trimtab_status;");
            return;
        };
        let doc = self.doc(node);
        let parts = children(body).filter(|part| part.kind() != "comment");
        if type_.kind() == "enum_specifier" {
            let constants = parts.map(|part| self.constant(part)).collect();
            abi.enums.push(Enum {
                name,
                doc,
                constants,
            });
        } else {
            let fields = parts.map(|part| self.field(part)).collect();
            abi.structs.push(Struct { name, doc, fields });
        }
    }

    /// `#define TRIMTAB_AGC_CONFIG_INIT { ... }`: the defaults of a struct, in the order of its fields.
    fn read_macro(&self, node: Node, abi: &mut Abi) {
        let name = self.words(part(node, "name")).to_lowercase();
        let Some(of) = name.strip_suffix("_init") else {
            return;
        };
        let values = self.words(part(node, "value")).replace("\\ ", "");
        let values = values.trim_start_matches('{').trim_end_matches('}');
        let values = values.split(',').map(|value| value.trim().to_string());
        abi.defaults.insert(of.to_string(), values.collect());
    }

    fn constant(&self, node: Node) -> Constant {
        let value = self.words(part(node, "value"));
        Constant {
            name: self.words(part(node, "name")),
            value: value.parse().expect("a whole number"),
            doc: self.doc(node),
        }
    }

    fn field(&self, node: Node) -> Field {
        let words = self.words(node);
        let (c_type, name) = type_and_name(words.trim_end_matches(';'));
        Field {
            name,
            c_type,
            doc: self.doc(node),
        }
    }

    fn function(&self, node: Node) -> Function {
        let words = self.words(node);
        let (front, parameters) = words.split_once('(').expect("a function");
        let (parameters, _) = parameters.split_once(')').expect("its parameters");
        let (returns, name) = type_and_name(front);
        let parameters = parameters.split(',').map(str::trim);
        let parameters = parameters.filter(|parameter| *parameter != "void");
        let parameters = parameters.map(|parameter| {
            let (c_type, name) = type_and_name(parameter);
            Parameter { name, c_type }
        });
        Function {
            name,
            doc: self.doc(node),
            returns,
            parameters: parameters.collect(),
        }
    }

    /// The lines of the comment `/** ... */` right in front of this, without what makes them a comment.
    fn doc(&self, node: Node) -> String {
        let Some(comment) = node
            .prev_named_sibling()
            .filter(|before| before.kind() == "comment")
        else {
            return String::new();
        };
        let Some(inner) = self.text(comment).strip_prefix("/**") else {
            return String::new();
        };
        let lines = inner.trim_end_matches("*/").lines();
        let lines = lines.map(|line| {
            let line = line.trim();
            let line = line.strip_prefix('*').unwrap_or(line);
            line.strip_prefix(' ').unwrap_or(line).trim_end()
        });
        lines
            .collect::<Vec<_>>()
            .join("\n")
            .trim_matches('\n')
            .to_string()
    }
}

/// `const trimtab_moments *from` is `const trimtab_moments *` and `from`.
fn type_and_name(declaration: &str) -> (String, String) {
    let name = declaration.rsplit([' ', '*']).next().expect("a name");
    let (front, _) = declaration.split_at(declaration.len() - name.len());
    (front.trim().to_string(), name.to_string())
}

fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..node.named_child_count() as u32).filter_map(move |i| node.named_child(i))
}

fn part<'t>(node: Node<'t>, name: &str) -> Node<'t> {
    node.child_by_field_name(name)
        .unwrap_or_else(|| panic!("a {} without {name}", node.kind()))
}
