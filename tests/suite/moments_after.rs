//! Statistics of a gradient as it will be written.

use trimtab::{Affine, Dtype, Moments, Role};

use super::each;
use crate::common::calls::{Call, decided, moments_of, parsed, scaled};
use crate::common::elements::{DTYPES, Elements};
use crate::common::status::{BAD_STATE, OK, ORDER, expect};
use crate::common::world::{Gradients, World};

/// 1, 3, -4 and 4, whose mean is 1.
fn gradients(dtype: Dtype) -> Gradients {
    vec![(Role::Bias, Elements::new(dtype, &[1.0, 3.0, -4.0, 4.0]))]
}

/// What is told of the first gradient; nothing changes by it.
#[track_caller]
fn told(world: &World) -> Result<Moments, i32> {
    let before = world.bits();
    let told = world.library.outlook(&world.grads[0]);
    assert!(before == world.bits());
    told.map_err(|answer| answer.code)
}

/// (x - 1)*2 is 0, 4, -10 and 6; the bound adds the center to the largest magnitude, (4 + 1)*2. Then a limit, which is
/// seen in the bound only.
#[test]
fn moments_through_the_affine() {
    let centralize = parsed("centralize roles=1");
    let double = parsed("scale factor=2");
    let expected = |abs_max| moments_of(4, 0.0, 152.0, abs_max);
    each(|library| {
        for dtype in DTYPES {
            let mut data = gradients(dtype);
            let mut world = World::observed(library, &mut data);
            decided(
                library,
                &[centralize.clone(), double.clone()],
                &mut world.grads,
            );
            assert_eq!(told(&world), Ok(expected(10.0)), "{dtype:?}");
            decided(library, &[parsed("clip_value limit=5")], &mut world.grads);
            assert_eq!(told(&world), Ok(expected(5.0)), "{dtype:?}");
        }
    });
}

/// With nothing decided they are what was observed; and those of the next observation, where halving is exact.
#[test]
fn before_and_after_a_write() {
    each(|library| {
        for dtype in DTYPES {
            let mut data = gradients(dtype);
            let mut world = World::observed(library, &mut data);
            assert_eq!(told(&world), Ok(*world.grads[0].moments()));
            scaled(library, -0.5, &mut world.grads);
            let half = told(&world);
            Call::Apply.accepted("half", &mut world);
            assert_eq!(told(&world), Err(ORDER), "spent");
            expect("observe", library.observe(&mut world.grads).code, OK);
            assert_eq!(half, Ok(*world.grads[0].moments()));
        }
    });
}

/// A guard decides about what is not finite; so it is told, and silenced it is zeros.
#[test]
fn what_is_not_finite_is_told() {
    each(|library| {
        let mut data = vec![(Role::Bias, Elements::new(Dtype::F16, &[1.0, f64::NAN]))];
        let mut world = World::new(library, &mut data);
        assert_eq!(told(&world), Err(ORDER), "not observed");
        let _ = library.observe(&mut world.grads);
        assert!(told(&world).expect("told").sum_sq.is_nan());
        decided(library, &[parsed("guard policy=1")], &mut world.grads);
        let zeros = Moments {
            count: 2,
            ..Moments::default()
        };
        assert_eq!(told(&world), Ok(zeros));
    });
}

#[test]
fn moments_that_no_gradient_can_have_are_not_told() {
    each(|library| {
        for (sum_sq, abs_max) in [(-1.0, 1.0), (1.0, -1.0)] {
            let mut data = gradients(Dtype::F32);
            let mut world = World::observed(library, &mut data);
            let moments = *world.grads[0].moments();
            world.grads[0].set_moments(Moments {
                sum_sq,
                abs_max,
                ..moments
            });
            assert_eq!(told(&world), Err(BAD_STATE));
        }
    });
}

/// Of elements that may be anything and an affine of any kind: those of what the affine makes of the elements.
#[test]
fn moments_through_any_affine() {
    let observed = |data: &[f64]| {
        let mut moments = Moments::default();
        let _ = moments.observe_chunk(data);
        moments
    };
    let mut random = crate::common::data::Random(9);
    for round in 0..200 {
        let len = 1 + random.below(100);
        let data: Vec<f64> = random.elements(len, 0.5, 1.0);
        let centers = [0.0, observed(&data).mean(), random.between(-2.0, 2.0)];
        let affine = Affine {
            center: centers[round % 3],
            scale: random.between(-5.0, 5.0),
            limit: f64::INFINITY,
        };
        let after: Vec<f64> = data.iter().map(|x| affine.transform(*x)).collect();
        let (pushed, exact) = (observed(&data).through(&affine), observed(&after));
        let what = format!("{affine:?}, {len} elements");
        // Of order 100 roundings of 2^-53, relative to the terms of the formulas, which may cancel.
        let root = (len as f64).sqrt();
        let size = affine.scale.abs() * (observed(&data).norm() + affine.center.abs() * root);
        let bound = 1e-14 * size;
        assert_eq!(pushed.count, exact.count, "{what}");
        assert!((pushed.sum - exact.sum).abs() <= bound * root, "{what}");
        assert!(
            (pushed.sum_sq - exact.sum_sq).abs() <= bound * size,
            "{what}"
        );
        assert!(pushed.sum_sq >= 0.0, "{what}");
        assert!(pushed.abs_max >= exact.abs_max * (1.0 - 1e-15), "{what}");
        assert!(round % 3 != 1 || pushed.sum == 0.0, "{what}: centred");
    }
    // A scale of 0 leaves as many elements as there were, and none stay none, without a bound.
    let silenced = Affine {
        scale: 0.0,
        ..Affine::IDENTITY
    };
    for data in [[1.0, 2.0, 4.0], [f64::NAN, 1.0, f64::INFINITY]] {
        assert_eq!(observed(&data).through(&silenced), observed(&[0.0; 3]));
    }
    let limited = Affine {
        center: 2.0,
        scale: 3.0,
        limit: 1.0,
    };
    assert_eq!(Moments::default().through(&limited), Moments::default());
}
