//! Configurations in C's memory: NULL is the defaults, and structs may be those of an earlier or a later release, as
//! Linux's `copy_struct_from_user` lets them: shorter structs take the defaults for what they lack, and what longer ones
//! add must be 0.

use std::ptr::null;

use super::library::LIBRARIES;
use super::raw::{Raw, configuration, cut, words};
use super::suite::defaults::{SIZES, trace};
use crate::common::library::{Answer, Library, Running};
use crate::common::methods::everything;
use crate::common::status::{BAD_CONFIG, OK, expect};
use crate::common::table::{Class, Description, Setting};
use crate::common::world::{World, changed, four};

/// The largest size that is taken for one.
const LARGEST: usize = 4096;

/// What has a configuration.
fn configured() -> impl Iterator<Item = &'static Description> {
    everything().filter(|of| !of.fields.is_empty())
}

/// Asks with a configuration that lies elsewhere, or with NULL: by the method's own function, and by `trimtab_decide_at`.
fn asked(world: &mut World, running: &mut Running, config: Option<&[u64]>, alone: bool) -> Answer {
    let slots = super::raw::slots(&mut world.parameters);
    let mut raw = match running.setting.of.is_method() {
        true => Raw::method(running, &world.params, &mut world.grads),
        false => Raw::optimizer(
            &running.setting,
            &mut world.grads,
            &mut world.parameters,
            &slots,
        ),
    };
    raw.config = config.map_or(null(), |words| words.as_ptr().cast());
    let mut at = 0;
    Answer::of(if alone {
        raw.alone()
    } else {
        raw.at(&raw mut at)
    })
}

/// Both ways to ask; the functions of two methods take no configuration.
fn ways(of: &Description) -> &'static [bool] {
    match of.name {
        "centralize" | "clip_norm" => &[false],
        _ => &[false, true],
    }
}

const LIBRARY: &dyn Library = LIBRARIES[0];

#[test]
fn null_is_the_defaults() {
    for of in configured() {
        for &alone in ways(of) {
            for size in SIZES {
                let defaults = of.defaults();
                let run = |config: Option<&[u64]>| {
                    trace(LIBRARY, &defaults, size, |world, running| {
                        asked(world, running, config, alone)
                    })
                };
                let given = configuration(&defaults).expect("a configuration");
                let same = run(None) == run(Some(&given));
                assert!(same, "{of:?} at {size:e}: NULL is not the defaults");
            }
        }
    }
}

/// A caller's struct: exactly `size` bytes of memory, of which the first are those of the configuration, and which says
/// that it has `struct_size`.
fn memory(setting: &Setting, size: usize, struct_size: usize) -> Vec<u64> {
    let whole = configuration(setting).expect("a configuration");
    let mut bytes: Vec<u8> = whole.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.resize(size.next_multiple_of(8), 0);
    bytes[..4].copy_from_slice(&(struct_size as u32).to_ne_bytes());
    words(&bytes)
}

/// The size of the struct of this release.
fn size_of(setting: &Setting) -> usize {
    configuration(setting).expect("a configuration")[0] as u32 as usize
}

/// The bits of everything after a call with this configuration.
fn outcome(setting: &Setting, config: &[u64], alone: bool) -> Vec<u64> {
    let mut data = four();
    let mut world = World::pending(LIBRARY, &mut data);
    let mut running = world.under_way(setting.clone());
    let answer = asked(&mut world, &mut running, Some(config), alone);
    expect(&format!("{setting:?}"), answer.code, OK);
    let world = world.bits().into_iter().flat_map(|(_, bits)| bits);
    world.chain(running.states.bits()).collect()
}

/// Refused, and nothing changed.
fn refused(setting: &Setting, config: &[u64], what: &str) {
    for &alone in ways(setting.of) {
        let mut data = four();
        let mut world = World::pending(LIBRARY, &mut data);
        let mut running = world.under_way(setting.clone());
        let before = (world.bits(), running.states.bits());
        let answer = asked(&mut world, &mut running, Some(config), alone);
        let what = format!("{setting:?} with {what}");
        expect(&what, answer.code, BAD_CONFIG);
        assert!(changed(&before.0, &world.bits()).is_empty(), "{what}");
        assert_eq!(before.1, running.states.bits(), "{what}");
    }
}

#[test]
fn what_a_shorter_struct_lacks_is_the_default() {
    for setting in configured().flat_map(Description::settings) {
        let now = size_of(&setting);
        for &alone in ways(setting.of) {
            for size in (setting.of.first_size..=now).step_by(4) {
                let shorter = memory(&setting, size, size);
                let whole = memory(&cut(&setting, size), now, now);
                let same = outcome(&setting, &shorter, alone) == outcome(&setting, &whole, alone);
                assert!(same, "{setting:?} with {size} of {now} bytes");
            }
        }
    }
}

#[test]
fn what_a_longer_struct_adds_may_be_0() {
    for setting in configured().flat_map(Description::settings) {
        let now = size_of(&setting);
        for &alone in ways(setting.of) {
            let whole = outcome(&setting, &memory(&setting, now, now), alone);
            for size in [now + 4, now + 8, now + 40, LARGEST] {
                let longer = memory(&setting, size, size);
                let before = longer.clone();
                let same = outcome(&setting, &longer, alone) == whole;
                assert!(same, "{setting:?} with {size} bytes");
                assert_eq!(longer, before, "only read");
            }
        }
    }
}

/// It asks for something that this library cannot do.
#[test]
fn what_a_longer_struct_adds_may_not_be_anything_else() {
    for setting in configured().map(Description::usual) {
        let now = size_of(&setting);
        for size in [now + 8, now + 40, LARGEST] {
            for (index, bit) in [now / 8, size / 8 - 1]
                .into_iter()
                .flat_map(|i| [(i, 0), (i, 63)])
            {
                let mut longer = memory(&setting, size, size);
                longer[index] = 1 << bit;
                let what = format!("{size} bytes and word {index} not 0");
                refused(&setting, &longer, &what);
            }
        }
    }
}

#[test]
fn sizes_that_no_configuration_has() {
    for setting in configured().map(Description::usual) {
        let (first, now) = (setting.of.first_size, size_of(&setting));
        for size in [
            0,
            1,
            4,
            first - 4,
            first - 1,
            first + 1,
            now + 1,
            LARGEST + 4,
            1 << 31,
            u32::MAX as usize,
        ] {
            let config = memory(&setting, now, size);
            refused(&setting, &config, &format!("a struct_size of {size}"));
        }
    }
}

/// The two functions that take one field of their configuration as an argument: no other test gives them a bad one.
#[test]
fn arguments_in_place_of_a_configuration() {
    use super::c;
    let mut data = four();
    let mut world = World::pending(LIBRARY, &mut data);
    let (grads, n) = (super::raw::descriptors(&mut world.grads), 4);
    for choice in Class::Choice.bad() {
        let choice = *choice as u32;
        expect("centralize", c::centralize(choice, grads, n), BAD_CONFIG);
        expect("clip_norm", c::clip_norm(1.0, choice, grads, n), BAD_CONFIG);
    }
}
