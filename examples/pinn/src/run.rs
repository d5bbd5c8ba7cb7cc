//! A whole training run of one method, and all of them side by side.

use crate::jet::Point;
use crate::loss::Objective;
use crate::method::Chain;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::problem::{Problem, sampling};
use crate::recovery::{Recovery, Watch};
use crate::setup::Setup;
use crate::stabilizer::Stabilizer;
use crate::train::{Divergence, StepTime, TestSet, Trainer, View};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use trimtab::{Role, Tensor};

/// Curves over the training steps; all fields have one entry for each recorded step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct History {
    /// Number of updates made before the record.
    pub steps: Vec<usize>,
    /// The loss.
    pub loss: Vec<f64>,
    /// Relative L2 error against the exact solution.
    pub error: Vec<f64>,
    /// Standard deviation of each layer's weight gradient as backpropagation gave it.
    pub scale_before: Vec<Vec<f64>>,
    /// The same as the optimizer saw it.
    pub scale_after: Vec<Vec<f64>>,
}

/// The end of a run.
pub struct Outcome {
    /// What stood between gradient and optimizer.
    pub method: Chain,
    /// The curves.
    pub history: History,
    /// The loss after the last update.
    pub loss: f64,
    /// The relative L2 error after the last update.
    pub error: f64,
    /// The prediction on the test grid after the last update.
    pub prediction: Vec<f64>,
    /// Updates made.
    pub steps: usize,
    /// Where their time went.
    pub time: StepTime,
    /// Steps that the loss scale of half precision skipped.
    pub skipped: u64,
    /// The corrupted steps and what came of them.
    pub recoveries: Vec<Recovery>,
    /// Why the run ended before its last step, if it did.
    pub divergence: Option<Divergence>,
}

impl Outcome {
    /// Wall-clock milliseconds per update, without the records.
    pub fn milliseconds_per_step(&self) -> f64 {
        1e3 * self.time.total() / self.steps.max(1) as f64
    }

    /// Part of a step's time that trimtab takes, the optimizer included.
    pub fn trimtab_share(&self) -> f64 {
        self.time.trimtab.as_secs_f64() / self.time.total().max(f64::MIN_POSITIVE)
    }
}

/// Told about every record: updates made, loss, relative error.
pub type Progress<'a> = &'a mut dyn FnMut(usize, f64, f64);

/// Points and starting weights, the same for every method.
pub struct Start {
    /// Where the equation is to hold.
    pub interior: Vec<Point>,
    /// Where the solution is prescribed.
    pub boundary: Vec<Point>,
    /// The starting weights.
    pub network: Network<f32>,
    /// The points on which the error is measured.
    pub test: TestSet,
}

impl Start {
    /// Draws everything random from the seed.
    pub fn draw(setup: &Setup, problem: &dyn Problem) -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(setup.seed);
        let points = sampling::grid(problem, setup.test_grid);
        let exact = points.iter().map(|&point| problem.exact(point)).collect();
        Self {
            network: setup.init.draw(setup.shape(), random),
            interior: sampling::interior(problem, setup.interior_points, random),
            boundary: sampling::boundary(problem, setup.boundary_points, random),
            test: TestSet { points, exact },
        }
    }

    /// The random numbers for points drawn during training: the same for every method.
    fn later(seed: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(1);
        random
    }
}

/// Trains as `setup` says, with about `records` records on the way.
pub fn run(
    setup: &Setup,
    problem: &dyn Problem,
    start: &Start,
    records: usize,
    progress: Progress,
) -> Outcome {
    let mut trainer = trainer(setup, problem, start);
    let (mut history, mut watch) = (History::default(), Watch::default());
    let spikes = setup.spikes.draw(setup.steps, setup.tensors(), setup.seed);
    let random = &mut Start::later(setup.seed);
    let (mut done, mut divergence) = (0, None);
    while done < setup.steps && divergence.is_none() {
        let record = done % record_every(setup.steps, records) == 0;
        let error = record.then(|| trainer.test(&start.test).1);
        if setup.resamples_before(done) {
            let points = sampling::interior(problem, setup.interior_points, random);
            trainer.objective.set_interior(&points);
        }
        trainer
            .optimizer
            .set_learning_rate(setup.learning_rate(done));
        let spike = spikes.iter().find(|spike| spike.step == done);
        let result = trainer.step(spike, |view| {
            watch.observe(done, view.evaluation.loss, spike);
            if let Some(error) = error {
                history.push(done, error, view);
                progress(done, view.evaluation.loss, error);
            }
        });
        match result {
            Ok(()) => done += 1,
            Err(reason) => divergence = Some(reason),
        }
    }
    let loss = trainer.loss();
    let (prediction, error) = trainer.test(&start.test);
    progress(done, loss, error);
    Outcome {
        method: setup.method.clone(),
        history,
        loss,
        error,
        prediction,
        steps: done,
        time: trainer.time().clone(),
        skipped: trainer.skipped(),
        recoveries: watch.finish(),
        divergence,
    }
}

/// Seconds of a step and of a test of the error: the fastest of a few, to predict how long a run takes.
pub fn seconds_per_step(setup: &Setup, problem: &dyn Problem, start: &Start) -> (f64, f64) {
    let mut trainer = trainer(setup, problem, start);
    trainer.optimizer.set_learning_rate(setup.learning_rate(0));
    let fastest = |work: &mut dyn FnMut()| {
        let mut seconds = || {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64()
        };
        (0..8).map(|_| seconds()).fold(f64::INFINITY, f64::min)
    };
    // A step that diverges takes as long as one that does not.
    let step = fastest(&mut || {
        let _ = trainer.step(None, |_| ());
    });
    let test = fastest(&mut || drop(trainer.test(&start.test)));
    (step, test)
}

/// Updates from one record to the next.
pub fn record_every(steps: usize, records: usize) -> usize {
    steps.div_ceil(records)
}

fn trainer<'p>(setup: &Setup, problem: &'p dyn Problem, start: &Start) -> Trainer<'p> {
    let network = start.network.clone();
    let balance = setup.balance(problem);
    let objective = Objective::new(problem, &start.interior, &start.boundary, balance);
    let stabilizer = Stabilizer::new(&setup.method, setup.tensors());
    let optimizer = Optimizer::new(&setup.optimizer, &network);
    Trainer::new(objective, network, stabilizer, optimizer, setup.precision)
}

impl History {
    fn push(&mut self, step: usize, error: f64, view: &View) {
        let stds = |std: &dyn Fn(&Tensor) -> f64| {
            let weights = view.tensors.iter();
            let weights = weights.filter(|tensor| tensor.role() == Role::Weight);
            weights.map(std).collect()
        };
        self.steps.push(step);
        self.loss.push(view.evaluation.loss);
        self.error.push(error);
        self.scale_before
            .push(stds(&|tensor| tensor.moments().std() / view.loss_scale));
        self.scale_after
            .push(stds(&|tensor| tensor.outlook().std()));
    }
}

/// Does `work` for every item, at most `jobs` at a time, begun in order; results are in the order of the items.
pub fn side_by_side<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let worker = || {
        while let Some((index, item)) = take(&next, items) {
            let result = work(item);
            results.lock().expect("no run panics").push((index, result));
        }
    };
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(worker))));
    let mut results = results.into_inner().expect("no run panics");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}
