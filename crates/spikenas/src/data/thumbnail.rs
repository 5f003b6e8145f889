use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbImage, imageops};

use super::Images;

/// Longest side of a picture in pixels.
const SIDE: u32 = 64;

impl Images {
    /// Image `index` as a PNG in base64, scaled down to at most 64 pixels a side; nothing where there is no such image.
    pub fn thumbnail(&self, index: usize) -> Option<String> {
        let plane = self.shape.height * self.shape.width;
        // Where red, green and blue are: a grey image has them all in one plane.
        let channels = match self.shape.channels {
            1 => [0, 0, 0],
            3 => [0, 1, 2],
            _ => return None,
        };
        if index >= self.len() {
            return None;
        }
        let planes = self.image(index);
        let pixels = (0..plane).flat_map(|at| channels.map(|channel| planes[channel * plane + at])).collect();
        let (width, height) = (u32::try_from(self.shape.width).ok()?, u32::try_from(self.shape.height).ok()?);
        let mut image = RgbImage::from_raw(width, height, pixels)?;
        let longest = width.max(height);
        if longest > SIDE {
            let scaled = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longest)).max(1) as u32;
            image = imageops::thumbnail(&image, scaled(width), scaled(height));
        }
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).ok()?;
        Some(STANDARD.encode(png.into_inner()))
    }
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
    fn an_image_that_is_not_there_has_no_thumbnail() {
        let images =
            Images { shape: Shape { channels: 3, height: 1, width: 1 }, frames: 1, pixels: vec![], labels: vec![] };
        assert_eq!(images.thumbnail(0), None);
    }
}
