//! The time of a step, and what a method adds to it.

use super::markdown::{Alignment, Markdown};
use super::record::Record;
use super::table::{Cell, Row, Table};
use crate::statistics::median;

/// A section of the report.
pub fn write(out: &mut Markdown, table: &Table) {
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
    let rows = table.rows.iter().enumerate();
    let rows = rows.filter(|(index, _)| table.row(*index).next().is_some());
    let rows = rows.map(|(index, row)| line(table, index, row)).collect();
    out.table(&head.map(str::to_owned), Alignment::Right, rows);
    if table.columns_are_numbers() && table.columns_key != "lr" {
        by_column(out, table);
    }
}

fn line(table: &Table, index: usize, row: &Row) -> Vec<String> {
    let records: Vec<&Record> = table.row(index).collect();
    let [network, trimtab] = step_time(&records);
    vec![
        row.label.clone(),
        format!("{:.0}", network + trimtab),
        format!("{trimtab:.2}"),
        percent(trimtab / (network + trimtab)),
        percent(overhead(table, index)),
    ]
}

/// Where the columns are sizes, a step's time depends on them.
fn by_column(out: &mut Markdown, table: &Table) {
    let key = table.columns_name();
    out.paragraph(&format!(
        "Microseconds of a step, and of them inside trimtab, by {key}:"
    ));
    let mut labels: Vec<&String> = Vec::new();
    for column in table.panels.iter().flat_map(|panel| &panel.columns) {
        if !labels.contains(&&column.label) {
            labels.push(&column.label);
        }
    }
    let cell = |row: usize, label: &str| match table.column(row, label).as_slice() {
        [] => String::new(),
        records => {
            let [network, trimtab] = step_time(records);
            format!("{:.0}, {trimtab:.2}", network + trimtab)
        }
    };
    let line = |(index, row): (usize, &Row)| {
        let cells = labels.iter().map(|label| cell(index, label));
        std::iter::once(row.label.clone()).chain(cells).collect()
    };
    let head: Vec<String> = std::iter::once(key)
        .chain(labels.iter().map(|label| (*label).clone()))
        .collect();
    out.table(
        &head,
        Alignment::Right,
        table.rows.iter().enumerate().map(line).collect(),
    );
}

/// Median microseconds of a step: the network's part and trimtab's.
fn step_time(records: &[&Record]) -> [f64; 2] {
    let network = records.iter().map(|record| record.network_us.get());
    let trimtab = records.iter().map(|record| record.trimtab_us.get());
    [median(network), median(trimtab)]
}

/// Median over all cells of (trimtab's time - that of the optimizer alone) / step of the optimizer alone.
fn overhead(table: &Table, row: usize) -> f64 {
    let alone = table
        .rows
        .iter()
        .position(|row| row.method.links.is_empty());
    let Some(alone) = alone else { return f64::NAN };
    let pairs = table
        .panels
        .iter()
        .flat_map(|panel| panel.cells[row].iter().zip(&panel.cells[alone]));
    let filled =
        |(cell, alone): &(&Cell, &Cell)| !cell.records.is_empty() && !alone.records.is_empty();
    median(pairs.filter(filled).map(|(cell, alone)| {
        let [_, trimtab] = step_time(&cell.records);
        let [network, base] = step_time(&alone.records);
        (trimtab - base) / (network + base)
    }))
}

/// Nothing for what is not a number.
fn percent(part: f64) -> String {
    if part.is_finite() {
        format!("{:.2} %", 100.0 * part)
    } else {
        String::new()
    }
}
