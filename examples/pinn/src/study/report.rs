//! `report.md`: tables of medians over seeds, and the figures that go with them.

use super::cost;
use super::file::Study;
use super::markdown::{Alignment, Markdown};
use super::record::Record;
use super::table::{Cell, Panel, Row, Table};
use super::usable;
use crate::output::{cannot_write, replace};
use crate::plots::study::{self as figures, Figure};
use crate::recovery::{AFTER, BEFORE, TOLERANCE};
use crate::screen::three_figures;
use crate::statistics::{median, quartiles};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes the report on `records` into `folder` and returns the files.
pub fn write(
    study: &Study,
    records: &[Record],
    folder: &Path,
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let table = Table::new(study, records);
    let figures = figures::draw(folder, &study.title, &table)?;
    let text = text(study, records, &table, &figures);
    let file = folder.join("report.md");
    replace(&file, |to| to.write_all(text.as_bytes()))
        .map_err(|error| cannot_write(&file, &error))?;
    let names = figures.iter().map(|figure| figure.file);
    let names = std::iter::once("report.md").chain(names);
    Ok(names.map(|name| folder.join(name)).collect())
}

fn text(study: &Study, records: &[Record], table: &Table, figures: &[Figure]) -> String {
    let mut out = Markdown::default();
    out.heading(1, &study.title);
    out.paragraph(study.about.trim());
    preface(&mut out, study, records, table);
    for figure in figures {
        out.picture(figure.file, &figure.caption);
    }
    errors(&mut out, table);
    if table.columns_key == "lr" {
        usable_rates(&mut out, table);
    }
    if records.iter().any(|record| !record.spikes.is_empty()) {
        recoveries(&mut out, table);
    }
    if records.iter().any(|record| record.skipped > 0) {
        skipped(&mut out, table);
    }
    cost::write(&mut out, table);
    divergences(&mut out, table);
    out.text()
}

fn preface(out: &mut Markdown, study: &Study, records: &[Record], table: &Table) {
    let (all, done) = (study.setups.len(), records.len());
    let finished = match done == all {
        true if all == 1 => "The only run is finished.".to_owned(),
        true => format!("All {all} runs are finished."),
        false => format!("{done} of {all} runs are finished; this report is on those."),
    };
    out.paragraph(&finished);
    let told = |(key, value): &(String, String)| format!("{} {value}", key.replace('-', " "));
    let constants: Vec<_> = table.constants.iter().map(told).collect();
    out.paragraph(&format!("The same in all runs: {}.", constants.join("; ")));
}

fn errors(out: &mut Markdown, table: &Table) {
    out.heading(2, "Error");
    out.paragraph(
        "Relative L2 error against the exact solution after the last step: median over the seeds, quartiles in \
         parentheses. A run whose loss or gradients stop being finite numbers has diverged and counts as an infinite \
         error; † gives the number of such runs in a cell, ∞ a median or quartile that falls on one. An error of 1 is \
         what predicting zero everywhere gives. The smallest median of each column is bold.",
    );
    for panel in &table.panels {
        out.heading(3, &panel.title);
        panel.notes.iter().for_each(|note| out.paragraph(note));
        let medians = |column: usize| {
            let rows = panel.rows();
            rows.map(move |row| panel.cells[row][column].error().median)
        };
        let best = |column: usize| medians(column).fold(f64::INFINITY, f64::min);
        let best: Vec<f64> = (0..panel.columns.len()).map(best).collect();
        grid(out, table, panel, |column, cell| {
            error_cell(cell, best[column])
        });
    }
}

fn error_cell(cell: &Cell, best: f64) -> String {
    if cell.records.is_empty() {
        return String::new();
    }
    let error = cell.error();
    let [lower, middle, upper] = [error.lower, error.median, error.upper].map(number);
    let middle = match error.median.is_finite() && error.median <= best {
        true => format!("**{middle}**"),
        false => middle,
    };
    let diverged = match cell.diverged() {
        0 => String::new(),
        count => format!(" †{count}"),
    };
    format!("{middle} ({lower}–{upper}){diverged}")
}

/// Three significant figures, or ∞.
pub fn number(x: f64) -> String {
    if x.is_finite() {
        three_figures(x)
    } else {
        "∞".to_owned()
    }
}

fn usable_rates(out: &mut Markdown, table: &Table) {
    out.heading(2, "Usable learning rates");
    out.paragraph(
        "The width, in decades, of the range of learning rates around the best one in which the median error stays \
         below a limit. The range begins and ends where the straight line between neighbouring medians, with both axes \
         logarithmic, crosses the limit; towards a neighbour with an infinite median it ends at the last finite one, \
         and it never goes beyond the rates that were tried (then marked ≥). The first limit is twice the smallest \
         median of the same method, the second twice the smallest of all methods with the same optimizer: the first \
         tells how carefully the rate has to be chosen, the second also whether the method is worth it.",
    );
    for panel in &table.panels {
        out.heading(3, &panel.title);
        let curve = |row: usize| usable::curve(panel, row);
        let best = panel
            .rows()
            .filter_map(|row| usable::best(&curve(row)))
            .map(|(_, error)| error)
            .fold(f64::INFINITY, f64::min);
        let head = [
            "method",
            "best rate",
            "its median error",
            "decades below twice its own best",
            "decades below twice the best of all",
        ];
        let row = |row: usize| {
            let curve = curve(row);
            let label = table.rows[row].label.clone();
            let Some((rate, error)) = usable::best(&curve) else {
                return vec![
                    label,
                    "none".to_owned(),
                    "∞".to_owned(),
                    "0".to_owned(),
                    "0".to_owned(),
                ];
            };
            let width = |limit: f64| usable::width(&curve, limit).to_string();
            vec![
                label,
                format!("{rate}"),
                number(error),
                width(2.0 * error),
                width(2.0 * best),
            ]
        };
        out.table(
            &head.map(str::to_owned),
            Alignment::Right,
            panel.rows().map(row).collect(),
        );
    }
}

fn recoveries(out: &mut Markdown, table: &Table) {
    out.heading(2, "Steps to recover");
    out.paragraph(&format!(
        "A run has recovered from a corrupted step with the first {AFTER} losses in a row after it whose median is at \
         most {TOLERANCE} times the level before it, which is the median of the {BEFORE} losses before, or the level \
         before an earlier corrupted step from which the run has not recovered, if that is lower. The number of steps to \
         recover is the number of steps before the first of those losses: 0 if the loss never left its level. A run that \
         had not recovered when the next corrupted step or its end came counts as infinite (∞). Median over all \
         corrupted steps of all seeds, quartiles in parentheses, and the part of the corrupted steps that was not \
         recovered from. A small number does not mean that no harm was done: an optimizer that remembers a huge squared \
         gradient takes tiny steps for long, which shows in the error.",
    ));
    for panel in &table.panels {
        if panel
            .cells
            .iter()
            .flatten()
            .any(|cell| !cell.recovery().is_empty())
        {
            out.heading(3, &panel.title);
            grid(out, table, panel, |_, cell| recovery_cell(cell));
        }
    }
}

fn recovery_cell(cell: &Cell) -> String {
    let steps = cell.recovery();
    if steps.is_empty() {
        return String::new();
    }
    let lost = steps.iter().filter(|steps| steps.is_infinite()).count();
    let part = 100.0 * lost as f64 / steps.len() as f64;
    let all = quartiles(steps);
    let whole = |x: f64| {
        if x.is_finite() {
            format!("{x:.0}")
        } else {
            "∞".to_owned()
        }
    };
    format!(
        "{} ({}–{}), {part:.0} % not",
        whole(all.median),
        whole(all.lower),
        whole(all.upper)
    )
}

fn skipped(out: &mut Markdown, table: &Table) {
    out.heading(2, "Skipped steps");
    out.paragraph(
        "Steps that the loss scale of half precision skipped because a gradient had overflowed: median over the seeds.",
    );
    for panel in &table.panels {
        let mut cells = panel.cells.iter().flatten().flat_map(|cell| &cell.records);
        if cells.all(|record| record.skipped == 0) {
            continue;
        }
        out.heading(3, &panel.title);
        let cell = |_, cell: &Cell| match cell.records.is_empty() {
            true => String::new(),
            false => median(cell.records.iter().map(|record| record.skipped as f64)).to_string(),
        };
        grid(out, table, panel, cell);
    }
}

/// A table with one row for each row of the panel that has runs, without the columns that `told` leaves empty.
fn grid(out: &mut Markdown, table: &Table, panel: &Panel, told: impl Fn(usize, &Cell) -> String) {
    let rows: Vec<usize> = panel.rows().collect();
    let column = |column: usize| -> Vec<String> {
        let cells = rows
            .iter()
            .map(|&row| told(column, &panel.cells[row][column]));
        cells.collect()
    };
    let columns = panel.columns.iter().enumerate();
    let columns = columns.map(|(index, head)| (head.label.clone(), column(index)));
    let columns: Vec<_> = columns
        .filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()))
        .collect();
    let mut head = vec![table.columns_name()];
    head.extend(columns.iter().map(|(label, _)| label.clone()));
    let line = |(index, &row): (usize, &usize)| {
        let cells = columns.iter().map(|(_, cells)| cells[index].clone());
        std::iter::once(table.rows[row].label.clone())
            .chain(cells)
            .collect()
    };
    out.table(
        &head,
        Alignment::Right,
        rows.iter().enumerate().map(line).collect(),
    );
}

fn divergences(out: &mut Markdown, table: &Table) {
    out.heading(2, "Runs that failed");
    out.paragraph("Diverged, and those that finished with an error of 1 or more, which predicting zero everywhere beats.");
    let head = ["method", "runs", "diverged", "finished with an error ≥ 1"];
    let row = |(index, row): (usize, &Row)| {
        let all = table.row(index).count();
        let diverged = table
            .row(index)
            .filter(|record| record.diverged.is_some())
            .count();
        let bad = table
            .row(index)
            .filter(|record| record.final_error() >= 1.0)
            .count()
            - diverged;
        vec![
            row.label.clone(),
            all.to_string(),
            diverged.to_string(),
            bad.to_string(),
        ]
    };
    out.table(
        &head.map(str::to_owned),
        Alignment::Right,
        table.rows.iter().enumerate().map(row).collect(),
    );
}
