//! The write pass for every dtype, beside a plain copy and a scale loop in C over as many bytes:
//! `cargo bench --bench apply`.

mod common;

use common::data::{Aligned, Named};
use common::measure::{SIZES, group, run, wanted};
use common::native::Native;
use common::right;
use criterion::Criterion;
use trimtab::{Scale, Tensor, apply, bf16, f16, observe};

fn ceilings(criterion: &mut Criterion, native: &Native, size: (&str, usize)) {
    let mut data = Aligned::<f32>::gradient(size.1 / 4, 1);
    let mut group = group(criterion, &format!("apply {}", size.0), size.1);
    let mut factor = 2.0;
    group.bench_function("scale in C", |bencher| {
        bencher.iter(|| {
            native.scale(&mut data, factor);
            factor = 1.0 / factor;
        })
    });
    let mut copy = Aligned::<f32>::zeros(size.1 / 4);
    group.bench_function("copy", |bencher| {
        bencher.iter(|| copy.copy_from_slice(&data))
    });
}

/// Scaling by 2 and by 1/2 in turns, so that nothing drifts.
fn apply_size<T: Named>(criterion: &mut Criterion, size: (&str, usize)) {
    let mut data = Aligned::<T>::gradient(size.1 / size_of::<T>(), 1);
    let mut grads = [Tensor::weight(&mut data)];
    observe(&mut grads).expect("finite");
    let mut factor = 2.0;
    let mut group = group(criterion, &format!("apply {}", size.0), size.1);
    group.bench_function(T::NAME, |bencher| {
        bencher.iter(|| {
            Scale::new(factor).decide(&mut grads).expect("in range");
            apply(&mut grads).expect("in range");
            factor = 1.0 / factor;
        })
    });
}

fn main() {
    right::check_apply::<f32>();
    right::check_apply::<f16>();
    right::check_apply::<bf16>();
    right::check_apply::<f64>();
    if !wanted() {
        return;
    }
    let native = Native::build();
    right::check_native(&native);
    run(|criterion| {
        for size in SIZES {
            ceilings(criterion, &native, size);
            apply_size::<f32>(criterion, size);
            apply_size::<f16>(criterion, size);
            apply_size::<bf16>(criterion, size);
            apply_size::<f64>(criterion, size);
        }
    });
}
