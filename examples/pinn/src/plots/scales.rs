//! The scale of every layer's weight gradient over training, before and after the method.

use super::canvas::picture;
use super::colors::{SEQUENTIAL, of_method};
use super::heatmap::{Frame, Heatmap, Scale, color_bar};
use super::style::{Area, Done, Scene, decades, in_range, titled};
use crate::run::{History, Outcome};
use std::path::Path;

const PANEL: (u32, u32) = (900, 400);
const BAR_WIDTH: u32 = 200;

/// One row for each method: layers by step, left as backpropagation gave the gradient, right as the optimizer saw it.
pub fn draw(file: &Path, scene: &Scene) -> Done {
    let outcomes = scene.outcomes;
    let size = (
        2 * PANEL.0 + BAR_WIDTH,
        120 + outcomes.len() as u32 * PANEL.1,
    );
    let title = "Standard deviation of each layer's weight gradient, before and after the method";
    let scale = scale(outcomes);
    let clips = scale.clips(outcomes.iter().flat_map(records).flatten());
    picture(file, size, |root| {
        let body = titled(root, title, &scene.subtitle)?;
        let strips = body.split_evenly((outcomes.len(), 1));
        let mut rows = strips.iter().zip(outcomes);
        rows.try_for_each(|(strip, outcome)| row(strip, outcome, &scale, clips))
    })
}

fn row(strip: &Area, outcome: &Outcome, scale: &Scale, clips: [bool; 2]) -> Done {
    let (before, rest) = strip.split_horizontally(PANEL.0);
    let (after, bar) = rest.split_horizontally(PANEL.0);
    let history = &outcome.history;
    panel(&before, outcome, "before", &history.scale_before, scale)?;
    panel(&after, outcome, "after", &history.scale_after, scale)?;
    color_bar(&bar, scale, "std", clips)
}

fn panel(area: &Area, outcome: &Outcome, when: &str, records: &[Vec<f64>], scale: &Scale) -> Done {
    let layers = records.first().map_or(1, Vec::len);
    let values: Vec<f64> = (0..layers)
        .flat_map(|layer| records.iter().map(move |record| record[layer]))
        .collect();
    let last = outcome.history.steps.last().copied().unwrap_or(0).max(1);
    let frame = Frame {
        title: format!("{}: {when}", outcome.method.label()),
        title_color: of_method(&outcome.method),
        axes: ["step", "layer"],
        ranges: [0.0..last as f64, 0.5..layers as f64 + 0.5],
        labels: [6, layers.min(6)],
    };
    let map = Heatmap {
        frame,
        cells: [records.len().max(1), layers],
        values: &values,
    };
    map.draw(area, scale)
}

/// Those before and after the method.
fn records(outcome: &Outcome) -> impl Iterator<Item = &Vec<f64>> {
    let History {
        scale_before,
        scale_after,
        ..
    } = &outcome.history;
    scale_before.iter().chain(scale_after)
}

/// Whole decades around everything that is not zero; at most 12, counted from above.
fn scale(outcomes: &[Outcome]) -> Scale {
    let values = in_range(outcomes).flat_map(records).flatten();
    let (low, high) = decades(values.copied());
    Scale {
        map: SEQUENTIAL,
        range: low..high,
        logarithmic: true,
    }
}
