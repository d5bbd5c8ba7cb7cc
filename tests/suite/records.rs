//! States as bytes: the documented layout, every bit of every field back, and everything else refused as a whole, each
//! damage with its own code.

use super::each;
use crate::common::library::Library;
use crate::common::random::Random;
use crate::common::saved::{Saved, entry, record};
use crate::common::status::{
    BAD_CHECKSUM, BAD_LENGTH, BAD_MAGIC, BAD_VERSION, OK, TRUNCATED, WRONG_COUNT, WRONG_KIND,
    expect,
};

/// States of every kind, so many of each.
type Counts = [usize; 5];

const COUNTS: Counts = [3, 1, 2, 1, 1];

fn zeros(counts: Counts) -> Vec<Saved> {
    let entries = (0..).zip(counts);
    entries
        .map(|(kind, count)| Saved::zeros(kind, count))
        .collect()
}

fn random(seed: u64, counts: Counts) -> Vec<Saved> {
    let (mut random, entries) = (Random(seed), (0..).zip(counts));
    entries
        .map(|(kind, count)| Saved::random(&mut random, kind, count))
        .collect()
}

fn words(entries: &[Saved]) -> Vec<Vec<u64>> {
    entries.iter().map(Saved::words).collect()
}

/// Into other states of the same shape: refused with this code, and they stay what they are.
#[track_caller]
fn refused(library: &dyn Library, bytes: &[u8], code: i32) {
    refused_into(library, random(92, COUNTS), bytes, code);
}

#[track_caller]
fn refused_into(library: &dyn Library, mut into: Vec<Saved>, bytes: &[u8], code: i32) {
    let before = words(&into);
    expect(library.name(), library.load(&mut into, bytes).code, code);
    assert_eq!(words(&into), before);
}

/// What must be said about a byte changed at this offset.
fn code_at(offset: usize) -> i32 {
    match offset {
        0..8 => BAD_MAGIC,
        8..12 => BAD_VERSION,
        _ => BAD_CHECKSUM,
    }
}

/// Bytes made with Python's struct and zlib.crc32 from the tables in `trimtab::checkpoint`.
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

/// The states in those bytes.
fn known() -> Vec<Saved> {
    let floats = |x: &[f64], rest: &[u64]| {
        let bits = x.iter().map(|x| x.to_bits());
        bits.chain(rest.iter().copied()).collect::<Vec<_>>()
    };
    let norms = [
        floats(&[1.5, 2.5], &[3, 1]),
        floats(&[-0.0, f64::INFINITY], &[0, u64::MAX]),
    ];
    vec![
        Saved::of(0, &norms.concat()),
        Saved::of(1, &floats(&[0.5, 1.0, 0.75], &[2])),
        Saved::of(2, &floats(&[1.0, 0.5], &[30])),
        Saved::of(3, &[1, 2]),
        Saved::of(4, &[258]),
    ]
}

#[test]
fn the_bytes_are_the_documented_ones() {
    // So are those of the other tests' records.
    let of = |saved: &Saved| {
        let (words, kind) = (saved.words(), saved.kind());
        let fields = words.len() / saved.len();
        entry(kind, 8 * fields as u32, saved.len() as u64, &words)
    };
    let entries: Vec<_> = known().iter().map(of).collect();
    assert_eq!(record(1, 5, &entries), KNOWN.as_flattened());
    each(|library| {
        assert_eq!(library.save(&mut known()), KNOWN.as_flattened());
        let mut back = zeros([2, 1, 1, 1, 1]);
        let answer = library.load(&mut back, KNOWN.as_flattened());
        expect("load", answer.code, OK);
        assert_eq!(words(&back), words(&known()));
    });
}

/// Whatever the fields hold, and however many there are: 32 bytes, and for each entry 16 and its states.
#[test]
fn every_bit_comes_back() {
    each(|library| {
        for (seed, counts) in [[0; 5], COUNTS, [1; 5], [2_000, 0, 3, 0, 1]]
            .into_iter()
            .enumerate()
        {
            let mut run = random(seed as u64, counts);
            let before = words(&run);
            let saved = library.save(&mut run);
            assert_eq!(words(&run), before, "only read");
            let fields: usize = words(&run).iter().map(Vec::len).sum();
            assert_eq!(saved.len(), 32 + 5 * 16 + 8 * fields);
            // Wherever in memory the bytes lie.
            for at in 0..8 {
                let bytes = [vec![0; at], saved.clone()].concat();
                let mut back = zeros(counts);
                expect("load", library.load(&mut back, &bytes[at..]).code, OK);
                assert_eq!(words(&back), words(&run));
            }
        }
        assert_eq!(library.save(&mut []), record(1, 0, &[]));
        expect(
            "nothing",
            library.load(&mut [], &record(1, 0, &[])).code,
            OK,
        );
    });
}

/// At every place; with bytes behind it; damaged and cut off, where the header is right and so its length is.
#[test]
fn cut_off_or_too_long() {
    each(|library| {
        let saved = library.save(&mut random(91, COUNTS));
        for len in 0..saved.len() {
            refused(library, &saved[..len], TRUNCATED);
        }
        for extra in [1, 7, 8, 1_000] {
            refused(
                library,
                &[saved.clone(), vec![0; extra]].concat(),
                BAD_LENGTH,
            );
        }
        let mut damaged = saved;
        damaged[40] ^= 1;
        damaged.pop();
        refused(library, &damaged, TRUNCATED);
    });
}

#[test]
fn every_bit_flipped() {
    each(|library| {
        let saved = library.save(&mut random(91, COUNTS));
        for bit in 0..8 * saved.len() {
            let mut bytes = saved.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            refused(library, &bytes, code_at(bit / 8));
        }
    });
}

/// And what a disk does: a run of bytes at once, here zeros or ones over four of them.
#[test]
fn every_byte_changed_to_every_other_value() {
    super::once(|library| {
        let saved = library.save(&mut random(91, COUNTS));
        for offset in 0..saved.len() {
            let mut bytes = saved.clone();
            for change in 1..=255 {
                bytes[offset] = saved[offset] ^ change;
                refused(library, &bytes, code_at(offset));
            }
        }
        for (offset, lost) in (0..saved.len() - 3).flat_map(|at| [(at, 0x00), (at, 0xff)]) {
            let mut bytes = saved.clone();
            bytes[offset..offset + 4].fill(lost);
            if let Some(first) = (offset..offset + 4).find(|i| bytes[*i] != saved[*i]) {
                refused(library, &bytes, code_at(first));
            }
        }
    });
}

/// The version is said also where the rest is missing, which may be another in that version.
#[test]
fn other_versions_and_other_files() {
    each(|library| {
        let entries = library.save(&mut random(91, COUNTS))[32..].to_vec();
        for version in [0, 2, 3, 256, u32::MAX] {
            let bytes = record(version, 5, std::slice::from_ref(&entries));
            refused(library, &bytes, BAD_VERSION);
            refused(library, &bytes[..12], BAD_VERSION);
        }
        for bytes in [
            &b"\x89PNG\r\n\x1a\n and so on"[..],
            b"TRIMTAB",
            &[0],
            &[0; 4_096],
        ] {
            refused(library, bytes, BAD_MAGIC);
        }
        refused(library, &[], TRUNCATED);
    });
}

/// Also where states have as many bytes, as those of the norms and of autoscale.
#[test]
fn every_kind_into_every_kind() {
    each(|library| {
        for (from, to) in (0..5).flat_map(|from| (0..5).map(move |to| (from, to))) {
            let saved = library.save(&mut [Saved::zeros(from, 1)]);
            let mut into = [Saved::random(&mut Random(7), to, 1)];
            match from == to {
                true => expect("load", library.load(&mut into, &saved).code, OK),
                false => refused_into(library, into.into(), &saved, WRONG_KIND),
            }
        }
    });
}

/// Another run than the one that was saved; the first of several things that do not fit is said.
#[test]
fn another_run() {
    each(|library| {
        let saved = library.save(&mut random(91, COUNTS));
        for (kind, count) in [
            (0, 0),
            (0, 2),
            (0, 4),
            (0, 100),
            (2, 0),
            (2, 1),
            (2, 3),
            (4, 0),
        ] {
            let mut counts = COUNTS;
            counts[kind] = count;
            refused_into(library, random(94, counts), &saved, WRONG_COUNT);
            // The other way round.
            let saved = library.save(&mut random(91, counts));
            refused(library, &saved, WRONG_COUNT);
        }
        refused_into(library, random(94, [4, 1, 1, 1, 1]), &saved, WRONG_COUNT);
        for fewer in 0..5 {
            let entries = random(94, COUNTS)[..fewer].to_vec();
            refused_into(library, entries, &saved, WRONG_KIND);
        }
        let mut more = random(94, COUNTS);
        more.push(Saved::zeros(4, 1));
        refused_into(library, more, &saved, WRONG_KIND);
        let mut turned_round = random(94, COUNTS);
        turned_round.swap(3, 4);
        refused_into(library, turned_round.clone(), &saved, WRONG_KIND);
        turned_round.swap(3, 4);
        turned_round.swap(0, 1);
        refused_into(library, turned_round, &saved, WRONG_KIND);
    });
}

/// Right checksums over entries that no writer of this library makes.
#[test]
fn entries_that_do_not_fill_the_record() {
    each(|library| {
        let refused = |bytes: &[u8], code| {
            refused_into(library, vec![Saved::of(4, &[77])], bytes, code);
        };
        let whole = entry(4, 8, 1, &[5]);
        for len in 0..whole.len() {
            refused(&record(1, 1, &[whole[..len].to_vec()]), BAD_LENGTH);
        }
        for behind in [1, 8] {
            refused(&record(1, 1, &[whole.clone(), vec![0; behind]]), BAD_LENGTH);
        }
        refused(&record(1, 2, std::slice::from_ref(&whole)), WRONG_KIND);
        // A state of another length, as a later kind 4 might have, and another kind: not this one.
        refused(&record(1, 1, &[entry(4, 16, 1, &[5, 6])]), WRONG_KIND);
        refused(&record(1, 1, &[entry(5, 8, 1, &[5])]), WRONG_KIND);
        // A count whose bytes no memory has.
        for saved in [2, 1 << 61, u64::MAX] {
            refused(&record(1, 1, &[entry(4, 8, saved, &[5])]), WRONG_COUNT);
        }
        let none = record(1, 1, &[entry(4, 8, 0, &[])]);
        expect(
            "none",
            library.load(&mut [Saved::zeros(4, 0)], &none).code,
            OK,
        );
    });
}

/// Something that begins as a record and goes on at random, or with small numbers in all the places that are looked at.
fn nearly_a_record(random: &mut Random) -> Vec<u8> {
    let bytes: Vec<u8> = (0..random.below(200))
        .map(|_| random.bits() as u8)
        .collect();
    match random.below(4) {
        0 => bytes,
        1 => [b"\x89TRIMTAB\x01\0\0\0".to_vec(), bytes].concat(),
        2 => record(1, random.below(4) as u32, &[bytes]),
        _ => {
            let mut plausible = |_| {
                let [kind, fields] = [6, 5].map(|n| random.below(n) as u32);
                let [count, words] = [4, 14].map(|n| random.below(n));
                entry(kind, 8 * fields, count as u64, &vec![42; words])
            };
            let entries: Vec<_> = (0..6).map(&mut plausible).collect();
            let some = random.below(7);
            record(1, 4 + random.below(3) as u32, &entries[..some])
        }
    }
}

/// No panic, and nothing is written unless it is what this run would have saved.
#[test]
fn anything_at_all() {
    each(|library| {
        for seed in 0..4_000 {
            let bytes = nearly_a_record(&mut Random(seed));
            let mut run = random(93, [1; 5]);
            let before = words(&run);
            match library.load(&mut run, &bytes).code {
                OK => assert_eq!(library.save(&mut run), bytes),
                _ => assert_eq!(words(&run), before),
            }
        }
    });
}
