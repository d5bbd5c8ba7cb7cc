//! Nanoseconds an element of the writes, f32 in the cache, with every instruction set of this processor. The program
//! is built three times, and `benches/downstream/run.sh` prints the three side by side: as a bench of this workspace,
//! as a crate that depends on trimtab with the profile that cargo gives it, and as such a crate without `std`.
//!
//! A time is that of the fastest call, which other work on the machine disturbs least. Without `--bench` (as
//! `cargo test --benches` runs it) there is one call each.

// So a struct that may get more fields is set up in a crate that depends on this one.
#![allow(clippy::field_reassign_with_default)]

use std::time::{Duration, Instant};

use trimtab::{
    Adam, Buffer, Error, Level, Scale, Sgd, Slot, StepState, Tensor, apply, apply_into, observe,
};

/// 256 KiB a buffer, four buffers in Adam: within the second-level cache of a server's core.
const ELEMENTS: usize = 65_536;

/// The largest time for one figure; there are at least `LEAST_CALLS` calls.
const MOST_TIME: Duration = Duration::from_millis(150);
const LEAST_CALLS: usize = 5;

/// One call of `operation` after another, of which the part that it times itself counts.
fn fastest(mut operation: impl FnMut() -> Result<Duration, Error>) -> Result<f64, Error> {
    let mut best = operation()?;
    if std::env::args().any(|argument| argument == "--bench") {
        let start = Instant::now();
        let mut calls = 0;
        while calls < LEAST_CALLS || start.elapsed() < MOST_TIME {
            best = best.min(operation()?);
            calls += 1;
        }
    }
    Ok(best.as_secs_f64() * 1e9 / ELEMENTS as f64)
}

/// Values of changing sign and size, none of them subnormal, with ordinary squares.
fn gradient() -> Vec<f32> {
    (0..ELEMENTS)
        .map(|index| ((index * 7919 % 2003) as f32 - 1001.5) * 1e-4)
        .collect()
}

fn adam() -> Result<f64, Error> {
    let (mut g, mut w) = (gradient(), gradient());
    let (mut m, mut v) = (vec![0.0_f32; ELEMENTS], vec![0.0_f32; ELEMENTS]);
    let mut config = Adam::default();
    config.weight_decay = 0.01;
    let mut steps = StepState::default();
    fastest(|| {
        let mut grads = [Tensor::weight(&mut g)];
        observe(&mut grads)?;
        let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
        let start = Instant::now();
        config.step(&mut steps, &mut grads, &mut slots)?;
        Ok(start.elapsed())
    })
}

fn sgd() -> Result<f64, Error> {
    let (mut g, mut w, mut buffer) = (gradient(), gradient(), vec![0.0_f32; ELEMENTS]);
    let mut config = Sgd::default();
    config.momentum = 0.9;
    let mut steps = StepState::default();
    fastest(|| {
        let mut grads = [Tensor::weight(&mut g)];
        observe(&mut grads)?;
        let mut slots = [Slot::momentum(&mut w, &mut buffer)];
        let start = Instant::now();
        config.step(&mut steps, &mut grads, &mut slots)?;
        Ok(start.elapsed())
    })
}

/// A plain scaling in place, by 2 and by 1/2 in turns, so that nothing drifts.
fn in_place() -> Result<f64, Error> {
    let mut g = gradient();
    let mut factor = 2.0;
    fastest(|| {
        let mut grads = [Tensor::weight(&mut g)];
        observe(&mut grads)?;
        Scale::new(factor).decide(&mut grads)?;
        factor = 1.0 / factor;
        let start = Instant::now();
        apply(&mut grads)?;
        Ok(start.elapsed())
    })
}

/// A plain scaling into another buffer.
fn into() -> Result<f64, Error> {
    let (mut g, mut result) = (gradient(), vec![0.0_f32; ELEMENTS]);
    let mut grads = [Tensor::weight(&mut g)];
    observe(&mut grads)?;
    Scale::new(0.3).decide(&mut grads)?;
    fastest(|| {
        let start = Instant::now();
        apply_into(&grads, &mut [Buffer::from(&mut result[..])])?;
        Ok(start.elapsed())
    })
}

/// What is measured, by name.
type Operation = (&'static str, fn() -> Result<f64, Error>);

fn main() -> Result<(), Error> {
    let operations: [Operation; 4] = [
        ("adam", adam),
        ("sgd", sgd),
        ("apply", in_place),
        ("apply_into", into),
    ];
    for level in Level::available() {
        level.force();
        for (name, operation) in operations {
            println!("{} {name} {:.4}", level.name(), operation()?);
        }
    }
    Ok(())
}
