//! `report.md`: tables of medians over seeds, and the figures that go with them.

use super::file::Study;
use super::markdown::{Alignment, Markdown};
use super::record::Record;
use super::table::{Cell, Table, step_time};
use super::usable;
use crate::plots::study::{self as figures, Figure};
use crate::recovery::{AFTER, BEFORE, TOLERANCE};
use crate::screen::three_figures;
use crate::statistics::{median, quartiles};
use std::error::Error;
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
    std::fs::write(folder.join("report.md"), text)?;
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
    cost(&mut out, table);
    divergences(&mut out, table);
    out.text()
}

fn preface(out: &mut Markdown, study: &Study, records: &[Record], table: &Table) {
    let (all, done) = (study.setups.len(), records.len());
    let finished = match done == all {
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
        let mut head = vec![table.columns_key.replace('-', " ")];
        head.extend(panel.columns.iter().map(|column| column.label.clone()));
        let medians = |column: usize| {
            panel
                .rows()
                .map(move |row| panel.cells[row][column].error().median)
        };
        let best: Vec<f64> = (0..panel.columns.len())
            .map(|column| medians(column).fold(f64::INFINITY, f64::min))
            .collect();
        let row = |row: usize| {
            let cells = panel.cells[row]
                .iter()
                .zip(&best)
                .map(|(cell, best)| error_cell(cell, *best));
            std::iter::once(table.rows[row].label.clone())
                .chain(cells)
                .collect()
        };
        out.table(&head, Alignment::Right, panel.rows().map(row).collect());
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
         most {TOLERANCE} times the median of the {BEFORE} losses before it; the number of steps to recover is the number \
         of steps before the first of them, 0 if the loss never left its level. A run that had not recovered when the \
         next corrupted step or its end came counts as infinite (∞). Median over all corrupted steps of all seeds, \
         quartiles in parentheses, and the part of the corrupted steps that was not recovered from. A small number does \
         not mean that no harm was done: an optimizer that remembers a huge squared gradient takes tiny steps for long, \
         which shows in the error.",
    ));
    for panel in &table.panels {
        let corrupted: Vec<usize> = (0..panel.columns.len())
            .filter(|&column| {
                panel
                    .cells
                    .iter()
                    .any(|row| !row[column].recovery().is_empty())
            })
            .collect();
        if corrupted.is_empty() {
            continue;
        }
        out.heading(3, &panel.title);
        let mut head = vec![table.columns_key.replace('-', " ")];
        head.extend(
            corrupted
                .iter()
                .map(|&column| panel.columns[column].label.clone()),
        );
        let row = |row: usize| {
            let cells = corrupted
                .iter()
                .map(|&column| recovery_cell(&panel.cells[row][column]));
            std::iter::once(table.rows[row].label.clone())
                .chain(cells)
                .collect()
        };
        out.table(&head, Alignment::Right, panel.rows().map(row).collect());
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

fn cost(out: &mut Markdown, table: &Table) {
    out.heading(2, "Time");
    out.paragraph(
        "Medians over the steps of a run and over all runs of a method, measured while the study ran: microseconds of a \
         step, those of them inside trimtab (observing, deciding, the optimizer's update), and by how much a step is \
         longer than the optimizer alone makes it. The last is the difference of the medians inside trimtab, relative \
         to the whole step of the optimizer alone, where both were run on the same thing.",
    );
    let head = [
        "method",
        "µs per step",
        "in trimtab",
        "share",
        "longer than the optimizer alone",
    ];
    let alone = table
        .rows
        .iter()
        .position(|row| row.method.links.is_empty());
    let row = |(index, row): (usize, &super::table::Row)| {
        let records: Vec<&Record> = table.row(index).collect();
        let (network, trimtab) = step_time(records.iter().copied());
        let overhead = alone.map(|alone| overhead(table, index, alone));
        let overhead = overhead
            .filter(|x| x.is_finite())
            .map_or(String::new(), |x| format!("{:.2} %", 100.0 * x));
        vec![
            row.label.clone(),
            format!("{:.0}", network + trimtab),
            format!("{trimtab:.2}"),
            format!("{:.2} %", 100.0 * trimtab / (network + trimtab)),
            overhead,
        ]
    };
    let rows = table
        .rows
        .iter()
        .enumerate()
        .filter(|(index, _)| table.row(*index).next().is_some());
    out.table(
        &head.map(str::to_owned),
        Alignment::Right,
        rows.map(row).collect(),
    );
}

/// Median over all cells of (trimtab's time - that of the optimizer alone) / step of the optimizer alone.
fn overhead(table: &Table, row: usize, alone: usize) -> f64 {
    let cells = table
        .panels
        .iter()
        .flat_map(|panel| panel.cells[row].iter().zip(&panel.cells[alone]));
    let both = cells.filter(|(cell, alone)| !cell.records.is_empty() && !alone.records.is_empty());
    median(both.map(|(cell, alone)| {
        let (_, trimtab) = step_time(cell.records.iter().copied());
        let (network, base) = step_time(alone.records.iter().copied());
        (trimtab - base) / (network + base)
    }))
}

fn divergences(out: &mut Markdown, table: &Table) {
    out.heading(2, "Runs that failed");
    out.paragraph("Diverged, and those that finished with an error of 1 or more, which predicting zero everywhere beats.");
    let head = ["method", "runs", "diverged", "finished with an error ≥ 1"];
    let row = |(index, row): (usize, &super::table::Row)| {
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
