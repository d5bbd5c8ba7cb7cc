//! Colours that people with any colour vision can tell apart.

use crate::method::{Chain, Link};
use plotters::style::RGBColor;

/// The same colour for a method in every picture: Okabe and Ito's palette, its yellow replaced by olive, which shows on
/// white.
pub fn of_method(method: &Chain) -> RGBColor {
    match method.leader() {
        None => RGBColor(0, 0, 0),
        Some(Link::StableGrad { .. }) => RGBColor(0, 114, 178),
        Some(Link::GradientStabilizer { .. }) => RGBColor(213, 94, 0),
        Some(Link::Autoscale { .. }) => RGBColor(0, 158, 115),
        Some(Link::Znorm {}) => RGBColor(204, 121, 167),
        Some(Link::ClipNorm { .. }) => RGBColor(230, 159, 0),
        Some(Link::Agc { .. }) => RGBColor(86, 180, 233),
        Some(Link::Zclip { .. }) => RGBColor(140, 130, 40),
        Some(Link::ClipValue { .. }) => RGBColor(120, 60, 20),
        Some(Link::Centralize {}) => RGBColor(110, 60, 190),
        Some(Link::Scale { .. }) => RGBColor(140, 140, 140),
    }
}

/// Colours at equal distances along a scale, with straight lines between them.
pub type Map = &'static [[u8; 3]];

/// From blue over white to red (ColorBrewer's RdBu): for values of either sign.
pub const DIVERGING: Map = &[
    [5, 48, 97],
    [33, 102, 172],
    [67, 147, 195],
    [146, 197, 222],
    [209, 229, 240],
    [247, 247, 247],
    [253, 219, 199],
    [244, 165, 130],
    [214, 96, 77],
    [178, 24, 43],
    [103, 0, 31],
];

/// From dark violet to yellow (viridis): equal steps look equal, in grey too.
pub const SEQUENTIAL: Map = &[
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// The colour at `position` between 0 and 1; outside, the end of the map. NaN is light grey.
pub fn at(map: Map, position: f64) -> RGBColor {
    if position.is_nan() {
        return RGBColor(200, 200, 200);
    }
    let place = position.clamp(0.0, 1.0) * (map.len() - 1) as f64;
    let below = (place as usize).min(map.len() - 2);
    let mix = |c: usize| {
        let (a, b) = (f64::from(map[below][c]), f64::from(map[below + 1][c]));
        (a + (b - a) * (place - below as f64)).round() as u8
    };
    RGBColor(mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_ends_and_middle_are_exact() {
        assert_eq!(at(DIVERGING, 0.0), RGBColor(5, 48, 97));
        assert_eq!(at(DIVERGING, 0.5), RGBColor(247, 247, 247));
        assert_eq!(at(DIVERGING, 2.0), RGBColor(103, 0, 31));
        assert_eq!(at(SEQUENTIAL, f64::NAN), RGBColor(200, 200, 200));
    }

    #[test]
    fn no_two_methods_share_a_colour() {
        let names = "none stable-grad gradient-stabilizer autoscale znorm clip-norm agc zclip clip-value centralize scale";
        let color = |name: &str| of_method(&name.parse().expect(name));
        let colors: Vec<_> = names.split(' ').map(color).collect();
        for (i, a) in colors.iter().enumerate() {
            assert!(colors[i + 1..].iter().all(|b| a != b));
        }
    }
}
