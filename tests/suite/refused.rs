//! What methods, writes and steps refuse of the gradients themselves, whom they blame, and that not one bit moves.

use trimtab::{Dtype, Moments, Role};

use super::each;
use super::limits::largest;
use crate::common::calls::{Call, decided, moments_of, parsed, scaled, weight};
use crate::common::elements::{DTYPES, Elements};
use crate::common::methods::everything;
use crate::common::status::{BAD_STATE, NON_FINITE, OK, ORDER, OVERFLOW, expect};
use crate::common::table::Description;
use crate::common::world::{World, four};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

/// What is wrong with the moments of a tensor.
type Spoilt = (i32, &'static str, fn(&mut Moments));

const SPOILT: [Spoilt; 10] = [
    (ORDER, "not observed", |m| m.count = 0),
    (ORDER, "one element unseen", |m| m.count -= 1),
    (BAD_STATE, "negative squares", |m| m.sum_sq = -1.0),
    (BAD_STATE, "a negative maximum", |m| m.abs_max = -1.0),
    (NON_FINITE, "a sum of NaN", |m| m.sum = NAN),
    (NON_FINITE, "an infinite sum", |m| m.sum = INF),
    (NON_FINITE, "infinite squares", |m| m.sum_sq = INF),
    (NON_FINITE, "squares of NaN", |m| m.sum_sq = NAN),
    (NON_FINITE, "an infinite maximum", |m| m.abs_max = INF),
    (NON_FINITE, "beyond 1e150", |m| m.abs_max = 1.000001e150),
];

/// Every tensor in turn, so that those in front of it would have been decided or written already.
#[test]
fn moments_that_no_gradient_can_have() {
    each(|library| {
        for (code, what, spoil) in SPOILT {
            let minds = |call: &Call| code != NON_FINITE || call.needs_finite();
            for call in Call::all().filter(minds) {
                for at in 0..4 {
                    let mut data = four();
                    let mut world = World::pending(library, &mut data);
                    let mut moments = *world.grads[at].moments();
                    spoil(&mut moments);
                    world.grads[at].set_moments(moments);
                    call.refused(what, &mut world, code, at);
                }
            }
        }
    });
}

/// Of more elements than there are, they describe the whole of which the tensor is a shard.
#[test]
fn moments_of_a_larger_whole_are_welcome() {
    each(|library| {
        for call in Call::all() {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            let mut moments = *world.grads[1].moments();
            moments.count += 1;
            world.grads[1].set_moments(moments);
            call.accepted("a shard", &mut world);
        }
    });
}

/// Elements that are not finite, of every type; in f64 also what is beyond 1e150.
fn not_finite() -> Vec<(Dtype, f64)> {
    let infinite = |dtype| [NAN, INF, -INF].map(|x| (dtype, x));
    let mut all: Vec<_> = DTYPES.into_iter().flat_map(infinite).collect();
    all.extend([1.000_000_1e150, -1e300, f64::MAX].map(|x| (Dtype::F64, x)));
    all
}

/// Observing says so, fills in all moments and resets all affines, so that a guard can decide; nobody else goes on.
#[test]
fn elements_that_are_not_finite() {
    each(|library| {
        for (dtype, x) in not_finite() {
            for call in Call::all().filter(Call::needs_finite) {
                let mut data = vec![
                    (Role::Weight, Elements::new(Dtype::F32, &[3.0, -4.0])),
                    (Role::Bias, Elements::new(dtype, &[1.0, x, -2.0])),
                    (Role::Weight, Elements::new(dtype, &[-2.0, x])),
                ];
                let mut world = World::observed(library, &mut data);
                scaled(library, 0.5, &mut world.grads[..1]);
                let answer = library.observe(&mut world.grads);
                let what = format!("{x} in {dtype:?}");
                expect(&what, answer.code, NON_FINITE);
                assert_eq!(answer.at, Some(1), "{what}");
                let [first, second, third] = [0, 1, 2].map(|i| *world.grads[i].moments());
                assert_eq!((first.sum, first.sum_sq, first.abs_max), (-1.0, 25.0, 4.0));
                assert_eq!([second.count, third.count], [3, 2]);
                let fresh = world
                    .grads
                    .iter()
                    .all(|g| *g.affine() == Default::default());
                assert!(fresh, "{what}: affines are reset");
                call.refused(&what, &mut world, NON_FINITE, 1);
            }
        }
    });
}

/// What a limit cuts off cannot be known from moments: methods that need them cannot follow it, all others can.
#[test]
fn behind_a_limit_only_what_needs_no_moments() {
    each(|library| {
        for call in Call::all() {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            let clip = parsed("clip_value limit=0.5");
            decided(library, &[clip], &mut world.grads[2..]);
            match call.needs_moments() {
                true => call.refused("behind a limit", &mut world, ORDER, 2),
                false => call.accepted("behind a limit", &mut world),
            }
        }
    });
}

/// Written, a limit is no obstacle any more.
#[test]
fn behind_a_limit_that_was_written_everything() {
    each(|library| {
        for call in Call::all() {
            let mut data = four();
            let mut world = World::observed(library, &mut data);
            decided(library, &[parsed("clip_value limit=0.5")], &mut world.grads);
            Call::Apply.accepted("a limit", &mut world);
            expect("observe", library.observe(&mut world.grads).code, OK);
            call.accepted("behind a limit that was written", &mut world);
        }
    });
}

/// The second gradient by a factor that takes it beyond its type: nothing is written, not the first one either.
#[test]
fn results_that_are_not_finite() {
    each(|library| {
        for dtype in DTYPES {
            let (last, factor) = match dtype {
                Dtype::F64 => (1e150, 1e159),
                _ => (largest(dtype), 1.01),
            };
            for call in [Call::Apply, Call::ApplyInto] {
                let mut data = vec![
                    (Role::Weight, Elements::new(Dtype::F32, &[1.0, -2.0, 0.5])),
                    (Role::Bias, Elements::new(dtype, &[last, 1.0])),
                ];
                let mut world = World::observed(library, &mut data);
                scaled(library, factor, &mut world.grads[1..]);
                call.refused(&format!("{dtype:?}"), &mut world, OVERFLOW, 1);
            }
        }
        // Beyond every type: an optimizer's parameters, too.
        for call in Call::writes() {
            let mut data = four();
            let mut world = World::observed(library, &mut data);
            scaled(library, 1e308, &mut world.grads[2..]);
            call.refused("1e308 times", &mut world, OVERFLOW, 2);
        }
    });
}

/// All owners of a tensor write it or none does, also those whose shard of it is empty.
#[test]
fn results_that_are_not_finite_in_another_shard() {
    each(|library| {
        for call in Call::writes() {
            let mut data = four();
            data[2].1 = Elements::new(Dtype::F32, &[]);
            let mut world = World::observed(library, &mut data);
            world.grads[2].set_moments(moments_of(2, 3.0, 5.0, 2.0));
            scaled(library, 1e308, &mut world.grads[2..3]);
            call.refused("an empty shard", &mut world, OVERFLOW, 2);
        }
    });
}

/// 1 + 2^-24 and a little: f32 makes 1 + 2^-23 of it, by which the second largest f32 becomes infinite.
#[test]
fn a_factor_that_f32_rounds_up() {
    const FACTOR: f64 = 1.0 + 1.0 / 16_777_216.0 + 1.0 / (1_u64 << 50) as f64;
    let second_largest = f32::MAX.next_down();
    assert!(f64::from(second_largest) * FACTOR <= f64::from(f32::MAX));
    assert!((second_largest * FACTOR as f32).is_infinite());
    each(|library| {
        let sgd = Call::Ask(parsed("sgd lr=1"));
        for call in [Call::Apply, Call::ApplyInto, sgd] {
            let values = [f64::from(second_largest), 1.0];
            let mut data = weight(Dtype::F32, &values);
            let mut world = World::observed(library, &mut data);
            scaled(library, FACTOR, &mut world.grads);
            call.refused("a factor that f32 rounds up", &mut world, OVERFLOW, 0);
        }
    });
}

/// So that the tests above mean something: without a reason nothing is refused, and something changes.
#[test]
fn nothing_is_refused_without_a_reason() {
    each(|library| {
        for setting in everything().map(Description::usual) {
            let mut data = four();
            let mut world = World::pending(library, &mut data);
            let mut running = world.under_way(setting);
            let before = (world.bits(), running.states.bits());
            world.accepts("good gradients", &mut running);
            let after = (world.bits(), running.states.bits());
            assert!(after != before, "{running:?} changed nothing");
        }
    });
}

/// No tensors, and tensors without elements, of every type: nothing to do, without complaint.
#[test]
fn nothing_to_do() {
    each(|library| {
        let empty = |dtype| (Role::Weight, Elements::new(dtype, &[]));
        for call in Call::all() {
            for mut data in [Vec::new(), DTYPES.map(empty).into()] {
                let mut world = World::observed(library, &mut data);
                let steps = world.parameters.steps.steps;
                call.accepted("nothing", &mut world);
                let stepped = world.parameters.steps.steps - steps;
                let is_step = matches!(&call, Call::Ask(s) if !s.of.is_method());
                assert_eq!(stepped, u64::from(is_step), "{call:?}: counts as a step");
            }
        }
    });
}
