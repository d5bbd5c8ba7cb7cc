//! The read pass for every dtype, beside a plain read of as many bytes: `cargo bench --bench observe`.

mod common;

use common::data::{Aligned, Named};
use common::measure::{SIZES, group, run};
use common::{read::read, right};
use criterion::Criterion;
use trimtab::{Level, Tensor, bf16, f16, observe};

fn observe_size<T: Named>(criterion: &mut Criterion, level: &str, size: (&str, usize)) {
    let mut data = Aligned::<T>::gradient(size.1 / size_of::<T>(), 1);
    let mut group = group(criterion, &format!("observe {}", size.0), size.1);
    if T::NAME == "f32" {
        group.bench_function("plain read", |bencher| bencher.iter(|| read(&data)));
    }
    let mut grads = [Tensor::weight(&mut data)];
    group.bench_function(format!("{} {level}", T::NAME), |bencher| {
        bencher.iter(|| observe(&mut grads).expect("finite"))
    });
}

fn main() {
    right::check_observe::<f32>();
    right::check_observe::<f16>();
    right::check_observe::<bf16>();
    right::check_observe::<f64>();
    run(|criterion| {
        let level = Level::current().expect("a level").name();
        for size in SIZES {
            observe_size::<f32>(criterion, level, size);
            observe_size::<f16>(criterion, level, size);
            observe_size::<bf16>(criterion, level, size);
            observe_size::<f64>(criterion, level, size);
        }
    });
}
