//! How the rows of a study are told apart: the method's colour, and a shape and a dash for each variant of it.

use super::super::axes::Chart;
use super::super::colors::of_method;
use super::super::{Area, Done, INK, MARGIN, TEXT_SIZE, text};
use crate::study::table::{Row, Table};
use plotters::coord::CoordTranslate;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Shape, dash and colour of a row.
#[derive(Clone, Copy)]
pub struct Mark {
    /// Of everything that belongs to the row.
    pub color: RGBColor,
    variant: usize,
    /// Of a line, in pixels.
    width: u32,
    /// Of a point, in pixels.
    size: i32,
}

/// A line with many points shows the shape at every so many of them.
const BETWEEN_POINTS: usize = 5;

/// Pixels of line and gap for each variant; the first is solid.
const DASHES: [(u32, u32); 5] = [(1, 0), (16, 9), (4, 7), (28, 7), (9, 14)];

impl Mark {
    /// Of a row.
    pub fn of(row: &Row) -> Self {
        let RGBColor(r, g, b) = of_method(row.method.leader());
        // Later variants are lighter, which helps where shapes overlap.
        let lighter =
            |c: u8| c + ((255 - u32::from(c)) * 15 * row.variant.min(4) as u32 / 100) as u8;
        Self {
            color: RGBColor(lighter(r), lighter(g), lighter(b)),
            variant: row.variant,
            // Thinner, as it is drawn last: a line that it lies on shows on both sides.
            width: if row.is_baseline() { 2 } else { 4 },
            size: if row.is_baseline() { 4 } else { 7 },
        }
    }

    /// A line through `points`.
    pub fn line<D>(self, area: &DrawingArea<BitMapBackend, D>, points: &[D::From]) -> Done
    where
        D: CoordTranslate,
        D::From: Clone,
    {
        let pixels: Vec<_> = points
            .iter()
            .map(|point| area.map_coordinate(point))
            .collect();
        let root = area.strip_coord_spec();
        let base = root.get_base_pixel();
        let local = pixels.iter().map(|&(x, y)| (x - base.0, y - base.1));
        let local: Vec<_> = local.collect();
        let style = self.color.stroke_width(self.width);
        match DASHES[self.variant % DASHES.len()] {
            (_, 0) => root.draw(&PathElement::new(local, style))?,
            (dash, gap) => root.draw(&DashedPathElement::new(local, dash, gap, style))?,
        }
        Ok(())
    }

    /// The row's shape at a pixel.
    pub fn point(self, area: &Area, (x, y): (i32, i32)) -> Done {
        let s = self.size;
        let fill = self.color.filled();
        match self.variant % 5 {
            0 => area.draw(&Circle::new((x, y), s, fill))?,
            1 => area.draw(&Rectangle::new([(x - s, y - s), (x + s, y + s)], fill))?,
            2 => area.draw(&Polygon::new(
                [(x, y - s - 2), (x - s - 2, y + s), (x + s + 2, y + s)],
                fill,
            ))?,
            3 => area.draw(&Polygon::new(
                [
                    (x, y - s - 4),
                    (x - s - 4, y),
                    (x, y + s + 4),
                    (x + s + 4, y),
                ],
                fill,
            ))?,
            _ => area.draw(&Polygon::new(
                [(x, y + s + 2), (x - s - 2, y - s), (x + s + 2, y - s)],
                fill,
            ))?,
        }
        Ok(())
    }

    /// The row's shape at every few of the pixels of a line; `row` shifts them, so that lines that lie on one another
    /// show their shapes in turn.
    pub fn points(self, area: &Area, pixels: &[(i32, i32)], row: usize) -> Done {
        let mut some = pixels
            .iter()
            .skip(row % BETWEEN_POINTS)
            .step_by(BETWEEN_POINTS);
        some.try_for_each(|&pixel| self.point(area, pixel))
    }

    /// A triangle that points down at a pixel of the lower edge: something is below the axis.
    pub fn below(self, area: &Area, (x, y): (i32, i32)) -> Done {
        self.triangle(area, [(x - 7, y - 14), (x + 7, y - 14), (x, y - 2)])
    }

    /// A triangle that points up at a pixel of the upper edge.
    pub fn above(self, area: &Area, (x, y): (i32, i32)) -> Done {
        self.triangle(area, [(x - 7, y + 14), (x + 7, y + 14), (x, y + 2)])
    }

    fn triangle(self, area: &Area, corners: [(i32, i32); 3]) -> Done {
        area.draw(&Polygon::new(corners, self.color.filled()))?;
        Ok(())
    }

    /// A cross at a pixel: something that has no place on the axis.
    pub fn cross(self, area: &Area, (x, y): (i32, i32)) -> Done {
        let style = self.color.stroke_width(4);
        area.draw(&PathElement::new([(x - 7, y - 7), (x + 7, y + 7)], style))?;
        area.draw(&PathElement::new([(x - 7, y + 7), (x + 7, y - 7)], style))?;
        Ok(())
    }
}

/// Of a chart's point, counted from the corner of the area that the chart was built on.
pub fn pixel(area: &Area, chart: &Chart, point: &(f64, f64)) -> (i32, i32) {
    let ((x, y), base) = (chart.backend_coord(point), area.get_base_pixel());
    (x - base.0, y - base.1)
}

/// Crosses at the edge of a panel; those at the same place are drawn side by side.
pub fn crosses(area: &Area, crosses: &[((i32, i32), Mark)]) -> Done {
    for (index, &((x, y), mark)) in crosses.iter().enumerate() {
        let here = |others: &[((i32, i32), Mark)]| {
            others.iter().filter(|other| other.0 == (x, y)).count() as i32
        };
        let (before, all) = (here(&crosses[..index]), here(crosses));
        mark.cross(area, (x + sideways(before, all), y))?;
    }
    Ok(())
}

/// Pixels from the common place to that of one of `all` crosses, which `before` others precede.
fn sideways(before: i32, all: i32) -> i32 {
    let step = 16.min(64 / (all - 1).max(1));
    step * (2 * before - (all - 1)) / 2
}

/// Columns are told apart by being filled, hollow, or hollow with a dot.
pub fn shape(area: &Area, at: (i32, i32), column: usize, color: RGBColor) -> Done {
    let rings = [(9, color), (6, WHITE), (3, INK)];
    for &(size, color) in &rings[..=column % 3] {
        area.draw(&Circle::new(at, size, color.filled()))?;
    }
    Ok(())
}

/// What stands below the panels.
pub struct Legend<'t> {
    /// What the marks mean.
    pub entries: Entries<'t>,
    /// A line of text.
    pub note: String,
}

/// What a legend explains.
pub enum Entries<'t> {
    /// Line and shape of each row.
    Rows(&'t Table<'t>),
    /// Filling of each of these columns.
    Columns(Vec<(usize, String)>),
    /// Nothing.
    None,
}

/// From the beginning of an entry to its label, and from the end of the longest label to the next entry.
const BEFORE_LABEL: u32 = 84;
const BETWEEN_ENTRIES: u32 = 40;
const LINE: u32 = 44;

impl Legend<'_> {
    /// Pixels in a picture of the given width.
    pub fn height(&self, width: u32) -> u32 {
        60 + LINE * self.lines(width)
    }

    /// Draws entries and note.
    pub fn draw(&self, area: &Area) -> Done {
        let width = area.dim_in_pixel().0;
        let (per_line, room) = (self.per_line(width), self.room());
        for (index, label) in self.labels().into_iter().enumerate() {
            let (line, place) = ((index / per_line) as u32, (index % per_line) as u32);
            let at = ((MARGIN + room * place) as i32, (20 + LINE * line) as i32);
            self.entry(area, index, label, at)?;
        }
        let under = (MARGIN as i32, (10 + LINE * self.lines(width)) as i32);
        area.draw(&Text::new(self.note.clone(), under, text(TEXT_SIZE - 3)))?;
        Ok(())
    }

    fn entry(&self, area: &Area, index: usize, label: &str, (x, y): (i32, i32)) -> Done {
        match &self.entries {
            Entries::Rows(table) => {
                let mark = Mark::of(&table.rows[index]);
                mark.line(area, &[(x, y), (x + 70, y)])?;
                mark.point(area, (x + 35, y))?;
            }
            Entries::Columns(columns) => shape(area, (x + 35, y), columns[index].0, INK)?,
            Entries::None => return Ok(()),
        }
        let beside = text(TEXT_SIZE).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(
            label.to_owned(),
            (x + BEFORE_LABEL as i32, y),
            beside,
        ))?;
        Ok(())
    }

    fn labels(&self) -> Vec<&str> {
        match &self.entries {
            Entries::Rows(table) => table.rows.iter().map(|row| row.label.as_str()).collect(),
            Entries::Columns(columns) => columns.iter().map(|(_, label)| label.as_str()).collect(),
            Entries::None => Vec::new(),
        }
    }

    /// Pixels from one entry to the next.
    fn room(&self) -> u32 {
        let font = text(TEXT_SIZE).font;
        let width = |label: &str| font.box_size(label).map_or(0, |(width, _)| width);
        let longest = self.labels().into_iter().map(width).max().unwrap_or(0);
        BEFORE_LABEL + longest + BETWEEN_ENTRIES
    }

    fn per_line(&self, width: u32) -> usize {
        ((width - MARGIN) / self.room()).max(1) as usize
    }

    fn lines(&self, width: u32) -> u32 {
        self.labels().len().div_ceil(self.per_line(width)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crosses_at_one_place_stand_side_by_side_around_it() {
        let places = |all| {
            (0..all)
                .map(|before| sideways(before, all))
                .collect::<Vec<_>>()
        };
        assert_eq!(places(1), [0]);
        assert_eq!(places(2), [-8, 8]);
        assert_eq!(places(3), [-16, 0, 16]);
        assert_eq!(places(5), [-32, -16, 0, 16, 32]);
        assert_eq!(places(9), [-32, -24, -16, -8, 0, 8, 16, 24, 32]);
    }
}
