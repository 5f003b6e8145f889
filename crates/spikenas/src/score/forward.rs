use std::collections::BTreeMap;
use std::sync::Arc;

use spikenas_kernels::{
    Affine, Extent, LifParameters, Moments, Spikes, Sum, Term, Window, average_pool, average_pool_spikes,
    convolve_images, convolve_spikes, lif_scan, linear, moments,
};

use super::batch_norm::{RunningStatistics, normalise};
use super::cell::run_cell;
use super::feature_map::{FeatureMap, Part, moments_by_step};
use super::parameters::LayerParameters;
use super::stages::{Stage, Stages};
use crate::plan::{BatchNorm, Lif, Plan, Reduction, Shape, SpikingConvolution};

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the batch, as while scoring and training.
    Train,
    /// The running ones.
    Evaluate,
}

/// Membranes that a pass leaves behind, by LIF layer; empty before the first.
pub type Membranes = BTreeMap<String, Vec<f32>>;

/// How a forward pass is run.
pub struct Pass<'a> {
    /// Which statistics batch norms use.
    pub mode: Mode,
    /// Where membranes start and are left; without, they start at 0 and are not kept.
    pub membranes: Option<&'a mut Membranes>,
    /// What earlier passes on the same images, weights and settings have left; not used where membranes are kept.
    pub stages: Option<&'a mut Stages>,
}

impl Pass<'_> {
    /// A pass of its own.
    pub fn new(mode: Mode) -> Self {
        Self { mode, membranes: None, stages: None }
    }
}

/// The spikes of one LIF layer.
#[derive(Clone, Debug)]
pub struct LayerSpikes {
    /// Name of the layer.
    pub name: String,
    /// `[timesteps * samples, pixels, channels]`; layers that read the same node share them.
    pub spikes: Arc<Spikes>,
}

/// What a forward pass leaves.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Samples of the batch.
    pub samples: usize,
    /// Timesteps.
    pub timesteps: usize,
    /// Spikes of every LIF layer, in the order of execution.
    pub layers: Vec<LayerSpikes>,
    /// Mean output over the timesteps, `[samples, classes]`.
    pub output: Vec<f32>,
    /// Running statistics after the pass; empty in evaluation mode.
    pub running: RunningStatistics,
}

impl Trace {
    /// Spikes a neuron and timestep, over all layers; each layer weighs as many neurons as it has.
    pub fn firing_rate(&self) -> f64 {
        let (mut spikes, mut neurons) = (0, 0);
        for layer in &self.layers {
            spikes += layer.spikes.counts().iter().sum::<u64>();
            neurons += layer.spikes.maps() * layer.spikes.pixels() * layer.spikes.channels();
        }
        spikes as f64 / neurons.max(1) as f64
    }
}

/// Runs a network on images `[samples, channels, height, width]`, layer by layer, all timesteps of a layer at once.
pub fn forward(plan: &Plan, parameters: &LayerParameters<'_>, images: &[f32], pass: Pass<'_>) -> Trace {
    let samples = images.len() / plan.input.len();
    let trace = Trace {
        samples,
        timesteps: plan.config.timesteps,
        layers: Vec::new(),
        output: Vec::new(),
        running: RunningStatistics::new(),
    };
    let mut run = Run { plan, parameters, pass, samples, trace };
    let (mut map, done) = run.begin(images);
    for (index, cell) in plan.cells.iter().enumerate().skip(done) {
        map = run_cell(&mut run, cell, map);
        if let Some(reduction) = plan.reductions.get(index) {
            map = run.reduce(reduction, &map);
        }
        if index + 1 < plan.cells.len() {
            run.keep_stage(index + 1, &map);
        }
    }
    let affine = run.normalise(&plan.last_norm, &map);
    let spikes = run.fire(&plan.last_lif, &map, Some(&affine), None);
    drop(map);
    run.classify(&spikes);
    run.trace
}

/// A forward pass under way.
pub(super) struct Run<'a> {
    plan: &'a Plan,
    pub(super) parameters: &'a LayerParameters<'a>,
    pass: Pass<'a>,
    pub(super) samples: usize,
    trace: Trace,
}

impl Run<'_> {
    pub(super) fn steps(&self) -> usize {
        self.plan.config.timesteps
    }

    /// The map from which the pass goes on, and how many cells are behind it.
    fn begin(&mut self, images: &[f32]) -> (FeatureMap, usize) {
        let cells = self.plan.architecture.cells();
        let stages = self.pass.stages.as_ref().filter(|_| self.pass.membranes.is_none());
        if let Some(stage) = stages.and_then(|s| s.furthest(cells)) {
            (self.trace.layers, self.trace.running) = (stage.layers, stage.running);
            return (stage.map, stage.cells.len());
        }
        let map = self.stem(images);
        self.keep_stage(0, &map);
        (map, 0)
    }

    /// Leaves the network up to a cell to later passes.
    fn keep_stage(&mut self, cells: usize, map: &FeatureMap) {
        if let Some(stages) = self.pass.stages.as_mut().filter(|_| self.pass.membranes.is_none()) {
            let cells = self.plan.architecture.cells()[..cells].to_vec();
            let (layers, running) = (self.trace.layers.clone(), self.trace.running.clone());
            stages.keep(Stage { cells, map: map.clone(), layers, running });
        }
    }

    fn stem(&mut self, images: &[f32]) -> FeatureMap {
        let stem = &self.plan.stem;
        let kernel = self.parameters.kernel(stem);
        let mut values = self.parameters.buffer(self.samples * stem.output().len());
        let moments = convolve_images(images, stem.input.height, stem.input.width, &kernel, &mut values);
        let moments = moments_by_step(&moments, self.samples, stem.outputs);
        let affine = self.fold(&self.plan.stem_norm, || moments, 1);
        let part = Part { values: Arc::new(values), affine: Some(affine) };
        FeatureMap::of(part, stem.output(), self.steps(), self.samples)
    }

    /// Runs a LIF layer on a map, or takes the spikes of one that is known to be equal, and records them.
    pub(super) fn fire(
        &mut self,
        lif: &Lif,
        map: &FeatureMap,
        affine: Option<&[Affine]>,
        known: Option<Arc<Spikes>>,
    ) -> Arc<Spikes> {
        let spikes = known.unwrap_or_else(|| map.read(affine, |sum| self.scan(lif, sum)));
        self.trace.layers.push(LayerSpikes { name: lif.name.clone(), spikes: spikes.clone() });
        spikes
    }

    fn scan(&mut self, lif: &Lif, sum: &Sum<'_>) -> Arc<Spikes> {
        let parameters = LifParameters { tau: self.plan.config.tau, threshold: lif.threshold };
        let start = || vec![0.0; sum.extent.step()];
        let membrane =
            self.pass.membranes.as_mut().map(|m| m.entry(lif.name.clone()).or_insert_with(start).as_mut_slice());
        Arc::new(lif_scan(self.parameters.isa(), sum, parameters, membrane))
    }

    /// Convolves spikes and normalises the sums.
    pub(super) fn convolve(&mut self, layer: &SpikingConvolution, spikes: &Spikes) -> FeatureMap {
        let convolution = &layer.convolution;
        let kernel = self.parameters.kernel(convolution);
        let mut values = self.parameters.buffer(spikes.maps() * convolution.output().len());
        let (height, width) = (convolution.input.height, convolution.input.width);
        let moments = convolve_spikes(spikes, height, width, &kernel, &mut values);
        let moments = moments_by_step(&moments, self.samples, convolution.outputs);
        let affine = self.fold(&layer.norm, || moments, self.steps());
        let part = Part { values: Arc::new(values), affine: Some(affine) };
        FeatureMap::of(part, convolution.output(), self.steps(), self.samples)
    }

    fn normalise(&mut self, norm: &BatchNorm, map: &FeatureMap) -> Arc<Vec<Affine>> {
        let isa = self.parameters.isa();
        self.fold(norm, || map.read(None, |sum| moments(isa, sum)), self.steps())
    }

    fn fold(&mut self, norm: &BatchNorm, moments: impl FnOnce() -> Vec<Moments>, updates: usize) -> Arc<Vec<Affine>> {
        normalise(norm, self.parameters, self.pass.mode, moments, updates, &mut self.trace.running)
    }

    fn reduce(&mut self, reduction: &Reduction, map: &FeatureMap) -> FeatureMap {
        let affine = self.normalise(&reduction.norm, map);
        let spikes = self.fire(&reduction.convolution.lif, map, Some(&affine), None);
        let wide = self.convolve(&reduction.convolution, &spikes);
        self.pool(&wide, Window::Tiles(2))
    }

    /// Average pooling of a map, at each distinct timestep.
    pub(super) fn pool(&self, map: &FeatureMap, window: Window) -> FeatureMap {
        let (height, width) = window.output(map.shape.height, map.shape.width);
        let shape = Shape { height, width, ..map.shape };
        let values = map.read(None, |sum| {
            let mut values = self.parameters.buffer(sum.distinct_steps() * self.samples * shape.len());
            average_pool(self.parameters.isa(), sum, map.shape.height, map.shape.width, window, &mut values);
            values
        });
        FeatureMap::of(Part { values: Arc::new(values), affine: None }, shape, self.steps(), self.samples)
    }

    fn classify(&mut self, spikes: &Spikes) {
        let classifier = &self.plan.classifier;
        let (shape, hidden) = (self.plan.last_lif.shape, &classifier.hidden);
        let pooled = average_pool_spikes(spikes, shape.height, shape.width, self.plan.config.last_pool);
        let weights = self.parameters.tensor(&hidden.weight());
        let values = linear(&pooled, &weights, hidden.inputs, hidden.outputs);
        let extent = Extent { steps: self.steps(), samples: self.samples, pixels: 1, channels: hidden.outputs };
        let terms = [Term { values: &values, affine: None }];
        let spikes = self.scan(&classifier.lif, &Sum { terms: &terms, affine: None, extent });
        let kernel = self.parameters.linear_kernel(&classifier.output);
        let mut sums = vec![0.0; spikes.maps() * classifier.output.outputs];
        convolve_spikes(&spikes, 1, 1, &kernel, &mut sums);
        self.trace.output = self.vote(&sums);
        self.trace.layers.push(LayerSpikes { name: classifier.lif.name.clone(), spikes });
    }

    /// Adds the bias, averages each cluster into a class, and takes the mean over timesteps.
    fn vote(&self, sums: &[f32]) -> Vec<f32> {
        let classifier = &self.plan.classifier;
        let outputs = classifier.output.outputs;
        let bias = classifier.output.bias().map(|b| self.parameters.tensor(&b));
        let bias = |neuron: usize| bias.as_ref().map_or(0.0, |b| b[neuron]);
        let mut votes = vec![0.0; self.samples * outputs / classifier.cluster];
        for step in sums.chunks((self.samples * outputs).max(1)) {
            for (vote, cluster) in votes.iter_mut().zip(step.chunks(classifier.cluster).enumerate()) {
                let (index, values) = cluster;
                let first = index * classifier.cluster % outputs;
                let sum: f32 = values.iter().enumerate().map(|(i, v)| v + bias(first + i)).sum();
                *vote += sum / classifier.cluster as f32;
            }
        }
        votes.iter_mut().for_each(|vote| *vote /= self.steps() as f32);
        votes
    }
}
