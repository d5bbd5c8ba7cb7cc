//! What the source tree promises about itself: where `unsafe` may be, how long files are, who calls the loops.
//!
//! These are checks of the text. They know nothing of Rust's grammar beyond comments and words, which is enough for
//! code that `rustfmt` has laid out; what they miss, the compiler's lints find.

use std::fs;
use std::path::{Path, PathBuf};

/// No file longer than this: what does not fit does more than one thing.
const LONGEST_FILE: usize = 500;

/// How many lines above an `unsafe` block its SAFETY comment may end.
const COMMENT_REACH: usize = 6;

struct Source {
    /// Relative to the root of the repository, with forward slashes.
    path: String,
    lines: Vec<String>,
}

impl Source {
    /// Lines of code without what follows `//`, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let strip = |line: &'_ str| line.find("//").unwrap_or(line.len());
        let lines = self.lines.iter().enumerate();
        lines.map(move |(i, line)| (i + 1, &line[..strip(line)]))
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

/// All Rust sources of the workspace: src, ffi, tests, examples, benches and build.rs, in the order of their paths.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("build.rs")];
    for folder in ["src", "ffi", "tests", "examples", "benches"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let sources: Vec<Source> = files.iter().filter_map(|file| read(root, file)).collect();
    assert!(sources.len() > 40, "found only {} files", sources.len());
    sources
}

fn read(root: &Path, file: &Path) -> Option<Source> {
    let text = fs::read_to_string(file).ok()?;
    let path = file.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
    let lines = text.lines().map(String::from).collect();
    Some(Source { path, lines })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Whether `word` stands in `text` by itself.
fn has_word(text: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

/// Fails with every line of code for which `is_wrong` gives a reason.
fn no_line(promise: &str, is_wrong: impl Fn(&Source, usize, &str) -> Option<String>) {
    let sources = sources();
    // This file talks about all of it, in strings too.
    let others = sources
        .iter()
        .filter(|source| source.path != "tests/structure.rs");
    let lines = others.flat_map(|source| source.code().map(move |(n, code)| (source, n, code)));
    let wrong = lines.filter_map(|(source, number, code)| {
        let why = is_wrong(source, number, code)?;
        Some(format!("{}:{number}: {why}", source.path))
    });
    fail_with(wrong.collect(), promise);
}

fn fail_with(list: Vec<String>, promise: &str) {
    assert!(list.is_empty(), "{promise}\n  {}", list.join("\n  "));
}

#[test]
fn unsafe_code_is_in_the_kernels_and_the_c_abi_only() {
    no_line(
        "unsafe belongs into src/kernel/ and ffi/",
        |source, _, code| {
            let allowed = source.is_in("src/kernel/") || source.is_in("ffi/");
            (!allowed && has_word(code, "unsafe")).then(|| code.trim().into())
        },
    );
}

#[test]
fn every_unsafe_block_says_why_it_is_safe() {
    no_line(
        "without a SAFETY comment above it",
        |source, number, code| {
            let is_block = has_word(code, "unsafe") && opens_block_or_impl(code);
            (is_block && !is_explained(source, number)).then(|| code.trim().into())
        },
    );
}

/// `unsafe {` and `unsafe impl`; an `unsafe fn`, `extern` or attribute states its contract in its documentation.
fn opens_block_or_impl(code: &str) -> bool {
    let after = code.split("unsafe").nth(1).unwrap_or_default().trim_start();
    after.starts_with('{') || after.starts_with("impl")
}

/// A SAFETY comment on the line, or above it with nothing but the statement the block is part of in between.
fn is_explained(source: &Source, number: usize) -> bool {
    let from = number.saturating_sub(COMMENT_REACH + 1);
    let above = &source.lines[from..number];
    above.iter().any(|line| line.contains("SAFETY:"))
}

/// In the core; what the C ABI demands is said in the header, whose text is generated from it. A method that a
/// trait demands has its contract there.
#[test]
fn every_unsafe_function_documents_its_contract() {
    no_line(
        "unsafe functions without `# Safety`",
        |source, number, code| {
            let is_one = source.is_in("src/") && code.contains("unsafe fn");
            let documented = || documentation_above(source, number).contains("# Safety");
            let of_a_trait = || implements_a_trait(source, number);
            (is_one && !of_a_trait() && !documented()).then(|| code.trim().into())
        },
    );
}

/// Whether the item around a line is a trait's implementation.
fn implements_a_trait(source: &Source, number: usize) -> bool {
    let above = source.lines[..number].iter().rev();
    let mut items = above.filter(|line| !line.starts_with([' ', '}', '/']) && !line.is_empty());
    let item = items.next();
    item.is_some_and(|line| line.starts_with("impl") && line.contains(" for "))
}

/// The documentation comment above a line, attributes passed over.
fn documentation_above(source: &Source, number: usize) -> String {
    let above = source.lines[..number - 1]
        .iter()
        .rev()
        .map(|line| line.trim());
    let part = above.take_while(|line| line.starts_with("///") || line.starts_with('#'));
    part.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_file_is_longer_than_five_hundred_lines_and_each_says_what_it_holds() {
    let wrong = |source: &Source| {
        let silent = !source
            .lines
            .first()
            .is_some_and(|line| line.starts_with("//!"));
        let long = source.lines.len() > LONGEST_FILE;
        (silent || long).then(|| format!("{}: {} lines", source.path, source.lines.len()))
    };
    let wrong = sources().iter().filter_map(wrong).collect();
    fail_with(wrong, "longer than 500 lines, or without a `//!` header:");
}

/// The loops over elements, and the files that may call each: one read pass and one write pass, however long a chain.
///
/// Reading: `observe` and the streaming half of `Moments`. Writing: `apply` and the optimizers. A method is in none of
/// these lists, and therefore cannot touch an element.
const LOOPS: [(&str, &[&str]); 5] = [
    ("observe", &["src/moments.rs"]),
    ("observe_buffer", &["src/observe.rs", "src/moments.rs"]),
    ("write_in_place", &["src/apply.rs"]),
    ("write_into", &["src/apply.rs"]),
    ("step", &["src/optimizer/mod.rs"]),
];

/// Calls of `kernel::<function>(` in a line, generic arguments allowed.
fn calls(code: &str) -> impl Iterator<Item = &str> {
    let name = |rest: &'_ str| {
        rest.find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len())
    };
    code.split("kernel::")
        .skip(1)
        .map(move |rest| (&rest[..name(rest)], &rest[name(rest)..]))
        .filter_map(|(name, rest)| {
            (rest.starts_with('(') || rest.starts_with("::<")).then_some(name)
        })
}

/// Whether a source is of the core, and not a loop itself.
fn calls_loops(source: &Source) -> bool {
    source.is_in("src/") && !source.is_in("src/kernel/")
}

#[test]
fn the_element_loops_are_called_from_the_read_pass_and_the_write_pass_only() {
    no_line(
        "a loop that is not in LOOPS, or from another place",
        |source, _, code| {
            let is_listed = |name: &str| {
                let called = LOOPS.iter().find(|(function, _)| *function == name);
                called.is_some_and(|(_, files)| files.contains(&source.path.as_str()))
            };
            let mut wrong = calls(code).filter(|name| calls_loops(source) && !is_listed(name));
            wrong.next().map(|name| format!("kernel::{name}"))
        },
    );
    let sources = sources();
    let code = sources
        .iter()
        .filter(|s| calls_loops(s))
        .flat_map(Source::code);
    let seen: Vec<&str> = code.flat_map(|(_, code)| calls(code)).collect();
    let unseen = LOOPS.iter().filter(|(name, _)| !seen.contains(name));
    assert_eq!(
        unseen.count(),
        0,
        "nobody calls it: this test looks at nothing"
    );
}

/// Loops are called as `kernel::name`, which the test above looks for; an import would hide a call from it.
#[test]
fn no_loop_is_imported() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| calls_loops(s)) {
        let code: Vec<&str> = source.code().map(|(_, code)| code).collect();
        let code = code.join("\n");
        let imports = code.split("use crate::kernel").skip(1);
        for import in imports.filter_map(|rest| rest.split(';').next()) {
            let hidden = LOOPS.iter().any(|(name, _)| has_word(import, name));
            if hidden || import.contains('*') {
                wrong.push(format!("{}: {import}", source.path));
            }
        }
    }
    fail_with(wrong, "imports of a loop over elements:");
}

/// The other way round: methods know no elements, kernels no methods. Unit tests and documentation examples make tensors
/// of slices and may look into them.
#[test]
fn methods_do_not_name_kernels_and_kernels_do_not_name_methods() {
    const ELEMENTS: &[&str] = &[
        "as_slice",
        "as_mut_slice",
        "pointer",
        "write_in_place",
        "observe_buffer",
        "buffer_mut",
    ];
    const METHODS: &[&str] = &["method", "optimizer", "decide", "outlook"];
    no_line(
        "an arrow that runs the wrong way",
        |source, number, code| {
            let forbidden = match () {
                () if source.is_in("src/method/") => ELEMENTS,
                () if source.is_in("src/kernel/") => METHODS,
                () => return None,
            };
            let mut above = source.lines[..number].iter();
            let is_test = above.any(|line| line.contains("#[cfg(test)]"));
            let word = forbidden.iter().find(|word| has_word(code, word));
            word.filter(|_| !is_test).map(|word| word.to_string())
        },
    );
}

/// A state that cannot be saved would be lost at a restart; two of one kind would be taken for each other.
#[test]
fn every_state_can_be_saved_and_has_its_own_kind() {
    let code: Vec<String> = sources()
        .iter()
        .filter(|s| s.is_in("src/method/") || s.is_in("src/optimizer/"))
        .flat_map(|s| s.lines.clone())
        .collect();
    let after = |prefix: &str| -> Vec<String> {
        let rest = code
            .iter()
            .filter_map(|line| line.trim().strip_prefix(prefix));
        rest.map(String::from).collect()
    };
    let names = after("pub struct ");
    let states = names.iter().filter_map(|name| name.strip_suffix("State {"));
    let states: Vec<&str> = states.collect();
    assert!(states.len() >= 5, "found only {states:?}");
    let saved = after("impl State for ");
    let missing = states
        .iter()
        .filter(|name| !saved.contains(&format!("{name}State {{")));
    fail_with(
        missing.map(|name| format!("{name}State")).collect(),
        "states that do not implement `State`:",
    );
    let kinds: std::collections::BTreeSet<String> =
        after("const KIND: u32 = ").into_iter().collect();
    assert_eq!(kinds.len(), saved.len(), "kinds: {kinds:?}");
}

/// A method that the crate exports and nobody describes would be tested by nobody.
#[test]
fn every_method_and_optimizer_is_described() {
    const LISTS: [&str; 2] = ["tests/common/methods.rs", "tests/common/optimizers.rs"];
    let sources = sources();
    let lists = sources.iter().filter(|s| LISTS.contains(&&*s.path));
    let list: Vec<String> = lists.flat_map(|s| s.lines.clone()).collect();
    let list = list.join("\n");
    // A configuration is a struct with a function that decides or steps.
    let of = |folder, function: &str| -> Vec<String> {
        let files = sources.iter().filter(|s| s.is_in(folder));
        let files = files.filter(|s| s.lines.iter().any(|line| line.contains(function)));
        let structs = files.flat_map(|s| &s.lines);
        let structs = structs.filter_map(|line| line.strip_prefix("pub struct "));
        let names = structs.map(|line| line.split([' ', ';', '<', '(']).next().expect("a name"));
        let configurations = names.filter(|name| !name.ends_with("State"));
        configurations.map(String::from).collect()
    };
    let mut configurations = of("src/method/", "pub fn decide(");
    configurations.extend(of("src/optimizer/", "pub fn step("));
    assert!(configurations.len() >= 14, "found only {configurations:?}");
    let described = |name: &String| has_word(&list, name);
    configurations.retain(|name| !described(name));
    let promise = format!("methods and optimizers that {LISTS:?} do not describe:");
    fail_with(configurations, &promise);
}
