//! Scale of every layer's weight gradient, as backpropagation gave it and as the optimizer saw it.

use super::super::axes::{Axis, Frame};
use super::super::{Area, Done};
use super::marks::{Entries, Legend, Mark};
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

/// Four panels for each view: at the start and near the end, before and after the method.
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
        panel: (640, 590),
        legend: Legend { entries: Entries::Rows(table), note: "Median over the seeds. At the first step, all methods have the same gradient.".to_owned() },
    };
    sheet.draw(&folder.join(file), 4 * views.len(), |index, area| {
        panel(area, table, &views[index / 4], index % 4)
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

fn panel(area: &Area, table: &Table, view: &View, moment: usize) -> Done {
    let all = |moment: usize| {
        let cells = view.panel.rows().map(|row| view.cell(row));
        cells.map(|cell| layers(cell, moment)).collect::<Vec<_>>()
    };
    let values = (0..4)
        .flat_map(|moment| all(moment).concat())
        .filter(|x| x.is_finite());
    let y = Axis::logarithmic("standard deviation", values);
    let lines = all(moment);
    let count = lines.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let mut x = Axis::linear("layer", 1.0, count.max(2.0), 5);
    x.range = 0.5..count.max(2.0) + 0.5;
    let title = format!(
        "{}
{}",
        view.title, MOMENTS[moment]
    );
    let frame = Frame {
        title,
        x,
        y,
        y_room: 90,
    };
    let chart = frame.draw(area)?;
    for (row, layers) in view.panel.rows().zip(&lines) {
        let height = |std: f64| frame.y.clamp(std.max(f64::MIN_POSITIVE).log10());
        let points = layers
            .iter()
            .enumerate()
            .map(|(layer, std)| ((layer + 1) as f64, height(*std)));
        let points: Vec<_> = points.collect();
        let mark = Mark::of(&table.rows[row]);
        mark.line(chart.plotting_area(), &points)?;
    }
    Ok(())
}
