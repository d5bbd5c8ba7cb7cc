//! Texts in any language.

use std::fmt::{Display, Formatter, Result};

/// What each generated file begins with, in a comment.
pub struct Generated;

impl Display for Generated {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(
            "Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.",
        )
    }
}

/// Paragraphs with an empty line between them.
pub fn lines(paragraphs: impl Iterator<Item = String>) -> String {
    paragraphs.collect::<Vec<_>>().join("\n")
}

/// Comment lines of at most 120 letters, each with this in front. Lines that are indented, such as formulas, stay.
pub fn comment(front: &str, doc: &str) -> String {
    let mut text = String::new();
    for paragraph in paragraphs(doc) {
        let hanging = if paragraph.starts_with("- ") {
            "  "
        } else {
            ""
        };
        let options = textwrap::Options::new(120)
            .initial_indent(front)
            .break_words(false);
        let indent = format!("{front}{hanging}");
        let filled = match paragraph.is_empty() || paragraph.starts_with(' ') {
            true => format!("{front}{paragraph}"),
            false => textwrap::fill(&paragraph, options.subsequent_indent(&indent)),
        };
        text += filled.trim_end();
        text.push('\n');
    }
    text
}

/// Lines that belong together, joined; empty and indented lines alone. `- ` begins another, and so does `name  `.
fn paragraphs(doc: &str) -> Vec<String> {
    let (mut all, mut open): (Vec<String>, bool) = (Vec::new(), false);
    for line in doc.trim().lines() {
        let alone = line.is_empty() || line.starts_with(' ');
        match all.last_mut() {
            Some(last) if open && !alone && !begins(line) => *last = format!("{last} {line}"),
            _ => all.push(line.to_string()),
        }
        open = !alone;
    }
    all
}

fn begins(line: &str) -> bool {
    let word = line.split(' ').next().unwrap_or_default();
    word == "-" || line[word.len()..].starts_with("  ")
}

/// Code on lines of at most 120 letters, broken behind commas.
pub fn wrapped(code: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for part in code.split_inclusive(", ") {
        let last = lines.last_mut().expect("one at least");
        if last.len() + part.trim_end().len() > 120 {
            last.truncate(last.trim_end().len());
            lines.push(format!("{indent}{part}"));
        } else {
            last.push_str(part);
        }
    }
    lines.join("\n")
}

/// Without the sentence that names the macro to start from: other languages have constructors.
pub fn without_init(doc: &str) -> String {
    let paragraphs = doc
        .split("\n\n")
        .map(|paragraph| match paragraph.contains("_INIT") {
            true => without_sentence(&paragraph.replace('\n', " ")),
            false => paragraph.to_string(),
        });
    let paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn without_sentence(paragraph: &str) -> String {
    let sentences = paragraph.split_inclusive(". ");
    let kept = sentences.filter(|sentence| !sentence.contains("_INIT"));
    kept.collect::<String>().trim().to_string()
}
