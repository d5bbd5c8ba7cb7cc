//! Threads: two networks stepped at once, passes that several threads share, calls while the number of threads changes,
//! and the very first calls of a process from several threads at once, while the instruction set is being detected.
//!
//! Every result is compared, to the bit, with the same work done alone. That nothing races is what ThreadSanitizer says
//! about this file (`ffi/rigs/fuzz/threads.sh`); it stands by itself so that it can be built there without the other tests.

#[path = "common/again.rs"]
mod again;
#[allow(dead_code)] // Each test crate uses its own part.
#[path = "common/random.rs"]
mod random;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use trimtab::{
    Adam, ClipNorm, GradientStabilizer, Guard, Moments, NormState, Slot, StepState, Tensor, apply,
    observe,
};

/// More elements than `observe` and `apply` need to share out their work (2^19), and Adam too (2^17).
const MANY: usize = (1 << 19) + 4_321;

/// Numbers between -1 and 1.
fn random(seed: u64, len: usize) -> Vec<f32> {
    let one = |i: usize| {
        let word = (seed << 32 | i as u64).wrapping_mul(random::STEP);
        (random::mix(word) >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..len).map(one).collect()
}

/// One network: parameters, Adam's moments, and the states of its methods.
struct Network {
    seed: u64,
    params: Vec<Vec<f32>>,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    norms: Vec<NormState>,
    step: StepState,
}

impl Network {
    fn new(seed: u64, lengths: &[usize]) -> Network {
        let zeros: Vec<Vec<f32>> = lengths.iter().map(|&len| vec![0.0; len]).collect();
        Network {
            seed,
            params: lengths.iter().map(|&len| random(seed, len)).collect(),
            first: zeros.clone(),
            second: zeros,
            norms: vec![NormState::default(); lengths.len()],
            step: StepState::default(),
        }
    }

    /// One step down |w|^2, with some noise: read, decided, clipped, written in place, read again and written by Adam.
    fn train(&mut self, t: u64) {
        let noise = random(self.seed ^ t, 64);
        let gradient = |w: &Vec<f32>| -> Vec<f32> {
            let noise = noise.iter().cycle();
            w.iter()
                .zip(noise)
                .map(|(w, noise)| 2.0 * w + 0.1 * noise)
                .collect()
        };
        let mut data: Vec<Vec<f32>> = self.params.iter().map(gradient).collect();
        let mut grads: Vec<Tensor> = data.iter_mut().map(|g| Tensor::weight(g)).collect();
        observe(&mut grads).expect("finite");
        let stabilizer = GradientStabilizer::default();
        stabilizer
            .decide(&mut self.norms, &mut grads)
            .expect("in range");
        let clip = ClipNorm::global(1.5);
        clip.decide(&mut grads).expect("in range");
        apply(&mut grads).expect("in range");
        observe(&mut grads).expect("finite");
        let buffers = self.first.iter_mut().zip(&mut self.second);
        let slots = self.params.iter_mut().zip(buffers);
        let mut slots: Vec<Slot> = slots.map(|(w, (m, v))| Slot::adam(w, m, v)).collect();
        let adam = Adam::default();
        adam.step(&mut self.step, &mut grads, &mut slots)
            .expect("in range");
    }

    /// Everything that training changes, as bits.
    fn bits(&self) -> Vec<u64> {
        let buffers = [&self.params, &self.first, &self.second];
        let elements = buffers.into_iter().flatten().flatten();
        let mut bits: Vec<u64> = elements.map(|x| u64::from(x.to_bits())).collect();
        for state in &self.norms {
            bits.extend([state.m.to_bits(), state.v.to_bits(), state.steps]);
        }
        bits
    }
}

/// A network after some steps, as bits.
fn trained(seed: u64, lengths: &[usize], steps: u64) -> Vec<u64> {
    let mut network = Network::new(seed, lengths);
    for t in 0..steps {
        network.train(t);
    }
    network.bits()
}

const SMALL: [usize; 4] = [64, 8, 24, 4];

/// Two networks, trained by two threads at the same time.
fn together(lengths: &[usize], steps: u64) -> [Vec<u64>; 2] {
    thread::scope(|scope| {
        let work = |seed| scope.spawn(move || trained(seed, lengths, steps));
        [1, 2]
            .map(work)
            .map(|thread| thread.join().expect("no panic"))
    })
}

#[test]
fn two_networks_in_two_threads() {
    for (lengths, steps) in [(&SMALL[..], 300), (&[MANY, 33][..], 2)] {
        let alone = [1, 2].map(|seed| trained(seed, lengths, steps));
        let what = format!("{} tensors", lengths.len());
        assert!(alone == together(lengths, steps), "{what}");
    }
}

/// Alone as well: without other callers, every pass is shared.
#[test]
#[cfg(feature = "rayon")]
fn two_networks_share_three_threads() {
    let lengths = [MANY, 33];
    let alone = [1, 2].map(|seed| trained(seed, &lengths, 2));
    trimtab::set_threads(3).expect("threads can be started");
    let shared = [1, 2].map(|seed| trained(seed, &lengths, 2));
    let together = together(&lengths, 2);
    trimtab::set_threads(1).expect("always there");
    assert!(alone == shared && alone == together);
}

/// Without the feature there is one thread, and asking for it is no error.
#[test]
fn the_number_of_threads_changes_meanwhile() {
    let lengths = [MANY, 100];
    let alone = [3, 4].map(|seed| trained(seed, &lengths, 2));
    let busy = AtomicBool::new(true);
    let together = thread::scope(|scope| {
        for turn in 0..2 {
            let busy = &busy;
            scope.spawn(move || {
                for threads in (1..=3).cycle().skip(turn) {
                    let set = trimtab::set_threads(threads);
                    assert!(set.is_ok() || !cfg!(feature = "rayon"));
                    thread::yield_now();
                    if !busy.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        let work = |seed| scope.spawn(move || trained(seed, &lengths, 2));
        let done = [3, 4].map(work).map(|thread| thread.join());
        busy.store(false, Ordering::Relaxed);
        done.map(|result| result.expect("no panic"))
    });
    assert!(alone == together);
    trimtab::set_threads(1).expect("always there");
}

/// Set in the processes that the next test starts.
const CHILD: &str = "TRIMTAB_TEST_FIRST_CALLS";

#[test]
fn first_calls_from_several_threads() {
    if std::env::var_os(CHILD).is_some() {
        return calls_at_once();
    }
    for run in 0..20 {
        let mut child = again::again();
        child.args(["first_calls_from_several_threads", "--test-threads=1"]);
        let output = child
            .env(CHILD, "1")
            .output()
            .expect("it has started before");
        let text = String::from_utf8_lossy(&output.stdout);
        let ran = text.contains("1 passed");
        assert!(output.status.success() && ran, "run {run}: {text}");
    }
}

/// Nothing has been called in this process so far. What is summed has exact sums, whatever the order.
fn calls_at_once() {
    const THREADS: usize = 8;
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for index in 0..THREADS {
            let barrier = &barrier;
            scope.spawn(move || {
                let mut data = vec![0.5_f32 + index as f32; 1_000];
                barrier.wait();
                let mut grads = [Tensor::bias(&mut data)];
                observe(&mut grads).expect("finite");
                let x = 0.5 + index as f64;
                let expected = Moments {
                    count: 1_000,
                    sum: 1_000.0 * x,
                    sum_sq: 1_000.0 * x * x,
                    abs_max: x,
                };
                assert_eq!(*grads[0].moments(), expected);
                let guard = Guard::default();
                let verdict = guard.decide(&mut Default::default(), &mut grads);
                assert_eq!(verdict, Ok(trimtab::Verdict::Proceed));
            });
        }
    });
}
