//! The exact solution beside every method's prediction, and the error of each.

use super::canvas::picture;
use super::colors::{DIVERGING, SEQUENTIAL, of_method};
use super::heatmap::{Frame, Heatmap, Scale, color_bar};
use super::style::{Area, Done, INK, Scene, TEXT_SIZE, text, titled};
use crate::jet::Point;
use crate::problem::Problem;
use crate::run::Outcome;
use crate::screen::three_figures;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// Methods in one row; more of them go below.
const IN_A_ROW: usize = 4;
const PANEL: (u32, u32) = (440, 440);
const BAR_WIDTH: u32 = 210;
const INSIDE: RGBColor = RGBColor(0, 114, 178);
const OUTSIDE: RGBColor = RGBColor(213, 94, 0);

/// Above, the exact solution and the predictions; below, the training points and the absolute errors.
pub fn draw(file: &Path, scene: &Scene) -> Done {
    let outcomes = scene.outcomes;
    let rows = outcomes.chunks(IN_A_ROW);
    let columns = 1 + outcomes.len().min(IN_A_ROW) as u32;
    let size = (
        columns * PANEL.0 + BAR_WIDTH,
        120 + 2 * rows.len() as u32 * PANEL.1,
    );
    let title = "Exact solution, predictions and their errors";
    picture(file, size, |root| {
        let body = titled(root, title, &scene.subtitle)?;
        let strips = body.split_evenly((rows.len(), 1));
        let mut strips = strips.iter().zip(rows);
        strips.try_for_each(|(strip, row)| {
            let (above, below) = strip.split_vertically(PANEL.1);
            predictions(&above, scene, row)?;
            errors(&below, scene, row)
        })
    })
}

fn predictions(strip: &Area, scene: &Scene, outcomes: &[Outcome]) -> Done {
    let Scene { problem, start, .. } = *scene;
    let size = start
        .test
        .exact
        .iter()
        .fold(0.0f64, |size, u| size.max(u.abs()));
    let scale = Scale {
        map: DIVERGING,
        range: -size..size,
        logarithmic: false,
    };
    let (exact, rest) = strip.split_horizontally(PANEL.0);
    map(problem, "exact u".into(), INK, &start.test.exact).draw(&exact, &scale)?;
    let bar = panels(rest, outcomes, |area, outcome| {
        let title = outcome.method.label();
        map(
            problem,
            title,
            of_method(&outcome.method),
            &outcome.prediction,
        )
        .draw(area, &scale)
    })?;
    let values = outcomes.iter().flat_map(|outcome| &outcome.prediction);
    color_bar(&bar, &scale, "u", scale.clips(values))
}

fn errors(strip: &Area, scene: &Scene, outcomes: &[Outcome]) -> Done {
    let Scene { problem, start, .. } = *scene;
    let scale = Scale {
        map: SEQUENTIAL,
        range: -4.0..0.0,
        logarithmic: true,
    };
    let (first, rest) = strip.split_horizontally(PANEL.0);
    training_points(&first, scene)?;
    let misfits = |outcome: &Outcome| -> Vec<f64> {
        let pairs = outcome.prediction.iter().zip(&start.test.exact);
        pairs.map(|(u, exact)| (u - exact).abs()).collect()
    };
    let bar = panels(rest, outcomes, |area, outcome| {
        let (values, title) = (misfits(outcome), three_figures(outcome.error));
        let title = format!("relative error {title}");
        map(problem, title, of_method(&outcome.method), &values).draw(area, &scale)
    })?;
    let values: Vec<f64> = outcomes.iter().flat_map(misfits).collect();
    color_bar(&bar, &scale, "|error|", scale.clips(values.iter()))
}

/// Draws one panel for each outcome and returns the place for the colour bar.
fn panels<'a>(
    mut rest: Area<'a>,
    outcomes: &[Outcome],
    draw: impl Fn(&Area<'a>, &Outcome) -> Done,
) -> Result<Area<'a>, Box<dyn std::error::Error>> {
    for outcome in outcomes {
        let (panel, right) = rest.split_horizontally(PANEL.0);
        draw(&panel, outcome)?;
        rest = right;
    }
    Ok(rest.split_horizontally(BAR_WIDTH).0)
}

fn map<'a>(
    problem: &dyn Problem,
    title: String,
    title_color: RGBColor,
    values: &'a [f64],
) -> Heatmap<'a> {
    let side = values.len().isqrt();
    Heatmap {
        frame: frame(problem, title, title_color),
        cells: [side, side],
        values,
    }
}

fn frame(problem: &dyn Problem, title: String, title_color: RGBColor) -> Frame<'static> {
    let ranges = problem.domain().map(|[low, high]| low..high);
    Frame {
        title,
        title_color,
        axes: problem.axes(),
        ranges,
        labels: [5, 5],
    }
}

fn training_points(area: &Area, scene: &Scene) -> Done {
    let mut chart = frame(scene.problem, "first training points".into(), INK).draw(area)?;
    let dot =
        |color: RGBColor| move |point: &Point| Circle::new((point[0], point[1]), 2, color.filled());
    chart.draw_series(scene.start.interior.iter().map(dot(INSIDE)))?;
    chart.draw_series(scene.start.boundary.iter().map(dot(OUTSIDE)))?;
    // On either side of the name of the axis.
    for (x, label, color) in [(80, "● inside", INSIDE), (290, "● boundary", OUTSIDE)] {
        let style = text(TEXT_SIZE - 3)
            .color(&color)
            .pos(Pos::new(HPos::Left, VPos::Bottom));
        area.draw(&Text::new(label, (x, PANEL.1 as i32 - 12), style))?;
    }
    Ok(())
}
