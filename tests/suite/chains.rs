//! A chain in one call is its methods one after the other, to the bit, or nothing has changed.

use super::{LIBRARIES, each};
use crate::common::library::{Answer, Library, Running};
use crate::common::methods::{METHODS, every_setting, named};
use crate::common::snapshot;
use crate::common::status::{OK, ORDER, SKIP_STEP, name};
use crate::common::table::{Description, Setting};
use crate::common::world::{World, changed, four, with_nan};

/// The library that asks one by one, and the one that asks in one call.
fn both_ways() -> [&'static dyn Library; 2] {
    let find = |wanted| LIBRARIES.into_iter().find(|l| l.in_one_call() == wanted);
    [false, true].map(|wanted| find(wanted).expect("both ways"))
}

/// Asked in both ways, in a run under way, with good gradients or with a NaN. The code; None where Rust has no such
/// values.
fn same(settings: &[Setting], nan: bool) -> Option<i32> {
    let data = || if nan { with_nan() } else { four() };
    let [alone, together] = both_ways();
    let (mut one, mut other) = (data(), data());
    let mut one = World::observed(alone, &mut one);
    let mut other = World::observed(together, &mut other);
    let running = |setting: &Setting| one.under_way(setting.clone());
    let mut by_one: Vec<Running> = settings.iter().map(running).collect();
    let (mut at_once, states) = (by_one.clone(), by_one.clone());
    let before = other.bits();
    let (expected, answer) = (one.decide(&mut by_one), other.decide(&mut at_once));
    let code = expected.map(|answer| answer.code);
    let what = format!("{settings:?}: {}", code.map_or(String::new(), name));
    assert_eq!(answer, expected, "{what}");
    let (after, states) = match code? < OK {
        true => (before, &states),
        false => (one.bits(), &by_one),
    };
    let changed = changed(&after, &other.bits());
    assert!(changed.is_empty(), "{what}: {changed:?} differ");
    for (at_once, expected) in at_once.iter().zip(states) {
        assert_eq!(at_once.states.bits(), expected.states.bits(), "{what}");
    }
    code
}

/// Every chain of up to three methods, and every pair of two configurations.
#[test]
fn a_chain_is_its_methods_one_after_another() {
    let usual: Vec<Setting> = METHODS.iter().map(Description::usual).collect();
    let all: Vec<Setting> = every_setting().collect();
    let mut chains = vec![vec![]];
    for first in &all {
        chains.push(vec![first.clone()]);
        chains.extend(all.iter().map(|second| vec![first.clone(), second.clone()]));
    }
    for first in &usual {
        for second in &usual {
            let chain = |third: &Setting| vec![first.clone(), second.clone(), third.clone()];
            chains.extend(usual.iter().map(chain));
        }
    }
    let mut codes = [0_u32; 3]; // accepted, skipped, refused
    for chain in &chains {
        for nan in [false, true] {
            match same(chain, nan).expect("good values") {
                OK => codes[0] += 1,
                SKIP_STEP => codes[1] += 1,
                _ => codes[2] += 1,
            }
        }
    }
    assert!(codes.iter().all(|count| *count > 100), "{codes:?}");
}

/// The last method refuses, for each value that it may not have: the states of those before it are as they were.
#[test]
fn a_refusal_by_a_later_method_undoes_the_earlier() {
    for last in &METHODS {
        for (name, class) in last.named() {
            for bad in class.bad() {
                for first in ["guard", "gradient_stabilizer", "centralize"] {
                    let last = last.usual().with(&[(name, *bad)]);
                    let code = same(&[named(first).usual(), last.clone()], false);
                    assert!(code.is_none_or(|code| code < OK), "{first} > {last:?}");
                }
            }
        }
    }
}

/// A chain of one may follow other methods; a longer one may not, and says which tensor is in its way.
#[test]
fn a_chain_starts_right_after_observing() {
    each(|library| {
        let mut data = four();
        let mut world = World::observed(library, &mut data);
        let scale = |factor| world.fresh(named("scale").defaults().with(&[("factor", factor)]));
        let (mut two, mut half) = ([scale(2.0)], vec![scale(0.5), scale(0.5)]);
        let _ = library.decide(&mut two, &[], &mut world.grads[2..3]);
        let before = snapshot::tensors(&world.grads);
        let answer = world.decide(&mut half).expect("can be said");
        if library.in_one_call() {
            let (method, at) = (Some(0), Some(2));
            let code = ORDER;
            assert_eq!(answer, Answer { code, method, at });
            assert_eq!(snapshot::tensors(&world.grads), before);
            assert_eq!(world.decide(&mut half[1..]), Some(Answer::OK));
            let scales = world.grads.iter().map(|tensor| tensor.affine().scale);
            assert_eq!(scales.collect::<Vec<_>>(), [0.5, 0.5, 1.0, 0.5]);
        } else {
            assert_eq!(answer, Answer::OK);
        }
        assert_eq!(world.decide(&mut []), Some(Answer::OK));
    });
}
