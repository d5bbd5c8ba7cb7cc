//! "Refused with this code, and not one byte moved."

use super::call::{Args, Call};
use super::status::{OK, expect};
use super::world::World;

/// `call` is refused in a world where one thing is wrong.
#[track_caller]
pub fn in_world(call: Call, code: i32, what: &str, spoil: impl FnOnce(&mut World)) {
    let mut world = World::new();
    spoil(&mut world);
    with_args(&mut world, call, code, what, |_| ());
}

/// `call` is refused when one argument is wrong.
#[track_caller]
pub fn argument(call: Call, code: i32, what: &str, spoil: impl FnOnce(&mut Args)) {
    with_args(&mut World::new(), call, code, what, spoil);
}

/// Both at once.
#[track_caller]
pub fn with_args(
    world: &mut World,
    call: Call,
    code: i32,
    what: &str,
    spoil: impl FnOnce(&mut Args),
) {
    let what = format!("{call:?} with {what}");
    let before = world.snapshot();
    let mut args = Args::of(world);
    spoil(&mut args);
    expect(&what, call.run(&args), code);
    let changed = world.changed_since(&before);
    assert!(
        changed.is_empty(),
        "{what}: refused, but these changed: {changed:?}"
    );
}

/// Without anything wrong every call goes through and changes something: otherwise no test that leans on this file
/// would mean much.
#[test]
fn nothing_is_refused_without_a_reason() {
    for call in Call::ALL {
        let mut world = World::new();
        let before = world.snapshot();
        expect(&format!("{call:?}"), call.run_in(&mut world), OK);
        assert!(
            !world.changed_since(&before).is_empty(),
            "{call:?} changed nothing"
        );
    }
}
