//! The committed studies, and small ones run from beginning to end.

use pinn::study::{file::Study, record::Record, store};
use std::fs;
use std::path::{Path, PathBuf};

fn committed() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("studies");
    let entries = fs::read_dir(folder).expect("the folder of studies");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect()
}

/// The number in the first line: `# 840 runs`.
fn promised(text: &str) -> usize {
    let line = text.lines().next().unwrap_or("");
    let words: Vec<_> = line.split(' ').collect();
    let ["#", count, "runs"] = words.as_slice() else {
        panic!("'{line}' does not say how many runs there are")
    };
    count.parse().expect("a number of runs")
}

#[test]
fn committed_studies_have_as_many_runs_as_they_say() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("studies/README.md");
    let readme = fs::read_to_string(readme).expect("the README of the studies");
    let files = committed();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).expect("a study");
        let study = Study::read(&file).expect("a valid study");
        assert_eq!(study.setups.len(), promised(&text), "{}", file.display());
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let listed = readme
            .lines()
            .find(|line| line.contains(&format!("[{name}]")))
            .expect(name);
        assert!(
            listed.contains(&format!("| {} |", study.setups.len())),
            "{listed}"
        );
    }
}

#[test]
fn committed_runs_are_those_of_their_studies() {
    let mut finished = 0;
    for file in committed() {
        let Ok(runs) = fs::read_to_string(file.with_extension("").join("runs.jsonl")) else {
            continue;
        };
        let records = runs.lines().map(serde_json::from_str::<Record>);
        let records: Vec<Record> = records.collect::<Result<_, _>>().expect("runs");
        let setups = Study::read(&file).expect("a valid study").setups;
        let sorted = store::sort(&setups, records);
        assert_eq!(
            (sorted.done, sorted.strangers),
            (setups.len(), 0),
            "{file:?}"
        );
        finished += 1;
    }
    assert!(finished >= 4, "{finished}");
}

#[test]
fn the_example_in_the_readme_is_a_study() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("studies/README.md"));
    let readme = readme.expect("the README of the studies");
    let block = readme
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let study = Study::parse(block.expect("an example")).expect("a valid study");
    // 5 seeds, 3 depths: 2 rates for none, the chain, and StableGrad with two references; one for GradientStabilizer.
    assert_eq!(study.setups.len(), 5 * 3 * (2 * 4 + 1));
}
