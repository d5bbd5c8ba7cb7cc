//! A whole training run of one method, and all of them side by side.

use crate::jet::Point;
use crate::loss::Objective;
use crate::method::Chain;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::problem::{Problem, sampling};
use crate::recovery::{Recovery, Watch};
use crate::setup::Setup;
use crate::spikes::Spike;
use crate::stabilizer::Stabilizer;
use crate::train::{self, Divergence, StepTime, TestSet, Trainer, View};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Mutex;
use trimtab::{Role, Tensor};

/// Curves over the training steps; all fields have one entry for each recorded step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// A run under way: everything that training changes.
pub struct Run<'a> {
    setup: &'a Setup,
    problem: &'a dyn Problem,
    start: &'a Start,
    records: usize,
    spikes: Vec<Spike>,
    trainer: Trainer<'a>,
    /// For the points to come.
    random: ChaCha8Rng,
    /// Where in the random numbers the present interior points begin; none: they are those of the start.
    drawn_at: Option<u128>,
    history: History,
    watch: Watch,
    done: usize,
}

/// Everything of a run that decides how it goes on. The rest follows from the setup: starting points, boundary points,
/// spikes to come, learning rates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Updates made.
    pub done: usize,
    /// As [`Run`] has it.
    drawn_at: Option<u128>,
    watch: Watch,
    history: History,
    /// Parameters, buffers and states.
    pub trainer: train::Snapshot,
}

/// Trains as `setup` says, with about `records` records on the way.
pub fn run(
    setup: &Setup,
    problem: &dyn Problem,
    start: &Start,
    records: usize,
    progress: Progress,
) -> Outcome {
    let run = Run::new(setup, problem, start, records);
    let Ok(outcome) = run.train(progress, |_| Ok::<(), Infallible>(()));
    outcome
}

impl<'a> Run<'a> {
    /// Before the first update.
    pub fn new(
        setup: &'a Setup,
        problem: &'a dyn Problem,
        start: &'a Start,
        records: usize,
    ) -> Self {
        Self {
            setup,
            problem,
            start,
            records,
            spikes: setup.spikes.draw(setup.steps, setup.tensors(), setup.seed),
            trainer: trainer(setup, problem, start),
            random: Start::later(setup.seed),
            drawn_at: None,
            history: History::default(),
            watch: Watch::default(),
            done: 0,
        }
    }

    /// What decides its result.
    pub fn setup(&self) -> &'a Setup {
        self.setup
    }

    /// About how many records it has in all.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Updates made.
    pub fn steps(&self) -> usize {
        self.done
    }

    /// The loss before the last update, and the error of the last record; NaN before the first.
    pub fn standing(&self) -> (f64, f64) {
        let error = self.history.error.last().copied();
        let loss = self.watch.last();
        (loss.unwrap_or(f64::NAN), error.unwrap_or(f64::NAN))
    }

    /// Trains to the end. `between` has the run after every update; its error ends the run.
    pub fn train<E>(
        mut self,
        progress: Progress,
        mut between: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let mut divergence = None;
        while self.done < self.setup.steps && divergence.is_none() {
            match self.step(progress) {
                Ok(()) => between(&mut self)?,
                Err(reason) => divergence = Some(reason),
            }
        }
        Ok(self.finish(divergence, progress))
    }

    fn step(&mut self, progress: Progress) -> Result<(), Divergence> {
        let done = self.done;
        let record = done.is_multiple_of(record_every(self.setup.steps, self.records));
        let error = record.then(|| self.trainer.test(&self.start.test).1);
        if self.setup.resamples_before(done) {
            self.drawn_at = Some(self.random.get_word_pos());
            self.draw();
        }
        let rate = self.setup.learning_rate(done);
        self.trainer.optimizer.set_learning_rate(rate);
        let spike = self.spikes.iter().find(|spike| spike.step == done);
        self.trainer.step(spike, |view| {
            self.watch.observe(done, view.evaluation.loss, spike);
            if let Some(error) = error {
                self.history.push(done, error, view);
                progress(done, view.evaluation.loss, error);
            }
        })?;
        self.done += 1;
        Ok(())
    }

    /// New interior points.
    fn draw(&mut self) {
        let count = self.setup.interior_points;
        let points = sampling::interior(self.problem, count, &mut self.random);
        self.trainer.objective.set_interior(&points);
    }

    fn finish(mut self, divergence: Option<Divergence>, progress: Progress) -> Outcome {
        let loss = self.trainer.loss();
        let (prediction, error) = self.trainer.test(&self.start.test);
        progress(self.done, loss, error);
        Outcome {
            method: self.setup.method.clone(),
            history: self.history,
            loss,
            error,
            prediction,
            steps: self.done,
            time: self.trainer.time().clone(),
            skipped: self.trainer.skipped(),
            recoveries: self.watch.finish(),
            divergence,
        }
    }

    /// What a checkpoint keeps.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            done: self.done,
            drawn_at: self.drawn_at,
            watch: self.watch.clone(),
            history: self.history.clone(),
            trainer: self.trainer.snapshot(),
        }
    }

    /// Goes on from a snapshot; false if it is not one of a run with this setup: then the run is of no use any more.
    pub fn restore(&mut self, from: Snapshot) -> bool {
        let fits = from.done <= self.setup.steps && self.trainer.restore(&from.trainer);
        self.done = from.done;
        self.watch = from.watch;
        self.history = from.history;
        self.drawn_at = from.drawn_at;
        if let Some(word) = self.drawn_at {
            self.random.set_word_pos(word);
            self.draw();
        }
        fits
    }
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
pub fn side_by_side<T: Send, R: Send>(
    jobs: usize,
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let waiting = Mutex::new(items.into_iter().enumerate());
    let results = Mutex::new(Vec::new());
    let take = || waiting.lock().expect("no run panics").next();
    let worker = || {
        while let Some((index, item)) = take() {
            let result = work(item);
            results.lock().expect("no run panics").push((index, result));
        }
    };
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(worker))));
    let mut results = results.into_inner().expect("no run panics");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
