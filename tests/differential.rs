//! Every method in every dtype against the oracle applied to the data: alone, and in chains.
//!
//! Results of the core are compared with the exact results of the oracle, which rounds nothing to the dtype; the
//! tolerance of each dtype and its reason are in `common/number.rs`. Random gradients are well conditioned on purpose
//! (the mean at most half the standard deviation); hostile ones are in `limits.rs`.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::chain::Chain;
use common::compare;
use common::data::{BLOCK_LENGTHS, Batch, RUN_LENGTHS, Random, SMALL_LENGTHS, bits};
use common::list::{every_method, every_variant};
use common::method::{AnyMethod, StepInputs};
use common::number::Real;
use common::snapshot;
use trimtab::{Buffer, Moments, Role, Tensor, Zclip, apply, apply_into, observe};

/// Random gradients, reference and parameters of one step.
fn draw<T: Real>(random: &mut Random, lengths: &[usize]) -> (Batch<T>, StepInputs) {
    let batch = Batch::random(random, lengths);
    let inputs = StepInputs {
        reference: random.between(0.1, 2.0),
        params: lengths
            .iter()
            .map(|&n| random.elements(n, 0.0, 3.0))
            .collect(),
    };
    (batch, inputs)
}

#[test]
fn every_variant_at_every_small_length() {
    for_every_dtype!(variants_at_small_lengths);
}

fn variants_at_small_lengths<T: Real>() {
    // Twice, so that every length occurs once as a weight and once as a bias.
    let mut lengths: Vec<usize> = SMALL_LENGTHS.to_vec();
    lengths.push(5);
    lengths.extend(SMALL_LENGTHS);
    for (i, variant) in every_variant().into_iter().enumerate() {
        let mut random = Random(100 + i as u64);
        let mut chain = Chain::new(&[variant], lengths.len());
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
    for_every_dtype!(methods_around_blocks);
}

fn methods_around_blocks<T: Real>() {
    // Three lengths a dtype keep a debug build fast; the six of them go round the dtypes.
    let offset = usize::from(T::DIGITS % 2 == 0);
    let blocks = BLOCK_LENGTHS.into_iter().skip(offset).step_by(2);
    let lengths: Vec<usize> = RUN_LENGTHS.into_iter().chain(blocks).collect();
    let (batch, inputs) = draw::<T>(&mut Random(200), &lengths);
    for method in every_method() {
        Chain::new(&[method], lengths.len()).step("around blocks", &inputs, &mut batch.clone());
    }
}

#[test]
fn random_chains_are_the_methods_one_after_the_other() {
    for_every_dtype!(random_chains);
}

fn random_chains<T: Real>() {
    let lengths = [40, 7, 33, 1, 2, 64, 0, 129];
    for seed in 0..60 {
        let mut random = Random(300 + seed);
        let links = random_links(&mut random);
        let mut chain = Chain::new(&links, lengths.len());
        for t in 0..4 {
            let (mut batch, inputs) = draw::<T>(&mut random, &lengths);
            chain.step(&format!("chain {seed} step {t}"), &inputs, &mut batch);
        }
    }
}

/// Two to four methods in an order that is allowed: behind a finite limit only what needs no moments.
fn random_links(random: &mut Random) -> Vec<(&'static str, AnyMethod)> {
    let all = every_variant();
    let wanted = 2 + random.below(3);
    let mut links: Vec<(&'static str, AnyMethod)> = Vec::new();
    while links.len() < wanted {
        let candidate = all[random.below(all.len())];
        let limited = links.iter().any(|(_, method)| !method.leaves_moments());
        if !limited || candidate.1.follows_a_limit() {
            links.push(candidate);
        }
    }
    links
}

/// A run long enough for spikes to be clipped and for the mean and variance to move, in which ZClip remembers.
#[test]
fn zclip_over_a_long_run_with_spikes() {
    for max_norm in [f64::INFINITY, 1.5] {
        let zclip = Zclip::default().with_warmup(10).with_max_norm(max_norm);
        let mut chain = Chain::new(&[("zclip", AnyMethod::Zclip(zclip))], 2);
        let mut random = Random(350);
        for t in 0..80 {
            let height = if t % 9 == 0 {
                50.0
            } else {
                random.between(0.8, 1.2)
            };
            let mut tensor = |role, len| (role, random.elements::<f32>(len, 0.0, 0.2 * height));
            let mut batch = Batch::of(vec![tensor(Role::Weight, 30), tensor(Role::Bias, 5)]);
            chain.step(&format!("step {t}"), &StepInputs::plain(2), &mut batch);
        }
    }
}

#[test]
fn a_chain_equals_writing_and_reading_between_its_methods() {
    let all = every_method();
    let lengths = [40, 7, 33, 5, 100, 64];
    for first in all.iter().filter(|(_, method)| method.leaves_moments()) {
        for second in &all {
            let (batch, inputs) = draw::<f64>(&mut Random(400), &lengths);
            let what = format!("{} > {}", first.0, second.0);
            let chained = run(&[first.1, second.1], &inputs, batch.clone(), false);
            let separate = run(&[first.1, second.1], &inputs, batch, true);
            for (chained, separate) in chained.data.iter().zip(&separate.data) {
                compare::written(&what, chained, separate);
            }
        }
    }
}

/// Methods with fresh states on one batch; `between` writes and reads the data after every one.
fn run(
    methods: &[AnyMethod],
    inputs: &StepInputs,
    mut batch: Batch<f64>,
    between: bool,
) -> Batch<f64> {
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    for method in methods {
        let mut states = method.states(tensors.len());
        method.must_decide("decides", inputs, &mut states, &mut tensors);
        if between {
            apply(&mut tensors).expect("in range");
            observe(&mut tensors).expect("finite");
        }
    }
    apply(&mut tensors).expect("in range");
    drop(tensors);
    batch
}

#[test]
fn the_outlook_is_what_will_be_written() {
    for (name, method) in every_variant()
        .into_iter()
        .filter(|(_, m)| m.leaves_moments())
    {
        let (mut batch, inputs) = draw::<f64>(&mut Random(500), &[40, 7, 33, 5]);
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect("finite");
        let mut states = method.states(tensors.len());
        method.must_decide(name, &inputs, &mut states, &mut tensors);
        let told: Vec<[f64; 4]> = tensors.iter().map(outlook).collect();
        apply(&mut tensors).expect(name);
        observe(&mut tensors).expect(name);
        for (tensor, [mean, std, norm, abs_max]) in tensors.iter().zip(told) {
            let found = tensor.moments();
            // Well-conditioned f64 data: some hundred roundings of 2^-53, with room.
            compare::relative(&format!("{name}: std"), std, found.std(), 1e-12);
            compare::relative(&format!("{name}: norm"), norm, found.norm(), 1e-12);
            assert!(
                (mean - found.mean()).abs() <= 1e-13 * found.norm(),
                "{name}: mean"
            );
            assert!(
                abs_max >= found.abs_max * (1.0 - 1e-15),
                "{name}: an upper bound"
            );
        }
    }
}

fn outlook(tensor: &trimtab::Tensor) -> [f64; 4] {
    let outlook = tensor.outlook();
    assert_eq!(outlook.count(), tensor.len() as u64);
    [
        outlook.mean(),
        outlook.std(),
        outlook.norm(),
        outlook.abs_max(),
    ]
}

/// All of the outlook at once, beside what reading the result finds.
#[test]
fn the_moments_after_are_those_of_what_is_written() {
    for_every_dtype!(moments_after_are_found);
}

fn moments_after_are_found<T: Real>() {
    let limits = |m: &AnyMethod| !m.leaves_moments();
    for (name, method) in every_variant() {
        let what = format!("{name} in {}", T::NAME);
        let mut lengths = SMALL_LENGTHS.to_vec();
        lengths.push(4_097);
        let (mut batch, inputs) = draw::<T>(&mut Random(600), &lengths);
        let mut written = batch.data.clone();
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect(&what);
        let mut states = method.states(tensors.len());
        method.must_decide(&what, &inputs, &mut states, &mut tensors);
        let mut outputs: Vec<Buffer> = written
            .iter_mut()
            .map(|d| Buffer::from(&mut d[..]))
            .collect();
        apply_into(&tensors, &mut outputs).expect(&what);
        for (tensor, written) in tensors.iter().zip(&written) {
            let told = tensor.moments_after().expect(&what);
            let mut found = Moments::default();
            found.observe_chunk(written).expect(&what);
            bounds_its_magnitudes::<T>(&what, &told, &found);
            if !limits(&method) {
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
    for_every_dtype!(into_is_apply);
}

fn into_is_apply<T: Real>() {
    for (name, method) in every_variant() {
        let (mut batch, inputs) = draw::<T>(&mut Random(700), &SMALL_LENGTHS);
        let mut results: Vec<Vec<T>> = batch
            .data
            .iter()
            .map(|d| vec![T::exact(1.0); d.len()])
            .collect();
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect(name);
        let mut states = method.states(tensors.len());
        method.must_decide(name, &inputs, &mut states, &mut tensors);
        let before = snapshot::tensors(&tensors);
        let mut buffers: Vec<Buffer> = results
            .iter_mut()
            .map(|r| Buffer::from(&mut r[..]))
            .collect();
        apply_into(&tensors, &mut buffers[..]).expect(name);
        assert_eq!(
            snapshot::tensors(&tensors),
            before,
            "{name}: gradients stay as they are"
        );
        apply(&mut tensors).expect(name);
        drop(tensors);
        let beside: Vec<_> = results.iter().map(|r| bits(r)).collect();
        assert_eq!(beside, batch.bits(), "{name} in {}", T::NAME);
    }
}

/// A tensor cut into shards, each with the moments of the whole: every method decides as for the whole.
#[test]
fn shards_with_merged_moments_are_treated_as_their_whole() {
    for (name, method) in every_variant() {
        let (mut whole, inputs) = draw::<f64>(&mut Random(800), &[100]);
        let mut cut = whole.clone();
        let mut tensors = whole.tensors();
        observe(&mut tensors).expect(name);
        let merged = *tensors[0].moments();
        method.must_decide(name, &inputs, &mut method.states(1), &mut tensors);
        apply(&mut tensors).expect(name);
        drop(tensors);
        // Each shard as its owner sees it: alone in its call.
        let (left, right) = cut.data[0].split_at_mut(37);
        for shard in [left, right] {
            let mut tensors = [Tensor::weight(shard)];
            tensors[0].set_moments(merged);
            method.must_decide(name, &inputs, &mut method.states(1), &mut tensors);
            apply(&mut tensors).expect(name);
        }
        assert_eq!(cut.bits(), whole.bits(), "{name}");
    }
}
