//! NULL and misaligned pointers, one at a time, in every function that has them.

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::slice;

use trimtab::Moments;

use super::c;
use super::library::LIBRARIES;
use super::raw::{Raw, descriptors, slots};
use crate::common::elements::Elements;
use crate::common::methods::everything;
use crate::common::states::StateKind;
use crate::common::status::{BAD_LENGTH, MISALIGNED, NULL_POINTER, OK, expect};
use crate::common::table::{Description, Setting};
use crate::common::world::{World, changed, four};
use crate::types::{trimtab_slot, trimtab_tensor};

/// What one call is told, to be spoilt: the arguments, and the descriptors and slots that they point to.
struct Told {
    raw: Raw,
    grads: Vec<trimtab_tensor>,
    slots: Vec<trimtab_slot>,
}

/// The code of the method's own function and of the one that says who is to blame, which is the same, when something is
/// spoilt. What is refused changes nothing.
#[track_caller]
fn told(setting: &Setting, what: &str, spoil: impl FnOnce(&mut Told)) -> i32 {
    let what = format!("{setting:?} with {what}");
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let mut running = world.under_way(setting.clone());
    let before = (world.bits(), running.states.bits());
    let slots = slots(&mut world.parameters);
    let raw = match setting.of.is_method() {
        true => Raw::method(&mut running, &world.params, &mut world.grads),
        false => Raw::optimizer(setting, &mut world.grads, &mut world.parameters, &slots),
    };
    // SAFETY: as many descriptors as there are, which nothing else borrows now.
    let grads = unsafe { slice::from_raw_parts(raw.grads, raw.n) }.to_vec();
    let mut told = Told { raw, grads, slots };
    (told.raw.grads, told.raw.slots) = (told.grads.as_mut_ptr(), told.slots.as_ptr());
    spoil(&mut told);
    let unwritten = format!("{:?}", told.grads);
    let mut at = 0;
    let code = told.raw.at(&raw mut at);
    if code < OK {
        expect(&what, told.raw.alone(), code);
        assert_eq!(format!("{:?}", told.grads), unwritten, "{what}");
        let changed = changed(&before.0, &world.bits());
        assert!(changed.is_empty(), "{what}: {changed:?} changed");
        assert_eq!(running.states.bits(), before.1, "{what}");
    }
    code
}

#[track_caller]
fn refused(setting: &Setting, code: i32, what: &str, spoil: impl FnOnce(&mut Told)) {
    expect(what, told(setting, what, spoil), code);
}

/// Every method and optimizer, with its usual values and the variants.
fn all() -> impl Iterator<Item = Setting> {
    everything().flat_map(Description::settings)
}

#[test]
fn gradients() {
    for setting in all() {
        refused(&setting, NULL_POINTER, "NULL descriptors", |t| {
            t.raw.grads = null_mut()
        });
        for shift in [1, 4] {
            refused(&setting, MISALIGNED, "descriptors off", |t| {
                t.raw.grads = t.raw.grads.wrapping_byte_add(shift)
            });
        }
        refused(&setting, NULL_POINTER, "NULL data", |t| {
            t.grads[3].data = null_mut()
        });
        // Element sizes are 4, 8, 2 and 2.
        for (tensor, shift) in [(0, 1), (0, 2), (1, 1), (1, 4), (2, 1), (3, 1)] {
            refused(&setting, MISALIGNED, "data off", |t| {
                t.grads[tensor].data = t.grads[tensor].data.wrapping_byte_add(shift);
            });
        }
    }
}

#[test]
fn states_and_inputs() {
    for setting in all() {
        if setting.of.state != StateKind::None {
            refused(&setting, NULL_POINTER, "NULL state", |t| {
                t.raw.state = null_mut()
            });
            refused(&setting, MISALIGNED, "state off", |t| {
                t.raw.state = t.raw.state.wrapping_byte_add(4)
            });
        }
        if setting.of.reads_params {
            refused(&setting, NULL_POINTER, "NULL input", |t| {
                t.raw.input = null()
            });
            refused(&setting, MISALIGNED, "input off", |t| {
                t.raw.input = t.raw.input.wrapping_byte_add(4)
            });
        }
    }
}

/// Configurations may be NULL, but not misaligned. (Two methods have them in chains only.)
#[test]
fn configurations() {
    let in_chains_only = |of: &Description| ["centralize", "clip_norm"].contains(&of.name);
    // With the usual values only: the defaults ask for as many states.
    let configured = everything().filter(|of| !of.fields.is_empty());
    for setting in configured.map(Description::usual) {
        let code = told(&setting, "NULL configuration", |t| t.raw.config = null());
        expect("NULL configuration", code, OK);
        if !in_chains_only(setting.of) {
            refused(&setting, MISALIGNED, "configuration off", |t| {
                t.raw.config = t.raw.config.wrapping_byte_add(2)
            });
        }
    }
}

#[test]
fn arrays_of_slots() {
    for setting in all().filter(|setting| !setting.of.is_method()) {
        refused(&setting, NULL_POINTER, "NULL slots", |t| {
            t.raw.slots = null()
        });
        refused(&setting, MISALIGNED, "slots off", |t| {
            t.raw.slots = t.raw.slots.wrapping_byte_add(4)
        });
    }
}

/// `observe`, `apply` and `apply_into`, whose arguments are no method's.
#[test]
fn passes() {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let mut out: Vec<_> = world.outputs.iter_mut().map(Elements::pointer).collect();
    let before = world.bits();
    let (grads, n) = (descriptors(&mut world.grads), 4);
    let off = grads.wrapping_byte_add(4);
    for (code, grads) in [(NULL_POINTER, null_mut()), (MISALIGNED, off)] {
        expect("observe", c::observe(grads, n), code);
        expect("apply", c::apply(grads, n), code);
        expect("apply_into", c::apply_into(grads, out.as_ptr(), n), code);
    }
    // SAFETY: as many descriptors as there are.
    let mut copies = unsafe { slice::from_raw_parts(grads, n) }.to_vec();
    for index in 0..n {
        let data = copies[index].data;
        let spoilt = [
            (NULL_POINTER, null_mut()),
            (MISALIGNED, data.wrapping_byte_add(1)),
        ];
        for (code, spoilt) in spoilt {
            copies[index].data = spoilt;
            let grads = copies.as_mut_ptr();
            expect("observe", c::observe(grads, n), code);
            expect("apply", c::apply(grads, n), code);
            expect("apply_into", c::apply_into(grads, out.as_ptr(), n), code);
            copies[index].data = data;
            let good = std::mem::replace(&mut out[index], spoilt);
            expect("apply_into", c::apply_into(grads, out.as_ptr(), n), code);
            out[index] = good;
        }
    }
    let (no_list, list) = (null::<*mut c_void>(), out.as_ptr().wrapping_byte_add(4));
    expect("out", c::apply_into(grads, no_list, n), NULL_POINTER);
    expect("out", c::apply_into(grads, list, n), MISALIGNED);
    assert_eq!(changed(&before, &world.bits()), Vec::<&str>::new());
}

#[test]
fn arguments_of_observe_chunk() {
    let (mut moments, values) = (Moments::default(), [1.0_f32, 2.0]);
    let into = &raw mut moments;
    let data: *const c_void = values.as_ptr().cast();
    let odd = data.wrapping_byte_add(1);
    let far = into.wrapping_byte_add(4);
    let f32 = 0;
    let half = isize::MAX as usize / 4 + 1;
    for (what, code, into, data, len) in [
        ("NULL into", NULL_POINTER, null_mut(), data, 2),
        ("NULL into, no data", NULL_POINTER, null_mut(), null(), 0),
        ("into off", MISALIGNED, far, data, 2),
        ("NULL data", NULL_POINTER, into, null(), 1),
        ("data off", MISALIGNED, into, odd, 1),
        ("too long", BAD_LENGTH, into, data, half),
        ("far too long", BAD_LENGTH, into, data, usize::MAX),
    ] {
        expect(what, c::observe_chunk(into, data, len, f32), code);
    }
    assert_eq!(moments, Moments::default());
}

#[test]
fn arguments_of_merge() {
    let some = Moments {
        count: 1,
        sum: 2.0,
        sum_sq: 4.0,
        abs_max: 2.0,
    };
    let (mut into, from) = (Moments::default(), some);
    let (to, of) = (&raw mut into, &raw const from);
    let (far, off) = (to.wrapping_byte_add(4), of.wrapping_byte_add(4));
    for (what, code, into, from) in [
        ("NULL into", NULL_POINTER, null_mut(), of),
        ("NULL from", NULL_POINTER, to, null()),
        ("both NULL", NULL_POINTER, null_mut(), null()),
        ("into off", MISALIGNED, far, of),
        ("from off", MISALIGNED, to, off),
    ] {
        expect(what, c::moments_merge(into, from), code);
    }
    assert_eq!((into, from), (Moments::default(), some));
}

/// Of no elements any pointer will do, also where something is to be written.
#[test]
fn an_empty_tensor_may_lie_anywhere() {
    let odd = null_mut::<c_void>().wrapping_byte_add(3);
    let empty = |mut tensor: trimtab_tensor| {
        (tensor.data, tensor.len) = (odd, 0);
        (tensor.affine.center, tensor.affine.scale) = (1.0, 0.5);
        tensor
    };
    for setting in all() {
        let code = told(&setting, "an empty tensor", |t| {
            t.grads[1] = empty(t.grads[1]);
            let slot = &mut t.slots[1];
            (slot.param, slot.first, slot.second) = (odd, odd, odd);
        });
        expect("an empty tensor", code, OK);
    }
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let grads = descriptors(&mut world.grads);
    // SAFETY: there are four.
    let mut grads = unsafe { slice::from_raw_parts(grads, 4) }.to_vec();
    grads.iter_mut().for_each(|tensor| *tensor = empty(*tensor));
    let out = [odd; 4];
    let into = c::apply_into(grads.as_ptr(), out.as_ptr(), 4);
    expect("apply_into", into, OK);
    expect("apply", c::apply(grads.as_mut_ptr(), 4), OK);
}
