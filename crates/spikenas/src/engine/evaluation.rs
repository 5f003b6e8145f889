use serde::{Deserialize, Serialize};

use super::loss::{cross_entropy, predicted};
use super::network::{Mode, Network};
use crate::data::{Images, Normalisation};
use crate::graph::{Graph, Lif, Shape};
use crate::progress::Progress;
use crate::{Error, Result};

/// Images that are tested at a time, at most.
pub const BATCH: usize = 50;

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

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// Tests a network in evaluation mode, at most `at_a_time` images at a time.
///
/// Errors: no images, images of another shape, labels that the network has no class for, a stop that was asked for.
pub fn evaluate(
    network: &mut dyn Network,
    images: &Images,
    normalisation: &Normalisation,
    at_a_time: usize,
    progress: &mut dyn Progress,
) -> Result<Evaluation> {
    let graph = network.graph().clone();
    check_images(&graph, images)?;
    let mut tally = Tally { correct: 0, top5: 0, loss: 0.0, spikes: vec![0; graph.lifs().count()] };
    progress.begin("test", images.len());
    let indices: Vec<usize> = (0..images.len()).collect();
    for chunk in indices.chunks(at_a_time.clamp(1, BATCH)) {
        if progress.is_cancelled() {
            return Err(Error::Interrupted("the test was not finished".into()));
        }
        let batch = images.batch(chunk, normalisation, None);
        let output = network.forward(&batch.images, Mode::Evaluate)?;
        for (logits, &label) in output.logits.chunks(graph.outputs()).zip(&batch.labels) {
            tally.add(logits, label);
        }
        for (count, fired) in tally.spikes.iter_mut().zip(&output.fired) {
            *count += fired.counts.iter().sum::<u64>();
        }
        progress.advance(chunk.len(), "");
    }
    progress.end();
    Ok(tally.finish(&graph, images.len()))
}

/// Whether a network fits these images and labels.
pub fn check_images(graph: &Graph, images: &Images) -> Result<()> {
    if images.is_empty() {
        return Err(Error::invalid("there are no images"));
    }
    if images.shape != graph.input {
        let size = |s: Shape| format!("{}x{}", s.width, s.height);
        return Err(Error::invalid(format!(
            "images are {}, the network takes {}",
            size(images.shape),
            size(graph.input)
        )));
    }
    let classes = graph.config.classes;
    match images.labels.iter().find(|&&label| usize::from(label) >= classes) {
        Some(label) => {
            Err(Error::invalid(format!("an image is of class {label}, the network has classes 0 to {}", classes - 1)))
        }
        None => Ok(()),
    }
}

/// Sums over the images tested so far.
struct Tally {
    correct: usize,
    top5: usize,
    loss: f64,
    /// Spikes of each LIF layer.
    spikes: Vec<u64>,
}

impl Tally {
    fn add(&mut self, logits: &[f32], label: usize) {
        self.correct += usize::from(predicted(logits) == label);
        self.top5 += usize::from(is_among_highest(logits, label, 5));
        self.loss += cross_entropy(logits, label);
    }

    fn finish(self, graph: &Graph, total: usize) -> Evaluation {
        let timesteps = (total * graph.config.timesteps) as f64;
        let lifs: Vec<&Lif> = graph.lifs().map(|(_, lif)| lif).collect();
        let neurons: usize = lifs.iter().map(|l| l.shape.len()).sum();
        let layers = lifs.iter().zip(&self.spikes).map(|(lif, &spikes)| {
            let neurons = lif.shape.len();
            LayerRate { name: lif.name.clone(), neurons, firing_rate: spikes as f64 / (neurons as f64 * timesteps) }
        });
        Evaluation {
            accuracy: 100.0 * self.correct as f64 / total as f64,
            top5_accuracy: 100.0 * self.top5 as f64 / total as f64,
            correct: self.correct,
            total,
            loss: self.loss / total as f64,
            firing_rate: self.spikes.iter().sum::<u64>() as f64 / (neurons as f64 * timesteps),
            layers: layers.collect(),
        }
    }
}

/// Whether fewer than `count` classes come before a class: those with a higher logit, and equal ones before it.
fn is_among_highest(logits: &[f32], label: usize, count: usize) -> bool {
    let comes_before =
        |(class, &logit): (usize, &f32)| logit > logits[label] || (logit == logits[label] && class < label);
    logits.iter().enumerate().filter(|&l| comes_before(l)).count() < count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_logits_are_counted_with_the_first_of_equal_ones() {
        let among = |label| is_among_highest(&[0.1, 0.7, 0.7, -1.0], label, 2);
        assert_eq!([0, 1, 2, 3].map(among), [false, true, true, false]);
    }
}
