//! The script that `ffi/rigs/bare/script.c` plays: the first call ever, every function, every line of the table, and every
//! case of the vectors, as words of 64 bits. That file says which.

use std::collections::BTreeMap;

use crate::{stacks, table, vectors};

/// All parts, the lowest byte of each word first.
pub fn bytes() -> Vec<u8> {
    let parts = parts();
    let words = parts.iter().flat_map(Part::words);
    let words = [parts.len() as u64].into_iter().chain(words);
    words.flat_map(u64::to_le_bytes).collect()
}

pub fn parts() -> Vec<Part> {
    let table = table::lines();
    let mut parts = stacks::parts(&table);
    parts.extend(table.iter().map(table::part));
    parts.extend(vectors::parts());
    parts
}

/// Words of a part's name, of a step's, and of a function's.
const NAMES: [usize; 3] = [12, 2, 4];

/// Values of fields by their names, as text.
pub type Fields = BTreeMap<String, String>;

pub struct Part {
    name: String,
    words: Vec<u64>,
}

impl Part {
    pub fn new(name: &str, gradient: &str, param: &str) -> Part {
        Part {
            name: name.to_string(),
            words: vec![dtype(gradient), dtype(param)],
        }
    }

    fn words(&self) -> Vec<u64> {
        let length = [self.words.len() as u64];
        [&text(&self.name, NAMES[0])[..], &length, &self.words].concat()
    }

    pub fn step(&mut self, name: &str) -> &mut Part {
        self.words.extend(text(name, NAMES[1]));
        self
    }

    pub fn word(&mut self, word: u64) -> &mut Part {
        self.words.push(word);
        self
    }

    pub fn size(&mut self, size: usize) -> &mut Part {
        self.word(size as u64)
    }

    pub fn numbers(&mut self, numbers: &[f64]) -> &mut Part {
        self.words.extend(numbers.iter().map(|x| x.to_bits()));
        self
    }

    /// The name of a function of the library, or nothing.
    pub fn function(&mut self, name: &str) -> &mut Part {
        self.words.extend(text(name, NAMES[2]));
        self
    }

    /// A configuration, or nothing for the defaults.
    pub fn config(&mut self, words: &[u64]) {
        self.size(words.len()).words.extend(words);
    }

    /// A pass of the library, with the configuration that an optimizer has.
    pub fn pass(&mut self, name: &str, config: &[u64]) {
        let function = format!("trimtab_{name}");
        self.step("pass").function(&function).config(config);
    }

    /// New data made of draws, for tensors of these lengths, weights and biases in turn.
    pub fn draw(&mut self, specials: u64, lengths: &[usize]) {
        self.step("draw").word(specials).size(lengths.len());
        for (i, len) in lengths.iter().enumerate() {
            self.size(i % 2).size(*len);
        }
    }

    /// What the methods read beside the gradients: the parameters of each tensor.
    pub fn inputs(&mut self, params: &[Vec<f64>]) {
        self.step("inputs").size(params.len());
        for param in params {
            self.size(param.len()).numbers(param);
        }
    }
}

fn text(text: &str, words: usize) -> Vec<u64> {
    let mut bytes = text.as_bytes().to_vec();
    assert!(bytes.len() < 8 * words, "{text} is too long");
    bytes.resize(8 * words, 0);
    words_of(&bytes)
}

pub fn words_of(bytes: &[u8]) -> Vec<u64> {
    let (words, rest) = bytes.as_chunks();
    assert!(rest.is_empty(), "whole words");
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

pub const DTYPES: [&str; 4] = ["f32", "f16", "bf16", "f64"];

/// TRIMTAB_F32 and its kind.
fn dtype(name: &str) -> u64 {
    let position = DTYPES.iter().position(|dtype| *dtype == name);
    position.unwrap_or_else(|| panic!("unknown dtype {name}")) as u64
}
