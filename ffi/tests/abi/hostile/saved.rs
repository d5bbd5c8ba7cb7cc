//! Saving and loading of states: what was saved comes back, what is damaged changes nothing.

use std::ffi::c_void;

use super::source::Source;
use super::world::World;
use crate::abi_tests::c;
use crate::common::status::{self, OK};
use crate::state::trimtab_states;

/// All states of a world in the order of their kinds.
fn entries(world: &mut World) -> [trimtab_states; 5] {
    let entry = |kind, states: *mut c_void, count| trimtab_states {
        states,
        count,
        kind,
        reserved: 0,
    };
    [
        entry(
            0,
            world.states.norms.as_mut_ptr().cast(),
            world.states.norms.len(),
        ),
        entry(1, (&raw mut world.states.autoscale).cast(), 1),
        entry(2, (&raw mut world.states.zclip).cast(), 1),
        entry(3, (&raw mut world.states.guard).cast(), 1),
        entry(4, (&raw mut world.step).cast(), 1),
    ]
}

/// Saves, damages some bytes, and loads into zeros.
pub fn check(source: &mut Source, world: &mut World) {
    let before = world.snapshot();
    let mut listed = entries(world);
    let mut bytes = vec![0_u8; 1_024];
    let mut size = 0;
    let save = c::state_save(
        listed.as_ptr(),
        listed.len(),
        bytes.as_mut_ptr().cast(),
        bytes.len(),
        &raw mut size,
    );
    assert_eq!(save, OK, "everything is as it should be");
    assert_eq!(world.changed_since(&before), [""; 0], "save");
    bytes.truncate(size);
    let intact = bytes.clone();
    damage(source, &mut bytes);
    let kind = source.below(64);
    if kind >= 60 {
        // One that exists would be a lie about the memory.
        listed[kind - 60].kind = 5 + source.word() as u32 % 1_000;
    }
    world.forget();
    let zeros = world.snapshot();
    let load = c::state_load(
        listed.as_ptr(),
        listed.len(),
        bytes.as_ptr().cast(),
        bytes.len(),
    );
    assert!(
        (status::BAD_CHECKSUM..=OK).contains(&load),
        "load returns {load}"
    );
    if load != OK {
        assert_eq!(
            world.changed_since(&zeros),
            [""; 0],
            "{}",
            status::name(load)
        );
    } else {
        assert_eq!(bytes, intact, "a checksum has let damage through");
        let states =
            |name: &&(&str, Vec<u8>)| name.0.ends_with("state") || name.0.ends_with("states");
        let now = world.snapshot();
        assert!(now.iter().filter(states).eq(before.iter().filter(states)));
    }
}

/// Some bytes overwritten, cut off or added, or nothing at all. CRC-32 knows every change within 32 bits.
fn damage(source: &mut Source, bytes: &mut Vec<u8>) {
    match source.below(8) {
        4 | 5 => {
            let at = source.word() as usize % bytes.len();
            let until = (at + 1 + source.below(4)).min(bytes.len());
            bytes[at..until].fill_with(|| source.byte());
        }
        6 => bytes.truncate(source.word() as usize % bytes.len()),
        7 => bytes.extend(vec![source.byte(); 1 + source.below(16)]),
        _ => (),
    }
}
