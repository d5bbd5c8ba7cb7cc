//! The read pass: moments of every length, of every element that is not finite at every position.

use std::fmt;

use trimtab::{bf16, f16};

use crate::common::data::{BLOCK_LENGTHS, RUN_LENGTHS, Random, SMALL_LENGTHS};
use crate::inputs::{Format, Mix, elements, not_finite};
use crate::passes::observed;
use crate::worlds::same_everywhere;

/// Elements at a start, and how they were made.
#[derive(Clone)]
pub struct Data<T> {
    pub name: String,
    pub data: Vec<T>,
    pub offset: usize,
}

impl<T> fmt::Debug for Data<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} at offset {}", self.name, self.offset)
    }
}

impl<T: Format> Data<T> {
    pub fn new(mix: Mix, len: usize, offset: usize) -> Data<T> {
        let mut random = Random(len as u64);
        Data {
            name: format!("{len} {mix:?} elements of {}", T::NAME),
            data: elements(&mut random, mix, len),
            offset,
        }
    }
}

fn every_length<T: Format>() {
    let mut cases: Vec<Data<T>> = Vec::new();
    for mix in [Mix::Ordinary, Mix::Extreme, Mix::Tiny, Mix::Wild] {
        let lengths = SMALL_LENGTHS.into_iter().chain(RUN_LENGTHS);
        cases.extend(lengths.map(|len| Data::new(mix, len, len % 4)));
    }
    let ordinary = |len| Data::new(Mix::Ordinary, len, len % 4);
    cases.extend(BLOCK_LENGTHS.map(ordinary));
    same_everywhere(&cases, |case| observed(&case.data, case.offset));
}

#[test]
fn moments_of_f32() {
    every_length::<f32>();
}

#[test]
fn moments_of_f16() {
    every_length::<f16>();
}

#[test]
fn moments_of_bf16() {
    every_length::<bf16>();
}

#[test]
fn moments_of_f64() {
    every_length::<f64>();
}

#[test]
fn moments_from_every_start() {
    crate::for_every_dtype!(every_start);
}

fn every_start<T: Format>() {
    let at = |offset| [33, 300].map(|len| Data::<T>::new(Mix::Ordinary, len, offset));
    let cases: Vec<Data<T>> = (0..17).flat_map(at).collect();
    same_everywhere(&cases, |case| observed(&case.data, case.offset));
}

/// One bad element among ordinary ones: the sums do not say where it was, but the largest magnitude passes through the
/// same lane.
#[test]
fn moments_with_one_element_that_is_not_finite() {
    crate::for_every_dtype!(one_bad);
}

fn one_bad<T: Format>() {
    let mut cases = Vec::new();
    for len in [1, 31, 32, 33, 70] {
        for at in 0..len {
            cases.extend(planted::<T>(len, &[at]));
        }
    }
    cases.extend(
        [0, 2_047, 2_048, 2_099]
            .map(|at| planted::<T>(2_100, &[at]))
            .concat(),
    );
    same_everywhere(&cases, |case| observed(&case.data, case.offset));
}

/// Two of them in the same lane, in neighbouring groups and in different sweeps.
#[test]
fn moments_with_two_elements_that_are_not_finite() {
    crate::for_every_dtype!(two_bad);
}

fn two_bad<T: Format>() {
    let pairs = [
        [0, 1],
        [3, 35],
        [0, 16],
        [7, 8],
        [31, 32],
        [5, 64],
        [40, 69],
    ];
    let cases = pairs.map(|pair| planted::<T>(70, &pair)).concat();
    same_everywhere(&cases, |case| observed(&case.data, case.offset));
}

/// Ordinary elements with every kind of bad one at these places, next to each other in the list of kinds.
fn planted<T: Format>(len: usize, places: &[usize]) -> Vec<Data<T>> {
    let kinds = not_finite::<T>();
    let one = |kind: usize| {
        let mut case = Data::<T>::new(Mix::Ordinary, len, kind % 3);
        for (i, place) in places.iter().enumerate() {
            case.data[*place] = kinds[(kind + 3 * i) % kinds.len()];
        }
        case.name += &format!(", kind {kind} of those not finite at {places:?}");
        case
    };
    (0..kinds.len()).map(one).collect()
}
