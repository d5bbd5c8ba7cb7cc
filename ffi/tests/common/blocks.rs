//! The pages that people read: their fenced code blocks, their links, and the files that they name.

use std::path::Path;

use crate::common::check::Check;
use crate::common::root;

/// A fenced block of a Markdown file.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// The word after the opening fence; may be empty.
    pub language: String,
    /// What lies between the fences.
    pub text: String,
    /// The line of the opening fence, from 1.
    pub line: usize,
}

/// All blocks of a page, its path relative to the root of the repository.
pub fn of_page(path: &str) -> Vec<Block> {
    let page = std::fs::read_to_string(root().join(Path::new(path)));
    of_text(&page.unwrap_or_else(|why| panic!("{path} cannot be read: {why}")))
}

/// The blocks of one language; there has to be one at least.
pub fn in_language(path: &str, language: &str) -> Vec<Block> {
    let blocks = of_page(path).into_iter();
    let found: Vec<Block> = blocks.filter(|b| b.language == language).collect();
    assert!(!found.is_empty(), "{path} has no block of {language}");
    found
}

/// The one block of this language that has these words.
pub fn with_words(path: &str, language: &str, words: &str) -> String {
    let mut blocks = in_language(path, language).into_iter();
    let found = blocks.find(|block| block.text.contains(words));
    let found = found.unwrap_or_else(|| panic!("{path} has no block of {language} with {words}"));
    assert!(
        !blocks.any(|block| block.text.contains(words)),
        "{words} does not say which block of {path}"
    );
    found.text
}

fn of_text(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                open = Some(Block {
                    language: language.trim().to_string(),
                    text: String::new(),
                    line: index + 1,
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end: {open:?}");
    blocks
}

/// The pages with code on them, and who compiles or runs it.
const TESTED: &[(&str, &str)] = &[
    ("README.md", "ffi/tests/readme.rs"),
    ("examples/bnfree/README.md", "ffi/clients/tests/bnfree.rs"),
    (
        "examples/pinn/studies/README.md",
        "examples/pinn/tests/studies.rs",
    ),
    ("ffi/rigs/bare/README.md", "ffi/rigs/bare/tests/firmware.rs"),
    ("ffi/clients/c/README.md", "ffi/clients/tests/c.rs"),
    ("ffi/clients/cpp/README.md", "ffi/clients/tests/cpp.rs"),
    ("ffi/clients/cuda/README.md", "ffi/clients/tests/cuda.rs"),
    ("ffi/rigs/fuzz/README.md", ".ci/run"),
    (
        "ffi/clients/fortran/README.md",
        "ffi/clients/tests/fortran.rs",
    ),
    ("ffi/clients/julia/README.md", "ffi/clients/tests/julia.rs"),
    ("ffi/clients/mpi/README.md", "ffi/clients/tests/mpi.rs"),
    (
        "ffi/clients/python/README.md",
        "ffi/clients/python/tests/test_pages.py",
    ),
];

pub fn checks() -> Vec<Check> {
    let check = |name, run| Check {
        name,
        needs: &[],
        run,
    };
    vec![
        check("blocks::are_found_in_a_page", are_found_in_a_page),
        check("blocks::no_page_is_untested", no_page_is_untested),
        check("blocks::links_lead_to_files", links_lead_to_files),
        check("blocks::named_files_exist", named_files_exist),
    ]
}

/// Code on a page that nobody tries is wrong sooner or later.
fn no_page_is_untested() {
    let mut pages = Vec::new();
    collect_pages(root(), &mut pages);
    assert!(pages.len() > TESTED.len(), "found only {pages:?}");
    for page in pages.iter().filter(|page| !of_page(page).is_empty()) {
        let tested = TESTED.iter().find(|(known, _)| known == page);
        let (_, by) = tested.unwrap_or_else(|| panic!("nobody tests the code in {page}"));
        let test = std::fs::read_to_string(root().join(by));
        let test = test.unwrap_or_else(|why| panic!("{by} cannot be read: {why}"));
        assert!(test.contains("README"), "{by} does not look at {page}");
    }
}

/// Links to the web are not followed.
fn links_lead_to_files() {
    let mut pages = Vec::new();
    collect_pages(root(), &mut pages);
    let mut links = 0;
    for page in pages {
        let text = std::fs::read_to_string(root().join(&page)).expect("a page");
        for target in text.split("](").skip(1) {
            let (target, _) = target.split_once(')').expect("a link ends");
            let (file, _) = target.split_once('#').unwrap_or((target, ""));
            let folder = root().join(&page);
            let folder = folder.parent().expect("a folder");
            assert!(
                target.contains("://") || folder.join(file).exists(),
                "{page} links to {file}, which does not exist"
            );
            links += 1;
        }
    }
    assert!(links > 50, "found only {links} links");
}

/// The pages that send readers to sources and tests.
fn named_files_exist() {
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md", "GUARANTEES.md"] {
        let text = std::fs::read_to_string(root().join(page)).expect("a page");
        let prose = text.lines().filter(|line| !line.starts_with("    "));
        let prose: Vec<&str> = prose.collect();
        let prose = prose.join("\n");
        let quoted = prose.split('`').skip(1).step_by(2);
        let first = |name: &&str| name.split('/').next().is_some_and(is_top_folder);
        let names: Vec<&str> = quoted.filter(first).collect();
        assert!(names.len() > 5, "{page} names only {names:?}");
        for name in names {
            assert!(root().join(name).exists(), "{page}: there is no {name}");
        }
    }
}

fn is_top_folder(name: &str) -> bool {
    [
        "src", "ffi", "include", "tests", "benches", "examples", ".ci", ".cargo",
    ]
    .contains(&name)
}

/// All Markdown files, relative to the root of the repository.
fn collect_pages(folder: &Path, pages: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the repository");
    for path in entries
        .flatten()
        .map(|entry: std::fs::DirEntry| entry.path())
    {
        let hidden = name_of(&path).starts_with(['.', '_']);
        if path.is_dir() && !hidden && !path.ends_with("target") {
            collect_pages(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let path = path.strip_prefix(root()).expect("below the root");
            pages.push(path.to_str().expect("UTF-8").replace('\\', "/"));
        }
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}

fn are_found_in_a_page() {
    let page = "text\n```c\nint x;\n\nint y;\n```\nmore\n\n```\nplain\n```\n";
    let found = of_text(page);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].language, "c");
    assert_eq!(found[0].text, "int x;\n\nint y;\n");
    assert_eq!((found[0].line, found[1].line), (2, 9));
    assert_eq!(found[1].language, "");
}
