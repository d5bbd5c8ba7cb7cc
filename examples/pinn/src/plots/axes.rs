//! Axes whose ticks are chosen by the caller: depths, learning rates, methods, powers of ten.

use super::{
    Area, FAINT, FAINTER, INK, PANEL_TITLE_SIZE, TEXT_SIZE, bold, decades, power_of_ten, text,
};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::FontTransform;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::ops::Range;

/// One axis; logarithmic ones count in decades.
#[derive(Clone)]
pub struct Axis {
    /// What it shows, with its unit.
    pub name: String,
    /// Its ends.
    pub range: Range<f64>,
    /// Where it is labelled, and how.
    pub ticks: Vec<(f64, String)>,
    /// Where the grid has lines.
    pub lines: Vec<f64>,
}

impl Axis {
    fn new(name: &str, range: Range<f64>, ticks: Vec<(f64, String)>) -> Self {
        let lines = ticks.iter().map(|tick| tick.0).collect();
        Self {
            name: name.to_owned(),
            range,
            ticks,
            lines,
        }
    }

    /// Names in fields of width 1, the first from 0 to 1.
    pub fn fields(name: &str, labels: impl Iterator<Item = String>) -> Self {
        let ticks: Vec<_> = labels
            .enumerate()
            .map(|(index, label)| (index as f64 + 0.5, label))
            .collect();
        let lines = (1..ticks.len()).map(|line| line as f64).collect();
        let range = 0.0..ticks.len() as f64;
        Self {
            lines,
            ..Self::new(name, range, ticks)
        }
    }

    /// Whole decades around `values`, labelled as powers of ten.
    pub fn logarithmic(name: &str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = decades(values);
        let every = 1 + (high - low) as usize / 8;
        let places = (low as i32..=high as i32).step_by(every).map(f64::from);
        let ticks = places.map(|place| (place, power_of_ten(place)));
        Self::new(name, low..high, ticks.collect())
    }

    /// Labels at the given places, and some room beyond the first and the last.
    pub fn places(name: &str, ticks: Vec<(f64, String)>) -> Self {
        let first = ticks
            .iter()
            .map(|tick| tick.0)
            .fold(f64::INFINITY, f64::min);
        let last = ticks
            .iter()
            .map(|tick| tick.0)
            .fold(f64::NEG_INFINITY, f64::max);
        let room = if last > first {
            0.04 * (last - first)
        } else {
            0.5
        };
        Self::new(name, first - room..last + room, ticks)
    }

    /// From `first` to `last` with about `count` labels at round numbers.
    pub fn linear(name: &str, first: f64, last: f64, count: usize) -> Self {
        let rough = (last - first).max(f64::MIN_POSITIVE) / count.max(1) as f64;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|m| m * decade)
            .into_iter()
            .find(|&s| s >= rough);
        let step = step.unwrap_or(10.0 * decade);
        let places = (0..=count * 10).map(|i| (first / step).ceil() * step + i as f64 * step);
        let places = places.take_while(|&place| place <= last + 1e-9 * step);
        let ticks = places.map(|place| (place, super::decimal(place)));
        Self::new(name, first..last, ticks.collect())
    }

    /// `value` moved to the nearest end if it is beyond it.
    pub fn clamp(&self, value: f64) -> f64 {
        value.clamp(self.range.start, self.range.end)
    }
}

/// Title and axes of a panel.
pub struct Frame {
    /// Above it, in lines.
    pub title: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// Pixels for the labels of the y axis.
    pub y_room: u32,
}

/// A frame to draw into, in the axes' own units.
pub type Chart<'a> =
    ChartContext<'a, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

const X_ROOM: u32 = 84;
const TOP: u32 = 20;
const TITLE_LINE: u32 = 36;
const GAP: u32 = 18;
const RIGHT: u32 = 44;

impl Frame {
    /// Draws title, axes and grid.
    pub fn draw<'a>(&self, area: &Area<'a>) -> Result<Chart<'a>, Box<dyn Error>> {
        let mut chart = ChartBuilder::on(area)
            .margin(GAP)
            .margin_top(TOP + TITLE_LINE * self.title.lines().count() as u32)
            .margin_right(RIGHT)
            .margin_bottom(GAP + X_ROOM)
            .margin_left(GAP + self.y_room)
            .build_cartesian_2d(self.x.range.clone(), self.y.range.clone())?;
        let (x, y) = (self.x.range.clone(), self.y.range.clone());
        let vertical = self
            .x
            .lines
            .iter()
            .map(|&place| vec![(place, y.start), (place, y.end)]);
        chart.draw_series(vertical.map(|line| PathElement::new(line, FAINTER)))?;
        let horizontal = self
            .y
            .lines
            .iter()
            .map(|&place| vec![(x.start, place), (x.end, place)]);
        chart.draw_series(horizontal.map(|line| PathElement::new(line, FAINT)))?;
        let corners = [(x.start, y.start), (x.end, y.end)];
        chart.draw_series([Rectangle::new(corners, INK)])?;
        self.label(area, &chart)?;
        Ok(chart)
    }

    fn label(&self, area: &Area, chart: &Chart) -> Result<(), Box<dyn Error>> {
        let base = area.get_base_pixel();
        let pixel = |x: f64, y: f64| {
            let (x, y) = chart.backend_coord(&(x, y));
            (x - base.0, y - base.1)
        };
        let ([left, right], [bottom, top]) = (
            [self.x.range.start, self.x.range.end],
            [self.y.range.start, self.y.range.end],
        );
        let anchor = |h, v| text(TEXT_SIZE).pos(Pos::new(h, v));
        for (place, label) in &self.x.ticks {
            let (x, y) = pixel(*place, bottom);
            area.draw(&Text::new(
                label.clone(),
                (x, y + 10),
                anchor(HPos::Center, VPos::Top),
            ))?;
        }
        for (place, label) in &self.y.ticks {
            let (x, y) = pixel(left, *place);
            area.draw(&Text::new(
                label.clone(),
                (x - 12, y),
                anchor(HPos::Right, VPos::Center),
            ))?;
        }
        let ((x0, y0), (x1, y1)) = (pixel(left, bottom), pixel(right, top));
        let under = ((x0 + x1) / 2, y0 + 46);
        area.draw(&Text::new(
            self.x.name.clone(),
            under,
            anchor(HPos::Center, VPos::Top),
        ))?;
        let beside = (8, (y0 + y1) / 2);
        let upwards = anchor(HPos::Center, VPos::Top).transform(FontTransform::Rotate270);
        area.draw(&Text::new(self.y.name.clone(), beside, upwards))?;
        for (line, title) in self.title.lines().enumerate() {
            let style = if line == 0 {
                bold(PANEL_TITLE_SIZE - 4)
            } else {
                text(TEXT_SIZE)
            };
            let place = ((x0 + x1) / 2, 16 + (TITLE_LINE as usize * line) as i32);
            area.draw(&Text::new(
                title.to_owned(),
                place,
                style.pos(Pos::new(HPos::Center, VPos::Top)),
            ))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_at_round_numbers() {
        let labels = |axis: &Axis| {
            axis.ticks
                .iter()
                .map(|tick| tick.1.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            labels(&Axis::linear("step", 0.0, 4000.0, 4)),
            ["0", "1000", "2000", "3000", "4000"]
        );
        assert_eq!(
            labels(&Axis::linear("layer", 1.0, 9.0, 4)),
            ["2", "4", "6", "8"]
        );
        assert_eq!(
            labels(&Axis::logarithmic("error", [0.02, 0.5].into_iter())),
            ["10⁻²", "0.1", "1"]
        );
    }

    #[test]
    fn places_get_some_room() {
        let axis = Axis::places(
            "depth",
            vec![(1.0, "10".to_owned()), (2.0, "100".to_owned())],
        );
        assert_eq!(axis.range, 0.96..2.04);
        assert_eq!(
            Axis::places("depth", vec![(1.0, "10".to_owned())]).range,
            0.5..1.5
        );
        assert_eq!(axis.clamp(7.0), 2.04);
    }
}
