//! The study file: lists of choices that multiply out to training runs.
//!
//! `examples/pinn/studies/README.md` describes the format for users. A grid's fields are those of [`Setup`], each with one value or a
//! list of them, and `reference`, which fills in StableGrad's where a method leaves it open.

use super::choice::{Choice, Many, NotNegative, Positive, Seed, Text, Whole};
use crate::activation::Activation;
use crate::init::Init;
use crate::method::{Chain, Reference};
use crate::optimizer::{Schedule, Update};
use crate::precision::Precision;
use crate::problem::Equation;
use crate::setup::{MOST_DEPTH, MOST_GRID, MOST_POINTS, MOST_WIDTH, Setup};
use crate::spikes::Spikes;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::path::Path;

/// A study: what to run, and how to tell of it.
#[derive(Debug)]
pub struct Study {
    /// Of the report.
    pub title: String,
    /// What is asked, in Markdown.
    pub about: String,
    /// Keys of a setup that tell the rows of the report's tables, and the lines of its figures, apart.
    pub rows: Vec<String>,
    /// The key that runs along the columns of the tables and the x axis of the figures.
    pub columns: String,
    /// Keys that do not make panels of their own although they vary: a cell still has one value of them.
    pub ignore: Vec<String>,
    /// Every run, seed by seed.
    pub setups: Vec<Setup>,
}

/// The file as it is written. What it cannot do without is optional here, so that [`File::check`] can ask for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Option<String>,
    #[serde(default)]
    about: String,
    report: Option<Layout>,
    #[serde(default)]
    base: Grid,
    #[serde(default)]
    grid: Vec<Grid>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    #[serde(default = "method")]
    rows: Vec<String>,
    columns: Option<String>,
    #[serde(default)]
    ignore: Vec<String>,
}

fn method() -> Vec<String> {
    vec!["method".to_owned()]
}

macro_rules! grid {
    ($($field:ident: $type:ty),* $(,)?) => {
        /// Fields that are left out have the base's values, or else the main job's.
        #[derive(Clone, Default, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        struct Grid {
            $($field: Option<Many<$type>>,)*
            residual_scale: Option<Many<Positive>>,
            reference: Option<Many<Reference>>,
        }

        impl Grid {
            fn over(&self, base: &Self) -> Self {
                Self {
                    $($field: self.$field.as_ref().or(base.$field.as_ref()).cloned(),)*
                    residual_scale: self.residual_scale.as_ref().or(base.residual_scale.as_ref()).cloned(),
                    reference: self.reference.as_ref().or(base.reference.as_ref()).cloned(),
                }
            }

            /// How many combinations there are, without the references.
            fn count(&self) -> u128 {
                let counts = [
                    $(self.$field.as_ref().map_or(1, |Many(values)| values.len()),)*
                    self.residual_scale.as_ref().map_or(1, |Many(values)| values.len()),
                ];
                counts.iter().fold(1, |all, &count| all.saturating_mul(count as u128))
            }

            /// Every combination; the first field varies slowest.
            fn combinations(&self) -> Vec<Setup> {
                let mut setups = vec![Setup::default()];
                $(setups = vary(setups, self.$field.as_ref(), |setup, value| setup.$field = value);)*
                vary(setups, self.residual_scale.as_ref(), |setup, value| setup.residual_scale = Some(value))
            }
        }
    };
}

grid! {
    seed: Seed,
    problem: Text<Equation>,
    optimizer: Text<Update>,
    depth: Whole<1, MOST_DEPTH>,
    width: Whole<1, MOST_WIDTH>,
    activation: Text<Activation>,
    init: Text<Init>,
    precision: Text<Precision>,
    spikes: Text<Spikes>,
    lr: Positive,
    schedule: Text<Schedule>,
    method: Text<Chain>,
    steps: Whole<1>,
    interior_points: Whole<1, MOST_POINTS>,
    boundary_points: Whole<1, MOST_POINTS>,
    resample: Whole<0>,
    boundary_weight: NotNegative,
    test_grid: Whole<2, MOST_GRID>,
}

/// Where the format is described.
const GUIDE: &str = "see examples/pinn/studies/README.md";

impl File {
    /// Asks for what is missing, as the parser would not say where it goes.
    fn check(&self) -> Result<(), String> {
        let columns = self.report.as_ref().map(|report| &report.columns);
        let missing = match (&self.title, columns) {
            (None, _) => "add a line title = \"...\" at the top",
            (_, None) => "add a section [report] with columns = \"...\"",
            (_, Some(None)) => "add columns = \"...\" to the section [report]",
            _ if self.grid.is_empty() => {
                "add a section [[grid]]; an empty one runs what [base] says"
            }
            _ => return Ok(()),
        };
        Err(format!("{missing}; {GUIDE}"))
    }
}

impl Study {
    /// Reads a file and multiplies it out.
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Multiplies out the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| mistake(text, &error))?;
        file.check()?;
        let grids: Vec<Grid> = file.grid.iter().map(|grid| grid.over(&file.base)).collect();
        few_enough(grids.iter().map(Grid::runs).fold(0, u128::saturating_add))?;
        let layout = file.report.unwrap_or_default();
        let mut setups = Vec::new();
        for (index, grid) in grids.iter().enumerate() {
            let here = |error| format!("grid {}: {error}", index + 1);
            setups.extend(grid.setups().map_err(here)?);
        }
        let study = Self {
            title: file.title.unwrap_or_default(),
            about: file.about,
            rows: layout.rows,
            columns: layout.columns.unwrap_or_default(),
            ignore: layout.ignore,
            setups: in_order(setups),
        };
        study.check().map(|()| study)
    }

    fn check(&self) -> Result<(), String> {
        let first = self.setups.first().ok_or("no [[grid]] has a combination")?;
        let known: Vec<String> = fields(first)
            .keys()
            .filter(|key| *key != "seed")
            .cloned()
            .collect();
        let named = self.rows.iter().chain([&self.columns]).chain(&self.ignore);
        let mut seen = HashSet::new();
        for key in named {
            if !known.contains(key) {
                return Err(format!(
                    "[report]: unknown key '{key}' [possible values: {}]",
                    known.join(", ")
                ));
            }
            if !seen.insert(key) {
                return Err(format!(
                    "[report]: '{key}' is named twice in rows, columns and ignore"
                ));
            }
        }
        let mut places = HashSet::new();
        let place = |setup: &Setup| {
            let mut fields = fields(setup);
            self.ignore.iter().for_each(|key| drop(fields.remove(key)));
            places.insert(serde_json::to_string(&fields).expect("fields are JSON"))
        };
        match self.setups.iter().all(place) {
            true => Ok(()),
            false => Err(format!(
                "[report]: ignore = [{}] puts different runs with the same seed into one cell",
                self.ignore.join(", ")
            )),
        }
    }
}

/// Most combinations of a study. All are kept in memory, a kilobyte or two each.
const MOST_RUNS: u128 = 100_000;

/// Finds out before they are built whether there are too many combinations.
fn few_enough(runs: u128) -> Result<(), String> {
    match runs <= MOST_RUNS {
        true => Ok(()),
        false => Err(format!(
            "the lists multiply out to {runs} combinations, and a study has at most {MOST_RUNS}: \
             shorten some, or divide it among several files"
        )),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> String {
    format!(
        "cannot read the study {}: {error}; name another, such as examples/pinn/studies/depth.toml",
        file.display()
    )
}

/// What is wrong, after the line in which it is, and that line with a caret below the place.
fn mistake(text: &str, error: &toml::de::Error) -> String {
    let message = in_words(error.message());
    let Some(span) = error.span() else {
        return message;
    };
    let before = text.get(..span.start).unwrap_or(text);
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or("");
    // Tabs stay, so that the caret stands where the terminal puts the place.
    let space = |c: char| if c == '\t' { c } else { ' ' };
    let column: String = before
        .rsplit('\n')
        .next()
        .unwrap_or("")
        .chars()
        .map(space)
        .collect();
    let message = match line.trim() {
        "[grid]" => "write [[grid]]: there may be several".to_owned(),
        _ => message,
    };
    format!("line {}: {message}\n    {line}\n    {column}^", number + 1)
}

/// A parser's message in the words of a file's writer.
fn in_words(message: &str) -> String {
    let words = [
        ("unknown field", "unknown key"),
        ("unknown variant", "unknown value"),
        ("expected a sequence", "expected a list"),
        ("expected a string", "expected text in quotes"),
        ("invalid type: map", "invalid type: a section"),
    ];
    let replace = |text: String, (theirs, ours)| text.replace(theirs, ours);
    words.into_iter().fold(message.to_owned(), replace)
}

/// A setup's fields under the names that a file has for them.
pub fn fields(setup: &Setup) -> Map<String, Value> {
    match serde_json::to_value(setup) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("a setup has named fields"),
    }
}

impl Grid {
    /// How many setups there are.
    fn runs(&self) -> u128 {
        let (Some(Many(methods)), Some(Many(references))) = (&self.method, &self.reference) else {
            return self.count();
        };
        let wanting = methods.iter().filter(|method| method.wants_reference());
        let wanting = wanting.count();
        let ways = wanting * references.len() + methods.len() - wanting;
        let of_others = self.count() / methods.len().max(1) as u128;
        of_others.saturating_mul(ways as u128)
    }

    fn setups(&self) -> Result<Vec<Setup>, String> {
        let usual = Many::<Reference>(vec![Reference::Prediction]);
        let references = &self.reference.as_ref().unwrap_or(&usual).0;
        let complete = |setup: Setup| {
            let wanted = if setup.method.wants_reference() {
                references.as_slice()
            } else {
                &references[..1]
            };
            let method = |reference: &Reference| setup.method.completed(*reference, 1.0);
            let methods: Vec<Chain> = wanted.iter().map(method).collect();
            methods.into_iter().map(move |method| Setup {
                method,
                ..setup.clone()
            })
        };
        let setups: Vec<Setup> = self.combinations().into_iter().flat_map(complete).collect();
        setups.iter().try_for_each(Setup::check)?;
        Ok(setups)
    }
}

fn vary<C: Choice>(
    setups: Vec<Setup>,
    values: Option<&Many<C>>,
    set: impl Fn(&mut Setup, C::Value),
) -> Vec<Setup> {
    let Some(Many(values)) = values else {
        return setups;
    };
    let with = |setup: &Setup, value: &C::Value| {
        let mut setup = setup.clone();
        set(&mut setup, value.clone());
        setup
    };
    let all = setups
        .iter()
        .flat_map(|setup| values.iter().map(move |value| with(setup, value)));
    all.collect()
}

/// Seed by seed, so that a part of a study is a study with fewer seeds; nothing twice.
fn in_order(mut setups: Vec<Setup>) -> Vec<Setup> {
    let mut seen = HashSet::new();
    setups.retain(|setup| seen.insert(serde_json::to_string(setup).expect("a setup is JSON")));
    setups.sort_by_key(|setup| setup.seed);
    setups
}

#[cfg(test)]
mod tests;
