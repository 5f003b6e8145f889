//! One picture of a file: PNG or JPEG, whole, upright, without transparency, in colours.

mod bits;
mod fault;
mod jpeg;
mod png;
mod scan;
mod size;

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, RgbaImage};

use self::size::{MOST_PIXELS, too_many_pixels};
use super::luminance::luminance;
use crate::graph::Shape;
use crate::{Error, Result};

/// The longest file that is read: 16 bytes for each pixel.
const MOST_BYTES: u64 = 16 << 24;

/// A picture as a viewer shows it, in red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its shape; three channels, unless it was made grey.
    pub shape: Shape,
    /// [channels, height, width], as in [`Images`](super::Images).
    pub pixels: Vec<u8>,
    /// Whether it was stored without colours.
    pub is_grey: bool,
    /// Whether pixels were transparent: they are laid on white.
    pub was_transparent: bool,
    /// Whether it was stored turned or mirrored, as its EXIF orientation says: it is upright now.
    pub was_turned: bool,
}

impl Picture {
    /// Reads a PNG or JPEG file, whatever its extension.
    ///
    /// Errors: a file that cannot be read, and those of [`Picture::decode`]; they name the file.
    pub fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(Error::io(path))?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(Error::io(path))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Error::file(path, format!("more than {MOST_BYTES} bytes: scale the image down")));
        }
        Self::decode(&bytes).map_err(|e| Error::file(path, e.to_string()))
    }

    /// Decodes a PNG or JPEG file.
    ///
    /// Errors: another format, a file that is cut off or damaged as far as its format can tell, more than 2^24 pixels.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let refuse = |why: String| Error::invalid(format!("{why}: replace or remove it"));
        let (format, exif) = check(bytes).map_err(refuse)?;
        let unreadable = |e: image::ImageError| refuse(format!("not a readable image ({e})"));
        let decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(unreadable)?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > MOST_PIXELS as u64 {
            return Err(refuse(too_many_pixels(width as usize, height as usize)));
        }
        let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
        let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
        image.apply_orientation(orientation);
        let is_grey = !image.color().has_color();
        let (image, was_transparent) =
            if image.color().has_alpha() { on_white(&image.into_rgba8()) } else { (image.into_rgb8(), false) };
        let shape = Shape { channels: 3, height: image.height() as usize, width: image.width() as usize };
        let was_turned = orientation != Orientation::NoTransforms;
        Ok(Self { shape, pixels: planar(&image), is_grey, was_transparent, was_turned })
    }

    /// The same in one channel: the luminance of each pixel (ITU-R BT.709), which is the level of a grey one.
    pub fn into_grey(self) -> Self {
        match self.shape.channels {
            3 => Self { shape: Shape { channels: 1, ..self.shape }, pixels: luminance(&self.pixels), ..self },
            _ => self,
        }
    }
}

/// The format of a file that is whole, and its EXIF data.
fn check(bytes: &[u8]) -> std::result::Result<(ImageFormat, Option<&[u8]>), String> {
    const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    match bytes {
        [] => Err("the file is empty, or cut off before its first byte".into()),
        _ if bytes.starts_with(JPEG) || JPEG.starts_with(bytes) => {
            Ok((ImageFormat::Jpeg, jpeg::check(bytes).map_err(|fault| fault.to_string())?))
        }
        _ if bytes.starts_with(PNG) || PNG.starts_with(bytes) => Ok((ImageFormat::Png, png::check(bytes)?)),
        _ => Err("not a readable image (neither PNG nor JPEG)".into()),
    }
}

/// The planes of an image one after the other: red, green, blue.
pub(super) fn planar(image: &RgbImage) -> Vec<u8> {
    (0..3).flat_map(|channel| image.as_raw().iter().skip(channel).step_by(3).copied()).collect()
}

/// An image laid on white, and whether any of it was transparent.
fn on_white(image: &RgbaImage) -> (RgbImage, bool) {
    let mut is_transparent = false;
    let blended = RgbImage::from_fn(image.width(), image.height(), |column, row| {
        let [colours @ .., alpha] = image.get_pixel(column, row).0;
        is_transparent |= alpha < 255;
        let [alpha, rest] = [alpha, 255 - alpha].map(u32::from);
        image::Rgb(colours.map(|level| ((u32::from(level) * alpha + 255 * rest + 127) / 255) as u8))
    });
    (blended, is_transparent)
}

#[cfg(test)]
mod tests;
