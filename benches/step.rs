//! The main job, observe + StableGrad + AdamW, and a global clip, over whole networks, beside the
//! plain optimizer and a plain read: `cargo bench --bench step`.

mod common;

use common::measure::{group, run, wanted};
use common::native::{Factors, Native};
use common::read::read;
use common::right;
use common::work::{self, HUGE, LARGE, MANY, PINN, Shape};
use criterion::Criterion;
use trimtab::StepState;

/// Gradient, parameter and two moments are read, all but the gradient written.
const BYTES: usize = 4 * (4 + 3);

fn steps(criterion: &mut Criterion, native: &Native, shape: Shape) {
    let mut layers = work::layers(shape);
    let bytes = shape.tensors * shape.len * BYTES;
    let mut group = group(criterion, &format!("step {}", shape.name), bytes);
    group.bench_function("plain AdamW in C", |bencher| {
        bencher.iter(|| work::adamw_all(native, &mut layers, &Factors::SETTLED))
    });
    let (mut grads, mut slots) = work::views(&mut layers);
    let mut state = StepState { steps: 100_000 };
    group.bench_function("observe, StableGrad, AdamW", |bencher| {
        bencher.iter(|| work::step(&mut state, &mut grads, &mut slots))
    });
}

fn clips(criterion: &mut Criterion, shape: Shape) {
    let mut layers = work::layers(shape);
    let bytes = shape.tensors * shape.len * 4;
    let mut group = group(criterion, &format!("clip {}", shape.name), bytes);
    group.bench_function("plain read", |bencher| {
        bencher.iter(|| layers.iter().for_each(|layer| read(&layer.gradient)))
    });
    let (mut grads, _) = work::views(&mut layers);
    group.bench_function("observe, global clip", |bencher| {
        bencher.iter(|| work::clip(&mut grads))
    });
}

fn main() {
    right::check_step();
    if !wanted() {
        return;
    }
    let native = Native::build();
    right::check_native(&native);
    run(|criterion| {
        for shape in [PINN, MANY, LARGE, HUGE] {
            steps(criterion, &native, shape);
            clips(criterion, shape);
        }
    });
}
