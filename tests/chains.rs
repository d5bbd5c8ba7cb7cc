//! Chains of up to eight methods in any order, each perhaps several times, against the oracle; in every dtype.
//!
//! Any order, so also orders that are refused: behind a finite limit a method that needs moments returns ORDER and
//! changes nothing, and the chain goes on without it.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::compare;
use common::data::{Batch, Random};
use common::list::every_variant;
use common::method::{AnyMethod, OracleStates, States, StepInputs};
use common::number::Real;
use common::snapshot;
use proptest::prelude::*;
use trimtab::{Error, Tensor, apply, observe};

/// Enough to see every pair of neighbours several times: 64 chains of about 4 pairs in 4 dtypes.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    }
}

/// One to eight methods by their places in the list of all.
fn links() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..every_variant().len(), 1..=8)
}

/// Up to six tensors, the first of which is not empty.
fn lengths() -> impl Strategy<Value = Vec<usize>> {
    (2_usize..70, prop::collection::vec(0_usize..70, 0..6)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_chain_is_its_methods_one_after_the_other(
        links in links(), lengths in lengths(), seed in any::<u64>(),
    ) {
        run::<f32>(&links, &lengths, seed);
        run::<f64>(&links, &lengths, seed);
        run::<trimtab::f16>(&links, &lengths, seed);
        run::<trimtab::bf16>(&links, &lengths, seed);
    }
}

/// A method with its states on both sides.
struct Link {
    name: &'static str,
    method: AnyMethod,
    core: States,
    oracle: OracleStates,
}

/// Three steps, so that states are carried on.
fn run<T: Real>(links: &[usize], lengths: &[usize], seed: u64) {
    let all = every_variant();
    let link = |&index: &usize| {
        let (name, method) = all[index];
        Link {
            name,
            method,
            core: method.states(lengths.len()),
            oracle: method.oracle_states(lengths.len()),
        }
    };
    let mut links: Vec<Link> = links.iter().map(link).collect();
    let names: Vec<&str> = links.iter().map(|link| link.name).collect();
    let mut random = Random(seed);
    for t in 0..3 {
        let what = format!("{} in {}, step {t}", names.join(" > "), T::NAME);
        let mut batch = Batch::<T>::random(&mut random, lengths);
        let inputs = StepInputs {
            reference: random.between(0.1, 2.0),
            params: lengths
                .iter()
                .map(|&n| random.elements(n, 0.0, 3.0))
                .collect(),
        };
        let mut exact = batch.exact();
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect(&what);
        let mut limited = false;
        for link in &mut links {
            if limited && !link.method.follows_a_limit() {
                refuses_the_order(&what, link, &inputs, &mut tensors);
                continue;
            }
            exact = link.method.on_data(&inputs, &mut link.oracle, &exact);
            link.method
                .must_decide(&what, &inputs, &mut link.core, &mut tensors);
            limited |= matches!(link.method, AnyMethod::ClipValue(c) if c.limit.is_finite());
        }
        apply(&mut tensors).expect(&what);
        drop(tensors);
        for (i, (actual, exact)) in batch.data.iter().zip(&exact).enumerate() {
            compare::written(&format!("{what}, tensor {i}"), actual, &exact.values);
        }
    }
}

fn refuses_the_order(what: &str, link: &mut Link, inputs: &StepInputs, tensors: &mut [Tensor]) {
    let before = (snapshot::tensors(tensors), snapshot::states(&link.core));
    let result = link.method.decide(inputs, &mut link.core, tensors);
    assert!(
        matches!(result, Err(Error::Order { .. })),
        "{what}: {} {result:?}",
        link.name
    );
    let after = (snapshot::tensors(tensors), snapshot::states(&link.core));
    assert_eq!(after, before, "{what}: {}", link.name);
}
