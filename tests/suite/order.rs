//! What gradients have to be like, and what has to come first: observed, finite, not behind a finite limit, not spent.
//!
//! For methods and optimizers.

use super::each;
use crate::common::library::Library;
use crate::common::methods::{METHODS, every_setting, everything, named};
use crate::common::snapshot;
use crate::common::status::{BAD_STATE, NON_FINITE, OK, ORDER, OVERFLOW, expect, name};
use crate::common::table::{Description, Setting};
use crate::common::world::{Gradients, World, four};
use trimtab::{Dtype, Moments, Role};

use crate::common::elements::Elements;

/// Every method and optimizer, with its usual values and the variants.
fn all() -> impl Iterator<Item = Setting> {
    everything().flat_map(Description::settings)
}

/// Refused with this code, blaming this tensor, when something has been done to the gradients.
fn blames(library: &'static dyn Library, setting: Setting, code: i32, at: usize, spoil: Spoil) {
    let mut data = four();
    let mut world = World::pending(library, &mut data);
    spoil(&mut world);
    let mut running = world.under_way(setting);
    let answer = world.refuses("spoilt gradients", &mut running, code);
    assert_eq!(answer.expect("can be said").at, Some(at), "{running:?}");
}

type Spoil<'s> = &'s dyn Fn(&mut World);

/// Replaces the moments of a tensor, and halves it again.
fn with_moments(world: &mut World, tensor: usize, change: impl FnOnce(&mut Moments)) {
    let mut moments = *world.grads[tensor].moments();
    change(&mut moments);
    world.grads[tensor].set_moments(moments);
}

/// All but the last: it is the last that must be named.
#[test]
fn gradients_that_were_not_observed_are_refused() {
    each(|library| {
        for setting in all() {
            let mut data = four();
            let mut world = World::new(library, &mut data);
            expect("observe", library.observe(&mut world.grads[..3]).code, OK);
            let mut running = world.under_way(setting);
            let answer = world.refuses("not observed", &mut running, ORDER);
            assert_eq!(answer.expect("can be said").at, Some(3), "{running:?}");
        }
    });
}

/// Moments of fewer elements than there are cannot describe the tensor; of more they describe a shard's whole.
#[test]
fn moments_of_too_few_elements_count_as_not_observed() {
    each(|library| {
        for setting in all() {
            let fewer = |world: &mut World| with_moments(world, 1, |m| m.count -= 1);
            blames(library, setting.clone(), ORDER, 1, &fewer);
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            with_moments(&mut world, 1, |m| m.count += 1);
            let mut running = world.fresh(setting);
            world.accepts("moments of a shard's whole", &mut running);
        }
    });
}

#[test]
fn moments_that_cannot_be_are_refused() {
    each(|library| {
        for setting in all() {
            let square = |world: &mut World| with_moments(world, 2, |m| m.sum_sq = -1.0);
            blames(library, setting.clone(), BAD_STATE, 2, &square);
            let magnitude = |world: &mut World| with_moments(world, 2, |m| m.abs_max = -1.0);
            blames(library, setting, BAD_STATE, 2, &magnitude);
        }
    });
}

/// In every element type, and in the last tensor, so that the first ones would have been decided already.
#[test]
fn gradients_that_are_not_finite_are_refused_without_a_guard() {
    let is_guard = |setting: &Setting| setting.of.name == "guard";
    each(|library| {
        for setting in all().filter(|setting| !is_guard(setting)) {
            for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                for last in 0..4 {
                    let mut data = four();
                    data.swap(last, 3);
                    let len = data[3].1.len();
                    let mut values = vec![1.0; len];
                    values[len - 1] = x;
                    data[3].1.fill(&values);
                    let mut world = World::new(library, &mut data);
                    let answer = library.observe(&mut world.grads);
                    assert_eq!((answer.code, answer.at), (NON_FINITE, Some(3)));
                    let mut running = world.under_way(setting.clone());
                    let answer = world.refuses(&format!("{x}"), &mut running, NON_FINITE);
                    assert_eq!(answer.expect("can be said").at, Some(3), "{running:?}");
                }
            }
        }
    });
}

/// A limit for the third tensor and those behind it.
fn limit(world: &mut World) {
    let mut limit = [world.fresh(named("clip_value").usual())];
    let answer = world.library.decide(&mut limit, &[], &mut world.grads[2..]);
    expect("clip_value", answer.expect("can be said").code, OK);
}

#[test]
fn behind_a_finite_limit_only_what_needs_no_moments_is_allowed() {
    each(|library| {
        for setting in all() {
            if setting.of.needs_moments {
                blames(library, setting, ORDER, 2, &limit);
                continue;
            }
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            limit(&mut world);
            let mut running = world.fresh(setting);
            world.accepts("behind a limit", &mut running);
        }
    });
}

#[test]
fn once_applied_a_limit_is_no_obstacle_any_more() {
    each(|library| {
        for setting in all() {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            limit(&mut world);
            expect("apply", library.apply(&mut world.grads).code, OK);
            let mut running = world.under_way(setting);
            let answer = world.refuses("spent", &mut running, ORDER);
            assert_eq!(answer.expect("can be said").at, Some(0), "{running:?}");
            expect("observe", library.observe(&mut world.grads).code, OK);
            world.accepts("applied and observed", &mut running);
        }
    });
}

/// Two gradients in f64; the second is to be multiplied by 1e300.
fn huge() -> Gradients {
    let two = [(Role::Weight, [0.5, -0.25]), (Role::Bias, [2.0, 1.5])];
    let elements = |(role, values): (Role, [f64; 2])| (role, Elements::new(Dtype::F64, &values));
    two.map(elements).into()
}

fn times_1e300(world: &mut World) {
    let scale = named("scale").defaults().with(&[("factor", 1e300)]);
    let mut scale = [world.fresh(scale)];
    let answer = world.library.decide(&mut scale, &[], &mut world.grads[1..]);
    expect("scale", answer.expect("can be said").code, OK);
}

/// A scale that leaves the range of f64 is refused when it is decided.
#[test]
fn a_scale_beyond_f64_is_refused() {
    each(|library| {
        let mut data = huge();
        let mut world = World::observed(library, &mut data);
        times_1e300(&mut world);
        let scale = named("scale").defaults().with(&[("factor", 1e300)]);
        let answer = world.refuses("1e600", &mut world.fresh(scale), OVERFLOW);
        assert_eq!(answer.expect("can be said").at, Some(1));
    });
}

/// Norms whose squares leave the range of f64: whoever refuses them has advanced nothing, neither the states of the
/// tensors before nor their affines.
#[test]
fn norms_beyond_f64_are_refused_as_a_whole_or_not_at_all() {
    each(|library| {
        for setting in every_setting() {
            let mut data = huge();
            let mut world = World::observed(library, &mut data);
            times_1e300(&mut world);
            let mut running = world.under_way(setting);
            running.states.zclip.steps = 1; // in the warm-up, if that is longer
            let before = (snapshot::tensors(&world.grads), running.states.bits());
            let code = world.ask(&mut running).expect("can be said").code;
            let after = (snapshot::tensors(&world.grads), running.states.bits());
            let what = format!("{}: {:?}: {}", library.name(), running.setting, name(code));
            assert!(code == OK || code == OVERFLOW && after == before, "{what}");
            // Those whose state holds the square of the norm have to refuse.
            let squares = match running.setting.of.name {
                "gradient_stabilizer" => true,
                "zclip" => running.setting.get("warmup") > 1.0,
                _ => false,
            };
            assert!(code == OVERFLOW || !squares, "{what}");
        }
    });
}

/// Nothing to do is done without complaint: no tensors at all, and tensors without elements.
#[test]
fn no_tensors_and_empty_tensors_are_legal_everywhere() {
    let empty = || (Role::Weight, Elements::new(Dtype::F32, &[]));
    each(|library| {
        for setting in all() {
            for tensors in [0, 1, 2] {
                let mut data: Gradients = (0..tensors).map(|_| empty()).collect();
                let mut world = World::observed(library, &mut data);
                let mut running = world.fresh(setting.clone());
                world.accepts("nothing to do", &mut running);
                if setting.of.is_method() {
                    expect("apply", library.apply(&mut world.grads).code, OK);
                }
            }
        }
    });
}

/// So that the tests above mean something: without a reason nothing is refused, and something changes.
#[test]
fn nothing_is_refused_without_a_reason() {
    each(|library| {
        for of in METHODS.iter().chain(everything()) {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            let mut running = world.under_way(of.usual());
            let before = (world.bits(), running.states.bits());
            world.accepts("good gradients", &mut running);
            let after = (world.bits(), running.states.bits());
            assert!(after != before, "{of:?} changed nothing");
        }
    });
}
