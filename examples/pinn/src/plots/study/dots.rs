//! Methods one below the other, a dot with quartiles for each column: where the columns are no numbers.

use super::super::axes::{Axis, Chart, Frame};
use super::super::{Area, Done};
use super::lines::{LARGEST, error_axis};
use super::marks::{Entries, Legend, Mark, shape};
use super::{Figure, Sheet};
use crate::statistics::{Quartiles, quartiles};
use crate::study::table::{Cell, Column, Panel, Table};
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

const ROW: u32 = 84;

/// What is drawn of a cell.
struct Quantity<'q> {
    x: Axis,
    /// The median and the quartiles; none for an empty cell.
    summary: &'q dyn Fn(&Cell) -> Option<Quartiles>,
    /// Faint small dots: the single runs.
    single: &'q dyn Fn(&Cell) -> Vec<f64>,
    /// The place of a value on the axis; none beyond it.
    place: &'q dyn Fn(f64) -> Option<f64>,
}

/// The error after the last step.
pub fn errors(folder: &Path, title: &str, table: &Table) -> Result<Option<Figure>, Box<dyn Error>> {
    let quantity = Quantity {
        x: error_axis(table),
        summary: &|cell| (!cell.records.is_empty()).then(|| cell.error()),
        single: &|cell| {
            cell.records
                .iter()
                .map(|record| record.final_error())
                .collect()
        },
        place: &|error| (error <= LARGEST).then(|| error.log10()),
    };
    let heading = format!("{title}: error after the last step");
    let note = "× at the right edge: median beyond the axis, or diverged. Small dots: single runs.";
    let shown: Vec<usize> = (0..table.panels.len()).collect();
    sheet(
        &folder.join("error.png"),
        &heading,
        table,
        &shown,
        &quantity,
        note,
    )?;
    Ok(Some(Figure {
        file: "error.png",
        caption: "Relative L2 error of every method".to_owned(),
    }))
}

/// The steps to recover from spikes; nothing where there are none.
pub fn recoveries(
    folder: &Path,
    title: &str,
    table: &Table,
) -> Result<Option<Figure>, Box<dyn Error>> {
    let has = |cell: &Cell| cell.records.iter().any(|record| !record.spikes.is_empty());
    let shown = (0..table.panels.len())
        .filter(|&index| table.panels[index].cells.iter().flatten().any(has));
    let shown: Vec<usize> = shown.collect();
    if shown.is_empty() {
        return Ok(None);
    }
    let steps = [0, 1, 3, 10, 30, 100, 300, 1000, 3000];
    let place = |steps: f64| (1.0 + steps).log10();
    let x = Axis::places(
        "steps to recover",
        steps.map(|n| (place(f64::from(n)), n.to_string())).to_vec(),
    );
    let quantity = Quantity {
        x,
        summary: &|cell| has(cell).then(|| quartiles(cell.recovery())),
        single: &|_| Vec::new(),
        place: &|steps| steps.is_finite().then(|| place(steps)),
    };
    let heading = format!("{title}: steps to recover from a spike");
    let note = "× at the right edge: the median spike was not recovered from before the next one.";
    sheet(
        &folder.join("recovery.png"),
        &heading,
        table,
        &shown,
        &quantity,
        note,
    )?;
    Ok(Some(Figure {
        file: "recovery.png",
        caption: "Steps to recover from corrupted gradients".to_owned(),
    }))
}

fn sheet(
    file: &Path,
    heading: &str,
    table: &Table,
    shown: &[usize],
    quantity: &Quantity,
    note: &str,
) -> Done {
    let rows = table.rows.len() as u32;
    let cells = |column: usize| {
        table
            .panels
            .iter()
            .flat_map(move |panel| panel.cells.iter().filter_map(move |row| row.get(column)))
    };
    let drawn = |(column, _): &(usize, &Column)| {
        cells(*column).any(|cell| (quantity.summary)(cell).is_some())
    };
    let widest = table.panels.iter().max_by_key(|panel| panel.columns.len());
    let columns = widest
        .into_iter()
        .flat_map(|panel| panel.columns.iter().enumerate())
        .filter(drawn);
    let columns = columns.map(|(column, told)| (column, told.words.clone()));
    let sheet = Sheet {
        titles: [
            heading.to_owned(),
            "Dots: median over the seeds. Lines: from the lower to the upper quartile".to_owned(),
        ],
        across: table.across.min(2),
        panel: (1150, 180 + ROW * rows),
        legend: Legend {
            entries: Entries::Columns(columns.collect()),
            note: note.to_owned(),
        },
    };
    sheet.draw(file, shown.len(), |index, area| {
        panel(area, table, &table.panels[shown[index]], quantity)
    })
}

fn panel(area: &Area, table: &Table, panel: &Panel, quantity: &Quantity) -> Done {
    let rows: Vec<usize> = panel.rows().collect();
    let y = Axis::fields(
        "",
        rows.iter().rev().map(|&row| table.rows[row].label.clone()),
    );
    let frame = Frame {
        title: panel.title.clone(),
        x: quantity.x.clone(),
        y,
        y_room: 330,
    };
    let chart = frame.draw(area)?;
    for (index, &row) in rows.iter().enumerate() {
        let top = (rows.len() - index) as f64;
        let summaries = panel.cells[row].iter().enumerate();
        let drawn =
            summaries.filter_map(|(column, cell)| Some((column, cell, (quantity.summary)(cell)?)));
        let drawn: Vec<_> = drawn.collect();
        for (place, (column, cell, summary)) in drawn.iter().enumerate() {
            let y = top - (place as f64 + 1.0) / (drawn.len() as f64 + 1.0);
            let dots = Dots {
                area,
                chart: &chart,
                y,
                quantity,
                mark: Mark::of(&table.rows[row]),
            };
            dots.draw(*column, cell, summary)?;
        }
    }
    Ok(())
}

/// One line of dots.
struct Dots<'d, 'a> {
    area: &'d Area<'a>,
    chart: &'d Chart<'a>,
    y: f64,
    quantity: &'d Quantity<'d>,
    mark: Mark,
}

impl Dots<'_, '_> {
    fn draw(&self, column: usize, cell: &Cell, summary: &Quartiles) -> Done {
        for value in (self.quantity.single)(cell) {
            let faint = self.mark.color.mix(0.35).filled();
            self.area.draw(&Circle::new(self.pixel(value), 4, faint))?;
        }
        let ends = [summary.lower, summary.upper].map(|value| self.pixel(value));
        self.area
            .draw(&PathElement::new(ends, self.mark.color.stroke_width(4)))?;
        let middle = self.pixel(summary.median);
        match (self.quantity.place)(summary.median) {
            None => self.mark.cross(self.area, middle),
            Some(_) => shape(self.area, middle, column, self.mark.color),
        }
    }

    /// Of a value; what has no place on the axis is at its right end.
    fn pixel(&self, value: f64) -> (i32, i32) {
        let axis = &self.quantity.x;
        let place = (self.quantity.place)(value).map_or(axis.range.end, |place| axis.clamp(place));
        let (x, y) = self.chart.backend_coord(&(place, self.y));
        let base = self.area.get_base_pixel();
        (x - base.0, y - base.1)
    }
}
