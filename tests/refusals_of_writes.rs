//! What `apply`, `apply_into`, `Sgd::step` and `Adam::step` refuse, and that not one bit moves then: of gradients,
//! moments, affines, outputs, parameters, optimizer buffers and the step count.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::bad;
use common::data::{Batch, Random, bits};
use common::number::Real;
use common::snapshot;
use trimtab::{
    Adam, Buffer, Error, Moments, Scale, Sgd, Slot, Status, StepState, Tensor, apply, apply_into,
    f16, observe,
};

const LENGTHS: [usize; 3] = [40, 5, 33];

/// Two weights and a bias.
fn three<T: Real>() -> Batch<T> {
    Batch::random(&mut Random(71), &LENGTHS)
}

/// Parameters and optimizer buffers of the three tensors, with something in them.
struct Model {
    w: Vec<Vec<f32>>,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    state: StepState,
}

impl Model {
    fn new() -> Model {
        let mut random = Random(72);
        let mut draw = || -> Vec<Vec<f32>> {
            let one = |n: &usize| random.elements(*n, 1.0, 0.1);
            LENGTHS.iter().map(one).collect()
        };
        let (w, first, second) = (draw(), draw(), draw());
        Model {
            w,
            first,
            second,
            state: StepState { steps: 3 },
        }
    }

    fn slots(&mut self) -> Vec<Slot<'_>> {
        let buffers = self.first.iter_mut().zip(&mut self.second);
        let all = self.w.iter_mut().zip(buffers);
        all.map(|(w, (m, v))| Slot::adam(w, m, v)).collect()
    }

    fn bits(&self) -> Vec<Vec<u64>> {
        let all = self.w.iter().chain(&self.first).chain(&self.second);
        let steps = core::iter::once(vec![self.state.steps]);
        all.map(|data| bits(data)).chain(steps).collect()
    }
}

/// The four ways to write, each of which must refuse with this status and move nothing.
fn every_write_refuses(what: &str, tensors: &mut [Tensor], expected: Status) {
    every_step_refuses(what, tensors, expected);
    let before = snapshot::tensors(tensors);
    let mut outputs = three::<f32>();
    let untouched = outputs.bits();
    let mut buffers: Vec<Buffer> = outputs
        .data
        .iter_mut()
        .map(|d| Buffer::from(&mut d[..]))
        .collect();
    let result = apply_into(tensors, &mut buffers[..]);
    assert_eq!(
        result.map_err(|e| e.status()),
        Err(expected),
        "apply_into, {what}"
    );
    assert_eq!(
        outputs.bits(),
        untouched,
        "apply_into, {what}: outputs moved"
    );
    let result = apply(tensors);
    assert_eq!(
        result.map_err(|e| e.status()),
        Err(expected),
        "apply, {what}"
    );
    assert_eq!(
        snapshot::tensors(tensors),
        before,
        "{what}: gradients moved"
    );
}

/// The two optimizers.
fn every_step_refuses(what: &str, tensors: &mut [Tensor], expected: Status) {
    adam_refuses(what, Adam::default(), tensors, expected);
    let sgd = Sgd::default().with_momentum(0.9);
    sgd_refuses(what, sgd, tensors, expected);
}

fn adam_refuses(what: &str, adam: Adam, tensors: &mut [Tensor], expected: Status) {
    let (mut model, before) = (Model::new(), Model::new().bits());
    let unspent = snapshot::tensors(tensors);
    let mut state = model.state;
    let result = adam.step(&mut state, tensors, &mut model.slots());
    model.state = state;
    assert_eq!(
        result.map_err(|e| e.status()),
        Err(expected),
        "adam, {what}"
    );
    assert_eq!(model.bits(), before, "adam, {what}: something moved");
    assert_eq!(snapshot::tensors(tensors), unspent, "adam, {what}");
}

fn sgd_refuses(what: &str, sgd: Sgd, tensors: &mut [Tensor], expected: Status) {
    let (mut model, before) = (Model::new(), Model::new().bits());
    let unspent = snapshot::tensors(tensors);
    let mut state = model.state;
    let result = sgd.step(&mut state, tensors, &mut model.slots());
    model.state = state;
    assert_eq!(result.map_err(|e| e.status()), Err(expected), "sgd, {what}");
    assert_eq!(model.bits(), before, "sgd, {what}: something moved");
    assert_eq!(snapshot::tensors(tensors), unspent, "sgd, {what}");
}

#[test]
fn gradients_that_were_not_observed_are_not_written() {
    let mut batch = three::<f32>();
    let mut tensors = batch.tensors();
    observe(&mut tensors[..2]).expect("finite");
    every_write_refuses("the last one not observed", &mut tensors, Status::Order);
}

#[test]
fn gradients_that_are_not_finite_are_not_written() {
    for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut batch = three::<f32>();
        batch.data[2][32] = x;
        let mut tensors = batch.tensors();
        assert!(observe(&mut tensors).is_err());
        every_write_refuses(&format!("{x}"), &mut tensors, Status::NonFinite);
    }
}

#[test]
fn results_that_are_not_finite_are_not_written() {
    let mut batch = three::<f32>();
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    Scale::new(1e45)
        .decide(&mut tensors[2..])
        .expect("decided, not written");
    every_write_refuses("1e45 times the last one", &mut tensors, Status::Overflow);
    assert_eq!(
        apply(&mut tensors),
        Err(Error::Overflow { tensor: 2 }),
        "which one"
    );
}

/// All owners of a tensor write it or none does, also those whose shard of it is empty.
#[test]
fn overflow_is_refused_where_a_shard_is_empty() {
    let mut batch = three::<f32>();
    batch.data[2].clear();
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    // Of the whole tensor, whose elements others own.
    tensors[2].set_moments(Moments {
        count: 2,
        sum: 3.0,
        sum_sq: 5.0,
        abs_max: 2.0,
    });
    Scale::new(1e45)
        .decide(&mut tensors[2..])
        .expect("decided, not written");
    let before = snapshot::tensors(&tensors);
    assert_eq!(apply(&mut tensors), Err(Error::Overflow { tensor: 2 }));
    assert_eq!(snapshot::tensors(&tensors), before);
    let (mut w, mut m, mut v) = ([], [], []);
    let mut slots = [Slot::adam::<f32>(&mut w, &mut m, &mut v)];
    let mut state = StepState::default();
    let step = Adam::default().step(&mut state, &mut tensors[2..], &mut slots);
    assert_eq!((step, state.steps), (Err(Error::Overflow { tensor: 0 }), 0));
}

#[test]
fn overflow_is_refused_in_every_dtype() {
    for_every_dtype!(overflow_is_refused);
}

fn overflow_is_refused<T: Real>() {
    let mut batch = three::<T>();
    batch.data[2][0] = T::exact(100.0);
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    // Twice the largest finite value.
    let factor = T::LARGEST / 50.0;
    let scale = Scale::new(factor);
    scale
        .decide(&mut tensors[2..])
        .expect("decided, not written");
    let before = snapshot::tensors(&tensors);
    assert_eq!(
        apply(&mut tensors),
        Err(Error::Overflow { tensor: 2 }),
        "{}",
        T::NAME
    );
    assert_eq!(snapshot::tensors(&tensors), before);
}

#[test]
fn moments_that_cannot_be_are_not_written_from() {
    for (sum_sq, abs_max) in [(-1.0, 1.0), (1.0, -1.0)] {
        let mut batch = three::<f32>();
        let mut tensors = batch.tensors();
        observe(&mut tensors).expect("finite");
        let moments = *tensors[2].moments();
        tensors[2].set_moments(Moments {
            sum_sq,
            abs_max,
            ..moments
        });
        every_write_refuses("negative moments", &mut tensors, Status::BadState);
    }
}

/// Tensors of the three lengths, observed and finite.
fn good(batch: &mut Batch<f32>) -> Vec<Tensor<'_>> {
    let mut tensors = batch.tensors();
    observe(&mut tensors).expect("finite");
    tensors
}

#[test]
fn bad_configurations_of_adam_are_refused() {
    let mut batch = three::<f32>();
    let mut tensors = good(&mut batch);
    let good = Adam::default();
    let mut refuse = |field: &str, adam| adam_refuses(field, adam, &mut tensors, Status::BadConfig);
    for x in bad::NOT_FINITE {
        refuse(&format!("lr = {x}"), good.with_lr(x));
        refuse(&format!("weight_decay = {x}"), good.with_weight_decay(x));
    }
    for x in bad::NOT_DECAY {
        refuse(&format!("beta1 = {x}"), good.with_beta1(x));
        refuse(&format!("beta2 = {x}"), good.with_beta2(x));
    }
    for x in bad::NOT_EPS {
        refuse(&format!("eps = {x}"), good.with_eps(x));
    }
}

#[test]
fn bad_configurations_of_sgd_are_refused() {
    let mut batch = three::<f32>();
    let mut tensors = good(&mut batch);
    let good = Sgd::default();
    let mut refuse = |field: &str, sgd| sgd_refuses(field, sgd, &mut tensors, Status::BadConfig);
    for x in bad::NOT_FINITE {
        refuse(&format!("lr = {x}"), good.with_lr(x));
        refuse(&format!("weight_decay = {x}"), good.with_weight_decay(x));
        refuse(&format!("dampening = {x}"), good.with_dampening(x));
    }
    for x in bad::NOT_DECAY {
        refuse(&format!("momentum = {x}"), good.with_momentum(x));
    }
}

/// As in torch, which refuses both.
#[test]
fn nesterov_without_momentum_or_with_dampening_is_refused() {
    let mut batch = three::<f32>();
    let mut tensors = good(&mut batch);
    let what = "sgd: nesterov needs a momentum and no dampening";
    for (momentum, dampening) in [(0.0, 0.0), (0.0, 0.5), (0.9, 0.5), (0.9, 1e-300)] {
        let sgd = Sgd::default()
            .with_momentum(momentum)
            .with_dampening(dampening)
            .with_nesterov(true);
        sgd_refuses("nesterov", sgd, &mut tensors, Status::BadConfig);
        let refused = sgd.step(&mut StepState::default(), &mut tensors, &mut []);
        assert_eq!(refused, Err(Error::BadConfig(what)));
    }
}

/// A configuration that is finite in f64 and not in the parameter's dtype would make parameters infinite.
#[test]
fn a_configuration_beyond_the_parameters_dtype_is_refused() {
    let mut batch = three::<f32>();
    let mut tensors = good(&mut batch);
    let lr = 1e300;
    let (mut model, before) = (Model::new(), Model::new().bits());
    let mut state = model.state;
    let adam = Adam::new(lr);
    assert!(
        adam.step(&mut state, &mut tensors, &mut model.slots())
            .is_err()
    );
    let sgd = Sgd::new(lr);
    assert!(
        sgd.step(&mut state, &mut tensors, &mut model.slots())
            .is_err()
    );
    assert_eq!((model.bits(), state), (before, model.state));
}

/// What does not match gradients of 40, 5 and 33 elements, and the first that has no partner or the wrong one.
const WRONG_LENGTHS: [(&[usize], usize); 5] = [
    (&[], 0),
    (&[40, 5], 2),
    (&[40, 5, 33, 1], 3),
    (&[40, 5, 32], 2),
    (&[40, 5, 34], 2),
];

#[test]
fn outputs_must_match_in_number_length_and_dtype() {
    let mut batch = three::<f32>();
    let tensors = good(&mut batch);
    for (lengths, index) in WRONG_LENGTHS {
        let mut outputs: Vec<Vec<f32>> = lengths.iter().map(|&n| vec![7.0; n]).collect();
        let mut buffers: Vec<Buffer> = outputs
            .iter_mut()
            .map(|o| Buffer::from(&mut o[..]))
            .collect();
        let result = apply_into(&tensors, &mut buffers[..]);
        assert_eq!(result, Err(Error::BadLength { index }), "{lengths:?}");
        assert!(
            outputs.iter().flatten().all(|&x| x == 7.0),
            "{lengths:?}: outputs moved"
        );
    }
    let (mut a, mut b, mut c) = ([7.0_f32; 40], [7.0_f32; 5], [f16::nearest(7.0); 33]);
    let mut buffers = [
        Buffer::from(&mut a[..]),
        Buffer::from(&mut b[..]),
        Buffer::from(&mut c[..]),
    ];
    assert_eq!(
        apply_into(&tensors, &mut buffers[..]),
        Err(Error::BadDtype { index: 2 })
    );
    assert!(a.iter().chain(&b).all(|&x| x == 7.0) && c.iter().all(|x| x.value() == 7.0));
}

#[test]
fn slots_must_match_in_number_and_length() {
    let mut batch = three::<f32>();
    let mut tensors = good(&mut batch);
    let unspent = snapshot::tensors(&tensors);
    for (lengths, index) in WRONG_LENGTHS {
        let refused = Err(Error::BadLength { index });
        let mut w: Vec<Vec<f32>> = lengths.iter().map(|&n| vec![1.0; n]).collect();
        let (mut m, mut v) = (w.clone(), w.clone());
        let all = w.iter_mut().zip(m.iter_mut().zip(&mut v));
        let mut slots: Vec<Slot> = all.map(|(w, (m, v))| Slot::adam(w, m, v)).collect();
        let mut state = StepState::default();
        let adam = Adam::default().step(&mut state, &mut tensors, &mut slots);
        assert_eq!(adam, refused, "{lengths:?}");
        let sgd = Sgd::default().step(&mut state, &mut tensors, &mut slots);
        assert_eq!(sgd, refused, "{lengths:?}");
        let values = w.iter().chain(&m).chain(&v).flatten();
        assert!(
            values.into_iter().all(|&x| x == 1.0) && state.steps == 0,
            "{lengths:?}"
        );
        assert_eq!(snapshot::tensors(&tensors), unspent, "{lengths:?}");
    }
}

/// One gradient of one element and a slot made of these buffers, for Adam and for SGD with momentum.
fn step_with_slot<'a>(
    param: Buffer<'a>,
    first: Option<Buffer<'a>>,
    second: Option<Buffer<'a>>,
) -> [Result<(), Error>; 2] {
    let mut gradient = [1.0_f32];
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    let mut slots = [Slot::from_buffers(param, first, second)];
    let mut state = StepState::default();
    let adam = Adam::default().step(&mut state, &mut tensors, &mut slots);
    let sgd = Sgd::default().with_momentum(0.5);
    [adam, sgd.step(&mut state, &mut tensors, &mut slots)]
}

#[test]
fn slots_must_have_the_buffers_that_are_needed() {
    let mut data = [[1.0_f32]; 2];
    let [w, m] = &mut data;
    let missing = Err(Error::MissingBuffer { index: 0 });
    let results = step_with_slot(w[..].as_mut().into(), None, None);
    assert_eq!(results, [missing, missing]);
    let [adam, _] = step_with_slot(w[..].as_mut().into(), Some(m[..].as_mut().into()), None);
    assert_eq!(adam, missing, "adam without its second moment");
}

#[test]
fn slots_must_be_of_one_dtype_and_of_f32_or_f64() {
    let (mut w32, mut w64, mut w16) = ([1.0_f32], [1.0_f64], [f16::nearest(1.0)]);
    let (mut m32, mut m16) = ([1.0_f32], [f16::nearest(1.0)]);
    let (mut v32, mut v16) = ([1.0_f32], [f16::nearest(1.0)]);
    let bad = Err(Error::BadDtype { index: 0 });
    let mixed = step_with_slot(
        w64[..].as_mut().into(),
        Some(m32[..].as_mut().into()),
        Some(v32[..].as_mut().into()),
    );
    assert_eq!(mixed, [bad, bad], "f64 with f32");
    let half = step_with_slot(
        w16[..].as_mut().into(),
        Some(m16[..].as_mut().into()),
        Some(v16[..].as_mut().into()),
    );
    assert_eq!(half, [bad, bad], "f16");
    let last = step_with_slot(
        w32[..].as_mut().into(),
        Some(m32[..].as_mut().into()),
        Some(v16[..].as_mut().into()),
    );
    assert_eq!(last[0], bad, "adam with a second moment of f16");
    assert_eq!(
        (w64, w16, v16),
        ([1.0], [f16::nearest(1.0)], [f16::nearest(1.0)])
    );
}

/// Nothing to do is done without complaint, and counts as a step.
#[test]
fn no_tensors_and_empty_tensors_are_legal() {
    let mut state = StepState::default();
    apply(&mut []).expect("nothing");
    Adam::default()
        .step(&mut state, &mut [], &mut [])
        .expect("nothing");
    let (mut gradient, mut w, mut m, mut v) =
        ([0.0_f32; 0], [0.0_f32; 0], [0.0_f32; 0], [0.0_f32; 0]);
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("empty");
    Adam::default()
        .step(
            &mut state,
            &mut tensors,
            &mut [Slot::adam(&mut w, &mut m, &mut v)],
        )
        .expect("empty");
    Sgd::default()
        .step(&mut state, &mut tensors, &mut [Slot::sgd(&mut w)])
        .expect("empty");
    apply(&mut tensors).expect("empty");
    assert_eq!(state.steps, 3);
}
