//! The write pass: affines of every kind, in place and into another buffer.

use trimtab::{bf16, f16};

use crate::common::data::{RUN_LENGTHS, SMALL_LENGTHS};
use crate::common::methods::named;
use crate::common::table::Setting;
use crate::inputs::{Format, Mix};
use crate::passes::{applied, applied_into};
use crate::read::Data;
use crate::worlds::same_everywhere;

pub fn scale(factor: f64) -> Setting {
    named("scale").defaults().with(&[("factor", factor)])
}

pub fn limit(limit: f64) -> Setting {
    named("clip_value").defaults().with(&[("limit", limit)])
}

pub fn center() -> Setting {
    named("centralize").defaults().with(&[("roles", 1.0)])
}

/// NaN and infinities become zeros.
fn silence() -> Setting {
    named("guard").defaults().with(&[("policy", 1.0)])
}

/// What is applied to which elements, such that nothing leaves the range of the dtype.
pub fn chains<T: Format>() -> Vec<(Mix, Vec<Setting>)> {
    // In f32 the first is in range, the second beyond; f16's subnormals end at 6.1e-5.
    let huge = match T::BITS - T::MANTISSA {
        6 => [1e8, 1e9],
        12 => [1e38, 1e300],
        _ => [1e38, 1e40],
    };
    vec![
        (Mix::Extreme, vec![]),
        (Mix::Extreme, vec![scale(1.0 / 3.0)]),
        (Mix::Extreme, vec![scale(-0.75)]),
        (Mix::Extreme, vec![scale(0.0)]),
        (Mix::Extreme, vec![scale(f64::from(f32::MIN_POSITIVE))]), // the last that is normal in f32
        (Mix::Extreme, vec![scale(-1e-40)]),                       // subnormal in f32
        (Mix::Extreme, vec![scale(1e-310)]),                       // subnormal in f64
        (Mix::Tiny, vec![scale(huge[0])]),
        (Mix::Tiny, vec![scale(-huge[1])]),
        (Mix::Extreme, vec![limit(0.5)]),
        (Mix::Extreme, vec![limit(1e-300), scale(1e292)]),
        (Mix::Ordinary, vec![center(), scale(0.25)]),
        (Mix::Ordinary, vec![center(), scale(-0.1), limit(0.5)]),
        (Mix::Wild, vec![silence()]),
    ]
}

fn every_chain<T: Format>(run: impl Fn(&[T], usize, &[Setting]) -> Vec<u64>) {
    let mut cases = Vec::new();
    for (mix, chain) in chains::<T>() {
        let lengths = SMALL_LENGTHS.into_iter().chain([RUN_LENGTHS[2]]);
        let data = lengths.map(|len| Data::<T>::new(mix, len, len % 5));
        cases.extend(data.map(|data| (data, chain.clone())));
    }
    same_everywhere(&cases, |(case, chain)| run(&case.data, case.offset, chain));
}

#[test]
fn every_affine_in_place() {
    every_chain::<f32>(applied);
    every_chain::<f64>(applied);
    every_chain::<f16>(applied);
    every_chain::<bf16>(applied);
}

#[test]
fn every_affine_into_another_buffer() {
    every_chain::<f32>(applied_into);
    every_chain::<f64>(applied_into);
    every_chain::<f16>(applied_into);
    every_chain::<bf16>(applied_into);
}

/// Several threads divide a long buffer, and the loops have a remainder of their own behind each part.
#[test]
fn long_buffers() {
    crate::for_every_dtype!(long);
}

fn long<T: Format>() {
    let mut cases = Vec::new();
    for len in [4_095, 65_535, 65_537] {
        let plain = (Data::<T>::new(Mix::Extreme, len, len % 3), vec![scale(0.7)]);
        let centered = vec![center(), scale(0.25)];
        cases.extend([plain, (Data::new(Mix::Ordinary, len, len % 3), centered)]);
    }
    same_everywhere(&cases, |(case, chain)| {
        let mut record = applied(&case.data, case.offset, chain);
        if chain.len() == 1 {
            record.extend(applied_into(&case.data, case.offset, chain));
        }
        record
    });
}

/// Ties and their neighbours: every f64 that lies between two elements is rounded by the level itself.
#[test]
fn rounding_to_sixteen_bits() {
    every_pattern::<f16>(1.0 / 3.0);
    every_pattern::<f16>(0.5); // subnormals meet ties
    every_pattern::<bf16>(1.0 / 3.0);
    every_pattern::<bf16>(0.5);
    every_pattern::<bf16>(0.7);
}

/// All finite patterns of a 16-bit type, scaled.
fn every_pattern<T: Format>(factor: f64) {
    let all = (0..=u64::from(u16::MAX)).map(T::from_pattern);
    let data = all.filter(|x| x.value().is_finite()).collect();
    let name = format!("every {} times {factor}", T::NAME);
    let offset = 1;
    let case = Data { name, data, offset };
    same_everywhere(&[case], |case| applied(&case.data, 1, &[scale(factor)]));
}
