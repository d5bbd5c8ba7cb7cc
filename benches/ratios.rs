//! Every figure of the speed table as a ratio to a ceiling taken in the same run.
//!
//! `cargo bench --bench ratios` prints one line a figure: work, measured, ceiling, ratio, target,
//! hit or miss. The ratio is the median over pairs of neighbouring samples, which other work on the
//! machine disturbs least; times, and the ratio in brackets, are of the fastest samples. Words behind the command select rows: `cargo bench --bench ratios -- observe`.
//! Without `--bench` (as `cargo test --benches` runs it) only the checks run.

mod common;

use std::hint::black_box;

use common::data::{Aligned, Named};
use common::duel::{Outcome, duel};
use common::native::{Factors, Native};
use common::work::{self, HUGE, Layer, MANY, PINN, Shape};
use common::{read::read, right};
use trimtab::{
    GradientStabilizer, Level, NormState, Scale, StepState, Tensor, apply, bf16, f16,
    in_default_mode, observe,
};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What a ratio has to be.
#[derive(Clone, Copy)]
enum Target {
    /// Speed over the ceiling's, at least.
    AtLeast(f64),
    /// Time over the ceiling's, at most.
    AtMost(f64),
    /// None: printed for the picture.
    Open,
    /// None either, as time over the ceiling's.
    OpenTime,
}

/// Collects and prints rows.
struct Table {
    /// Rows whose name holds one of these; all if empty.
    wanted: Vec<String>,
    misses: usize,
}

impl Table {
    fn new(wanted: Vec<String>) -> Self {
        println!("| work | measured | ceiling | ratio (of the best) | target | |");
        println!("|---|---|---|---|---|---|");
        Self { wanted, misses: 0 }
    }

    fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|word| name.contains(word.as_str()))
    }

    /// Measures and prints one row. `weight`: how many units of the ceiling's work ours are.
    fn row(&mut self, name: &str, weight: f64, target: Target, measure: impl FnOnce() -> Outcome) {
        if !self.wants(name) {
            return;
        }
        let outcome = measure();
        let (speed, median) = (outcome.speed() * weight, outcome.median * weight);
        let (best, ratio) = match target {
            Target::AtLeast(_) | Target::Open => (speed, median),
            Target::AtMost(_) | Target::OpenTime => (1.0 / speed, 1.0 / median),
        };
        let (goal, hit) = match target {
            Target::AtLeast(x) => (format!(">= {x:.2}"), ratio >= x),
            Target::AtMost(x) => (format!("<= {x:.2}"), ratio <= x),
            Target::Open | Target::OpenTime => (String::new(), true),
        };
        self.misses += usize::from(!hit);
        let verdict = match (goal.is_empty(), hit) {
            (true, _) => "",
            (false, true) => "hit",
            (false, false) => "MISS",
        };
        println!(
            "| {name} | {} | {} | {ratio:.2} ({best:.2}) | {goal} | {verdict} |",
            time(outcome.work),
            time(outcome.ceiling),
        );
    }
}

/// Seconds, readably.
fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s => format!("{:.3} ms", s * 1e3),
    }
}

/// Observing `bytes` of T, beside a plain read of as many.
fn observe_row<T: Named>(table: &mut Table, bytes: usize, target: Target) {
    let weight = 4.0 / size_of::<T>() as f64;
    let weight = if T::NAME == "f64" { 1.0 } else { weight };
    let level = Level::current().expect("a level").name();
    let name = format!("observe {} {} {level}", T::NAME, size(bytes));
    table.row(&name, weight, target, || {
        let mut data = Aligned::<T>::gradient(bytes / size_of::<T>(), 1);
        let copy = Aligned::<f32>::gradient(bytes / 4, 2);
        let mut grads = [Tensor::weight(&mut data)];
        duel(|| observe(&mut grads).expect("finite"), || read(&copy))
    });
}

fn size(bytes: usize) -> String {
    match bytes {
        b if b < MIB => format!("{} KiB", b / KIB),
        b => format!("{} MiB", b / MIB),
    }
}

fn observe_rows(table: &mut Table) {
    use Target::{AtLeast, Open};
    observe_row::<f32>(table, 16 * KIB, Open);
    observe_row::<f32>(table, 256 * KIB, AtLeast(0.65));
    observe_row::<f32>(table, 128 * MIB, AtLeast(0.90));
    observe_row::<f16>(table, 256 * KIB, AtLeast(0.45));
    observe_row::<f16>(table, 128 * MIB, AtLeast(1.0));
    observe_row::<bf16>(table, 256 * KIB, AtLeast(0.45));
    observe_row::<bf16>(table, 128 * MIB, AtLeast(1.0));
    observe_row::<f64>(table, 256 * KIB, Open);
    observe_row::<f64>(table, 128 * MIB, Open);
}

/// With fewer registers and narrower vectors than the machine has.
fn observe_avx2_rows(table: &mut Table) {
    use Target::{AtLeast, Open};
    let (best, Some(avx2)) = (Level::current().expect("a level"), Level::named("avx2")) else {
        return;
    };
    avx2.force();
    observe_row::<f32>(table, 256 * KIB, AtLeast(0.33));
    observe_row::<f32>(table, 128 * MIB, AtLeast(0.85));
    observe_row::<f16>(table, 256 * KIB, Open);
    observe_row::<bf16>(table, 256 * KIB, Open);
    observe_row::<f64>(table, 256 * KIB, Open);
    best.force();
}

/// Scaling in place; by 2 and by 1/2 in turns, so that nothing drifts.
fn apply_row<T: Named>(table: &mut Table, native: &Native, bytes: usize, target: Target) {
    let name = format!("apply {} {}", T::NAME, size(bytes));
    table.row(&name, 1.0, target, || {
        let mut data = Aligned::<T>::gradient(bytes / size_of::<T>(), 1);
        let mut plain = Aligned::<f32>::gradient(bytes / 4, 2);
        let mut grads = [Tensor::weight(&mut data)];
        observe(&mut grads).expect("finite");
        let (mut ours, mut theirs) = (2.0, 2.0_f32);
        let work = || {
            Scale::new(ours).decide(&mut grads).expect("in range");
            apply(&mut grads).expect("in range");
            ours = 1.0 / ours;
        };
        duel(work, || {
            native.scale(&mut plain, theirs);
            theirs = 1.0 / theirs;
        })
    });
}

fn apply_rows(table: &mut Table, native: &Native) {
    use Target::{AtLeast, Open};
    apply_row::<f32>(table, native, 16 * KIB, Open);
    apply_row::<f32>(table, native, 256 * KIB, AtLeast(0.85));
    apply_row::<f32>(table, native, 128 * MIB, AtLeast(0.95));
    for bytes in [256 * KIB, 128 * MIB] {
        apply_row::<f16>(table, native, bytes, Open);
        apply_row::<bf16>(table, native, bytes, Open);
        apply_row::<f64>(table, native, bytes, Open);
    }
}

/// The main job beside the optimizer alone.
fn step_row(table: &mut Table, native: &Native, shape: Shape, target: Target) {
    let name = format!("observe + StableGrad + AdamW {}", shape.name);
    table.row(&name, 1.0, target, || {
        let (mut ours, mut theirs) = (work::layers(shape), work::layers(shape));
        let (mut grads, mut slots) = work::views(&mut ours);
        let mut state = StepState { steps: 100_000 };
        duel(
            || work::step(&mut state, &mut grads, &mut slots),
            || work::adamw_all(native, &mut theirs, &Factors::SETTLED),
        )
    });
}

/// A global clip decided but not written, beside reading the gradients.
fn clip_row(table: &mut Table, shape: Shape, target: Target) {
    let name = format!("observe + global clip {}", shape.name);
    table.row(&name, 1.0, target, || {
        let (mut ours, theirs) = (work::layers(shape), work::layers(shape));
        let (mut grads, _) = work::views(&mut ours);
        duel(
            || work::clip(&mut grads),
            || theirs.iter().for_each(|layer| read(&layer.gradient)),
        )
    });
}

/// GradientStabilizer, read and write, beside reading and scaling in plain loops. Gradients of norm 1
/// stay so: others would shrink from call to call until nothing is left to write.
fn stabilizer_row(table: &mut Table, native: &Native, shape: Shape) {
    let name = format!("GradientStabilizer {}", shape.name);
    table.row(&name, 1.0, Target::OpenTime, || {
        let (mut ours, mut theirs) = (work::layers(shape), work::layers(shape));
        ours.iter_mut().for_each(Layer::normalize);
        let (mut grads, _) = work::views(&mut ours);
        let mut states = vec![NormState::default(); shape.tensors];
        let work = || {
            observe(&mut grads).expect("finite");
            let method = GradientStabilizer::default();
            method.decide(&mut states, &mut grads).expect("states");
            apply(&mut grads).expect("in range");
        };
        let outcome = duel(work, || {
            for layer in &mut theirs {
                read(&layer.gradient);
                native.scale(&mut layer.gradient, 1.0);
            }
        });
        assert!(states.iter().all(|state| state.skipped == 0));
        outcome
    });
}

/// What it costs to look at the floating-point mode, and at the flags afterwards, around a call that does little.
fn mode_row(table: &mut Table) {
    const NAME: &str = "floating-point mode of a call";
    const MOST: f64 = 10e-9;
    if !table.wants(NAME) {
        return;
    }
    let call = || _ = black_box(black_box(0.3) * black_box(0.7));
    let outcome = duel(|| in_default_mode(call), call);
    let (with, without) = (outcome.work, outcome.ceiling);
    let hit = with - without < MOST;
    table.misses += usize::from(!hit);
    println!(
        "| {NAME} | {:.1} ns | {:.1} ns | {:.1} ns more | < {:.0} ns more | {} |",
        with * 1e9,
        without * 1e9,
        (with - without) * 1e9,
        MOST * 1e9,
        if hit { "hit" } else { "MISS" }
    );
}

/// Two threads beside one, and what the machine's plain read gains from its second core.
#[cfg(feature = "rayon")]
fn thread_rows(table: &mut Table) {
    use std::cell::RefCell;

    use common::duel::duel_prepared;

    let bytes = 256 * MIB;
    if !table.wants("threads") {
        return;
    }
    let data = Aligned::<f32>::gradient(bytes / 4, 2);
    let (left, right) = data.split_at(data.len() / 2);
    let both = || {
        std::thread::scope(|scope| {
            scope.spawn(|| read(left));
            read(right);
        })
    };
    let gain = duel(both, || read(&data));
    println!(
        "| plain read on 2 threads | {} | {} | {:.2} ({:.2}) | | |",
        time(gain.work),
        time(gain.ceiling),
        gain.median,
        gain.speed()
    );
    let mut copy = Aligned::<f32>::gradient(bytes / 4, 1);
    let grads = RefCell::new([Tensor::weight(&mut copy)]);
    let pass = || observe(&mut *grads.borrow_mut()).expect("finite");
    let prepare = |several| {
        let threads = if several { 2 } else { 1 };
        trimtab::set_threads(threads).expect("threads");
    };
    let target = Target::AtLeast(0.9 * gain.median);
    table.row(
        "observe f32 256 MiB on 2 threads over 1",
        1.0,
        target,
        || duel_prepared(prepare, pass, pass),
    );
    trimtab::set_threads(1).expect("one thread");
}

/// Without the feature there is one thread.
#[cfg(not(feature = "rayon"))]
fn thread_rows(table: &mut Table) {
    if table.wants("threads") {
        println!("| threads | not built: --features rayon | | | | |");
    }
}

fn main() {
    let native = Native::build();
    right::check_all(&native);
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    arguments.retain(|argument| !argument.starts_with("--"));
    let mut table = Table::new(arguments);
    observe_rows(&mut table);
    observe_avx2_rows(&mut table);
    apply_rows(&mut table, &native);
    step_row(&mut table, &native, PINN, Target::AtMost(1.5));
    step_row(&mut table, &native, HUGE, Target::AtMost(1.25));
    step_row(&mut table, &native, MANY, Target::OpenTime);
    step_row(&mut table, &native, work::LARGE, Target::OpenTime);
    clip_row(&mut table, MANY, Target::AtMost(2.5));
    stabilizer_row(&mut table, &native, PINN);
    mode_row(&mut table);
    thread_rows(&mut table);
    println!("\n{} missed", table.misses);
}
