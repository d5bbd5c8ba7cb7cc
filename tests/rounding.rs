//! Rounding to the dtype: to the nearest, ties to even, at every exponent down to the subnormals.
//!
//! The factor 0.75 lengthens a significand by two bits at most, so the product is exact in f64 (and for 16-bit types in
//! f32, by way of which they go) and is rounded exactly once: the result is known to the bit. Half of all results with
//! two bits too many are ties or lie beside one.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::compare;
use common::data::Random;
use common::number::Real;
use common::snapshot;
use trimtab::{Adam, Moments, Scale, Sgd, Slot, StepState, Tensor, apply, bf16, f16, observe};

/// Every element three quarters of what it was, rounded once.
fn three_quarters<T: Real>(data: &[T]) {
    let mut scaled = data.to_vec();
    let mut tensors = [Tensor::weight(&mut scaled)];
    observe(&mut tensors).expect("finite");
    Scale { factor: 0.75 }.decide(&mut tensors).expect("finite");
    apply(&mut tensors).expect("in range");
    for (before, after) in data.iter().zip(&scaled) {
        let exact = T::nearest(0.75 * before.value());
        assert_eq!(
            after.bits(),
            exact.bits(),
            "0.75 * {:e} in {}",
            before.value(),
            T::NAME
        );
    }
}

#[test]
fn every_f16_is_rounded_to_the_nearest_even() {
    let all = (0..=u16::MAX).map(f16::from_bits);
    three_quarters(&all.filter(|x| x.is_finite()).collect::<Vec<_>>());
}

#[test]
fn every_bf16_is_rounded_to_the_nearest_even() {
    let all = (0..=u16::MAX).map(bf16::from_bits);
    three_quarters(&all.filter(|x| x.is_finite()).collect::<Vec<_>>());
}

#[test]
fn f32_at_every_exponent_is_rounded_to_the_nearest_even() {
    let mut random = Random(91);
    let all = (0..100_000).map(|_| f32::from_bits(random.bits() as u32));
    three_quarters(&all.filter(|x| x.is_finite()).collect::<Vec<_>>());
}

/// Moments around a write: before it, as it tells them, and as they are found by reading again.
struct Moved {
    before: Moments,
    told: Moments,
    found: Moments,
}

impl Moved {
    /// By a plain scaling of elements with this mean and standard deviation.
    fn by<T: Real>(factor: f64, seed: u64, len: usize, mean: f64, spread: f64) -> Self {
        let mut data: Vec<T> = Random(seed).elements(len, mean, spread);
        let mut tensors = [Tensor::weight(&mut data)];
        observe(&mut tensors).expect("finite");
        let before = *tensors[0].moments();
        Scale { factor }.decide(&mut tensors).expect("finite");
        apply(&mut tensors).expect("in range");
        let told = *tensors[0].moments();
        observe(&mut tensors).expect("finite");
        let found = *tensors[0].moments();
        Self {
            before,
            told,
            found,
        }
    }
}

/// Where the result is subnormal a scaling is no longer a scaling: the moments afterwards must be the buffer's.
#[test]
fn moments_after_a_write_into_the_subnormals_are_those_of_the_buffer() {
    for factor in [1e-36, 1e-40, 1e-43, 3e-45] {
        let Moved { told, found, .. } = Moved::by::<f32>(factor, 92, 200, 0.5, 1.0);
        // Rounding to f32's 24 bits at 1e-36; nothing but f64's own below, where they are read back.
        compare::relative("sum_sq", told.sum_sq, found.sum_sq, f64::exp2(-23.0));
        compare::relative("abs_max", told.abs_max, found.abs_max, f64::exp2(-23.0));
        if factor < 1e-38 {
            assert_eq!(
                snapshot::moments(&told),
                snapshot::moments(&found),
                "{factor:e}"
            );
        }
    }
}

/// The squares of small f64, and the square of the factor, leave the range of f64 long before the results do.
#[test]
fn moments_after_a_write_are_those_of_the_buffer_where_squares_are_out_of_range() {
    for (mean, factor) in [
        (1e-149, 1e160), // factor^2 is infinite, and
        (1e-170, 1e165), // sum_sq is 0, too: no number
        (1e-170, 1e170), // sum_sq is 0, and that of the results is 1
        (1e-163, 5e6),   // is 0, and subnormal
        (1e-160, 1e20),  // is subnormal, and is not
        (1e149, 1e-160), // factor^2 is subnormal
        (1e149, 1e-300), // is 0
        (1.0, 1e-158),   // the results' is subnormal
        (1.0, 1e-320),   // so are the results
    ] {
        let Moved { told, found, .. } = Moved::by::<f64>(factor, 94, 200, mean, mean / 9.0);
        let what = format!("{mean:e} by {factor:e}");
        compare::relative(&what, told.sum, found.sum, 1e-14);
        compare::relative(&what, told.sum_sq, found.sum_sq, 1e-14);
        assert_eq!(told.abs_max, found.abs_max, "{what}");
    }
}

/// What is known need not be read again: an ordinary scaling takes the sums from the formula, with the factor that the
/// loop multiplies by. Those of the elements, which are rounded one by one, differ from it in their last digits.
#[test]
fn a_plain_scaling_takes_the_moments_from_those_before() {
    fn scaled<T: Real>(factor: f64, applied: f64) {
        let moved = Moved::by::<T>(factor, 96, 4096, 0.3, 1.0);
        assert_eq!(moved.told.sum, applied * moved.before.sum);
        assert_eq!(moved.told.sum_sq, applied * (applied * moved.before.sum_sq));
        assert_ne!(moved.told.sum, moved.found.sum);
    }
    scaled::<f32>(0.7, f64::from(0.7_f32));
    scaled::<f64>(0.7, 0.7);
}

/// Rounding moves the mean by at most half a unit of the largest element, which is much where the deviation is small: a
/// method that subtracts the mean afterwards has to know it.
#[test]
fn the_mean_after_a_write_is_that_of_the_buffer_however_small_the_deviation() {
    for spread in [1.0, 1e-2, 1e-4, 1e-6] {
        let moved = Moved::by::<f32>(0.4956, 95, 4096, 1000.0, 1000.0 * spread);
        let Moved { told, found, .. } = moved;
        let off = (told.mean() - found.mean()).abs();
        assert!(off <= 1e-4 * found.std(), "{spread:e}: {off:e}");
        compare::relative("std", told.std(), found.std(), 1e-4);
    }
}

/// A factor that is no normal f32 is applied in f64: the largest magnitude told is the one written all the same.
#[test]
fn the_largest_magnitude_is_right_where_the_factor_leaves_the_range_of_f32() {
    for (mean, factor) in [(1e-30, 1e40), (1e38, 1e-41)] {
        let Moved { told, found, .. } = Moved::by::<f32>(factor, 93, 200, mean, mean / 9.0);
        assert_eq!(told.abs_max, found.abs_max, "{factor:e}");
    }
}

/// An optimizer takes the gradient with its affine in the parameter's type, not in the gradient's: what an f16 could
/// not hold still moves an f32.
#[test]
fn an_optimizer_does_not_round_to_the_dtype_of_the_gradient() {
    let mut gradient = [f16::nearest(1.0 + f64::exp2(-10.0))];
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    // Far below the smallest f16, and with two significant bits more than it has.
    let factor = 0.75 * f64::exp2(-40.0);
    Scale { factor }.decide(&mut tensors).expect("finite");
    let exact = factor * (1.0 + f64::exp2(-10.0));
    let mut w = [0.0_f32];
    let sgd = Sgd {
        lr: 1.0,
        ..Sgd::default()
    };
    sgd.step(
        &mut StepState::default(),
        &tensors,
        &mut [Slot::sgd(&mut w)],
    )
    .expect("in range");
    assert_eq!(f64::from(w[0]), -exact);
    let (mut w, mut m, mut v) = ([0.0_f64], [0.0_f64], [0.0_f64]);
    let adam = Adam {
        beta1: 0.0,
        ..Adam::default()
    };
    let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
    adam.step(&mut StepState::default(), &tensors, &mut slots)
        .expect("in range");
    assert_eq!(
        m,
        [exact],
        "without a past the first moment is the gradient"
    );
}
