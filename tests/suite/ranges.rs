//! What leaves the range of f64 on the way to a result that does not: scales, limits, and squares of statistics.
//!
//! Nobody has such gradients, but a chain of finite scales may pass through such numbers, and every one that is accepted
//! has to give the right result.

use trimtab::{Affine, Dtype, Moments, Role, ZclipState};

use super::{each, once};
use crate::common::calls::{Call, decide, decided, parsed, scaled, setting};
use crate::common::elements::Elements;
use crate::common::library::{Library, Running};
use crate::common::methods::every_setting;
use crate::common::status::{OK, OVERFLOW, expect, name};
use crate::common::world::{Gradients, World};

fn weights(elements: &[f64]) -> Gradients {
    vec![(Role::Weight, Elements::new(Dtype::F64, elements))]
}

/// What `test` makes of this gradient, observed and with a scale pending.
fn scaled_by<R>(
    library: &'static dyn Library,
    gradient: &[f64],
    factor: f64,
    test: impl FnOnce(&mut World) -> R,
) -> R {
    let mut data = weights(gradient);
    let mut world = World::observed(library, &mut data);
    scaled(library, factor, &mut world.grads);
    test(&mut world)
}

#[track_caller]
fn near(actual: f64, exact: f64) {
    let off = (actual / exact - 1.0).abs();
    assert!(off < 1e-12, "{actual:e} instead of {exact:e}");
}

/// Of the first tensor.
fn affine(world: &World) -> Affine {
    *world.grads[0].affine()
}

/// A method's first step, accepted.
#[track_caller]
fn first_step(world: &mut World, name: &str, values: &[(&str, f64)]) -> Running {
    let mut running = world.fresh(setting(name, values));
    world.accepts("a first step", &mut running);
    running
}

/// A gradient whose norm is 5 times its unit, at both ends and between them.
const NORMS: [(f64, f64); 4] = [(1e-20, 1e-150), (1e-145, 1e-10), (1.0, 1.0), (1e149, 1e10)];

/// Of one tensor, and of two; and the deviation of (x, -x, 2x), which is x * sqrt(7/3).
#[test]
fn statistics_are_right_where_their_squares_are_not_in_range() {
    once(|library| {
        for (unit, factor) in NORMS {
            scaled_by(library, &[3.0 * unit, 4.0 * unit], factor, |world| {
                let max_norm = 5.0 * unit * factor / 8.0;
                first_step(
                    world,
                    "clip_norm",
                    &[("scope", 1.0), ("max_norm", max_norm)],
                );
                near(affine(world).scale, factor / 8.0);
            });
            let mut data = [weights(&[3.0 * unit; 4]), weights(&[4.0 * unit; 4])].concat();
            let mut world = World::observed(library, &mut data);
            scaled(library, factor, &mut world.grads);
            let values = [("scope", 1.0), ("max_norm", unit * factor)];
            first_step(&mut world, "clip_norm", &values);
            // sqrt(4 * 9 + 4 * 16) = 10.
            world
                .grads
                .iter()
                .for_each(|g| near(g.affine().scale, factor / 10.0));
            scaled_by(library, &[unit, -unit, 2.0 * unit], factor, |world| {
                let autoscale = first_step(world, "autoscale", &[]).states.autoscale;
                assert_eq!(autoscale.steps, 1);
                near(autoscale.sigma, unit * factor * (7.0_f64 / 3.0).sqrt());
            });
        }
    });
}

/// Two elements of 1e308 have a norm that is in range, and two of 1.5e308 do not.
#[test]
fn a_global_norm_beyond_the_range_is_refused() {
    // 1 / 1.4e308 would be below the normal numbers.
    let clip = Call::Ask(parsed("clip_norm scope=1 max_norm=10"));
    each(|library| {
        let mut data = [weights(&[1.0]), weights(&[1e75; 2])].concat();
        let mut world = World::observed(library, &mut data);
        scaled(library, 1e233, &mut world.grads);
        clip.accepted("1.4e308", &mut world);
        let mut world = World::observed(library, &mut data);
        scaled(library, 1.5e233, &mut world.grads);
        clip.refused("2.1e308", &mut world, OVERFLOW, 1);
    });
}

/// A norm whose square vanishes is still a norm.
#[test]
fn a_tiny_norm_is_no_empty_gradient() {
    once(|library| {
        scaled_by(library, &[3e-20, 4e-20], 1e-150, |world| {
            let stabilizer = |world: &mut World, scope| {
                let running = first_step(world, "gradient_stabilizer", &[("scope", scope)]);
                let state = running.states.norms[0];
                assert_eq!((state.steps, state.skipped), (1, 0));
                state.m
            };
            let before = affine(world);
            near(stabilizer(world, 0.0), 0.4 * 5e-170);
            assert_ne!(affine(world), before);
        });
        for (name, scope) in [("gradient_stabilizer", 1.0), ("zclip", 0.0)] {
            scaled_by(library, &[3e-20, 4e-20], 1e-150, |world| {
                let values: &[_] = if scope == 1.0 {
                    &[("scope", scope)]
                } else {
                    &[]
                };
                let states = first_step(world, name, values).states;
                let seen = states
                    .norms
                    .first()
                    .map_or(states.zclip.mean, |norm| norm.m / 0.4);
                near(seen, 5e-170);
            });
        }
    });
}

/// An infinite limit is none: 2e100 * 1e200 clipped at 1e300 must not come back as 2e290. And a scale of 0 silences a
/// tensor: two factors that are not 0 must not make one.
#[test]
fn scales_and_limits_that_leave_the_range_are_refused() {
    let scale = |factor| Call::Ask(setting("scale", &[("factor", factor)]));
    once(|library| {
        for (limit, factor) in [(1e300, 1e10), (1e-300, 1e-30)] {
            scaled_by(library, &[2e100, 0.5e100], 1e200, |world| {
                decided(
                    library,
                    &[setting("clip_value", &[("limit", limit)])],
                    &mut world.grads,
                );
                scale(factor).refused("a limit", world, OVERFLOW, 0);
            });
        }
        scaled_by(library, &[2.0, 0.5], 1e300, |world| {
            scale(1e300).refused("1e600", world, OVERFLOW, 0);
        });
        scaled_by(library, &[2.0, 0.5], 1e-170, |world| {
            scale(1e-170).refused("1e-340", world, OVERFLOW, 0);
            assert_eq!(affine(world).scale, 1e-170);
            scale(0.0).accepted("silence", world);
            scale(1e-170).accepted("still", world);
            Call::Apply.accepted("zeros", world);
            assert_eq!(world.grads[0].as_slice(), Some(&[0.0_f64; 2][..]));
        });
        scaled_by(library, &[1.0, -1.0], 1.0, |world| {
            first_step(world, "stable_grad", &[("reference", 1e-300)]);
            near(affine(world).scale, 1e-300 / 2.0_f64.sqrt());
            scale(1e-200).refused("1e-500", world, OVERFLOW, 0);
        });
    });
}

/// A method, the gradient and the scale pending.
type Row<'a> = (&'a str, &'a [f64], f64);

/// Norms and deviations that are infinite in f64 say nothing: divided by them, the gradient would silently become 0.
/// Quotients below the smallest normal f64, 2.2e-308: some would be 0, which silences a tensor, some keep a few digits, of
/// which a later scale would make a wrong result. (The parameter has the norm 3.)
#[test]
fn what_divides_by_infinity_or_vanishes_is_refused() {
    const HUGE: &[f64] = &[1e150, -1e149];
    const LARGE: &[f64] = &[3e4, -4e4];
    let rows: [Row; 23] = [
        ("stable_grad reference=1", HUGE, 1e200),
        ("znorm", HUGE, 1e200),
        ("clip_norm max_norm=1", HUGE, 1e200),
        ("clip_norm max_norm=1 scope=1", HUGE, 1e200),
        ("agc", HUGE, 1e200),
        ("gradient_stabilizer", HUGE, 1e10),
        ("gradient_stabilizer scope=1", HUGE, 1e10),
        ("clip_norm max_norm=1e-320", LARGE, 1.0),
        ("clip_norm max_norm=1e-305", LARGE, 1.0), // few digits
        ("clip_norm max_norm=1e-320 scope=1", LARGE, 1.0),
        ("zclip max_norm=1e-320", LARGE, 1.0),
        ("agc clipping=1e-320", LARGE, 1.0),
        ("agc clipping=1e-200 eps=1e-200", LARGE, 1e-200), // of a parameter of zeros, below
        ("stable_grad reference=1e-320", LARGE, 1.0),
        ("stable_grad reference=1e-200 eps=1e200", LARGE, 1.0),
        ("stable_grad reference=1e300", &[1e-150, -1e-150], 1.0),
        ("znorm eps=1e308", LARGE, 1.0),
        ("unscale loss_scale=1e308", LARGE, 1.0),
        ("unscale loss_scale=1e-310", LARGE, 1.0),
        ("gradient_stabilizer eps=1e160", LARGE, 1.0),
        ("gradient_stabilizer eps=1e160 scope=1", LARGE, 1.0),
        ("scale factor=1e300", LARGE, 1e300),
        ("scale factor=1e-300", LARGE, 1e-300),
    ];
    each(|library| {
        for (method, gradient, factor) in rows {
            scaled_by(library, gradient, factor, |world| {
                if factor == 1e-200 {
                    world.params = vec![Moments::default()];
                }
                let mut running = world.fresh(parsed(method));
                let answer = world.refuses("out of range", &mut running, OVERFLOW);
                assert_eq!(answer.expect("can be said").at, Some(0), "{method}");
            });
        }
    });
}

/// Norms whose squares leave the range of f64: whoever refuses them has advanced nothing, neither the states of the
/// tensors before nor their affines.
#[test]
fn norms_beyond_f64_are_refused_as_a_whole_or_not_at_all() {
    each(|library| {
        for setting in every_setting() {
            let mut data = [weights(&[0.5, -0.25]), weights(&[2.0, 1.5])].concat();
            let mut world = World::observed(library, &mut data);
            scaled(library, 1e300, &mut world.grads[1..]);
            let mut running = world.under_way(setting);
            running.states.zclip.steps = 1; // in the warm-up, if that is longer
            let before = (world.bits(), running.states.bits());
            let code = world.ask(&mut running).expect("can be said").code;
            let what = format!("{running:?}: {}", name(code));
            let unchanged = (world.bits(), running.states.bits()) == before;
            assert!(code == OK || code == OVERFLOW && unchanged, "{what}");
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

/// Mean and variance of such states are finite, and the variance after one step more, of some 1e318 or 1e400, is not:
/// in the warm-up and behind it.
#[test]
fn zclip_refuses_a_variance_that_leaves_f64() {
    let cases = [(1.0, 1, 1e149), (1e200, 3, 1e-10), (1e200, 30, 1e-10)];
    each(|library| {
        for (mean, steps, unit) in cases {
            scaled_by(library, &[unit, -unit], 1e10, |world| {
                let mut running = world.fresh(parsed("zclip"));
                let var = 0.5;
                running.states.zclip = ZclipState { mean, var, steps };
                world.refuses("a variance beyond f64", &mut running, OVERFLOW);
            });
        }
    });
}

/// 3.6e307 is in range, and divided by 1 - 0.999^2 it is not: the factor would be 0.
#[test]
fn a_correction_that_leaves_the_range_is_refused() {
    once(|library| {
        scaled_by(library, &[6e149], 1e4, |world| {
            let first = first_step(world, "gradient_stabilizer", &[("gamma2", 0.0)]);
            expect("observe", library.observe(&mut world.grads).code, OK);
            scaled(library, 1e4, &mut world.grads);
            let mut second = Running {
                setting: parsed("gradient_stabilizer"),
                ..first
            };
            world.refuses("a correction", &mut second, OVERFLOW);
        });
    });
}

/// A bias is left alone by default, whatever its deviation.
#[test]
fn what_leaves_a_tensor_alone_does_not_look_at_its_deviation() {
    each(|library| {
        let mut data = vec![(Role::Bias, Elements::new(Dtype::F64, &[1e150, -1e149]))];
        let mut world = World::observed(library, &mut data);
        scaled(library, 1e200, &mut world.grads);
        let answer = decide(library, &parsed("znorm"), &mut world.grads);
        expect("not its tensor", answer.code, OK);
    });
}

/// The same quotients a little above: taken, and what follows is right to all digits; and a parameter of zeros without
/// eps: 0 is what the formula says, and not what is left of something.
#[test]
fn quotients_that_do_not_vanish_and_that_are_0() {
    once(|library| {
        scaled_by(library, &[3e4, -4e4], 1.0, |world| {
            first_step(world, "clip_norm", &[("max_norm", 1.2e-303)]); // 2.4e-308 is normal
            scaled(library, 1e303, &mut world.grads);
            near(world.grads[0].outlook().norm(), 1.2);
        });
        scaled_by(library, &[3.0, 4.0], 1.0, |world| {
            world.params = vec![Moments::default()];
            first_step(world, "agc", &[("eps", 0.0)]);
            assert_eq!(affine(world).scale, 0.0);
        });
    });
}

/// The square of a norm below 1.5e-154 has fewer digits, or none: beside an eps that does not show, without one it would.
#[test]
fn a_squared_norm_that_vanishes_is_refused_where_it_shows() {
    once(|library| {
        for unit in [1e-155, 1e-163, 1e-200] {
            for (eps, accepted) in [(0.0, false), (1e-139, false), (1e-137, true)] {
                scaled_by(library, &[3.0, 4.0], unit, |world| {
                    let method = setting("gradient_stabilizer", &[("eps", eps)]);
                    let mut running = world.fresh(method);
                    if !accepted {
                        world.refuses("a square that vanishes", &mut running, OVERFLOW);
                        return;
                    }
                    world.accepts("beside eps", &mut running);
                    // The first step's m/(1-gamma1) is R; the root, of R at most, adds less than 2^-53 to eps.
                    let factor = (5.0 * unit / (5.0 * unit + eps)) / eps;
                    near(affine(world).scale, unit * factor);
                });
            }
        }
    });
}
