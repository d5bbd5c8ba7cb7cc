//! Loss and error of every method over the training steps.

use super::canvas::picture;
use super::colors::of_method;
use super::style::{
    Area, Done, FAINT, FAINTER, INK, MARGIN, PANEL_TITLE_SIZE, Scene, TEXT_SIZE, bold, decades,
    in_range, power_of_ten, text, titled,
};
use crate::run::Outcome;
use plotters::prelude::*;
use std::path::Path;

/// Two panels with logarithmic axes and one legend.
pub fn draw(file: &Path, scene: &Scene) -> Done {
    let outcomes = scene.outcomes;
    picture(file, (2000, 980), |root| {
        let body = titled(
            root,
            "Training with and without each method",
            &scene.subtitle,
        )?;
        let (legend_area, panels) = body.split_vertically(60);
        legend(&legend_area, outcomes)?;
        let (left, right) = panels.split_horizontally(1000);
        panel(&left, "Loss", outcomes, |outcome| &outcome.history.loss)?;
        panel(
            &right,
            "Relative L2 error against the exact solution",
            outcomes,
            |outcome| &outcome.history.error,
        )
    })
}

fn legend(area: &Area, outcomes: &[Outcome]) -> Done {
    let mut left = MARGIN as i32;
    for outcome in outcomes {
        let color = of_method(&outcome.method);
        let label = match outcome.divergence {
            None => outcome.method.label(),
            Some(_) => format!("{} (diverged at ×)", outcome.method.label()),
        };
        area.draw(&PathElement::new(
            [(left, 22), (left + 60, 22)],
            color.stroke_width(5),
        ))?;
        let (width, _) = area.estimate_text_size(&label, &text(TEXT_SIZE))?;
        area.draw(&Text::new(label, (left + 74, 8), text(TEXT_SIZE)))?;
        left += width as i32 + 130;
    }
    Ok(())
}

fn panel(
    area: &Area,
    title: &str,
    outcomes: &[Outcome],
    curve: impl Fn(&Outcome) -> &Vec<f64>,
) -> Done {
    let steps = outcomes.iter().flat_map(|outcome| &outcome.history.steps);
    let last = steps.copied().max().unwrap_or(0).max(1) as f64;
    let (low, high) = decades(in_range(outcomes).flat_map(&curve).copied());
    let mut chart = ChartBuilder::on(area)
        .caption(title, bold(PANEL_TITLE_SIZE))
        .margin(MARGIN)
        .x_label_area_size(70)
        .y_label_area_size(90)
        .build_cartesian_2d(0.0..last, low..high)?;
    let subdivisions = (low as i32..high as i32)
        .flat_map(|decade| (2..10).map(move |n| f64::from(decade) + f64::from(n).log10()));
    chart.draw_series(subdivisions.map(|y| PathElement::new([(0.0, y), (last, y)], FAINTER)))?;
    chart
        .configure_mesh()
        .x_desc("step")
        .axis_desc_style(text(TEXT_SIZE))
        .label_style(text(TEXT_SIZE))
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|&exponent| power_of_ten(exponent))
        .x_labels(7)
        .y_labels((high - low) as usize + 1)
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .draw()?;
    // The optimizer alone comes last, so that nothing covers it, and thinner, so that what it covers shows beside it.
    let mut drawn: Vec<&Outcome> = outcomes.iter().collect();
    drawn.sort_by_key(|outcome| outcome.method.links.is_empty());
    for outcome in drawn {
        let heights = curve(outcome).iter().map(|y| y.log10().clamp(low, high));
        let steps = outcome.history.steps.iter().map(|&step| step as f64);
        let points: Vec<(f64, f64)> = steps.zip(heights).collect();
        let width = if outcome.method.links.is_empty() {
            3
        } else {
            4
        };
        let style = of_method(&outcome.method).stroke_width(width);
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        if let (Some(_), Some(&end)) = (outcome.divergence, points.last()) {
            chart.draw_series([Cross::new(end, 14, style)])?;
        }
    }
    Ok(())
}
