//! The pipeline is its methods called one by one: same bits, same states, and nothing moves when one refuses.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::chain;
use common::data::{Batch, Random};
use common::library::Running;
use common::methods::{every_setting, named};
use common::snapshot;
use common::states::States;
use common::table::Setting;
use trimtab::checkpoint::{self, Writer};
use trimtab::{
    Affine, Error, GradientStabilizer, Guard, Inputs, Memory, Method, NormState, Pipeline,
    PipelineMut, Role, Scope, StableGrad, Stage, Status, Tensor, Verdict, apply, observe,
};

const LENGTHS: [usize; 4] = [40, 5, 33, 1];

fn method(setting: &Setting) -> Method {
    setting.method().expect("can be said")
}

/// A stage remembers what the states of the method called by itself say.
fn remembers(pipeline: &Pipeline<4, 4>, stage: usize, states: &States) -> bool {
    let norms = pipeline.norms(stage);
    match pipeline.stages()[stage].memory {
        Memory::None => states == &States::default() && norms.is_empty(),
        Memory::Norms(count) => norms == states.norms && norms.len() == count,
        Memory::Autoscale(autoscale) => autoscale == states.autoscale,
        Memory::Zclip(zclip) => zclip == states.zclip,
        Memory::Guard(guard) => guard == states.guard,
        _ => false,
    }
}

#[test]
fn a_pipeline_is_its_methods_one_by_one() {
    for setting in every_setting() {
        same_as_by_hand(&[setting]);
    }
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
        same_as_by_hand(&names.map(|name| named(name).usual()));
    }
}

fn same_as_by_hand(settings: &[Setting]) {
    let what = &format!("{settings:?}");
    let mut pipeline = Pipeline::<4, 4>::new();
    for setting in settings {
        pipeline = pipeline.with(method(setting)).expect("there is room");
    }
    let running = |setting: &Setting| Running::new(setting.clone(), LENGTHS.len());
    let mut running: Vec<Running> = settings.iter().map(running).collect();
    let inputs = chain::Inputs::plain(LENGTHS.len());
    let params = inputs.moments();
    let mut random = Random(81);
    for t in 0..4 {
        let mut by_hand = Batch::<f32>::random(&mut random, &LENGTHS);
        let mut by_pipeline = by_hand.clone();
        let mut tensors = by_hand.tensors();
        observe(&mut tensors).expect(what);
        for running in &mut running {
            running.must_decide(what, &params, &mut tensors);
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
        for (stage, running) in running.iter().enumerate() {
            let same = remembers(&pipeline, stage, &running.states);
            assert!(same, "{what}, step {t}");
        }
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
    let before = pipeline.clone();
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
    assert_eq!((pipeline, batch.bits()), (before, gradients));
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
    let norms = pipeline.norms(1);
    assert!(
        norms.is_empty(),
        "the method behind the guard has not stepped"
    );
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

/// In memory of the caller's, with sizes known at run time: the same bits and states, also after a restart.
#[test]
fn borrowed_memory_is_as_good_as_its_own() {
    let mut owner = Pipeline::<32, 4>::new();
    // Nothing follows silence, nor a limit.
    let last = |s: &Setting| s.limits() || s.of.name == "scale" && s.number == 0.0;
    for setting in every_setting().filter(|setting| !last(setting)) {
        owner = owner.with(method(&setting)).expect("there is room");
    }
    let mut stages: Vec<Stage> = owner
        .stages()
        .iter()
        .map(|stage| Stage::new(stage.method))
        .collect();
    let mut norms = vec![NormState::default(); stages.len() * LENGTHS.len()];
    let inputs = chain::Inputs::plain(LENGTHS.len());
    let params = inputs.moments();
    let given = Inputs::default()
        .with_reference(inputs.reference)
        .with_params(&params);
    let mut random = Random(86);
    for step in 0..4 {
        let mut batch = Batch::<f32>::random(&mut random, &LENGTHS);
        let mut twin = batch.clone();
        let mut tensors = twin.tensors();
        assert_eq!(owner.decide(&given, &mut tensors), Ok(Verdict::Proceed));
        let by_owner = snapshot::tensors(&tensors);
        let mut borrowed = PipelineMut::new(&mut stages, &mut norms);
        let mut tensors = batch.tensors();
        assert_eq!(borrowed.decide(&given, &mut tensors), Ok(Verdict::Proceed));
        assert_eq!(snapshot::tensors(&tensors), by_owner, "step {step}");
        let bytes = saved(|to| borrowed.save(to));
        assert_eq!(bytes, saved(|to| owner.save(to)), "step {step}");
        // A restart: other memory, the same states.
        stages = stages
            .iter()
            .map(|stage| Stage::new(stage.method))
            .collect();
        norms.fill(NormState::default());
        let mut fresh = PipelineMut::new(&mut stages, &mut norms);
        checkpoint::load(&bytes, |from| fresh.load(from)).expect("just saved");
    }
    let kept = every_setting().filter(|setting| !last(setting));
    for (stage, setting) in kept.enumerate() {
        let expected = States::new(&setting, LENGTHS.len()).norms.len();
        assert_eq!(owner.norms(stage).len(), expected, "{setting:?}");
    }
}

fn saved(states: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::size(&states)];
    checkpoint::save(&mut bytes, states).expect("as many bytes as it said");
    bytes
}

/// Inputs may depend on the gradients once these are observed; where they are refused nothing changes.
#[test]
fn inputs_are_computed_from_observed_gradients() {
    let mut pipeline = Pipeline::<1, 4>::new()
        .with(StableGrad::default())
        .expect("there is room");
    let mut batch = Batch::<f32>::random(&mut Random(87), &LENGTHS);
    let mut tensors = batch.tensors();
    let weight = tensors
        .iter()
        .position(|tensor| tensor.role() == Role::Weight)
        .expect("one");
    let own =
        |grads: &[Tensor]| Ok(Inputs::default().with_reference(grads[weight].moments().std()));
    assert_eq!(
        pipeline.decide_with(&mut tensors, own),
        Ok(Verdict::Proceed)
    );
    assert_eq!(tensors[weight].affine().scale, 1.0); // a number divided by itself
    let refused = pipeline.decide_with(&mut tensors, |_| Err(Error::BadReference));
    assert_eq!(refused, Err(Error::BadReference));
    assert!(tensors.iter().all(|t| *t.affine() == Affine::IDENTITY));
}

/// A stage whose method is replaced keeps its memory, which a method without a state does not look at.
#[test]
fn a_stage_may_become_a_method_without_a_state() {
    let mut pipeline = Pipeline::<1, 1>::new()
        .with(trimtab::Guard::default())
        .expect("room");
    pipeline.stages_mut()[0].method = trimtab::Scale::new(0.5).into();
    let mut gradient = [2.0_f32];
    let mut grads = [Tensor::weight(&mut gradient)];
    let verdict = pipeline.decide(&Inputs::default(), &mut grads);
    assert_eq!(verdict, Ok(trimtab::Verdict::Proceed));
    assert_eq!(grads[0].affine().scale, 0.5);
}
