//! A step that is accepted has written finite numbers: what may not be finite is refused beforehand, and nothing else is.
//!
//! What is known before a step is the largest gradient and the configuration. Parameters are near 0 here, because their
//! size is not known to the step.

use trimtab::Dtype;

use super::{each, once};
use crate::common::calls::{parameters, parsed, setting, step, stepped, weight};
use crate::common::elements::Elements;
use crate::common::library::Library;
use crate::common::status::{OK, OVERFLOW, name};
use crate::common::table::Setting;

const MOST: f64 = f32::MAX as f64;

/// Steps by g, -g and g/2 again and again: which of them were accepted, and where they led to.
fn steps(
    library: &'static dyn Library,
    setting: &Setting,
    dtype: Dtype,
    g: f64,
    count: usize,
) -> (usize, Vec<f64>) {
    let (mut ours, mut accepted) = (parameters(dtype, &[vec![0.0; 3]]), 0);
    for t in 0..count {
        let gradient = weight(Dtype::F64, &[g, -g, 0.5 * g]);
        let answer = step(library, setting, gradient, 1.0, &mut ours);
        let what = format!("{setting:?}, gradient {g:e}, step {t}");
        match answer.code {
            OK => accepted += 1,
            code => assert_eq!((name(code), answer.at), (name(OVERFLOW), Some(0)), "{what}"),
        }
        let buffers = ours.first.iter().chain(&ours.second).flatten();
        let left = ours.w.iter().chain(buffers).flat_map(Elements::values);
        assert!(left.into_iter().all(f64::is_finite), "{what}: {ours:?}");
    }
    (accepted, ours.w[0].values())
}

/// How many of some steps of f32 parameters were accepted.
fn accepted(library: &'static dyn Library, setting: &Setting, g: f64, count: usize) -> usize {
    steps(library, setting, Dtype::F32, g, count).0
}

/// The buffer is a geometric sum, at most (1-dampening)/(1-momentum) gradients, or the first of them; Nesterov's
/// direction is one gradient more than momentum times that. What fits is taken, what may not fit is refused.
#[test]
fn sgd_refuses_only_what_may_not_fit() {
    const REACH: [(f64, f64, f64, f64); 8] = [
        (0.0, 0.0, 0.0, 1.0),
        (0.9, 0.95, 0.0, 1.0),
        (0.9, 0.0, 0.0, 10.0),
        (0.9, 0.5, 0.0, 5.0),
        (0.99, 0.0, 0.0, 100.0),
        (0.9, 0.0, 1.0, 10.0),
        (0.5, 0.0, 1.0, 2.0),
        (0.99, 0.0, 1.0, 100.0),
    ];
    once(|library| {
        for (momentum, dampening, nesterov, reach) in REACH {
            // A learning rate that keeps the parameters themselves far from the end.
            let sgd = setting("sgd", &[("lr", 1e-6), ("momentum", momentum)]);
            let sgd = sgd.with(&[("dampening", dampening), ("nesterov", nesterov)]);
            let most = MOST / reach;
            assert_eq!(accepted(library, &sgd, most / 1.01, 60), 60, "{sgd:?}");
            if reach > 1.0 {
                assert_eq!(accepted(library, &sgd, most * 1.01, 1), 0, "{sgd:?}");
            }
            for g in [MOST, 1e38, 1e37] {
                accepted(library, &sgd, g, 60);
            }
        }
    });
}

/// The rate and the largest gradient are both rounded to the parameter's type before they meet.
#[test]
fn sgd_is_finite_at_every_rate() {
    once(|library| {
        for rate in (11..2_000).step_by(7) {
            let lr = f64::from(rate) / 10.0;
            let (sgd, border) = (setting("sgd", &[("lr", lr)]), (MOST / lr) as f32);
            for g in [border.next_down(), border, border.next_up()] {
                accepted(library, &sgd, f64::from(g), 1);
            }
            assert_eq!(
                accepted(library, &sgd, 0.99 * f64::from(border), 1),
                1,
                "{lr}"
            );
        }
        for (lr, momentum) in [2.0, 100.0, 1e30, -100.0]
            .into_iter()
            .flat_map(|lr| [(lr, 0.0), (lr, 0.9)])
        {
            let sgd = setting("sgd", &[("lr", lr), ("momentum", momentum)]);
            let count = [3e38, 1e30, 1e5].map(|g| accepted(library, &sgd, g, 1));
            assert_eq!(count[2], 1, "{sgd:?}");
        }
    });
}

/// What is accepted, and where it leads to: the first step of Adam is lr, whatever the gradient's size.
#[test]
fn the_bounds_and_what_lies_on_either_side() {
    // An optimizer, the type of the parameter, a gradient, and its first element afterwards, if the step is accepted.
    type Case = (&'static str, Dtype, f64, Option<f64>);
    use Dtype::{F32, F64};
    const ROOT: f64 = 1.844_674_352e19; // of the largest f32
    let cases: [Case; 24] = [
        ("sgd lr=1", F32, MOST, Some(-MOST)),
        ("sgd lr=1", F32, 1e39, None),
        ("sgd lr=1e-30", F32, 1e30, Some(-1.0)),
        ("sgd lr=1e39", F32, 0.0, None),
        ("sgd lr=1e39", F64, 0.0, Some(0.0)),
        ("sgd weight_decay=1e39", F32, 0.0, None),
        ("sgd weight_decay=1e39", F64, 0.0, Some(0.0)),
        ("sgd lr=1e300", F32, 1.0, None),
        ("adam lr=1e39", F32, 0.0, None),
        ("adam lr=1e300", F32, 1.0, None),
        ("adam weight_decay=1e300", F32, 1.0, None),
        ("adam", F32, 0.999 * ROOT, Some(-1e-3)),
        ("adam", F32, 1.001 * ROOT, None),
        ("adam", F32, 1e30, None),
        ("adam", F64, 1e30, Some(-1e-3)),
        // rate * m is computed before the division by the root.
        ("adam lr=1e30", F32, 1e15, None),
        ("adam lr=-1e30", F32, 1e15, None),
        ("adam lr=1e30", F32, 1e6, Some(-1e30)),
        // Without eps the update of a gradient of 0 is 0/0; its limit for eps to 0 is 0. 1e-46 is 0 as an f32.
        ("adam eps=0", F32, 0.0, Some(0.0)),
        ("adam eps=1e-46", F32, 0.0, Some(0.0)),
        ("adam", F32, 0.0, Some(0.0)),
        ("adam eps=0", F64, 0.0, Some(0.0)),
        // The square of a small gradient is 0 in f32; then, too, the parameter rests.
        ("adam eps=0", F32, 1e-30, Some(0.0)),
        ("adam eps=0", F32, 1e-42, Some(0.0)),
    ];
    each(|library| {
        for (text, dtype, g, expected) in cases {
            let setting = parsed(text);
            let (accepted, after) = steps(library, &setting, dtype, g, 1);
            let what = format!("{setting:?}, a gradient of {g:e}: {after:?}");
            assert_eq!(accepted == 1, expected.is_some(), "{what}");
            // Some roundings of 2^-24, or of 2^-53.
            let relative = if dtype == F32 { 1e-6 } else { 1e-15 };
            let expected = expected.unwrap_or(0.0);
            assert!(
                (after[0] - expected).abs() <= relative * expected.abs(),
                "{what}"
            );
        }
    });
}

/// An update is lr at most in the first step, where the root of the second moment has few digits.
#[test]
fn adam_without_eps_stays_small_where_the_second_moment_underflows() {
    let adam = parsed("adam eps=0");
    each(|library| {
        let (accepted, after) = steps(library, &adam, Dtype::F32, 1e-25, 1);
        assert!(accepted == 1 && after[0].abs() <= 1.1e-3, "{after:?}");
        // A gradient of 0 among others, three times.
        let mut ours = parameters(Dtype::F32, &[vec![0.0; 3]]);
        for _ in 0..3 {
            ours = stepped(library, &adam, weight(Dtype::F32, &[0.0, 1.0, -1.0]), ours);
        }
        let w = ours.w[0].values();
        assert!(
            w[0] == 0.0 && (w[1] + 3e-3).abs() < 1e-6 && w[2] == -w[1],
            "{w:?}"
        );
    });
}
