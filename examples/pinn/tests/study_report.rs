//! The report on runs that were made by hand: what it says must be what mathematics says.

use pinn::setup::Setup;
use pinn::study::file::Study;
use pinn::study::record::{Curve, Record, Rounded, Scales};
use pinn::study::report;

const HEAD: &str = "title = 'By hand'\n[base]\nseed = [0, 1, 2, 3, 4]\n";

fn record(setup: &Setup, error: f64, trimtab_us: f64) -> Record {
    let numbers = |n: usize| vec![Rounded::of(0.5); n];
    Record {
        setup: setup.clone(),
        steps: setup.steps,
        diverged: error.is_infinite().then(|| "the loss is inf".to_owned()),
        loss: Rounded::of(1.0),
        error: Rounded::of(error),
        best_error: Rounded::of(error),
        network_us: Rounded::of(100.0 - trimtab_us),
        trimtab_us: Rounded::of(trimtab_us),
        skipped: 0,
        spikes: Vec::new(),
        curve: Curve {
            every: 100,
            loss: numbers(3),
            error: numbers(3),
        },
        scales: vec![Scales {
            step: 0,
            before: numbers(3),
            after: numbers(3),
        }],
    }
}

/// The report on a study whose runs have the errors and times that `result` gives.
fn report(text: &str, result: impl Fn(&Setup) -> Option<(f64, f64)>) -> String {
    let study = Study::parse(text).expect("a valid study");
    let told = |setup: &Setup| result(setup).map(|(error, time)| record(setup, error, time));
    let records: Vec<Record> = study.setups.iter().filter_map(told).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let files = report::write(&study, &records, folder.path()).expect("a report");
    assert!(files.iter().all(|file| file.exists()));
    std::fs::read_to_string(folder.path().join("report.md")).expect("a report")
}

fn assert_lines(report: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            report.lines().any(|other| other == *line),
            "no line\n{line}\nin\n{report}"
        );
    }
}

const INF: f64 = f64::INFINITY;

#[test]
fn medians_quartiles_and_diverged_runs_are_counted_right() {
    let errors = |setup: &Setup| match (setup.method.links.len(), setup.depth) {
        (0, 4) => [0.5, 0.1, 0.4, 0.2, 0.3],
        (0, _) => [INF, 0.2, 0.1, INF, 2.0],
        (_, 4) => [0.05, 0.01, 0.04, 0.02, 0.03],
        (_, _) => [INF, INF, 0.1, INF, 1.0],
    };
    let file = format!(
        "{HEAD}[[grid]]\ndepth = [4, 8]\nmethod = ['none', 'agc']\n[report]\ncolumns = 'depth'\n"
    );
    let report = report(&file, |setup| {
        // Trimtab's time of AGC is 3 of 100 us at depth 4 and 5 at depth 8, that of the optimizer alone 1 of 100.
        let time = if setup.method.links.is_empty() {
            1.0
        } else {
            setup.depth as f64 / 2.0 + 1.0
        };
        Some((errors(setup)[setup.seed as usize], time))
    });
    assert_lines(
        &report,
        &[
            "| depth | 4 | 8 |",
            "| optimizer alone | 0.300 (0.200–0.400) | **2.00** (0.200–∞) †2 |",
            "| AGC | **0.0300** (0.0200–0.0400) | ∞ (1.00–∞) †3 |",
            // The median over ten runs is between 3 and 5; over the two depths, (2 % + 4 %)/2 longer.
            "| AGC | 100 | 4.00 | 4.00 % | 3.00 % |",
            "| optimizer alone | 10 | 2 | 1 |",
            "| AGC | 10 | 3 | 1 |",
        ],
    );
}

#[test]
fn a_part_of_a_study_is_reported_as_a_part() {
    let file = format!(
        "{HEAD}[[grid]]\ndepth = [4, 8]\nmethod = ['none', 'agc']\n[report]\ncolumns = 'depth'\n"
    );
    let report = report(&file, |setup| {
        (setup.seed < 2 && setup.depth == 4).then_some((setup.seed as f64 + 1.0, 1.0))
    });
    assert_lines(
        &report,
        &[
            "4 of 20 runs are finished; this report is on those.",
            "| AGC | **1.50** (1.25–1.75) |",
        ],
    );
}

#[test]
fn the_usable_range_is_measured_between_crossings() {
    let file = format!(
        "{HEAD}[[grid]]\nlr = [1e-3, 1e-2, 1e-1]\nmethod = ['none', 'agc']\n[report]\ncolumns = 'lr'\n"
    );
    let report = report(&file, |setup| {
        // Alone: 8 times worse on both sides, so that the factor of 2 is crossed after a third of a decade. AGC: 4 times
        // the optimum of the optimizer alone, and flat.
        let best = (setup.lr - 1e-2).abs() < 1e-9;
        Some((
            if setup.method.links.is_empty() {
                if best { 0.01 } else { 0.08 }
            } else {
                0.04
            },
            1.0,
        ))
    });
    assert_lines(
        &report,
        &[
            "| optimizer alone | 0.01 | 0.0100 | 0.7 | 0.7 |",
            "| AGC | 0.001 | 0.0400 | ≥ 2.0 | 0.0 |",
        ],
    );
}

#[test]
fn recovery_counts_spikes_of_all_seeds() {
    let file = format!(
        "{HEAD}[[grid]]\nspikes = ['none', 'batch']\nmethod = ['none']\n[report]\ncolumns = 'spikes'\n"
    );
    let study = Study::parse(&file).expect("a valid study");
    let spike = |steps: Option<usize>| {
        let text = serde_json::json!({"step": 10, "factor": 100.0, "tensor": null, "steps": steps});
        serde_json::from_value(text).expect("a recovery")
    };
    let records: Vec<Record> = study
        .setups
        .iter()
        .map(|setup| {
            let mut record = record(setup, 0.1, 1.0);
            if setup.spikes.to_string() == "batch" {
                record.spikes = vec![
                    spike(Some(2 * setup.seed as usize)),
                    spike(if setup.seed == 0 { None } else { Some(5) }),
                ];
            }
            record
        })
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    report::write(&study, &records, folder.path()).expect("a report");
    let report = std::fs::read_to_string(folder.path().join("report.md")).expect("a report");
    // Sorted: 0 2 4 5 5 5 5 6 8 ∞. Median 5; quartiles at places 2.25 and 6.75: 4.25 and 5.75.
    assert_lines(&report, &["| optimizer alone | 5 (4–6), 10 % not |"]);
}
