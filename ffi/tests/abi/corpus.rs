//! Hostile programs, without a fuzzer: the committed corpus of `ffi/fuzz`, and random bytes.

#[allow(dead_code)] // Each test crate uses its own part.
#[path = "../../../tests/common/random.rs"]
mod random;

use std::fs;
use std::path::Path;

use super::hostile::{Tally, play};

/// The programs that the fuzzer has found worth keeping, by file name.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/abi");
    let entries = fs::read_dir(&folder).expect("ffi/fuzz/corpus/abi");
    let paths = entries.map(|entry| entry.expect("a file").path());
    let mut programs: Vec<_> = paths
        .map(|path| {
            (
                path.display().to_string(),
                fs::read(&path).expect("readable"),
            )
        })
        .collect();
    programs.sort();
    programs
}

/// Plays them all, and says which one it was where a claim does not hold.
fn play_all(programs: impl Iterator<Item = (String, Vec<u8>)>) -> Tally {
    let mut tally = Tally::default();
    for (name, bytes) in programs {
        let run = std::panic::AssertUnwindSafe(|| play(&bytes, &mut tally));
        if let Err(why) = std::panic::catch_unwind(run) {
            eprintln!("in the program {name}: {bytes:?}");
            std::panic::resume_unwind(why);
        }
    }
    tally
}

/// Otherwise the programs say nothing: every function is accepted, refused, and compared with the oracle.
fn reaches_everything(tally: &Tally) {
    for call in super::call::Call::ALL {
        let name = format!("{call:?}");
        let with = |accepted: bool| {
            let of_it = tally.statuses.iter().filter(|((n, _), _)| *n == name);
            let counts = of_it.filter(|((_, code), _)| (*code >= 0) == accepted);
            counts.map(|(_, count)| count).sum::<usize>()
        };
        let compared = tally.compared[&name];
        let counts = (with(true), with(false), compared);
        assert!(
            counts.0 > 0 && counts.1 > 0 && counts.2 > 0,
            "{name}: {counts:?}"
        );
    }
}

#[test]
fn the_corpus_keeps_every_claim() {
    let programs = corpus();
    assert!(programs.len() > 50, "{} programs", programs.len());
    reaches_everything(&play_all(programs.into_iter()));
}

/// From a seed, so that every run has the same.
fn random_program(seed: u64) -> Vec<u8> {
    let word = |i: u64| {
        let word = (seed << 16 | i).wrapping_mul(random::STEP);
        random::mix(word).to_ne_bytes()
    };
    (0..96).flat_map(word).collect()
}

#[test]
fn random_programs_keep_every_claim() {
    let programs = (0..400).map(|seed| (format!("of seed {seed}"), random_program(seed)));
    let tally = play_all(programs);
    reaches_everything(&tally);
}
