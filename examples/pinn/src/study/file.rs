//! The study file: lists of choices that multiply out to training runs.
//!
//! `examples/pinn/studies/README.md` describes the format for users. A grid's keys are those of [`Setup`], each with one
//! value or a list of them, and `reference`, which fills in StableGrad's where a method leaves it open.

use crate::method::{Chain, Reference};
use crate::setup::Setup;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::path::Path;
use toml::Table;

/// A study: what to run. The rest of the file is for the report.
#[derive(Debug)]
pub struct Study {
    /// Of the report.
    pub title: String,
    /// Every run, seed by seed.
    pub setups: Vec<Setup>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    #[serde(rename = "about")]
    _about: Option<String>,
    report: Layout,
    #[serde(default)]
    base: Table,
    #[serde(default)]
    grid: Vec<Table>,
}

/// The keys that tell rows and columns of the report apart, and those that it ignores.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    #[serde(default = "method")]
    rows: Vec<String>,
    columns: String,
    #[serde(default)]
    ignore: Vec<String>,
}

fn method() -> Vec<String> {
    vec!["method".to_owned()]
}

/// A key and what it may be.
type Choices = (String, Vec<Value>);

/// Most combinations of a study. All are kept in memory, a kilobyte or two each.
const MOST_RUNS: usize = 100_000;

impl Study {
    /// Reads a file and multiplies it out.
    pub fn read(file: &Path) -> Result<Self, String> {
        let unreadable = |error| {
            format!(
                "cannot read the study {}: {error}; name another, such as examples/pinn/studies/depth.toml",
                file.display()
            )
        };
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Self::parse(&text).map_err(|error| {
            let guide = "the format is in examples/pinn/studies/README.md";
            format!("{}: {}\n{guide}", file.display(), error.trim_end())
        })
    }

    /// Multiplies out the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut grids = Vec::new();
        for (index, grid) in file.grid.iter().enumerate() {
            let all = file
                .base
                .iter()
                .chain(grid)
                .map(|(k, v)| (k.clone(), v.clone()));
            let here = |error| format!("grid {}: {error}", index + 1);
            grids.push(choices(&all.collect()).map_err(here)?);
        }
        few_enough(&grids)?;
        let setups: Result<Vec<Setup>, String> = grids.iter().flat_map(combinations).collect();
        let setups = in_order(setups?);
        file.report.check(&setups)?;
        Ok(Self {
            title: file.title,
            setups,
        })
    }
}

impl Layout {
    fn check(&self, setups: &[Setup]) -> Result<(), String> {
        let first = setups
            .first()
            .ok_or("add a section [[grid]]; an empty one runs what [base] says")?;
        let mut known = first.fields();
        known.remove("seed");
        let mut seen = HashSet::new();
        for key in self.rows.iter().chain([&self.columns]).chain(&self.ignore) {
            if !known.contains_key(key) {
                return Err(format!("[report]: {}", unknown(key, &known)));
            }
            if !seen.insert(key) {
                return Err(format!(
                    "[report]: '{key}' is named twice in rows, columns and ignore"
                ));
            }
        }
        let mut places = HashSet::new();
        let place = |setup: &Setup| {
            let mut fields = setup.fields();
            fields.retain(|key, _| !self.ignore.contains(key));
            places.insert(Value::from(fields).to_string())
        };
        match setups.iter().all(place) {
            true => Ok(()),
            false => Err(format!(
                "[report]: ignore = [{}] puts different runs with the same seed into one cell",
                self.ignore.join(", ")
            )),
        }
    }
}

fn unknown(key: &str, known: &Map<String, Value>) -> String {
    let known: Vec<_> = known.keys().map(String::as_str).collect();
    format!(
        "unknown key '{key}' [possible values: {}]",
        known.join(", ")
    )
}

/// What each key of a grid may be, in the order of a setup's fields; every value is one that a setup can have.
fn choices(grid: &Table) -> Result<Vec<Choices>, String> {
    let known = Setup::default().fields();
    let foreign = |key: &&String| *key != "reference" && !known.contains_key(*key);
    if let Some(key) = grid.keys().find(foreign) {
        return Err(unknown(key, &known));
    }
    let references = list(grid, "reference", |value| {
        serde_json::from_value::<Reference>(value.clone())
    })?;
    let mut all = Vec::new();
    for key in known.keys().filter(|key| grid.contains_key(*key)) {
        let checked = |value: &Value| setup([(key, value)]).map(|_| value.clone());
        let values = list(grid, key, checked)?;
        all.push((
            key.clone(),
            if key == "method" {
                completed(&values, &references)
            } else {
                values
            },
        ));
    }
    if !grid.contains_key("method") {
        all.push(("method".to_owned(), vec!["none".into()]));
    }
    Ok(all)
}

/// The value or the values of a key, as `read` has them.
fn list<T, E: ToString>(
    grid: &Table,
    key: &str,
    read: impl Fn(&Value) -> Result<T, E>,
) -> Result<Vec<T>, String> {
    let values = match grid.get(key) {
        None => return Ok(Vec::new()),
        Some(toml::Value::Array(values)) if values.is_empty() => {
            return Err(format!("{key}: the list is empty; give at least one value"));
        }
        Some(toml::Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
    };
    let read = |value: &toml::Value| {
        // JSON has no infinity, and an optional field would take its null for nothing.
        let json = serde_json::to_value(value)
            .ok()
            .filter(|json| !json.is_null());
        let json = json.ok_or_else(|| format!("{key}: give a finite number"))?;
        read(&json).map_err(|error| format!("{key} = {json}: {}", error.to_string()))
    };
    values.iter().map(read).collect()
}

/// Methods with their options filled in: StableGrad once for each reference, where it leaves that open.
fn completed(methods: &[Value], references: &[Reference]) -> Vec<Value> {
    let usual = [Reference::Prediction];
    let references = if references.is_empty() {
        &usual
    } else {
        references
    };
    let methods = methods
        .iter()
        .filter_map(|method| method.as_str()?.parse().ok());
    let ways = |method: Chain| {
        let count = if method.wants_reference() {
            references.len()
        } else {
            1
        };
        let way = move |reference: &Reference| method.completed(*reference).to_string().into();
        references[..count].iter().map(way).collect::<Vec<Value>>()
    };
    methods.flat_map(ways).collect()
}

/// The setup with these fields.
fn setup<'f>(fields: impl IntoIterator<Item = (&'f String, &'f Value)>) -> Result<Setup, String> {
    let fields = fields
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    let setup = serde_json::from_value::<Setup>(Value::Object(fields.collect()));
    let setup = setup.map_err(|error| error.to_string())?;
    setup.check().map(|()| setup)
}

/// Finds out before they are built whether there are too many combinations.
fn few_enough(grids: &[Vec<Choices>]) -> Result<(), String> {
    let count = |grid: &Vec<Choices>| {
        let counts = grid.iter().map(|(_, values)| values.len());
        counts.fold(1, usize::saturating_mul)
    };
    match grids.iter().map(count).fold(0, usize::saturating_add) {
        runs if runs <= MOST_RUNS => Ok(()),
        runs => Err(format!(
            "the lists multiply out to {runs} combinations, and a study has at most {MOST_RUNS}: \
             shorten some, or divide it among several files"
        )),
    }
}

/// Every combination; the first key varies slowest.
fn combinations(grid: &Vec<Choices>) -> Vec<Result<Setup, String>> {
    let mut all: Vec<Vec<(&String, &Value)>> = vec![Vec::new()];
    for (key, values) in grid {
        let with = |before: Vec<_>| {
            values
                .iter()
                .map(move |value| [&before[..], &[(key, value)]].concat())
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all.into_iter().map(setup).collect()
}

/// Seed by seed, so that a part of a study is a study with fewer seeds; nothing twice.
fn in_order(mut setups: Vec<Setup>) -> Vec<Setup> {
    let mut seen = HashSet::new();
    setups.retain(|setup| seen.insert(Value::from(setup.fields()).to_string()));
    setups.sort_by_key(|setup| setup.seed);
    setups
}

#[cfg(test)]
mod tests;
