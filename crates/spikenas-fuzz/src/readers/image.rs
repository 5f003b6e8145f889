//! An image file: PNG or JPEG.

use image::{DynamicImage, ImageFormat, RgbImage};
use spikenas::data::Picture;

use crate::checksums;
use crate::promises::accepted;

/// Side of the images.
const SIDE: u32 = 8;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let colour = DynamicImage::from(picture());
    let images = [colour.to_luma8().into(), colour.to_rgba8().into(), colour];
    let with = |format| images.iter().filter_map(move |image| encoded(image, format));
    with(ImageFormat::Png).chain(with(ImageFormat::Jpeg)).collect()
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_png, |input| {
        let Some(picture) = accepted(Picture::decode(input)) else { return false };
        assert_eq!(picture.pixels.len(), picture.shape.len());
        true
    })
}

fn picture() -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| image::Rgb([x * 32, y * 32, (x ^ y) * 16].map(|level| level as u8)))
}

/// A file of the image, where the format knows its kind of pixels.
fn encoded(image: &DynamicImage, format: ImageFormat) -> Option<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).ok()?;
    Some(bytes.into_inner())
}
