//! Scale of every layer's weight gradient, as backpropagation gave it and as the optimizer saw it.

use super::super::axes::{Axis, Chart, Frame};
use super::super::{Area, Done};
use super::groups::Group;
use super::marks::{Entries, Legend, Mark, pixel};
use super::{Figure, Sheet, Shown, View, views};
use crate::statistics::median;
use crate::study::record::{Rounded, Scales};
use crate::study::table::{Cell, Table};
use std::error::Error;
use std::path::Path;

const MOMENTS: [&str; 4] = [
    "first step, as backpropagated",
    "first step, to the optimizer",
    "near the end, as backpropagated",
    "near the end, to the optimizer",
];

const NOTE: &str = "Median over the seeds. At the first step, all methods have the same gradient. ▾: below the axis, which \
    has 12 decades at most. ▴: not finite, an overflow of half precision.";

/// Four panels for each view and group of rows: at the start and near the end, before and after the method.
pub fn draw(folder: &Path, title: &str, table: &Table) -> Result<Option<Figure>, Box<dyn Error>> {
    let file = "scales.png";
    // Of columns that are no numbers, the first will do.
    let mut views = views(table);
    views.retain(|view| table.columns_are_numbers() || matches!(view.column, Shown::Column(0)));
    let sheet = Sheet {
        titles: [
            format!("{title}: scale of each layer's gradient"),
            "Standard deviation of the weight gradient, as backpropagated and as the optimizer sees it".to_owned(),
        ],
        across: 4,
        panel: (660, 590),
        legend: Legend { entries: Entries::Rows(table), note: NOTE.to_owned() },
    };
    let (groups, count) = (Group::all(table), 4 * views.len());
    sheet.draw(&folder.join(file), count * groups.len(), |index, area| {
        let (index, moment) = (index / 4, index % 4);
        let (view, group) = (&views[index / groups.len()], &groups[index % groups.len()]);
        panel(area, table, view, group, moment)
    })?;
    let caption = "Scale of each layer's gradient before and after the method".to_owned();
    Ok(Some(Figure { file, caption }))
}

/// Of every layer, the median over the runs of a cell.
fn layers(cell: &Cell, moment: usize) -> Vec<f64> {
    let snapshot = |scales: &Vec<Scales>| {
        let snapshot = if moment < 2 {
            scales.first()
        } else {
            scales.last()
        };
        snapshot.map(|s| {
            if moment.is_multiple_of(2) {
                s.before.clone()
            } else {
                s.after.clone()
            }
        })
    };
    let runs: Vec<Vec<Rounded>> = cell
        .records
        .iter()
        .filter_map(|record| snapshot(&record.scales))
        .collect();
    let count = runs.iter().map(Vec::len).min().unwrap_or(0);
    (0..count)
        .map(|layer| median(runs.iter().map(|run| run[layer].get())))
        .collect()
}

fn panel(area: &Area, table: &Table, view: &View, group: &Group, moment: usize) -> Done {
    let all = |moment: usize| {
        let cells = view.panel.rows().map(|row| view.cell(row));
        cells.map(|cell| layers(cell, moment)).collect::<Vec<_>>()
    };
    let values = (0..4)
        .flat_map(|moment| all(moment).concat())
        .filter(|x| x.is_finite());
    let y = Axis::logarithmic("standard deviation", values);
    let count = all(moment).iter().map(Vec::len).max().unwrap_or(1) as f64;
    let mut x = Axis::linear("layer", 1.0, count.max(2.0), 5);
    x.range = 0.5..count.max(2.0) + 0.5;
    let title = format!("{}\n{}", group.titled(&view.title), MOMENTS[moment]);
    let frame = Frame {
        title,
        x,
        y,
        y_room: 90,
    };
    let chart = frame.draw(area)?;
    for row in group.pick(table, view.panel.rows()) {
        let layers = layers(view.cell(row), moment);
        line(
            area,
            &chart,
            &frame.y,
            (row, Mark::of(&table.rows[row])),
            &layers,
        )?;
    }
    Ok(())
}

fn line(area: &Area, chart: &Chart, y: &Axis, (row, mark): (usize, Mark), layers: &[f64]) -> Done {
    let height = |std: f64| std.max(f64::MIN_POSITIVE).log10();
    let points = layers.iter().enumerate();
    let points = points.map(|(layer, std)| ((layer + 1) as f64, y.clamp(height(*std))));
    let points: Vec<_> = points.collect();
    mark.line(chart.plotting_area(), &points)?;
    let pixels: Vec<_> = points
        .iter()
        .map(|point| pixel(area, chart, point))
        .collect();
    mark.points(area, &pixels, row)?;
    for (&pixel, &std) in pixels.iter().zip(layers) {
        match height(std) {
            place if place < y.range.start => mark.below(area, pixel)?,
            f64::INFINITY => mark.above(area, pixel)?,
            _ => (),
        }
    }
    Ok(())
}
