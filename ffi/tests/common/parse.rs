//! Just enough C to read the declarations of one header: typedefs of enums and structs, and prototypes.

use std::collections::BTreeMap;

pub struct Header {
    /// Prototypes, without the names of parameters.
    pub functions: Vec<String>,
    /// The names of parameters by the name of their function.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Constants by the name of their enum.
    pub enums: BTreeMap<String, Vec<(String, i64)>>,
    /// Fields by the name of their struct.
    pub structs: BTreeMap<String, Vec<String>>,
}

impl Header {
    pub fn parse(text: &str) -> Self {
        let mut header = Self {
            functions: Vec::new(),
            parameters: BTreeMap::new(),
            enums: BTreeMap::new(),
            structs: BTreeMap::new(),
        };
        for declaration in declarations(&without_directives(&without_comments(text))) {
            header.read(&declaration);
        }
        header
    }

    /// Constants of all enums.
    pub fn constants(&self) -> impl Iterator<Item = (String, i64)> {
        self.enums.values().flatten().cloned()
    }

    fn read(&mut self, declaration: &str) {
        if let Some(body) = declaration.strip_prefix("typedef enum {") {
            let (body, name) = body.rsplit_once('}').expect("a closed enum");
            let constants = items(body, ',').map(|item| constant(&item)).collect();
            let before = self.enums.insert(name.trim().to_string(), constants);
            assert!(before.is_none(), "an enum twice: {declaration}");
        } else if let Some(body) = declaration.strip_prefix("typedef struct {") {
            let (body, name) = body.rsplit_once('}').expect("a closed struct");
            let name = name.trim().to_string();
            let before = self.structs.insert(name, items(body, ';').collect());
            assert!(before.is_none(), "a struct twice: {declaration}");
        } else if declaration.contains('(') {
            self.functions.push(prototype(declaration));
            let (name, parameters) = names(declaration);
            self.parameters.insert(name, parameters);
        } else {
            assert_eq!(
                declaration, "typedef int32_t trimtab_status",
                "something unknown"
            );
        }
    }
}

fn items(body: &str, separator: char) -> impl Iterator<Item = String> + '_ {
    let trimmed = body.split(separator).map(|item| item.trim().to_string());
    trimmed.filter(|item| !item.is_empty())
}

fn constant(item: &str) -> (String, i64) {
    let (name, value) = item.split_once('=').expect("a constant with its value");
    (
        name.trim().to_string(),
        value.trim().parse().expect("a whole number"),
    )
}

/// `type name(type a, type *b)` becomes `type name(type, type *)`.
fn prototype(declaration: &str) -> String {
    let (front, parameters) = declaration.split_once('(').expect("an opening parenthesis");
    let parameters = parameters.strip_suffix(')').expect("a closing parenthesis");
    let types: Vec<String> = parameters
        .split(',')
        .map(|p| without_name(p.trim()))
        .collect();
    format!("{front}({})", types.join(", "))
}

/// `type name(type a, type *b)` becomes `name` and `a`, `b`.
fn names(declaration: &str) -> (String, Vec<String>) {
    let last_word = |text: &str| {
        let word = text.rsplit([' ', '*']).next();
        word.expect("a word").trim_end_matches(')').to_string()
    };
    let (front, parameters) = declaration.split_once('(').expect("an opening parenthesis");
    let parameters = parameters.split(',').map(last_word);
    (
        last_word(front),
        parameters.filter(|name| name != "void").collect(),
    )
}

fn without_name(parameter: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let stripped = parameter.trim_end_matches(is_name).trim_end();
    if stripped.is_empty() {
        parameter.to_string()
    } else {
        stripped.to_string()
    }
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let mut code = parts
        .next()
        .expect("split gives at least one part")
        .to_string();
    for part in parts {
        let (_, behind) = part.split_once("*/").expect("a closed comment");
        code += behind;
    }
    let line = |line: &str| line.split("//").next().unwrap_or_default().to_string() + "\n";
    code.lines().map(line).collect()
}

/// Without preprocessor lines and their continuations, and without the braces of extern "C".
fn without_directives(text: &str) -> String {
    let (mut code, mut continued) = (String::new(), false);
    for line in text.lines() {
        let directive = continued || line.trim_start().starts_with('#');
        continued = directive && line.trim_end().ends_with('\\');
        let linkage = line.starts_with("extern \"C\" {") || line.trim() == "}";
        if !directive && !linkage {
            code += line;
            code.push('\n');
        }
    }
    code
}

/// Split at semicolons outside of braces, with every run of white space as one blank.
fn declarations(code: &str) -> Vec<String> {
    let (mut all, mut current, mut depth) = (Vec::new(), String::new(), 0);
    for c in code.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match (c, depth) {
            (';', 0) => all.push(std::mem::take(&mut current)),
            _ => current.push(c),
        }
    }
    assert!(current.trim().is_empty(), "an open declaration: {current}");
    let blanks = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    all.into_iter().map(blanks).collect()
}
