//! Every method in every dtype against the oracle applied to the data: alone, and in chains.
//!
//! Results are compared with the exact results of the oracle, which rounds nothing to the dtype; the tolerance of each
//! dtype and its reason are in `common/number.rs`. Random gradients are well conditioned on purpose (the mean at most
//! half the standard deviation); hostile ones are in `tests/limits.rs`.

use super::each;
use crate::common::chain::{Chain, Inputs};
use crate::common::compare;
use crate::common::data::{BLOCK_LENGTHS, Batch, RUN_LENGTHS, Random, SMALL_LENGTHS};
use crate::common::library::Library;
use crate::common::methods::{METHODS, every_setting, named};
use crate::common::number::Real;
use crate::common::status::{OK, expect};
use crate::common::table::{Description, Setting};
use crate::for_every_dtype;
use std::slice;
use trimtab::{Role, Tensor};

/// Random gradients, reference and parameters of one step.
pub fn draw<T: Real>(random: &mut Random, lengths: &[usize]) -> (Batch<T>, Inputs) {
    let batch = Batch::random(random, lengths);
    (batch, Inputs::random(random, lengths))
}

#[test]
fn every_setting_at_every_small_length() {
    each(|library| {
        for_every_dtype!(settings_at_small_lengths(library));
    });
}

fn settings_at_small_lengths<T: Real>(library: &'static dyn Library) {
    // Twice, so that every length occurs once as a weight and once as a bias.
    let mut lengths: Vec<usize> = SMALL_LENGTHS.to_vec();
    lengths.push(5);
    lengths.extend(SMALL_LENGTHS);
    for (i, setting) in every_setting().enumerate() {
        let mut random = Random(100 + i as u64);
        let mut chain = Chain::new(library, &[setting], lengths.len());
        for t in 0..5 {
            let (mut batch, inputs) = draw::<T>(&mut random, &lengths);
            if t == 2 {
                // A step in which some gradients are 0: nothing to scale, and nothing to remember.
                let some = batch.data.iter_mut().step_by(3);
                some.for_each(|data| data.fill(T::exact(0.0)));
            }
            chain.step(&format!("step {t}"), &inputs, &mut batch);
        }
    }
}

#[test]
fn every_method_around_the_blocks() {
    each(|library| {
        for_every_dtype!(methods_around_blocks(library));
    });
}

fn methods_around_blocks<T: Real>(library: &'static dyn Library) {
    // Three lengths a dtype keep a debug build fast; the six of them go round the dtypes.
    let offset = usize::from(T::DIGITS % 2 == 0);
    let blocks = BLOCK_LENGTHS.into_iter().skip(offset).step_by(2);
    let lengths: Vec<usize> = RUN_LENGTHS.into_iter().chain(blocks).collect();
    let (batch, inputs) = draw::<T>(&mut Random(200), &lengths);
    for setting in METHODS.iter().map(Description::usual) {
        let mut chain = Chain::new(library, &[setting], lengths.len());
        chain.step("around blocks", &inputs, &mut batch.clone());
    }
}

/// One to eight methods in any order, each perhaps several times, in every dtype, over three steps.
#[test]
fn any_chain_is_its_methods_one_after_the_other() {
    each(|library| {
        for_every_dtype!(any_chain(library));
    });
}

fn any_chain<T: Real>(library: &'static dyn Library) {
    let all: Vec<Setting> = every_setting().collect();
    for seed in 0..80 {
        let mut random = Random(300 + seed);
        let some = 1 + random.below(8);
        let links = (0..some).map(|_| all[random.below(all.len())].clone());
        let links: Vec<Setting> = links.collect();
        // Up to six tensors, the first of which is not empty.
        let mut lengths = vec![2 + random.below(68)];
        lengths.extend(
            (0..random.below(6))
                .map(|_| random.below(70))
                .collect::<Vec<_>>(),
        );
        let mut chain = Chain::new(library, &links, lengths.len());
        for t in 0..3 {
            let (mut batch, inputs) = draw::<T>(&mut random, &lengths);
            chain.step_in_any_order(&format!("chain {seed} step {t}"), &inputs, &mut batch);
        }
    }
}

/// Chains in one call where that is possible.
#[test]
fn chains_that_are_accepted_are_the_methods_one_after_the_other() {
    each(|library| {
        for_every_dtype!(accepted_chains(library));
    });
}

fn accepted_chains<T: Real>(library: &'static dyn Library) {
    let lengths = [40, 7, 33, 1, 2, 64, 0, 129];
    for seed in 0..60 {
        let mut random = Random(400 + seed);
        let mut chain = Chain::new(library, &random_links(&mut random), lengths.len());
        for t in 0..4 {
            let (mut batch, inputs) = draw::<T>(&mut random, &lengths);
            chain.step(&format!("chain {seed} step {t}"), &inputs, &mut batch);
        }
    }
}

/// Two to four methods in an order that is allowed: behind a finite limit only what needs no moments.
fn random_links(random: &mut Random) -> Vec<Setting> {
    let all: Vec<Setting> = every_setting().collect();
    let wanted = 2 + random.below(3);
    let mut links: Vec<Setting> = Vec::new();
    while links.len() < wanted {
        let candidate = &all[random.below(all.len())];
        let limited = links.iter().any(Setting::limits);
        if !limited || !candidate.of.needs_moments {
            links.push(candidate.clone());
        }
    }
    links
}

/// A run long enough for spikes to be clipped and for the mean and variance to move, in which ZClip remembers.
#[test]
fn zclip_over_a_long_run_with_spikes() {
    each(|library| {
        for max_norm in [f64::INFINITY, 1.5] {
            let zclip = named("zclip").defaults();
            let zclip = zclip.with(&[("warmup", 10.0), ("max_norm", max_norm)]);
            let mut chain = Chain::new(library, &[zclip], 2);
            let mut random = Random(350);
            for t in 0..80 {
                let height = match t % 9 {
                    0 => 50.0,
                    _ => random.between(0.8, 1.2),
                };
                let mut tensor = |role, len| (role, random.elements::<f32>(len, 0.0, 0.2 * height));
                let mut batch = Batch::of(vec![tensor(Role::Weight, 30), tensor(Role::Bias, 5)]);
                chain.step(&format!("step {t}"), &Inputs::plain(2), &mut batch);
            }
        }
    });
}

#[test]
fn a_chain_equals_writing_and_reading_between_its_methods() {
    let lengths = [40, 7, 33, 5, 100, 64];
    each(|library| {
        for first in METHODS
            .iter()
            .map(Description::usual)
            .filter(|s| !s.limits())
        {
            for second in METHODS.iter().map(Description::usual) {
                let (mut batch, inputs) = draw::<f64>(&mut Random(400), &lengths);
                let mut separate = batch.clone();
                let mut chain = Chain::new(library, &[first.clone(), second.clone()], 6);
                let mut tensors = batch.tensors();
                chain.decide(&chain.name.clone(), &inputs, &mut tensors);
                expect(&chain.name, library.apply(&mut tensors).code, OK);
                for one in [&first, &second] {
                    written(library, one, &inputs, &mut separate);
                }
                for (chained, separate) in batch.data.iter().zip(&separate.data) {
                    compare::written(&chain.name, chained, separate);
                }
            }
        }
    });
}

/// Decides and writes, with fresh states.
fn written(
    library: &'static dyn Library,
    setting: &Setting,
    inputs: &Inputs,
    batch: &mut Batch<f64>,
) {
    let mut tensors = batch.tensors();
    let mut chain = Chain::new(library, slice::from_ref(setting), tensors.len());
    chain.decide("alone", inputs, &mut tensors);
    expect("apply", library.apply(&mut tensors).code, OK);
}

/// A tensor cut into shards, each with the moments of the whole: every method decides as for the whole.
#[test]
fn shards_with_merged_moments_are_treated_as_their_whole() {
    each(|library| {
        for setting in every_setting() {
            let (mut whole, inputs) = draw::<f64>(&mut Random(800), &[100]);
            let mut cut = whole.clone();
            let mut tensors = whole.tensors();
            let mut chain = Chain::new(library, &[setting], 1);
            let fresh = chain.running[0].clone();
            let _ = library.observe(&mut tensors);
            let merged = *tensors[0].moments();
            chain.decide("the whole", &inputs, &mut tensors);
            expect("apply", library.apply(&mut tensors).code, OK);
            drop(tensors);
            // Each shard as its owner sees it: alone in its call.
            let (left, right) = cut.data[0].split_at_mut(37);
            for shard in [left, right] {
                let mut tensors = [Tensor::weight(shard)];
                tensors[0].set_moments(merged);
                let mut running = [fresh.clone()];
                running[0].setting.refer_to(inputs.reference);
                let answer = library.decide(&mut running, &inputs.moments(), &mut tensors);
                expect(&chain.name, answer.expect("can be said").code, OK);
                expect("apply", library.apply(&mut tensors).code, OK);
            }
            assert_eq!(cut.bits(), whole.bits(), "{}", chain.name);
        }
    });
}
