//! Gradients at the ends of their dtypes: correctly scaled where the result exists, refused where it does not.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::chain::Chain;
use common::compare;
use common::data::{Batch, Random, values};
use common::list::every_variant;
use common::method::{AnyMethod, StepInputs};
use common::number::Real;
use common::snapshot;
use oracle::statistics;
use trimtab::{
    Adam, Centralize, ClipNorm, Error, Guard, GuardState, Moments, Role, Roles, Scale, Scope, Sgd,
    Slot, StepState, Tensor, Verdict, apply, bf16, f16, observe,
};

/// Weights and biases of magnitudes in [0.5, 1] times `largest`: pairs of x and -x, so that the mean is exactly 0 and
/// centring, whose bound adds the mean to the largest magnitude, has room up to the end of the dtype.
fn around<T: Real>(largest: f64) -> Batch<T> {
    let mut random = Random(41);
    let mut tensor = |(role, pairs)| {
        let mut data = Vec::new();
        for _ in 0..pairs {
            let x = T::nearest(largest * random.between(0.5, 1.0)).value();
            data.extend([T::exact(x), T::exact(-x)]);
        }
        (role, data)
    };
    let shapes = [
        (Role::Weight, 32),
        (Role::Bias, 4),
        (Role::Weight, 1),
        (Role::Bias, 1),
    ];
    Batch::of(shapes.map(&mut tensor).into())
}

/// The same with means: the first tensor's elements keep their magnitudes and lose their signs.
fn with_means<T: Real>(largest: f64) -> Batch<T> {
    let mut batch = around::<T>(largest);
    for x in &mut batch.data[0] {
        *x = T::exact(x.value().abs());
    }
    batch
}

/// Every method on gradients of this magnitude, two steps, against the oracle; with means where they fit.
fn every_method_at<T: Real>(magnitude: f64) {
    for variant in every_variant() {
        let mut chain = Chain::new(&[variant], 4);
        let mut batches = vec![around::<T>(magnitude)];
        if magnitude < 0.25 * T::LARGEST {
            batches.push(with_means::<T>(magnitude));
        }
        for mut batch in batches {
            chain.step(
                &format!("at {magnitude:e}"),
                &StepInputs::plain(4),
                &mut batch,
            );
        }
    }
}

#[test]
fn f32_gradients_of_1e20_are_scaled_correctly() {
    every_method_at::<f32>(1e20);
}

#[test]
fn f32_gradients_of_3e38_are_scaled_correctly() {
    every_method_at::<f32>(3e38);
}

#[test]
fn f32_gradients_of_1e_30_are_scaled_correctly() {
    every_method_at::<f32>(1e-30);
}

/// Subnormals: about 700 units of the smallest f32.
#[test]
fn f32_gradients_of_1e_42_are_scaled_correctly() {
    every_method_at::<f32>(1e-42);
}

#[test]
fn bf16_gradients_at_both_ends_are_scaled_correctly() {
    every_method_at::<bf16>(3e38);
    every_method_at::<bf16>(1e-38);
    every_method_at::<bf16>(100.0 * bf16::tiniest());
}

#[test]
fn f16_gradients_at_both_ends_are_scaled_correctly() {
    every_method_at::<f16>(6e4);
    every_method_at::<f16>(1e-4);
    every_method_at::<f16>(100.0 * f16::tiniest());
}

/// Squares of f64 elements must neither overflow nor become subnormal; up to 1e150 they do not.
#[test]
fn f64_gradients_at_both_ends_are_scaled_correctly() {
    every_method_at::<f64>(1e149);
    every_method_at::<f64>(1e-140);
}

#[test]
fn f64_beyond_1e150_is_not_finite_and_below_it_is() {
    for (x, finite) in [
        (1e150, true),
        (-1e150, true),
        (1.0000001e150, false),
        (-1e200, false),
        (f64::MAX, false),
    ] {
        let mut moments = Moments::default();
        assert_eq!(moments.observe_chunk(&[0.5, x]).is_ok(), finite, "{x:e}");
        assert_eq!(moments.is_finite(), finite, "{x:e}");
    }
}

#[test]
fn the_largest_and_the_smallest_elements_are_read_exactly() {
    for_every_dtype!(ends_are_read_exactly);
}

fn ends_are_read_exactly<T: Real>() {
    let largest = T::LARGEST.min(1e150);
    for value in [
        largest,
        -largest,
        T::tiniest().max(1e-150),
        f64::exp2(f64::from(T::MIN_EXPONENT.max(-400))),
    ] {
        let mut moments = Moments::default();
        moments.observe_chunk(&[T::exact(value)]).expect("finite");
        let found = (moments.sum, moments.sum_sq, moments.abs_max, moments.norm());
        assert_eq!(
            found,
            (value, value * value, value.abs(), value.abs()),
            "{}",
            T::NAME
        );
    }
}

fn scaled<T: Real>(data: &mut [T], factor: f64) -> Result<(), Error> {
    let mut tensors = [Tensor::weight(data)];
    observe(&mut tensors)?;
    Scale::new(factor).decide(&mut tensors)?;
    let before = snapshot::tensors(&tensors);
    let result = apply(&mut tensors);
    if result.is_err() {
        assert_eq!(
            snapshot::tensors(&tensors),
            before,
            "refused and yet something moved"
        );
    }
    result
}

#[test]
fn the_largest_finite_value_is_written_and_nothing_beyond_it() {
    for_every_dtype!(largest_is_written);
}

fn largest_is_written<T: Real>() {
    // A power of two below the largest that is observable in f64 too.
    let (start, factor) = match T::DIGITS {
        53 => (T::LARGEST * f64::exp2(-600.0), f64::exp2(600.0)),
        _ => (T::LARGEST * 0.5, 2.0),
    };
    let mut data = [T::exact(start), T::exact(-start)];
    assert_eq!(scaled(&mut data, factor), Ok(()), "{}", T::NAME);
    assert_eq!(values(&data), [T::LARGEST, -T::LARGEST]);
    let mut data = [T::exact(0.0), T::exact(-start)];
    let beyond = factor * (1.0 + f64::EPSILON);
    assert_eq!(
        scaled(&mut data, beyond),
        Err(Error::Overflow { tensor: 0 }),
        "{}",
        T::NAME
    );
}

/// Centring can leave the range though every element is in it: largest, largest, -largest have the mean largest/3.
#[test]
fn a_centred_result_beyond_the_largest_is_refused() {
    for_every_dtype!(centring_beyond_is_refused);
}

fn centring_beyond_is_refused<T: Real>() {
    let up = if T::DIGITS == 53 {
        T::LARGEST * f64::exp2(-600.0)
    } else {
        T::LARGEST
    };
    let mut data = [up, up, -up].map(T::exact);
    let mut tensors = [Tensor::weight(&mut data)];
    observe(&mut tensors).expect("finite");
    let center = Centralize::default().with_roles(Roles::All);
    center.decide(&mut tensors).expect("decided, not written");
    if T::DIGITS == 53 {
        let scale = Scale::new(f64::exp2(600.0));
        scale.decide(&mut tensors).expect("decided, not written");
    }
    let before = snapshot::tensors(&tensors);
    assert_eq!(
        apply(&mut tensors),
        Err(Error::Overflow { tensor: 0 }),
        "{}",
        T::NAME
    );
    assert_eq!(snapshot::tensors(&tensors), before);
}

#[test]
fn subnormals_are_scaled_up_exactly_and_down_to_the_nearest() {
    for_every_dtype!(subnormals_are_scaled);
}

fn subnormals_are_scaled<T: Real>() {
    // 2^-500 stands in for f64, whose squares would vanish below 2^-537.
    let unit = T::tiniest().max(f64::exp2(-500.0));
    let mut data = [1.0, 3.0, -7.0].map(|k| T::exact(k * unit));
    scaled(&mut data, 1024.0).expect("in range");
    assert_eq!(values(&data), [1.0, 3.0, -7.0].map(|k| k * unit * 1024.0));
    if T::DIGITS == 53 {
        return;
    }
    // 2.5 and 3.5 units lie between neighbours: ties to even.
    let mut data = [5.0, 7.0, -6.0, 1.0].map(|k| T::exact(k * unit));
    scaled(&mut data, 0.5).expect("in range");
    assert_eq!(
        values(&data),
        [2.0, 4.0, -3.0, 0.0].map(|k| k * unit),
        "{}",
        T::NAME
    );
}

/// Scales beyond f32, up and down, in one affine: 1e-42 * 1e42 and 1e30 / 1e60.
#[test]
fn a_scale_may_leave_the_range_of_f32() {
    for (start, factor) in [(1e-42, 1e42), (1e-44, 1e80), (1e30, 1e-60), (3e38, 1e-80)] {
        let mut data = [start as f32];
        let exact = f64::from(data[0]) * factor;
        scaled(&mut data, factor).expect("in range");
        compare::written("out of f32's range", &data, &[exact]);
    }
}

/// Adam squares the gradient in the parameter's dtype: refused above the root of its largest value.
#[test]
fn adam_refuses_gradients_whose_square_is_not_finite() {
    let root = f64::from(f32::MAX).sqrt();
    for (g, fits) in [(0.999 * root, true), (1.001 * root, false), (1e30, false)] {
        let mut gradient = [0.0, g as f32];
        let (mut w, mut m, mut v) = ([1.0_f32; 2], [0.0_f32; 2], [0.0_f32; 2]);
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let mut state = StepState::default();
        let result = Adam::default().step(
            &mut state,
            &mut tensors,
            &mut [Slot::adam(&mut w, &mut m, &mut v)],
        );
        match fits {
            true => assert!(
                result.is_ok() && v[1].is_finite() && v[1] > 0.0 && w[1].is_finite(),
                "{g:e}"
            ),
            false => {
                assert_eq!(result, Err(Error::Overflow { tensor: 0 }), "{g:e}");
                assert_eq!((w, m, v, state.steps), ([1.0; 2], [0.0; 2], [0.0; 2], 0));
            }
        }
    }
}

/// The same gradients fit f64 parameters, and SGD.
#[test]
fn gradients_adam_refuses_in_f32_fit_f64_parameters_and_sgd() {
    let mut gradient = [1e30_f32];
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    let (mut w, mut m, mut v) = ([1.0_f64], [0.0_f64], [0.0_f64]);
    let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
    Adam::default()
        .step(&mut StepState::default(), &mut tensors, &mut slots)
        .expect("fits");
    // The first step is lr whatever the gradient's size; 1 - 1e-3 up to roundings of 2^-53.
    assert!((w[0] - 0.999).abs() <= 1e-15, "{w:?}");
    observe(&mut tensors).expect("finite");
    let mut w = [1.0_f32];
    let sgd = Sgd::new(1e-30);
    sgd.step(
        &mut StepState::default(),
        &mut tensors,
        &mut [Slot::sgd(&mut w)],
    )
    .expect("fits");
    // 1 - 1e-30*1e30 in f32: two roundings of 2^-24.
    assert!(w[0].abs() <= f32::EPSILON, "{w:?}");
}

// ---- failures reproduced in other libraries ----

/// torch's clip_grad_norm_ makes zeros of it: the f32 norm is infinite, and 1/inf is 0.
#[test]
fn clipping_a_gradient_of_1e20_does_not_make_zeros() {
    for scope in [Scope::Tensor, Scope::Global] {
        let mut data = [1e20_f32, -1e20, 1e20, 1e20];
        let mut tensors = [Tensor::weight(&mut data)];
        observe(&mut tensors).expect("finite");
        ClipNorm::new(1.0, scope)
            .decide(&mut tensors)
            .expect("finite");
        apply(&mut tensors).expect("in range");
        compare::written("clipped", &data, &[0.5, -0.5, 0.5, 0.5]);
    }
}

/// torch makes NaN of every tensor when one has one; here the call is refused and nothing moves.
#[test]
fn one_nan_does_not_spread() {
    let mut data = [[3.0_f32, 4.0], [f32::NAN, 1.0], [6.0, 8.0]];
    let mut tensors: Vec<Tensor> = data.iter_mut().map(|d| Tensor::weight(d)).collect();
    assert_eq!(observe(&mut tensors), Err(Error::NonFinite { tensor: 1 }));
    let before = snapshot::tensors(&tensors);
    let clip = ClipNorm::global(1.0);
    assert_eq!(
        clip.decide(&mut tensors),
        Err(Error::NonFinite { tensor: 1 })
    );
    assert_eq!(apply(&mut tensors), Err(Error::NonFinite { tensor: 1 }));
    assert_eq!(snapshot::tensors(&tensors), before);
    // With a guard that zeroes, the others are clipped as if it had not been there: norm 5 + 10 -> sqrt(125).
    let guard = Guard::zero().with_max_consecutive(0);
    assert_eq!(
        guard.decide(&mut GuardState::default(), &mut tensors),
        Ok(Verdict::Proceed)
    );
    clip.decide(&mut tensors).expect("guarded");
    apply(&mut tensors).expect("guarded");
    drop(tensors);
    let exact = [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]].map(|t| t.map(|x| x / f64::sqrt(125.0)));
    for (data, exact) in data.iter().zip(&exact) {
        compare::written("guarded", data, exact);
    }
}

/// optax's norm of f16 [300] is infinite: 300^2 is not an f16.
#[test]
fn the_norm_of_an_f16_300_is_300() {
    let mut data = [f16::nearest(300.0)];
    let mut tensors = [Tensor::weight(&mut data)];
    observe(&mut tensors).expect("finite");
    assert_eq!(tensors[0].moments().norm(), 300.0);
    ClipNorm::global(1.0).decide(&mut tensors).expect("finite");
    apply(&mut tensors).expect("in range");
    assert_eq!(values(&data), [1.0]);
}

/// torch's norm on a CPU is 1.1 % off at 1e8 elements, because f32 sums stop growing.
#[test]
fn the_norm_of_many_elements_is_right() {
    let (len, value) = (100_000_000, f32::nearest(0.1));
    let mut moments = Moments::default();
    let chunk = vec![value; trimtab::BLOCK];
    let mut left = len;
    while left > 0 {
        let next = left.min(chunk.len());
        moments.observe_chunk(&chunk[..next]).expect("finite");
        left -= next;
    }
    let exact = f64::from(value) * (len as f64).sqrt();
    // The bound of summation, as in `reduction.rs`; halved by the root.
    let bound = oracle::order::depth(len) as f64 * f64::exp2(-53.0);
    compare::relative("norm", moments.norm(), exact, bound);
    compare::relative("mean", moments.mean(), f64::from(value), 2.0 * bound);
}

/// A constant has no deviation and, once centred, no norm: no later method may find noise in it to blow up.
#[test]
fn a_centred_constant_is_not_blown_up_by_what_follows() {
    let center = AnyMethod::Centralize(Centralize::default().with_roles(Roles::All));
    for follower in every_variant() {
        let shapes = [(0.1, 1000), (1.0 / 3.0, 3), (-7.7, 33)];
        let constants = shapes.map(|(x, n)| (Role::Weight, vec![f32::nearest(x); n]));
        let mut batch = Batch::of(constants.into());
        let mut chain = Chain::new(&[("centralize", center), follower], 3);
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect("finite");
        for (method, states) in chain.methods.iter().zip(&mut chain.core) {
            method.must_decide("decides", &StepInputs::plain(3), states, &mut tensors);
        }
        apply(&mut tensors).expect("in range");
        drop(tensors);
        for data in &batch.data {
            // What is left is the rounding of the mean itself: 2^-44 of the constant, at most 7.7, and not scaled up.
            let left = statistics::abs_max(&values(data));
            assert!(
                left <= 7.7 * f64::exp2(-44.0),
                "centralize > {}: {left:e}",
                follower.0
            );
        }
    }
}

/// StableGrad and ZNorm leave a constant alone, to the bit.
#[test]
fn a_constant_is_left_alone_by_what_divides_by_its_deviation() {
    for (name, method) in every_variant() {
        let divides = matches!(method, AnyMethod::StableGrad(_) | AnyMethod::Znorm(_));
        let mut batch = Batch::of(vec![(Role::Weight, vec![f32::nearest(0.1); 1001])]);
        let before = batch.bits();
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect("finite");
        method.must_decide(
            name,
            &StepInputs::plain(1),
            &mut method.states(1),
            &mut tensors,
        );
        apply(&mut tensors).expect("in range");
        drop(tensors);
        assert!(!divides || batch.bits() == before, "{name}");
    }
}
