use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Rgb, RgbImage, imageops};

use super::Images;

/// Longest side of a picture in pixels.
const SIDE: u32 = 64;
/// The most frames of a strip.
const FRAMES: usize = 6;
/// Pixels between them, and their colour.
const GAP: u32 = 2;
const BETWEEN: Rgb<u8> = Rgb([160, 160, 160]);

impl Images {
    /// Sample `index` as a PNG in base64, scaled down to at most 64 pixels a side; nothing where there is no such sample.
    ///
    /// Of a recording, the events of all frames on white: red where it became brighter, blue where it became darker. Of a sequence of
    /// coloured frames, the first.
    pub fn thumbnail(&self, index: usize) -> Option<String> {
        if index >= self.len() {
            return None;
        }
        png(&self.picture(self.image(index))?)
    }

    /// Some frames of recording `index` side by side, as [`Images::thumbnail`] draws them, evenly from the first to the last; nothing of
    /// an image.
    pub fn strip(&self, index: usize) -> Option<String> {
        if self.frames == 1 || index >= self.len() {
            return None;
        }
        let shown = self.frames.min(FRAMES);
        let place = |at: usize| at * (self.frames - 1) / (shown - 1) * self.shape.len();
        let frame = |at: usize| self.picture(&self.image(index)[place(at)..][..self.shape.len()]);
        let pictures: Vec<RgbImage> = (0..shown).filter_map(frame).collect();
        let (width, height) = pictures.first()?.dimensions();
        let mut strip = RgbImage::from_pixel((width + GAP) * pictures.len() as u32 - GAP, height, BETWEEN);
        for (at, picture) in pictures.iter().enumerate() {
            imageops::replace(&mut strip, picture, i64::from(width + GAP) * at as i64, 0);
        }
        png(&strip)
    }

    /// A picture of an image, or of all events of some frames.
    fn picture(&self, pixels: &[u8]) -> Option<RgbImage> {
        let pixels = match (self.frames, self.shape.channels) {
            // A grey image has red, green and blue in one plane.
            (1, 1) => self.interleaved(pixels, [0, 0, 0]),
            (_, 3) => self.interleaved(pixels, [0, 1, 2]),
            (_, 1 | 2) => self.events(pixels),
            _ => return None,
        };
        let (width, height) = (u32::try_from(self.shape.width).ok()?, u32::try_from(self.shape.height).ok()?);
        let image = RgbImage::from_raw(width, height, pixels)?;
        let longest = width.max(height);
        if longest <= SIDE {
            return Some(image);
        }
        let scaled = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longest)).max(1) as u32;
        Some(imageops::thumbnail(&image, scaled(width), scaled(height)))
    }

    /// Pixel by pixel the values of three planes.
    fn interleaved(&self, planes: &[u8], channels: [usize; 3]) -> Vec<u8> {
        let plane = self.shape.height * self.shape.width;
        (0..plane).flat_map(|at| channels.map(|channel| planes[channel * plane + at])).collect()
    }

    /// Pixel by pixel the colour of its events in all frames, in proportion to the most of one pixel.
    fn events(&self, frames: &[u8]) -> Vec<u8> {
        let plane = self.shape.height * self.shape.width;
        let mut sums = vec![0_u32; self.shape.len()];
        for frame in frames.chunks_exact(self.shape.len().max(1)) {
            sums.iter_mut().zip(frame).for_each(|(sum, &count)| *sum += u32::from(count));
        }
        let most = sums.iter().copied().max().unwrap_or(0).max(1);
        let (darker, brighter) = (&sums[..plane], &sums[sums.len() - plane..]);
        let without = |count: u32| (255 - 255 * count / most) as u8;
        let colour = |(&off, &on): (&u32, &u32)| [without(off), without(off.max(on)), without(on)];
        darker.iter().zip(brighter).flat_map(colour).collect()
    }
}

/// A PNG in base64.
fn png(image: &RgbImage) -> Option<String> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(STANDARD.encode(png.into_inner()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Shape;

    /// The picture of one image of this shape, decoded.
    fn thumbnail([channels, height, width]: [usize; 3]) -> RgbImage {
        let shape = Shape { channels, height, width };
        let pixels = (0..shape.len()).map(|i| (i % 251) as u8).collect();
        let images = Images { shape, frames: 1, pixels, labels: vec![0] };
        let png = STANDARD.decode(images.thumbnail(0).unwrap()).unwrap();
        image::load_from_memory(&png).unwrap().into_rgb8()
    }

    #[test]
    fn small_images_keep_every_pixel_and_large_ones_their_proportions() {
        let small = thumbnail([3, 2, 3]);
        assert_eq!(small.dimensions(), (3, 2));
        assert_eq!((small.get_pixel(0, 0).0, small.get_pixel(2, 1).0), ([0, 6, 12], [5, 11, 17]));
        assert_eq!(thumbnail([1, 2, 3]).get_pixel(2, 1).0, [5, 5, 5]);
        assert_eq!(thumbnail([3, 32, 128]).dimensions(), (64, 16));
        assert_eq!(thumbnail([3, 1, 1000]).dimensions(), (64, 1));
    }

    #[test]
    fn events_are_red_and_blue_on_white() {
        let shape = Shape { channels: 2, height: 1, width: 3 };
        let pixels = vec![1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0];
        let images = Images { shape, frames: 2, pixels, labels: vec![0] };
        let png = STANDARD.decode(images.thumbnail(0).unwrap()).unwrap();
        let pixels = image::load_from_memory(&png).unwrap().into_rgb8().into_raw();
        assert_eq!(pixels, [0, 0, 255, 255, 0, 0, 255, 255, 255]);
        let strip = STANDARD.decode(images.strip(0).unwrap()).unwrap();
        let strip = image::load_from_memory(&strip).unwrap().into_rgb8();
        assert_eq!(strip.dimensions(), (3 + 2 + 3, 1));
        assert_eq!((strip.get_pixel(1, 0).0, strip.get_pixel(5, 0).0), ([255, 0, 0], [0, 0, 255]));
        assert_eq!(Images { frames: 1, labels: vec![0, 0], ..images }.strip(0), None);
    }

    #[test]
    fn an_image_that_is_not_there_has_no_thumbnail() {
        let images =
            Images { shape: Shape { channels: 3, height: 1, width: 1 }, frames: 1, pixels: vec![], labels: vec![] };
        assert_eq!(images.thumbnail(0), None);
    }
}
