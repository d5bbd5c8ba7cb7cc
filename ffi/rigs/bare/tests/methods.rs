//! Methods and optimizers as the C ABI takes them, from names and fields as text.

use crate::abi::abi;
use crate::script::{Fields, Part, words_of};

/// Where a method without a state has it.
const NO_STATE: u64 = u64::MAX;
/// How many words of states a part may have.
const MOST_STATES: usize = 63;

pub struct Method {
    function: String,
    /// Kind, number, place of the states, whether it has an input.
    words: [u64; 4],
    config: Vec<u64>,
}

impl Method {
    /// Its states lie behind `place` words of others; then `place` is behind them.
    pub fn new(
        name: &str,
        fields: &Fields,
        reference: f64,
        tensors: usize,
        place: &mut usize,
    ) -> Method {
        let (kind, mut rest) = (abi().kind(name), fields.clone());
        let config = kind.config.as_deref();
        let config = config.map_or(vec![], |config| configuration(config, &mut rest));
        let number = match (kind.number.is_some(), rest.pop_first()) {
            (true, Some((_, number))) => number.parse().expect("a number"),
            (true, None) => reference,
            (false, rest) => rest.map_or(0.0, |field| panic!("{name} has no {field:?}")),
        };
        assert!(rest.is_empty(), "{name} has no {rest:?}");
        let scope = fields.get("scope").map(|scope| scope.to_lowercase());
        let states = abi().state_words(kind, tensors, scope.as_deref() == Some("global"));
        let state = if states == 0 { NO_STATE } else { *place as u64 };
        *place += states;
        assert!(*place <= MOST_STATES, "too many states");
        Method {
            function: format!("trimtab_{name}"),
            words: [
                abi().value(&kind.kind) as u64,
                f64::to_bits(number),
                state,
                u64::from(kind.input.is_some()),
            ],
            config,
        }
    }
}

/// The methods decide, if there are any; a single one by its own function too, if it has one.
pub fn decide(part: &mut Part, methods: &[Method]) {
    let function = match methods {
        [] => return,
        [method] if abi().has_function(&method.function) => &method.function,
        _ => "",
    };
    part.step("decide").function(function).size(methods.len());
    for method in methods {
        method.words.iter().for_each(|word| _ = part.word(*word));
        part.config(&method.config);
    }
}

/// The bytes of a configuration up to the last field that is given, because what a shorter struct lacks has its default;
/// none if no field is. The fields it has are taken away.
pub fn configuration(name: &str, values: &mut Fields) -> Vec<u64> {
    let (mut bytes, mut end, mut absent) = (vec![], 0, None);
    for (of, field) in abi().fields(name) {
        let size = if of == "uint32_t" { 4 } else { 8 };
        bytes.resize(bytes.len().next_multiple_of(size), 0_u8);
        let value = values.remove(field);
        let word = match (of, &value) {
            (_, None) => 0,
            ("double", Some(value)) => value.parse::<f64>().expect("a number").to_bits(),
            (_, Some(value)) => whole(value),
        };
        bytes.extend(&word.to_le_bytes()[..size]);
        if value.is_some() {
            assert_eq!(absent, None, "{name}: absent, and {field} is given");
            end = bytes.len().next_multiple_of(8);
        } else if !["struct_size", "reserved"].contains(&field) {
            absent = Some(field);
        }
    }
    bytes.resize(end, 0);
    if let Some(size) = bytes.first_chunk_mut() {
        *size = u32::to_le_bytes(end as u32);
    }
    words_of(&bytes)
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

/// `GradientStabilizer` becomes `gradient_stabilizer`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
