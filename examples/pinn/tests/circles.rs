//! No circle of files: the imports between the files of this program, and between those of the library, run one way.
//!
//! A file imports another if a path in it begins with `crate`, `self`, `super`, or a module of its own, and leads to
//! something that the other file defines: what `pub use` hands on is looked for where it comes from. Tests inside a file
//! may import what they like.

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::fs;
use std::hash::RandomState;
use std::path::Path;

/// A module by the names on the way from the root of its crate.
type Module = Vec<String>;

/// The modules that have a file, with its text.
type Files = BTreeMap<Module, String>;

/// The paths in a stretch of tokens.
struct Paths<'f> {
    files: &'f Files,
    found: Vec<Module>,
    /// What a `pub use` names, and where that leads.
    handed_on: Vec<(Module, Module)>,
}

impl Paths<'_> {
    fn walk(&mut self, tokens: TokenStream, module: &Module) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(hash)
                    if hash.as_char() == '#' && is_for_tests(tokens.get(at + 1)) =>
                {
                    end_of_item(&tokens, at + 2)
                }
                TokenTree::Ident(word) if word == "pub" && hands_on(&tokens, at + 1).is_some() => {
                    let (before, start) =
                        (self.found.len(), hands_on(&tokens, at + 1).unwrap_or(at));
                    let end = end_of_item(&tokens, start);
                    self.walk(tokens[start..end].iter().cloned().collect(), module);
                    for path in self.found.split_off(before) {
                        let name = path
                            .last()
                            .map(|last| [&module[..], std::slice::from_ref(last)].concat());
                        self.handed_on.extend(name.map(|name| (name, path)));
                    }
                    end
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(name), Some(TokenTree::Group(inside))) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    {
                        let inner = [&module[..], &[name.to_string()]].concat();
                        self.walk(inside.stream(), &inner);
                    }
                    at + 3
                }
                TokenTree::Ident(word) => {
                    let start = self.start(&word.to_string(), module);
                    match start.filter(|_| is_path(&tokens, at + 1)) {
                        Some(start) => self.follow(&tokens, at + 1, start),
                        None => at + 1,
                    }
                }
                TokenTree::Group(inside) => {
                    self.walk(inside.stream(), module);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Where a path leads that begins with this word.
    fn start(&self, word: &str, module: &Module) -> Option<Module> {
        let child = [&module[..], &[word.to_owned()]].concat();
        match word {
            "crate" => Some(Vec::new()),
            "self" => Some(module.clone()),
            "super" => Some(module[..module.len().checked_sub(1)?].to_vec()),
            _ => Some(child).filter(|child| self.files.contains_key(child)),
        }
    }

    /// Notes where a path leads, and each of its branches; gives the place of the token after it.
    fn follow(&mut self, tokens: &[TokenTree], mut at: usize, mut path: Module) -> usize {
        while is_path(tokens, at) {
            at += 2;
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) if word == "super" => drop(path.pop()),
                Some(TokenTree::Ident(word)) => path.push(word.to_string()),
                Some(TokenTree::Group(branches)) if branches.delimiter() == Delimiter::Brace => {
                    let branches: Vec<TokenTree> = branches.stream().into_iter().collect();
                    for branch in branches.split(is_comma) {
                        let mut path = path.clone();
                        path.extend(
                            branch
                                .first()
                                .map(ToString::to_string)
                                .filter(|word| word != "self"),
                        );
                        self.follow(branch, 1, path);
                    }
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
        }
        self.found.push(path);
        at
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',')
}

fn is_path(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
    tokens
        .get(at..at + 2)
        .is_some_and(|two| two.iter().all(colon))
}

/// The place after `use` in `pub use` and `pub(crate) use`, of which `pub` is before `at`.
fn hands_on(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let is_use =
        |place: &usize| matches!(tokens.get(*place), Some(TokenTree::Ident(word)) if word == "use");
    [at, at + 1].into_iter().find(is_use).map(|place| place + 1)
}

fn is_for_tests(attribute: Option<&TokenTree>) -> bool {
    attribute.is_some_and(|attribute| attribute.to_string().replace(' ', "") == "[cfg(test)]")
}

fn end_of_item(tokens: &[TokenTree], from: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let end = tokens[from..].iter().position(ends);
    end.map_or(tokens.len(), |end| from + end + 1)
}

fn name(module: &Module) -> String {
    match module.as_slice() {
        [] => "the root".to_owned(),
        names => names.join("::"),
    }
}

/// The files that import each other in a circle, a line for each circle.
fn circles(files: &Files) -> Vec<String> {
    let names: BTreeMap<&Module, String> =
        files.keys().map(|module| (module, name(module))).collect();
    let (mut found, mut handed_on) = (Vec::new(), BTreeMap::new());
    for (module, text) in files {
        let tokens = text
            .parse()
            .unwrap_or_else(|error| panic!("{module:?}: {error}"));
        let mut paths = Paths {
            files,
            found: Vec::new(),
            handed_on: Vec::new(),
        };
        paths.walk(tokens, module);
        found.extend(paths.found.into_iter().map(|path| (module, path)));
        handed_on.extend(paths.handed_on);
    }
    let mut graph = DiGraphMap::<&str, (), RandomState>::new();
    for (module, path) in found {
        let path = origin(path, &handed_on, files);
        let in_file = (0..=path.len())
            .rev()
            .find_map(|len| names.get_key_value(&path[..len].to_vec()));
        let (_, to) = in_file.expect("the root has a file");
        if *to != names[module] {
            graph.add_edge(names[module].as_str(), to.as_str(), ());
        }
    }
    assert!(
        graph.edge_count() >= files.len() / 2,
        "hardly an import was found"
    );
    let circles = tarjan_scc(&graph)
        .into_iter()
        .filter(|circle| circle.len() > 1);
    circles.map(|circle| circle.join(", ")).collect()
}

/// Where that comes from to which a path leads. A file's module goes before something else of the same name.
fn origin(mut path: Module, handed_on: &BTreeMap<Module, Module>, files: &Files) -> Module {
    let target = |name: &[String]| handed_on.get(name).filter(|_| !files.contains_key(name));
    let step = |path: &Module| (1..=path.len()).find_map(|len| Some((len, target(&path[..len])?)));
    // Nothing is handed on more often.
    for _ in 0..5 {
        let Some((len, to)) = step(&path) else { break };
        path = [&to[..], &path[len..]].concat();
    }
    path
}

/// The modules below a crate's folder. The root is lib.rs.
fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    collect(folder, &Vec::new(), &mut files);
    files
}

fn collect(folder: &Path, module: &Module, files: &mut Files) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        let inner = [&module[..], &[name.to_owned()]].concat();
        match (path.is_dir(), name) {
            (true, _) => collect(&path, &inner, files),
            (false, "main" | "tests") => (),
            (false, "lib" | "mod") => drop(files.insert(module.clone(), read(&path))),
            (false, _) => drop(files.insert(inner, read(&path))),
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

#[test]
fn no_files_of_this_program_or_the_library_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, least) in [("src", 30), ("../../src", 30)] {
        let files = files(&root.join(folder));
        assert!(files.len() >= least, "{folder}: {}", files.len());
        let circles = circles(&files);
        assert!(circles.is_empty(), "{folder}: {circles:#?}");
    }
}

#[test]
fn circles_are_found_however_they_are_written() {
    let circles = |texts: &[(&str, &str)]| {
        let module = |name: &str| {
            name.split("::")
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let files = texts
            .iter()
            .map(|(name, text)| (module(name), (*text).to_owned()));
        let mut circles = circles(&files.collect());
        circles.iter_mut().for_each(|circle| {
            let mut names: Vec<_> = circle.split(", ").collect();
            names.sort_unstable();
            *circle = names.join(" ");
        });
        circles
    };
    let root = ("", "mod a; mod b; use self::a::A;");
    for (a, b) in [
        ("use crate::b::B;", "use crate::a::A;"),
        ("use crate::{b::{self, B}};", "use super::a;"),
        (
            "fn f() { crate::b::g() }",
            "macro_rules! m { () => { $crate::a::A } }",
        ),
        (
            "fn f() { vec![super::b::B] }",
            "mod inside { use super::super::a::A; }",
        ),
    ] {
        assert_eq!(circles(&[root, ("a", a), ("b", b)]), ["a b"], "{a} {b}");
    }
    // A parent that calls its child, which takes something from the parent.
    let tree = [
        root,
        ("a", "mod c; fn f() { c::g() }"),
        ("a::c", "use super::A;"),
        ("b", ""),
    ];
    assert_eq!(circles(&tree), ["a a::c"]);
    // A parent that only hands on what its child defines.
    let tree = [
        root,
        ("a", "mod c; pub use c::C; struct A;"),
        ("a::c", "use super::A;"),
        ("b", "use crate::a::C;"),
    ];
    assert!(circles(&tree).is_empty());
    let tree = [
        root,
        ("a", "mod c; pub(crate) use c::{C, D};"),
        ("a::c", "use crate::b::B;"),
        ("b", "use crate::a::D;"),
    ];
    assert_eq!(circles(&tree), ["a::c b"]);
    for b in [
        "#[cfg(test)] mod tests { use crate::a::A; }",
        "#[cfg(test)] use crate::a::{A}; struct B;",
        "use a::A;",
    ] {
        assert!(
            circles(&[root, ("a", "use crate::b::B;"), ("b", b)]).is_empty(),
            "{b}"
        );
    }
}
