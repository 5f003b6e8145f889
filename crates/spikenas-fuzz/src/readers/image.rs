//! A file among the images of a folder: PNG or JPEG.

use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};
use spikenas::{Dataset, Source};

use crate::promises::accepted;
use crate::{checksums, scratch};

/// Side of the images.
const SIDE: u32 = 8;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let grey = DynamicImage::from(picture()).into_luma8();
    let images = [picture().into(), DynamicImage::from(grey)];
    images.iter().flat_map(|image| [ImageFormat::Png, ImageFormat::Jpeg].map(|format| encoded(image, format))).collect()
}

pub(crate) fn read(input: &[u8]) -> bool {
    checksums::both(input, checksums::of_png, read_one)
}

fn read_one(input: &[u8]) -> bool {
    // Beside an image of a known size, and as the first, whose size is that of all others.
    let folder = scratch::folder("images", fill);
    let second = read_as(&folder.join("train/a/1.png"), input, &folder);
    let folder = scratch::folder("images-first", fill);
    read_as(&folder.join("train/a/0.png"), input, &folder);
    second
}

fn read_as(place: &Path, input: &[u8], folder: &Path) -> bool {
    std::fs::write(place, input).expect("a file in a temporary folder");
    let Some(dataset) = accepted(Dataset::open(&Source::Folder(folder.into()), Path::new(""))) else { return false };
    assert_eq!(dataset.train.pixels.len(), dataset.train.len() * dataset.train.shape.len());
    true
}

/// Two classes of two images each.
fn fill(folder: &Path) {
    let image = encoded(&picture().into(), ImageFormat::Png);
    for class in ["train/a", "train/b", "test/a", "test/b"] {
        std::fs::create_dir_all(folder.join(class)).expect("a folder in a temporary folder");
        for name in ["0.png", "1.png"] {
            std::fs::write(folder.join(class).join(name), &image).expect("a file in a temporary folder");
        }
    }
}

fn picture() -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| image::Rgb([x * 32, y * 32, (x ^ y) * 16].map(|level| level as u8)))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("an image in memory");
    bytes.into_inner()
}
