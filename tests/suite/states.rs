//! States and parameters that no call can have left.

use super::each;
use crate::common::methods::{METHODS, every_setting, everything, named};
use crate::common::states::{StateKind, States};
use crate::common::status::{BAD_STATE, NON_FINITE};
use crate::common::table::Description;
use crate::common::world::{World, four};
use trimtab::Moments;

/// The last of several is the bad one: those before it would have been advanced already.
#[test]
fn a_bad_state_is_refused_and_named() {
    each(|library| {
        for setting in every_setting() {
            for states in States::bad(&setting, 4) {
                let mut data = four();
                let mut world = World::pending(library, &mut data);
                let mut running = world.under_way(setting.clone());
                running.states = states;
                let last = running.states.norms.len().saturating_sub(1);
                let what = format!("{:?}", running.states);
                let answer = world.refuses(&what, &mut running, BAD_STATE);
                assert_eq!(answer.expect("can be said").at, Some(last), "{what}");
            }
        }
    });
}

/// Each of these kinds of state can be bad, and has been above.
#[test]
fn states_with_a_range_have_bad_values() {
    for of in &METHODS {
        let bad = States::bad(&of.usual(), 4);
        let counts_only = matches!(of.state, StateKind::None | StateKind::Guard);
        assert_eq!(bad.is_empty(), counts_only, "{of:?}");
    }
}

/// States of zeros are what every run begins with.
#[test]
fn zeros_are_accepted() {
    each(|library| {
        for setting in everything().flat_map(Description::settings) {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            world.parameters.steps.steps = 0;
            let mut running = world.fresh(setting);
            world.accepts("states of zeros", &mut running);
        }
    });
}

#[test]
fn moments_of_a_parameter_that_cannot_be_or_are_not_finite() {
    type Spoil = (i32, fn(&mut Moments));
    let spoils: [Spoil; 4] = [
        (BAD_STATE, |m| m.sum_sq = -1.0),
        (BAD_STATE, |m| m.abs_max = -1.0),
        (NON_FINITE, |m| m.sum_sq = f64::NAN),
        (NON_FINITE, |m| m.abs_max = f64::INFINITY),
    ];
    each(|library| {
        for (index, (code, spoil)) in spoils.into_iter().enumerate() {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            spoil(&mut world.params[3]);
            let mut running = world.fresh(named("agc").usual());
            let answer = world.refuses(&format!("spoil {index}"), &mut running, code);
            assert_eq!(answer.expect("can be said").at, Some(3));
        }
    });
}
