//! The lines of `tests/same_bits/hashes.txt` as parts of the script.

use std::fs;

use crate::abi::abi;
use crate::common::root;
use crate::script::{DTYPES, Fields, Method, Part, configuration, snake_case};

/// Where a line has no length: weights and biases in turn.
const LENGTHS: [usize; 8] = [5, 1, 33, 64, 0, 31, 2049, 2];
/// The states that the file names, in its order; any other follows them.
const STATES: [&str; 4] = ["norm", "autoscale", "zclip", "guard"];

pub struct Line {
    pub hash: u64,
    pub name: String,
    /// Methods and optimizer, with their fields.
    configurations: Vec<(String, Fields)>,
    steps: Vec<String>,
}

pub fn lines() -> Vec<Line> {
    let path = root().join("tests/same_bits/hashes.txt");
    let text = fs::read_to_string(path).expect("the table");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| Line::read(line, &text)).collect()
}

impl Line {
    fn read(line: &str, file: &str) -> Line {
        let (hash, line) = line.split_once(' ').expect("a hash and a name");
        let (name, configurations) = line.split_once(':').expect("configurations");
        let recipe = format!("# do {}: ", name.split(' ').next().expect("a word"));
        let recipe = file.lines().find_map(|line| line.strip_prefix(&recipe));
        let steps = recipe.expect("the steps of the line").split(' ');
        Line {
            hash: u64::from_str_radix(hash, 16).expect("a hash"),
            name: name.to_string(),
            configurations: read(configurations),
            steps: steps.map(String::from).collect(),
        }
    }

    /// A value that one of the words of the name stands for.
    fn find<T>(&self, value: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.name.split(' ').find_map(value)
    }

    fn dtypes(&self) -> (&str, &str) {
        let mut dtypes = self.name.split(' ').filter(|word| DTYPES.contains(word));
        let gradient = dtypes.next().expect("a type");
        (gradient, dtypes.next().unwrap_or(gradient))
    }

    fn lengths(&self) -> Vec<usize> {
        let len = self.find(|word| word.parse().ok());
        len.map_or(LENGTHS.to_vec(), |len| vec![len])
    }

    pub fn optimizer(&self) -> Option<(&str, Vec<u64>)> {
        let (name, fields) = self
            .configurations
            .last()
            .filter(|_| self.name.starts_with("step"))?;
        Some((
            name,
            configuration(&format!("trimtab_{name}_config"), &mut fields.clone()),
        ))
    }
}

/// `Scale { factor: 0.25 }; Autoscale` as names and fields.
pub fn read(configurations: &str) -> Vec<(String, Fields)> {
    let field = |field: &str| {
        let (name, value) = field.split_once(": ")?;
        Some((name.trim().to_string(), value.trim().to_string()))
    };
    let one = |text: &str| {
        let (name, fields) = text.split_once('{').unwrap_or((text, ""));
        let fields = fields
            .trim_end_matches([' ', '}'])
            .split(',')
            .filter_map(field);
        (snake_case(name.trim()), fields.collect())
    };
    let all = configurations
        .split(';')
        .filter(|text| !text.trim().is_empty());
    all.map(one).collect()
}

/// How many of the special magnitudes of `data.c` occur.
pub fn specials(mix: &str) -> Option<u64> {
    let known = [("Tiny", 3), ("Ordinary", 4), ("Extreme", 5)];
    let found = known.into_iter().find(|(name, _)| *name == mix);
    found.map(|(_, specials)| specials)
}

pub fn part(line: &Line) -> Part {
    let (gradient, param) = line.dtypes();
    let mut part = Part::new(&line.name, gradient, param);
    let (lengths, specials) = (line.lengths(), line.find(specials).unwrap_or(4));
    let optimizer = line.optimizer();
    let methods =
        &line.configurations[..line.configurations.len() - usize::from(optimizer.is_some())];
    let (methods, states) = placed(methods, lengths.len());
    part.inputs(&vec![vec![2.0]; lengths.len()]);
    for step in &line.steps {
        match &step[..] {
            "draw" => part.draw(specials, &lengths),
            "parameters" => _ = part.step("parameters").word(4),
            "decide" => part.decide(&methods),
            "states" => _ = part.step("states").size(states),
            "step" => {
                let (name, config) = optimizer.as_ref().expect("an optimizer");
                part.update(name, config);
            }
            other => _ = part.step(other),
        }
    }
    part.step("is").word(line.hash);
    part
}

/// The methods, and how many words all states are.
fn placed(configurations: &[(String, Fields)], tensors: usize) -> (Vec<Method>, usize) {
    let mut place = 0;
    let mut methods = Vec::new();
    for (name, fields) in configurations {
        let own = abi().kind(name).state();
        let mut others = STATES
            .map(|state| format!("trimtab_{state}_state"))
            .into_iter()
            .peekable();
        let words = |state: &str| {
            if state.contains("_norm_") {
                0
            } else {
                abi().words(state)
            }
        };
        while let Some(state) = others.next_if(|state| Some(&state[..]) != own) {
            place += words(&state);
        }
        methods.push(Method::new(name, fields, 0.5, tensors, &mut place));
        place += others.skip(1).map(|state| words(&state)).sum::<usize>();
    }
    (methods, place)
}
