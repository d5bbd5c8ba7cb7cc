//! The read pass: sums against exact ones, their order to the bit, and what may not change a bit.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::compare;
use common::data::{BLOCK_LENGTHS, Batch, RUN_LENGTHS, Random, SMALL_LENGTHS, values};
use common::number::Real;
use common::snapshot;
use oracle::{order, statistics};
use trimtab::{Affine, BLOCK, LANES, Moments, Role, Scale, Tensor, apply, observe};

fn lengths() -> impl Iterator<Item = usize> {
    let short = SMALL_LENGTHS.into_iter().chain(RUN_LENGTHS);
    short.chain(BLOCK_LENGTHS)
}

fn moments_of<T: Real>(data: &[T]) -> Moments {
    let mut moments = Moments::default();
    moments.observe_chunk(data).expect("finite");
    moments
}

/// The same, of elements that need not be finite.
fn moments_of_any<T: Real>(data: &[T]) -> Moments {
    let mut moments = Moments::default();
    _ = moments.observe_chunk(data);
    moments
}

#[test]
fn the_boundaries_tested_are_those_of_the_library() {
    assert_eq!((LANES, BLOCK), (32, 65_536));
}

#[test]
fn moments_are_the_exact_ones_up_to_rounding() {
    for_every_dtype!(moments_near_exact);
}

fn moments_near_exact<T: Real>() {
    let mut random = Random(1);
    for len in lengths() {
        let data: Vec<T> = random.elements(len, 0.3, 1.7);
        let (actual, exact) = (moments_of(&data), values(&data));
        let what = format!("{} elements of {}", len, T::NAME);
        // First-order bound of summation, plus one rounding of x*x (exact but for f64) and of the oracle's own.
        let bound = (order::depth(len) + 2) as f64 * f64::exp2(-53.0);
        let magnitudes = statistics::sum(exact.iter().map(|x| x.abs()));
        let sum = statistics::sum(exact.iter().copied());
        assert_eq!(actual.count, len as u64, "{what}");
        assert!(
            (actual.sum - sum).abs() <= bound * magnitudes,
            "{what}: sum"
        );
        compare::relative(
            &format!("{what}: sum_sq"),
            actual.sum_sq,
            statistics::sum_sq(&exact),
            bound,
        );
        assert_eq!(
            actual.abs_max,
            statistics::abs_max(&exact),
            "{what}: abs_max"
        );
    }
}

#[test]
fn derived_statistics_are_the_two_pass_ones() {
    for_every_dtype!(derived_statistics);
}

fn derived_statistics<T: Real>() {
    let mut random = Random(2);
    for len in lengths().filter(|&len| len >= 2) {
        let data: Vec<T> = random.elements(len, 0.5, 1.0);
        let (actual, exact) = (moments_of(&data), values(&data));
        let what = format!("{} elements of {}", len, T::NAME);
        // Raw sums lose (mean/std)^2 + 1 < 2 times their own error, which `depth` bounds; halved by the root.
        let bound = 4.0 * order::depth(len) as f64 * f64::exp2(-53.0);
        compare::relative(
            &format!("{what}: std"),
            actual.std(),
            statistics::std(&exact),
            bound,
        );
        compare::relative(
            &format!("{what}: norm"),
            actual.norm(),
            statistics::norm(&exact),
            bound,
        );
        let off = (actual.mean() - statistics::mean(&exact)).abs();
        assert!(
            off <= bound * statistics::norm(&exact),
            "{what}: mean off by {off:e}"
        );
    }
}

#[test]
fn undefined_statistics_are_nan() {
    let (none, one) = (moments_of::<f32>(&[]), moments_of(&[3.0_f32]));
    assert!(none.mean().is_nan() && none.std().is_nan() && one.std().is_nan());
    assert_eq!((none.norm(), one.mean(), one.norm()), (0.0, 3.0, 3.0));
}

/// Any affine, also one whose center is not the mean: moments pushed through it are those of the transformed data.
#[test]
fn moments_through_an_affine_are_those_of_the_transformed_data() {
    let mut random = Random(9);
    for round in 0..200 {
        let len = 1 + random.below(100);
        let data: Vec<f64> = random.elements(len, 0.5, 1.0);
        let centers = [0.0, moments_of(&data).mean(), random.between(-2.0, 2.0)];
        let affine = Affine {
            center: centers[round % 3],
            scale: random.between(-5.0, 5.0),
            limit: f64::INFINITY,
        };
        let after: Vec<f64> = data.iter().map(|x| affine.transform(*x)).collect();
        let (pushed, exact) = (moments_of(&data).through(&affine), moments_of(&after));
        let what = format!("{affine:?}, {len} elements");
        // Of order 100 roundings of 2^-53, relative to the terms of the formulas, which may cancel.
        let size = affine.scale.abs()
            * (statistics::norm(&data) + affine.center.abs() * (len as f64).sqrt());
        let bound = 1e-14 * size;
        assert_eq!(pushed.count, exact.count, "{what}");
        assert!(
            (pushed.sum - exact.sum).abs() <= bound * (len as f64).sqrt(),
            "{what}: sum"
        );
        assert!(
            (pushed.sum_sq - exact.sum_sq).abs() <= bound * size,
            "{what}: sum_sq"
        );
        assert!(pushed.sum_sq >= 0.0, "{what}: sum_sq");
        assert!(
            pushed.abs_max >= exact.abs_max * (1.0 - 1e-15),
            "{what}: an upper bound"
        );
        if round % 3 == 1 {
            assert_eq!(pushed.sum, 0.0, "{what}: exactly centred");
        }
    }
}

/// A scale of 0 leaves as many elements as there were.
#[test]
fn moments_through_a_scale_of_0_are_those_of_zeros() {
    let silenced = Affine {
        scale: 0.0,
        ..Affine::IDENTITY
    };
    let zeros = moments_of(&[0.0_f32; 3]);
    assert_eq!(moments_of(&[1.0_f32, 2.0, 4.0]).through(&silenced), zeros);
    let bad = moments_of_any(&[f32::NAN, 1.0, f32::INFINITY]);
    assert_eq!(bad.through(&silenced), zeros);
}

/// No elements stay none, whatever is subtracted from each.
#[test]
fn moments_of_nothing_through_an_affine_are_those_of_nothing() {
    let affine = Affine {
        center: 2.0,
        scale: 3.0,
        limit: 1.0,
    };
    let nothing = Moments::default();
    assert_eq!(nothing.through(&affine), nothing, "and no bound of 1");
}

#[test]
fn a_constant_tensor_has_no_deviation() {
    for_every_dtype!(constant_has_none);
}

/// For lengths and values whose raw sums do not cancel exactly.
fn constant_has_none<T: Real>() {
    for value in [0.1, 1.0 / 3.0, -7.7, 1e-4] {
        for len in [2, 3, 7, 31, 33, 100, 1000, 2049, 70_001] {
            let std = moments_of(&vec![T::nearest(value); len]).std();
            assert_eq!(std, 0.0, "{len} times {value} in {}", T::NAME);
        }
    }
}

/// In f64 the roundings of a constant's sums all go the same way, and the number of sequential additions shows.
#[test]
fn a_long_constant_f64_tensor_has_no_deviation() {
    for (value, len) in [
        (0.1, 70_001),
        (1.4698825106284503, 24_576),
        (0.1, 65_536),
        (0.1, 200_000),
    ] {
        let std = moments_of(&vec![value; len]).std();
        assert_eq!(std, 0.0, "{len} times {value}");
    }
}

#[test]
fn the_order_of_the_sums_is_the_documented_one() {
    for_every_dtype!(order_is_documented);
}

fn order_is_documented<T: Real>() {
    let mut random = Random(3);
    for len in lengths() {
        let data: Vec<T> = random.elements(len, 0.1, 1.0);
        let moments = moments_of(&data);
        let (sum, sum_sq) = order::sums(&values(&data));
        let actual = (moments.sum.to_bits(), moments.sum_sq.to_bits());
        let what = format!("{len} elements of {}: sum, sum of squares", T::NAME);
        assert_eq!(actual, (sum.to_bits(), sum_sq.to_bits()), "{what}");
    }
}

#[test]
fn a_chunk_boundary_at_a_multiple_of_the_block_changes_no_bit() {
    for_every_dtype!(chunks_change_nothing);
}

fn chunks_change_nothing<T: Real>() {
    let data: Vec<T> = Random(4).elements(3 * BLOCK + 777, 0.1, 1.0);
    let whole = snapshot::moments(&moments_of(&data));
    let cuts: [&[usize]; 6] = [
        &[BLOCK],
        &[2 * BLOCK],
        &[3 * BLOCK],
        &[BLOCK, 2 * BLOCK],
        &[BLOCK, BLOCK, 3 * BLOCK], // an empty chunk in between
        &[0, BLOCK, 2 * BLOCK, 3 * BLOCK],
    ];
    for cuts in cuts {
        let mut streamed = Moments::default();
        let mut from = 0;
        for &to in cuts.iter().chain(&[data.len()]) {
            streamed.observe_chunk(&data[from..to]).expect("finite");
            from = to;
        }
        assert_eq!(
            snapshot::moments(&streamed),
            whole,
            "{} cut at {cuts:?}",
            T::NAME
        );
    }
}

#[test]
fn a_tensor_is_observed_as_its_elements_are_streamed() {
    for_every_dtype!(observed_as_streamed);
}

fn observed_as_streamed<T: Real>() {
    let mut random = Random(10);
    for len in lengths() {
        let mut data: Vec<T> = random.elements(len, 0.1, 1.0);
        let streamed = snapshot::moments(&moments_of(&data));
        let mut tensors = [Tensor::weight(&mut data)];
        observe(&mut tensors).expect("finite");
        let observed = snapshot::moments(tensors[0].moments());
        assert_eq!(observed, streamed, "{len} elements of {}", T::NAME);
    }
}

#[test]
fn merging_single_blocks_in_order_changes_no_bit() {
    let data: Vec<f32> = Random(5).elements(3 * BLOCK + 5, 0.1, 1.0);
    let mut merged = Moments::default();
    for block in data.chunks(BLOCK) {
        merged.merge(&moments_of(block)).expect("finite");
    }
    assert_eq!(
        snapshot::moments(&merged),
        snapshot::moments(&moments_of(&data))
    );
}

#[test]
fn merged_moments_are_those_of_the_whole() {
    let mut random = Random(6);
    for (left, right) in [(0, 0), (0, 5), (5, 0), (1, 1), (33, 100_000)] {
        let data: Vec<f32> = random.elements(left + right, 0.5, 1.0);
        let mut merged = moments_of(&data[..left]);
        merged.merge(&moments_of(&data[left..])).expect("finite");
        let (whole, exact) = (moments_of(&data), values(&data));
        // Two sums of at most `depth` roundings each, and the one that merges them.
        let bound = (order::depth(data.len()) + 1) as f64 * f64::exp2(-53.0);
        let magnitudes: f64 = exact.iter().map(|x| x.abs()).sum();
        assert_eq!((merged.count, merged.abs_max), (whole.count, whole.abs_max));
        assert!((merged.sum - statistics::sum(exact.iter().copied())).abs() <= bound * magnitudes);
        compare::relative("sum_sq", merged.sum_sq, statistics::sum_sq(&exact), bound);
    }
}

#[test]
fn an_unaligned_start_changes_no_bit() {
    for_every_dtype!(starts_change_nothing);
}

/// The same elements at every offset within a cache line, read and written.
fn starts_change_nothing<T: Real>() {
    let mut random = Random(7);
    for len in [1, 31, 32, 33, 65, 1000, BLOCK + 1] {
        let data: Vec<T> = random.elements(len, 0.3, 1.0);
        let offsets = if len > BLOCK { 0..3 } else { 0..17 };
        let results: Vec<_> = offsets.map(|offset| scaled_at(&data, offset)).collect();
        for (offset, result) in results.iter().enumerate() {
            assert!(
                *result == results[0],
                "{len} of {} at offset {offset}",
                T::NAME
            );
        }
    }
}

/// Moments and scaled elements of a copy of `data` that starts `offset` elements into its allocation.
fn scaled_at<T: Real>(data: &[T], offset: usize) -> (Vec<u64>, Vec<u64>) {
    let mut memory = vec![T::exact(0.0); offset];
    memory.extend_from_slice(data);
    let mut tensors = [Tensor::weight(&mut memory[offset..])];
    observe(&mut tensors).expect("finite");
    let moments = snapshot::moments(tensors[0].moments()).to_vec();
    let third = Scale::new(1.0 / 3.0);
    third.decide(&mut tensors).expect("finite");
    apply(&mut tensors).expect("in range");
    (moments, snapshot::data(&tensors[0]))
}

#[test]
fn observing_writes_nothing_and_resets_the_affine() {
    let mut batch = Batch::<f32>::random(&mut Random(8), &SMALL_LENGTHS);
    let before = batch.bits();
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    let half = Scale::new(0.5);
    half.decide(&mut tensors).expect("finite");
    observe(&mut tensors).expect("finite");
    for tensor in &tensors {
        assert_eq!(*tensor.affine(), Affine::IDENTITY);
    }
    drop(tensors);
    assert_eq!(batch.bits(), before);
}

#[test]
fn a_tensor_that_is_not_finite_does_not_hide_the_others() {
    let mut data = [
        [1.0_f32, 2.0],
        [f32::NAN, 5.0],
        [3.0, f32::INFINITY],
        [4.0, 4.0],
    ];
    let mut tensors: Vec<Tensor> = data
        .iter_mut()
        .map(|d| Tensor::new(Role::Bias, d))
        .collect();
    assert_eq!(
        observe(&mut tensors),
        Err(trimtab::Error::NonFinite { tensor: 1 })
    );
    let finite: Vec<bool> = tensors.iter().map(|t| t.moments().is_finite()).collect();
    assert_eq!(finite, [true, false, false, true]);
    assert_eq!(tensors[3].moments().sum_sq, 32.0);
    assert_eq!(
        tensors[1].moments().abs_max,
        5.0,
        "NaN leaves the largest magnitude alone"
    );
}

#[test]
fn nan_hides_no_largest_magnitude() {
    for_every_dtype!(largest_beside_nan);
    let next = 1.0 + f64::EPSILON;
    assert_eq!(moments_of_any(&[f64::NAN, -next, 1.0]).abs_max, next);
}

fn largest_beside_nan<T: Real>() {
    for len in [3, 40, 3000] {
        let mut data = vec![T::nearest(1.0); len];
        data[len / 2] = T::nearest(f64::NAN);
        data[len - 1] = T::nearest(-3.0);
        assert_eq!(moments_of_any(&data).abs_max, 3.0, "{len} elements");
    }
}

#[test]
fn every_position_of_a_bad_element_is_found() {
    for len in [1, 31, 32, 33, 65, 130] {
        for at in 0..len {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut data = vec![1.0_f32; len];
                data[at] = bad;
                let mut moments = Moments::default();
                let refused = moments.observe_chunk(&data);
                assert_eq!(
                    refused,
                    Err(trimtab::Error::NonFinite { tensor: 0 }),
                    "{bad} at {at}"
                );
                assert!(!moments.is_finite(), "{bad} at {at} of {len}");
            }
        }
    }
}
