//! A committed table of hashes of results: what another machine, compiler or architecture is held against.
//!
//! Every line is recomputed at every level. A hash that changes is a change of results for everyone who uses the
//! library: the table is renewed on request only, and its difference is read before it is committed.

use std::fs;
use std::path::Path;

use trimtab::{Buffer, Parameter, StepState, Tensor, apply, apply_into, observe};

use crate::common::chain::Inputs;
use crate::common::data::{Random, bits};
use crate::common::library::Running;
use crate::common::methods::named_settings;
use crate::common::snapshot;
use crate::common::table::Setting;
use crate::inputs::{Format, Mix, elements};
use crate::methods::{LENGTHS, batch_of};
use crate::passes::Optimizer;
use crate::steps::optimizers;
use crate::worlds::{in_each, levels};
use crate::write::{center, limit, scale};

const TABLE: &str = include_str!("hashes.txt");

/// Beyond two blocks (with two the order of adding them up does not show), a run and a group of lanes.
const LONG: usize = 2 * 65_536 + 2_048 + 33;
/// Beyond a run and a group of lanes.
const SHORT: usize = 2_048 + 33;

/// FNV-1a over the eight bytes of every word, the lowest first.
fn hash(words: &[u64]) -> u64 {
    fnv(words.iter().flat_map(|word| word.to_le_bytes()))
}

fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Names with their configurations, and hashes, in the order of the file.
type Lines = Vec<(String, u64)>;

fn all() -> Lines {
    let mut lines = Vec::new();
    of_dtype::<f32>(&mut lines);
    of_dtype::<trimtab::f16>(&mut lines);
    of_dtype::<trimtab::bf16>(&mut lines);
    of_dtype::<f64>(&mut lines);
    lines
}

fn of_dtype<T: Format>(lines: &mut Lines) {
    let line = |name: String, methods| line::<T, f32>(name, methods, None);
    let name = T::NAME;
    lines.push(line(format!("observe {name} Ordinary {LONG}"), vec![]));
    lines.push(line(format!("observe {name} Extreme {SHORT}"), vec![]));
    let methods = vec![center(), scale(0.25)];
    lines.push(line(format!("written {name} Ordinary {LONG}"), methods));
    for (mix, what, chain) in chains::<T>() {
        lines.push(line(format!("apply {name} {mix:?} {SHORT} {what}"), chain));
    }
    for (what, optimizer) in optimizers() {
        lines.push(stepped::<T, f32>(what, optimizer));
        lines.push(stepped::<T, f64>(what, optimizer));
    }
    for (what, method) in named_settings() {
        lines.push(line(format!("method {name} {what}"), vec![method]));
    }
}

/// The chains of the table.
fn chains<T: Format>() -> [(Mix, &'static str, Vec<Setting>); 6] {
    let beyond = if T::MANTISSA == 10 { 1e9 } else { 1e40 };
    let centered = vec![center(), scale(-0.1), limit(2.5)];
    [
        (Mix::Extreme, "third", vec![scale(1.0 / 3.0)]),
        (Mix::Extreme, "negative", vec![scale(-0.75)]),
        (Mix::Extreme, "subnormal", vec![scale(-1e-40)]),
        (Mix::Tiny, "beyond", vec![scale(beyond)]),
        (Mix::Extreme, "clipped", vec![limit(0.5)]),
        (Mix::Ordinary, "centered", centered),
    ]
}

fn stepped<G: Format, P: Format + Parameter>(what: &str, optimizer: Optimizer) -> (String, u64) {
    let name = format!("step {} {} {SHORT} {what}", G::NAME, P::NAME);
    line::<G, P>(name, vec![scale(1.0 / 3.0)], Some(optimizer))
}

fn line<T: Format, P: Format + Parameter>(
    name: String,
    methods: Vec<Setting>,
    optimizer: Option<Optimizer>,
) -> (String, u64) {
    let words = Run::<P>::new(&name, &methods, optimizer).words::<T>();
    let line = format!("{name}: {}", configurations(&methods, optimizer));
    (line.trim_end().to_string(), hash(&words))
}

/// Methods and optimizer, field by field, for whoever wants to compute the same.
fn configurations(methods: &[Setting], optimizer: Option<Optimizer>) -> String {
    let methods = methods
        .iter()
        .filter_map(Setting::method)
        .map(|method| format!("{method:?}"));
    let all = methods.chain(optimizer.map(|optimizer| format!("{optimizer:?}")));
    let fields = |text: String| match text.split_once('(') {
        Some((_, fields)) => fields.trim_end_matches(')').to_string(),
        None => text,
    };
    all.map(fields).collect::<Vec<_>>().join("; ")
}

/// The steps of a line, as the head of the file has them for the first word of its name.
fn recipe(name: &str) -> &'static str {
    let kind = name.split(' ').next();
    let recipes = TABLE.lines().filter_map(|line| line.strip_prefix("# do "));
    let mut recipes = recipes.filter_map(|recipe| recipe.split_once(": "));
    let found = recipes.find(|(name, _)| Some(*name) == kind);
    found.unwrap_or_else(|| panic!("no recipe for {name}")).1
}

/// What a line is computed with, and what it remembers from step to step.
struct Run<'a, P> {
    name: &'a str,
    mix: Mix,
    lengths: Vec<usize>,
    methods: Vec<Running>,
    optimizer: Option<Optimizer>,
    /// Parameter, first and second buffer.
    slot: [Vec<P>; 3],
    steps: StepState,
    words: Vec<u64>,
}

impl<'a, P: Format + Parameter> Run<'a, P> {
    fn new(name: &'a str, methods: &[Setting], optimizer: Option<Optimizer>) -> Self {
        let mixes = [Mix::Tiny, Mix::Extreme].into_iter();
        let mut mixes = mixes.filter(|mix| name.contains(&format!("{mix:?}")));
        let len = name.split(' ').find_map(|word| word.parse().ok());
        let lengths = len.map_or(LENGTHS.to_vec(), |len| vec![len]);
        let running = |method: &Setting| Running::new(method.clone(), lengths.len());
        Run {
            name,
            mix: mixes.next().unwrap_or(Mix::Ordinary),
            methods: methods.iter().map(running).collect(),
            lengths,
            optimizer,
            slot: [vec![], vec![], vec![]],
            steps: StepState::default(),
            words: vec![],
        }
    }

    /// What all steps leave behind. New data begin with every `draw`.
    fn words<T: Format>(mut self) -> Vec<u64> {
        let mut draws = Random(fnv(self.name.bytes()));
        for steps in recipe(self.name).split("draw").skip(1) {
            let mut data = batch_of::<T>(&mut draws, self.mix, &self.lengths);
            let mut out = data.data[0].clone();
            let mut tensors = data.tensors();
            for step in steps.split_whitespace() {
                match step {
                    "parameters" => self.parameters(&mut draws),
                    "into" => {
                        apply_into(&tensors, &mut [Buffer::from(&mut out[..])]).expect("in range");
                        self.words.extend(bits(&out));
                    }
                    pass => self.pass(pass, &mut tensors),
                }
            }
        }
        self.words
    }

    fn parameters(&mut self, draws: &mut Random) {
        let param = elements(draws, Mix::Ordinary, self.lengths[0]);
        let zeros = vec![P::ZERO; param.len()];
        self.slot = [param, zeros.clone(), zeros];
    }

    fn pass(&mut self, pass: &str, tensors: &mut [Tensor]) {
        let words = &mut self.words;
        match pass {
            "observe" => observe(tensors).expect("finite"),
            "decide" => self.decide(tensors),
            "apply" => apply(tensors).expect("in range"),
            "step" => self.step(tensors),
            "moments" => words.extend(tensors.iter().flat_map(|t| snapshot::moments(t.moments()))),
            "affines" => words.extend(tensors.iter().flat_map(|t| snapshot::affine(t.affine()))),
            "data" => words.extend(tensors.iter().flat_map(snapshot::data)),
            "states" => words.extend(
                self.methods
                    .iter()
                    .flat_map(|running| running.states.bits()),
            ),
            "slots" => words.extend(self.slot.iter().flat_map(|buffer| bits(buffer))),
            unknown => panic!("{unknown} is no step"),
        }
    }

    fn decide(&mut self, tensors: &mut [Tensor]) {
        let params = Inputs::plain(tensors.len()).moments();
        for running in &mut self.methods {
            running.must_decide(self.name, &params, tensors);
        }
    }

    fn step(&mut self, tensors: &mut [Tensor]) {
        let optimizer = self.optimizer.expect("an optimizer");
        let slot = self.slot.each_mut().map(|buffer| &mut buffer[..]);
        let stepped = optimizer.step(&mut self.steps, tensors, slot);
        stepped.expect("in range");
    }
}

/// The lines of the table: all that do not begin with '#'.
fn committed() -> Lines {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &str| {
        let (hash, name) = line.split_once(' ')?;
        Some((name.to_string(), u64::from_str_radix(hash, 16).ok()?))
    };
    let lines: Option<Lines> = lines.map(parse).collect();
    lines.expect("every line is a hash and a name")
}

/// The comment at the head of the file, and the lines.
fn file(lines: &Lines) -> String {
    let head = TABLE.lines().take_while(|line| line.starts_with('#'));
    let head = head.map(String::from);
    let lines = lines
        .iter()
        .map(|(name, hash)| format!("{hash:016x} {name}"));
    head.chain(lines).map(|line| line + "\n").collect()
}

/// How two lists of lines differ, line by line.
fn differences(actual: &Lines, expected: &Lines) -> Vec<String> {
    let absent = |(name, _): &&(String, u64), from: &Lines| from.iter().all(|(n, _)| n != name);
    let mut list: Vec<String> = Vec::new();
    for (name, hash) in expected {
        match actual.iter().find(|(n, _)| n == name) {
            Some((_, now)) if now == hash => (),
            Some((_, now)) => list.push(format!("{name}: {now:016x} instead of {hash:016x}")),
            None => list.push(format!("{name}: no longer computed")),
        }
    }
    let new = actual.iter().filter(|line| absent(line, expected));
    list.extend(new.map(|(name, _)| format!("{name}: not in the table")));
    list
}

#[test]
fn results_are_those_of_the_table() {
    let renew = std::env::var_os("TRIMTAB_BLESS").is_some_and(|value| value == "1");
    let mut expected = if renew { Vec::new() } else { committed() };
    in_each(&levels(), |world| {
        let actual = all();
        if expected.is_empty() {
            expected = actual;
            return;
        }
        let differences = differences(&actual, &expected);
        assert!(
            differences.is_empty(),
            "{world}: {} of {} hashes differ:\n  {}\nResults changed. If that is meant, for every user of the library, \
             renew tests/same_bits/hashes.txt with TRIMTAB_BLESS=1 cargo test --test same_bits table, and say why in \
             CHANGELOG.md",
            differences.len(),
            actual.len(),
            differences.join("\n  "),
        );
    });
    if renew {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same_bits/hashes.txt");
        fs::write(path, file(&expected)).expect("the table can be written");
    }
}

/// The published values of both algorithms: another implementation has to meet these first.
#[test]
fn the_hash_and_the_generator_are_the_published_ones() {
    assert_eq!(fnv("".bytes()), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv("foobar".bytes()), 0x8594_4171_f739_67e8);
    let mut draws = Random(1_234_567);
    let three = [draws.bits(), draws.bits(), draws.bits()];
    let published = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
    ];
    assert_eq!(three, published);
}

/// A change of one bit, an additional line and a missing one are seen.
#[test]
fn a_difference_is_found() {
    let lines = |list: &[(&str, u64)]| -> Lines {
        let own = |(name, hash): &(&str, u64)| (name.to_string(), *hash);
        list.iter().map(own).collect()
    };
    let table = lines(&[("a", 1), ("b", 2)]);
    assert!(differences(&table, &table).is_empty());
    assert_eq!(differences(&lines(&[("a", 1), ("b", 3)]), &table).len(), 1);
    assert_eq!(differences(&lines(&[("a", 1)]), &table).len(), 1);
    assert_eq!(
        differences(&lines(&[("a", 1), ("b", 2), ("c", 2)]), &table).len(),
        1
    );
    assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
}
