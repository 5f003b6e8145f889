use serde::{Deserialize, Serialize};

use crate::data::Images;

/// Firing rate of one LIF layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRate {
    /// Name of the layer.
    pub name: String,
    /// Neurons.
    pub neurons: usize,
    /// Spikes per neuron and timestep.
    pub firing_rate: f64,
}

/// One class in a test: a row of the confusion matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassResult {
    /// Its name; empty where only its number is known.
    #[serde(default)]
    pub name: String,
    /// Its images.
    pub total: usize,
    /// Those whose class is predicted.
    pub correct: usize,
    /// What its images were taken for, by class; classes that none was taken for are left out.
    pub predicted: Vec<Taken>,
}

/// Images of one class that were taken for another, or for their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The class that was predicted.
    pub class: usize,
    /// The images.
    pub count: usize,
}

impl ClassResult {
    /// Adds an image that was taken for a class.
    pub(super) fn add(&mut self, predicted: usize, is_correct: bool) {
        self.total += 1;
        self.correct += usize::from(is_correct);
        match self.predicted.binary_search_by_key(&predicted, |taken| taken.class) {
            Ok(place) => self.predicted[place].count += 1,
            Err(place) => self.predicted.insert(place, Taken { class: predicted, count: 1 }),
        }
    }

    /// Accuracy in percent, of a class that has images.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total > 0).then(|| 100.0 * self.correct as f64 / self.total as f64)
    }
}

/// An image of a test, and what it was taken for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestedImage {
    /// Its place among the test images, counted from 0.
    pub index: usize,
    /// Its file, where the images are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its class.
    pub class: usize,
    /// The class that was predicted.
    pub predicted: usize,
    /// Share of the votes for the predicted class, a part of 1.
    pub share: f64,
    /// The image as a small PNG in base64; of a recording, all its events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Frames of a recording side by side, of those that are shown as samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<String>,
}

/// What the layers fired while one image was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverTime {
    /// Its place among the test images, counted from 0.
    pub index: usize,
    /// Spikes of each LIF layer, in the order of execution, at each timestep.
    pub spikes: Vec<Vec<u64>>,
}

/// The result of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Test accuracy in percent.
    pub accuracy: f64,
    /// Top-5 accuracy in percent.
    #[serde(default)]
    pub top5_accuracy: f64,
    /// Images whose class is predicted.
    pub correct: usize,
    /// Images.
    pub total: usize,
    /// Mean cross entropy.
    pub loss: f64,
    /// Spikes per neuron and timestep over all LIF layers.
    pub firing_rate: f64,
    /// Each LIF layer, in the order of execution.
    pub layers: Vec<LayerRate>,
    /// Each class, with what its images were taken for; records of early versions lack it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassResult>,
    /// The mistakes with the largest share of the votes, the most certain first; at most [`Evaluation::MISTAKES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<TestedImage>,
    /// The first image of each class, of at most [`Evaluation::SAMPLES`] classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<TestedImage>,
    /// What was fired while the first of the samples was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_time: Option<OverTime>,
}

impl Evaluation {
    /// Mistakes that are kept, at most.
    pub const MISTAKES: usize = 12;
    /// Samples that are kept, at most.
    pub const SAMPLES: usize = 10;

    /// With the names of the classes, and the images of samples and mistakes with their files, where there is one for each image.
    pub fn illustrated(mut self, images: &Images, names: &[String], files: &[String]) -> Self {
        for (class, name) in self.classes.iter_mut().zip(names) {
            class.name.clone_from(name);
        }
        for sample in &mut self.samples {
            sample.frames = images.strip(sample.index);
        }
        for image in self.samples.iter_mut().chain(&mut self.mistakes) {
            image.picture = images.thumbnail(image.index);
            image.file = files.get(image.index).filter(|_| files.len() == images.len()).cloned();
        }
        self
    }
}
