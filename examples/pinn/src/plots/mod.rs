//! The pictures: curves, solutions, gradient scales.

mod canvas;
mod colors;
mod curves;
mod heatmap;
mod scales;
mod solution;
mod style;

pub use style::Scene;

use std::error::Error;
use std::path::{Path, PathBuf};

/// What [`draw`] writes.
pub const FILES: [&str; 3] = ["curves.png", "solution.png", "scales.png"];

/// Draws every picture into `folder`, which must exist, and returns their paths.
pub fn draw(folder: &Path, scene: &Scene) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    style::register_fonts()?;
    let paths = FILES.map(|name| folder.join(name));
    let [curve_file, solution_file, scale_file] = &paths;
    curves::draw(curve_file, scene)?;
    solution::draw(solution_file, scene)?;
    scales::draw(scale_file, scene)?;
    Ok(paths.to_vec())
}
