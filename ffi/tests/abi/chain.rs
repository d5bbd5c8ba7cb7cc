//! What a chain has in C and its functions have not: kinds, fields that a method does not use, and pointers to it all.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use super::c;
use super::library::LIBRARIES;
use super::raw::Raw;
use crate::chain::trimtab_method;
use crate::common::methods::{METHODS, named};
use crate::common::states::StateKind;
use crate::common::status::{BAD_CONFIG, MISALIGNED, NULL_POINTER, OK, expect};
use crate::common::table::Description;
use crate::common::world::{World, changed, four};

const UNTOUCHED: usize = 77;

/// The second of two methods is refused when one of its fields is spoilt, and nothing changes.
#[track_caller]
fn refused(of: &'static Description, code: i32, what: &str, spoil: impl Fn(&mut trimtab_method)) {
    let what = format!("{of:?} with {what}");
    let mut data = four();
    let mut world = World::observed(LIBRARIES[0], &mut data);
    let mut first = world.under_way(named("gradient_stabilizer").usual());
    let mut second = world.under_way(of.usual());
    let before = (world.bits(), first.states.bits(), second.states.bits());
    let raws = [&mut first, &mut second];
    let raws = raws.map(|running| Raw::method(running, &world.params, &mut world.grads));
    let mut chain = [raws[0].link(), raws[1].link()];
    spoil(&mut chain[1]);
    let (grads, n, mut refused) = (raws[0].grads, raws[0].n, UNTOUCHED);
    let result = c::decide(chain.as_ptr(), 2, grads, n, &raw mut refused);
    expect(&what, result, code);
    assert_eq!(refused, 1, "{what}");
    let after = (world.bits(), first.states.bits(), second.states.bits());
    assert!(
        before == after,
        "{what}: {:?}",
        changed(&before.0, &after.0)
    );
}

#[test]
fn fields_that_a_method_does_not_have_are_refused() {
    let somewhere = null_mut::<c_void>().wrapping_byte_add(8);
    for of in &METHODS {
        let beyond = METHODS.len() as u32;
        refused(of, BAD_CONFIG, "an unknown kind", |m| m.kind = beyond);
        refused(of, BAD_CONFIG, "no kind", |m| m.kind = u32::MAX);
        refused(of, BAD_CONFIG, "reserved", |m| m.reserved = 1);
        if of.fields.is_empty() {
            refused(of, BAD_CONFIG, "a configuration", |m| m.config = somewhere);
        }
        if of.state == StateKind::None {
            refused(of, BAD_CONFIG, "a state", |m| m.state = somewhere);
        }
        if of.number.is_none() {
            refused(of, BAD_CONFIG, "a number", |m| m.number = 1.0);
            refused(of, BAD_CONFIG, "no number", |m| m.number = f64::NAN);
        }
        if !of.reads_params {
            refused(of, BAD_CONFIG, "an input", |m| m.input = somewhere);
        }
    }
}

#[test]
fn pointers_that_a_method_needs() {
    for of in METHODS.iter().filter(|of| of.state != StateKind::None) {
        refused(of, NULL_POINTER, "no state", |m| m.state = null_mut());
        refused(of, MISALIGNED, "a state off", |m| {
            m.state = m.state.wrapping_byte_add(4)
        });
    }
    for of in METHODS.iter().filter(|of| of.reads_params) {
        refused(of, NULL_POINTER, "no input", |m| m.input = null());
    }
    for of in METHODS.iter().filter(|of| !of.fields.is_empty()) {
        refused(of, MISALIGNED, "a configuration off", |m| {
            m.config = m.config.wrapping_byte_add(2)
        });
    }
}

/// What no method has refused leaves `refused` alone.
#[test]
fn bad_arguments_of_the_call_itself() {
    let mut data = four();
    let mut world = World::observed(LIBRARIES[0], &mut data);
    let mut running = world.under_way(named("znorm").usual());
    let before = world.bits();
    let raw = Raw::method(&mut running, &world.params, &mut world.grads);
    let (chain, grads, n) = ([raw.link()], raw.grads, raw.n);
    let odd = chain.as_ptr().wrapping_byte_add(1);
    let mut refused = UNTOUCHED;
    for (what, code, chain, grads) in [
        ("no chain", NULL_POINTER, null(), grads),
        ("an odd chain", MISALIGNED, odd, grads),
        ("no gradients", NULL_POINTER, chain.as_ptr(), null_mut()),
    ] {
        expect(what, c::decide(chain, 1, grads, n, &raw mut refused), code);
    }
    assert_eq!(refused, UNTOUCHED);
    assert_eq!(changed(&before, &world.bits()), Vec::<&str>::new());
    let decided = c::decide(chain.as_ptr(), 1, grads, n, null_mut());
    expect("nobody asks who refused", decided, OK);
    expect("none", c::decide(null(), 0, grads, n, null_mut()), OK);
}

/// GLOBAL takes one state: what lies behind it is not looked at and not touched.
#[test]
fn global_scope_takes_one_state() {
    let mut data = four();
    let mut world = World::pending(LIBRARIES[0], &mut data);
    let global = named("gradient_stabilizer").usual().with(&[("scope", 1.0)]);
    let mut running = world.under_way(global);
    let mut behind = running.states.norms[0];
    behind.m = f64::NAN;
    running.states.norms.push(behind);
    let before = running.states.bits();
    world.accepts("one state", &mut running);
    assert_eq!(running.states.norms[0].steps, 4);
    assert_eq!(running.states.bits()[4..], before[4..]);
}
