//! What goes with the gradients as pointers: slots of an optimizer's step, of which some are looked at and some are not,
//! and outputs of `apply_into`, which may be the gradients themselves.

use std::ptr::{dangling_mut, null_mut};
use std::slice;

use super::c;
use super::library::LIBRARIES;
use super::raw::{Raw, descriptors, slots};
use crate::common::elements::Elements;
use crate::common::methods::OPTIMIZERS;
use crate::common::status::{BAD_CONFIG, BAD_DTYPE, MISALIGNED, NULL_POINTER, OK, expect};
use crate::common::table::{Description, Setting};
use crate::common::world::{World, changed, four};
use crate::types::trimtab_slot;

fn steps() -> impl Iterator<Item = Setting> {
    OPTIMIZERS.iter().flat_map(Description::settings)
}

/// How many pointers of a slot a step needs.
fn needed(setting: &Setting) -> usize {
    match setting.of.name {
        "adam" => 3,
        _ if setting.get("momentum") > 0.0 => 2,
        _ => 1,
    }
}

/// The code and the blame of a step with spoilt slots, and what has changed by it.
fn stepped(
    setting: &Setting,
    spoil: impl FnOnce(&mut [trimtab_slot]),
) -> ((i32, usize), Vec<&'static str>, Vec<u64>) {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let before = world.bits();
    let mut slots = slots(&mut world.parameters);
    spoil(&mut slots);
    let raw = Raw::optimizer(setting, &mut world.grads, &mut world.parameters, &slots);
    let mut at = 77;
    let code = raw.at(&raw mut at);
    let after = world.bits();
    let all = after.iter().flat_map(|(_, bits)| bits.clone()).collect();
    ((code, at), changed(&before, &after), all)
}

/// How many pointers a step has to need to mind, the code, and what is done to a slot.
type Spoilt = (usize, i32, fn(&mut trimtab_slot));

/// Half an element off: parameters are f32 and f64 in turn.
fn half(slot: &trimtab_slot) -> usize {
    if slot.dtype == 0 { 2 } else { 4 }
}

const SPOILT: [Spoilt; 15] = [
    (1, BAD_DTYPE, |s| s.dtype = 1),
    (1, BAD_DTYPE, |s| s.dtype = 2),
    (1, BAD_DTYPE, |s| s.dtype = 4),
    (1, BAD_DTYPE, |s| s.dtype = u32::MAX),
    (1, BAD_CONFIG, |s| s.reserved = 1),
    (1, BAD_CONFIG, |s| s.reserved = 1 << 31),
    (1, NULL_POINTER, |s| s.param = null_mut()),
    (2, NULL_POINTER, |s| s.first = null_mut()),
    (3, NULL_POINTER, |s| s.second = null_mut()),
    (1, MISALIGNED, |s| {
        s.param = s.param.wrapping_byte_add(half(s))
    }),
    (2, MISALIGNED, |s| {
        s.first = s.first.wrapping_byte_add(half(s))
    }),
    (3, MISALIGNED, |s| {
        s.second = s.second.wrapping_byte_add(half(s))
    }),
    (1, MISALIGNED, |s| s.param = s.param.wrapping_byte_add(1)),
    (2, MISALIGNED, |s| s.first = dangling_mut::<u8>().cast()),
    (3, MISALIGNED, |s| s.second = dangling_mut::<u8>().cast()),
];

/// What a step needs is checked, and refused changes nothing; what it does not need is never looked at.
#[test]
fn slots_of_a_step() {
    for setting in steps() {
        let (_, _, plain) = stepped(&setting, |_| ());
        for (at, (minds, code, spoil)) in (0..4).flat_map(|at| SPOILT.map(|s| (at, s))) {
            let (answer, changed, after) = stepped(&setting, |slots| spoil(&mut slots[at]));
            if minds <= needed(&setting) {
                assert_eq!((answer, changed), ((code, at), vec![]), "{setting:?}");
            } else {
                assert_eq!(answer.0, OK, "{setting:?}");
                assert!(after == plain, "{setting:?}");
            }
        }
    }
}

#[test]
fn outputs() {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let before = world.bits();
    let good: Vec<_> = world.outputs.iter_mut().map(Elements::pointer).collect();
    let grads = descriptors(&mut world.grads);
    for index in 0..4 {
        let off = good[index].wrapping_byte_add(1);
        for (code, pointer) in [(NULL_POINTER, null_mut()), (MISALIGNED, off)] {
            let (mut out, mut at) = (good.clone(), 77);
            out[index] = pointer;
            let refused = c::apply_into_at(grads, out.as_ptr(), 4, &raw mut at);
            assert_eq!((refused, at), (code, index));
        }
    }
    assert!(world.bits() == before);
}

/// `out[i] == grads[i].data` is allowed, and the same as writing in place.
#[test]
fn outputs_may_be_the_gradients_themselves() {
    for center in [0.0, 0.3] {
        let written = |in_place: bool| {
            let mut data = four();
            let mut world = World::pending(LIBRARIES[0], &mut data);
            let grads = descriptors(&mut world.grads);
            // SAFETY: there are four, which nothing else borrows now.
            let grads = unsafe { slice::from_raw_parts_mut(grads, 4) };
            grads
                .iter_mut()
                .for_each(|grad| grad.affine.center = center);
            let out: Vec<_> = grads.iter().map(|grad| grad.data).collect();
            let code = match in_place {
                true => c::apply(grads.as_mut_ptr(), 4),
                false => c::apply_into(grads.as_ptr(), out.as_ptr(), 4),
            };
            expect("a write", code, OK);
            drop(world);
            data.iter().map(|(_, data)| data.bits()).collect::<Vec<_>>()
        };
        assert_eq!(written(true), written(false));
    }
}

/// An f16 at an even address.
#[test]
fn outputs_need_the_alignment_of_their_elements_only() {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let mut out: Vec<_> = world.outputs.iter_mut().map(Elements::pointer).collect();
    let mut memory = [0_u32; 4];
    out[3] = memory.as_mut_ptr().wrapping_byte_add(2).cast();
    let grads = descriptors(&mut world.grads);
    expect("apply_into", c::apply_into(grads, out.as_ptr(), 4), OK);
    // Half of -1, 0.5, 8, 1/16, -3 and 1.
    let halves: Vec<u8> = memory.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let words = halves[2..14].chunks_exact(2);
    let words: Vec<u16> = words
        .map(|two| u16::from_ne_bytes([two[0], two[1]]))
        .collect();
    assert_eq!(words, [0xb800, 0x3400, 0x4400, 0x2800, 0xbe00, 0x3800]);
    assert_eq!((halves[0], halves[1], halves[14], halves[15]), (0, 0, 0, 0));
}
