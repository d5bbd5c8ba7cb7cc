//! A picture in memory and its way to a file.

use super::style::{Area, Done};
use crate::output::{cannot_write, replace};
use plotters::prelude::*;
use png::EncodingError;
use std::io::Write;
use std::path::Path;

/// Draws on `size` white pixels and writes them to `file`, a PNG.
pub fn picture(file: &Path, size: (u32, u32), draw: impl FnOnce(&Area) -> Done) -> Done {
    let mut pixels = vec![u8::MAX; 3 * size.0 as usize * size.1 as usize];
    let root = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
    draw(&root)?;
    root.present()?;
    drop(root);
    replace(file, |to| Ok(write(to, size, &pixels)?))
        .map_err(|error| cannot_write(file, &error).into())
}

/// Without a filter, which only hinders the compression of lines and areas: a quarter of the size.
fn write(to: impl Write, size: (u32, u32), pixels: &[u8]) -> Result<(), EncodingError> {
    let mut encoder = png::Encoder::new(to, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}
