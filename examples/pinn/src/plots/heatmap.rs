//! Heat maps and their colour bars.

use super::colors::{self, Map};
use super::style::{
    Area, Done, INK, PANEL_TITLE_SIZE, TEXT_SIZE, bold, decimal, power_of_ten, text,
};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::ops::Range;

const GAP: u32 = 10;
const TITLE_HEIGHT: u32 = 56;
const X_LABELS: u32 = 66;
const Y_LABELS: u32 = 80;

/// How values become colours.
#[derive(Clone)]
pub struct Scale {
    /// The colours.
    pub map: Map,
    /// What the first and the last of them stand for; exponents of ten if the scale is logarithmic.
    pub range: Range<f64>,
    /// Whether equal ratios, not equal differences, get equal steps of colour.
    pub logarithmic: bool,
}

impl Scale {
    fn color(&self, value: f64) -> RGBColor {
        let Range { start, end } = self.range;
        colors::at(self.map, (self.place(value) - start) / (end - start))
    }

    fn place(&self, value: f64) -> f64 {
        match self.logarithmic {
            true => value.max(f64::MIN_POSITIVE).log10(),
            false => value,
        }
    }

    /// Whether any of `values` lie below the first colour, and above the last.
    pub fn clips<'v>(&self, values: impl Iterator<Item = &'v f64>) -> [bool; 2] {
        values.fold([false; 2], |[below, above], &value| {
            let place = self.place(value);
            [
                below || place < self.range.start,
                above || place > self.range.end,
            ]
        })
    }

    fn label(&self, place: f64) -> String {
        if self.logarithmic {
            power_of_ten(place)
        } else {
            decimal(place)
        }
    }
}

/// Title, axes and their ends: everything but the content.
pub struct Frame<'a> {
    /// Above the content.
    pub title: String,
    /// Colour of the title: that of the method, if it belongs to one.
    pub title_color: RGBColor,
    /// Names of the axes.
    pub axes: [&'a str; 2],
    /// Ends of the axes.
    pub ranges: [Range<f64>; 2],
    /// Number of labels on the axes, about.
    pub labels: [usize; 2],
}

/// A frame with content to be drawn, in the axes' own units.
pub type Chart<'a> =
    ChartContext<'a, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Frame<'_> {
    /// Draws everything but the content.
    pub fn draw<'a>(&self, area: &Area<'a>) -> Result<Chart<'a>, Box<dyn Error>> {
        let middle = (area.dim_in_pixel().0 + Y_LABELS) / 2;
        let style = bold(PANEL_TITLE_SIZE)
            .color(&self.title_color)
            .pos(Pos::new(HPos::Center, VPos::Top));
        area.draw(&Text::new(self.title.clone(), (middle as i32, 14), style))?;
        let [x, y] = self.ranges.clone();
        let mut chart = ChartBuilder::on(area)
            .margin(GAP)
            .margin_top(TITLE_HEIGHT)
            .x_label_area_size(X_LABELS)
            .y_label_area_size(Y_LABELS)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(self.axes[0])
            .y_desc(self.axes[1])
            .x_labels(self.labels[0])
            .y_labels(self.labels[1])
            .x_label_formatter(&|&x| decimal(x))
            .y_label_formatter(&|&y| decimal(y))
            .axis_desc_style(text(TEXT_SIZE))
            .label_style(text(TEXT_SIZE))
            .axis_style(INK)
            .draw()?;
        Ok(chart)
    }
}

/// A rectangle of values in a frame.
pub struct Heatmap<'a> {
    /// What surrounds it.
    pub frame: Frame<'a>,
    /// Number of cells along the axes.
    pub cells: [usize; 2],
    /// Row by row from below.
    pub values: &'a [f64],
}

impl Heatmap<'_> {
    /// Draws the map with its frame.
    pub fn draw(&self, area: &Area, scale: &Scale) -> Done {
        let cells = self.values.iter().enumerate().map(|(index, &value)| {
            let corners = self.cell(index % self.cells[0], index / self.cells[0]);
            Rectangle::new(corners, scale.color(value).filled())
        });
        self.frame.draw(area)?.draw_series(cells)?;
        Ok(())
    }

    fn cell(&self, column: usize, row: usize) -> [(f64, f64); 2] {
        let edge = |axis: usize, index: usize| {
            let Range { start, end } = self.frame.ranges[axis];
            start + (end - start) * index as f64 / self.cells[axis] as f64
        };
        [
            (edge(0, column), edge(1, row)),
            (edge(0, column + 1), edge(1, row + 1)),
        ]
    }
}

/// Draws the legend of a scale: a vertical bar with numbers, and what they mean above it. An end whose colour also
/// stands for values beyond it says so.
pub fn color_bar(area: &Area, scale: &Scale, meaning: &str, clips: [bool; 2]) -> Done {
    let Range {
        start: low,
        end: high,
    } = scale.range;
    area.draw(&Text::new(meaning.to_owned(), (20, 10), text(TEXT_SIZE)))?;
    let mut chart = ChartBuilder::on(area)
        .margin(GAP)
        .margin_left(20)
        .margin_top(TITLE_HEIGHT)
        .margin_bottom(GAP + X_LABELS)
        .right_y_label_area_size(130)
        .build_cartesian_2d(0.0..1.0, low..high)?;
    chart.draw_series(stripes(scale))?;
    let ends = [(low, clips[0], "≤"), (high, clips[1], "≥")];
    let clipped = ends.into_iter().filter(|(_, clips, _)| *clips);
    let crowded = |place: f64| {
        let near = |end: f64| (place - end).abs() < 0.06 * (high - low);
        clipped.clone().any(|(end, ..)| near(end))
    };
    let label = |place: f64| {
        if crowded(place) {
            String::new()
        } else {
            scale.label(place)
        }
    };
    chart
        .configure_mesh()
        .disable_mesh()
        .y_labels(8)
        .y_label_formatter(&|&place| label(place))
        .label_style(text(TEXT_SIZE))
        .axis_style(INK)
        .draw()?;
    let base = area.get_base_pixel();
    for (end, _, sign) in clipped.clone() {
        let (x, y) = chart.backend_coord(&(1.0, end));
        let style = text(TEXT_SIZE).pos(Pos::new(HPos::Left, VPos::Center));
        let told = format!("{sign} {}", scale.label(end));
        area.draw(&Text::new(told, (x - base.0 + 12, y - base.1), style))?;
    }
    Ok(())
}

/// The colours from one end to the other.
fn stripes(scale: &Scale) -> impl Iterator<Item = Rectangle<(f64, f64)>> {
    const STEPS: usize = 256;
    let Range { start, end } = scale.range;
    let edge = move |step: usize| start + (end - start) * step as f64 / STEPS as f64;
    let map = scale.map;
    (0..STEPS).map(move |step| {
        let color = colors::at(map, (step as f64 + 0.5) / STEPS as f64);
        Rectangle::new([(0.0, edge(step)), (1.0, edge(step + 1))], color.filled())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithmic_scales_put_the_middle_decade_in_the_middle() {
        let scale = Scale {
            map: colors::SEQUENTIAL,
            range: -4.0..0.0,
            logarithmic: true,
        };
        assert_eq!(scale.color(1e-2), colors::at(colors::SEQUENTIAL, 0.5));
        assert_eq!(scale.color(0.0), colors::at(colors::SEQUENTIAL, 0.0));
        assert_eq!(scale.label(-3.0), "10⁻³");
        assert_eq!(scale.label(-2.5), "");
    }

    #[test]
    fn values_beyond_a_scale_are_noticed() {
        let scale = |range, logarithmic| Scale {
            map: colors::SEQUENTIAL,
            range,
            logarithmic,
        };
        assert_eq!(
            scale(-1.0..1.0, false).clips([-1.0, 1.0].iter()),
            [false, false]
        );
        assert_eq!(
            scale(-1.0..1.0, false).clips([-1.1, 0.0].iter()),
            [true, false]
        );
        assert_eq!(
            scale(-4.0..0.0, true).clips([0.0, 0.5].iter()),
            [true, false]
        );
        assert_eq!(
            scale(-4.0..0.0, true).clips([1e-3, 2.0].iter()),
            [false, true]
        );
    }

    #[test]
    fn cells_tile_the_rectangle() {
        let frame = Frame {
            title: String::new(),
            title_color: INK,
            axes: ["x", "t"],
            ranges: [-1.0..1.0, 0.0..1.0],
            labels: [3, 3],
        };
        let map = Heatmap {
            frame,
            cells: [4, 2],
            values: &[],
        };
        assert_eq!(map.cell(0, 0), [(-1.0, 0.0), (-0.5, 0.5)]);
        assert_eq!(map.cell(3, 1), [(0.5, 0.5), (1.0, 1.0)]);
    }
}
