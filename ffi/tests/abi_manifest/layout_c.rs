//! What `ffi/tests/c/layout.c` asserts, read from its text.

use std::collections::{BTreeMap, BTreeSet};

/// The C program writes `WORD` for the size of a pointer.
const WORD: usize = 8;

#[derive(Default)]
pub struct Asserted {
    /// By struct and field.
    pub offsets: BTreeMap<(String, String), usize>,
    /// By struct.
    pub sizes: BTreeMap<String, usize>,
    pub constants: BTreeSet<(String, i64)>,
}

impl Asserted {
    pub fn read(program: &str) -> Self {
        let mut asserted = Self::default();
        let assertions = program.lines().filter_map(|l| l.strip_suffix(");"));
        for assertion in assertions {
            asserted.read_line(assertion);
        }
        asserted
    }

    /// A line without its closing parenthesis.
    fn read_line(&mut self, line: &str) {
        if let Some(arguments) = line.strip_prefix("OFFSET(") {
            let [name, field, offset] = words(arguments, ", ");
            self.offsets.insert((name, field), value(&offset));
        } else if let Some(arguments) = line.strip_prefix("SIZE(") {
            let [name, size] = words(arguments, ", ");
            self.sizes.insert(name, value(&size));
        } else if let Some(conditions) = line.strip_prefix("HOLDS(TRIMTAB_") {
            for condition in conditions.split(" && ") {
                let [name, value] = words(condition, " == ");
                let name = format!("TRIMTAB_{}", name.trim_start_matches("TRIMTAB_"));
                self.constants
                    .insert((name, value.parse().expect("a whole number")));
            }
        }
    }
}

fn words<const N: usize>(text: &str, separator: &str) -> [String; N] {
    let words: Vec<String> = text.split(separator).map(String::from).collect();
    words
        .try_into()
        .unwrap_or_else(|_| panic!("{N} parts expected: {text}"))
}

/// Sums of products of whole numbers and `WORD`.
fn value(expression: &str) -> usize {
    let factor = |text: &str| match text {
        "WORD" => WORD,
        number => number.parse().expect("a whole number"),
    };
    let product = |term: &str| term.split(" * ").map(factor).product::<usize>();
    expression.split(" + ").map(product).sum()
}
