//! Saving and loading of states as a C program asks for it: pointers, sizes, capacities, kinds as numbers. What the bytes
//! have to be like is in the suite.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use super::c;
use super::library::states;
use crate::common::random::Random;
use crate::common::saved::Saved;
use crate::common::status::{
    BAD_CONFIG, BAD_LENGTH, MISALIGNED, NULL_POINTER, OK, TRUNCATED, WRONG_KIND, expect,
};
use crate::state::trimtab_states;

/// 32 bytes, five entries of 16, and the states: four norms and one of each other kind.
const SIZE: usize = 32 + 5 * 16 + 4 * 32 + 32 + 24 + 16 + 8;

fn run(seed: u64) -> Vec<Saved> {
    let (mut random, kinds) = (Random(seed), (0..).zip([4, 1, 1, 1, 1]));
    kinds
        .map(|(kind, count)| Saved::random(&mut random, kind, count))
        .collect()
}

fn words(run: &[Saved]) -> Vec<u64> {
    run.iter().flat_map(Saved::words).collect()
}

/// Bytes one off any alignment.
struct Odd(Vec<u8>);

impl Odd {
    fn new() -> Self {
        Self(vec![0xa5; SIZE + 16])
    }

    fn pointer(&mut self) -> *mut c_void {
        self.0
            .as_mut_ptr()
            .wrapping_add(1 - self.0.as_ptr() as usize % 2)
            .cast()
    }

    /// From the pointer on.
    fn bytes(&self) -> &[u8] {
        &self.0[1 - self.0.as_ptr() as usize % 2..]
    }
}

/// The size is told; a buffer that is too small is not written, and what lies behind the record never.
#[test]
fn sizes_and_capacities() {
    let mut run = run(1);
    let before = words(&run);
    let entries = states(&mut run);
    for capacity in [0, 1, 31, 32, SIZE - 1, SIZE, SIZE + 1, usize::MAX] {
        let (mut buffer, mut size) = (Odd::new(), 0);
        let (list, to) = (entries.as_ptr(), buffer.pointer());
        let save = c::state_save(list, 5, to, capacity, &raw mut size);
        let too_small = (1..SIZE).contains(&capacity);
        let code = if too_small { BAD_LENGTH } else { OK };
        expect(&format!("capacity {capacity}"), save, code);
        assert_eq!(size, SIZE, "capacity {capacity}");
        let written = if capacity < SIZE { 0 } else { SIZE };
        assert!(buffer.bytes()[written..].iter().all(|byte| *byte == 0xa5));
        assert_eq!(buffer.bytes().starts_with(b"\x89TRIMTAB"), written > 0);
    }
    let mut size = 0;
    let query = c::state_save(entries.as_ptr(), 5, null_mut(), 0, &raw mut size);
    expect("NULL with capacity 0", query, OK);
    assert_eq!((size, words(&run)), (SIZE, before));
}

#[test]
fn nothing_to_save_may_be_null() {
    let (mut buffer, mut size) = (Odd::new(), 0);
    let (bytes, mut none) = (buffer.pointer(), states(&mut [Saved::zeros(0, 0)]));
    none[0].states = null_mut();
    for (entries, n, expected) in [(null(), 0, 32), (none.as_ptr(), 1, 48)] {
        let save = c::state_save(entries, n, bytes, SIZE, &raw mut size);
        expect("save", save, OK);
        assert_eq!(size, expected);
        expect("load", c::state_load(entries, n, bytes, size), OK);
    }
}

/// What is wrong with an entry, and how.
type Spoilt = (&'static str, i32, fn(&mut [trimtab_states]));

const SPOILT: [Spoilt; 8] = [
    ("NULL states", NULL_POINTER, |e| e[4].states = null_mut()),
    ("states off", MISALIGNED, |e| {
        e[2].states = e[2].states.wrapping_byte_add(4)
    }),
    ("kind 5", BAD_CONFIG, |e| e[3].kind = 5),
    ("the last kind", BAD_CONFIG, |e| e[3].kind = u32::MAX),
    ("a reserved field", BAD_CONFIG, |e| e[3].reserved = 1),
    ("its last bit", BAD_CONFIG, |e| e[3].reserved = 1 << 31),
    ("an impossible count", BAD_LENGTH, |e| {
        e[4].count = usize::MAX / 8
    }),
    ("a huge count", BAD_LENGTH, |e| e[1].count = usize::MAX),
];

/// Neither saved nor loaded into, whatever the bytes.
#[test]
fn bad_entries() {
    let mut record = crate::abi_tests::library::LIBRARIES[0].save(&mut run(1));
    for (what, code, spoil) in SPOILT {
        let mut run = run(2);
        let before = words(&run);
        let mut entries = states(&mut run);
        spoil(&mut entries);
        let (mut fresh, mut size) = (Odd::new(), 77);
        let to = fresh.pointer();
        let save = c::state_save(entries.as_ptr(), 5, to, SIZE, &raw mut size);
        expect(what, save, code);
        assert!(
            size == 77 && fresh.bytes().iter().all(|byte| *byte == 0xa5),
            "{what}"
        );
        for len in [0, SIZE] {
            let from = record.as_mut_ptr().cast();
            expect(what, c::state_load(entries.as_ptr(), 5, from, len), code);
        }
        assert_eq!(words(&run), before, "{what}");
    }
}

#[test]
fn null_and_misaligned_arguments() {
    let mut run = run(1);
    let before = words(&run);
    let entries = states(&mut run);
    let (mut buffer, mut size) = (Odd::new(), 77_usize);
    let (list, to, told) = (entries.as_ptr(), buffer.pointer(), &raw mut size);
    let far = list.wrapping_byte_add(4);
    for (what, code, list, to, capacity, told) in [
        ("NULL entries", NULL_POINTER, null(), to, SIZE, told),
        ("entries off", MISALIGNED, far, to, SIZE, told),
        ("NULL bytes", NULL_POINTER, list, null_mut(), SIZE, told),
        ("NULL bytes, few", NULL_POINTER, list, null_mut(), 1, told),
        ("NULL size", NULL_POINTER, list, to, SIZE, null_mut()),
        (
            "size off",
            MISALIGNED,
            list,
            to,
            SIZE,
            told.wrapping_byte_add(1),
        ),
    ] {
        expect(what, c::state_save(list, 5, to, capacity, told), code);
    }
    assert!(size == 77 && buffer.bytes().iter().all(|byte| *byte == 0xa5));
    expect("save", c::state_save(list, 5, to, SIZE, told), OK);
    for (what, code, list, from, len) in [
        ("NULL entries", NULL_POINTER, null(), to, SIZE),
        ("entries off", MISALIGNED, far, to, SIZE),
        ("NULL bytes", NULL_POINTER, list, null_mut(), SIZE),
        ("no bytes", TRUNCATED, list, null_mut(), 0),
        ("too many", BAD_LENGTH, list, to, usize::MAX),
        ("an odd address", OK, list, to, SIZE),
    ] {
        expect(what, c::state_load(list, 5, from, len), code);
    }
    for n in 0..5 {
        expect("fewer", c::state_load(list, n, to, SIZE), WRONG_KIND);
    }
    assert_eq!(words(&run), before);
}
