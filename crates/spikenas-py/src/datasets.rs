//! Images with labels, from arrays or by the name of a dataset.

use std::path::PathBuf;
use std::sync::Arc;

use numpy::{PyArray1, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use spikenas::Silent;
use spikenas::data::{DataConfig, Framing, Images, Source};
use spikenas::graph::{Normalisation, Shape};

use crate::arrays::array;
use crate::error::{invalid, raised};

/// Pixels of images, [images, channels, rows, columns].
type Pixels<'py> = Bound<'py, PyArrayDyn<u8>>;
/// A number for each image.
type Numbers<'py> = Bound<'py, PyArray1<i64>>;

/// Training and test images with their labels, in memory.
#[pyclass(frozen, module = "spikenas")]
pub struct Dataset {
    /// The images.
    pub dataset: Arc<spikenas::Dataset>,
    /// Where they come from.
    pub source: Source,
    /// The folder that holds CIFAR's.
    pub folder: PathBuf,
}

impl Dataset {
    /// A dataset that was read from a place.
    pub fn read(source: Source, folder: PathBuf, dataset: spikenas::Dataset) -> Self {
        Self { dataset: Arc::new(dataset), source, folder }
    }

    /// How a run names it.
    pub fn config(&self) -> DataConfig {
        DataConfig::of(&self.source, &self.folder, &self.dataset)
    }

    fn split(&self, name: &str) -> PyResult<&Images> {
        match name {
            "train" => Ok(&self.dataset.train),
            "test" => Ok(&self.dataset.test),
            _ => Err(invalid(format!("split {name:?}: choose from train, test"))),
        }
    }
}

#[pymethods]
impl Dataset {
    /// A dataset of arrays: pixels, uint8 [images, 3 or 1, rows, columns], or the frames of recordings, uint8 [recordings, frames, 2 or 1,
    /// rows, columns], numbers of events; and labels from 0 on, int64 [images]; those of the test, and the names of the classes, which are
    /// their numbers where none are given.
    #[new]
    #[pyo3(signature = (images, labels, test_images = None, test_labels = None, classes = None))]
    fn new(
        images: &Bound<'_, PyAny>,
        labels: &Bound<'_, PyAny>,
        test_images: Option<&Bound<'_, PyAny>>,
        test_labels: Option<&Bound<'_, PyAny>>,
        classes: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let train = split("", images, labels)?;
        let test = match (test_images, test_labels) {
            (Some(images), Some(labels)) => split("test ", images, labels)?,
            (None, None) => Images { pixels: Vec::new(), labels: Vec::new(), ..train },
            _ => return Err(invalid("test images and test labels: give both or neither")),
        };
        if train.shape != test.shape {
            let size = |shape: Shape| format!("{}x{}", shape.height, shape.width);
            let (own, theirs) = (size(test.shape), size(train.shape));
            return Err(invalid(format!(
                "test images of {own} pixels, training images of {theirs}: give images of one size"
            )));
        }
        if train.frames != test.frames {
            let (own, theirs) = (test.frames, train.frames);
            return Err(invalid(format!("test samples of {own} frames, training samples of {theirs}: give as many")));
        }
        let most = train.labels.iter().chain(&test.labels).max().map_or(0, |&label| usize::from(label) + 1);
        let classes = classes.unwrap_or_else(|| (0..most).map(|class| class.to_string()).collect());
        if classes.len() < most {
            return Err(invalid(format!("label {}: {} classes are named", most - 1, classes.len())));
        }
        let is_recorded = train.frames > 1;
        let normalisation = if is_recorded { Normalisation::of_counts(&train) } else { Normalisation::of(&train) };
        let name = Source::Memory.name().into();
        let dataset =
            spikenas::Dataset { name, classes, train, test, normalisation, recorded: None, notes: Vec::new() };
        Ok(Self::read(Source::Memory, "data".into(), dataset))
    }

    /// Reads a dataset: "sample", "cifar10", "cifar100", "nmnist" or another with a name, or a folder of images or of recordings of events;
    /// `data_dir`: where those with a name lie. Recordings become `frames` (10) by "number" of events or by "time" (`split_by`), with
    /// `downscale` pixels of a side added up to one, and polarities apart unless they are to be merged.
    #[staticmethod]
    #[pyo3(signature = (name, data_dir = PathBuf::from("data"), *, frames = None, split_by = None, downscale = None, merge_polarities = None))]
    fn open(
        py: Python<'_>,
        name: &str,
        data_dir: PathBuf,
        frames: Option<usize>,
        split_by: Option<&str>,
        downscale: Option<u16>,
        merge_polarities: Option<bool>,
    ) -> PyResult<Self> {
        let source: Source = name.parse().map_err(raised)?;
        let usual = source.framing();
        let framing = Framing {
            frames: frames.unwrap_or(usual.frames),
            split: split_by.map_or(Ok(usual.split), str::parse).map_err(raised)?,
            scale: downscale.unwrap_or(usual.scale),
            merges_polarities: merge_polarities.unwrap_or(usual.merges_polarities),
        };
        let is_asked = frames.is_some() || split_by.is_some() || downscale.is_some() || merge_polarities.is_some();
        let framing = is_asked.then_some(framing);
        let read = || spikenas::Dataset::open_framed(&source, &data_dir, framing, &mut Silent);
        let dataset = py.detach(read).map_err(raised)?;
        Ok(Self::read(source, data_dir, dataset))
    }

    /// Where the images come from, as `config.toml` names it; "in-memory" where they were given as arrays.
    #[getter]
    fn name(&self) -> &str {
        &self.dataset.name
    }

    /// Names of the classes, in the order of the network's outputs.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.dataset.classes.clone()
    }

    /// What somebody who uses the images should hear, such as files of a folder that were passed over.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.dataset.notes.clone()
    }

    /// Channels, rows and columns of an image.
    #[getter]
    fn image(&self) -> (usize, usize, usize) {
        let Shape { channels, height, width } = self.dataset.train.shape;
        (channels, height, width)
    }

    /// Frames of a recording, as many as a network of them has timesteps; 1 of an image.
    #[getter]
    fn frames(&self) -> usize {
        self.dataset.train.frames
    }

    /// What the images are, 16 hexadecimal digits: of their pixels, labels, classes and normalisation.
    #[getter]
    pub fn fingerprint(&self, py: Python<'_>) -> String {
        py.detach(|| self.dataset.fingerprint())
    }

    /// The images of a split ("train", "test"): pixels, uint8 [images, channels, rows, columns], of recordings [recordings, frames, channels,
    /// rows, columns], and labels, int64 [images].
    fn images<'py>(&self, py: Python<'py>, split: &str) -> PyResult<(Pixels<'py>, Numbers<'py>)> {
        let Images { shape, frames, pixels, labels } = self.split(split)?;
        let size = [labels.len(), *frames, shape.channels, shape.height, shape.width];
        let size = if *frames == 1 { [&size[..1], &size[2..]].concat() } else { size.to_vec() };
        let labels = labels.iter().map(|&label| i64::from(label)).collect();
        Ok((array(py, pixels.clone(), &size)?, PyArray1::from_vec(py, labels)))
    }

    /// Images of a split as a network reads them, float32 [images, channels, rows, columns]: (pixel / 255 - mean) / deviation; of
    /// recordings [frames, recordings, channels, rows, columns].
    fn normalised<'py>(
        &self,
        py: Python<'py>,
        split: &str,
        indices: Vec<usize>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let images = self.split(split)?;
        if let Some(index) = indices.iter().find(|&&index| index >= images.len()) {
            return Err(invalid(format!("image {index}: {split} has {}", images.len())));
        }
        let batch = images.batch(&indices, &self.dataset.normalisation, None);
        let shape = images.shape;
        let size = [images.frames, indices.len(), shape.channels, shape.height, shape.width];
        array(py, batch.images, if images.frames == 1 { &size[1..] } else { &size })
    }

    fn __repr__(&self) -> String {
        let spikenas::Dataset { name, classes, train, test, .. } = self.dataset.as_ref();
        let Shape { channels, height, width } = train.shape;
        format!(
            "Dataset({name:?}: {} training and {} test {} of {channels}x{height}x{width}, {} classes)",
            train.len(),
            test.len(),
            if train.frames == 1 { "images".into() } else { format!("recordings, {} frames", train.frames) },
            classes.len()
        )
    }
}

/// The images of a split, `what` in messages.
fn split(what: &str, images: &Bound<'_, PyAny>, labels: &Bound<'_, PyAny>) -> PyResult<Images> {
    let kind = |array: &Bound<'_, PyAny>| match (array.getattr("dtype"), array.getattr("shape")) {
        (Ok(dtype), Ok(shape)) => format!("{dtype} {shape}"),
        _ => array.get_type().to_string(),
    };
    let pixels = images.cast::<PyArrayDyn<u8>>();
    let pixels = pixels.map_err(|_| {
        invalid(format!(
            "{what}images: {}: give an array of uint8 [images, 3, rows, columns] (1 where they are grey), from 0 to 255, or of recordings \
             [recordings, frames, 2, rows, columns]",
            kind(images)
        ))
    })?;
    let (count, frames, shape) = match *pixels.shape() {
        [count, channels @ (1 | 3), height, width] => (count, 1, Shape { channels, height, width }),
        [count, frames, channels @ 1..=3, height, width] if frames > 0 => {
            (count, frames, Shape { channels, height, width })
        }
        _ => return Err(other_axes(what, pixels.shape(), &kind(images))),
    };
    let numbers = labels.cast::<PyArray1<i64>>();
    let numbers =
        numbers.map_err(|_| invalid(format!("{what}labels: {}: give an array of int64 [images]", kind(labels))))?;
    if numbers.len() != count {
        return Err(invalid(format!("{what}labels: {} for {count} images: give one for each", numbers.len())));
    }
    let label = |&label: &i64| {
        let known = u16::try_from(label);
        known.map_err(|_| invalid(format!("{what}labels: {label} is out of range: classes are counted from 0")))
    };
    let labels = numbers.readonly().as_array().iter().map(label).collect::<PyResult<Vec<u16>>>()?;
    let pixels = pixels.readonly().as_array().iter().copied().collect();
    Ok(Images { shape, frames, pixels, labels })
}

/// Pixels of other axes than images and recordings have.
fn other_axes(what: &str, axes: &[usize], kind: &str) -> PyErr {
    let way = match axes {
        [_, _, _, 1 | 3] => "; transpose(0, 3, 1, 2) puts the channels first",
        [_, _, _] => "; reshape(-1, 1, rows, columns) makes one channel of grey images",
        _ => "",
    };
    invalid(format!(
        "{what}images: {kind}: give uint8 [images, 3 or 1, rows, columns], or of recordings [recordings, frames, 2 or 1, rows, columns]{way}"
    ))
}
