//! The examples in Python. Networks without BatchNorm: its command, with few and short runs, and what it writes. The
//! report on runs: its own tests, which also hold the committed reports of `examples/pinn` to their runs.

use std::path::Path;
use std::process::Command;

use crate::common::blocks::in_language;
use crate::common::check::Check;
use crate::common::command::{fresh_folder, must_succeed, printed};
use crate::common::root;
use crate::common::tools::{CMAKE, GCC, Tool, succeeds};
use crate::python::{PYTHON, interpreter, site};

static DIGITS: Tool = Tool::new(
    "scikit-learn and matplotlib",
    "in the environment of python3, or of the interpreter that TRIMTAB_PYTHON names, pip install scikit-learn matplotlib",
    || succeeds(&interpreter(), &["-c", "import sklearn, matplotlib"]),
);

static PLOTS: Tool = Tool::new(
    "Python 3.11 with matplotlib and pytest",
    "in the environment of python3, or of the interpreter that TRIMTAB_PYTHON names, pip install matplotlib pytest",
    || {
        succeeds(
            &interpreter(),
            &["-c", "import tomllib, matplotlib, pytest"],
        )
    },
);

const TO_REPORT: &[&Tool] = &[&PLOTS];
const NEEDS: &[&Tool] = &[&PYTHON, &CMAKE, &GCC, &DIGITS];
const PAGE: &str = "examples/bnfree/README.md";
const RESULTS: &str = "examples/bnfree/results";

pub fn checks() -> Vec<Check> {
    let check = |name, run| Check {
        name,
        needs: NEEDS,
        run,
    };
    vec![
        check("bnfree::goes_on_where_it_stopped", goes_on),
        check("bnfree::shows_the_table_of_its_runs", table_of_runs),
        Check {
            name: "report::passes_its_tests",
            needs: TO_REPORT,
            run: report,
        },
    ]
}

fn report() {
    let mut pytest = Command::new(interpreter());
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    pytest.arg(root().join("examples/report"));
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = printed(&must_succeed(&mut pytest));
    let summary = output.lines().last().unwrap_or_default();
    let passed = summary.contains(" passed") && !summary.contains("skipped");
    assert!(passed, "{output}");
}

fn goes_on() {
    let out = fresh_folder("bnfree/quick");
    let said = run(&out, &["--quick"]);
    assert!(said.contains("12 runs, 0 of them made before"), "{said}");
    let table = read(&out.join("table.md"));
    for method in [
        "AdamW alone",
        "StableGrad",
        "GradientStabilizer",
        "autoscale",
        "clip by global norm",
    ] {
        let rows = table.matches(&format!("| {method} |")).count();
        assert_eq!(rows, 2, "one for each of two networks:\n{table}");
    }
    assert!(said.contains(&table), "{said}");
    let picture = std::fs::read(out.join("accuracy.png")).expect("a figure");
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));

    // Stopped in the middle of its fifth line, it makes that run and the later ones again, with the same results.
    let runs = read(&out.join("runs.jsonl"));
    let lines: Vec<&str> = runs.lines().collect();
    assert_eq!(lines.len(), 12, "{runs}");
    let torn = format!("{}\n{}", lines[..4].join("\n"), &lines[4][..20]);
    std::fs::write(out.join("runs.jsonl"), torn).expect("written");
    let said = run(&out, &["--quick"]);
    assert!(said.contains("12 runs, 4 of them made before"), "{said}");
    assert_eq!(read(&out.join("table.md")), table);
}

/// The page's command, given all of its runs, makes none and shows the table that is kept beside them and on the page.
fn table_of_runs() {
    let (out, kept) = (fresh_folder("bnfree/kept"), root().join(RESULTS));
    std::fs::copy(kept.join("runs.jsonl"), out.join("runs.jsonl")).expect("copied");
    let said = run(&out, &[]);
    assert!(said.contains("180 runs, 180 of them made before"), "{said}");
    let table = read(&out.join("table.md"));
    assert_eq!(table, read(&kept.join("table.md")));
    assert!(read(&root().join(PAGE)).contains(&table), "{PAGE}");
}

/// The command of the page, with these arguments more; what it prints.
fn run(out: &Path, arguments: &[&str]) -> String {
    let blocks = in_language(PAGE, "sh");
    let mut lines = blocks.iter().flat_map(|block| block.text.lines());
    let line = lines.find_map(|line| line.strip_prefix("python "));
    let mut python = Command::new(interpreter());
    python.args(line.expect("a command").split_whitespace());
    python.args(arguments).arg("--out").arg(out);
    python.current_dir(root());
    python.env("PYTHONPATH", site());
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    printed(&must_succeed(&mut python))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}
