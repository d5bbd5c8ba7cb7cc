//! Heat map of the error over learning rate and method.

use super::super::axes::{Axis, Frame};
use super::super::colors::{self, SEQUENTIAL};
use super::super::{Area, Done, TEXT_SIZE, text};
use super::lines::error_axis;
use super::marks::{Entries, Legend};
use super::{Figure, Sheet};
use crate::study::report::number;
use crate::study::table::{Cell, Panel, Table};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

const ROW: u32 = 52;

/// Colour for an error: from dark (small) to light (1 and above).
fn color(lowest: f64, error: f64) -> RGBColor {
    let place = if error.is_finite() {
        error.log10()
    } else {
        0.0
    };
    colors::at(SEQUENTIAL, (place - lowest) / (0.0 - lowest))
}

/// One panel for each of the table's, one below the other.
pub fn draw(folder: &Path, title: &str, table: &Table) -> Result<Option<Figure>, Box<dyn Error>> {
    let file = "heatmap.png";
    let height = 180 + ROW * table.rows.len() as u32;
    let lowest = error_axis(table).range.start.min(-1.0);
    let sheet = Sheet {
        titles: [
            format!("{title}: error over learning rate and method"),
            "Median over the seeds of the relative L2 error after the last step; dark is small, 1 and above is yellow"
                .to_owned(),
        ],
        across: 1,
        panel: (1700, height),
        legend: Legend {
            entries: Entries::None,
            note: "† so many of the runs diverged; ∞: the median run did.".to_owned(),
        },
    };
    sheet.draw(&folder.join(file), table.panels.len(), |index, area| {
        panel(area, table, &table.panels[index], lowest)
    })?;
    Ok(Some(Figure {
        file,
        caption: "Heat map of the error over learning rate and method".to_owned(),
    }))
}

fn panel(area: &Area, table: &Table, panel: &Panel, lowest: f64) -> Done {
    let rows: Vec<usize> = panel.rows().collect();
    let x = Axis::fields(
        "learning rate",
        panel.columns.iter().map(|column| column.label.clone()),
    );
    let height = |index: usize| (rows.len() - 1 - index) as f64;
    let y = Axis::fields(
        "",
        rows.iter().rev().map(|&row| table.rows[row].label.clone()),
    );
    let frame = Frame {
        title: panel.title.clone(),
        x,
        y,
        y_room: 480,
    };
    let chart = frame.draw(area)?;
    for (index, &row) in rows.iter().enumerate() {
        for (column, cell) in panel.cells[row]
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.records.is_empty())
        {
            let corner = (column as f64, height(index));
            let fill = color(lowest, cell.error().median);
            let rectangle = [corner, (corner.0 + 1.0, corner.1 + 1.0)];
            chart
                .plotting_area()
                .draw(&Rectangle::new(rectangle, fill.filled()))?;
            let style = text(TEXT_SIZE - 3)
                .color(ink_on(fill))
                .pos(Pos::new(HPos::Center, VPos::Center));
            let middle = (corner.0 + 0.5, corner.1 + 0.5);
            chart
                .plotting_area()
                .draw(&Text::new(label(cell), middle, style))?;
        }
    }
    Ok(())
}

fn label(cell: &Cell) -> String {
    match cell.diverged() {
        0 => number(cell.error().median),
        count => format!("{} †{count}", number(cell.error().median)),
    }
}

/// Black or white, whichever can be read.
fn ink_on(RGBColor(r, g, b): RGBColor) -> &'static RGBColor {
    let luminance = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    if luminance > 140.0 { &BLACK } else { &WHITE }
}
