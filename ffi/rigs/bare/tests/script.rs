//! The script that `ffi/rigs/bare/script.c` plays: the first calls ever, every function, every line of the table, and every
//! case of the vectors, as words of 64 bits. That file says which.

use std::collections::BTreeMap;

use crate::abi::abi;
use crate::{stacks, table, vectors};

/// Values of fields by their names, as text.
pub type Fields = BTreeMap<String, String>;

/// All of it, the lowest byte of each word first.
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

/// Texts of so many words.
const NAME: usize = 12;
const STEP: usize = 2;
const FUNCTION: usize = 4;
/// Where a method without a state has it.
const NO_STATE: u64 = u64::MAX;
/// How much state a part may have.
const MOST_STATES: usize = 63;

#[derive(Clone)]
pub struct Part {
    name: String,
    words: Vec<u64>,
}

impl Part {
    pub fn new(name: &str, gradient: &str, param: &str) -> Part {
        let words = [dtype(gradient), dtype(param)].map(|code| code as u64);
        let (name, words) = (name.to_string(), words.to_vec());
        Part { name, words }
    }

    fn words(&self) -> Vec<u64> {
        let length = [self.words.len() as u64];
        [&text(&self.name, NAME)[..], &length, &self.words].concat()
    }

    pub fn step(&mut self, name: &str) -> &mut Part {
        self.words.extend(text(name, STEP));
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
        self.words.extend(text(name, FUNCTION));
        self
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

    /// The methods decide; as many words of state as this are looked at then.
    pub fn decide(&mut self, methods: &[Method]) {
        if methods.is_empty() {
            return;
        }
        self.step("decide");
        self.function(match methods {
            [method] => method.function(),
            _ => "",
        });
        self.size(methods.len());
        for method in methods {
            self.words.extend(&method.words);
            self.config(&method.config);
        }
    }

    pub fn update(&mut self, optimizer: &str, config: &[u64]) {
        let function = format!("trimtab_{optimizer}_step");
        self.step("step").function(&function).config(config);
    }

    fn config(&mut self, words: &[u64]) {
        self.size(words.len()).words.extend(words);
    }
}

fn text(text: &str, words: usize) -> Vec<u64> {
    let mut bytes = vec![0; 8 * words];
    assert!(text.len() < bytes.len(), "{text} is too long");
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight"));
    bytes.chunks(8).map(word).collect()
}

pub const DTYPES: [&str; 4] = ["f32", "f16", "bf16", "f64"];

/// TRIMTAB_F32 and its kind.
fn dtype(name: &str) -> usize {
    let position = DTYPES.iter().position(|dtype| *dtype == name);
    position.unwrap_or_else(|| panic!("unknown dtype {name}"))
}

/// A method as `trimtab_decide` takes it.
pub struct Method {
    function: String,
    /// Kind, number, place of the states, whether it has an input.
    words: [u64; 4],
    config: Vec<u64>,
}

impl Method {
    /// `snake_case` or `CamelCase`. Its states lie behind `place` words of others, `place` then behind them.
    pub fn new(
        name: &str,
        fields: &Fields,
        reference: f64,
        tensors: usize,
        place: &mut usize,
    ) -> Method {
        let kind = abi().kind(&snake_case(name));
        let mut rest = fields.clone();
        let config = match kind.config() {
            Some(config) => configuration(config, &mut rest),
            None => vec![],
        };
        let number = match (kind.has_number(), rest.pop_first()) {
            (true, Some((_, number))) => number.parse().expect("a number"),
            (true, None) => reference,
            (false, None) => 0.0,
            (false, Some(field)) => panic!("{name} has no {field:?}"),
        };
        assert!(rest.is_empty(), "{name} has no {rest:?}");
        let global = fields
            .get("scope")
            .is_some_and(|scope| scope.eq_ignore_ascii_case("global"));
        let state = kind.state().map_or(NO_STATE, |state| {
            *place += abi().words(state) * kind.states(tensors, global);
            assert!(*place <= MOST_STATES, "too many states");
            (*place - abi().words(state) * kind.states(tensors, global)) as u64
        });
        let input = u64::from(kind.has_input());
        Method {
            function: format!("trimtab_{}", kind.name),
            words: [kind.code, f64::to_bits(number), state, input],
            config,
        }
    }

    /// The function of this method alone, if it has one.
    fn function(&self) -> &str {
        match abi().has_function(&self.function) {
            true => &self.function,
            false => "",
        }
    }
}

/// `GradientStabilizer` becomes `gradient_stabilizer`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (i, c) in name.chars().enumerate() {
        if i > 0 && c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The bytes of a configuration, up to the last field that is given: what a shorter struct lacks has its default. None if
/// none is given. The fields it has are taken away.
pub fn configuration(name: &str, values: &mut Fields) -> Vec<u64> {
    let (mut bytes, mut end, mut absent) = (vec![0; 4], 0, None);
    for field in abi().fields(name) {
        bytes.resize(bytes.len().max(field.offset + field.size), 0);
        let Some(value) = values.remove(field.name) else {
            absent = absent
                .or(Some(field.name).filter(|name| !["struct_size", "reserved"].contains(name)));
            continue;
        };
        assert_eq!(absent, None, "{name}: absent, and a later field is given");
        end = field.offset + field.size;
        let word = match field.of {
            "double" => value.parse::<f64>().expect("a number").to_bits(),
            _ => whole(&value),
        };
        bytes[field.offset..end].copy_from_slice(&word.to_le_bytes()[..field.size]);
    }
    let size = end.next_multiple_of(8);
    bytes.resize(size.max(4), 0);
    bytes[..4].copy_from_slice(&(size as u32).to_le_bytes());
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight"));
    bytes.chunks_exact(8).map(word).collect()
}

/// A number, a switch, or a constant by the end of its name: `SkipStep`.
fn whole(value: &str) -> u64 {
    match value {
        "true" => 1,
        "false" => 0,
        number if number.starts_with(|c: char| c.is_ascii_digit()) => {
            number.parse().expect("a whole number")
        }
        name => abi().constant(&snake_case(name).to_uppercase()),
    }
}
