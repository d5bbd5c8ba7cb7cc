//! A committed table of hashes of results: what another machine, compiler or architecture is held against.
//!
//! Every line is recomputed at every level. A hash that changes is a change of results for everyone who uses the
//! library: the table is renewed on request only, and its difference is read before it is committed.

use std::fs;
use std::path::Path;

use trimtab::{Buffer, Moments, Parameter, StepState, Tensor, apply, apply_into, observe};

use crate::common::chain::Inputs;
use crate::common::data::{Random, bits};
use crate::common::library::Running;
use crate::common::methods::named_settings;
use crate::common::snapshot;
use crate::common::table::Setting;
use crate::inputs::{Format, Mix, elements};
use crate::methods::{LENGTHS, batch};
use crate::passes::{Optimizer, decide};
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

/// Names and hashes, in the order of the file.
type Lines = Vec<(String, u64)>;

/// Adds the line of what `compute` makes of the draws that belong to the name.
fn line(lines: &mut Lines, name: String, compute: impl Fn(&mut Random) -> Vec<u64>) {
    let words = compute(&mut Random(fnv(name.bytes())));
    lines.push((name, hash(&words)));
}

fn all() -> Lines {
    let mut lines = Vec::new();
    of_dtype::<f32>(&mut lines);
    of_dtype::<trimtab::f16>(&mut lines);
    of_dtype::<trimtab::bf16>(&mut lines);
    of_dtype::<f64>(&mut lines);
    lines
}

fn of_dtype<T: Format>(lines: &mut Lines) {
    for (mix, len) in [(Mix::Ordinary, LONG), (Mix::Extreme, SHORT)] {
        let name = format!("observe {} {mix:?} {len}", T::NAME);
        line(lines, name, |draws| observed::<T>(draws, mix, len));
    }
    let name = format!("written {} Ordinary {LONG}", T::NAME);
    line(lines, name, written::<T>);
    for (what, mix, chain) in chains::<T>() {
        let name = format!("apply {} {mix:?} {SHORT} {what}", T::NAME);
        line(lines, name, |draws| applied::<T>(draws, mix, &chain));
    }
    for (what, optimizer) in optimizers() {
        let name = |param| format!("step {} {param} {SHORT} {what}", T::NAME);
        let what = optimizer;
        line(lines, name("f32"), |draws| stepped::<T, f32>(draws, what));
        line(lines, name("f64"), |draws| stepped::<T, f64>(draws, what));
    }
    for (what, method) in named_settings() {
        let name = format!("method {} {what}", T::NAME);
        line(lines, name, |draws| remembered::<T>(draws, &method));
    }
}

fn observed<T: Format>(draws: &mut Random, mix: Mix, len: usize) -> Vec<u64> {
    let mut moments = Moments::default();
    let data: Vec<T> = elements(draws, mix, len);
    moments.observe_chunk(&data).expect("finite");
    snapshot::moments(&moments).to_vec()
}

fn written<T: Format>(draws: &mut Random) -> Vec<u64> {
    let mut data: Vec<T> = elements(draws, Mix::Ordinary, LONG);
    let mut tensors = [Tensor::weight(&mut data)];
    observe(&mut tensors).expect("finite");
    decide(&[center(), scale(0.25)], &mut tensors);
    apply(&mut tensors).expect("in range");
    observe(&mut tensors).expect("finite");
    snapshot::moments(tensors[0].moments()).to_vec()
}

/// The chains of the table, by the names that the file explains.
fn chains<T: Format>() -> [(&'static str, Mix, Vec<Setting>); 6] {
    let beyond = if T::MANTISSA == 10 { 1e9 } else { 1e40 };
    [
        ("third", Mix::Extreme, vec![scale(1.0 / 3.0)]),
        ("negative", Mix::Extreme, vec![scale(-0.75)]),
        ("subnormal", Mix::Extreme, vec![scale(-1e-40)]),
        ("beyond", Mix::Tiny, vec![scale(beyond)]),
        ("clipped", Mix::Extreme, vec![limit(0.5)]),
        (
            "centered",
            Mix::Ordinary,
            vec![center(), scale(-0.1), limit(2.5)],
        ),
    ]
}

fn applied<T: Format>(draws: &mut Random, mix: Mix, chain: &[Setting]) -> Vec<u64> {
    let mut data: Vec<T> = elements(draws, mix, SHORT);
    let mut written = vec![T::ZERO; SHORT];
    let mut tensors = [Tensor::weight(&mut data)];
    observe(&mut tensors).expect("finite");
    decide(chain, &mut tensors);
    apply_into(&tensors, &mut [Buffer::from(&mut written[..])]).expect("in range");
    bits(&written)
}

fn stepped<G: Format, P: Format + Parameter>(draws: &mut Random, optimizer: Optimizer) -> Vec<u64> {
    let mut gradient: Vec<G> = elements(draws, Mix::Ordinary, SHORT);
    let mut param: Vec<P> = elements(draws, Mix::Ordinary, SHORT);
    let (mut first, mut second) = (vec![P::ZERO; SHORT], vec![P::ZERO; SHORT]);
    let mut tensors = [Tensor::weight(&mut gradient)];
    let mut state = StepState::default();
    for _ in 0..2 {
        observe(&mut tensors).expect("finite");
        decide(&[scale(1.0 / 3.0)], &mut tensors);
        let slot = [&mut param[..], &mut first, &mut second];
        let stepped = optimizer.step(&mut state, &mut tensors, slot);
        stepped.expect("in range");
    }
    [bits(&param), bits(&first), bits(&second)].concat()
}

fn remembered<T: Format>(draws: &mut Random, method: &Setting) -> Vec<u64> {
    let params = Inputs::plain(LENGTHS.len()).moments();
    let mut running = Running::new(method.clone(), LENGTHS.len());
    let mut words = Vec::new();
    for _ in 0..3 {
        let mut step = batch::<T>(draws, &LENGTHS);
        let mut tensors = step.tensors();
        observe(&mut tensors).expect("finite");
        running.must_decide("the table", &params, &mut tensors);
        let affines = tensors.iter().map(|t| snapshot::affine(t.affine()));
        words.extend(affines.flatten());
        words.extend(running.states.bits());
        apply(&mut tensors).expect("in range");
        words.extend(tensors.iter().flat_map(snapshot::data));
    }
    words
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
