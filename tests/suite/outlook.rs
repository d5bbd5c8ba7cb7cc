//! What a method tells about the gradients before they are written: the outlook, and what `apply_into` writes beside them.

use super::differential::draw;
use super::each;
use crate::common::chain::Chain;
use crate::common::data::{Random, SMALL_LENGTHS};
use crate::common::elements::Elements;
use crate::common::library::Library;
use crate::common::methods::every_setting;
use crate::common::number::Real;
use crate::common::snapshot;
use crate::common::status::{OK, expect};
use crate::for_every_dtype;
use trimtab::Moments;

/// Buffers of the same types and lengths, full of ones.
fn beside<T: Real>(data: &[Vec<T>]) -> Vec<Elements> {
    let ones = |data: &Vec<T>| Elements::new(T::DTYPE, &vec![1.0; data.len()]);
    data.iter().map(ones).collect()
}

/// The moments after the pending affine, beside what reading the result finds.
#[test]
fn the_outlook_is_what_will_be_written() {
    each(|library| {
        for_every_dtype!(outlook_is_found(library));
    });
}

fn outlook_is_found<T: Real>(library: &'static dyn Library) {
    for setting in every_setting() {
        let mut lengths = SMALL_LENGTHS.to_vec();
        lengths.push(4_097);
        let (mut batch, inputs) = draw::<T>(&mut Random(600), &lengths);
        let mut written = beside(&batch.data);
        let mut chain = Chain::new(library, std::slice::from_ref(&setting), lengths.len());
        let what = format!("{} in {}", chain.name, T::NAME);
        let mut tensors = batch.tensors();
        chain.decide(&what, &inputs, &mut tensors);
        expect(&what, library.apply_into(&tensors, &mut written).code, OK);
        for (tensor, written) in tensors.iter().zip(&mut written) {
            let told = library.outlook(tensor).expect(&what);
            let mut found = Moments::default();
            expect(&what, library.observe_chunk(&mut found, written).code, OK);
            bounds_its_magnitudes::<T>(&what, &told, &found);
            if !setting.limits() {
                same_sums::<T>(&what, &told, &found);
            }
        }
    }
}

fn bounds_its_magnitudes<T: Real>(what: &str, told: &Moments, found: &Moments) {
    // One rounding of the factor and one of the element.
    let ulp = f64::exp2(1.0 - f64::from(T::DIGITS));
    let bound = told.abs_max * (1.0 + ulp) + T::tiniest();
    assert!(found.abs_max <= bound, "{what}: abs_max {told:?} {found:?}");
    assert_eq!(told.count, found.count, "{what}");
}

fn same_sums<T: Real>(what: &str, told: &Moments, found: &Moments) {
    // Half an ulp for the factor and for every element, in f64 some hundred roundings of sums: relative to each element,
    // therefore to the norm, and by Cauchy and Schwarz sqrt(n) times that for the sum.
    let unit = f64::exp2(1.0 - f64::from(T::DIGITS)).max(1e-13);
    let n = found.count as f64;
    let bound = unit * found.norm() + T::tiniest() * n.sqrt();
    let off = (told.norm() - found.norm()).abs();
    assert!(off <= bound, "{what}: norm {told:?} {found:?}");
    let off = (told.sum - found.sum).abs();
    assert!(off <= bound * n.sqrt(), "{what}: sum {told:?} {found:?}");
}

#[test]
fn apply_into_writes_the_same_bits_beside_the_gradients() {
    each(|library| {
        for_every_dtype!(into_is_apply(library));
    });
}

fn into_is_apply<T: Real>(library: &'static dyn Library) {
    for setting in every_setting() {
        let (mut batch, inputs) = draw::<T>(&mut Random(700), &SMALL_LENGTHS);
        let mut results = beside(&batch.data);
        let mut chain = Chain::new(library, &[setting], SMALL_LENGTHS.len());
        let what = format!("{} in {}", chain.name, T::NAME);
        let mut tensors = batch.tensors();
        chain.decide(&what, &inputs, &mut tensors);
        let before = snapshot::tensors(&tensors);
        expect(&what, library.apply_into(&tensors, &mut results).code, OK);
        let after = snapshot::tensors(&tensors);
        assert_eq!(after, before, "{what}: gradients stay as they are");
        expect(&what, library.apply(&mut tensors).code, OK);
        drop(tensors);
        let beside: Vec<_> = results.iter().map(Elements::bits).collect();
        assert_eq!(beside, batch.bits(), "{what}");
    }
}
