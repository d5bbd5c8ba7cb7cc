//! Runs sorted into panels, rows and columns; runs in one cell differ only in their seed.
//!
//! What the file names as rows and columns tells rows and columns apart; whatever else varies makes panels. Everything
//! is in the order of the study file, except that columns of numbers ascend.

use super::file::{Study, fields};
use super::record::Record;
use crate::method::Chain;
use crate::statistics::{Quartiles, quartiles};
use serde_json::{Map, Value};

/// A study's runs in their places.
pub struct Table<'a> {
    /// What tells the columns apart: a key of the setup.
    pub columns_key: String,
    /// The same rows for all panels.
    pub rows: Vec<Row>,
    /// One for every combination of what is neither row nor column.
    pub panels: Vec<Panel<'a>>,
    /// Panels in a row of a figure: as many as the last of the keys that make panels has values, 3 at most.
    pub across: usize,
    /// Keys that are the same in all runs, with their values.
    pub constants: Vec<(String, String)>,
}

/// A row of the tables, a line of the figures.
pub struct Row {
    /// What it is called.
    pub label: String,
    /// The method.
    pub method: Chain,
    /// How many rows before it have the same colour.
    pub variant: usize,
    key: Vec<Value>,
}

impl Row {
    /// Whether it is the optimizer alone, which the others are compared with.
    pub fn is_baseline(&self) -> bool {
        self.method.links.is_empty()
    }
}

/// A table of its own.
pub struct Panel<'a> {
    /// What sets it apart; empty if there is only one.
    pub title: String,
    /// What ignored keys are for each row.
    pub notes: Vec<String>,
    /// From left to right.
    pub columns: Vec<Column>,
    /// The runs of each row and column.
    pub cells: Vec<Vec<Cell<'a>>>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its head.
    pub label: String,
    /// The same with the key, for titles.
    pub words: String,
    /// Its place on an axis, if it is a number.
    pub number: Option<f64>,
    value: Value,
}

/// Runs that differ only in their seed.
#[derive(Clone, Default)]
pub struct Cell<'a> {
    /// By seed.
    pub records: Vec<&'a Record>,
}

impl<'a> Table<'a> {
    /// Sorts `records`; places without a finished run stay empty.
    pub fn new(study: &Study, records: &'a [Record]) -> Self {
        let all: Vec<_> = study.setups.iter().map(fields).collect();
        let varies = |key: &String| all.iter().any(|other| other[key] != all[0][key]);
        let keys: Vec<String> = all[0].keys().cloned().collect();
        let (varying, constant): (Vec<_>, Vec<_>) = keys.into_iter().partition(varies);
        let rows = rows(study, &all);
        let makes_panels = |key: &String| {
            let places = [
                &study.rows[..],
                &study.ignore[..],
                &[study.columns.clone(), "seed".to_owned()],
            ];
            !places.concat().contains(key)
        };
        let panel_keys: Vec<String> = varying.into_iter().filter(makes_panels).collect();
        let panels = distinct(all.iter().map(|fields| pick(fields, &panel_keys)));
        let last = distinct(panels.iter().map(|values| values.last().cloned()));
        let panel = |values: Vec<Value>| {
            let is_own = |fields: &Map<String, Value>| pick(fields, &panel_keys) == values;
            let own: Vec<_> = all.iter().filter(|fields| is_own(fields)).collect();
            let mut panel = Panel {
                title: title(&panel_keys, &values),
                columns: columns(&own, &study.columns),
                notes: study
                    .ignore
                    .iter()
                    .map(|key| note(key, &own, &rows, study))
                    .collect(),
                cells: Vec::new(),
            };
            let records = records
                .iter()
                .filter(|record| is_own(&fields(&record.setup)));
            panel.fill(&records.collect::<Vec<_>>(), &rows, study);
            panel
        };
        let told = |key: &String| (key.clone(), text(&all[0][key]));
        Self {
            columns_key: study.columns.clone(),
            across: last.len().clamp(1, 3),
            panels: panels.into_iter().map(panel).collect(),
            constants: constant.iter().map(told).collect(),
            rows,
        }
    }

    /// What the columns are, in words.
    pub fn columns_name(&self) -> String {
        match self.columns_key.as_str() {
            "lr" => "learning rate".to_owned(),
            key => key.replace('-', " "),
        }
    }

    /// Whether the columns have places on an axis.
    pub fn columns_are_numbers(&self) -> bool {
        let columns = self.panels.iter().flat_map(|panel| &panel.columns);
        columns.into_iter().all(|column| column.number.is_some())
    }

    /// All runs of a row in the columns with the given label.
    pub fn column(&self, row: usize, label: &str) -> Vec<&'a Record> {
        let cells = self
            .panels
            .iter()
            .flat_map(|panel| panel.columns.iter().zip(&panel.cells[row]));
        let cells = cells.filter(|(column, _)| column.label == label);
        cells
            .flat_map(|(_, cell)| cell.records.iter().copied())
            .collect()
    }

    /// All runs of a row, in all panels and columns.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &'a Record> {
        let panels = self.panels.iter();
        panels.flat_map(move |panel| {
            panel.cells[row]
                .iter()
                .flat_map(|cell| cell.records.iter().copied())
        })
    }
}

impl<'a> Panel<'a> {
    fn fill(&mut self, records: &[&'a Record], rows: &[Row], study: &Study) {
        self.cells = vec![vec![Cell::default(); self.columns.len()]; rows.len()];
        for record in records {
            let fields = fields(&record.setup);
            let row = rows
                .iter()
                .position(|row| row.key == pick(&fields, &study.rows));
            let column = self
                .columns
                .iter()
                .position(|column| column.value == fields[&study.columns]);
            if let (Some(row), Some(column)) = (row, column) {
                self.cells[row][column].records.push(record);
            }
        }
    }

    /// The rows that have any runs.
    pub fn rows(&self) -> impl Iterator<Item = usize> {
        let filled = |&row: &usize| self.cells[row].iter().any(|cell| !cell.records.is_empty());
        (0..self.cells.len()).filter(filled)
    }
}

impl Cell<'_> {
    /// Of the final error; a diverged run counts as infinite.
    pub fn error(&self) -> Quartiles {
        quartiles(self.records.iter().map(|record| record.final_error()))
    }

    /// Runs that ended early.
    pub fn diverged(&self) -> usize {
        self.records
            .iter()
            .filter(|record| record.diverged.is_some())
            .count()
    }

    /// Steps to recover from all spikes of all runs; infinite where a run did not.
    pub fn recovery(&self) -> Vec<f64> {
        let spikes = self.records.iter().flat_map(|record| &record.spikes);
        spikes
            .map(|spike| spike.steps.map_or(f64::INFINITY, |steps| steps as f64))
            .collect()
    }
}

fn pick(fields: &Map<String, Value>, keys: &[String]) -> Vec<Value> {
    keys.iter().map(|key| fields[key].clone()).collect()
}

fn rows(study: &Study, fields: &[Map<String, Value>]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (setup, fields) in study.setups.iter().zip(fields) {
        let key = pick(fields, &study.rows);
        if rows.iter().any(|row| row.key == key) {
            continue;
        }
        let method = setup.method.clone();
        let others = study
            .rows
            .iter()
            .zip(&key)
            .filter(|(name, _)| *name != "method");
        let others = others.map(|(name, value)| words(name, value));
        let told = study.rows.iter().any(|name| name == "method");
        let label: Vec<_> = told
            .then(|| method.label())
            .into_iter()
            .chain(others)
            .collect();
        let variant = rows
            .iter()
            .filter(|row| row.method.leader() == method.leader())
            .count();
        rows.push(Row {
            label: label.join(", "),
            method,
            variant,
            key,
        });
    }
    rows
}

/// `lr: 0.001 for StableGrad and Z-norm; 0.01 for AGC`, or `lr: 0.001` if all rows agree.
fn note(key: &str, own: &[&Map<String, Value>], rows: &[Row], study: &Study) -> String {
    let values = distinct(own.iter().map(|fields| &fields[key]));
    let told = |value: &&Value| {
        let has = |row: &&Row| {
            let here = |fields: &&Map<String, Value>| {
                pick(fields, &study.rows) == row.key && fields[key] == **value
            };
            own.iter().any(here)
        };
        let labels: Vec<_> = rows
            .iter()
            .filter(has)
            .map(|row| row.label.clone())
            .collect();
        format!("{} for {}", text(value), labels.join(", "))
    };
    let told = match values.as_slice() {
        [only] => text(only),
        several => several.iter().map(told).collect::<Vec<_>>().join("; "),
    };
    format!("{}: {told}.", key.replace('-', " "))
}

fn columns(own: &[&Map<String, Value>], key: &str) -> Vec<Column> {
    let column = |value: Value| {
        let (label, words, number) = (text(&value), words(key, &value), value.as_f64());
        Column {
            label,
            words,
            number,
            value,
        }
    };
    let mut columns: Vec<_> = distinct(own.iter().map(|fields| fields[key].clone()))
        .into_iter()
        .map(column)
        .collect();
    columns.sort_by(|a, b| {
        a.number
            .partial_cmp(&b.number)
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    columns
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

fn title(keys: &[String], values: &[Value]) -> String {
    let parts: Vec<_> = keys
        .iter()
        .zip(values)
        .map(|(key, value)| words(key, value))
        .collect();
    parts.join(", ")
}

/// A field in words.
fn words(key: &str, value: &Value) -> String {
    let text = text(value);
    match key {
        "problem" => text,
        "optimizer" => text.replace('(', " (").replace('=', " "),
        "method" => text.parse::<Chain>().map_or(text, |chain| chain.label()),
        "init" => format!("{text} init"),
        "precision" => format!("{text} gradients"),
        "spikes" if text == "none" => "no spikes".to_owned(),
        "spikes" => format!("spikes: {text}"),
        _ => format!("{} {text}", key.replace('-', " ")),
    }
}

/// A value as a file writes it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "the problem's own".to_owned(),
        Value::Number(number) => match number.as_f64() {
            Some(x) if x != 0.0 && !(1e-2..1e5).contains(&x.abs()) => format!("{x:e}"),
            Some(x) => x.to_string(),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}
