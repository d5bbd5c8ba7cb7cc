//! Every field of every configuration is read: another value makes a difference somewhere.
//!
//! Thirty steps (zclip's warm-up is 25) over gradients of several magnitudes: an eps of 1e-12 shows only in gradients
//! about as small.

use super::each;
use crate::common::elements::Elements;
use crate::common::library::{Answer, Library, Parameters, Running};
use crate::common::methods::everything;
use crate::common::states::States;
use crate::common::table::{Class, Setting};
use crate::common::world::{Gradients, World};
use trimtab::{Dtype, Moments, Role};

const STEPS: u32 = 30;
pub const SIZES: [f64; 4] = [1.0, 1e-4, 1e-8, 1e-12];

/// Two gradients that change from step to step, around `size`, with a spike at step 28. A guard sees some that are not
/// finite.
fn gradients(setting: &Setting, size: f64, step: u32) -> Gradients {
    let spike = if step == 28 { 1e4 } else { 1.0 };
    let wave = |i: u32| (f64::from(i * 7 + step * step) * 0.61).sin() + 0.3;
    let values = |offset: u32| (0..5).map(move |i| size * spike * wave(i + offset));
    let mut weight: Vec<f64> = values(0).collect();
    if setting.of.name == "guard" && (3..5).contains(&step) {
        weight[2] = f64::NAN;
    }
    let bias: Vec<f64> = values(11).collect();
    vec![
        (Role::Weight, Elements::new(Dtype::F64, &weight)),
        (Role::Bias, Elements::new(Dtype::F32, &bias)),
    ]
}

/// Everything that a run leaves, step by step, as bits.
pub fn trace(
    library: &'static dyn Library,
    setting: &Setting,
    size: f64,
    ask: impl Fn(&mut World, &mut Running) -> Answer,
) -> Vec<u64> {
    let states = States::new(setting, 2);
    let mut running = Running {
        setting: setting.clone(),
        states,
    };
    let mut kept: Option<Parameters> = None;
    let mut trace = Vec::new();
    for step in 0..STEPS {
        let mut data = gradients(setting, size, step);
        let mut world = World::observed(library, &mut data);
        world.params[0] = Moments::default(); // A parameter of zeros: agc's eps takes the place of its norm.
        world.parameters = kept.unwrap_or_else(|| unmoved(&world));
        trace.push(ask(&mut world, &mut running).code as u64);
        trace.push(library.apply(&mut world.grads).code as u64);
        trace.extend(running.states.bits());
        trace.extend(world.bits().into_iter().flat_map(|(_, bits)| bits));
        kept = Some(world.parameters);
    }
    trace
}

/// The world's parameters, before the first step.
fn unmoved(world: &World) -> Parameters {
    let mut parameters = world.parameters.clone();
    parameters.steps.steps = 0;
    let buffers = parameters.first.iter_mut().chain(&mut parameters.second);
    for buffer in buffers.flatten() {
        buffer.fill(&vec![0.0; buffer.len()]);
    }
    parameters
}

#[test]
fn another_value_of_any_field_shows() {
    each(|library| {
        let run = |setting: &Setting, size| {
            trace(library, setting, size, |world, running| {
                world.ask(running).expect("can be said")
            })
        };
        for of in everything() {
            for field in of.fields.iter().filter(|f| f.class != Class::Reserved) {
                assert_ne!(field.default, field.other, "{of:?}.{}", field.name);
                let shows = |base: &Setting| {
                    let changed = base.clone().with(&[(field.name, field.other)]);
                    SIZES
                        .into_iter()
                        .any(|size| run(base, size) != run(&changed, size))
                };
                let shows = shows(&of.defaults()) || shows(&of.usual());
                assert!(
                    shows,
                    "{}: {of:?}.{} shows nowhere",
                    library.name(),
                    field.name
                );
            }
        }
    });
}
