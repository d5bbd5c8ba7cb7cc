//! `decide` with links of Rust's own: an array, and methods that are not the library's. (That a chain in one call is its
//! methods one after the other: `suite/chains.rs`.)

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random};
use trimtab::custom::{Custom, Decision, Run, each_with};
use trimtab::{ClipNorm, Error, Guard, GuardState, Link, Scale, Tensor, Verdict, decide, observe};

const LENGTHS: [usize; 4] = [40, 5, 33, 1];

fn scales(grads: &[Tensor]) -> Vec<f64> {
    grads.iter().map(|tensor| tensor.affine().scale).collect()
}

/// Halves every gradient and counts, by tensor; says how often it was asked.
struct Halve {
    counts: [u64; LENGTHS.len()],
    asked: Vec<Run>,
}

impl Custom for Halve {
    fn decide(&mut self, grads: &mut [Tensor], run: Run) -> Result<Verdict, Error> {
        self.asked.push(run);
        each_with(grads, &mut self.counts, run, |_, _, count| {
            Ok((Decision::scale(0.5), count + 1))
        })?;
        Ok(Verdict::Proceed)
    }
}

/// A custom method is tried once and kept once; behind a refusal or a guard that skips, its state stays as it was.
#[test]
fn a_custom_method_takes_part() {
    let mut halve = Halve {
        counts: [0; 4],
        asked: Vec::new(),
    };
    let (mut guard, unused) = (GuardState::default(), Link::Scale(Scale::new(1.0)));
    let mut batch = Batch::<f32>::random(&mut Random(103), &LENGTHS);
    let mut grads = batch.tensors();
    observe(&mut grads).expect("finite");
    let mut chain = [
        Link::Guard(Guard::default(), &mut guard),
        Link::Other(&mut halve),
        unused,
    ];
    assert_eq!(decide(&mut chain, &mut grads), Ok(Verdict::Proceed));
    assert_eq!(
        (halve.counts, &halve.asked[..]),
        ([1; 4], &[Run::Trial, Run::Keep][..])
    );
    assert_eq!(scales(&grads), [0.5; 4]);

    observe(&mut grads).expect("finite");
    let bad = Link::ClipNorm(ClipNorm::global(-1.0));
    let refused = decide(&mut [Link::Other(&mut halve), bad], &mut grads).expect_err("bad");
    assert_eq!((refused.method, halve.counts), (1, [1; 4]));
    assert_eq!(scales(&grads), [1.0; 4]);

    drop(grads);
    batch.data[1][0] = f32::INFINITY;
    let mut grads = batch.tensors();
    let _ = observe(&mut grads); // NonFinite, for the guard
    let mut chain = [
        Link::Guard(Guard::default(), &mut guard),
        Link::Other(&mut halve),
    ];
    assert_eq!(decide(&mut chain, &mut grads), Ok(Verdict::SkipStep));
    assert_eq!(
        (guard.total, halve.counts, halve.asked.len()),
        (1, [1; 4], 3)
    );
}
