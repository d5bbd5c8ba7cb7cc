//! What all pictures share: fonts, sizes, and how numbers are written. Sizes are in pixels of a picture some 2000 wide.

use crate::problem::Problem;
use crate::run::{Outcome, Start};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, IntoTextStyle, register_font};
use std::error::Error;

pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
pub type Done = Result<(), Box<dyn Error>>;

pub const FONT: &str = "DejaVu Sans";
pub const TITLE_SIZE: u32 = 36;
pub const PANEL_TITLE_SIZE: u32 = 30;
pub const TEXT_SIZE: u32 = 25;
pub const INK: RGBColor = RGBColor(40, 40, 40);
pub const FAINT: RGBColor = RGBColor(205, 205, 205);
pub const FAINTER: RGBColor = RGBColor(236, 236, 236);
pub const MARGIN: u32 = 24;

/// What the pictures tell of.
pub struct Scene<'a> {
    /// The equation, the network and the optimizer, in a line.
    pub subtitle: String,
    /// The equation.
    pub problem: &'a dyn Problem,
    /// Training and test points.
    pub start: &'a Start,
    /// All runs.
    pub outcomes: &'a [Outcome],
}

pub fn register_fonts() -> Done {
    let register = |style, bytes| {
        register_font(FONT, style, bytes).map_err(|_| "the built-in font is damaged")
    };
    register(FontStyle::Normal, dejavu::sans::regular())?;
    register(FontStyle::Bold, dejavu::sans::bold())?;
    Ok(())
}

pub fn text(size: u32) -> TextStyle<'static> {
    (FONT, size).with_color(INK).into_text_style(&(0, 0))
}

pub fn bold(size: u32) -> TextStyle<'static> {
    (FONT, size, FontStyle::Bold)
        .with_color(INK)
        .into_text_style(&(0, 0))
}

/// Writes `title` and, smaller, `subtitle` on top and returns what is left.
pub fn titled<'a>(
    area: &Area<'a>,
    title: &str,
    subtitle: &str,
) -> Result<Area<'a>, Box<dyn Error>> {
    let (head, body) = area.split_vertically(120);
    head.draw(&Text::new(
        title.to_owned(),
        (MARGIN as i32, 18),
        bold(TITLE_SIZE),
    ))?;
    head.draw(&Text::new(
        subtitle.to_owned(),
        (MARGIN as i32, 70),
        text(TEXT_SIZE),
    ))?;
    Ok(body)
}

/// The runs that decide on the range of an axis: those that did not diverge, if there are any.
pub fn in_range(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    let all = outcomes.iter().all(|outcome| outcome.divergence.is_some());
    outcomes
        .iter()
        .filter(move |outcome| all || outcome.divergence.is_none())
}

/// The values' range, widened to whole decades; at most 12 of them, counted from above.
pub fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let usable = values.filter(|y| y.is_finite() && *y > 0.0);
    let (low, high) = usable.fold((f64::INFINITY, 0.0f64), |(low, high), y| {
        (low.min(y), high.max(y))
    });
    if high == 0.0 {
        return (-1.0, 0.0);
    }
    let top = high.log10().ceil();
    (low.log10().floor().clamp(top - 12.0, top - 1.0), top)
}

/// A number on a linear axis, in its shortest usual form.
pub fn decimal(x: f64) -> String {
    let rounded = format!("{x:.4}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

/// A place on a logarithmic axis, where axes count in decades: whole powers of ten, nothing in between.
pub fn power_of_ten(exponent: f64) -> String {
    match exponent.round() as i32 {
        _ if (exponent - exponent.round()).abs() > 1e-9 => String::new(),
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        -1 => "0.1".to_owned(),
        other => format!("10{}", superscript(other)),
    }
}

pub fn superscript(number: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    number.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_numbers_read_naturally() {
        let linear = [-0.5, 0.0, -1e-9, 100.0, 1500.0].map(decimal);
        assert_eq!(linear, ["-0.5", "0", "0", "100", "1500"]);
        let logarithmic = [-12.0, -3.0, -1.0, 0.0, 0.5, 1.0, 4.0].map(power_of_ten);
        assert_eq!(logarithmic, ["10⁻¹²", "10⁻³", "0.1", "1", "", "10", "10⁴"]);
    }

    #[test]
    fn axes_cover_whole_decades() {
        assert_eq!(decades([0.02, 3.0].into_iter()), (-2.0, 1.0));
        assert_eq!(
            decades([f64::NAN, 0.0, f64::INFINITY].into_iter()),
            (-1.0, 0.0)
        );
        assert_eq!(decades([1e-300, 1.0].into_iter()), (-12.0, 0.0));
    }
}
