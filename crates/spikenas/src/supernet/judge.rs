use super::paths::Paths;
use super::record::Sampled;
use super::shared::Supernet;
use super::tensors::inherited;
use crate::data::{Dataset, Images, shuffled};
use crate::engine::{BATCH, Mode, Network, NormOver, count_correct};
use crate::graph::Graph;
use crate::progress::{Progress, Silent};
use crate::random::{generator, name_key};
use crate::score::Judged;
use crate::train::{Estimate, TrainConfig};
use crate::weights::Weights;
use crate::{Error, Result};

/// Shows images to networks that inherit the weights of a supernet.
pub struct Judge<'a> {
    /// Those of the supernet.
    images: &'a Dataset,
    /// The validation images on which all are judged.
    judged: Images,
    /// The training images of which batch norms take their statistics.
    estimated: Vec<usize>,
    /// Images that are shown at a time.
    at_a_time: usize,
    weights: Weights,
    /// A network whose memory all use.
    first: Box<dyn Network>,
}

impl Judge<'_> {
    /// Training images from which the batch norms of a candidate are estimated, at most.
    pub const ESTIMATED: usize = 256;
    /// Random paths whose spikes are averaged.
    pub const SAMPLE: usize = 16;
}

impl<'a> Judge<'a> {
    /// A judge on so many validation images of a supernet's images, every class alike, drawn by the seed.
    ///
    /// `weights`: those of the trained supernet. Errors: weights of another supernet.
    pub fn new(
        supernet: &Supernet<'_>,
        weights: Weights,
        config: &TrainConfig,
        images: &'a Dataset,
        count: usize,
    ) -> Result<Self> {
        supernet.check(&weights)?;
        let graph = supernet.graph()?;
        let first = supernet.engine().network(graph, &inherited(graph, &weights))?;
        let draw = |purpose| generator(&[config.seed, name_key(purpose)]);
        let all: Vec<usize> = (0..images.test.len()).collect();
        let judged = images.test.pick(&images.test.even_part(&all, count, &mut draw("judged images")));
        let mut estimated = shuffled(images.train.len(), &mut draw("supernet statistics"));
        estimated.truncate(Self::ESTIMATED);
        Ok(Self { images, judged, estimated, at_a_time: config.batch, weights, first })
    }

    /// Validation images on which networks are judged.
    pub fn images(&self) -> usize {
        self.judged.len()
    }

    /// Judges random paths, by whose mean of spikes candidates are measured.
    ///
    /// Errors: those of [`Judge::judge`], a stop that was asked for.
    pub fn sample(&self, paths: &Paths, progress: &mut dyn Progress) -> Result<Vec<Sampled>> {
        progress.begin("spikes of random paths", Self::SAMPLE);
        let mut sample = Vec::new();
        for number in 0..Self::SAMPLE as u64 {
            let architecture = paths.of_sample(number)?;
            let Graph { config, input, .. } = self.first.graph();
            let graph = Graph::new(&architecture, config, *input)?;
            let judged = self.judge(&graph, &mut || match progress.is_cancelled() {
                true => Err(Error::Interrupted(
                    "the supernet is kept where there is a folder; repeat the search to go on".into(),
                )),
                false => Ok(()),
            })?;
            sample.push(Sampled { architecture, judged });
            progress.advance(1, "");
        }
        progress.end();
        Ok(sample)
    }

    /// Accuracy and spikes of a network with inherited weights: its batch norms take their statistics anew, on training images, and
    /// use these on the validation images.
    ///
    /// `step` is called between batches, and ends the work with its error. Errors besides: not enough memory.
    pub fn judge(&self, graph: &Graph, step: &mut dyn FnMut() -> Result<()>) -> Result<Judged> {
        let mut network = self.first.sibling(graph, inherited(graph, &self.weights))?;
        let Self { images: dataset, estimated: order, at_a_time, .. } = self;
        let (augmentation, changes) = (None, generator(&[]));
        Estimate { dataset, order, at_a_time: *at_a_time, augmentation, changes, over: NormOver::Timestep }
            .of(network.as_mut(), &mut Silent)?;
        let indices: Vec<usize> = (0..self.judged.len()).collect();
        let (mut correct, mut spikes) = (0, 0);
        for chunk in indices.chunks(self.at_a_time.clamp(1, BATCH)) {
            step()?;
            let batch = self.judged.batch(chunk, &self.images.normalisation, None);
            let output = network.forward(&batch.images, Mode::Evaluate)?;
            correct += count_correct(&output.logits, &batch.labels);
            spikes += output.fired.iter().flat_map(|fired| &fired.counts).sum::<u64>();
        }
        let images = self.judged.len() as f64;
        Ok(Judged { accuracy: 100.0 * correct as f64 / images, spikes: spikes as f64 / images })
    }
}
