//! The lines of `tests/same_bits/hashes.txt` as parts of the script.

use std::fs;

use crate::abi::abi;
use crate::common::root;
use crate::methods::{Method, configuration, decide, snake_case};
use crate::script::{DTYPES, Fields, Part};

/// Where a line has no length: weights and biases in turn.
const LENGTHS: [usize; 8] = [5, 1, 33, 64, 0, 31, 2049, 2];
/// The states that the file names, in its order; another follows them.
const STATES: [&str; 4] = ["norm", "autoscale", "zclip", "guard"];

pub struct Line {
    pub hash: u64,
    pub name: String,
    methods: Vec<(String, Fields)>,
    /// Name and configuration.
    pub optimizer: Option<(String, Vec<u64>)>,
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
        let kind = format!("# do {}: ", name.split(' ').next().expect("a word"));
        let steps = file.lines().find_map(|line| line.strip_prefix(&kind));
        let steps: Vec<_> = steps
            .expect("its steps")
            .split(' ')
            .map(String::from)
            .collect();
        let mut methods = read(configurations);
        let last = methods.pop_if(|_| steps.iter().any(|step| step == "step"));
        let optimizer = last.map(|(name, mut fields)| {
            let config = configuration(&format!("trimtab_{name}_config"), &mut fields);
            assert!(fields.is_empty(), "{name} has no {fields:?}");
            (name, config)
        });
        Line {
            hash: u64::from_str_radix(hash, 16).expect("a hash"),
            name: name.to_string(),
            methods,
            optimizer,
            steps,
        }
    }

    /// What the words of the name stand for, where they stand for such a thing.
    fn find<T>(&self, value: impl Fn(&str) -> Option<T>) -> impl Iterator<Item = T> {
        self.name.split(' ').filter_map(value)
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
        let fields = fields.trim_end_matches([' ', '}']).split(',');
        (snake_case(name.trim()), fields.filter_map(field).collect())
    };
    let all = configurations
        .split(';')
        .filter(|text| !text.trim().is_empty());
    all.map(one).collect()
}

/// How many of the special magnitudes of `data.c` occur in a mix.
fn specials(mix: &str) -> Option<u64> {
    let known = [("Tiny", 3), ("Ordinary", 4), ("Extreme", 5)];
    let found = known.into_iter().find(|(name, _)| *name == mix);
    found.map(|(_, specials)| specials)
}

pub fn part(line: &Line) -> Part {
    let mut dtypes = line.find(|word| DTYPES.into_iter().find(|dtype| *dtype == word));
    let gradient = dtypes.next().expect("a type");
    let mut part = Part::new(&line.name, gradient, dtypes.next().unwrap_or(gradient));
    let len = line.find(|word| word.parse().ok()).next();
    let lengths = len.map_or(LENGTHS.to_vec(), |len| vec![len]);
    let (methods, states) = placed(&line.methods, lengths.len());
    part.inputs(&vec![vec![2.0]; lengths.len()]);
    for step in &line.steps {
        match &step[..] {
            "draw" => part.draw(line.find(specials).next().unwrap_or(4), &lengths),
            "parameters" => _ = part.step(step).word(4),
            "decide" => decide(&mut part, &methods),
            "observe" | "apply" => part.pass(step, &[]),
            "into" => {
                part.pass("apply_into", &[]);
                part.step("out");
            }
            "states" => _ = part.step(step).size(states),
            "step" => {
                let (name, config) = line.optimizer.as_ref().expect("an optimizer");
                part.pass(&format!("{name}_step"), config);
            }
            words => _ = part.step(words),
        }
    }
    part.step("is").word(line.hash);
    part
}

/// The methods, and how many words all states are.
fn placed(configurations: &[(String, Fields)], tensors: usize) -> (Vec<Method>, usize) {
    let (mut place, mut methods) = (0, Vec::new());
    let zeros = |state: &String| match &state[..] {
        "trimtab_norm_state" => 0, // as many as the method has
        state => abi().fields(state).count(),
    };
    for (name, fields) in configurations {
        let own = abi()
            .kind(name)
            .state
            .as_ref()
            .map(|state| &state.structure[..]);
        let all = STATES.map(|state| format!("trimtab_{state}_state"));
        let before = all.iter().take_while(|state| Some(&state[..]) != own);
        let behind = all
            .iter()
            .skip_while(|state| Some(&state[..]) != own)
            .skip(1);
        place += before.map(zeros).sum::<usize>();
        methods.push(Method::new(name, fields, 0.5, tensors, &mut place));
        place += behind.map(zeros).sum::<usize>();
    }
    (methods, place)
}
