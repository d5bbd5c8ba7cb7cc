//! The figures of a study's report.

mod cells;
mod curves;
mod dots;
mod groups;
mod lines;
mod marks;
mod scales;

use super::canvas::picture;
use super::{Area, Done, register_fonts, titled};
use crate::study::table::{Cell, Panel, Table};
use marks::Legend;
use std::error::Error;
use std::path::Path;

/// A figure: its file and what it shows.
pub struct Figure {
    /// File name.
    pub file: &'static str,
    /// For the report.
    pub caption: String,
}

/// Draws all figures that the study has something to show in.
pub fn draw(folder: &Path, title: &str, table: &Table) -> Result<Vec<Figure>, Box<dyn Error>> {
    register_fonts()?;
    let mut figures = Vec::new();
    let mut add =
        |drawn: Result<Option<Figure>, Box<dyn Error>>| drawn.map(|figure| figures.extend(figure));
    match table.columns_are_numbers() {
        true => add(lines::draw(folder, title, table))?,
        false => add(dots::errors(folder, title, table))?,
    }
    if table.columns_key == "lr" {
        add(cells::draw(folder, title, table))?;
    }
    add(dots::recoveries(folder, title, table))?;
    add(curves::draw(folder, title, table))?;
    add(scales::draw(folder, title, table))?;
    Ok(figures)
}

/// Panels side by side in rows of at most `across`, with a title above and a legend below.
struct Sheet<'t> {
    titles: [String; 2],
    across: usize,
    panel: (u32, u32),
    legend: Legend<'t>,
}

impl Sheet<'_> {
    /// Draws `count` panels.
    fn draw(&self, file: &Path, count: usize, panel: impl Fn(usize, &Area) -> Done) -> Done {
        let across = self.across.min(count).max(1);
        let down = count.div_ceil(across);
        let width = (self.panel.0 * across as u32).max(1500);
        let height = self.panel.1 * down as u32;
        let size = (width, 120 + height + self.legend.height(width));
        picture(file, size, |root| {
            let body = titled(root, &self.titles[0], &self.titles[1])?;
            let (panels, below) = body.split_vertically(height);
            let areas = panels.split_evenly((down, across));
            let mut areas = areas.iter().take(count).enumerate();
            areas.try_for_each(|(index, area)| panel(index, area))?;
            self.legend.draw(&below)
        })
    }
}

/// What a figure that has no room for all columns shows: a panel of the table and a column of it.
struct View<'t> {
    panel: &'t Panel<'t>,
    column: Shown,
    title: String,
}

#[derive(Clone, Copy)]
enum Shown {
    /// One for all rows.
    Column(usize),
    /// The column in which the row's median error is smallest.
    Best,
}

impl View<'_> {
    /// The cell of a row.
    fn cell(&self, row: usize) -> &Cell<'_> {
        let cells = &self.panel.cells[row];
        let error = |column: &usize| cells[*column].error().median;
        let best = || (0..cells.len()).min_by(|a, b| error(a).total_cmp(&error(b)));
        match self.column {
            Shown::Column(column) => &cells[column],
            Shown::Best => &cells[best().unwrap_or(0)],
        }
    }
}

/// One view for each panel: the best learning rate of each row, or the last column in which some method works, its
/// median error being below one half. Columns that are no numbers are shown one by one.
fn views<'t>(table: &'t Table<'t>) -> Vec<View<'t>> {
    let of_panel = |panel: &'t Panel<'t>| -> Vec<View<'t>> {
        let works = |&column: &usize| {
            panel
                .rows()
                .any(|row| panel.cells[row][column].error().median < 0.5)
        };
        let last = panel.columns.len().saturating_sub(1);
        let shown: Vec<Shown> = match table.columns_key.as_str() {
            "lr" => vec![Shown::Best],
            _ if panel.columns.iter().any(|column| column.number.is_none()) => {
                (0..=last).map(Shown::Column).collect()
            }
            _ => vec![Shown::Column((0..=last).rev().find(works).unwrap_or(last))],
        };
        let view = |column| View {
            panel,
            column,
            title: title_of(panel, column),
        };
        shown.into_iter().map(view).collect()
    };
    table.panels.iter().flat_map(of_panel).collect()
}

/// The panel's title with the column that is shown.
fn title_of(panel: &Panel, shown: Shown) -> String {
    let column = match shown {
        Shown::Best => "each at its best lr".to_owned(),
        Shown::Column(column) => panel.columns[column].words.clone(),
    };
    match panel.title.is_empty() {
        true => column,
        false => format!("{}, {column}", panel.title),
    }
}
