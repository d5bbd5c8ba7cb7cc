//! The read pass, whole and in chunks: sums to the bit, what may not change a bit, and what is refused.

use trimtab::{Affine, BLOCK, Dtype, LANES, Moments, Role, Tensor};

use super::{each, once};
use crate::common::calls::moments_of;
use crate::common::compare;
use crate::common::data::{BLOCK_LENGTHS, RUN_LENGTHS, Random, SMALL_LENGTHS};
use crate::common::elements::{DTYPES, Elements};
use crate::common::library::Library;
use crate::common::number::Real;
use crate::common::snapshot;
use crate::common::status::{BAD_LENGTH, BAD_STATE, NON_FINITE, OK, expect};
use crate::common::world::{World, changed, four};
use crate::for_every_dtype;
use crate::oracle::{order, statistics};

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn observed(library: &dyn Library, data: &mut Elements) -> Moments {
    let mut tensors = [data.tensor(Role::Weight)];
    expect("observe", library.observe(&mut tensors).code, OK);
    *tensors[0].moments()
}

/// The elements from one cut to the next, one chunk after the other.
fn streamed(library: &dyn Library, data: &Elements, cuts: &[usize]) -> Moments {
    let (mut moments, mut from) = (Moments::default(), 0);
    let values = data.values();
    for &to in cuts.iter().chain([&values.len()]) {
        let mut chunk = Elements::new(data.dtype(), &values[from..to]);
        let answer = library.observe_chunk(&mut moments, &mut chunk);
        expect(&format!("{from}..{to}"), answer.code, OK);
        from = to;
    }
    moments
}

fn noise(seed: u64, dtype: Dtype, len: usize) -> Elements {
    let values: Vec<f64> = Random(seed).elements(len, 0.3, 1.0);
    Elements::new(dtype, &values)
}

fn lengths() -> impl Iterator<Item = usize> {
    let short = SMALL_LENGTHS.into_iter().chain(RUN_LENGTHS);
    short.chain(BLOCK_LENGTHS)
}

#[test]
fn the_boundaries_tested_are_those_of_the_library() {
    assert_eq!((LANES, BLOCK), (32, 65_536));
}

/// The documented order, to the bit; as a tensor and as a chunk; and what follows from sums, against two passes.
#[test]
fn moments_are_the_documented_sums() {
    once(|library| {
        for (dtype, len) in DTYPES
            .into_iter()
            .flat_map(|d| lengths().map(move |n| (d, n)))
        {
            let what = format!("{len} elements of {dtype:?}");
            let mut data = noise(1, dtype, len);
            let (moments, exact) = (observed(library, &mut data), data.values());
            let (sum, sum_sq) = order::sums(&exact);
            let documented = moments_of(len as u64, sum, sum_sq, statistics::abs_max(&exact));
            let bits = snapshot::moments(&moments);
            assert_eq!(bits, snapshot::moments(&documented), "{what}");
            let streamed = streamed(library, &data, &[]);
            assert_eq!(snapshot::moments(&streamed), bits, "{what} in a chunk");
            near_the_exact_ones(library, &what, &moments, &exact);
        }
    });
}

fn near_the_exact_ones(library: &dyn Library, what: &str, moments: &Moments, exact: &[f64]) {
    // First-order bound of summation, plus one rounding of x*x and of the oracle's own.
    let bound = (order::depth(exact.len()) + 2) as f64 * f64::exp2(-53.0);
    let magnitudes = statistics::sum(exact.iter().map(|x| x.abs()));
    let sum = statistics::sum(exact.iter().copied());
    assert!(
        (moments.sum - sum).abs() <= bound * magnitudes,
        "{what}: sum"
    );
    compare::relative(what, moments.sum_sq, statistics::sum_sq(exact), bound);
    let [mean, std, norm] = library.statistics(moments);
    if exact.len() < 2 {
        assert_eq!((mean.is_nan(), std.is_nan()), (exact.is_empty(), true));
        return assert_eq!(norm, exact.iter().sum::<f64>().abs());
    }
    // Raw sums lose (mean/std)^2 + 1 < 2 times their own error; halved by the root.
    compare::relative(what, std, statistics::std(exact), 4.0 * bound);
    compare::relative(what, norm, statistics::norm(exact), 4.0 * bound);
    let off = (mean - statistics::mean(exact)).abs();
    assert!(off <= 4.0 * bound * norm, "{what}: mean off by {off:e}");
}

#[test]
fn statistics_by_hand() {
    each(|library| {
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() <= 1e-15, "{a} for {b}");
        // Of 1, 2, 3, 4: squares about the mean 5.
        let [mean, std, norm] = library.statistics(&FOUR);
        assert_eq!(mean, 2.5);
        near(std, (5.0_f64 / 3.0).sqrt());
        near(norm, 30.0_f64.sqrt());
        let one = moments_of(1, -3.0, 9.0, 3.0);
        let [mean, std, norm] = library.statistics(&one);
        assert!(mean == -3.0 && std.is_nan() && norm == 3.0);
        let [mean, std, norm] = library.statistics(&Moments::default());
        assert!(mean.is_nan() && std.is_nan() && norm == 0.0);
    });
}

/// Its raw sums do not cancel exactly; in f64 their roundings all go the same way, and a long tensor has many.
#[test]
fn a_constant_has_no_deviation() {
    const LONG: [(f64, usize); 3] = [
        (1.469_882_510_628_450_3, 24_576),
        (0.1, BLOCK),
        (0.1, 200_000),
    ];
    let short = [2, 3, 7, 31, 33, 100, 1000, 2049, 70_001];
    let values = [0.1, 1.0 / 3.0, -7.7, 1e-4];
    let short = values.into_iter().flat_map(|x| short.map(|len| (x, len)));
    let of_type = |dtype| short.clone().map(move |(x, len)| (dtype, x, len));
    let long = LONG.map(|(x, len)| (Dtype::F64, x, len));
    let all: Vec<_> = DTYPES.into_iter().flat_map(of_type).chain(long).collect();
    once(|library| {
        for &(dtype, value, len) in &all {
            let moments = observed(library, &mut Elements::new(dtype, &vec![value; len]));
            let [_, std, _] = library.statistics(&moments);
            assert_eq!(std, 0.0, "{len} times {value} in {dtype:?}");
        }
    });
}

/// And merging the moments of single blocks in order changes none either.
#[test]
fn boundaries_at_multiples_of_a_block_change_no_bit() {
    const CUTS: [&[usize]; 6] = [
        &[BLOCK],
        &[2 * BLOCK],
        &[3 * BLOCK],
        &[BLOCK, 3 * BLOCK],
        &[BLOCK, BLOCK, 3 * BLOCK], // an empty chunk in between
        &[0, BLOCK, 2 * BLOCK, 3 * BLOCK, 3 * BLOCK + 777],
    ];
    once(|library| {
        for dtype in DTYPES {
            let mut data = noise(4, dtype, 3 * BLOCK + 777);
            let whole = snapshot::moments(&observed(library, &mut data));
            for cuts in CUTS {
                let parts = streamed(library, &data, cuts);
                assert_eq!(
                    snapshot::moments(&parts),
                    whole,
                    "{dtype:?} cut at {cuts:?}"
                );
            }
            let mut merged = Moments::default();
            for block in data.values().chunks(BLOCK) {
                let block = streamed(library, &Elements::new(dtype, block), &[]);
                expect("merge", library.merge(&mut merged, &block).code, OK);
            }
            assert_eq!(snapshot::moments(&merged), whole, "merged");
        }
    });
}

/// Whole numbers have exact sums, whatever the order.
#[test]
fn any_other_boundary_is_legal() {
    let values: Vec<f64> = (0..1000).map(|i| f64::from(i % 17 - 8)).collect();
    let expected = moments_of(
        1000,
        values.iter().sum(),
        values.iter().map(|x| x * x).sum(),
        8.0,
    );
    each(|library| {
        for dtype in DTYPES {
            let data = Elements::new(dtype, &values);
            assert_eq!(streamed(library, &data, &[1, 7, 7, 100, 999]), expected);
            let (mut left, mut right) = (Moments::default(), Moments::default());
            for (into, part) in [(&mut left, &values[..333]), (&mut right, &values[333..])] {
                *into = streamed(library, &Elements::new(dtype, part), &[]);
            }
            expect("merge", library.merge(&mut left, &right).code, OK);
            assert_eq!(left, expected);
        }
    });
}

/// The same elements at every offset within a cache line.
#[test]
fn an_unaligned_start_changes_no_bit() {
    fn at_every_offset<T: Real>(library: &dyn Library) {
        for len in [1, 31, 32, 33, 65, 1000, BLOCK + 1] {
            let data: Vec<T> = Random(7).elements(len, 0.3, 1.0);
            let observed_at = |offset: usize| {
                let mut memory = vec![T::exact(0.0); offset];
                memory.extend_from_slice(&data);
                let mut tensors = [Tensor::weight(&mut memory[offset..])];
                expect("observe", library.observe(&mut tensors).code, OK);
                snapshot::moments(tensors[0].moments())
            };
            let offsets = if len > BLOCK { 1..3 } else { 1..17 };
            for offset in offsets {
                let same = observed_at(offset) == observed_at(0);
                assert!(same, "{len} of {} at {offset}", T::NAME);
            }
        }
    }
    once(|library| {
        for_every_dtype!(at_every_offset(library));
    });
}

#[test]
fn observing_writes_no_gradient_and_resets_every_affine() {
    each(|library| {
        let mut data = four();
        let mut world = World::observed(library, &mut data);
        let before = world.bits();
        crate::common::calls::scaled(library, 0.5, &mut world.grads);
        assert_eq!(changed(&before, &world.bits()), ["gradients"]);
        expect("observe", library.observe(&mut world.grads).code, OK);
        assert_eq!(changed(&before, &world.bits()), [""; 0]);
        assert!(world.grads.iter().all(|g| *g.affine() == Affine::IDENTITY));
    });
}

/// Wherever it stands; a good chunk behind it does not make it forgotten, and the largest magnitude is that of the others.
#[test]
fn a_bad_element_is_found_at_every_place() {
    each(|library| {
        for (dtype, x) in [(Dtype::F32, NAN), (Dtype::F16, INF), (Dtype::F64, -1e200)] {
            for (len, at) in [1, 31, 33, 130]
                .into_iter()
                .flat_map(|n| (0..n).map(move |i| (n, i)))
            {
                let mut values = vec![1.0; len];
                values[at] = x;
                let mut moments = Moments::default();
                for (chunk, count) in [(&values[..], len), (&[-3.0], len + 1)] {
                    let mut chunk = Elements::new(dtype, chunk);
                    let answer = library.observe_chunk(&mut moments, &mut chunk);
                    expect(&format!("{x} at {at} of {len}"), answer.code, NON_FINITE);
                    assert_eq!(moments.count, count as u64);
                }
                let largest = if x.is_nan() { 3.0 } else { x.abs() };
                assert_eq!(moments.abs_max, largest, "{x} at {at} of {len}");
            }
        }
    });
}

#[test]
fn nan_hides_no_largest_magnitude() {
    let next = 1.0 + f64::EPSILON;
    each(|library| {
        for (dtype, largest) in DTYPES
            .map(|d| (d, 3.0))
            .into_iter()
            .chain([(Dtype::F64, next)])
        {
            for len in [3, 40, 3000] {
                let mut values = vec![1.0; len];
                (values[len / 2], values[len - 1]) = (NAN, -largest);
                let mut moments = Moments::default();
                library.observe_chunk(&mut moments, &mut Elements::new(dtype, &values));
                assert_eq!(moments.abs_max, largest, "{len} of {dtype:?}");
            }
        }
    });
}

#[test]
fn f64_is_finite_up_to_1e150() {
    let cases = [
        (1e150, OK),
        (-1e150, OK),
        (1.000_000_1e150, NON_FINITE),
        (-1e200, NON_FINITE),
        (f64::MAX, NON_FINITE),
    ];
    each(|library| {
        for (x, code) in cases {
            let mut moments = Moments::default();
            let mut chunk = Elements::new(Dtype::F64, &[0.5, x]);
            let answer = library.observe_chunk(&mut moments, &mut chunk);
            expect(&format!("{x:e}"), answer.code, code);
            assert_eq!(moments.is_finite(), code == OK, "{x:e}");
        }
    });
}

/// Of 1, 2, 3, 4.
const FOUR: Moments = moments_of(4, 10.0, 30.0, 4.0);

/// Neither grow nor merge, in any direction; and nothing has changed.
#[test]
fn impossible_moments() {
    let two = Moments { count: 2, ..FOUR };
    let full = Moments {
        count: u64::MAX - 1,
        ..FOUR
    };
    let bad = [
        (
            BAD_STATE,
            Moments {
                sum_sq: -1.0,
                ..two
            },
        ),
        (
            BAD_STATE,
            Moments {
                abs_max: -1.0,
                ..two
            },
        ),
        (BAD_LENGTH, full),
    ];
    each(|library| {
        for (code, bad) in bad {
            for (into, from, at) in [(bad, two, 0), (two, bad, 1)] {
                let mut merged = into;
                let answer = library.merge(&mut merged, &from);
                expect("merge", answer.code, code);
                assert_eq!(merged, into);
                let blamed = if code == BAD_LENGTH { 1 } else { at };
                assert!(answer.at.is_none_or(|at| at == blamed), "{answer:?}");
            }
            let mut grown = bad;
            let answer =
                library.observe_chunk(&mut grown, &mut Elements::new(Dtype::F32, &[1.0, 2.0]));
            expect("chunk", answer.code, code);
            assert_eq!(grown, bad);
        }
        let mut grown = full;
        let one = &mut Elements::new(Dtype::F32, &[1.0]);
        expect("just fits", library.observe_chunk(&mut grown, one).code, OK);
        assert_eq!(grown.count, u64::MAX);
    });
}

/// So that every rank learns of them.
#[test]
fn moments_that_are_not_finite_merge() {
    each(|library| {
        for bad in [NAN, INF] {
            let from = Moments {
                sum_sq: bad,
                ..FOUR
            };
            let mut into = FOUR;
            expect("merge", library.merge(&mut into, &from).code, OK);
            assert_eq!((into.count, into.sum, into.abs_max), (8, 20.0, 4.0));
            assert!(!into.sum_sq.is_finite());
        }
    });
}
