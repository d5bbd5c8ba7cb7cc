//! The program as a user runs it, on networks so small that it takes a moment.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const METHODS: [&str; 10] = [
    "none",
    "stable-grad",
    "gradient-stabilizer",
    "autoscale",
    "znorm",
    "clip-norm",
    "agc",
    "zclip",
    "clip-value",
    "centralize",
];

fn command(folder: &Path, options: &str) -> Command {
    let small = "--depth 3 --width 8 --steps 30 --records 10 --interior-points 40 --boundary-points 20 --grid 9";
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinn"));
    command
        .args(small.split_whitespace())
        .args(options.split_whitespace());
    command.arg("--out").arg(folder);
    command
}

/// Without pictures, which take most of the time of so small a run.
fn pinn(folder: &Path, options: &str) -> Output {
    command(folder, options)
        .arg("--no-pictures")
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn report(folder: &Path, options: &str) -> Value {
    let output = pinn(folder, options);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file = fs::read_to_string(folder.join("report.json")).expect("a report was written");
    serde_json::from_str(&file).expect("the report is JSON")
}

fn every_method() -> String {
    METHODS.map(|method| format!("--method {method}")).join(" ")
}

fn runs(report: &Value) -> &Vec<Value> {
    report["runs"].as_array().expect("a list of runs")
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|x| x.as_f64().expect("a number"))
        .collect()
}

#[test]
fn every_method_on_every_problem_leaves_a_report() {
    for problem in ["poisson", "helmholtz", "burgers"] {
        let folder = tempfile::tempdir().expect("a folder");
        let report = report(
            folder.path(),
            &format!("--problem {problem} {}", every_method()),
        );
        let names: Vec<_> = runs(&report)
            .iter()
            .map(|run| run["method"].as_str().unwrap_or(""))
            .collect();
        // Options that the command line fills in are told.
        let told = METHODS.map(|method| match method {
            "stable-grad" => "stable-grad(reference=prediction)",
            "clip-norm" => "clip-norm(max-norm=1)",
            other => other,
        });
        assert_eq!(names, told);
        for run in runs(&report) {
            assert_eq!(
                (run["status"].as_str(), run["steps"].as_u64()),
                (Some("finished"), Some(30))
            );
            let (loss, share) = (run["final_loss"].as_f64(), run["trimtab_share"].as_f64());
            assert!(loss.is_some_and(f64::is_finite) && share.is_some_and(|s| s > 0.0 && s < 1.0));
            let history = &run["history"];
            for curve in ["steps", "loss", "error", "scale_before", "scale_after"] {
                assert_eq!(history[curve].as_array().map(Vec::len), Some(10), "{curve}");
            }
        }
    }
}

#[test]
fn methods_in_a_row_decide_one_after_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let methods = "--method centralize+stable-grad(reference=0.5) --method stable-grad+clip-value(limit=1e-30)";
    let report = report(folder.path(), methods);
    let rows = runs(&report)[0]["history"]["scale_after"]
        .as_array()
        .expect("rows")
        .clone();
    for row in rows.iter().map(numbers) {
        assert!(
            row.iter().all(|std| (std / 0.5 - 1.0).abs() < 1e-9),
            "{row:?}"
        );
    }
    let names = runs(&report)
        .iter()
        .map(|run| run["method"].as_str().unwrap_or(""));
    let expected = [
        "centralize + stable-grad(reference=0.5)",
        "stable-grad(reference=prediction) + clip-value(limit=0.000000000000000000000000000001)",
    ];
    assert!(names.eq(expected));
}

/// Five methods, so that the predictions need a second row, one of which diverges at once.
#[test]
fn pictures_are_drawn_whatever_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let methods = "--method none --method znorm --method agc --method zclip --method clip-norm(max-norm=1e-9)";
    let options = format!("--optimizer sgd --lr 1e6 {methods}");
    let output = command(folder.path(), &options)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    for picture in ["curves.png", "solution.png", "scales.png"] {
        let bytes = fs::read(folder.path().join(picture)).expect("the picture was written");
        assert!(bytes.starts_with(b"\x89PNG\r\n"), "{picture} is no PNG");
    }
}

#[test]
fn scales_in_the_report_are_what_the_methods_promise() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = report(folder.path(), &every_method());
    let rows = |method: usize, when: &str| {
        let rows = runs(&report)[method]["history"][when]
            .as_array()
            .expect("rows")
            .clone();
        rows.iter().map(numbers).collect::<Vec<_>>()
    };
    assert_eq!(
        rows(0, "scale_before"),
        rows(0, "scale_after"),
        "the optimizer alone changes nothing"
    );
    for row in rows(1, "scale_after") {
        assert_eq!(row.len(), 4);
        let equal = row.iter().all(|std| (std / row[0] - 1.0).abs() < 1e-9);
        assert!(
            equal,
            "StableGrad gives every layer the same scale: {row:?}"
        );
    }
    for row in rows(4, "scale_after") {
        // Z-norm divides by std + 1e-8; no gradient here is as small as 1e-4.
        assert!(
            row.iter().all(|std| (std - 1.0).abs() < 1e-4),
            "Z-norm gives every layer 1: {row:?}"
        );
    }
}

#[test]
fn training_with_each_optimizer_lowers_the_loss() {
    for optimizer in [
        "--optimizer sgd(momentum=0.9) --lr 1e-3",
        "--optimizer adam --lr 5e-3",
        "--optimizer adamw --lr 5e-3",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let options =
            format!("--problem burgers --init glorot --method none --steps 60 {optimizer}");
        let report = report(folder.path(), &options);
        let loss = numbers(&runs(&report)[0]["history"]["loss"]);
        assert!(loss[9] < 0.95 * loss[0], "{optimizer}: {loss:?}");
    }
}

#[test]
fn a_diverging_run_is_reported_and_stops_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = "--optimizer sgd --lr 1e6 --method none --method clip-norm(max-norm=1e-9)";
    let report = report(folder.path(), options);
    let [alone, clipped] = runs(&report).as_slice() else {
        panic!("two runs expected")
    };
    assert_eq!(alone["status"], "diverged");
    assert!(
        alone["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty())
    );
    assert!(alone["steps"].as_u64() < Some(30));
    assert_eq!(
        (&clipped["status"], &clipped["reason"]),
        (&Value::from("finished"), &Value::Null)
    );
    assert_eq!(clipped["steps"], 30);
}

#[test]
fn the_seed_decides_and_the_number_of_jobs_does_not() {
    let curves = |options: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let report = report(folder.path(), options);
        runs(&report)
            .iter()
            .map(|run| (run["final_loss"].clone(), run["history"].clone()))
            .collect::<Vec<_>>()
    };
    let first = curves("--seed 5 --jobs 1");
    assert_eq!(first, curves("--seed 5 --jobs 4"));
    assert_ne!(first, curves("--seed 6 --jobs 1"));
}

#[test]
fn new_points_change_the_run_after_the_first_step() {
    let loss = |options: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let report = report(folder.path(), &format!("--method none {options}"));
        numbers(&runs(&report)[0]["history"]["loss"])
    };
    let (fixed, drawn) = (loss("--resample 0"), loss("--resample 1"));
    assert_eq!(fixed[0], drawn[0]);
    assert_ne!(fixed[1], drawn[1]);
    assert_eq!(fixed, loss("--resample 1000"));
}

#[test]
fn impossible_options_are_refused_with_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let refusals = [
        ("--depth 0", "give a whole number from 1 to"),
        ("--lr -1", "give a finite number above 0"),
        ("--lr x", "invalid value 'x' for '--lr <LR>'"),
        (
            "--method magic",
            "unknown variant `magic`, expected one of `stable-grad`",
        ),
        (
            "--method agc(size=1)",
            "unknown field `size`, expected `clipping`",
        ),
        ("--problem poisson(a1=1)", "expected `mode` or `amplitude`"),
        (
            "--problem laplace",
            "expected one of `poisson`, `helmholtz`, `burgers`",
        ),
        (
            "--optimizer sgd(beta2=0.9)",
            "expected `momentum` or `weight-decay`",
        ),
        ("--spikes hail", "expected one of `none`, `batch`, `tensor`"),
        (
            "--reference last",
            "give prediction, derivatives, last-layer or a number above 0",
        ),
        ("--seed -1", "invalid value '-1' for '--seed <SEED>'"),
        ("--grid 1001", "from 2 to 1000"),
        (
            "--depth 1000 --width 4096",
            "choose a smaller depth or width",
        ),
    ];
    for (options, advice) in refusals {
        let output = pinn(folder.path(), options);
        let message = text(&output.stderr);
        assert!(
            !output.status.success() && message.contains(advice),
            "{options}: {message}"
        );
    }
}

#[test]
fn the_report_has_the_options_with_their_defaults() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = |options: &str| report(folder.path(), options)["configuration"].clone();
    let chosen = |options: &str, expected: Value| {
        let configuration = configuration(&format!("--method none {options}"));
        for (key, value) in expected.as_object().expect("keys") {
            assert_eq!(&configuration[key], value, "{options}: {key}");
        }
    };
    chosen(
        "",
        json!({"problem": "helmholtz", "optimizer": "adamw", "residual-scale": null, "depth": 3}),
    );
    chosen(
        "--problem burgers(viscosity=0.02) --optimizer sgd(momentum=0.9) --residual-scale 4",
        json!({"problem": "burgers(viscosity=0.02)", "optimizer": "sgd(momentum=0.9)", "residual-scale": 4.0}),
    );
    let balance =
        |options: &str| report(folder.path(), options)["balance"]["residual_scale"].as_f64();
    assert_eq!(balance("--method none"), Some(10.0));
    assert_eq!(balance("--method none --problem burgers"), Some(1.0));
    assert_eq!(balance("--method none --residual-scale 4"), Some(4.0));
}

#[test]
fn every_field_of_the_report_is_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = report(folder.path(), "--spikes batch(count=1)");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("studies/README.md");
    let page = fs::read_to_string(page).expect("the README of the studies");
    let (_, section) = page.split_once("### report.json").expect("its section");
    let run = &runs(&report)[0];
    for part in [&report, run, &run["history"], &run["spikes"][0]] {
        for field in part.as_object().expect("fields").keys() {
            assert!(section.contains(&format!("`{field}`")), "{field}");
        }
    }
}

#[test]
fn a_level_that_no_processor_has_is_refused_before_training() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command(folder.path(), "");
    let output = command.env("TRIMTAB_LEVEL", "foo").output();
    let output = output.expect("the program starts");
    let message = text(&output.stderr);
    assert!(!output.status.success());
    assert!(
        message.contains("TRIMTAB_LEVEL is 'foo'") && message.contains("scalar"),
        "{message}"
    );
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

#[test]
fn files_that_cannot_be_written_are_found_before_training() {
    for name in ["report.json", "curves.png"] {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = folder.path().join(name);
        fs::create_dir(&taken).expect("a folder of that name");
        let output = command(folder.path(), "").output();
        let output = output.expect("the program starts");
        let message = text(&output.stderr);
        assert!(!output.status.success());
        assert!(
            message.contains(&format!("cannot write {}: ", taken.display()))
                && message.contains("name another folder with --out"),
            "{message}"
        );
        assert!(output.stdout.is_empty(), "nothing was trained");
    }
}

#[test]
fn an_output_folder_that_cannot_be_made_is_found_before_training() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("taken");
    fs::write(&file, "").expect("a file");
    let output = pinn(&file.join("below"), "");
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("--out"),
        "{}",
        text(&output.stderr)
    );
    assert!(
        !text(&output.stdout).contains("method"),
        "nothing was trained"
    );
}
