//! Steps of optimizers, fused with the affine: against the oracle, by hand, and what slots they refuse.

use trimtab::{Dtype, Role};

use super::{each, once};
use crate::common::calls::{Call, parameters, parsed, setting, step, stepped, weight};
use crate::common::compare;
use crate::common::data::{Random, SMALL_LENGTHS, oracle_role};
use crate::common::elements::{DTYPES, Elements};
use crate::common::library::{Parameters, Running};
use crate::common::methods::{OPTIMIZERS, every_setting};
use crate::common::number::Real;
use crate::common::states::OracleStates;
use crate::common::status::{BAD_DTYPE, NULL_POINTER, OK, expect};
use crate::common::table::{Description, Setting};
use crate::common::world::{Gradients, World, changed, four};
use crate::oracle::update::Adapted;
use crate::oracle::{Gradient, statistics};

const PARAMETERS: [Dtype; 2] = [Dtype::F32, Dtype::F64];

fn steps() -> impl Iterator<Item = Setting> {
    OPTIMIZERS.iter().flat_map(Description::settings)
}

/// Weights and biases in turn, of any magnitude.
fn random_gradients(random: &mut Random, dtype: Dtype, lengths: &[usize]) -> Gradients {
    let one = |(i, len): (usize, &usize)| {
        let spread = f64::powf(10.0, random.between(-2.0, 1.0));
        let values: Vec<f64> = random.elements(*len, 0.3 * spread, spread);
        let role = [Role::Weight, Role::Bias][i % 2];
        (role, Elements::new(dtype, &values))
    };
    lengths.iter().enumerate().map(one).collect()
}

fn exact(gradients: &Gradients) -> Vec<Gradient> {
    let one = |(role, elements): &(Role, Elements)| Gradient {
        role: oracle_role(*role),
        values: elements.values(),
    };
    gradients.iter().map(one).collect()
}

/// Parameters in the library and in the oracle, which is told the gradient in f64, unrounded.
struct Model {
    ours: Parameters,
    oracle: Vec<Adapted>,
    /// Largest magnitudes so far: a value that comes near 0 keeps the rounding errors of its past.
    largest: Vec<[f64; 3]>,
}

impl Model {
    fn new(random: &mut Random, dtype: Dtype, lengths: &[usize]) -> Model {
        let values = |len: &usize| random.elements::<f32>(*len, 0.0, 1.0);
        let wide = |x: Vec<f32>| x.into_iter().map(f64::from).collect();
        let start: Vec<Vec<f64>> = lengths.iter().map(values).map(wide).collect();
        Model {
            ours: parameters(dtype, &start),
            oracle: start.iter().map(|w| Adapted::new(w)).collect(),
            largest: vec![[0.0; 3]; lengths.len()],
        }
    }

    fn step_oracle(&mut self, setting: &Setting, gradients: &[Gradient]) {
        let t = self.ours.steps.steps + 1;
        for (gradient, adapted) in gradients.iter().zip(&mut self.oracle) {
            *adapted = setting.updated(t, gradient, adapted);
        }
    }

    /// A few roundings a step, relative to the largest value so far.
    fn compare(&mut self, what: &str) {
        let Parameters {
            w, first, second, ..
        } = &self.ours;
        let buffers = [first, second].map(|all| all.iter().map(|x| x.as_ref().expect("there")));
        let [first, second] = buffers;
        let ours = w.iter().zip(first).zip(second);
        for ((((w, m), v), exact), largest) in ours.zip(&self.oracle).zip(&mut self.largest) {
            let parts = [(w, &exact.w), (m, &exact.m), (v, &exact.v)];
            for ((ours, exact), largest) in parts.into_iter().zip(largest) {
                *largest = largest.max(statistics::abs_max(exact));
                let bound = *largest * [2e-6, 1e-12][usize::from(ours.dtype() == Dtype::F64)];
                compare::within(what, &ours.values(), exact, bound);
            }
        }
    }
}

/// More than the table has: other decays and rates, and coupled decay for weights only.
fn more_steps() -> [Setting; 4] {
    let coupled = parsed("adam decoupled=0");
    let decay = parsed("sgd weight_decay=0.1");
    let quick = [("lr", 0.03), ("beta1", 0.5), ("beta2", 0.9), ("eps", 1e-3)];
    let damped = [("momentum", 0.9), ("dampening", 0.3), ("decay_roles", 0.0)];
    [
        coupled.clone().with(&quick),
        coupled.with(&[("weight_decay", 0.1), ("decay_roles", 0.0)]),
        decay.clone().with(&damped),
        decay,
    ]
}

#[test]
fn optimizers_are_the_oracle() {
    once(|library| {
        for setting in steps().chain(more_steps()) {
            for (g, p) in DTYPES.into_iter().flat_map(|g| PARAMETERS.map(|p| (g, p))) {
                let what = format!("{setting:?} of {g:?} on {p:?}");
                let mut random = Random(31);
                let mut model = Model::new(&mut random, p, &SMALL_LENGTHS);
                for t in 1..=5 {
                    let data = random_gradients(&mut random, g, &SMALL_LENGTHS);
                    model.step_oracle(&setting, &exact(&data));
                    let answer = step(library, &setting, data, 1.0, &mut model.ours);
                    expect(&what, answer.code, OK);
                    assert_eq!(model.ours.steps.steps, t, "{what}");
                    model.compare(&format!("{what}, step {t}"));
                }
            }
        }
    });
}

/// An optimizer takes the gradient through its affine, and leaves it as it was.
#[test]
fn behind_every_method_the_gradient_is_read_through_its_affine() {
    const LENGTHS: [usize; 6] = [40, 7, 33, 1, 2, 64];
    for (method, setting) in
        every_setting().flat_map(|m| OPTIMIZERS.iter().map(move |o| (m.clone(), o.usual())))
    {
        let what = format!("{setting:?} behind {method:?}");
        let mut oracle = OracleStates::new(&method, LENGTHS.len());
        let mut running: Option<Running> = None;
        let library = super::LIBRARIES[0];
        let mut random = Random(33);
        let mut model = Model::new(&mut random, Dtype::F64, &LENGTHS);
        for t in 1..=3 {
            let mut data = random_gradients(&mut random, Dtype::F32, &LENGTHS);
            let params = vec![vec![1.0, 2.0, 2.0]; LENGTHS.len()];
            let after = method.exact(&mut oracle, &params, &exact(&data));
            model.step_oracle(&setting, &after);
            let before: Vec<_> = data.iter().map(|(_, x)| x.bits()).collect();
            let mut world = World::observed(library, &mut data);
            let running = running.get_or_insert_with(|| world.fresh(method.clone()));
            world.accepts(&what, running);
            std::mem::swap(&mut world.parameters, &mut model.ours);
            Call::Ask(setting.clone()).accepted(&what, &mut world);
            std::mem::swap(&mut world.parameters, &mut model.ours);
            drop(world);
            assert!(
                data.iter().map(|(_, x)| x.bits()).eq(before),
                "{what}: gradients stay"
            );
            model.compare(&format!("{what}, step {t}"));
        }
    }
}

/// w - g/2 and, with decays of 0, w - sign(g)/2: exact in every pair of types.
#[test]
fn every_gradient_type_meets_every_parameter_type() {
    let sgd = parsed("sgd lr=0.5");
    let decays = [("lr", 0.5), ("eps", 0.0), ("beta1", 0.0), ("beta2", 0.0)];
    let cases = [
        (sgd, [0.25, 1.0, 0.0]),
        (setting("adam", &decays), [0.25, 1.25, 0.25]),
    ];
    each(|library| {
        for (setting, expected) in &cases {
            for (g, p) in DTYPES.into_iter().flat_map(|g| PARAMETERS.map(|p| (g, p))) {
                let (g, ours) = (
                    weight(g, &[1.0, -0.5, 1.5]),
                    parameters(p, &[vec![0.75; 3]]),
                );
                let after = stepped(library, setting, g, ours);
                assert_eq!(after.w[0].values(), expected, "{setting:?} on {p:?}");
                assert_eq!(after.steps.steps, 1);
            }
        }
    });
}

/// What an f16 could not hold still moves an f32: the gradient meets its affine in the parameter's type.
#[test]
fn a_gradient_is_not_rounded_to_its_own_type() {
    let factor = 0.75 * f64::exp2(-40.0);
    let x = 1.0 + f64::exp2(-10.0);
    let sgd = (parsed("sgd lr=1"), Dtype::F32);
    // Without a past the first moment is the gradient.
    let adam = (parsed("adam beta1=0"), Dtype::F64);
    each(|library| {
        for (setting, p) in [&sgd, &adam] {
            let mut ours = parameters(*p, &[vec![0.0]]);
            let answer = step(
                library,
                setting,
                weight(Dtype::F16, &[x]),
                factor,
                &mut ours,
            );
            expect("a step", answer.code, OK);
            let first = ours.first[0].as_ref().expect("a buffer").values()[0];
            let taken = if setting.of.name == "sgd" {
                -ours.w[0].values()[0]
            } else {
                first
            };
            assert_eq!(taken, factor * x, "{setting:?}");
        }
    });
}

/// It copies the gradient into the buffer, whatever lies there and whatever the dampening.
#[test]
fn the_first_sgd_step_does_not_read_its_buffer() {
    let sgd = parsed("sgd lr=0.5 momentum=0.9 dampening=0.7");
    each(|library| {
        let mut ours = parameters(Dtype::F64, &[vec![1.0]]);
        ours.first[0] = Some(Elements::F64(vec![f64::NAN]));
        let after = stepped(library, &sgd, weight(Dtype::F64, &[2.0]), ours);
        let first = after.first[0].as_ref().expect("a buffer");
        assert_eq!(
            (after.w[0].values(), first.values()),
            (vec![0.0], vec![2.0])
        );
    });
}

/// Weights and biases keep momenta of their own (a library is known to have shared one between them).
#[test]
fn every_tensor_has_its_own_momentum() {
    let sgd = parsed("sgd lr=1 momentum=0.5");
    each(|library| {
        let mut ours = parameters(Dtype::F64, &[vec![0.0], vec![0.0]]);
        for _ in 0..2 {
            let gradient = |role, x: f64| (role, Elements::new(Dtype::F64, &[x]));
            let data = vec![gradient(Role::Weight, 1.0), gradient(Role::Bias, -4.0)];
            ours = stepped(library, &sgd, data, ours);
        }
        // Two steps of 1 and 1 + 0.5, times each gradient.
        let w: Vec<_> = ours.w.iter().flat_map(Elements::values).collect();
        let first = ours.first.iter().flatten().flat_map(Elements::values);
        let first: Vec<_> = first.collect();
        assert_eq!((w, first), (vec![-2.5, 10.0], vec![1.5, -6.0]));
    });
}

/// A decay of 2e-7 of a parameter is a few units in the last place of f32: each parameter's is rounded, but up as often as
/// down. `1 - lr*weight_decay`, rounded to f32 before it is multiplied, made every one of them 11 % too small.
#[test]
fn small_decoupled_decay_keeps_its_digits() {
    let (rate, decay) = (2e-5, 0.01);
    let adam = setting("adam", &[("lr", rate), ("weight_decay", decay)]);
    let mut random = Random(35);
    let start = |_| f32::nearest(random.unit() * 0.5 + 0.5).value();
    let before: Vec<f64> = (0..20_000).map(start).collect();
    once(|library| {
        let ours = parameters(Dtype::F32, std::slice::from_ref(&before));
        let after = stepped(library, &adam, weight(Dtype::F32, &[0.0; 20_000]), ours);
        let after = after.w[0].values();
        let lost: f64 = before.iter().zip(&after).map(|(w, after)| w - after).sum();
        let exact: f64 = before.iter().map(|w| rate * decay * w).sum();
        // Half a unit in the last place, 3e-8, at random signs: 1.7e-8 * sqrt(20,000) of 3e-3 in all, 0.1 %.
        assert!((lost / exact - 1.0).abs() < 0.01, "{lost:e} of {exact:e}");
    });
}

/// A masked logit, say: without decay nothing is made of the parameter, and 0 times infinity is NaN.
#[test]
fn an_infinite_parameter_stays_what_it_is_without_decay() {
    each(|library| {
        for setting in steps().map(|setting| setting.with(&[("weight_decay", 0.0)])) {
            let mut ours = parameters(Dtype::F32, &[vec![0.0, 1.0]]);
            ours.w[0] = Elements::F32(vec![f32::NEG_INFINITY, 1.0]);
            let after = stepped(library, &setting, weight(Dtype::F32, &[0.0, 1.0]), ours);
            let w = after.w[0].values();
            assert!(
                w[0] == f64::NEG_INFINITY && w[1] < 1.0,
                "{setting:?}: {w:?}"
            );
            let moments = [&after.first, &after.second];
            let moments = moments.map(|x| x[0].as_ref().expect("there").values()[0]);
            assert_eq!(moments, [0.0; 2], "{setting:?}");
        }
    });
}

/// Gradients are read only; SGD leaves the second buffers alone, and without momentum the first ones, too.
#[test]
fn a_step_writes_what_is_its_own() {
    each(|library| {
        for setting in steps() {
            let mut data = four();
            let mut world = World::observed(library, &mut data);
            let before = world.bits();
            Call::Ask(setting.clone()).accepted("a step", &mut world);
            let mut expected = vec!["gradients", "parameters", "steps"]; // Descriptors are spent.
            if setting.of.name == "adam" || setting.get("momentum") > 0.0 {
                expected.insert(2, "first buffers");
            }
            if setting.of.name == "adam" {
                expected.insert(3, "second buffers");
            }
            assert_eq!(changed(&before, &world.bits()), expected, "{setting:?}");
            assert_eq!(world.parameters.steps.steps, 5);
            drop(world);
            assert!(
                data.iter()
                    .zip(four())
                    .all(|(a, b)| a.1.bits() == b.1.bits())
            );
        }
    });
}

/// Which buffers a step needs: the first for Adam and for a momentum, the second for Adam.
#[test]
fn buffers_that_are_needed_and_not_there() {
    each(|library| {
        for setting in steps() {
            let adam = setting.of.name == "adam";
            let needed = [adam || setting.get("momentum") > 0.0, adam];
            for (buffer, at) in [(0, 0), (0, 3), (1, 2), (1, 3)] {
                let mut data = four();
                let mut world = World::pending(library, &mut data);
                let Parameters { first, second, .. } = &mut world.parameters;
                [first, second][buffer][at] = None;
                let call = Call::Ask(setting.clone());
                match needed[buffer] {
                    true => call.refused("a buffer missing", &mut world, NULL_POINTER, at),
                    false => call.accepted("a buffer missing", &mut world),
                }
            }
        }
    });
}

#[test]
fn parameters_are_f32_or_f64() {
    each(|library| {
        for setting in steps() {
            for (dtype, at) in [(Dtype::F16, 1), (Dtype::BF16, 3)] {
                let mut data = four();
                let mut world = World::pending(library, &mut data);
                let len = world.grads[at].len();
                let Parameters {
                    w, first, second, ..
                } = &mut world.parameters;
                w[at] = Elements::new(dtype, &vec![0.5; len]);
                (first[at], second[at]) = (Some(w[at].clone()), Some(w[at].clone()));
                Call::Ask(setting.clone()).refused("16 bits", &mut world, BAD_DTYPE, at);
            }
        }
    });
}
