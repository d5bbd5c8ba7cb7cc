//! Heat maps and their colour bars.

use super::colors::{self, Map};
use super::{Area, Done, INK, PANEL_TITLE_SIZE, TEXT_SIZE, decimal, power_of_ten, text};
use plotters::prelude::*;
use std::ops::Range;

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
        let place = if self.logarithmic {
            value.max(f64::MIN_POSITIVE).log10()
        } else {
            value
        };
        let Range { start, end } = self.range;
        colors::at(self.map, (place - start) / (end - start))
    }

    fn label(&self, place: f64) -> String {
        if self.logarithmic {
            power_of_ten(place)
        } else {
            decimal(place)
        }
    }
}

/// A rectangle of values with names and ends for both axes.
pub struct Heatmap<'a> {
    /// Above the map.
    pub title: String,
    /// Colour of the title: that of the method, if it belongs to one.
    pub title_color: RGBColor,
    /// Names of the axes.
    pub axes: [&'a str; 2],
    /// Ends of the axes.
    pub ranges: [Range<f64>; 2],
    /// Number of cells along the axes.
    pub cells: [usize; 2],
    /// Row by row from below.
    pub values: &'a [f64],
    /// Number of labels on the axes, about.
    pub labels: [usize; 2],
}

impl Heatmap<'_> {
    /// Draws the map with its axes.
    pub fn draw(&self, area: &Area, scale: &Scale) -> Done {
        let [x, y] = self.ranges.clone();
        let title = (super::FONT, PANEL_TITLE_SIZE, FontStyle::Bold).with_color(self.title_color);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, title)
            .margin(10)
            .x_label_area_size(66)
            .y_label_area_size(80)
            .build_cartesian_2d(x, y)?;
        let cells = self.values.iter().enumerate().map(|(index, &value)| {
            let corners = self.cell(index % self.cells[0], index / self.cells[0]);
            Rectangle::new(corners, scale.color(value).filled())
        });
        chart.draw_series(cells)?;
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
        Ok(())
    }

    fn cell(&self, column: usize, row: usize) -> [(f64, f64); 2] {
        let edge = |axis: usize, index: usize| {
            let Range { start, end } = self.ranges[axis];
            start + (end - start) * index as f64 / self.cells[axis] as f64
        };
        [
            (edge(0, column), edge(1, row)),
            (edge(0, column + 1), edge(1, row + 1)),
        ]
    }
}

/// Draws the legend of a scale: a vertical bar with numbers, and what they mean above it.
pub fn color_bar(area: &Area, scale: &Scale, meaning: &str) -> Done {
    const STEPS: usize = 256;
    let Range {
        start: low,
        end: high,
    } = scale.range;
    area.draw(&Text::new(meaning.to_owned(), (20, 10), text(TEXT_SIZE)))?;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_left(20)
        .margin_top(48)
        .margin_bottom(76)
        .right_y_label_area_size(110)
        .build_cartesian_2d(0.0..1.0, low..high)?;
    chart.draw_series((0..STEPS).map(|step| {
        let edge = |step: usize| low + (high - low) * step as f64 / STEPS as f64;
        let position = (step as f64 + 0.5) / STEPS as f64;
        Rectangle::new(
            [(0.0, edge(step)), (1.0, edge(step + 1))],
            colors::at(scale.map, position).filled(),
        )
    }))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .y_labels(8)
        .y_label_formatter(&|&place| scale.label(place))
        .label_style(text(TEXT_SIZE))
        .axis_style(INK)
        .draw()?;
    Ok(())
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
    fn cells_tile_the_rectangle() {
        let map = Heatmap {
            title: String::new(),
            title_color: INK,
            axes: ["x", "t"],
            ranges: [-1.0..1.0, 0.0..1.0],
            cells: [4, 2],
            values: &[],
            labels: [3, 3],
        };
        assert_eq!(map.cell(0, 0), [(-1.0, 0.0), (-0.5, 0.5)]);
        assert_eq!(map.cell(3, 1), [(0.5, 0.5), (1.0, 1.0)]);
    }
}
