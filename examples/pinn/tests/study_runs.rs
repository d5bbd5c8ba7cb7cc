//! `pinn study` as a user runs it: begun, killed, resumed, refused.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Twelve runs of a moment each.
const SMALL: &str = "title = 'Small'\nabout = 'A question.'\n[report]\ncolumns = 'depth'\n\
    [base]\nseed = [0, 1, 2]\nwidth = 6\ninterior-points = 30\nboundary-points = 10\ntest-grid = 9\nsteps = 40\n\
    [[grid]]\ndepth = [2, 3]\nmethod = ['none', 'stable-grad + clip-norm']\n";

fn command(file: &Path, options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinn"));
    command
        .arg("study")
        .arg(file)
        .args(options.split_whitespace());
    command
}

fn study(file: &Path, options: &str) -> Output {
    command(file, options).output().expect("the program starts")
}

fn succeed(file: &Path, options: &str) -> String {
    let output = study(file, options);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn write(folder: &Path, content: &str) -> std::path::PathBuf {
    let file = folder.join("small.toml");
    fs::write(&file, content).expect("a study file");
    file
}

fn lines(folder: &Path) -> Vec<String> {
    let runs = fs::read_to_string(folder.join("small/runs.jsonl")).unwrap_or_default();
    runs.lines().map(str::to_owned).collect()
}

/// Stored runs by setup, without what depends on the clock.
fn results(folder: &Path) -> BTreeMap<String, Value> {
    let timeless = |line: &String| {
        let mut run: Value = serde_json::from_str(line).expect("a line is JSON");
        let fields = run.as_object_mut().expect("with fields");
        for clock in ["network-us", "trimtab-us"] {
            assert!(
                fields
                    .remove(clock)
                    .is_some_and(|time| time.as_f64() > Some(0.0))
            );
        }
        (fields["setup"].to_string(), run)
    };
    lines(folder).iter().map(timeless).collect()
}

#[test]
fn a_study_runs_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), SMALL);
    let said = succeed(&file, "");
    let report = format!(
        "report: python examples/report/report.py {}",
        folder.path().join("small").display()
    );
    assert!(
        said.contains("12 runs: 0 stored, 12 to go") && said.contains(&report),
        "{said}"
    );
    assert_eq!(lines(folder.path()).len(), 12);
    let before = lines(folder.path());
    assert!(succeed(&file, "").contains("12 runs: 12 stored, 0 to go"));
    assert_eq!(lines(folder.path()), before);
}

#[test]
fn a_killed_study_resumes_and_ends_with_the_same_results() {
    let (whole, killed) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let content = SMALL.replace("steps = 40", "steps = 150");
    let file = write(whole.path(), &content);
    succeed(&file, "");
    let file = write(killed.path(), &content);
    let mut child = command(&file, "--jobs 1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    while lines(killed.path()).len() < 3 {
        let ended = child.try_wait().expect("its state");
        assert!(ended.is_none(), "it ended before three runs were stored");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    let stored = lines(killed.path()).len();
    assert!(stored < 12, "killed too late");
    let said = succeed(&file, "");
    assert!(
        said.contains(" to go") && !said.contains("12 to go"),
        "{said}"
    );
    let (whole, resumed) = (results(whole.path()), results(killed.path()));
    assert_eq!(resumed.len(), 12);
    assert_eq!(resumed, whole);
}

#[test]
fn a_file_that_is_no_store_of_runs_is_named_and_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), SMALL);
    let runs = folder.path().join("small/runs.jsonl");
    fs::create_dir(folder.path().join("small")).expect("a folder");
    for content in ["a list of mine\n", "a list of mine", "{\"setup\": 1}\n"] {
        fs::write(&runs, content).expect("a foreign file");
        for options in ["", "--dry-run"] {
            let output = study(&file, options);
            let message = text(&output.stderr);
            assert!(!output.status.success());
            for part in ["runs.jsonl, line 1: ", "delete that line", "--out"] {
                assert!(message.contains(part), "{message}");
            }
            assert_eq!(fs::read_to_string(&runs).expect("the file"), content);
        }
    }
}

#[test]
fn millions_of_combinations_are_counted_and_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = |count: usize| format!("{:?}", (1..=count).collect::<Vec<_>>());
    let (depths, widths) = (list(300), list(500));
    let grid = format!(
        "[[grid]]\nseed = {}\ndepth = {depths}\nwidth = {widths}\n",
        list(120)
    );
    let content = SMALL.replace("seed = [0, 1, 2]\nwidth = 6\n", "");
    let head = content.split("[[grid]]").next().expect("the head");
    let file = write(folder.path(), &format!("{head}{grid}"));
    let output = study(&file, "--dry-run");
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in ["small.toml: ", "18000000 combinations", "at most 100000"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_torn_last_line_costs_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), SMALL);
    succeed(&file, "");
    let before = results(folder.path());
    let runs = folder.path().join("small/runs.jsonl");
    let mut bytes = fs::read(&runs).expect("the runs");
    bytes.truncate(bytes.len() - 100);
    fs::write(&runs, bytes).expect("a torn file");
    assert!(succeed(&file, "").contains("12 runs: 11 stored, 1 to go"));
    assert_eq!(results(folder.path()), before);
}

#[test]
fn runs_that_a_changed_file_no_longer_has_are_kept_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), SMALL);
    succeed(&file, "");
    write(
        folder.path(),
        &SMALL.replace("depth = [2, 3]", "depth = [2, 4]"),
    );
    let said = succeed(&file, "--dry-run");
    assert!(
        said.contains("12 runs: 6 stored, 6 to go")
            && said.contains("6 stored runs of no combination of the file"),
        "{said}"
    );
    assert_eq!(lines(folder.path()).len(), 12, "a dry run runs nothing");
}

#[test]
fn corrupted_and_half_precision_runs_are_stored_with_what_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let grid = "[[grid]]\ndepth = 2\noptimizer = 'sgd'\nlr = 1e-3\nprecision = ['f32', 'f16']\nspikes = ['none', 'tensor(count=2)']\n";
    let file = write(
        folder.path(),
        &format!(
            "{}{grid}",
            SMALL.split("[[grid]]").next().expect("the head")
        ),
    );
    succeed(&file, "");
    let runs: Vec<Value> = results(folder.path()).into_values().collect();
    assert_eq!(runs.len(), 12);
    for run in runs {
        let spikes = run["spikes"].as_array().map_or(0, Vec::len);
        assert_eq!(
            spikes,
            if run["setup"]["spikes"] == "none" {
                0
            } else {
                2
            },
            "{run}"
        );
        // The first gradients, times 2^16, are beyond f16.
        let skipped = run["skipped"].as_u64().expect("a count");
        assert_eq!(skipped > 0, run["setup"]["precision"] == "f16", "{run}");
    }
}

#[test]
fn mistakes_are_named_with_file_and_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let refusals = [
        (
            SMALL.replace("width", "widht"),
            ["small.toml", "unknown key 'widht'"],
        ),
        (
            SMALL.replace("'none'", "'non'"),
            [
                "small.toml",
                "unknown variant `non`, expected one of `stable-grad`",
            ],
        ),
        (
            SMALL.replace("width = 6", "width = 0"),
            [
                "small.toml: grid 1: width = 0: ",
                "give a whole number from 1 to",
            ],
        ),
        (
            SMALL.replace("'depth'", "'size'"),
            ["[report]", "unknown key 'size'"],
        ),
    ];
    for (content, told) in refusals {
        let output = study(&write(folder.path(), &content), "");
        let message = text(&output.stderr);
        assert!(!output.status.success(), "{content}");
        assert!(told.iter().all(|part| message.contains(part)), "{message}");
    }
    let output = study(&folder.path().join("absent.toml"), "");
    let message = text(&output.stderr);
    assert!(!output.status.success());
    assert!(
        message.contains("cannot read the study") && message.contains("name another, such as"),
        "{message}"
    );
    let bare = folder.path().join("bare");
    fs::write(&bare, SMALL).expect("a study without an ending");
    assert!(text(&study(&bare, "").stderr).contains("--out"));
}

#[test]
fn places_that_cannot_be_written_are_named_with_a_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), SMALL);
    let out = |name: &str| folder.path().join(name);
    fs::create_dir_all(out("runs/runs.jsonl")).expect("a folder of that name");
    let refusals = [
        ("small.toml/below", "cannot create the folder"),
        ("runs", "cannot open"),
    ];
    for (name, told) in refusals {
        let output = command(&file, "").arg("--out").arg(out(name)).output();
        let output = output.expect("the program starts");
        let message = text(&output.stderr);
        assert!(!output.status.success());
        assert!(
            message.contains(told) && message.contains("with --out"),
            "{message}"
        );
        assert!(!text(&output.stdout).contains("report: "), "nothing ran");
    }
}

#[test]
fn a_single_run_is_told_of_in_the_singular() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(
        folder.path(),
        "title = 'One'\n[report]\ncolumns = 'depth'\n[[grid]]\ndepth = 2\n",
    );
    let said = succeed(&file, "--dry-run");
    assert!(said.contains("\n1 run: 0 stored, 1 to go"), "{said}");
}
