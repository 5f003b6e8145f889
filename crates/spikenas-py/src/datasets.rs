//! Images with labels, from arrays or by the name of a dataset.

use std::path::PathBuf;
use std::sync::Arc;

use numpy::{PyArray1, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use spikenas::data::{DataConfig, Images, Source};
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
    /// A dataset of arrays: pixels, uint8 [images, 3 or 1, rows, columns], and labels from 0 on, int64 [images]; those of the test,
    /// and the names of the classes, which are their numbers where none are given.
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
            (None, None) => Images { shape: train.shape, frames: 1, pixels: Vec::new(), labels: Vec::new() },
            _ => return Err(invalid("test images and test labels: give both or neither")),
        };
        if train.shape != test.shape {
            let size = |shape: Shape| format!("{}x{}", shape.height, shape.width);
            let (own, theirs) = (size(test.shape), size(train.shape));
            return Err(invalid(format!(
                "test images of {own} pixels, training images of {theirs}: give images of one size"
            )));
        }
        let most = train.labels.iter().chain(&test.labels).max().map_or(0, |&label| usize::from(label) + 1);
        let classes = classes.unwrap_or_else(|| (0..most).map(|class| class.to_string()).collect());
        if classes.len() < most {
            return Err(invalid(format!("label {}: {} classes are named", most - 1, classes.len())));
        }
        let normalisation = Normalisation::of(&train);
        let name = Source::Memory.name().into();
        let dataset =
            spikenas::Dataset { name, classes, train, test, normalisation, recorded: None, notes: Vec::new() };
        Ok(Self::read(Source::Memory, "data".into(), dataset))
    }

    /// Reads a dataset: "sample", "cifar10", "cifar100" or a folder of images; `data_dir`: where CIFAR lies.
    #[staticmethod]
    #[pyo3(signature = (name, data_dir = PathBuf::from("data")))]
    fn open(py: Python<'_>, name: &str, data_dir: PathBuf) -> PyResult<Self> {
        let source: Source = name.parse().map_err(raised)?;
        let dataset = py.detach(|| spikenas::Dataset::open(&source, &data_dir)).map_err(raised)?;
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

    /// What the images are, 16 hexadecimal digits: of their pixels, labels, classes and normalisation.
    #[getter]
    pub fn fingerprint(&self, py: Python<'_>) -> String {
        py.detach(|| self.dataset.fingerprint())
    }

    /// The images of a split ("train", "test"): pixels, uint8 [images, channels, rows, columns], and labels, int64 [images].
    fn images<'py>(&self, py: Python<'py>, split: &str) -> PyResult<(Pixels<'py>, Numbers<'py>)> {
        let Images { shape, pixels, labels, .. } = self.split(split)?;
        let size = [labels.len(), shape.channels, shape.height, shape.width];
        let labels = labels.iter().map(|&label| i64::from(label)).collect();
        Ok((array(py, pixels.clone(), &size)?, PyArray1::from_vec(py, labels)))
    }

    /// Images of a split as a network reads them, float32 [images, channels, rows, columns]: (pixel / 255 - mean) / deviation.
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
        array(py, batch.images, &[indices.len(), shape.channels, shape.height, shape.width])
    }

    fn __repr__(&self) -> String {
        let spikenas::Dataset { name, classes, train, test, .. } = self.dataset.as_ref();
        let Shape { channels, height, width } = train.shape;
        format!(
            "Dataset({name:?}: {} training and {} test images of {channels}x{height}x{width}, {} classes)",
            train.len(),
            test.len(),
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
            "{what}images: {}: give an array of uint8 [images, 3, rows, columns] (1 where they are grey), from 0 to 255",
            kind(images)
        ))
    })?;
    let &[count, channels @ (1 | 3), height, width] = pixels.shape() else {
        let way = match pixels.shape() {
            [_, _, _, 1 | 3] => "; transpose(0, 3, 1, 2) puts the channels first",
            [_, _, _] => "; reshape(-1, 1, rows, columns) makes one channel of grey images",
            _ => "",
        };
        return Err(invalid(format!(
            "{what}images: {}: give uint8 [images, 3 or 1, rows, columns]{way}",
            kind(images)
        )));
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
    Ok(Images { shape: Shape { channels, height, width }, frames: 1, pixels, labels })
}
