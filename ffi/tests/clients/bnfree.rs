//! The example of networks without BatchNorm: its command, with few and short runs, and what it writes.

use std::process::Command;

use crate::check::Check;
use crate::command::{fresh_folder, must_succeed, printed};
use crate::common::root;
use crate::python::{PYTHON, interpreter, site};
use crate::tools::{CMAKE, GCC, Tool, succeeds};

static DIGITS: Tool = Tool::new(
    "scikit-learn and matplotlib",
    "in the environment of python3, or of the interpreter that TRIMTAB_PYTHON names, pip install scikit-learn matplotlib",
    || succeeds(&interpreter(), &["-c", "import sklearn, matplotlib"]),
);

pub fn checks() -> Vec<Check> {
    vec![Check {
        name: "bnfree::runs_and_reports_and_goes_on_where_it_stopped",
        needs: &[&PYTHON, &CMAKE, &GCC, &DIGITS],
        run: runs,
    }]
}

fn runs() {
    let out = fresh_folder("bnfree");
    let said = quick(&out);
    assert!(said.contains("12 runs, 0 of them made before"), "{said}");
    let table = read(&out, "table.md");
    for method in [
        "AdamW alone",
        "StableGrad",
        "GradientStabilizer",
        "autoscale",
        "clip by global norm",
    ] {
        // Once for each of two networks.
        assert_eq!(table.matches(&format!("| {method} |")).count(), 2, "{table}");
    }
    assert!(said.contains(&table), "{said}");
    let picture = std::fs::read(out.join("accuracy.png")).expect("a figure");
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));

    // Stopped in the middle of its fifth line, it makes that run and the later ones again, with the same results.
    let lines = read(&out, "runs.jsonl");
    let whole: Vec<&str> = lines.lines().collect();
    assert_eq!(whole.len(), 12, "{lines}");
    let torn = format!("{}\n{}", whole[..4].join("\n"), &whole[4][..20]);
    std::fs::write(out.join("runs.jsonl"), torn).expect("written");
    let said = quick(&out);
    assert!(said.contains("12 runs, 4 of them made before"), "{said}");
    assert_eq!(read(&out, "table.md"), table);
}

fn read(out: &std::path::Path, file: &str) -> String {
    std::fs::read_to_string(out.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
}

fn quick(out: &std::path::Path) -> String {
    let mut python = Command::new(interpreter());
    python.arg(root().join("examples/bnfree/bnfree.py"));
    python.arg("--quick").arg("--out").arg(out);
    python.env("PYTHONPATH", site());
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    printed(&must_succeed(&mut python))
}
