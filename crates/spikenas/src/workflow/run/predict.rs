use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::testing::LoadedModel;
use crate::data::{Images, Picture};
use crate::engine::{Engine, Fired, Mode, Network, predicted, shares};
use crate::graph::{Graph, Normalisation, Shape};
use crate::progress::Progress;
use crate::{Error, Result};

/// Classes whose votes are told, at most.
const VOTES: usize = 5;

/// What is said of an image that is not there.
const ABSENT: &str = "there is no such image: give a PNG or JPEG file, or a folder of them";

/// What a model says of an image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The file.
    pub image: PathBuf,
    /// Name of the predicted class.
    pub class: String,
    /// Its number.
    pub label: usize,
    /// Its share of the votes, a part of 1: the softmax of the outputs.
    pub share: f64,
    /// The classes with the largest shares, at most five, the predicted one first.
    pub votes: Vec<Vote>,
    /// Spikes of all layers and timesteps.
    pub spikes: u64,
    /// Each LIF layer, in the order of execution.
    pub layers: Vec<LayerSpikes>,
}

/// A class and its share of the votes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vote {
    /// Name of the class.
    pub class: String,
    /// Its share, a part of 1.
    pub share: f64,
}

/// What a LIF layer fired on an image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSpikes {
    /// Name of the layer.
    pub name: String,
    /// Spikes of all timesteps.
    pub spikes: u64,
    /// Spikes per neuron and timestep.
    pub firing_rate: f64,
}

/// The image files that paths name: files as they are, folders with the PNG and JPEG files in them, by name.
///
/// Errors: a path that cannot be looked at, a folder without images.
pub fn image_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !std::fs::metadata(path).map_err(Error::io_or_absent(path, ABSENT))?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(Error::io(path))? {
            let file = entry.map_err(Error::io(path))?.path();
            let known =
                |e: &OsStr| ["png", "jpg", "jpeg", "jpe", "jfif"].iter().any(|name| e.eq_ignore_ascii_case(name));
            let is_hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && file.extension().is_some_and(known) && !file.is_dir() {
                found.push(file);
            }
        }
        if found.is_empty() {
            return Err(Error::file(path, "no png, jpg or jpeg files in this folder: give images or their folder"));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

impl LoadedModel {
    /// What it says of images, in their order.
    ///
    /// All are read first: where one cannot be, or has another size than the network takes, none is predicted. Errors: that
    /// file and how many more there are; a model that does not tell its classes and its normalisation,
    /// or reads recordings.
    pub fn predict(
        &self,
        files: &[PathBuf],
        engine: &dyn Engine,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Prediction>> {
        let origin = self.model.origin.as_ref().ok_or_else(|| {
            let reason = "does not name its classes and its normalisation, as models of early versions: train it again";
            Error::file(&self.path, reason)
        })?;
        if self.graph.config.frames {
            let reason = "reads recordings of events, frame by frame: it says nothing of images, test it on recordings";
            return Err(Error::file(&self.path, reason));
        }
        let images = read_all(files, self.graph.input)?;
        let network = engine.network(&self.graph, &self.model.weights);
        let mut network = network.map_err(|e| Error::file(&self.path, e.to_string()))?;
        progress.begin("predict", files.len());
        let mut predictions = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            if progress.is_cancelled() {
                return Err(Error::Interrupted("not all images were looked at".into()));
            }
            let one = Look { index, images: &images, normalisation: &origin.normalisation, classes: &origin.classes };
            predictions.push(one.predict(file, network.as_mut())?);
            progress.advance(1, "");
        }
        progress.end();
        Ok(predictions)
    }
}

/// Reads images of one shape; of several bad ones the first is named.
fn read_all(files: &[PathBuf], shape: Shape) -> Result<Images> {
    let (mut pixels, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        match read_one(file, shape) {
            Ok(picture) => pixels.extend(picture.pixels),
            Err(error) => faults.push(error),
        }
    }
    let (count, of) = (faults.len(), files.len());
    match faults.into_iter().next() {
        None => Ok(Images { shape, frames: 1, pixels, labels: vec![0; of] }),
        Some(Error::File { path, reason }) if count > 1 => {
            Err(Error::file(path, format!("{reason} (and {} more of {of} images)", count - 1)))
        }
        Some(error) => Err(error),
    }
}

fn read_one(file: &Path, shape: Shape) -> Result<Picture> {
    let picture = Picture::read(file)?;
    let picture = if shape.channels == 1 { picture.into_grey() } else { picture };
    if picture.shape == shape {
        return Ok(picture);
    }
    let size = |s: Shape| format!("{}x{}", s.width, s.height);
    let (is, takes) = (size(picture.shape), size(shape));
    Err(Error::file(file, format!("{is}, the network takes {takes}: scale the image to that size")))
}

/// One of several images, and what is needed to look at it.
struct Look<'a> {
    index: usize,
    images: &'a Images,
    normalisation: &'a Normalisation,
    classes: &'a [String],
}

impl Look<'_> {
    fn predict(&self, file: &Path, network: &mut dyn Network) -> Result<Prediction> {
        let batch = self.images.batch(&[self.index], self.normalisation, None);
        let output = network.forward(&batch.images, Mode::Evaluate)?;
        let (label, shares) = (predicted(&output.logits), shares(&output.logits));
        if shares.iter().any(|share| !share.is_finite()) {
            return Err(Error::NotFinite(format!("{}: the network's outputs are not finite", file.display())));
        }
        let name = |label: usize| self.classes.get(label).cloned().unwrap_or_else(|| format!("class {label}"));
        // The predicted class first, then by share; of equal ones the first.
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        let layers = layer_spikes(network.graph(), &output.fired);
        Ok(Prediction {
            image: file.to_path_buf(),
            class: name(label),
            label,
            share: shares[label],
            votes: order.iter().take(VOTES).map(|&l| Vote { class: name(l), share: shares[l] }).collect(),
            spikes: layers.iter().map(|layer| layer.spikes).sum(),
            layers,
        })
    }
}

fn layer_spikes(graph: &Graph, fired: &[Fired]) -> Vec<LayerSpikes> {
    let timesteps = graph.config.timesteps as f64;
    let layers = graph.lifs().zip(fired).map(|((_, lif), fired)| {
        let spikes = fired.counts.iter().sum();
        LayerSpikes {
            name: lif.name.clone(),
            spikes,
            firing_rate: spikes as f64 / (lif.shape.len() as f64 * timesteps),
        }
    });
    layers.collect()
}
