use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::integer_network::IntegerNetwork;
use super::runner::{Outcome, Runner};
use crate::data::Images;
use crate::engine::{BATCH, Evaluation, Fired, Mode, Network, Tally, check_images, predicted};
use crate::graph::Lif;
use crate::progress::Progress;
use crate::{Error, Result};

/// A test of an integer network, beside the float network that it was made of where that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerTest {
    /// Of the integer network.
    pub result: Evaluation,
    /// How far it is from the float network.
    pub drift: Option<Drift>,
}

/// How far an integer network is from its float network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Images in percent that both take for the same class.
    pub agreement: f64,
    /// Accuracy of the float network in percent.
    pub float_accuracy: f64,
    /// Firing rates of each layer.
    pub layers: Vec<LayerDrift>,
}

/// Firing rates of a layer: spikes per neuron and timestep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerDrift {
    /// Name of the layer.
    pub name: String,
    /// Of the float network.
    pub float: f64,
    /// Of the integer network.
    pub integer: f64,
}

/// Tests an integer network on images, and its float network where it is given.
///
/// Errors: no images, images of another shape, labels that the network has no class for, a stop that was asked for.
pub fn evaluate_integer(
    network: &IntegerNetwork,
    mut float: Option<&mut dyn Network>,
    images: &Images,
    progress: &mut dyn Progress,
) -> Result<IntegerTest> {
    let graph = &network.graph;
    check_images(graph, images)?;
    let runner = Runner::new(network);
    let (mut tally, mut other) = (Tally::new(graph), Tally::new(graph));
    let mut agreed = 0;
    progress.begin("test of the integer network", images.len());
    let indices: Vec<usize> = (0..images.len()).collect();
    for chunk in indices.chunks(BATCH) {
        if progress.is_cancelled() {
            return Err(Error::Interrupted("the test was not finished; test again".into()));
        }
        let show = |state: &mut _, &index: &usize| runner.run(images.image(index), state);
        let outcomes: Vec<Outcome> = chunk.par_iter().map_init(|| runner.state(), show).collect();
        let found: Vec<Vec<f32>> = outcomes.iter().map(|outcome| network.logits(&outcome.scores)).collect();
        for ((outcome, logits), &index) in outcomes.iter().zip(&found).zip(chunk) {
            tally.add(index, logits, usize::from(images.labels[index]));
            tally.add_spikes(&network.fired(outcome));
        }
        if let Some(float) = &mut float {
            let batch = images.batch(chunk, &network.normalisation, None);
            let output = float.forward(&batch.images, Mode::Evaluate)?;
            for ((logits, found), &index) in output.logits.chunks(graph.outputs()).zip(&found).zip(chunk) {
                agreed += usize::from(predicted(found) == predicted(logits));
                other.add(index, logits, usize::from(images.labels[index]));
            }
            other.add_spikes(&output.fired);
        }
        progress.advance(chunk.len(), "");
    }
    if let Some(index) = tally.first_sample() {
        let outcome = runner.run(images.image(index), &mut runner.state());
        tally.show_over_time(index, network.fired(&outcome));
    }
    progress.end();
    let result = tally.finish(images.len());
    let drift = float.map(|_| Drift::new(&result, &other.finish(images.len()), agreed));
    Ok(IntegerTest { result, drift })
}

impl Drift {
    fn new(result: &Evaluation, float: &Evaluation, agreed: usize) -> Self {
        let layers = result.layers.iter().zip(&float.layers).map(|(integer, float)| LayerDrift {
            name: integer.name.clone(),
            float: float.firing_rate,
            integer: integer.firing_rate,
        });
        let agreement = 100.0 * agreed as f64 / result.total as f64;
        Self { agreement, float_accuracy: float.accuracy, layers: layers.collect() }
    }
}

impl IntegerNetwork {
    /// What every LIF layer of the graph fired: those that fire alike have the same, those that nothing depends on have none.
    pub fn fired(&self, outcome: &Outcome) -> Vec<Fired> {
        let layers = self.stages.layers.len();
        let of = |lif: &Lif| {
            let layer = self.stages.layers.iter().position(|one| one.lifs.contains(lif));
            let layer = layer.or((*lif == self.stages.classifier.lif).then_some(layers));
            layer.map_or(vec![0; self.graph.config.timesteps], |layer| outcome.fired[layer].clone())
        };
        self.graph.lifs().map(|(_, lif)| Fired { layer: lif.name.clone(), counts: of(lif) }).collect()
    }
}
