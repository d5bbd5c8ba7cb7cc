//! SGD and Adam fused with the affine, against the oracle: every gradient dtype, both parameter dtypes, any length.
//!
//! The oracle gets the gradient as it is after the methods, in f64 and unrounded, as the fused loop should.

#[allow(dead_code)] // Each test crate uses its own part.
mod common;
#[allow(dead_code)]
mod oracle;

use common::compare;
use common::data::{Batch, Random, SMALL_LENGTHS, bits};
use common::list::every_variant;
use common::method::StepInputs;
use common::number::Real;
use oracle::{statistics, update};
use trimtab::{Adam, Parameter, Roles, Sgd, Slot, StepState, Tensor, bf16, f16, observe};

/// Parameters and buffers after up to eight steps, relative to the largest value so far: a few roundings a step.
fn bound<P: Real>() -> f64 {
    if P::DIGITS == 24 { 2e-6 } else { 1e-12 }
}

fn adams() -> [Adam; 5] {
    let plain = Adam::default();
    [
        plain,
        plain.with_weight_decay(0.1),
        plain
            .with_weight_decay(0.1)
            .with_decay_roles(Roles::Weights),
        plain
            .with_weight_decay(0.1)
            .with_decay_roles(Roles::Weights)
            .with_decoupled(false),
        Adam::new(0.03)
            .with_beta1(0.5)
            .with_beta2(0.9)
            .with_eps(1e-3)
            .with_decoupled(false),
    ]
}

fn sgds() -> [Sgd; 5] {
    let plain = Sgd::new(0.05);
    let momentum = plain.with_momentum(0.9);
    [
        plain,
        plain.with_weight_decay(0.1),
        momentum,
        momentum
            .with_dampening(0.3)
            .with_weight_decay(0.01)
            .with_decay_roles(Roles::Weights),
        momentum.with_nesterov(true).with_weight_decay(0.01),
    ]
}

/// The oracle steps one tensor: a bias has no decay where that is for weights only.
fn decay(weight_decay: f64, decay_roles: Roles, role: oracle::Role) -> f64 {
    match decay_roles == Roles::All || role == oracle::Role::Weight {
        true => weight_decay,
        false => 0.0,
    }
}

fn for_oracle(c: Adam, role: oracle::Role) -> update::Adam {
    update::Adam {
        lr: c.lr,
        beta1: c.beta1,
        beta2: c.beta2,
        eps: c.eps,
        weight_decay: decay(c.weight_decay, c.decay_roles, role),
        decoupled: c.decoupled,
    }
}

fn for_oracle_sgd(c: Sgd, role: oracle::Role) -> update::Sgd {
    update::Sgd {
        lr: c.lr,
        momentum: c.momentum,
        dampening: c.dampening,
        weight_decay: decay(c.weight_decay, c.decay_roles, role),
        nesterov: c.nesterov,
    }
}

/// Parameters and buffers in the parameter's dtype, and the oracle's of the same start.
struct Model<P> {
    w: Vec<Vec<P>>,
    first: Vec<Vec<P>>,
    second: Vec<Vec<P>>,
    exact: Vec<update::Adapted>,
    /// Largest magnitudes so far of parameters and both buffers: a value that comes near 0 keeps the rounding errors of
    /// its past.
    largest: Vec<[f64; 3]>,
}

impl<P: Real + Parameter> Model<P> {
    fn new(random: &mut Random, lengths: &[usize]) -> Model<P> {
        let w: Vec<Vec<P>> = lengths
            .iter()
            .map(|&n| random.elements(n, 0.0, 1.0))
            .collect();
        let zeros: Vec<Vec<P>> = lengths.iter().map(|&n| vec![P::exact(0.0); n]).collect();
        let exact = |w: &Vec<P>| update::Adapted::new(&common::data::values(w));
        Model {
            exact: w.iter().map(exact).collect(),
            first: zeros.clone(),
            second: zeros,
            largest: w
                .iter()
                .map(|w| [statistics::abs_max(&common::data::values(w)), 0.0, 0.0])
                .collect(),
            w,
        }
    }

    fn adam_slots(&mut self) -> Vec<Slot<'_>> {
        let buffers = self.first.iter_mut().zip(&mut self.second);
        let all = self.w.iter_mut().zip(buffers);
        all.map(|(w, (m, v))| Slot::adam(w, m, v)).collect()
    }

    fn sgd_slots(&mut self, momentum: bool) -> Vec<Slot<'_>> {
        let all = self.w.iter_mut().zip(&mut self.first);
        let slot = |(w, buffer)| match momentum {
            true => Slot::momentum::<P>(w, buffer),
            false => Slot::sgd::<P>(w),
        };
        all.map(|(w, b)| slot((&mut w[..], &mut b[..]))).collect()
    }

    fn compare(&mut self, what: &str) {
        for (i, exact) in self.exact.iter().enumerate() {
            let actual = [&self.w[i], &self.first[i], &self.second[i]];
            let exact = [&exact.w, &exact.m, &exact.v];
            for (part, name) in ["parameters", "first buffer", "second buffer"]
                .iter()
                .enumerate()
            {
                let largest = &mut self.largest[i][part];
                *largest = largest.max(statistics::abs_max(exact[part]));
                let what = format!("{what}, tensor {i}: {name}");
                compare::within(&what, actual[part], exact[part], bound::<P>() * *largest);
            }
        }
    }
}

/// Every pair of a gradient's and a parameter's dtype.
macro_rules! for_every_pair {
    ($test:ident) => {
        $test::<f32, f32>();
        $test::<f64, f32>();
        $test::<f16, f32>();
        $test::<bf16, f32>();
        $test::<f32, f64>();
        $test::<f64, f64>();
        $test::<f16, f64>();
        $test::<bf16, f64>();
    };
}

#[test]
fn adam_is_the_oracle() {
    for_every_pair!(adam_at_every_length);
}

fn adam_at_every_length<G: Real, P: Real + Parameter>() {
    for adam in adams() {
        let what = format!("{adam:?} of {} on {}", G::NAME, P::NAME);
        let mut random = Random(31);
        let mut model = Model::<P>::new(&mut random, &SMALL_LENGTHS);
        let mut state = StepState::default();
        for t in 1..=5 {
            let mut batch = Batch::<G>::random(&mut random, &SMALL_LENGTHS);
            for (g, p) in batch.exact().iter().zip(&mut model.exact) {
                *p = update::adam(for_oracle(adam, g.role), t, &g.values, p);
            }
            let mut tensors = batch.tensors();
            observe(&mut tensors).expect(&what);
            adam.step(&mut state, &mut tensors, &mut model.adam_slots())
                .expect(&what);
            assert_eq!(state.steps, t);
            model.compare(&format!("{what}, step {t}"));
        }
    }
}

#[test]
fn sgd_is_the_oracle() {
    for_every_pair!(sgd_at_every_length);
}

fn sgd_at_every_length<G: Real, P: Real + Parameter>() {
    for sgd in sgds() {
        let what = format!("{sgd:?} of {} on {}", G::NAME, P::NAME);
        let mut random = Random(32);
        let mut model = Model::<P>::new(&mut random, &SMALL_LENGTHS);
        let mut state = StepState::default();
        for t in 1..=5 {
            let mut batch = Batch::<G>::random(&mut random, &SMALL_LENGTHS);
            for (g, p) in batch.exact().iter().zip(&mut model.exact) {
                (p.w, p.m) = update::sgd(for_oracle_sgd(sgd, g.role), t, &g.values, &p.w, &p.m);
            }
            let mut tensors = batch.tensors();
            observe(&mut tensors).expect(&what);
            let mut slots = model.sgd_slots(sgd.momentum != 0.0);
            sgd.step(&mut state, &mut tensors, &mut slots).expect(&what);
            drop(slots);
            assert_eq!(state.steps, t);
            model.compare(&format!("{what}, step {t}"));
        }
    }
}

/// Behind each method, an optimizer takes the gradient through its affine and leaves it as it was.
#[test]
fn behind_every_method_the_gradient_is_read_through_its_affine() {
    for (name, method) in every_variant() {
        let (mut random, lengths) = (Random(33), [40, 7, 33, 1, 2, 64]);
        let (mut adam_model, mut sgd_model) = (
            Model::<f64>::new(&mut random, &lengths),
            Model::<f64>::new(&mut random, &lengths),
        );
        let (mut states, mut oracle) = (method.states(6), method.oracle_states(6));
        let (mut adam_steps, mut sgd_steps) = (StepState::default(), StepState::default());
        let (adam, sgd) = (adams()[4], sgds()[4]);
        for t in 1..=3 {
            let mut batch = Batch::<f32>::random(&mut random, &lengths);
            let inputs = StepInputs::plain(6);
            let exact = method.on_data(&inputs, &mut oracle, &batch.exact());
            for (i, g) in exact.iter().enumerate() {
                let (a, s) = (&mut adam_model.exact[i], &mut sgd_model.exact[i]);
                *a = update::adam(for_oracle(adam, g.role), t, &g.values, a);
                (s.w, s.m) = update::sgd(for_oracle_sgd(sgd, g.role), t, &g.values, &s.w, &s.m);
            }
            let before = batch.bits();
            let remembered = states.clone();
            let mut tensors = batch.tensors();
            observe(&mut tensors).expect(name);
            method.must_decide(name, &inputs, &mut states, &mut tensors);
            adam.step(&mut adam_steps, &mut tensors, &mut adam_model.adam_slots())
                .expect(name);
            states = remembered;
            observe(&mut tensors).expect(name);
            method.must_decide(name, &inputs, &mut states, &mut tensors);
            sgd.step(&mut sgd_steps, &mut tensors, &mut sgd_model.sgd_slots(true))
                .expect(name);
            drop(tensors);
            assert_eq!(batch.bits(), before, "{name}: gradients stay");
            adam_model.compare(&format!("adam behind {name}, step {t}"));
            sgd_model.compare(&format!("sgd behind {name}, step {t}"));
        }
    }
}

/// The first step copies the gradient into the buffer, whatever lies there and whatever the dampening.
#[test]
fn the_first_sgd_step_does_not_read_its_buffer() {
    let sgd = Sgd::new(0.5).with_momentum(0.9).with_dampening(0.7);
    let (mut gradient, mut w, mut buffer) = ([2.0_f64], [1.0_f64], [f64::NAN]);
    let mut tensors = [Tensor::weight(&mut gradient)];
    observe(&mut tensors).expect("finite");
    let mut state = StepState::default();
    sgd.step(
        &mut state,
        &mut tensors,
        &mut [Slot::momentum(&mut w, &mut buffer)],
    )
    .expect("finite");
    assert_eq!((w, buffer, state.steps), ([0.0], [2.0], 1));
}

/// Weights and biases keep momenta of their own (a library is known to have shared one between them).
#[test]
fn every_tensor_has_its_own_momentum() {
    let sgd = Sgd::new(1.0).with_momentum(0.5);
    let mut state = StepState::default();
    let (mut w, mut b) = ([0.0_f64], [0.0_f64]);
    let (mut kept_w, mut kept_b) = ([0.0_f64], [0.0_f64]);
    for _ in 0..2 {
        let (mut dw, mut db) = ([1.0_f64], [-4.0_f64]);
        let mut tensors = [Tensor::weight(&mut dw), Tensor::bias(&mut db)];
        observe(&mut tensors).expect("finite");
        let mut slots = [
            Slot::momentum(&mut w, &mut kept_w),
            Slot::momentum(&mut b, &mut kept_b),
        ];
        sgd.step(&mut state, &mut tensors, &mut slots)
            .expect("finite");
    }
    // Two steps of 1 and 1 + 0.5, times each gradient.
    assert_eq!((w, b, kept_w, kept_b), ([-2.5], [10.0], [1.5], [-6.0]));
}

/// Parameters that start in the middle of an allocation, at every offset, get the same bits.
#[test]
fn unaligned_parameters_change_no_bit() {
    let mut results = Vec::new();
    for offset in 0..9 {
        let mut random = Random(34);
        let mut gradient: Vec<f32> = random.elements(101, 0.0, 1.0);
        let mut memory: Vec<f32> = random.elements(101 + offset, 0.0, 0.0);
        let (mut m, mut v) = (memory.clone(), memory.clone());
        let mut tensors = [Tensor::weight(&mut gradient)];
        observe(&mut tensors).expect("finite");
        let (w, m, v) = (&mut memory[offset..], &mut m[offset..], &mut v[offset..]);
        Adam::default()
            .step(
                &mut StepState::default(),
                &mut tensors,
                &mut [Slot::adam(w, m, v)],
            )
            .expect("finite");
        results.push(bits(&memory[offset..]));
    }
    assert!(results.iter().all(|r| *r == results[0]));
}

/// A decay of 2e-7 of a parameter is a few units in the last place of f32: each parameter's is rounded, but up as often as
/// down. `1 - lr*weight_decay`, rounded to f32 before it is multiplied, made every one of them 11 % too small.
#[test]
fn small_decoupled_decay_keeps_its_digits() {
    let (rate, decay) = (2e-5, 0.01);
    let adam = Adam::new(rate).with_weight_decay(decay);
    let mut random = Random(35);
    let mut w: Vec<f32> = (0..20_000)
        .map(|_| random.unit() as f32 * 0.5 + 0.5)
        .collect();
    let before = common::data::values(&w);
    let (mut m, mut v) = (vec![0.0_f32; w.len()], vec![0.0_f32; w.len()]);
    let mut g = vec![0.0_f32; w.len()];
    let mut grads = [Tensor::weight(&mut g)];
    observe(&mut grads).expect("finite");
    let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
    let mut state = StepState::default();
    adam.step(&mut state, &mut grads, &mut slots)
        .expect("finite");
    let after = common::data::values(&w);
    let lost: f64 = before
        .iter()
        .zip(&after)
        .map(|(before, after)| before - after)
        .sum();
    let exact: f64 = before.iter().map(|w| rate * decay * w).sum();
    // Half a unit in the last place, 3e-8, at random signs: 1.7e-8 * sqrt(20,000) of 3e-3 in all, 0.1 %.
    assert!((lost / exact - 1.0).abs() < 0.01, "{lost:e} of {exact:e}");
}
