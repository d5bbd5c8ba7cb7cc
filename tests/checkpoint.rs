//! States as bytes: the documented layout, every bit of every field back, and everything else refused as a whole.

#[path = "checkpoint/damage.rs"]
mod damage;
#[path = "checkpoint/mismatch.rs"]
mod mismatch;
#[path = "checkpoint/run.rs"]
mod run;

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::Random;
use proptest::prelude::*;
use run::{Run, entry, record};
use trimtab::{AutoscaleState, Error, GuardState, NormState, StepState, ZclipState, checkpoint};

/// A run with a state of every kind. An f64 of a negative zero and an infinity, a u64 with all its bits.
fn known() -> Run {
    let norm = |m, v, steps, skipped| NormState {
        m,
        v,
        steps,
        skipped,
    };
    Run {
        norms: vec![norm(1.5, 2.5, 3, 1), norm(-0.0, f64::INFINITY, 0, u64::MAX)],
        autoscale: AutoscaleState {
            exponent: 0.5,
            sigma: 1.0,
            alpha: 0.75,
            steps: 2,
        },
        zclips: vec![ZclipState {
            mean: 1.0,
            var: 0.5,
            steps: 30,
        }],
        guard: GuardState {
            consecutive: 1,
            total: 2,
        },
        step: StepState { steps: 258 },
    }
}

/// Its bytes, made with Python's struct and zlib.crc32 from the tables in `trimtab::checkpoint`.
#[rustfmt::skip]
const KNOWN: [[u8; 8]; 32] = [
    [0x89, 0x54, 0x52, 0x49, 0x4d, 0x54, 0x41, 0x42],
    [0x01, 0, 0, 0, 0x05, 0, 0, 0],
    [0x00, 0x01, 0, 0, 0, 0, 0, 0],
    [0xaa, 0x68, 0x0b, 0xeb, 0xa8, 0xd8, 0xb6, 0x39],
    // Kind 0, 32 bytes each, two of them: 1.5, 2.5, 3, 1 and -0.0, infinity, 0, 2^64 - 1.
    [0x00, 0, 0, 0, 0x20, 0, 0, 0],
    [0x02, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0xf8, 0x3f],
    [0, 0, 0, 0, 0, 0, 0x04, 0x40],
    [0x03, 0, 0, 0, 0, 0, 0, 0],
    [0x01, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0x80],
    [0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    // Kind 1: 0.5, 1.0, 0.75, 2.
    [0x01, 0, 0, 0, 0x20, 0, 0, 0],
    [0x01, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0xe0, 0x3f],
    [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
    [0, 0, 0, 0, 0, 0, 0xe8, 0x3f],
    [0x02, 0, 0, 0, 0, 0, 0, 0],
    // Kind 2: 1.0, 0.5, 30.
    [0x02, 0, 0, 0, 0x18, 0, 0, 0],
    [0x01, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
    [0, 0, 0, 0, 0, 0, 0xe0, 0x3f],
    [0x1e, 0, 0, 0, 0, 0, 0, 0],
    // Kind 3: 1, 2.
    [0x03, 0, 0, 0, 0x10, 0, 0, 0],
    [0x01, 0, 0, 0, 0, 0, 0, 0],
    [0x01, 0, 0, 0, 0, 0, 0, 0],
    [0x02, 0, 0, 0, 0, 0, 0, 0],
    // Kind 4: 258.
    [0x04, 0, 0, 0, 0x08, 0, 0, 0],
    [0x01, 0, 0, 0, 0, 0, 0, 0],
    [0x02, 0x01, 0, 0, 0, 0, 0, 0],
];

#[test]
fn the_bytes_are_the_documented_ones() {
    assert_eq!(known().saved(), KNOWN.as_flattened());
    let mut run = Run::zeros(2, 1);
    assert_eq!(run.load(KNOWN.as_flattened()), Ok(()));
    assert_eq!(run.bits(), known().bits());
}

/// The other tests' way of making records agrees with the one above.
#[test]
fn records_made_for_tests_are_the_documented_ones() {
    let words: Vec<u64> = KNOWN.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let entries = [
        entry(0, 32, 2, &words[6..14]),
        entry(1, 32, 1, &words[16..20]),
        entry(2, 24, 1, &words[22..25]),
        entry(3, 16, 1, &words[27..29]),
        entry(4, 8, 1, &words[31..]),
    ];
    assert_eq!(record(1, 5, &entries), KNOWN.as_flattened());
}

#[test]
fn nothing_is_a_record_too() {
    let mut bytes = [7; 40];
    assert_eq!(checkpoint::size(|_| ()), 32);
    assert_eq!(checkpoint::save(&mut bytes, |_| ()), Ok(32));
    assert_eq!(bytes[..32], record(1, 0, &[]));
    assert_eq!(bytes[32..], [7; 8]);
    assert_eq!(checkpoint::load(&bytes[..32], |_| ()), Ok(()));
}

/// 32 bytes, and for each entry 16 and its states.
#[test]
fn the_size_is_known_before() {
    for (norms, zclips) in [(0, 0), (1, 0), (0, 1), (1, 1), (2_000, 3)] {
        let run = Run::zeros(norms, zclips);
        let size = 32 + 5 * 16 + norms * 32 + 32 + zclips * 24 + 16 + 8;
        assert_eq!(checkpoint::size(|to| run.put(to)), size);
        assert_eq!(run.saved().len(), size);
    }
}

#[test]
fn too_small_a_buffer_stays_as_it_is() {
    let run = known();
    for len in 0..256 {
        let mut bytes = vec![0xa5; len];
        let result = checkpoint::save(&mut bytes, |to| run.put(to));
        assert_eq!(result, Err(Error::BadSize { needed: 256 }));
        assert_eq!(bytes, vec![0xa5; len]);
    }
    let mut bytes = [0xa5; 300];
    assert_eq!(checkpoint::save(&mut bytes, |to| run.put(to)), Ok(256));
    assert_eq!(bytes[..256], *KNOWN.as_flattened());
    assert_eq!(bytes[256..], [0xa5; 44]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the fields hold, and wherever in memory the bytes lie.
    #[test]
    fn every_bit_comes_back(seed in any::<u64>(), norms in 0..20_usize, zclips in 0..5_usize, at in 0..8_usize) {
        let run = Run::random(&mut Random(seed), norms, zclips);
        let saved = run.saved();
        let mut bytes = vec![0; at + saved.len()];
        bytes[at..].copy_from_slice(&saved);
        let mut back = Run::zeros(norms, zclips);
        prop_assert_eq!(back.load(&bytes[at..]), Ok(()));
        prop_assert_eq!(back.bits(), run.bits());
    }
}
