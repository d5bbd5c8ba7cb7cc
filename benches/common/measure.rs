//! How the criterion benches are set up.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};

/// Whether to measure: `cargo bench` says so, `cargo test` wants to know only that the checks hold.
pub fn wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Runs the benches in `body`, if they are wanted at all.
pub fn run(body: impl FnOnce(&mut Criterion)) {
    if wanted() {
        let mut criterion = Criterion::default().configure_from_args();
        body(&mut criterion);
        criterion.final_summary();
    }
}

/// A group whose elements move `bytes` each time.
pub fn group<'c>(
    criterion: &'c mut Criterion,
    name: &str,
    bytes: usize,
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .throughput(Throughput::Bytes(bytes as u64))
        .sampling_mode(SamplingMode::Flat)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    group
}

/// From one layer of a PINN to beyond every cache, in bytes.
pub const SIZES: [(&str, usize); 5] = [
    ("16 KiB", 16 << 10),
    ("256 KiB", 256 << 10),
    ("4 MiB", 4 << 20),
    ("32 MiB", 32 << 20),
    ("256 MiB", 256 << 20),
];
