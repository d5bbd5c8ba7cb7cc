//! All states of a run as bytes, and back: the arguments, the codes, and not one byte moved by a refusal.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use trimtab_core::{AutoscaleState, GuardState, NormState, StepState, ZclipState};

use super::c;
use super::status::*;
use super::world::{World, bytes};
use crate::state::trimtab_states;

const NORM: u32 = 0;
const AUTOSCALE: u32 = 1;
const ZCLIP: u32 = 2;
const GUARD: u32 = 3;
const STEP: u32 = 4;

/// 32 bytes, five entries of 16, and the states: four norms and one of each other kind.
const SIZE: usize = 32 + 5 * 16 + 4 * 32 + 32 + 24 + 16 + 8;

fn one<S>(kind: u32, states: &mut [S]) -> trimtab_states {
    trimtab_states {
        states: states.as_mut_ptr().cast(),
        count: states.len(),
        kind,
        reserved: 0,
    }
}

/// All states of a world, as a C program lists them.
fn entries(world: &mut World) -> [trimtab_states; 5] {
    [
        one(NORM, &mut world.norms),
        one(AUTOSCALE, std::slice::from_mut(&mut world.autoscale)),
        one(ZCLIP, std::slice::from_mut(&mut world.zclip)),
        one(GUARD, std::slice::from_mut(&mut world.guard)),
        one(STEP, std::slice::from_mut(&mut world.step)),
    ]
}

/// Bytes one off any alignment.
struct Odd(Vec<u64>);

impl Odd {
    fn new() -> Self {
        Self(vec![0xa5a5_a5a5_a5a5_a5a5; SIZE / 8 + 2])
    }

    fn pointer(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast::<c_void>().wrapping_byte_add(1)
    }

    fn bytes(&self) -> Vec<u8> {
        bytes(&self.0)[1..].to_vec()
    }
}

fn saved(world: &mut World) -> Odd {
    let (entries, mut buffer, mut size) = (entries(world), Odd::new(), 0);
    let save = c::state_save(entries.as_ptr(), 5, buffer.pointer(), SIZE, &raw mut size);
    expect("save", save, OK);
    assert_eq!(size, SIZE);
    buffer
}

/// Loading into a world of other states returns this code, and nothing has changed if it is not OK.
#[track_caller]
fn load(
    code: i32,
    what: &str,
    bytes: *const c_void,
    len: usize,
    spoil: impl FnOnce(&mut [trimtab_states; 5]),
) -> World {
    let mut world = World::new();
    world.forget();
    let before = world.snapshot();
    let mut entries = entries(&mut world);
    spoil(&mut entries);
    expect(what, c::state_load(entries.as_ptr(), 5, bytes, len), code);
    if code != OK {
        assert_eq!(world.changed_since(&before), [""; 0], "{what}");
    }
    world
}

#[test]
fn states_come_back() {
    let mut world = World::new();
    let before = world.snapshot();
    let mut buffer = saved(&mut world);
    assert_eq!(world.changed_since(&before), [""; 0]);
    let back = load(OK, "load", buffer.pointer(), SIZE, |_| ());
    assert_eq!(bytes(&back.norms), bytes(&world.norms));
    assert_eq!(bytes(&[back.autoscale]), bytes(&[world.autoscale]));
    assert_eq!(bytes(&[back.zclip]), bytes(&[world.zclip]));
    assert_eq!(bytes(&[back.guard]), bytes(&[world.guard]));
    assert_eq!(bytes(&[back.step]), bytes(&[world.step]));
}

/// The documented bytes of one state of every kind, the checksums from Python's zlib.crc32.
#[test]
fn the_bytes_are_the_documented_ones() {
    let mut step = [StepState { steps: 258 }];
    let (entry, mut buffer, mut size) = ([one(STEP, &mut step)], [0_u8; 56], 0);
    let save = c::state_save(
        entry.as_ptr(),
        1,
        buffer.as_mut_ptr().cast(),
        56,
        &raw mut size,
    );
    expect("save", save, OK);
    let expected = [
        *b"\x89TRIMTAB",
        [1, 0, 0, 0, 1, 0, 0, 0],
        [56, 0, 0, 0, 0, 0, 0, 0],
        [0x95, 0x1f, 0x26, 0x1d, 0xf1, 0x90, 0x2e, 0xb3],
        [4, 0, 0, 0, 8, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0, 0],
        [2, 1, 0, 0, 0, 0, 0, 0],
    ];
    assert_eq!((size, &buffer[..]), (56, expected.as_flattened()));
}

#[test]
fn the_size_is_told_and_too_small_a_buffer_is_not_written() {
    let mut world = World::new();
    let entries = entries(&mut world);
    for capacity in [0, 1, 31, 32, SIZE - 1, SIZE, SIZE + 1, usize::MAX] {
        let (mut buffer, mut size) = (Odd::new(), 0);
        let save = c::state_save(
            entries.as_ptr(),
            5,
            buffer.pointer(),
            capacity,
            &raw mut size,
        );
        let code = if (1..SIZE).contains(&capacity) {
            BAD_LENGTH
        } else {
            OK
        };
        expect(&format!("capacity {capacity}"), save, code);
        assert_eq!(size, SIZE, "capacity {capacity}");
        let written = if capacity < SIZE { 0 } else { SIZE };
        assert!(buffer.bytes()[written..].iter().all(|byte| *byte == 0xa5));
        assert_eq!(buffer.bytes().starts_with(b"\x89TRIMTAB"), written > 0);
    }
    let mut size = 0;
    let query = c::state_save(entries.as_ptr(), 5, null_mut(), 0, &raw mut size);
    expect("NULL with capacity 0", query, OK);
    assert_eq!(size, SIZE);
}

#[test]
fn nothing_to_save_is_a_record_too() {
    let (mut buffer, mut size) = (Odd::new(), 0);
    let save = c::state_save(null(), 0, buffer.pointer(), SIZE, &raw mut size);
    expect("no entries", save, OK);
    assert_eq!(size, 32);
    expect(
        "no entries",
        c::state_load(null(), 0, buffer.pointer(), 32),
        OK,
    );
    let mut none = one::<NormState>(NORM, &mut []);
    none.states = null_mut();
    let save = c::state_save(&raw const none, 1, buffer.pointer(), SIZE, &raw mut size);
    expect("no states", save, OK);
    assert_eq!(size, 48);
    let load = c::state_load(&raw const none, 1, buffer.pointer(), 48);
    expect("no states", load, OK);
}

/// What is wrong with an entry, and how.
type Spoilt = (&'static str, i32, fn(&mut [trimtab_states; 5]));

const SPOILT: [Spoilt; 7] = [
    ("NULL states", NULL_POINTER, |e| e[4].states = null_mut()),
    ("states 4 bytes off", MISALIGNED, |e| {
        e[2].states = e[2].states.wrapping_byte_add(4)
    }),
    ("kind 5", BAD_CONFIG, |e| e[3].kind = 5),
    ("the last kind of all", BAD_CONFIG, |e| e[3].kind = u32::MAX),
    ("a reserved field that is not 0", BAD_CONFIG, |e| {
        e[3].reserved = 1
    }),
    ("a count that cannot exist", BAD_LENGTH, |e| {
        e[4].count = usize::MAX / 8
    }),
    ("counts that fill no memory", BAD_LENGTH, |e| {
        e[1].count = usize::MAX
    }),
];

#[test]
fn bad_entries() {
    let mut buffer = saved(&mut World::new());
    for (what, code, spoil) in SPOILT {
        load(code, what, buffer.pointer(), SIZE, spoil);
        let mut world = World::new();
        let (mut entries, mut fresh, mut size) = (entries(&mut world), Odd::new(), 77);
        spoil(&mut entries);
        let save = c::state_save(entries.as_ptr(), 5, fresh.pointer(), SIZE, &raw mut size);
        expect(what, save, code);
        assert_eq!((size, fresh.bytes()), (77, Odd::new().bytes()), "{what}");
    }
}

#[test]
fn null_and_misaligned_arguments() {
    let mut world = World::new();
    let mut buffer = saved(&mut world);
    let before = (world.snapshot(), buffer.bytes());
    let entries = entries(&mut world);
    let (list, to, mut size) = (entries.as_ptr(), buffer.pointer(), 77_usize);
    let far = list.wrapping_byte_add(4);
    let size_off = (&raw mut size).wrapping_byte_add(1);
    let save = c::state_save;
    expect(
        "NULL entries",
        save(null(), 5, to, SIZE, &raw mut size),
        NULL_POINTER,
    );
    expect(
        "entries off",
        save(far, 5, to, SIZE, &raw mut size),
        MISALIGNED,
    );
    expect(
        "NULL bytes",
        save(list, 5, null_mut(), SIZE, &raw mut size),
        NULL_POINTER,
    );
    expect(
        "NULL bytes, few",
        save(list, 5, null_mut(), 1, &raw mut size),
        NULL_POINTER,
    );
    expect(
        "NULL size",
        save(list, 5, to, SIZE, null_mut()),
        NULL_POINTER,
    );
    expect("size off", save(list, 5, to, SIZE, size_off), MISALIGNED);
    expect(
        "NULL entries",
        c::state_load(null(), 5, to, SIZE),
        NULL_POINTER,
    );
    expect("entries off", c::state_load(far, 5, to, SIZE), MISALIGNED);
    expect(
        "NULL bytes",
        c::state_load(list, 5, null(), SIZE),
        NULL_POINTER,
    );
    expect("no bytes", c::state_load(list, 5, null(), 0), TRUNCATED);
    expect(
        "too many",
        c::state_load(list, 5, to, usize::MAX),
        BAD_LENGTH,
    );
    assert_eq!(
        (world.snapshot(), buffer.bytes(), size),
        (before.0, before.1, 77)
    );
}

#[test]
fn every_refusal_of_the_bytes_has_its_code() {
    let whole = saved(&mut World::new()).bytes();
    for len in 0..SIZE {
        let what = format!("{len} bytes");
        load(TRUNCATED, &what, whole.as_ptr().cast(), len, |_| ());
    }
    load(
        BAD_LENGTH,
        "a byte more",
        whole.as_ptr().cast(),
        SIZE + 1,
        |_| (),
    );
    for bit in 0..8 * SIZE {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let code = match bit / 8 {
            0..8 => BAD_MAGIC,
            8..12 => BAD_VERSION,
            _ => BAD_CHECKSUM,
        };
        load(
            code,
            &format!("bit {bit}"),
            flipped.as_ptr().cast(),
            SIZE,
            |_| (),
        );
    }
}

/// Another run than the one that was saved.
const OTHERS: [Spoilt; 5] = [
    ("another kind", WRONG_KIND, |e| e[0].kind = AUTOSCALE),
    ("another order", WRONG_KIND, |e| e.swap(3, 4)),
    ("fewer states", WRONG_COUNT, |e| e[0].count = 3),
    ("no states", WRONG_COUNT, |e| e[4].count = 0),
    ("another kind, then another count", WRONG_KIND, |e| {
        (e[1].kind, e[2].count) = (NORM, 0)
    }),
];

#[test]
fn another_run() {
    let mut buffer = saved(&mut World::new());
    for (what, code, spoil) in OTHERS {
        load(code, what, buffer.pointer(), SIZE, spoil);
    }
    let mut world = World::new();
    let entries = entries(&mut world);
    for n in 0..5 {
        let load = c::state_load(entries.as_ptr(), n, buffer.pointer(), SIZE);
        expect(&format!("{n} entries"), load, WRONG_KIND);
    }
    let mut five: Vec<trimtab_states> = entries.to_vec();
    five.push(five[4]);
    let load = c::state_load(five.as_ptr(), 6, buffer.pointer(), SIZE);
    expect("6 entries", load, WRONG_KIND);
}

/// The kinds and sizes that the entries above rely on.
#[test]
fn states_are_as_long_as_in_the_bytes() {
    let sizes = [
        size_of::<NormState>(),
        size_of::<AutoscaleState>(),
        size_of::<ZclipState>(),
        size_of::<GuardState>(),
        size_of::<StepState>(),
    ];
    assert_eq!(sizes, [32, 32, 24, 16, 8]);
}
