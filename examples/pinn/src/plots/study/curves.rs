//! Error over the training steps.

use super::super::axes::{Axis, Frame};
use super::super::{Area, Done};
use super::groups::Group;
use super::lines::{LARGEST, across, error_axis};
use super::marks::{Entries, Legend, Mark, pixel};
use super::{Figure, Sheet, View, views};
use crate::statistics::{Quartiles, quartiles};
use crate::study::table::{Cell, Table};
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

const NOTE: &str = "Lines: median over the seeds. Bands: quartiles. The error of a diverged run counts as infinite. \
    At the upper edge: beyond the axis.";

/// One panel for each view, and for each group of rows.
pub fn draw(folder: &Path, title: &str, table: &Table) -> Result<Option<Figure>, Box<dyn Error>> {
    let (file, views, groups) = ("curves.png", views(table), Group::all(table));
    // Columns that are shown one by one make a row each.
    let across = match views.len() > table.panels.len() && groups.len() == 1 {
        true => 3,
        false => across(table, &groups),
    };
    let sheet = Sheet {
        titles: [
            format!("{title}: error over the training steps"),
            "Relative L2 error against the exact solution".to_owned(),
        ],
        across,
        panel: (760, 620),
        legend: Legend {
            entries: Entries::Rows(table),
            note: NOTE.to_owned(),
        },
    };
    let count = views.len() * groups.len();
    sheet.draw(&folder.join(file), count, |index, area| {
        let (view, group) = (&views[index / groups.len()], &groups[index % groups.len()]);
        panel(area, table, view, group)
    })?;
    Ok(Some(Figure {
        file,
        caption: "Error over the training steps".to_owned(),
    }))
}

/// Errors at each point of the curves, with the step.
fn summary(cell: &Cell) -> Vec<(f64, Quartiles)> {
    let points = cell
        .records
        .iter()
        .map(|record| record.curve.error.len())
        .max()
        .unwrap_or(0);
    let every = cell.records.first().map_or(1, |record| record.curve.every);
    let at = |point: usize| {
        let errors = cell.records.iter().map(|record| {
            record
                .curve
                .error
                .get(point)
                .map_or(f64::NAN, |error| error.get())
        });
        ((point * every) as f64, quartiles(errors))
    };
    (0..points).map(at).collect()
}

fn panel(area: &Area, table: &Table, view: &View, group: &Group) -> Done {
    let y = error_axis(table);
    let steps = view
        .panel
        .rows()
        .flat_map(|row| &view.cell(row).records)
        .map(|record| record.setup.steps);
    let last = steps.max().unwrap_or(1) as f64;
    let frame = Frame {
        title: group.titled(&view.title),
        x: Axis::linear("step", 0.0, last, 4),
        y,
        y_room: 90,
    };
    let chart = frame.draw(area)?;
    let height = |error: f64| {
        if error <= LARGEST {
            frame.y.clamp(error.log10())
        } else {
            frame.y.range.end
        }
    };
    for row in group.pick(table, view.panel.rows()) {
        let (mark, points) = (Mark::of(&table.rows[row]), summary(view.cell(row)));
        let below = points
            .iter()
            .map(|(step, error)| (*step, height(error.lower)));
        let above = points
            .iter()
            .rev()
            .map(|(step, error)| (*step, height(error.upper)));
        let outline: Vec<_> = below.chain(above).collect();
        chart
            .plotting_area()
            .draw(&Polygon::new(outline, mark.color.mix(0.10).filled()))?;
        let line: Vec<_> = points
            .iter()
            .map(|(step, error)| (*step, height(error.median)))
            .collect();
        mark.line(chart.plotting_area(), &line)?;
        let pixels: Vec<_> = line
            .iter()
            .map(|point| pixel(area, &chart, point))
            .collect();
        mark.points(area, &pixels, row)?;
    }
    Ok(())
}
