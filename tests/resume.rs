//! A run that is stopped after any step, saved, loaded into zeros and continued ends in the same bits.
//!
//! Linear regression on noisy batches by guard, autoscale, GradientStabilizer, ZClip and Adam: everything that has a
//! state. One step is skipped for a NaN, one has a gradient 10^12 times too large.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Random, bits};
use trimtab::checkpoint::{self, Reader, Writer};
use trimtab::{
    Adam, Autoscale, AutoscaleState, GradientStabilizer, Guard, GuardState, Inputs, NormState,
    Pipeline, Slot, StepState, Tensor, Verdict, Zclip, ZclipState, observe,
};

const STEPS: u64 = 40;
/// A warm-up that ends in the middle, so that runs are stopped on both sides.
fn zclip() -> Zclip {
    Zclip::default().with_warmup(20)
}

const INPUTS: usize = 6;

/// What turns gradients into a decision, and remembers.
trait Chain: Default {
    fn decide(&mut self, grads: &mut [Tensor]) -> Verdict;
    fn save(&self, to: &mut Writer);
    fn load(&mut self, from: &mut Reader);
}

/// The methods called one by one.
#[derive(Default)]
struct ByHand {
    guard: GuardState,
    autoscale: AutoscaleState,
    norms: [NormState; 2],
    zclip: ZclipState,
}

impl Chain for ByHand {
    fn decide(&mut self, grads: &mut [Tensor]) -> Verdict {
        let _ = observe(grads); // What is not finite, the guard sees.
        let verdict = Guard::default().decide(&mut self.guard, grads);
        if verdict == Ok(Verdict::Proceed) {
            let decided = Autoscale::default()
                .decide(&mut self.autoscale, grads)
                .and_then(|()| GradientStabilizer::default().decide(&mut self.norms, grads))
                .and_then(|()| zclip().decide(&mut self.zclip, grads));
            decided.expect("finite");
        }
        verdict.expect("not diverged")
    }

    fn save(&self, to: &mut Writer) {
        to.put_one(&self.guard);
        to.put_one(&self.autoscale);
        to.put(&self.norms);
        to.put_one(&self.zclip);
    }

    fn load(&mut self, from: &mut Reader) {
        from.take_one(&mut self.guard);
        from.take_one(&mut self.autoscale);
        from.take(&mut self.norms);
        from.take_one(&mut self.zclip);
    }
}

/// The same methods in a pipeline.
struct InOne(Pipeline<4, 3>);

impl Default for InOne {
    fn default() -> Self {
        let pipeline = Pipeline::new()
            .with(Guard::default())
            .and_then(|p| p.with(Autoscale::default()))
            .and_then(|p| p.with(GradientStabilizer::default()))
            .and_then(|p| p.with(zclip()));
        Self(pipeline.expect("there is room"))
    }
}

impl Chain for InOne {
    fn decide(&mut self, grads: &mut [Tensor]) -> Verdict {
        let verdict = self.0.decide(&Inputs::default(), grads);
        verdict.expect("finite, or skipped")
    }

    fn save(&self, to: &mut Writer) {
        self.0.save(to);
    }

    fn load(&mut self, from: &mut Reader) {
        self.0.load(from);
    }
}

/// What the caller keeps itself: parameters and Adam's moments, of a weight and a bias.
#[derive(Clone)]
struct Buffers {
    params: [Vec<f32>; 2],
    first: [Vec<f32>; 2],
    second: [Vec<f32>; 2],
}

impl Buffers {
    fn new() -> Self {
        let zeros = || [vec![0.0; INPUTS], vec![0.0; 1]];
        Self {
            params: zeros(),
            first: zeros(),
            second: zeros(),
        }
    }

    fn bits(&self) -> Vec<Vec<u64>> {
        let all = [&self.params, &self.first, &self.second];
        all.into_iter().flatten().map(|data| bits(data)).collect()
    }
}

struct Run<C> {
    chain: C,
    adam: StepState,
    buffers: Buffers,
}

impl<C: Chain> Run<C> {
    /// States of zeros.
    fn with(buffers: Buffers) -> Self {
        Self {
            chain: C::default(),
            adam: StepState::default(),
            buffers,
        }
    }

    fn train(&mut self, steps: std::ops::Range<u64>) {
        for t in steps {
            self.step(t);
        }
    }

    fn step(&mut self, t: u64) {
        let Buffers {
            params,
            first,
            second,
        } = &mut self.buffers;
        let [mut dw, mut db] = gradient(params, t);
        let mut grads = [Tensor::weight(&mut dw), Tensor::bias(&mut db)];
        if self.chain.decide(&mut grads) == Verdict::SkipStep {
            return;
        }
        let buffers = params.iter_mut().zip(first).zip(second);
        let mut slots: Vec<Slot> = buffers.map(|((w, m), v)| Slot::adam(w, m, v)).collect();
        let result = Adam::default().step(&mut self.adam, &mut grads, &mut slots);
        result.expect("finite");
    }

    fn put(&self, to: &mut Writer) {
        self.chain.save(to);
        to.put_one(&self.adam);
    }

    fn saved(&self) -> Vec<u8> {
        let mut bytes = vec![0; checkpoint::size(|to| self.put(to))];
        checkpoint::save(&mut bytes, |to| self.put(to)).expect("as long as needed");
        bytes
    }

    fn load(&mut self, bytes: &[u8]) {
        let result = checkpoint::load(bytes, |from| {
            self.chain.load(from);
            from.take_one(&mut self.adam);
        });
        result.expect("what was saved");
    }
}

/// The gradient of half the mean squared error over a batch of 8 that depends on the step alone.
fn gradient([w, b]: &[Vec<f32>; 2], t: u64) -> [Vec<f32>; 2] {
    let mut random = Random(1_000 + t);
    let (mut dw, mut db) = (vec![0.0; INPUTS], vec![0.0; 1]);
    for _ in 0..8 {
        let x: Vec<f32> = random.elements(INPUTS, 0.0, 1.0);
        let target: f32 = x.iter().sum::<f32>() - 0.5 + 0.1 * random.normal() as f32;
        let output: f32 = b[0] + x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>();
        let error = (output - target) / 8.0;
        dw.iter_mut().zip(&x).for_each(|(dw, x)| *dw += error * x);
        db[0] += error;
    }
    match t {
        12 => dw[3] = f32::NAN,
        30 => dw.iter_mut().for_each(|dw| *dw *= 1e12),
        _ => (),
    }
    [dw, db]
}

/// Stopped after each of its steps in turn.
fn ends_in_the_same_bits<C: Chain>() -> Vec<u8> {
    let mut whole = Run::<C>::with(Buffers::new());
    whole.train(0..STEPS);
    for stop in 0..=STEPS {
        let mut first = Run::<C>::with(Buffers::new());
        first.train(0..stop);
        let bytes = first.saved();
        let mut second = Run::<C>::with(first.buffers);
        second.load(&bytes);
        second.train(stop..STEPS);
        assert_eq!(second.buffers.bits(), whole.buffers.bits(), "after {stop}");
        assert_eq!(second.saved(), whole.saved(), "after {stop}");
    }
    whole.saved()
}

/// By hand and in a pipeline, whose bytes are the same: entries in the order of the methods.
#[test]
fn a_run_goes_on_as_if_it_had_never_stopped() {
    let by_hand = ends_in_the_same_bits::<ByHand>();
    assert_eq!(by_hand, ends_in_the_same_bits::<InOne>());
}

/// The test above would be worth nothing if states did not matter.
#[test]
fn without_its_states_a_run_goes_on_otherwise() {
    let mut whole = Run::<ByHand>::with(Buffers::new());
    whole.train(0..STEPS);
    for stop in 1..STEPS {
        let mut first = Run::<ByHand>::with(Buffers::new());
        first.train(0..stop);
        let mut second = Run::<ByHand>::with(first.buffers);
        second.train(stop..STEPS);
        assert_ne!(second.buffers.bits(), whole.buffers.bits(), "after {stop}");
    }
    let states = &whole.chain;
    assert_eq!((states.guard.total, whole.adam.steps), (1, STEPS - 1));
    assert!(states.zclip.steps > u64::from(zclip().warmup));
}

/// A pipeline before its first step knows no tensors: it takes as many states as were saved, and there is room for.
#[test]
fn a_pipeline_grows_to_what_was_saved() {
    let mut stepped = Run::<InOne>::with(Buffers::new());
    let before = stepped.saved();
    stepped.train(0..3);
    let after = stepped.saved();
    assert_eq!(after.len() - before.len(), 2 * 32);
    stepped.load(&before);
    assert_eq!(stepped.saved(), before);
    stepped.load(&after);
    assert_eq!(stepped.saved(), after);
}
