//! Refusals that only Rust's types can ask for: slices of another length. What holds in C too is in `suite/`.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::library::{Answer, Running};
use common::methods::named;
use common::rust::LIBRARIES;
use common::status::BAD_LENGTH;
use common::table::Setting;
use common::world::{World, four};

/// Four tensors and another number of something: refused, and the first that is missing or too many is blamed.
fn refused(setting: Setting, change: impl Fn(&mut World, &mut Running)) -> [Option<usize>; 2] {
    LIBRARIES.map(|library| {
        let mut data = four();
        let mut world = World::pending(library, &mut data);
        let mut running = world.under_way(setting.clone());
        change(&mut world, &mut running);
        let answer = world.refuses("another length", &mut running, BAD_LENGTH);
        answer.map(|Answer { at, .. }| at).expect("can be said")
    })
}

#[test]
fn the_number_of_states_must_be_that_of_the_tensors() {
    let method = named("gradient_stabilizer").usual();
    for (scope, needed) in [(0.0, 4), (1.0, 1)] {
        for count in (0..6_usize).filter(|count| *count != needed) {
            let setting = method.clone().with(&[("scope", scope)]);
            let at = refused(setting, |_, running| {
                let state = running.states.norms[0];
                running.states.norms = vec![state; count];
            });
            let first = if needed == 1 { 0 } else { count.min(needed) };
            assert_eq!(at, [Some(first); 2], "{count} states of {needed}");
        }
    }
}

#[test]
fn the_number_of_parameters_must_be_that_of_the_tensors() {
    for count in [0, 1, 2, 3, 5] {
        let at = refused(named("agc").usual(), |world, _| {
            let one = world.params[0];
            world.params = vec![one; count];
        });
        assert_eq!(at, [Some(count.min(4)); 2], "{count} parameters");
    }
}
