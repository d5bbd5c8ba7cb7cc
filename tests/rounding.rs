//! Rounding to the dtype: to the nearest, ties to even, at every exponent down to the subnormals.
//!
//! The factor 0.75 lengthens a significand by two bits at most, so the product is exact in f64 (and for 16-bit types in
//! f32, by way of which they go) and is rounded exactly once: the result is known to the bit. Half of all results with
//! two bits too many are ties or lie beside one.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::Random;
use common::number::Real;
use trimtab::{Adam, Scale, Sgd, Slot, StepState, Tensor, apply, bf16, f16, observe};

/// Every element three quarters of what it was, rounded once.
fn three_quarters<T: Real>(data: &[T]) {
    let mut scaled = data.to_vec();
    let mut tensors = [Tensor::weight(&mut scaled)];
    observe(&mut tensors).expect("finite");
    Scale::new(0.75).decide(&mut tensors).expect("finite");
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

/// An optimizer takes the gradient with its affine in the parameter's type, not in the gradient's: what an f16 could
/// not hold still moves an f32.
#[test]
fn an_optimizer_does_not_round_to_the_dtype_of_the_gradient() {
    let mut gradient = [f16::nearest(1.0 + f64::exp2(-10.0))];
    let mut tensors = [Tensor::weight(&mut gradient)];
    // Far below the smallest f16, and with two significant bits more than it has.
    let factor = 0.75 * f64::exp2(-40.0);
    let decide = |tensors: &mut [Tensor]| {
        observe(tensors).expect("finite");
        Scale::new(factor).decide(tensors).expect("finite");
    };
    decide(&mut tensors);
    let exact = factor * (1.0 + f64::exp2(-10.0));
    let mut w = [0.0_f32];
    let sgd = Sgd::new(1.0);
    sgd.step(
        &mut StepState::default(),
        &mut tensors,
        &mut [Slot::sgd(&mut w)],
    )
    .expect("in range");
    assert_eq!(f64::from(w[0]), -exact);
    let (mut w, mut m, mut v) = ([0.0_f64], [0.0_f64], [0.0_f64]);
    let adam = Adam::default().with_beta1(0.0);
    let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
    decide(&mut tensors);
    adam.step(&mut StepState::default(), &mut tensors, &mut slots)
        .expect("in range");
    assert_eq!(
        m,
        [exact],
        "without a past the first moment is the gradient"
    );
}
