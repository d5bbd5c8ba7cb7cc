//! Gradients at the ends of their types: correctly scaled where the result exists, refused where it does not.

use trimtab::{Dtype, Moments, Role, bf16, f16};

use super::{each, once};
use crate::common::calls::{Call, decided, moments_of, parsed, scaled, weight};
use crate::common::chain::{Chain, Inputs};
use crate::common::compare;
use crate::common::data::{Batch, Random};
use crate::common::elements::{DTYPES, Elements};
use crate::common::library::Library;
use crate::common::methods::every_setting;
use crate::common::number::Real;
use crate::common::status::{NON_FINITE, OK, OVERFLOW, expect};
use crate::common::world::World;
use crate::oracle;

/// The largest finite value of a type.
pub fn largest(dtype: Dtype) -> f64 {
    match dtype {
        Dtype::F32 => f32::LARGEST,
        Dtype::F16 => f16::LARGEST,
        Dtype::BF16 => bf16::LARGEST,
        _ => f64::LARGEST,
    }
}

/// The smallest positive value; of f64 the smallest whose square is one, too.
fn tiniest(dtype: Dtype) -> f64 {
    match dtype {
        Dtype::F32 => f32::tiniest(),
        Dtype::F16 => f16::tiniest(),
        Dtype::BF16 => bf16::tiniest(),
        _ => f64::exp2(-500.0),
    }
}

/// A value that is finite to look at, and what it has to be multiplied by for the largest of its type.
fn halves(dtype: Dtype) -> (f64, f64) {
    let factor = match dtype {
        Dtype::F64 => f64::exp2(600.0),
        _ => 2.0,
    };
    (largest(dtype) / factor, factor)
}

/// What becomes of a weight of these elements.
fn times(
    library: &'static dyn Library,
    dtype: Dtype,
    elements: &[f64],
    factor: f64,
) -> Option<Vec<f64>> {
    let mut data = vec![(Role::Weight, Elements::new(dtype, elements))];
    let mut world = World::observed(library, &mut data);
    scaled(library, factor, &mut world.grads);
    let answer = library.apply(&mut world.grads);
    (answer.code == OK).then(|| data[0].1.values())
}

/// Weights and biases of magnitudes in [0.5, 1] times `largest`: pairs of x and -x, so that the mean is exactly 0 and
/// centring, whose bound adds the mean to the largest magnitude, has room up to the end of the type. Or, with means, the
/// first tensor without its signs.
fn around<T: Real>(largest: f64, with_means: bool) -> Batch<T> {
    let mut random = Random(41);
    let mut tensor = |(role, pairs)| {
        let mut pair = |_| {
            let x = T::nearest(largest * random.between(0.5, 1.0)).value();
            [x, -x]
        };
        let values: Vec<f64> = (0..pairs).flat_map(&mut pair).collect();
        let unsigned = with_means && pairs == 32;
        let exact = |x: f64| T::exact(if unsigned { x.abs() } else { x });
        (role, values.into_iter().map(exact).collect())
    };
    let (weight, bias) = (Role::Weight, Role::Bias);
    Batch::of(
        [(weight, 32), (bias, 4), (weight, 1), (bias, 1)]
            .map(&mut tensor)
            .into(),
    )
}

/// Every method on gradients of these magnitudes, two steps, against the oracle; with means where they fit.
fn every_method_at<T: Real>(magnitudes: &[f64]) {
    once(|library| {
        for (setting, magnitude) in
            every_setting().flat_map(|s| magnitudes.iter().map(move |m| (s.clone(), *m)))
        {
            let mut chain = Chain::new(library, &[setting], 4);
            for with_means in [false, true] {
                if with_means && magnitude >= 0.25 * T::LARGEST {
                    continue;
                }
                let mut batch = around::<T>(magnitude, with_means);
                chain.step(&format!("at {magnitude:e}"), &Inputs::plain(4), &mut batch);
            }
        }
    });
}

/// Subnormals among them. Squares of f64 elements must neither overflow nor become subnormal; up to 1e150 they do not.
#[test]
fn every_method_is_right_at_both_ends_of_a_type() {
    every_method_at::<f32>(&[3e38, 1e20, 1e-30, 1e-42]);
    every_method_at::<bf16>(&[3e38, 1e-38, 100.0 * bf16::tiniest()]);
    every_method_at::<f16>(&[6e4, 1e-4, 100.0 * f16::tiniest()]);
    every_method_at::<f64>(&[1e149, 1e-140]);
}

#[test]
fn the_largest_finite_value_is_written_and_nothing_beyond_it() {
    each(|library| {
        for dtype in DTYPES {
            let (half, factor) = halves(dtype);
            let written = times(library, dtype, &[half, -half], -factor);
            assert_eq!(written, Some(vec![-largest(dtype), largest(dtype)]));
            let beyond = factor * (1.0 + f64::EPSILON);
            assert_eq!(times(library, dtype, &[0.0, -half], beyond), None);
        }
    });
}

/// Centring can leave the range though every element is in it: largest, largest, -largest have the mean largest/3.
#[test]
fn a_centred_result_beyond_the_largest_is_refused() {
    let centralize = parsed("centralize");
    once(|library| {
        for dtype in DTYPES {
            let (half, factor) = halves(dtype);
            let mut data = weight(dtype, &[half, half, -half]);
            for call in Call::writes().filter(|call| !matches!(call, Call::Ask(_))) {
                let mut world = World::observed(library, &mut data);
                decided(library, std::slice::from_ref(&centralize), &mut world.grads);
                scaled(library, factor, &mut world.grads);
                call.refused("centred", &mut world, OVERFLOW, 0);
            }
        }
    });
}

#[test]
fn subnormals_are_scaled_up_exactly_and_down_to_the_nearest_even() {
    once(|library| {
        for dtype in DTYPES {
            let units = |k: &[f64]| k.iter().map(|k| k * tiniest(dtype)).collect::<Vec<_>>();
            let up = times(library, dtype, &units(&[1.0, 3.0, -7.0]), 1024.0);
            assert_eq!(up, Some(units(&[1024.0, 3072.0, -7168.0])), "{dtype:?}");
            // Halves of f64's stand-in are no ties.
            if dtype != Dtype::F64 {
                let down = times(library, dtype, &units(&[5.0, 7.0, -6.0, 1.0]), 0.5);
                assert_eq!(down, Some(units(&[2.0, 4.0, -3.0, 0.0])), "{dtype:?}");
            }
        }
    });
}

/// Scales beyond f32, up and down, in one affine.
#[test]
fn a_scale_may_leave_the_range_of_f32() {
    for (start, factor) in [(1e-42, 1e42), (1e-44, 1e80), (1e30, 1e-60), (3e38, 1e-80)] {
        let start = f64::from(start as f32);
        once(|library| {
            let written = times(library, Dtype::F32, &[start], factor).expect("in range");
            compare::written("scaled", &[written[0] as f32], &[start * factor]);
        });
    }
}

#[test]
fn the_largest_and_the_smallest_elements_are_read_exactly() {
    once(|library| {
        for dtype in DTYPES {
            let largest = largest(dtype).min(1e150);
            for x in [largest, -largest, tiniest(dtype)] {
                let mut moments = Moments::default();
                let answer = library.observe_chunk(&mut moments, &mut Elements::new(dtype, &[x]));
                expect("a chunk", answer.code, OK);
                let expected = moments_of(1, x, x * x, x.abs());
                assert_eq!(moments, expected, "{x:e} in {dtype:?}");
                assert_eq!(library.statistics(&moments)[2], x.abs());
            }
        }
    });
}

// ---- failures reproduced in other libraries ----

/// torch's clip_grad_norm_ makes zeros of 1e20, because the f32 norm is infinite, and 1/inf is 0; optax's norm of f16
/// [300] is infinite, because 300^2 is no f16.
#[test]
fn clipping_does_not_make_zeros() {
    each(|library| {
        for clip in ["clip_norm max_norm=1", "clip_norm max_norm=1 scope=1"].map(parsed) {
            for (dtype, x) in [(Dtype::F32, 1e20), (Dtype::F16, 300.0)] {
                let mut data = weight(dtype, &[x, -x, x, x]);
                let mut world = World::observed(library, &mut data);
                decided(library, std::slice::from_ref(&clip), &mut world.grads);
                Call::Apply.accepted("clipped", &mut world);
                drop(world);
                let Elements::F32(written) = Elements::new(Dtype::F32, &data[0].1.values()) else {
                    unreachable!("asked for");
                };
                compare::written("clipped", &written, &[0.5, -0.5, 0.5, 0.5]);
            }
        }
    });
}

/// torch makes NaN of every tensor when one has one; here the call is refused, and behind a guard that zeroes the others
/// are clipped as if it had not been there: norms 5 and 10, sqrt(125) together.
#[test]
fn one_nan_does_not_spread() {
    let clip = parsed("clip_norm scope=1 max_norm=1");
    each(|library| {
        let all = [[3.0, 4.0], [f64::NAN, 1.0], [6.0, 8.0]];
        let mut data = all
            .map(|x| (Role::Weight, Elements::F32(x.map(|x| x as f32).into())))
            .into();
        let mut world = World::observed(library, &mut data);
        for call in [Call::Ask(clip.clone()), Call::Apply] {
            call.refused("NaN", &mut world, NON_FINITE, 1);
        }
        let guard = parsed("guard policy=1");
        decided(library, &[guard, clip.clone()], &mut world.grads);
        Call::Apply.accepted("guarded", &mut world);
        drop(world);
        for ((_, written), exact) in data.iter().zip([[3.0, 4.0], [0.0; 2], [6.0, 8.0]]) {
            let Elements::F32(written) = written else {
                unreachable!("made so");
            };
            compare::written("guarded", written, &exact.map(|x| x / f64::sqrt(125.0)));
        }
    });
}

/// torch's norm on a CPU is 1.1 % off at 1e8 elements, because f32 sums stop growing.
#[test]
fn the_norm_of_many_elements_is_right() {
    let (len, value) = (100_000_000, f64::from(0.1_f32));
    once(|library| {
        let mut moments = Moments::default();
        let mut chunk = Elements::new(Dtype::F32, &vec![value; 50 * trimtab::BLOCK]);
        while moments.count + (chunk.len() as u64) < len {
            library.observe_chunk(&mut moments, &mut chunk);
        }
        let [mean, _, norm] = library.statistics(&moments);
        // The bound of summation; halved by the root.
        let bound = oracle::order::depth(len as usize) as f64 * f64::exp2(-53.0);
        let exact = value * (moments.count as f64).sqrt();
        compare::relative("norm", norm, exact, bound);
        compare::relative("mean", mean, value, 2.0 * bound);
    });
}
