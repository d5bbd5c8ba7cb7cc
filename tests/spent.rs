//! A write spends its descriptors: until the gradients are observed again every method and every write says `Order`, so
//! that a loop that forgets to observe ends at its second round.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random};
use common::list::every_variant;
use common::method::StepInputs;
use common::number::Real;
use common::snapshot;
use trimtab::{
    Adam, Affine, Buffer, Error, Moments, Scale, Sgd, Slot, StepState, Tensor, apply, apply_into,
    observe, set_threads,
};

/// Everything that writes: into the gradients, into other buffers, into parameters with one buffer and with two.
const WRITES: [(&str, Write); 4] = [
    ("apply", |grads, _| apply(grads)),
    ("apply_into", |grads, model| {
        let outputs = model.params.iter_mut();
        let mut outputs: Vec<Buffer> = outputs.map(|data| Buffer::from(&mut data[..])).collect();
        apply_into(grads, &mut outputs)
    }),
    ("sgd", |grads, model| {
        let slots = model.params.iter_mut().zip(&mut model.first);
        let mut slots: Vec<Slot> = slots.map(|(w, m)| Slot::momentum(w, m)).collect();
        let sgd = Sgd::default().with_momentum(0.9);
        sgd.step(&mut model.state, grads, &mut slots)
    }),
    ("adam", |grads, model| {
        let buffers = model.first.iter_mut().zip(&mut model.second);
        let slots = model.params.iter_mut().zip(buffers);
        let mut slots: Vec<Slot> = slots.map(|(w, (m, v))| Slot::adam(w, m, v)).collect();
        Adam::default().step(&mut model.state, grads, &mut slots)
    }),
];

type Write = fn(&mut [Tensor], &mut Model) -> Result<(), Error>;

/// Those of them that spend.
fn spending() -> impl Iterator<Item = (&'static str, Write)> {
    WRITES.into_iter().filter(|(name, _)| *name != "apply_into")
}

/// What an optimizer needs beside the gradients; the parameters are also where `apply_into` writes.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    params: Vec<Vec<f32>>,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    state: StepState,
}

impl Model {
    fn new(lengths: &[usize]) -> Model {
        let zeros: Vec<Vec<f32>> = lengths.iter().map(|&len| vec![0.0; len]).collect();
        Model {
            params: zeros.clone(),
            first: zeros.clone(),
            second: zeros,
            state: StepState::default(),
        }
    }
}

fn is_fresh(tensor: &Tensor) -> bool {
    *tensor.moments() == Moments::default() && *tensor.affine() == Affine::IDENTITY
}

/// Nothing can be decided or written, and trying moves nothing. `first` is the first tensor with elements.
fn everything_says_order(what: &str, first: usize, tensors: &mut [Tensor], lengths: &[usize]) {
    let is_order = |result: Result<(), Error>| matches!(result, Err(Error::Order { tensor, .. }) if tensor == first);
    let before = snapshot::tensors(tensors);
    for (name, method) in every_variant() {
        let mut states = method.states(lengths.len());
        let inputs = StepInputs::plain(lengths.len());
        let decided = method.decide(&inputs, &mut states, tensors);
        assert!(is_order(decided.map(drop)), "{name} after {what}");
        assert_eq!(states, method.states(lengths.len()), "{name} after {what}");
    }
    for (name, write) in WRITES {
        let mut model = Model::new(lengths);
        let written = write(tensors, &mut model);
        // The output of another dtype would be refused, too, but this comes first.
        assert!(is_order(written), "{name} after {what}: {written:?}");
        assert_eq!(model, Model::new(lengths), "{name} after {what}");
    }
    let outlook = tensors[first].moments_after();
    assert!(
        matches!(outlook, Err(Error::Order { tensor: 0, .. })),
        "{what}"
    );
    assert_eq!(snapshot::tensors(tensors), before, "{what}");
}

/// Among them empty ones, and one that several threads share.
const LENGTHS: [usize; 5] = [0, 40, 1, 0, 3 * 65_536 + 33];

#[test]
fn after_a_write_everything_says_order() {
    for_every_dtype!(spent_in);
}

fn spent_in<T: Real>() {
    let drawn = Batch::<T>::random(&mut Random(901), &LENGTHS);
    for threads in [1, 3] {
        if threads > 1 && cfg!(not(feature = "rayon")) {
            continue;
        }
        set_threads(threads).expect("threads can be started");
        for (name, write) in spending() {
            for factor in [None, Some(0.7)] {
                let what = format!("{name} of {factor:?} in {}, {threads} threads", T::NAME);
                let mut batch = drawn.clone();
                let mut tensors = batch.tensors();
                observe(&mut tensors).expect("finite");
                if let Some(factor) = factor {
                    Scale::new(factor).decide(&mut tensors).expect("finite");
                }
                write(&mut tensors, &mut Model::new(&LENGTHS)).expect(&what);
                assert!(tensors.iter().all(is_fresh), "{what}");
                everything_says_order(&what, 1, &mut tensors, &LENGTHS);
            }
        }
    }
}

/// There is nothing to observe in an empty tensor, but moments and affine of a larger one whose shard it is are spent.
#[test]
fn an_empty_shard_is_spent() {
    for (name, write) in spending() {
        let mut nothing = [0.0_f32; 0];
        let mut tensors = [Tensor::weight(&mut nothing)];
        tensors[0].set_moments(Moments {
            count: 2,
            sum: 3.0,
            sum_sq: 5.0,
            abs_max: 2.0,
        });
        let half = Scale::new(0.5);
        half.decide(&mut tensors).expect("finite");
        write(&mut tensors, &mut Model::new(&[0])).expect(name);
        assert!(is_fresh(&tensors[0]), "{name}");
    }
}

/// A training loop that observes before it instead of in it: the scalings would compound, and the optimizer would take
/// gradients that nobody has looked at.
#[test]
fn a_loop_that_does_not_observe_ends_at_its_second_round() {
    let half = Scale::new(0.5);
    for (name, write) in spending() {
        let mut gradient = [0.25_f32, -2.0];
        let mut model = Model::new(&[2]);
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        half.decide(&mut tensors).expect("observed");
        write(&mut tensors, &mut model).expect("decided");
        let (gradient, after) = (snapshot::data(&tensors[0]), model.clone());
        for _ in 0..3 {
            let decided = half.decide(&mut tensors);
            assert!(
                matches!(decided, Err(Error::Order { tensor: 0, .. })),
                "{name}"
            );
            let written = write(&mut tensors, &mut model);
            assert!(
                matches!(written, Err(Error::Order { tensor: 0, .. })),
                "{name}"
            );
        }
        assert_eq!(
            (snapshot::data(&tensors[0]), model),
            (gradient, after),
            "{name}"
        );
    }
}

/// Once more observed, the same descriptors serve the next step.
#[test]
fn observed_again_they_serve_the_next_step() {
    let mut gradient = [8.0_f32, -2.0];
    let mut tensors = [Tensor::weight(&mut gradient)];
    for _ in 0..3 {
        observe(&mut tensors).expect("finite");
        Scale::new(0.5).decide(&mut tensors).expect("observed");
        apply(&mut tensors).expect("decided");
    }
    assert_eq!(gradient, [1.0, -0.25]);
}
