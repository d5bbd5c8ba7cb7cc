//! The pipeline is its methods called one by one: same bits, same states, and nothing moves when one refuses.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::data::{Batch, Random};
use common::list::{every_method, every_variant};
use common::method::{AnyMethod, States, StepInputs};
use common::snapshot;
use trimtab::{
    Affine, Error, GradientStabilizer, Guard, Inputs, Memory, Method, Pipeline, Scope, StableGrad,
    Stage, Status, Verdict, apply, observe,
};

const LENGTHS: [usize; 4] = [40, 5, 33, 1];

fn as_method(method: AnyMethod) -> Method {
    match method {
        AnyMethod::Unscale(c) => c.into(),
        AnyMethod::Scale(c) => c.into(),
        AnyMethod::StableGrad(c) => c.into(),
        AnyMethod::GradientStabilizer(c) => c.into(),
        AnyMethod::Autoscale(c) => c.into(),
        AnyMethod::Centralize(c) => c.into(),
        AnyMethod::Znorm(c) => c.into(),
        AnyMethod::ClipNorm(c) => c.into(),
        AnyMethod::ClipValue(c) => c.into(),
        AnyMethod::Agc(c) => c.into(),
        AnyMethod::Zclip(c) => c.into(),
        AnyMethod::Guard(c) => c.into(),
    }
}

/// A stage remembers what the states of the method called by itself say.
fn remembers<const N: usize>(stage: &Stage<N>, states: &States) -> bool {
    match &stage.memory {
        Memory::None => states == &States::default(),
        Memory::Norms(norms) => norms[..] == states.norms[..],
        Memory::Autoscale(autoscale) => *autoscale == states.autoscale,
        Memory::Zclip(zclip) => *zclip == states.zclip,
        Memory::Guard(guard) => *guard == states.guard,
        _ => false,
    }
}

#[test]
fn a_pipeline_is_its_methods_one_by_one() {
    for (name, method) in every_variant() {
        same_as_by_hand(name, &[method]);
    }
    let list = every_method();
    let named = |wanted: &str| {
        list.iter()
            .find(|(name, _)| *name == wanted)
            .expect("listed")
            .1
    };
    for names in [
        ["guard", "unscale", "stable_grad", "gradient_stabilizer"],
        ["autoscale", "zclip", "agc", "clip_value"],
        [
            "centralize",
            "gradient_stabilizer",
            "gradient_stabilizer",
            "clip_norm",
        ],
    ] {
        same_as_by_hand(&names.join(" > "), &names.map(named));
    }
}

fn same_as_by_hand(what: &str, methods: &[AnyMethod]) {
    let mut pipeline = Pipeline::<4, 4>::new();
    for method in methods {
        pipeline = pipeline.with(as_method(*method)).expect("there is room");
    }
    let mut states: Vec<States> = methods.iter().map(|m| m.states(LENGTHS.len())).collect();
    let inputs = StepInputs::plain(LENGTHS.len());
    let params = inputs.param_moments();
    let mut random = Random(81);
    for t in 0..4 {
        let mut by_hand = Batch::<f32>::random(&mut random, &LENGTHS);
        let mut by_pipeline = by_hand.clone();
        let mut tensors = by_hand.tensors();
        observe(&mut tensors).expect(what);
        for (method, states) in methods.iter().zip(&mut states) {
            method.must_decide(what, &inputs, states, &mut tensors);
        }
        apply(&mut tensors).expect(what);
        let mut tensors = by_pipeline.tensors();
        let given = Inputs::default()
            .with_reference(inputs.reference)
            .with_params(&params);
        assert_eq!(
            pipeline.decide(&given, &mut tensors),
            Ok(Verdict::Proceed),
            "{what}"
        );
        apply(&mut tensors).expect(what);
        assert_eq!(by_pipeline.bits(), by_hand.bits(), "{what}, step {t}");
        let mut stages = pipeline.stages().iter().zip(&states);
        assert!(
            stages.all(|(stage, states)| remembers(stage, states)),
            "{what}, step {t}"
        );
    }
}

/// The second method refuses (its reference is NaN): the state the first has just advanced goes back.
#[test]
fn when_one_method_refuses_no_state_of_any_has_moved() {
    let mut pipeline = Pipeline::<3, 4>::new()
        .with(GradientStabilizer::default())
        .and_then(|p| p.with(GradientStabilizer::default().with_scope(Scope::Global)))
        .and_then(|p| p.with(StableGrad::default()))
        .expect("there is room");
    let good = Inputs::default().with_reference(0.5);
    let mut random = Random(82);
    let mut batch = Batch::<f32>::random(&mut random, &LENGTHS);
    assert_eq!(
        pipeline.decide(&good, &mut batch.tensors()),
        Ok(Verdict::Proceed)
    );
    let before: Vec<_> = pipeline.stages().to_vec();
    let mut batch = Batch::<f32>::random(&mut random, &LENGTHS);
    let gradients = batch.bits();
    let mut tensors = batch.tensors();
    assert_eq!(
        pipeline.decide(&Inputs::default(), &mut tensors),
        Err(Error::BadReference)
    );
    assert!(
        tensors.iter().all(|t| *t.affine() == Affine::IDENTITY),
        "nothing is pending"
    );
    drop(tensors);
    assert_eq!((pipeline.stages(), batch.bits()), (&before[..], gradients));
}

#[test]
fn a_guard_in_front_skips_the_step_and_the_methods_behind_it() {
    let mut pipeline = Pipeline::<2, 4>::new()
        .with(Guard::default().with_max_consecutive(2))
        .and_then(|p| p.with(GradientStabilizer::default()))
        .expect("there is room");
    let mut batch = Batch::<f32>::random(&mut Random(83), &LENGTHS);
    batch.data[2][0] = f32::NAN;
    let gradients = batch.bits();
    let mut tensors = batch.tensors();
    assert_eq!(
        pipeline.decide(&Inputs::default(), &mut tensors),
        Ok(Verdict::SkipStep)
    );
    assert!(
        tensors.iter().all(|t| *t.affine() == Affine::IDENTITY),
        "nothing is pending"
    );
    let counted = |p: &Pipeline<2, 4>| match p.stages()[0].memory {
        Memory::Guard(state) => (state.consecutive, state.total),
        _ => panic!("a guard's memory"),
    };
    assert_eq!(counted(&pipeline), (1, 1));
    assert_eq!(
        pipeline.decide(&Inputs::default(), &mut tensors),
        Err(Error::Diverged)
    );
    assert_eq!(counted(&pipeline), (1, 1));
    let untouched = match &pipeline.stages()[1].memory {
        Memory::Norms(norms) => norms.iter().all(|n| n.steps == 0),
        _ => false,
    };
    assert!(untouched, "the method behind the guard has not stepped");
    drop(tensors);
    assert_eq!(batch.bits(), gradients);
}

/// The same with a method in front of the guard: it is refused before the guard can speak, and says so.
#[test]
fn a_method_in_front_of_the_guard_refuses_what_is_not_finite() {
    let mut pipeline = Pipeline::<2, 4>::new()
        .with(GradientStabilizer::default())
        .and_then(|p| p.with(Guard::default()))
        .expect("there is room");
    let mut batch = Batch::<f32>::random(&mut Random(84), &LENGTHS);
    batch.data[3][0] = f32::INFINITY;
    let mut tensors = batch.tensors();
    let result = pipeline.decide(&Inputs::default(), &mut tensors);
    assert_eq!(result, Err(Error::NonFinite { tensor: 3 }));
}

#[test]
fn what_does_not_fit_is_refused() {
    let full = Pipeline::<1, 2>::new()
        .with(Guard::default())
        .expect("room for one");
    let more = full.clone().with(StableGrad::default());
    assert_eq!(
        more.map(drop).map_err(|e| e.status()),
        Err(Status::BadLength)
    );
    // Four tensors, and room for the states of two.
    let mut small = Pipeline::<1, 2>::new()
        .with(GradientStabilizer::default())
        .expect("room");
    let mut batch = Batch::<f32>::random(&mut Random(85), &LENGTHS);
    let mut tensors = batch.tensors();
    let result = small.decide(&Inputs::default(), &mut tensors);
    assert_eq!(result.map_err(|e| e.status()), Err(Status::BadLength));
    let before = snapshot::tensors(&tensors);
    assert!(tensors.iter().all(|t| *t.affine() == Affine::IDENTITY));
    // And it goes on with two.
    assert_eq!(
        small.decide(&Inputs::default(), &mut tensors[..2]),
        Ok(Verdict::Proceed)
    );
    assert_eq!(snapshot::tensors(&tensors)[2..], before[2..]);
}
