//! Hostile programs without a fuzzer: random bytes.

use super::hostile::{Tally, play};

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

/// SplitMix64, so that every run has the same.
fn random_program(seed: u64) -> Vec<u8> {
    let word = |i: u64| {
        let mut z = (seed << 16 | i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_ne_bytes()
    };
    (0..96).flat_map(word).collect()
}

#[test]
fn random_programs_keep_every_claim() {
    let programs = (0..400).map(|seed| (format!("of seed {seed}"), random_program(seed)));
    let tally = play_all(programs);
    reaches_everything(&tally);
}
