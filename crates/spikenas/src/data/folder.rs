//! A folder of images: `FOLDER/{train,test}/CLASS/*.png|jpg|jpeg`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};
use rayon::prelude::*;

use super::{Dataset, Images, Normalisation};
use crate::graph::Shape;
use crate::{Error, Result};

/// A file and the class of its image.
type Labelled = (PathBuf, u16);

/// Reads a folder of images. Classes and files come in the order of their names; hidden ones, and files with other
/// extensions, are passed over. The normalisation is that of the training images.
pub(super) fn open(folder: &Path) -> Result<Dataset> {
    if !folder.is_dir() {
        let reason = "no such folder: give sample, cifar10, cifar100 or a folder with train/CLASS and test/CLASS";
        return Err(Error::file(folder, reason));
    }
    let [train, test] = ["train", "test"].map(|split| folder.join(split));
    let classes = class_names(&train)?;
    same_classes(&classes, &class_names(&test)?, folder)?;
    let [train, test] = [labelled_files(&train, &classes)?, labelled_files(&test, &classes)?];
    let shape = shape_of(&train)?;
    let [train, test] = [decode(&train, shape)?, decode(&test, shape)?];
    let normalisation = Normalisation::of(&train);
    Ok(Dataset { name: folder.display().to_string(), classes, train, test, normalisation })
}

/// The planes of an image one after the other: red, green, blue.
pub(super) fn planar(image: &RgbImage) -> Vec<u8> {
    (0..3).flat_map(|channel| image.as_raw().iter().skip(channel).step_by(3).copied()).collect()
}

/// What lies in a folder and is not hidden, in the order of its names.
fn visible_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn class_names(split: &Path) -> Result<Vec<String>> {
    if !split.is_dir() {
        return Err(Error::file(split, "no such folder: images belong into train/CLASS and test/CLASS"));
    }
    let mut names = Vec::new();
    for path in visible_entries(split)?.into_iter().filter(|path| path.is_dir()) {
        let name = path.file_name().and_then(OsStr::to_str);
        names.push(name.ok_or_else(|| Error::file(&path, "the name is not UTF-8: rename the folder"))?.to_string());
    }
    match names.len() {
        0 => Err(Error::file(split, "no class folders: images belong into train/CLASS and test/CLASS")),
        1..=65_536 => Ok(names),
        count => Err(Error::file(split, format!("{count} class folders: 65536 are the most"))),
    }
}

fn same_classes(train: &[String], test: &[String], folder: &Path) -> Result<()> {
    let lacks = |split: &str, class: &String, other: &str| {
        let reason = format!("no such folder, but {other}/{class} is there: both splits need the same classes");
        Err(Error::file(folder.join(split).join(class), reason))
    };
    if let Some(class) = train.iter().find(|class| !test.contains(class)) {
        return lacks("test", class, "train");
    }
    match test.iter().find(|class| !train.contains(class)) {
        Some(class) => lacks("train", class, "test"),
        None => Ok(()),
    }
}

fn labelled_files(split: &Path, classes: &[String]) -> Result<Vec<Labelled>> {
    let mut files = Vec::new();
    for (label, class) in (0..=u16::MAX).zip(classes) {
        let folder = split.join(class);
        let before = files.len();
        let images = visible_entries(&folder)?.into_iter().filter(|path| is_image(path));
        files.extend(images.map(|path| (path, label)));
        if files.len() == before {
            return Err(Error::file(
                folder,
                "no png, jpg or jpeg files: add some or remove the class from both splits",
            ));
        }
    }
    Ok(files)
}

fn is_image(path: &Path) -> bool {
    let known = |extension: &OsStr| ["png", "jpg", "jpeg"].iter().any(|e| extension.eq_ignore_ascii_case(e));
    path.extension().is_some_and(known) && path.is_file()
}

/// The shape of the first image, which all others must have.
fn shape_of(files: &[Labelled]) -> Result<Shape> {
    let Some((path, _)) = files.first() else {
        return Err(Error::invalid("a split without images"));
    };
    let (width, height) = reader(path)?.into_dimensions().map_err(unreadable(path))?;
    let shape = Shape { channels: 3, height: height as usize, width: width as usize };
    if shape.is_empty() { Err(Error::file(path, "an image without pixels: remove it")) } else { Ok(shape) }
}

/// Decodes in parallel; of several bad files the first is reported.
fn decode(files: &[Labelled], shape: Shape) -> Result<Images> {
    let decoded: Vec<Result<Vec<u8>>> = files.par_iter().map(|(path, _)| decode_one(path, shape)).collect();
    let decoded: Vec<Vec<u8>> = decoded.into_iter().collect::<Result<_>>()?;
    Ok(Images { shape, pixels: decoded.concat(), labels: files.iter().map(|&(_, label)| label).collect() })
}

fn decode_one(path: &Path, shape: Shape) -> Result<Vec<u8>> {
    let decoder = reader(path)?.into_decoder().map_err(unreadable(path))?;
    let (width, height) = decoder.dimensions();
    if (width as usize, height as usize) != (shape.width, shape.height) {
        let first = format!("{}x{}", shape.width, shape.height);
        let reason = format!("{width}x{height}, but the first image is {first}: scale all images to one size");
        return Err(Error::file(path, reason));
    }
    // A small file may claim to be a huge image: the limit is half a gigabyte.
    Limits::default().reserve(decoder.total_bytes()).map_err(unreadable(path))?;
    let image = DynamicImage::from_decoder(decoder).map_err(unreadable(path))?;
    Ok(planar(&image.into_rgb8()))
}

/// A reader that goes by what the file holds, not by its extension.
fn reader(path: &Path) -> Result<ImageReader<BufReader<File>>> {
    ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(Error::io(path))
}

fn unreadable(path: &Path) -> impl FnOnce(image::ImageError) -> Error {
    move |error| Error::file(path, format!("not a readable image ({error}): replace or remove it"))
}

#[cfg(test)]
mod tests;
