//! Everything that one call can touch, and the bits of all of it before and after.
//!
//! ```text
//! let mut data = four();                     // gradients of all four types, two weights and two biases
//! let mut world = World::pending(library, &mut data);
//! let answer = world.refuses("why", &mut running, BAD_CONFIG); // with this code, and not one bit moves
//! ```

use trimtab::{Dtype, Moments, Role, Tensor};

use super::elements::Elements;
use super::library::{Answer, Library, Parameters, Running};
use super::methods::named;
use super::snapshot;
use super::states::States;
use super::status::{OK, expect, name};
use super::table::{Description, Setting};

/// Gradients with their roles.
pub type Gradients = Vec<(Role, Elements)>;

/// Of all four types, with roles in turn.
pub fn four() -> Gradients {
    vec![
        (
            Role::Weight,
            Elements::new(Dtype::F32, &[1.0, -2.5, 0.5, 4.0, -0.125]),
        ),
        (Role::Bias, Elements::new(Dtype::F64, &[0.25, -1.5, 3.0])),
        (
            Role::Weight,
            Elements::new(Dtype::BF16, &[2.0, 1.25, -0.75, 6.0]),
        ),
        (
            Role::Bias,
            Elements::new(Dtype::F16, &[-1.0, 0.5, 8.0, 0.0625, -3.0, 1.0]),
        ),
    ]
}

/// The same, with a NaN in the second.
pub fn with_nan() -> Gradients {
    let mut four = four();
    four[1].1.fill(&[0.25, f64::NAN, 3.0]);
    four
}

/// Borrowed as tensors, not yet observed.
pub fn tensors(gradients: &mut Gradients) -> Vec<Tensor<'_>> {
    let each = gradients.iter_mut();
    each.map(|(role, elements)| elements.tensor(*role))
        .collect()
}

pub struct World<'a> {
    pub library: &'static dyn Library,
    pub grads: Vec<Tensor<'a>>,
    /// Moments of the parameters, for methods that read them.
    pub params: Vec<Moments>,
    pub parameters: Parameters,
    pub outputs: Vec<Elements>,
}

impl<'a> World<'a> {
    /// Gradients that are not yet observed; parameters for them in f32 and f64 in turn.
    pub fn new(library: &'static dyn Library, gradients: &'a mut Gradients) -> Self {
        let types: Vec<_> = gradients
            .iter()
            .map(|(_, g)| (g.dtype(), g.len()))
            .collect();
        let zeros = |(dtype, len): &(Dtype, usize)| Elements::new(*dtype, &vec![0.0; *len]);
        let like = |value: f64| {
            let one = |(i, (_, len)): (usize, &(Dtype, usize))| {
                Elements::new([Dtype::F32, Dtype::F64][i % 2], &vec![value; *len])
            };
            types.iter().enumerate().map(one).collect::<Vec<_>>()
        };
        let some = |value| like(value).into_iter().map(Some).collect();
        let mut parameters = Parameters {
            w: like(0.75),
            first: some(0.125),
            second: some(0.25),
            ..Parameters::default()
        };
        parameters.steps.steps = 4;
        Self {
            library,
            params: vec![of_one_two_two(); types.len()],
            parameters,
            outputs: types.iter().map(zeros).collect(),
            grads: tensors(gradients),
        }
    }

    /// Observed, and each to be halved, so that a refusal has something to lose.
    pub fn pending(library: &'static dyn Library, gradients: &'a mut Gradients) -> Self {
        let mut world = Self::observed(library, gradients);
        let half = named("scale").defaults().with(&[("factor", 0.5)]);
        world.accepts("scale", &mut world.fresh(half));
        world
    }

    /// Observed, whatever that says of elements that are not finite.
    pub fn observed(library: &'static dyn Library, gradients: &'a mut Gradients) -> Self {
        let mut world = Self::new(library, gradients);
        let _ = library.observe(&mut world.grads);
        world
    }

    /// A method before its first step.
    pub fn fresh(&self, setting: Setting) -> Running {
        let states = States::new(&setting, self.grads.len());
        Running { setting, states }
    }

    /// A method in a run under way.
    pub fn under_way(&self, setting: Setting) -> Running {
        let states = States::under_way(&setting, self.grads.len());
        Running { setting, states }
    }

    /// Lets a method decide or an optimizer step; None if the library's types cannot say it.
    pub fn ask(&mut self, running: &mut Running) -> Option<Answer> {
        if running.setting.of.is_method() {
            let one = std::slice::from_mut(running);
            return self.library.decide(one, &self.params, &mut self.grads);
        }
        self.library
            .step(&running.setting, &mut self.grads, &mut self.parameters)
    }

    /// Several methods, in one call or one after the other.
    pub fn decide(&mut self, methods: &mut [Running]) -> Option<Answer> {
        self.library.decide(methods, &self.params, &mut self.grads)
    }

    #[track_caller]
    pub fn accepts(&mut self, what: &str, running: &mut Running) {
        let answer = self.ask(running).expect("can be said");
        let what = format!("{}: {:?}: {what}", self.library.name(), running.setting);
        expect(&what, answer.code, OK);
    }

    /// Refused with this code, and not one bit has moved. None if the library's types cannot say it.
    #[track_caller]
    pub fn refuses(&mut self, what: &str, running: &mut Running, code: i32) -> Option<Answer> {
        let before = (self.bits(), running.states.bits());
        let answer = self.ask(running)?;
        let what = format!("{}: {:?}: {what}", self.library.name(), running.setting);
        expect(&what, answer.code, code);
        let after = (self.bits(), running.states.bits());
        assert!(
            after.1 == before.1,
            "{what}: refused, but the state changed"
        );
        let changed = changed(&before.0, &after.0);
        assert!(
            changed.is_empty(),
            "{what}: refused, but {changed:?} changed"
        );
        Some(answer)
    }

    /// The bits of everything, by name.
    pub fn bits(&self) -> Vec<(&'static str, Vec<u64>)> {
        let all = |list: &[Elements]| list.iter().flat_map(Elements::bits).collect();
        let some = |list: &[Option<Elements>]| {
            let there = list.iter().flatten();
            there.flat_map(Elements::bits).collect()
        };
        let moments = self.params.iter().flat_map(snapshot::moments);
        let p = &self.parameters;
        vec![
            ("gradients", snapshot::tensors(&self.grads).concat()),
            ("moments of the parameters", moments.collect()),
            ("parameters", all(&p.w)),
            ("first buffers", some(&p.first)),
            ("second buffers", some(&p.second)),
            ("steps", vec![p.steps.steps]),
            ("outputs", all(&self.outputs)),
        ]
    }
}

/// The names of what differs.
pub fn changed(
    before: &[(&'static str, Vec<u64>)],
    after: &[(&'static str, Vec<u64>)],
) -> Vec<&'static str> {
    let pairs = before.iter().zip(after);
    let differing = pairs.filter(|(before, after)| before != after);
    differing.map(|(before, _)| before.0).collect()
}

/// Moments of a parameter with the elements 1, 2 and 2.
fn of_one_two_two() -> Moments {
    Moments {
        count: 3,
        sum: 5.0,
        sum_sq: 9.0,
        abs_max: 2.0,
    }
}

impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// For messages: a code by its name.
pub fn shown(answer: Option<Answer>) -> String {
    answer.map_or("cannot be said".into(), |answer| name(answer.code))
}
