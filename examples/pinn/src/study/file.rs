//! The study file: lists of choices that multiply out to training runs.
//!
//! `studies/README.md` describes the format for users. A grid's fields are those of [`Setup`], each with one value or a
//! list of them, and `reference`, which fills in StableGrad's where a method leaves it open.

use crate::activation::Activation;
use crate::init::Init;
use crate::method::{Chain, Reference};
use crate::optimizer::{Schedule, Update};
use crate::precision::Precision;
use crate::problem::Equation;
use crate::setup::Setup;
use crate::spikes::Spikes;
use serde::Deserialize;
use serde::de::{Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
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

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    #[serde(default)]
    about: String,
    report: Layout,
    #[serde(default)]
    base: Grid,
    grid: Vec<Grid>,
}

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

/// One value or a list.
#[derive(Clone, Debug)]
struct Many<T>(Vec<T>);

macro_rules! grid {
    ($($field:ident: $type:ty),* $(,)?) => {
        /// Fields that are left out have the base's values, or else the main job's.
        #[derive(Clone, Default, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        struct Grid {
            $($field: Option<Many<$type>>,)*
            residual_scale: Option<Many<f64>>,
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
    seed: u64,
    problem: Equation,
    optimizer: Update,
    depth: usize,
    width: usize,
    activation: Activation,
    init: Init,
    precision: Precision,
    spikes: Spikes,
    lr: f64,
    schedule: Schedule,
    method: Chain,
    steps: usize,
    interior_points: usize,
    boundary_points: usize,
    resample: usize,
    boundary_weight: f64,
    test_grid: usize,
}

impl Study {
    /// Reads a file and multiplies it out.
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read the study {}: {error}", file.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Multiplies out the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut setups = Vec::new();
        for (index, grid) in file.grid.iter().enumerate() {
            let grid = grid.over(&file.base);
            let here = |error| format!("grid {}: {error}", index + 1);
            setups.extend(grid.setups().map_err(here)?);
        }
        let study = Self {
            title: file.title,
            about: file.about,
            rows: file.report.rows,
            columns: file.report.columns,
            ignore: file.report.ignore,
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

/// A setup's fields under the names that a file has for them.
pub fn fields(setup: &Setup) -> Map<String, Value> {
    match serde_json::to_value(setup) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("a setup has named fields"),
    }
}

impl Grid {
    fn setups(&self) -> Result<Vec<Setup>, String> {
        let usual = Many(vec![Reference::Prediction]);
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

fn vary<T: Clone>(
    setups: Vec<Setup>,
    values: Option<&Many<T>>,
    set: impl Fn(&mut Setup, T),
) -> Vec<Setup> {
    let Some(Many(values)) = values else {
        return setups;
    };
    let with = |setup: &Setup, value: &T| {
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMore(PhantomData))
    }
}

struct OneOrMore<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMore<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Many<T>, E> {
        T::deserialize(text.into_deserializer()).map(|value| Many(vec![value]))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Many<T>, E> {
        T::deserialize(number.into_deserializer()).map(|value| Many(vec![value]))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Many<T>, E> {
        T::deserialize(number.into_deserializer()).map(|value| Many(vec![value]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        match values.is_empty() {
            true => Err(serde::de::Error::custom(
                "the list is empty; give at least one value",
            )),
            false => Ok(Many(values)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "title = 'Test'\n[report]\ncolumns = 'depth'\n";

    fn study(body: &str) -> Result<Study, String> {
        Study::parse(&format!("{HEAD}{body}"))
    }

    #[test]
    fn lists_multiply_out_and_seeds_come_first() {
        let study = study(
            "[base]\nsteps = 10\nseed = [0, 1]\n\
             [[grid]]\ndepth = [2, 3]\nmethod = ['none', 'agc']\n\
             [[grid]]\ndepth = 4\nmethod = 'none'\nsteps = 20\nseed = [1, 0]",
        )
        .expect("a valid study");
        let told = |s: &Setup| (s.seed, s.depth, s.steps, s.method.to_string());
        let half = |seed| {
            let run = |depth, steps, method: &str| (seed, depth, steps, method.to_owned());
            vec![
                run(2, 10, "none"),
                run(2, 10, "agc"),
                run(3, 10, "none"),
                run(3, 10, "agc"),
                run(4, 20, "none"),
            ]
        };
        let runs: Vec<_> = study.setups.iter().map(told).collect();
        assert_eq!(runs, [half(0), half(1)].concat());
    }

    #[test]
    fn references_multiply_stable_grad_only_and_nothing_runs_twice() {
        let study = study(
            "[[grid]]\nreference = ['prediction', 'last-layer']\n\
             method = ['none', 'stable-grad', 'stable-grad(reference=2)', 'none']",
        )
        .expect("a valid study");
        let methods: Vec<_> = study.setups.iter().map(|s| s.method.to_string()).collect();
        assert_eq!(
            methods,
            [
                "none",
                "stable-grad(reference=prediction)",
                "stable-grad(reference=last-layer)",
                "stable-grad(reference=2)"
            ]
        );
    }

    #[test]
    fn mistakes_are_answered_with_place_field_and_advice() {
        let mistakes = [
            (
                "[[grid]]\ndeptt = 3",
                "line 5",
                "unknown field `deptt`, expected one of `seed`, `problem`",
            ),
            (
                "[[grid]]\nmethod = 'magic'",
                "line 5",
                "possible values: none, stable-grad",
            ),
            (
                "[[grid]]\nmethod = ['none', 'magic']",
                "line 5",
                "unknown method 'magic'",
            ),
            (
                "[[grid]]\nactivation = 'relu'",
                "line 5",
                "expected one of `tanh`, `sin`, `silu`",
            ),
            (
                "[[grid]]\noptimizer = 'adam(momentum=1)'",
                "line 5",
                "it has: beta2, weight-decay",
            ),
            (
                "[[grid]]\nspikes = 'rain'",
                "line 5",
                "possible values: none, batch, tensor",
            ),
            ("[[grid]]\nlr = []", "line 5", "the list is empty"),
            ("[[grid]]\ndepth = 'deep'", "line 5", "expected usize"),
            (
                "[[grid]]\nlr = 1\n[[grid]]\nlr = [1e-3, 0]",
                "grid 2",
                "lr = 0: give a number above 0",
            ),
            ("", "line 1", "missing field `grid`"),
            (
                "rows = ['methods']\n[[grid]]",
                "[report]",
                "unknown key 'methods' [possible values: problem, depth",
            ),
            (
                "rows = ['depth']\n[[grid]]",
                "[report]",
                "'depth' is named twice",
            ),
        ];
        for (body, place, advice) in mistakes {
            let error = study(body).map(|study| study.setups.len()).expect_err(body);
            assert!(
                error.contains(place) && error.contains(advice),
                "{body}\n{error}"
            );
        }
    }
}
