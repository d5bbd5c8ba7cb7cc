//! Error against the columns: depth, learning rate, or whatever number runs along them.

use super::super::axes::{Axis, Chart, Frame};
use super::super::{Area, Done};
use super::groups::Group;
use super::marks::{Entries, Legend, Mark, crosses, pixel};
use super::{Figure, Sheet};
use crate::statistics::Quartiles;
use crate::study::table::{Panel, Table};
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

/// An error above this is drawn at the upper edge.
pub const LARGEST: f64 = 10.0;

const NOTE: &str = "Lines: median over the seeds. Bands: quartiles. × at the upper edge: median beyond the axis, or diverged.";

/// One panel for each of the table's, and for each group of rows; all with the same axes.
pub fn draw(folder: &Path, title: &str, table: &Table) -> Result<Option<Figure>, Box<dyn Error>> {
    let (file, key) = ("error.png", table.columns_name());
    let (y, groups) = (error_axis(table), Group::all(table));
    let sheet = Sheet {
        titles: [
            format!("{title}: error after the last step"),
            "Relative L2 error against the exact solution; one line for each method".to_owned(),
        ],
        across: across(table, &groups),
        panel: (760, 620),
        legend: Legend {
            entries: Entries::Rows(table),
            note: NOTE.to_owned(),
        },
    };
    let count = table.panels.len() * groups.len();
    sheet.draw(&folder.join(file), count, |index, area| {
        let (own, group) = (
            &table.panels[index / groups.len()],
            &groups[index % groups.len()],
        );
        panel(area, table, own, group, &y)
    })?;
    Ok(Some(Figure {
        file,
        caption: format!("Relative L2 error against {key}, one line for each method"),
    }))
}

/// Panels in a row: the groups, if there are several.
pub fn across(table: &Table, groups: &[Group]) -> usize {
    match groups.len() {
        1 => table.across,
        several => several.min(4),
    }
}

/// Decades around all medians and quartiles up to the largest that is drawn.
pub fn error_axis(table: &Table) -> Axis {
    let cells = table
        .panels
        .iter()
        .flat_map(|panel| panel.cells.iter().flatten());
    let filled = cells.filter(|cell| !cell.records.is_empty());
    let values = filled.flat_map(|cell| {
        let Quartiles {
            lower,
            median,
            upper,
        } = cell.error();
        [lower, median, upper]
    });
    Axis::logarithmic(
        "relative L2 error",
        values.filter(|x| x.is_finite()).map(|x| x.min(LARGEST)),
    )
}

fn panel(area: &Area, table: &Table, panel: &Panel, group: &Group, y: &Axis) -> Done {
    let place = |column: usize| panel.columns[column].number.unwrap_or(1.0).log10();
    let ticks = panel
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| (place(index), column.label.clone()));
    let x = Axis::places(&table.columns_name(), ticks.collect());
    let frame = Frame {
        title: group.titled(&panel.title),
        x,
        y: y.clone(),
        y_room: 90,
    };
    let chart = frame.draw(area)?;
    let filled = |row: usize| {
        let columns = (0..panel.columns.len())
            .filter(move |&column| !panel.cells[row][column].records.is_empty());
        columns
            .map(move |column| (place(column), panel.cells[row][column].error()))
            .collect::<Vec<_>>()
    };
    let height = |error: f64| {
        if error.is_finite() {
            y.clamp(error.log10())
        } else {
            y.range.end
        }
    };
    let rows = group.pick(table, panel.rows());
    for &row in &rows {
        band(&chart, Mark::of(&table.rows[row]), &filled(row), height)?;
    }
    let mut beyond = Vec::new();
    for &row in &rows {
        let mark = Mark::of(&table.rows[row]);
        let crosses = line(area, &chart, mark, &filled(row), height)?;
        beyond.extend(crosses.into_iter().map(|pixel| (pixel, mark)));
    }
    crosses(area, &beyond)
}

fn band(
    chart: &Chart,
    mark: Mark,
    errors: &[(f64, Quartiles)],
    height: impl Fn(f64) -> f64,
) -> Done {
    let below = errors.iter().map(|(x, error)| (*x, height(error.lower)));
    let above = errors
        .iter()
        .rev()
        .map(|(x, error)| (*x, height(error.upper)));
    let outline: Vec<_> = below.chain(above).collect();
    chart
        .plotting_area()
        .draw(&Polygon::new(outline, mark.color.mix(0.10).filled()))?;
    Ok(())
}

/// Returns the pixels of the medians that are beyond the axis.
fn line(
    area: &Area,
    chart: &Chart,
    mark: Mark,
    errors: &[(f64, Quartiles)],
    height: impl Fn(f64) -> f64,
) -> Result<Vec<(i32, i32)>, Box<dyn Error>> {
    let points: Vec<_> = errors
        .iter()
        .map(|(x, error)| (*x, height(error.median)))
        .collect();
    mark.line(chart.plotting_area(), &points)?;
    let pixels = points.iter().map(|point| pixel(area, chart, point));
    let pixels = pixels
        .zip(errors)
        .map(|(pixel, (_, error))| (pixel, error.median));
    let (shown, beyond): (Vec<_>, Vec<_>) = pixels.partition(|(_, median)| *median <= LARGEST);
    shown
        .into_iter()
        .try_for_each(|(pixel, _)| mark.point(area, pixel))?;
    Ok(beyond.into_iter().map(|(pixel, _)| pixel).collect())
}
