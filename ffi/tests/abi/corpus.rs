//! Hostile programs, without a fuzzer: the committed corpus of `ffi/rigs/fuzz`, and random bytes.

use std::io::Read;

use super::hostile::{Tally, play};
use crate::common::random;

/// The programs that the fuzzer has found worth keeping, by file name.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let archive = &include_bytes!("../../rigs/fuzz/corpus.tar.gz")[..];
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let entries = archive.entries().expect("a tar archive");
    let files = entries.map(|entry| entry.expect("an entry"));
    let programs = files.filter(|entry| entry.header().entry_type().is_file());
    programs
        .map(|mut entry| {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("all of the entry");
            (entry.path().expect("a name").display().to_string(), bytes)
        })
        .collect()
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
    for call in super::hostile::Call::all() {
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
