//! Nanoseconds an element of every pass: operation, element type and instruction set. The program is built three times,
//! and `benches/downstream/run.sh` prints the three side by side: as a bench of this workspace, as a crate that depends on
//! trimtab with the profile that cargo gives it, and as such a crate without `std`.
//!
//! A time is that of the fastest call, which other work on the machine disturbs least. Without `--bench` (as
//! `cargo test --benches` runs it) there is one call each.

use std::time::{Duration, Instant};

use trimtab::{
    Adam, Buffer, Centralize, Element, Error, Level, Parameter, Scale, Sgd, Slot, StepState,
    Tensor, apply, apply_into, bf16, f16, observe,
};

/// 256 KiB a buffer of f32, four buffers in Adam: within the second-level cache of a server's core.
const ELEMENTS: usize = 65_536;

/// The largest time for one figure; there are at least `LEAST_CALLS` calls.
const MOST_TIME: Duration = Duration::from_millis(60);
const LEAST_CALLS: usize = 5;

/// A type of elements, made from f32.
trait Number: Element {
    fn of(x: f32) -> Self;
}

macro_rules! numbers {
    ($($type:ty: $of:expr;)*) => {
        $(impl Number for $type {
            fn of(x: f32) -> Self {
                $of(x)
            }
        })*
    };
}

numbers! {
    f32: |x| x;
    f64: f64::from;
    f16: f16::from_f32;
    bf16: bf16::from_f32;
}

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

fn timed(work: impl FnOnce() -> Result<(), Error>) -> Result<Duration, Error> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

/// Values of changing sign and size, none of them subnormal, with ordinary squares.
fn values<T: Number>() -> Vec<T> {
    let value = |index: usize| T::of(((index * 7919 % 2003) as f32 - 1001.5) * 1e-3);
    (0..ELEMENTS).map(value).collect()
}

fn read<T: Number>() -> Result<f64, Error> {
    let mut g = values::<T>();
    let mut grads = [Tensor::weight(&mut g)];
    fastest(|| timed(|| observe(&mut grads)))
}

/// A plain scaling in place, by 2 and by 1/2 in turns, so that nothing drifts.
fn in_place<T: Number>() -> Result<f64, Error> {
    let (mut g, mut factor) = (values::<T>(), 2.0);
    fastest(|| {
        let mut grads = [Tensor::weight(&mut g)];
        observe(&mut grads)?;
        Scale::new(factor).decide(&mut grads)?;
        factor = 1.0 / factor;
        timed(|| apply(&mut grads))
    })
}

/// A scaling into another buffer, after the mean was subtracted or not.
fn into<T: Number>(centred: bool) -> Result<f64, Error> {
    let (mut g, mut result) = (values::<T>(), values::<T>());
    let mut grads = [Tensor::weight(&mut g)];
    observe(&mut grads)?;
    if centred {
        Centralize::default().decide(&mut grads)?;
    }
    Scale::new(0.3).decide(&mut grads)?;
    fastest(|| timed(|| apply_into(&grads, &mut [Buffer::from(&mut result[..])])))
}

/// AdamW on parameters of type P, behind a scaling.
fn adam<T: Number, P: Number + Parameter>() -> Result<f64, Error> {
    let (mut g, mut w) = (values::<T>(), values::<P>());
    let (mut m, mut v) = (vec![P::of(0.0); ELEMENTS], vec![P::of(0.0); ELEMENTS]);
    let adam = Adam::new(1e-3).with_weight_decay(0.01);
    let mut steps = StepState::default();
    fastest(|| {
        let mut grads = [Tensor::weight(&mut g)];
        observe(&mut grads)?;
        Scale::new(0.3).decide(&mut grads)?;
        let mut slots = [Slot::adam(&mut w, &mut m, &mut v)];
        timed(|| adam.step(&mut steps, &mut grads, &mut slots))
    })
}

/// SGD on parameters of type P, behind a scaling.
fn sgd<T: Number, P: Number + Parameter>(momentum: f64) -> Result<f64, Error> {
    let (mut g, mut w, mut buffer) = (values::<T>(), values::<P>(), values::<P>());
    let sgd = Sgd::new(1e-3).with_momentum(momentum);
    let mut steps = StepState::default();
    fastest(|| {
        let mut grads = [Tensor::weight(&mut g)];
        observe(&mut grads)?;
        Scale::new(0.3).decide(&mut grads)?;
        let mut slots = [Slot::momentum(&mut w, &mut buffer)];
        timed(|| sgd.step(&mut steps, &mut grads, &mut slots))
    })
}

/// Every pass over gradients of type T, with parameters of type P.
fn passes<T: Number, P: Number + Parameter>(level: Level, types: &str) -> Result<(), Error> {
    let line = |name: &str, ns: f64| println!("{} {name} {types} {ns:.4}", level.name());
    line("observe", read::<T>()?);
    line("apply", in_place::<T>()?);
    line("apply_into", into::<T>(false)?);
    line("apply_into-centred", into::<T>(true)?);
    line("sgd", sgd::<T, P>(0.0)?);
    line("sgd-momentum", sgd::<T, P>(0.9)?);
    line("adamw", adam::<T, P>()?);
    Ok(())
}

fn main() -> Result<(), Error> {
    for level in Level::available() {
        level.force();
        passes::<f32, f32>(level, "f32")?;
        passes::<f16, f32>(level, "f16")?;
        passes::<bf16, f32>(level, "bf16")?;
        passes::<f64, f64>(level, "f64")?;
    }
    Ok(())
}
