//! `decide`: a chain in one call is its methods one after the other, or nothing has happened.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random};
use common::list::every_variant;
use common::method::{AnyMethod, States, StepInputs};
use common::snapshot;
use trimtab::custom::{Custom, Decision, Run, each_with};
use trimtab::{
    ClipNorm, Error, Guard, GuardState, Link, Moments, Refused, Scale, Tensor, Verdict, decide,
    observe,
};

const LENGTHS: [usize; 4] = [40, 5, 33, 1];
const STEPS: usize = 3;

fn link<'a>(
    method: AnyMethod,
    states: &'a mut States,
    reference: f64,
    params: &'a [Moments],
) -> Link<'a> {
    match method {
        AnyMethod::Unscale(c) => Link::Unscale(c),
        AnyMethod::Scale(c) => Link::Scale(c),
        AnyMethod::StableGrad(c) => Link::StableGrad(c, reference),
        AnyMethod::GradientStabilizer(c) => Link::GradientStabilizer(c, &mut states.norms),
        AnyMethod::Autoscale(c) => Link::Autoscale(c, &mut states.autoscale),
        AnyMethod::Centralize(c) => Link::Centralize(c),
        AnyMethod::Znorm(c) => Link::Znorm(c),
        AnyMethod::ClipNorm(c) => Link::ClipNorm(c),
        AnyMethod::ClipValue(c) => Link::ClipValue(c),
        AnyMethod::Agc(c) => Link::Agc(c, params),
        AnyMethod::Zclip(c) => Link::Zclip(c, &mut states.zclip),
        AnyMethod::Guard(c) => Link::Guard(c, &mut states.guard),
    }
}

/// A chain with states, asked in one call and method by method.
struct Pair {
    methods: Vec<AnyMethod>,
    states: Vec<States>,
    inputs: StepInputs,
}

impl Pair {
    fn new(methods: Vec<AnyMethod>) -> Self {
        let states = methods.iter().map(|m| m.states(LENGTHS.len())).collect();
        let inputs = StepInputs::plain(LENGTHS.len());
        Self {
            methods,
            states,
            inputs,
        }
    }

    fn in_one_call(&mut self, grads: &mut [Tensor]) -> Result<Verdict, Refused> {
        let params = self.inputs.param_moments();
        let each = self.methods.iter().zip(&mut self.states);
        let links =
            each.map(|(method, states)| link(*method, states, self.inputs.reference, &params));
        decide(&mut links.collect::<Vec<_>>()[..], grads)
    }

    /// Which method refused with what, or the verdict; and the states after it.
    fn one_by_one(&self, grads: &mut [Tensor]) -> (Result<Verdict, (usize, Error)>, Vec<States>) {
        let mut states = self.states.clone();
        for (index, (method, state)) in self.methods.iter().zip(&mut states).enumerate() {
            match method.decide(&self.inputs, state, grads) {
                Ok(Verdict::Proceed) => (),
                Ok(Verdict::SkipStep) => return (Ok(Verdict::SkipStep), states),
                Err(error) => return (Err((index, error)), states),
            }
        }
        (Ok(Verdict::Proceed), states)
    }

    /// One step on both ways. Whether it was accepted.
    fn step(&mut self, what: &str, batch: &mut Batch<f32>) -> bool {
        let mut twin = batch.clone();
        let (mut grads, mut alone) = (batch.tensors(), twin.tensors());
        let _ = (observe(&mut grads), observe(&mut alone)); // not finite: the methods will see it
        let (before, states) = (snapshot::tensors(&grads), self.states.clone());
        let (expected, advanced) = self.one_by_one(&mut alone);
        let result = self.in_one_call(&mut grads);
        assert_eq!(result.map_err(|r| (r.method, r.error)), expected, "{what}");
        let after = match expected {
            Ok(_) => (snapshot::tensors(&alone), advanced),
            Err(_) => (before, states),
        };
        assert_eq!(
            (snapshot::tensors(&grads), self.states.clone()),
            after,
            "{what}"
        );
        expected.is_ok()
    }
}

/// Random chains, also with orders that are refused, references that are none and gradients that are not finite.
#[test]
fn a_chain_in_one_call_is_its_methods_one_by_one() {
    let list = every_variant();
    let mut random = Random(101);
    let (mut accepted, mut refused) = (0, 0);
    for chain in 0..400 {
        let some = (0..random.below(7)).map(|_| list[random.below(list.len())]);
        let (names, methods): (Vec<_>, Vec<_>) = some.collect::<Vec<_>>().into_iter().unzip();
        let mut pair = Pair::new(methods);
        for step in 0..STEPS {
            let mut batch = Batch::<f32>::random(&mut random, &LENGTHS);
            pair.inputs.reference = if random.below(3) == 0 { f64::NAN } else { 0.5 };
            if random.below(3) == 0 {
                batch.data[random.below(4)][0] = f32::NAN;
            }
            let what = format!("chain {chain}, step {step}: {}", names.join(" > "));
            match pair.step(&what, &mut batch) {
                true => accepted += 1,
                false => refused += 1,
            }
        }
    }
    assert!(
        accepted > 300 && refused > 300,
        "{accepted} accepted, {refused} refused"
    );
}

/// A chain of one may follow other methods; a longer one may not, and says which tensor is in its way.
#[test]
fn a_chain_starts_right_after_observing() {
    let mut batch = Batch::<f32>::random(&mut Random(102), &LENGTHS);
    let mut grads = batch.tensors();
    observe(&mut grads).expect("finite");
    Scale::new(2.0).decide(&mut grads[2..3]).expect("in range");
    let before = snapshot::tensors(&grads);
    let scale = || Link::Scale(Scale::new(0.5));
    let refused = decide(&mut [scale(), scale()], &mut grads).expect_err("something is pending");
    assert_eq!(refused.method, 0);
    assert!(matches!(refused.error, Error::Order { tensor: 2, .. }));
    assert_eq!(snapshot::tensors(&grads), before);
    assert_eq!(decide(&mut [scale()], &mut grads), Ok(Verdict::Proceed));
    assert_eq!(grads.map_scales(), [0.5, 0.5, 1.0, 0.5]);
    assert_eq!(decide(&mut [], &mut grads), Ok(Verdict::Proceed));
}

trait Scales {
    fn map_scales(&self) -> Vec<f64>;
}

impl Scales for Vec<Tensor<'_>> {
    fn map_scales(&self) -> Vec<f64> {
        self.iter().map(|tensor| tensor.affine().scale).collect()
    }
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
    assert_eq!(grads.map_scales(), [0.5; 4]);

    observe(&mut grads).expect("finite");
    let bad = Link::ClipNorm(ClipNorm::global(-1.0));
    let refused = decide(&mut [Link::Other(&mut halve), bad], &mut grads).expect_err("bad");
    assert_eq!((refused.method, halve.counts), (1, [1; 4]));
    assert_eq!(grads.map_scales(), [1.0; 4]);

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
