//! Everything that works on observed gradients: methods, the two writes, and the steps of optimizers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use trimtab::{Dtype, Moments, Role, Tensor, set_threads};

use super::elements::Elements;
use super::library::{Answer, Library, Parameters, Running};
use super::methods::{OPTIMIZERS, every_setting, named};
use super::states::States;
use super::status::{OK, expect};
use super::table::{Description, Setting};
use super::world::{Gradients, World, changed};

#[derive(Clone, Debug)]
pub enum Call {
    /// Of a method to decide, or of an optimizer to step.
    Ask(Setting),
    Apply,
    ApplyInto,
}

use Call::{Apply, ApplyInto, Ask};

impl Call {
    /// What reads and decides.
    pub fn methods() -> impl Iterator<Item = Call> {
        every_setting().map(Ask)
    }

    /// What writes, and spends its descriptors.
    pub fn spending() -> impl Iterator<Item = Call> {
        let steps = OPTIMIZERS.iter().flat_map(Description::settings);
        std::iter::once(Apply).chain(steps.map(Ask))
    }

    pub fn writes() -> impl Iterator<Item = Call> {
        Self::spending().chain([ApplyInto])
    }

    pub fn all() -> impl Iterator<Item = Call> {
        Self::methods().chain(Self::writes())
    }

    pub fn is_write(&self) -> bool {
        !matches!(self, Ask(setting) if setting.of.is_method())
    }

    /// All but the one that looks for what is not finite.
    pub fn needs_finite(&self) -> bool {
        !matches!(self, Ask(setting) if setting.of.name == "guard")
    }

    /// Whether it has to know the gradient, which a pending limit hides.
    pub fn needs_moments(&self) -> bool {
        matches!(self, Ask(setting) if setting.of.needs_moments)
    }

    pub fn run(&self, world: &mut World) -> Answer {
        match self {
            Ask(setting) => {
                let mut running = world.under_way(setting.clone());
                world.ask(&mut running).expect("can be said")
            }
            Apply => world.library.apply(&mut world.grads),
            ApplyInto => world.library.apply_into(&world.grads, &mut world.outputs),
        }
    }

    #[track_caller]
    pub fn accepted(&self, what: &str, world: &mut World) {
        let answer = self.run(world);
        let what = format!("{}: {self:?}: {what}", world.library.name());
        expect(&what, answer.code, OK);
    }

    /// Refused with this code, which is to blame on `at`, and not one bit has moved.
    #[track_caller]
    pub fn refused(&self, what: &str, world: &mut World, code: i32, at: impl Into<Option<usize>>) {
        let answer = self.refusal(what, world, code);
        let what = format!("{}: {self:?}: {what}", world.library.name());
        assert_eq!(answer.at, at.into(), "{what}: who is to blame");
    }

    #[track_caller]
    fn refusal(&self, what: &str, world: &mut World, code: i32) -> Answer {
        if let Ask(setting) = self {
            let mut running = world.under_way(setting.clone());
            let answer = world.refuses(what, &mut running, code);
            return answer.expect("can be said");
        }
        let before = world.bits();
        let answer = self.run(world);
        let what = format!("{}: {self:?}: {what}", world.library.name());
        expect(&what, answer.code, code);
        let changed = changed(&before, &world.bits());
        assert!(changed.is_empty(), "{what}: {changed:?} changed");
        answer
    }
}

/// A method or optimizer with these values, and the defaults.
pub fn setting(name: &str, values: &[(&str, f64)]) -> Setting {
    named(name).defaults().with(values)
}

/// The same from a text: `clip_norm max_norm=1 scope=1`.
pub fn parsed(text: &str) -> Setting {
    let mut words = text.split(' ');
    let setting = words.next().map(named).expect("a name").defaults();
    words.fold(setting, |setting, word| {
        let (name, value) = word.split_once('=').expect("name=value");
        setting.with(&[(name, value.parse().expect("a number"))])
    })
}

/// Lets methods without states decide, with success.
#[track_caller]
pub fn decided(library: &dyn Library, methods: &[Setting], grads: &mut [Tensor]) {
    for method in methods {
        let answer = decide(library, method, grads);
        expect(&format!("{method:?}"), answer.code, OK);
    }
}

/// The answer of a method without a state.
pub fn decide(library: &dyn Library, method: &Setting, grads: &mut [Tensor]) -> Answer {
    let mut running = [Running {
        setting: method.clone(),
        states: States::new(method, grads.len()),
    }];
    let answer = library.decide(&mut running, &[], grads);
    answer.expect("can be said")
}

/// A scaling of these tensors.
#[track_caller]
pub fn scaled(library: &dyn Library, factor: f64, grads: &mut [Tensor]) {
    decided(library, &[setting("scale", &[("factor", factor)])], grads);
}

/// Moments, whether or not there are such elements.
pub const fn moments_of(count: u64, sum: f64, sum_sq: f64, abs_max: f64) -> Moments {
    Moments {
        count,
        sum,
        sum_sq,
        abs_max,
    }
}

/// One weight.
pub fn weight(dtype: Dtype, values: &[f64]) -> Gradients {
    vec![(Role::Weight, Elements::new(dtype, values))]
}

/// Parameters of these values, before the first step.
pub fn parameters(dtype: Dtype, values: &[Vec<f64>]) -> Parameters {
    let all = |x: &Vec<f64>| Elements::new(dtype, x);
    let zeros = |x: &Vec<f64>| Some(Elements::new(dtype, &vec![0.0; x.len()]));
    Parameters {
        w: values.iter().map(all).collect(),
        first: values.iter().map(zeros).collect(),
        second: values.iter().map(zeros).collect(),
        ..Parameters::default()
    }
}

/// A step by these gradients, behind a scaling.
pub fn step(
    library: &'static dyn Library,
    optimizer: &Setting,
    mut gradients: Gradients,
    factor: f64,
    ours: &mut Parameters,
) -> Answer {
    let mut world = World::observed(library, &mut gradients);
    if factor != 1.0 {
        scaled(library, factor, &mut world.grads);
    }
    std::mem::swap(&mut world.parameters, ours);
    let answer = Ask(optimizer.clone()).run(&mut world);
    std::mem::swap(&mut world.parameters, ours);
    answer
}

/// The same, accepted, and where it leads to.
#[track_caller]
pub fn stepped(
    library: &'static dyn Library,
    optimizer: &Setting,
    gradients: Gradients,
    mut ours: Parameters,
) -> Parameters {
    let answer = step(library, optimizer, gradients, 1.0, &mut ours);
    expect(
        &format!("{}: {optimizer:?}", library.name()),
        answer.code,
        OK,
    );
    ours
}

/// The number of threads is the whole process's: those who change it take turns. To all others it makes no difference.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something done by several threads, where the library has them, or by one.
pub fn with_threads<R>(several: bool, work: impl FnOnce() -> R) -> R {
    let _turn = turn();
    let threads = if several && cfg!(feature = "rayon") {
        3
    } else {
        1
    };
    set_threads(threads).expect("threads can be started");
    let done = work();
    set_threads(1).expect("always there");
    done
}
