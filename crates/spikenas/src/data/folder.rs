//! A folder of images or recordings: `FOLDER/{train,test}/CLASS/*`; images are read here.

mod classes;
mod entries;
mod listing;
mod medium;
mod passed_over;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub(super) use listing::{Listing, SIMULATED, passed_over_note};
pub(super) use medium::Medium;
pub use passed_over::PassedOver;

use super::picture::Picture;
use super::{Dataset, Images, Normalisation};
use crate::graph::Shape;
use crate::{Error, Result};

/// A folder of images, read.
pub(super) struct Folder {
    pub(super) dataset: Dataset,
    pub(super) listing: Listing,
    /// Images with transparency, laid on white.
    pub(super) transparent: usize,
    /// Images that were stored turned.
    pub(super) turned: usize,
}

/// Reads the images of a folder. Classes and files come in the order of their names, byte by byte, as in PyTorch's `ImageFolder`;
/// hidden files are passed over, and others that are no images, which a note says. Where all are stored without colours, they have one
/// channel. The normalisation is that of the training images.
pub(super) fn read(folder: &Path, listing: Listing) -> Result<Folder> {
    let first = listing.train.first().ok_or_else(|| Error::file(folder, "holds no images"))?;
    let shape = Picture::read(&first.0)?.shape;
    let mut odd = Odd::default();
    let [train, test] = [&listing.train, &listing.test].map(|files| decode(files, shape, &mut odd));
    let (mut train, mut test) = (train?, test?);
    let Odd { transparent, turned, coloured } = odd;
    if coloured == 0 {
        [&mut train, &mut test].into_iter().for_each(keep_first_channel);
    }
    let mut notes = listing.class_notes();
    notes.extend(passed_over_note(&listing.passed_over));
    if transparent > 0 {
        let images = train.len() + test.len();
        notes.push(format!("{transparent} of {images} images have transparency: they are laid on white"));
    }
    let dataset = Dataset {
        name: folder.display().to_string(),
        classes: listing.classes.clone(),
        normalisation: Normalisation::of(&train),
        train,
        test,
        recorded: None,
        notes,
    };
    Ok(Folder { dataset, listing, transparent, turned })
}

/// The files of a folder's test samples within it, in their order; none where it is no folder of such.
///
/// Errors: the system cannot list it.
pub(crate) fn test_files(folder: &Path) -> Result<Vec<String>> {
    let listing = match Listing::of(folder) {
        Err(Error::Io { path, source }) if source.kind() != ErrorKind::NotFound => {
            return Err(Error::Io { path, source });
        }
        Err(_) => return Ok(Vec::new()),
        Ok(listing) => listing,
    };
    let within = |path: &PathBuf| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    Ok(listing.test.iter().map(|(path, _)| within(path)).collect())
}

/// Numbers of images that are not as others.
#[derive(Default)]
struct Odd {
    transparent: usize,
    turned: usize,
    coloured: usize,
}

/// Decodes in parallel; of several bad files the first is reported.
fn decode(files: &[(PathBuf, u16)], shape: Shape, odd: &mut Odd) -> Result<Images> {
    let mut pixels = Vec::new();
    let size = shape.len().checked_mul(files.len()).filter(|&size| pixels.try_reserve_exact(size).is_ok());
    let size = size.ok_or_else(|| {
        let (count, Shape { height, width, .. }) = (files.len(), shape);
        Error::invalid(format!("{count} images of {width}x{height} do not fit the memory: scale them down"))
    })?;
    pixels.resize(size, 0);
    let places = pixels.par_chunks_exact_mut(shape.len()).zip(files);
    let decoded: Vec<Result<Picture>> = places.map(|(place, (path, _))| decode_into(place, path, shape)).collect();
    for picture in decoded {
        let Picture { was_transparent, was_turned, is_grey, .. } = picture?;
        odd.transparent += usize::from(was_transparent);
        odd.turned += usize::from(was_turned);
        odd.coloured += usize::from(!is_grey);
    }
    Ok(Images { shape, frames: 1, pixels, labels: files.iter().map(|&(_, label)| label).collect() })
}

/// Of each image the first channel.
fn keep_first_channel(images: &mut Images) {
    let plane = images.shape.height * images.shape.width;
    let (size, count) = (images.shape.len(), images.len());
    for index in 1..count {
        images.pixels.copy_within(index * size..index * size + plane, index * plane);
    }
    images.pixels.truncate(count * plane);
    images.pixels.shrink_to_fit();
    images.shape.channels = 1;
}

/// Decodes one image; returns what is odd about it, without its pixels.
fn decode_into(place: &mut [u8], path: &Path, shape: Shape) -> Result<Picture> {
    let picture = Picture::read(path)?;
    if picture.shape != shape {
        let [this, first] = [picture.shape, shape].map(|Shape { width, height, .. }| format!("{width}x{height}"));
        let reason = format!("{this}, but the first image is {first}: scale all images to one size");
        return Err(Error::file(path, reason));
    }
    place.copy_from_slice(&picture.pixels);
    Ok(Picture { pixels: Vec::new(), ..picture })
}

#[cfg(test)]
mod tests;
