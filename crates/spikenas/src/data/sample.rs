//! The built-in sample: 3,000 images of CIFAR-10 as JPEG files, laid end to end. See `assets/README.md`.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};
use rayon::prelude::*;

use super::cifar::Layout;
use super::picture::planar;
use super::{Dataset, Images};
use crate::{Error, Result};

const TRAIN: Packed = Packed {
    files: include_bytes!("../../assets/sample_train.jpgs"),
    index: include_bytes!("../../assets/sample_train.idx"),
};
const TEST: Packed = Packed {
    files: include_bytes!("../../assets/sample_test.jpgs"),
    index: include_bytes!("../../assets/sample_test.idx"),
};

/// JPEG files laid end to end, and 3 bytes per file: its length (16 bits, little-endian), its label.
struct Packed {
    files: &'static [u8],
    index: &'static [u8],
}

/// Decodes the sample.
pub(super) fn open() -> Result<Dataset> {
    Ok(Dataset {
        name: "sample".into(),
        classes: Layout::CIFAR10.default_classes(),
        train: TRAIN.decode()?,
        test: TEST.decode()?,
        normalisation: Layout::CIFAR10.normalisation,
        recorded: None,
        notes: Vec::new(),
    })
}

impl Packed {
    fn decode(&self) -> Result<Images> {
        let mut rest = self.files;
        let mut labelled = Vec::with_capacity(self.index.len() / 3);
        for &[low, high, label] in self.index.as_chunks().0 {
            let (file, after) = rest
                .split_at_checked(u16::from_le_bytes([low, high]).into())
                .ok_or_else(|| damaged("it ends early"))?;
            labelled.push((file, u16::from(label)));
            rest = after;
        }
        let shape = Layout::SHAPE;
        let decoded: Vec<Vec<u8>> = labelled
            .par_iter()
            .map(|(file, _)| {
                let image = ImageReader::with_format(Cursor::new(file), ImageFormat::Jpeg).decode().map_err(damaged)?;
                let pixels = planar(&image.into_rgb8());
                if pixels.len() == shape.len() { Ok(pixels) } else { Err(damaged("an image is not 32x32")) }
            })
            .collect::<Result<_>>()?;
        Ok(Images {
            shape,
            frames: 1,
            pixels: decoded.concat(),
            labels: labelled.iter().map(|&(_, label)| label).collect(),
        })
    }
}

fn damaged(why: impl ToString) -> Error {
    Error::file("sample", format!("the built-in images are damaged ({}): rebuild the program", why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_balanced_and_looks_like_cifar10() {
        let sample = open().unwrap();
        assert_eq!(sample.train.count_by_class(10), [200; 10]);
        assert_eq!(sample.test.count_by_class(10), [100; 10]);
        for split in [&sample.train, &sample.test] {
            assert_eq!(split.pixels.len(), split.len() * 3072);
            let measured = crate::data::Normalisation::of(split);
            for channel in 0..3 {
                assert!((measured.mean[channel] - sample.normalisation.mean[channel]).abs() < 0.02, "{measured:?}");
                assert!((measured.deviation[channel] - sample.normalisation.deviation[channel]).abs() < 0.01);
            }
        }
    }
}
