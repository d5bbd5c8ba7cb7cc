//! Julia source, parsed by the grammar that editors use.

use std::path::{Path, PathBuf};

use tree_sitter::{Node, Parser, Tree};

use crate::common::blocks;
use crate::common::root;

pub const README: &str = "ffi/clients/julia/README.md";

pub struct Source {
    /// Where it comes from, for messages.
    pub path: String,
    text: String,
    tree: Tree,
}

impl Source {
    pub fn parse(path: &str, text: String) -> Self {
        let mut parser = Parser::new();
        let language = tree_sitter_julia::LANGUAGE.into();
        parser
            .set_language(&language)
            .expect("a grammar of a version that the parser knows");
        Self {
            path: path.to_string(),
            tree: parser.parse(&text, None).expect("nothing cancels it"),
            text,
        }
    }

    pub fn text(&self, node: Node) -> &str {
        &self.text[node.byte_range()]
    }

    /// All nodes of a kind, in the order of the text.
    pub fn all(&self, kind: &str) -> Vec<Node<'_>> {
        let mut found = Vec::new();
        walk(self.tree.root_node(), &mut |node| {
            if node.kind() == kind {
                found.push(node);
            }
        });
        found
    }

    /// Where the text is no Julia.
    pub fn errors(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(self.tree.root_node(), &mut |node| {
            if node.is_error() || node.is_missing() {
                let line = node.start_position().row + 1;
                let start = self.text(node).lines().next().unwrap_or_default();
                found.push(format!("{}:{line}: {start:?}", self.path));
            }
        });
        found
    }
}

fn walk<'t>(node: Node<'t>, visit: &mut impl FnMut(Node<'t>)) {
    visit(node);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        walk(child, visit);
    }
}

/// The children that are no punctuation.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// Every file of the package.
pub fn files() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&package(), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// Every program of the README, in its order.
pub fn programs() -> Vec<Source> {
    let blocks = blocks::in_language(README, "julia").into_iter();
    let source = |b: blocks::Block| Source::parse(&format!("{README}:{}", b.line), b.text);
    blocks.map(source).collect()
}

/// The folder of the package.
pub fn package() -> PathBuf {
    root().join("ffi/clients/julia/Trimtab.jl")
}

fn read(path: &Path) -> Source {
    let text = std::fs::read_to_string(path);
    let text = text.unwrap_or_else(|why| panic!("{} cannot be read: {why}", path.display()));
    let name = path.strip_prefix(root()).unwrap_or(path);
    Source::parse(&name.display().to_string(), text)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the package");
    for path in entries.map(|entry| entry.expect("an entry of it").path()) {
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|e| e == "jl") {
            paths.push(path);
        }
    }
}
