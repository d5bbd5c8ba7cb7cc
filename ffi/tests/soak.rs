//! A long run in which everything goes wrong: a small network in each element type, trained while faults are injected
//! (NaN, infinity, spikes, zeros, empty tensors, another loss scale, refused calls).
//!
//! After every step: states and parameters are finite, the guard has counted what was put in, a step that was refused or
//! skipped has changed no bit, and no call has allocated. At the end: no byte more is held than soon after the start.
//!
//! `TRIMTAB_SOAK_STEPS` says how many steps; CI takes a million in release. Here and not beside the other tests of the
//! core, because an allocator is `unsafe`.

use std::alloc::{GlobalAlloc, Layout, System};
#[allow(dead_code)] // Each test crate uses its own part.
#[path = "../../tests/common/random.rs"]
mod random;

use std::cell::Cell;

use half::{bf16, f16};
use random::Random;
use trimtab_core::{
    Adam, Element, Error, GradientStabilizer, Guard, GuardPolicy, GuardState, Level, NormState,
    Parameter, Slot, StableGrad, StepState, Tensor, Unscale, Verdict, Zclip, ZclipState, observe,
};

/// From the sum of a gradient to its element, and from elements and parameters back to f64.
type Convert<G, P> = (fn(f64) -> G, fn(G) -> f64, fn(P) -> f64);

/// The system's allocator, which knows how much is held, and how often it was asked.
struct Counting;

thread_local! {
    // Of this thread: the test runner has memory of its own.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

fn count(asked: usize, bytes: isize) {
    // A thread that is ending has no counters any more, and nothing to count.
    let _ = ASKED.try_with(|counter| counter.set(counter.get() + asked));
    let _ = HELD.try_with(|counter| counter.set(counter.get() + bytes));
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A weight, a bias, a weight, a bias: 100 parameters.
const LENGTHS: [usize; 4] = [64, 8, 24, 4];

/// What goes wrong in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    Nan,
    Infinity,
    Spike,
    Zeros,
    EmptyTensor,
    LossScale,
    /// A call that must be refused, before the step.
    BadCall,
}

impl Fault {
    fn draw(random: &mut Random) -> Fault {
        match random.below(40) {
            0 => Fault::Nan,
            1 => Fault::Infinity,
            2 => Fault::Spike,
            3 => Fault::Zeros,
            4 => Fault::EmptyTensor,
            5 => Fault::LossScale,
            6 => Fault::BadCall,
            _ => Fault::Nothing,
        }
    }
}

struct Network<G, P> {
    random: Random,
    name: &'static str,
    encode: fn(f64) -> G,
    decode: fn(G) -> f64,
    widen: fn(P) -> f64,
    grads: Vec<Vec<G>>,
    params: Vec<Vec<P>>,
    first: Vec<Vec<P>>,
    second: Vec<Vec<P>>,
    loss_scale: f64,
    guard: Guard,
    states: States,
    expected: GuardState,
    faults: [usize; 8],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct States {
    guard: GuardState,
    norms: [NormState; 4],
    zclip: ZclipState,
    step: StepState,
}

impl States {
    fn are_finite(&self) -> bool {
        let norms = self.norms.iter().flat_map(|state| [state.m, state.v]);
        let mut all = norms.chain([self.zclip.mean, self.zclip.var]);
        all.all(f64::is_finite)
    }
}

impl<G: Element + Copy, P: Parameter + Copy + Default + PartialEq> Network<G, P> {
    fn new(name: &'static str, policy: GuardPolicy, convert: Convert<G, P>) -> Self {
        let zeros = || LENGTHS.map(|len| vec![P::default(); len]).to_vec();
        let (encode, decode, widen) = convert;
        Self {
            random: Random(name.len() as u64),
            name,
            encode,
            decode,
            widen,
            grads: LENGTHS.map(|len| vec![encode(0.0); len]).to_vec(),
            params: zeros(),
            first: zeros(),
            second: zeros(),
            loss_scale: 256.0,
            guard: Guard::default().with_policy(policy).with_max_consecutive(0),
            states: States::default(),
            expected: GuardState::default(),
            faults: [0; 8],
        }
    }

    /// The gradient of |w - 1|^2 / 2 and some noise, times the loss scale; and the fault.
    fn differentiate(&mut self, fault: Fault) {
        let random = &mut self.random;
        for (data, params) in self.grads.iter_mut().zip(&self.params) {
            for (g, w) in data.iter_mut().zip(params) {
                let exact = (self.widen)(*w) - 1.0 + 0.1 * random.between(-1.0, 1.0);
                *g = (self.encode)(exact * self.loss_scale);
            }
        }
        let tensor = random.below(4);
        let data = &mut self.grads[tensor];
        let at = random.below(data.len());
        match fault {
            Fault::Nan => data[at] = (self.encode)(f64::NAN),
            Fault::Infinity => data[at] = (self.encode)(f64::INFINITY),
            Fault::Spike => data[at] = (self.encode)(3e4 * random.between(-1.0, 1.0)),
            Fault::Zeros => data.fill((self.encode)(0.0)),
            Fault::LossScale => self.loss_scale = f64::exp2(random.below(14) as f64),
            Fault::Nothing | Fault::EmptyTensor | Fault::BadCall => (),
        }
    }

    /// Which tensors hold something that is not finite; an empty one holds nothing.
    fn is_bad(&self, empty: Option<usize>) -> bool {
        let present = self
            .grads
            .iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != empty);
        present
            .flat_map(|(_, data)| data)
            .any(|&g| !(self.decode)(g).is_finite())
    }

    fn step(&mut self, t: u64) {
        let fault = Fault::draw(&mut self.random);
        self.faults[fault as usize] += 1;
        let loss_scale = self.loss_scale;
        self.differentiate(fault);
        let empty = (fault == Fault::EmptyTensor).then(|| self.random.below(4));
        let bad = self.is_bad(empty);
        self.expected.consecutive = if bad {
            self.expected.consecutive + 1
        } else {
            0
        };
        self.expected.total += u64::from(bad);
        let skipped = bad && self.guard.policy == GuardPolicy::SkipStep;
        let before = (
            self.states,
            self.params.clone(),
            self.first.clone(),
            self.second.clone(),
        );

        let asked = self.update(fault, empty, loss_scale, skipped);

        let what = format!("{} at step {t}, {fault:?}", self.name);
        assert_eq!(asked, 0, "{what}: calls have allocated");
        assert_eq!(self.states.guard, self.expected, "{what}");
        assert!(self.states.are_finite(), "{what}: {:?}", self.states);
        let elements = [&self.params, &self.first, &self.second];
        let mut elements = elements.into_iter().flatten().flatten();
        assert!(elements.all(|&x| (self.widen)(x).is_finite()), "{what}");
        // |w - 1| shrinks from 1; Adam moves by about its learning rate a step, and forgets a spike.
        let near = self
            .params
            .iter()
            .flatten()
            .all(|&w| (self.widen)(w).abs() < 10.0);
        assert!(near, "{what}: the parameters have run away");
        if skipped {
            let after = States {
                guard: before.0.guard,
                ..self.states
            };
            assert_eq!(after, before.0, "{what}: a skipped step");
            let now = (&self.params, &self.first, &self.second);
            assert!(
                now == (&before.1, &before.2, &before.3),
                "{what}: a skipped step"
            );
        }
    }

    /// The calls of one step; how often they have allocated.
    fn update(
        &mut self,
        fault: Fault,
        empty: Option<usize>,
        loss_scale: f64,
        skipped: bool,
    ) -> usize {
        let len = |index: usize| {
            if Some(index) == empty {
                0
            } else {
                LENGTHS[index]
            }
        };
        let [g0, g1, g2, g3] = &mut self.grads[..] else {
            unreachable!("four tensors")
        };
        let mut grads = [
            Tensor::weight(&mut g0[..len(0)]),
            Tensor::bias(&mut g1[..len(1)]),
            Tensor::weight(&mut g2[..len(2)]),
            Tensor::bias(&mut g3[..len(3)]),
        ];
        let buffers = self
            .params
            .iter_mut()
            .zip(&mut self.first)
            .zip(&mut self.second);
        let slots = buffers.enumerate().map(|(i, ((w, m), v))| {
            let n = len(i);
            Slot::adam(&mut w[..n], &mut m[..n], &mut v[..n])
        });
        let mut slots: Vec<Slot> = slots.collect();
        let states = &mut self.states;
        let asked = ASKED.get();
        // Not finite: the guard decides.
        let _ = observe(&mut grads);
        if fault == Fault::BadCall {
            let before = *states;
            let nan = Unscale::new(f64::NAN);
            assert!(matches!(
                nan.decide(&mut grads),
                Err(Error::BadConfig { .. })
            ));
            let reference = StableGrad::default().decide(-1.0, &mut grads);
            assert_eq!(reference, Err(Error::BadReference));
            assert_eq!(*states, before);
        }
        let verdict = self.guard.decide(&mut states.guard, &mut grads);
        if skipped {
            assert_eq!(verdict, Ok(Verdict::SkipStep));
            return ASKED.get() - asked;
        }
        assert_eq!(verdict, Ok(Verdict::Proceed));
        Unscale::new(loss_scale)
            .decide(&mut grads)
            .expect("unscale");
        let stabilizer = GradientStabilizer::default();
        stabilizer
            .decide(&mut states.norms, &mut grads)
            .expect("stabilizer");
        Zclip::default()
            .decide(&mut states.zclip, &mut grads)
            .expect("zclip");
        let adam = Adam::new(1e-2);
        adam.step(&mut states.step, &mut grads, &mut slots)
            .expect("adam");
        ASKED.get() - asked
    }
}

fn steps() -> u64 {
    let given = std::env::var("TRIMTAB_SOAK_STEPS");
    given.map_or(1_500, |text| {
        text.parse().expect("TRIMTAB_SOAK_STEPS is a number")
    })
}

/// Alone in its process, so that what is held is this test's own.
#[test]
fn a_long_run_with_faults() {
    // The first call of a process looks for TRIMTAB_LEVEL, and copies it where it is set.
    Level::current().expect("a level of this processor");
    let (skip, zero) = (GuardPolicy::SkipStep, GuardPolicy::Zero);
    let single = |x: f32| f64::from(x);
    let mut f32s = Network::new("f32", skip, (|x| x as f32, f64::from, single));
    let mut f16s = Network::new("f16", zero, (f16::from_f64, f16::to_f64, single));
    let mut bf16s = Network::new("bf16", skip, (bf16::from_f64, bf16::to_f64, single));
    let mut f64s = Network::new("f64", zero, (|x| x, |x| x, |x: f64| x));
    let steps = steps();
    let mut held = 0;
    for t in 0..steps {
        f32s.step(t);
        f16s.step(t);
        bf16s.step(t);
        f64s.step(t);
        if t == steps / 10 {
            held = HELD.get();
        }
    }
    assert_eq!(HELD.get(), held, "bytes held, {steps} steps");
    for faults in [f32s.faults, f16s.faults, bf16s.faults, f64s.faults] {
        assert!(
            faults.iter().all(|&count| count > 0),
            "every fault: {faults:?}"
        );
    }
    assert_eq!(
        f32s.expected.total,
        (f32s.faults[1] + f32s.faults[2]) as u64
    );
}
