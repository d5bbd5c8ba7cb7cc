//! What is told as 0 is written as 0: a gradient whose squares about the mean are rounding is silenced by centring.
//!
//! And how exact the variance is of a gradient whose mean is much larger than its standard deviation.

use trimtab::{Dtype, Moments, Role};

use super::{each, once};
use crate::common::calls::{Call, parsed, weight};
use crate::common::data::Random;
use crate::common::elements::Elements;
use crate::common::library::Library;
use crate::common::methods::every_setting;
use crate::common::number::Real;
use crate::common::status::{OK, expect};
use crate::common::table::Setting;
use crate::common::world::{Gradients, World};
use crate::oracle::statistics;

fn centralize() -> Setting {
    parsed("centralize roles=1")
}

fn is_zeros(elements: &Elements) -> bool {
    elements.values().iter().all(|x| *x == 0.0)
}

/// `mean` and the next number of the type above it, in turn.
fn one_ulp_of_noise<T: Real>(mean: f64, len: usize) -> Elements {
    let low = T::nearest(mean).value();
    let high = low + T::ulp(mean);
    let values: Vec<f64> = (0..len)
        .map(|i| if i % 2 == 0 { low } else { high })
        .collect();
    Elements::new(T::DTYPE, &values)
}

/// Centring, then each method: zeros are told, zeros are written, and no norm and no deviation is remembered.
fn silenced(data: &Elements) {
    once(|library| {
        for follower in every_setting() {
            let what = format!("{follower:?}, {:?}", data.dtype());
            let mut gradients: Gradients = vec![(Role::Weight, data.clone())];
            let mut world = World::observed(library, &mut gradients);
            let mut methods = [centralize(), follower].map(|method| world.fresh(method));
            let answer = world.decide(&mut methods).expect("can be said");
            expect(&what, answer.code, OK);
            let states = &methods[1].states;
            let norms = states
                .norms
                .iter()
                .all(|norm| (norm.steps, norm.skipped) == (0, 1));
            assert!(norms && states.autoscale == Default::default(), "{what}");
            let told = library.outlook(&world.grads[0]).expect("observed");
            assert_eq!(
                (told.sum, told.sum_sq, told.abs_max),
                (0.0, 0.0, 0.0),
                "{what}"
            );
            expect("apply", library.apply(&mut world.grads).code, OK);
            drop(world);
            assert!(is_zeros(&gradients[0].1), "{what}");
        }
    });
}

/// Half an ulp, the standard deviation, is at most 2^-24 of the mean, and of 1e10 500 is 2^-24.3: below 2^-22.
#[test]
fn noise_about_a_large_mean_is_silenced() {
    for mean in [1e20, 1.0, 3e-20] {
        silenced(&one_ulp_of_noise::<f32>(mean, 1000));
        silenced(&one_ulp_of_noise::<f64>(mean, 1000));
    }
    let noisy = [1e10 + 500.0, 1e10 - 500.0].repeat(500);
    silenced(&Elements::F64(noisy));
}

/// The mean of three times 0.1 is not 0.1 in f64.
#[test]
fn a_constant_and_a_single_element_are_silenced() {
    for x in [0.1, 1.0 / 3.0, -7.7] {
        for len in [1, 2, 3, 7, 33, 1000] {
            silenced(&Elements::new(Dtype::F32, &vec![x; len]));
            silenced(&Elements::new(Dtype::F64, &vec![x; len]));
        }
    }
}

/// StableGrad and ZNorm leave a constant alone, to the bit.
#[test]
fn what_divides_by_a_deviation_leaves_a_constant_alone() {
    each(|library| {
        let divides = |method: &Setting| ["stable_grad", "znorm"].contains(&method.of.name);
        for method in every_setting().filter(divides) {
            let constant = Elements::new(Dtype::F32, &[0.1; 1001]);
            let mut data = vec![(Role::Weight, constant.clone())];
            let mut world = World::observed(library, &mut data);
            Call::Ask(method).accepted("a constant", &mut world);
            Call::Apply.accepted("a constant", &mut world);
            drop(world);
            assert_eq!(data[0].1.bits(), constant.bits());
        }
    });
}

/// Autoscale centres by itself, and what it leaves counts as 0 in its own standard deviation, too.
#[test]
fn autoscale_silences_what_it_does_not_count() {
    each(|library| {
        let noise = one_ulp_of_noise::<f32>(1e20, 8);
        let signal = Elements::F32(vec![1.0, -1.0]);
        let mut data = vec![(Role::Weight, noise), (Role::Weight, signal)];
        let mut world = World::observed(library, &mut data);
        let mut autoscale = world.fresh(parsed("autoscale"));
        world.accepts("noise and signal", &mut autoscale);
        // Only the two elements of the second count, among ten: sqrt(2 / 9).
        let sigma = autoscale.states.autoscale.sigma;
        assert!((sigma - (2.0_f64 / 9.0).sqrt()).abs() < 1e-12);
        Call::Apply.accepted("noise and signal", &mut world);
        drop(world);
        assert!(is_zeros(&data[0].1) && data[1].1.values()[0] > 0.0);
    });
}

/// Just above the threshold a gradient is one: the relative standard deviation of +-1 about 2^21 is 2^-21, twice 2^-22.
#[test]
fn what_is_above_the_threshold_is_centred() {
    each(|library| {
        for (mean, kept) in [(f64::exp2(21.0), 1.0), (f64::exp2(23.0), 0.0)] {
            let values = [mean + 1.0, mean - 1.0, mean + 1.0, mean - 1.0];
            let mut data = weight(Dtype::F64, &values);
            let mut world = World::observed(library, &mut data);
            Call::Ask(centralize()).accepted("near the threshold", &mut world);
            Call::Apply.accepted("near the threshold", &mut world);
            drop(world);
            assert_eq!(
                data[0].1.values(),
                [kept, -kept, kept, -kept],
                "about {mean}"
            );
        }
    });
}

/// The figures of `Moments::std`: the relative error of the variance is about 2^-52 * (mean/std)^2.
///
/// Of 64 elements, each lane adds two, and the tree five times: eight roundings of 2^-53 in the sum of squares, with that
/// of the square, and twice seven and three more in sum * (sum/n). All are relative to about n*mean^2, so that the
/// variance is off by at most 25 * 2^-53 * (mean/std)^2.
#[test]
fn the_variance_about_a_large_mean_has_the_digits_documented() {
    let mut random = Random(51);
    // Multiples of 2^-20, so that mean + deviation is exact and the exact variance can be had from deviations.
    let mut deviation = |_| (random.between(-1.8, 1.8) * 1048576.0).round() / 1048576.0;
    for ratio in [1e2, 1e4, 1e6].repeat(200) {
        let deviations: Vec<f64> = (0..64).map(&mut deviation).collect();
        let data: Vec<f64> = deviations.iter().map(|d| ratio + d).collect();
        let exact = statistics::std(&deviations).powi(2);
        once(|library: &dyn Library| {
            let mut moments = Moments::default();
            library.observe_chunk(&mut moments, &mut Elements::F64(data.clone()));
            let [_, std, _] = library.statistics(&moments);
            let off = (std * std / exact - 1.0).abs();
            let allowed = 12.5 * f64::exp2(-52.0) * ratio * ratio / exact;
            assert!(
                off <= allowed,
                "mean/std {ratio:e}: {off:e}, allowed {allowed:e}"
            );
        });
    }
}

/// Gradients whose noise lies on both sides of the threshold, behind chains of up to five methods.
#[test]
fn after_any_chain_a_norm_of_0_means_zeros() {
    let all: Vec<Setting> = every_setting().collect();
    once(|library| {
        for seed in 0..256 {
            let mut random = Random(seed);
            let noise = f64::powf(10.0, random.between(-12.0, -2.0));
            let some = random.below(4);
            let draw = |_| all[random.below(all.len())].clone();
            let mut methods: Vec<Setting> = (0..some).map(draw).collect();
            methods.insert(random.below(some + 1), centralize());
            let element = |_| 3.0 + noise * random.between(-1.0, 1.0);
            let values: Vec<f64> = (0..1 + seed % 70).map(element).collect();
            for dtype in [Dtype::F32, Dtype::F64] {
                let mut data = weight(dtype, &values);
                let mut world = World::observed(library, &mut data);
                for method in &methods {
                    // What is refused, for its order, changes nothing.
                    let _ = world.ask(&mut world.fresh(method.clone()));
                }
                let norm = world.grads[0].outlook().norm();
                Call::Apply.accepted(&format!("{methods:?}"), &mut world);
                drop(world);
                assert!(is_zeros(&data[0].1) || norm > 0.0, "{methods:?}");
            }
        }
    });
}
