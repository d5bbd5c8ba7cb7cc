//! Records that were cut off, changed, or never were any: refused, each with its own error, and nothing is written.

use proptest::prelude::*;
use trimtab::Error;

use crate::common::data::Random;
use crate::run::{Run, record};

/// What must be said about a byte changed at this offset.
fn error_at(offset: usize, bytes: &[u8]) -> Error {
    match offset {
        0..8 => Error::BadMagic,
        8..12 => Error::BadVersion {
            found: u32::from_le_bytes(bytes[8..12].try_into().expect("four bytes")),
        },
        _ => Error::BadChecksum,
    }
}

fn run() -> Run {
    Run::random(&mut Random(91), 3, 2)
}

/// Refused into a run of the same shape that holds something else, and which still holds it afterwards.
#[track_caller]
fn refused(bytes: &[u8], error: Error) {
    let mut other = Run::random(&mut Random(92), 3, 2);
    let before = other.bits();
    assert_eq!(other.load(bytes), Err(error));
    assert_eq!(other.bits(), before, "{error}");
}

#[test]
fn cut_off_anywhere() {
    let saved = run().saved();
    for len in 0..saved.len() {
        let needed = if len < 32 { 32 } else { saved.len() as u64 };
        refused(&saved[..len], Error::Truncated { needed });
    }
}

#[test]
fn bytes_behind_the_record() {
    for extra in [1, 7, 8, 1_000] {
        let mut bytes = run().saved();
        let needed = bytes.len() as u64;
        bytes.resize(bytes.len() + extra, 0);
        refused(&bytes, Error::BadSize { needed });
    }
}

#[test]
fn every_bit_flipped() {
    let saved = run().saved();
    for bit in 0..8 * saved.len() {
        let mut bytes = saved.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused(&bytes, error_at(bit / 8, &bytes));
    }
}

#[test]
fn every_byte_changed_to_every_other_value() {
    let saved = run().saved();
    for offset in 0..saved.len() {
        let mut bytes = saved.clone();
        for change in 1..=255 {
            bytes[offset] = saved[offset] ^ change;
            refused(&bytes, error_at(offset, &bytes));
        }
    }
}

/// What a disk does: a run of bytes at once, here zeros or ones over four of them.
#[test]
fn four_bytes_lost() {
    let saved = run().saved();
    for offset in 0..saved.len() - 3 {
        for lost in [0x00, 0xff] {
            let mut bytes = saved.clone();
            bytes[offset..offset + 4].fill(lost);
            if bytes != saved {
                let first = (offset..).find(|i| bytes[*i] != saved[*i]);
                let error = error_at(first.expect("they differ"), &bytes);
                refused(&bytes, error);
            }
        }
    }
}

/// Damaged and cut off: the header is right, so its length is, and what is missing is known.
#[test]
fn changed_and_cut_off() {
    let mut bytes = run().saved();
    let needed = bytes.len() as u64;
    bytes[40] ^= 1;
    bytes.pop();
    refused(&bytes, Error::Truncated { needed });
}

#[test]
fn other_versions() {
    let entries = run().saved()[32..].to_vec();
    for found in [0, 2, 3, 256, u32::MAX] {
        let bytes = record(found, 5, std::slice::from_ref(&entries));
        refused(&bytes, Error::BadVersion { found });
        // The version is said also where the rest is missing, which may be another in that version.
        refused(&bytes[..12], Error::BadVersion { found });
    }
}

#[test]
fn other_files() {
    refused(b"\x89PNG\r\n\x1a\n and so on", Error::BadMagic);
    refused(b"TRIMTAB", Error::BadMagic);
    refused(&[0], Error::BadMagic);
    refused(&[0; 4_096], Error::BadMagic);
    refused(&[], Error::Truncated { needed: 32 });
}

/// Something that begins as a record and goes on at random, now and then with right checksums.
fn nearly_a_record() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    (bytes, any::<bool>(), 0..4_u32).prop_map(|(bytes, checksums, count)| match checksums {
        true => record(1, count, &[bytes]),
        false => [b"\x89TRIMTAB\x01\0\0\0".to_vec(), bytes].concat(),
    })
}

/// Two entries that a reader may ask for, with small numbers in all the places that are looked at.
fn plausible_entries() -> impl Strategy<Value = Vec<u8>> {
    let heads = (0..6_u32, 0..5_u32, 0..4_u64, 0..14_usize);
    let entry = heads.prop_map(|(kind, fields, count, words)| {
        crate::run::entry(kind, 8 * fields, count, &vec![42; words])
    });
    prop::collection::vec(entry, 0..7).prop_map(|entries| entries.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// No panic, and nothing is written unless it is what this run would have saved.
    #[test]
    fn anything_at_all(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        nearly_a_record(),
        (plausible_entries(), 4..7_u32).prop_map(|(entries, count)| record(1, count, &[entries])),
    ]) {
        let mut run = Run::random(&mut Random(93), 1, 1);
        let before = run.bits();
        match run.load(&bytes) {
            Ok(()) => prop_assert_eq!(run.saved(), bytes),
            Err(_) => prop_assert_eq!(run.bits(), before),
        }
    }
}
