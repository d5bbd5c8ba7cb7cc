//! A whole training run of one method, and all of them side by side.

use crate::args::Args;
use crate::jet::Point;
use crate::loss::Objective;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::problem::{Problem, sampling};
use crate::stabilizer::{Method, Stabilizer};
use crate::train::{Divergence, StepTime, TestSet, Trainer};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// The method.
    pub method: Method,
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
    pub fn draw(args: &Args, problem: &dyn Problem) -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(args.seed);
        let points = sampling::grid(problem, args.grid);
        let exact = points.iter().map(|&point| problem.exact(point)).collect();
        Self {
            network: args.init.draw(args.shape(), random),
            interior: sampling::interior(problem, args.interior_points, random),
            boundary: sampling::boundary(problem, args.boundary_points, random),
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

/// Trains with one method.
pub fn run(
    args: &Args,
    problem: &dyn Problem,
    start: &Start,
    method: Method,
    progress: Progress,
) -> Outcome {
    let mut trainer = trainer(args, problem, start, method);
    let mut history = History::default();
    let random = &mut Start::later(args.seed);
    let (mut done, mut divergence) = (0, None);
    while done < args.steps && divergence.is_none() {
        let record = done % args.record_every() == 0;
        let error = record.then(|| trainer.test(&start.test).1);
        if args.resamples_before(done) {
            let points = sampling::interior(problem, args.interior_points, random);
            trainer.objective.set_interior(&points);
        }
        let rate = args.learning_rate(done);
        trainer.optimizer.set_learning_rate(rate);
        let result = trainer.step(|evaluation, tensors| {
            if let Some(error) = error {
                history.push(done, evaluation.loss, error, tensors);
                progress(done, evaluation.loss, error);
            }
        });
        match result {
            Ok(()) => done += 1,
            Err(reason) => divergence = Some(reason),
        }
    }
    let outcome = finish(trainer, &start.test, method, history, done, divergence);
    progress(done, outcome.loss, outcome.error);
    outcome
}

fn trainer<'p>(
    args: &Args,
    problem: &'p dyn Problem,
    start: &Start,
    method: Method,
) -> Trainer<'p> {
    let network = start.network.clone();
    let objective = Objective::new(
        problem,
        &start.interior,
        &start.boundary,
        args.balance(problem),
    );
    let stabilizer = Stabilizer::new(
        method,
        args.reference,
        args.max_norm,
        2 * network.layers.len(),
    );
    let optimizer = Optimizer::new(args.optimizer, args.hyperparameters(), &network);
    Trainer::new(objective, network, stabilizer, optimizer)
}

fn finish(
    mut trainer: Trainer,
    test: &TestSet,
    method: Method,
    history: History,
    steps: usize,
    divergence: Option<Divergence>,
) -> Outcome {
    let loss = trainer.loss();
    let (prediction, error) = trainer.test(test);
    Outcome {
        method,
        history,
        loss,
        error,
        prediction,
        steps,
        time: trainer.time(),
        divergence,
    }
}

impl History {
    fn push(&mut self, step: usize, loss: f64, error: f64, tensors: &[Tensor]) {
        let weights = || {
            tensors
                .iter()
                .filter(|tensor| tensor.role() == Role::Weight)
        };
        self.steps.push(step);
        self.loss.push(loss);
        self.error.push(error);
        self.scale_before
            .push(weights().map(|tensor| tensor.moments().std()).collect());
        self.scale_after
            .push(weights().map(|tensor| tensor.outlook().std()).collect());
    }
}

/// Trains with every method of `args`, at most `args.jobs()` at a time; outcomes are in the order of the methods.
pub fn run_all<'a>(
    args: &Args,
    problem: &dyn Problem,
    start: &Start,
    progress: impl Fn(Method) -> Box<dyn FnMut(usize, f64, f64) + 'a> + Sync,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        while let Some((index, method)) = take(&next, &args.methods) {
            let outcome = run(args, problem, start, method, &mut *progress(method));
            outcomes
                .lock()
                .expect("no run panics")
                .push((index, outcome));
        }
    };
    std::thread::scope(|scope| (0..args.jobs()).for_each(|_| drop(scope.spawn(work))));
    let mut outcomes = outcomes.into_inner().expect("no run panics");
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn take(next: &AtomicUsize, methods: &[Method]) -> Option<(usize, Method)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    methods.get(index).map(|&method| (index, method))
}
