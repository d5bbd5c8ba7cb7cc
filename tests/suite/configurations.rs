//! Every field of every configuration, and every number: what is out of its range is refused, what is in it accepted.

use super::each;
use crate::common::methods::everything;
use crate::common::status::BAD_CONFIG;
use crate::common::table::{Description, Setting};
use crate::common::world::{World, four};

/// The usual configuration and its variants with each value that a field or number may not have.
fn bad(of: &'static Description) -> Vec<(Setting, i32)> {
    let mut list = Vec::new();
    for setting in of.settings() {
        for (name, class) in of.named() {
            let spoilt = |x: &f64| (setting.clone().with(&[(name, *x)]), of.code(name));
            list.extend(class.bad().iter().map(spoilt));
        }
    }
    let clashes = of.clashes.iter();
    list.extend(clashes.map(|values| (of.usual().with(values), BAD_CONFIG)));
    list
}

#[test]
fn what_is_out_of_range_is_refused() {
    each(|library| {
        for (setting, code) in everything().flat_map(bad) {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            let mut running = world.under_way(setting);
            world.refuses("out of range", &mut running, code);
        }
    });
}

/// What is wrong is wrong also when there is nothing to do.
#[test]
fn what_is_out_of_range_is_refused_without_gradients() {
    each(|library| {
        for (setting, code) in everything().flat_map(bad) {
            let mut data = Vec::new();
            let mut world = World::new(library, &mut data);
            let mut running = world.under_way(setting);
            world.refuses("out of range, without gradients", &mut running, code);
        }
    });
}

#[test]
fn what_is_in_range_is_accepted() {
    each(|library| {
        for of in everything() {
            for (name, class) in of.named() {
                for x in class.good() {
                    let mut data = four();
                    let mut world = World::pending(library, &mut data);
                    let mut running = world.under_way(of.usual().with(&[(name, *x)]));
                    world.accepts("in range", &mut running);
                }
            }
        }
    });
}
