use std::sync::Arc;

use spikenas_kernels::{
    Affine, ConvolutionMaps, Extent, LifParameters, Moments, Spikes, Sum, Term, average_pool, convolve_images,
    convolve_spikes, lif_scan, linear_of_averages, moments,
};

use super::batch_norm::{NormStatistics, normalise};
use super::buffers::Buffer;
use super::feature_map::Part;
use super::forward::{Membranes, Mode};
use super::graph::{Graph, Id, Map, Node};
use super::kernel_matrix::{Activity, KernelKind};
use super::parameters::LayerParameters;
use crate::plan::{BatchNorm, Classifier, Convolution, Lif, NetworkConfig, Shape, SpikingConvolution};
use crate::{Error, Result};

/// What a node gives.
pub(crate) enum Value {
    Part(Part),
    Norm(Arc<Vec<Affine>>),
    Spikes { spikes: Arc<Spikes>, activity: Option<Arc<Activity>> },
    Output(Vec<f32>),
}

/// What a pass runs on, and how.
pub(crate) struct Pass<'a> {
    /// The images, `[samples, channels, height, width]`.
    pub(crate) images: &'a [f32],
    pub(crate) samples: usize,
    pub(crate) timesteps: usize,
    /// Membrane time constant.
    pub(crate) tau: f32,
    /// Side of the pooling before the classifier.
    pub(crate) last_pool: usize,
    pub(crate) mode: Mode,
    /// The kernels that are wanted of each LIF layer, with its firing rate; nothing of it where not even that is.
    pub(crate) kernels: Option<&'a [KernelKind]>,
    /// Whether all sums of a convolution are kept beside their averages, for the way back.
    pub(crate) keeps_sums: bool,
    /// Where membranes start and are left; without, they start at 0 and are not kept.
    pub(crate) membranes: Option<&'a mut Membranes>,
}

impl<'a> Pass<'a> {
    /// A pass in training mode from membranes at 0.
    pub(crate) fn new(config: &NetworkConfig, images: &'a [f32], samples: usize) -> Self {
        Self {
            images,
            samples,
            timesteps: config.timesteps,
            tau: config.tau,
            last_pool: config.last_pool,
            mode: Mode::Train,
            kernels: None,
            keeps_sums: false,
            membranes: None,
        }
    }
}

/// Computes the nodes of a graph as they are asked for, each once, and keeps them for as long as something is to read
/// them. Where memory runs out, the map that was longest not read goes, to be computed again if it is asked for.
pub(crate) struct Executor<'a> {
    graph: &'a Graph,
    parameters: &'a LayerParameters<'a>,
    pass: Pass<'a>,
    /// Statistics of the batch norms computed so far.
    pub(crate) statistics: NormStatistics,
    slots: Vec<Slot>,
    clock: u64,
}

/// The state of a node.
#[derive(Default)]
struct Slot {
    value: Option<Value>,
    /// Whether it was computed before, and its inputs count it no more.
    was_computed: bool,
    /// Readers still to come.
    readers: usize,
    /// Computations under way that read it.
    pins: usize,
    last_read: u64,
}

impl<'a> Executor<'a> {
    pub(crate) fn new(graph: &'a Graph, parameters: &'a LayerParameters<'a>, pass: Pass<'a>) -> Self {
        let slot = |id| Slot { readers: graph.readers(id), ..Slot::default() };
        let slots = (0..graph.len()).map(slot).collect();
        Self { graph, parameters, pass, statistics: NormStatistics::default(), slots, clock: 0 }
    }

    /// Keeps a node until [`Executor::release`].
    pub(crate) fn retain(&mut self, id: Id) {
        self.slots[id].readers += 1;
    }

    /// Lets a node go once nothing else is to read it.
    pub(crate) fn release(&mut self, id: Id) {
        self.slots[id].readers -= 1;
        self.drop_unread(id);
    }

    fn drop_unread(&mut self, id: Id) {
        let slot = &mut self.slots[id];
        if slot.readers > 0 || slot.pins > 0 {
            return;
        }
        if let Some(Value::Spikes { spikes, .. }) = slot.value.take()
            && let Some(spikes) = Arc::into_inner(spikes)
        {
            self.parameters.buffers().give_words(spikes.into_words());
        }
    }

    /// The spikes of a node that is computed and retained.
    pub(crate) fn spikes(&self, id: Id) -> &Arc<Spikes> {
        match &self.slots[id].value {
            Some(Value::Spikes { spikes, .. }) => spikes,
            _ => unreachable!("the node gives spikes and is retained"),
        }
    }

    /// What a score needs of a node that is computed and retained.
    pub(crate) fn activity(&self, id: Id) -> &Arc<Activity> {
        match &self.slots[id].value {
            Some(Value::Spikes { activity: Some(activity), .. }) => activity,
            _ => unreachable!("the node gives spikes, is retained, and a score is wanted"),
        }
    }

    /// The output of a network, computed and retained.
    pub(crate) fn output(&self, id: Id) -> &[f32] {
        match &self.slots[id].value {
            Some(Value::Output(values)) => values,
            _ => unreachable!("the node gives the output and is retained"),
        }
    }

    /// The values of all nodes that are computed and retained, by node.
    pub(crate) fn into_values(self) -> (Vec<Option<Value>>, NormStatistics) {
        (self.slots.into_iter().map(|slot| slot.value).collect(), self.statistics)
    }

    /// Computes a node that was not computed before. Errors: not enough memory even for what must be there at once.
    pub(crate) fn visit(&mut self, id: Id) -> Result<()> {
        if self.slots[id].was_computed { Ok(()) } else { self.ensure(id) }
    }

    /// Computes a node that is not there.
    fn ensure(&mut self, id: Id) -> Result<()> {
        self.clock += 1;
        self.slots[id].last_read = self.clock;
        if self.slots[id].value.is_some() {
            return Ok(());
        }
        let inputs = self.graph.node(id).inputs();
        for (index, &input) in inputs.iter().enumerate() {
            self.slots[input].pins += 1;
            if let Err(error) = self.ensure(input) {
                inputs[..=index].iter().for_each(|&input| self.slots[input].pins -= 1);
                return Err(error);
            }
        }
        let value = self.compute(id);
        let is_first = !self.slots[id].was_computed && value.is_ok();
        for &input in &inputs {
            self.slots[input].pins -= 1;
            self.slots[input].readers -= usize::from(is_first);
        }
        inputs.iter().for_each(|&input| self.drop_unread(input));
        let slot = &mut self.slots[id];
        slot.value = Some(value?);
        slot.was_computed = true;
        Ok(())
    }

    fn compute(&mut self, id: Id) -> Result<Value> {
        let graph = self.graph;
        match graph.node(id) {
            Node::Stem { convolution, norm } => self.stem(convolution, norm),
            Node::Convolution { layer, spikes, pool } => self.convolve(layer, *spikes, *pool),
            Node::Pool { map } => self.pool(map),
            Node::Norm { norm, map } => Ok(Value::Norm(self.normalise(norm, map))),
            Node::Spikes { lif, map, norm } => Ok(self.fire(lif, map, *norm)),
            Node::Hidden { classifier, shape, spikes } => Ok(self.hidden(classifier, *shape, *spikes)),
            Node::Output { classifier, spikes } => Ok(Value::Output(self.vote(classifier, *spikes))),
        }
    }

    /// Memory for a map; where there is none left, the map that was longest not read makes room.
    fn buffer(&mut self, length: usize) -> Result<Buffer> {
        loop {
            if let Some(buffer) = self.parameters.buffers().take(length) {
                return Ok(buffer);
            }
            let can_go = |slot: &&mut Slot| slot.pins == 0 && matches!(slot.value, Some(Value::Part(_)));
            let Some(oldest) = self.slots.iter_mut().filter(can_go).min_by_key(|slot| slot.last_read) else {
                return Err(Error::invalid(
                    "the memory allowed does not hold the feature maps that a score needs at once: raise --memory or lower --batch",
                ));
            };
            oldest.value = None;
        }
    }

    fn extent(&self, shape: Shape) -> Extent {
        let (steps, samples) = (self.pass.timesteps, self.pass.samples);
        Extent { steps, samples, pixels: shape.height * shape.width, channels: shape.channels }
    }

    fn maps(&self, shape: Shape, pool: usize) -> ConvolutionMaps {
        ConvolutionMaps { pool, ..ConvolutionMaps::new(self.pass.samples, shape.height, shape.width) }
    }

    /// Hands the kernels a map whose parts are there, normalised where a norm is given.
    fn read<R>(&self, map: &Map, norm: Option<Id>, read: impl FnOnce(&Sum<'_>) -> R) -> R {
        let term = |&id: &Id| match &self.slots[id].value {
            Some(Value::Part(part)) => part.term(),
            _ => unreachable!("the parts of a map are there before it is read"),
        };
        let affine = norm.map(|id| match &self.slots[id].value {
            Some(Value::Norm(affine)) => affine.as_slice(),
            _ => unreachable!("a norm is there before it is read"),
        });
        let terms: Vec<Term<'_>> = map.parts.iter().map(term).collect();
        read(&Sum { terms: &terms, affine, extent: self.extent(map.shape) })
    }

    fn stem(&mut self, stem: &Convolution, norm: &BatchNorm) -> Result<Value> {
        let kernel = self.parameters.kernel(stem);
        let mut values = self.buffer(self.pass.samples * stem.output().len())?;
        let moments = convolve_images(self.pass.images, self.maps(stem.input, 1), &kernel, &mut values);
        let affine = Some(self.fold(norm, || vec![moments], 1));
        Ok(Value::Part(Part { values, unpooled: None, affine }))
    }

    fn convolve(&mut self, layer: &SpikingConvolution, spikes: Id, pool: usize) -> Result<Value> {
        let convolution = &layer.convolution;
        let kernel = self.parameters.kernel(convolution);
        let spikes = self.spikes(spikes).clone();
        let mut values = self.buffer(spikes.maps() * convolution.output().len() / (pool * pool))?;
        let mut unpooled = match self.pass.keeps_sums && pool > 1 {
            true => Some(self.buffer(spikes.maps() * convolution.output().len())?),
            false => None,
        };
        let maps = self.maps(convolution.input, pool);
        let moments = convolve_spikes(&spikes, maps, &kernel, &mut values, unpooled.as_deref_mut());
        let affine = Some(self.fold(&layer.norm, || moments, self.pass.timesteps));
        Ok(Value::Part(Part { values, unpooled, affine }))
    }

    fn pool(&mut self, map: &Map) -> Result<Value> {
        let isa = self.parameters.isa();
        let steps = self.read(map, None, |sum| sum.distinct_steps());
        let mut values = self.buffer(steps * self.pass.samples * map.shape.len())?;
        let (height, width) = (map.shape.height, map.shape.width);
        self.read(map, None, |sum| average_pool(isa, sum, height, width, &mut values));
        Ok(Value::Part(Part { values, unpooled: None, affine: None }))
    }

    fn normalise(&mut self, norm: &BatchNorm, map: &Map) -> Arc<Vec<Affine>> {
        let isa = self.parameters.isa();
        let moments = match self.pass.mode {
            Mode::Train => self.read(map, None, |sum| moments(isa, sum)),
            Mode::Evaluate => Vec::new(),
        };
        self.fold(norm, || moments, self.pass.timesteps)
    }

    fn fold(&mut self, norm: &BatchNorm, moments: impl FnOnce() -> Vec<Moments>, updates: usize) -> Arc<Vec<Affine>> {
        normalise(norm, self.parameters, self.pass.mode, moments, updates, &mut self.statistics)
    }

    fn fire(&mut self, lif: &Lif, map: &Map, norm: Option<Id>) -> Value {
        let spikes = self.with_membrane(lif, |run, membrane| run.read(map, norm, |sum| run.scan(lif, sum, membrane)));
        self.spiking(spikes)
    }

    /// Hands on the membranes of a layer, taken out so that the rest can be read beside them; none where none are kept.
    fn with_membrane<R>(&mut self, lif: &Lif, run: impl FnOnce(&Self, Option<&mut [f32]>) -> R) -> R {
        let mut membranes = self.pass.membranes.take();
        let start = || vec![0.0; self.pass.samples * lif.shape.len()];
        let membrane = membranes.as_deref_mut().map(|m| m.entry(lif.name.clone()).or_insert_with(start).as_mut_slice());
        let result = run(self, membrane);
        self.pass.membranes = membranes;
        result
    }

    fn scan(&self, lif: &Lif, sum: &Sum<'_>, membrane: Option<&mut [f32]>) -> Spikes {
        let parameters = LifParameters { tau: self.pass.tau, threshold: lif.threshold };
        let Extent { steps, samples, pixels, channels } = sum.extent;
        let words = self.parameters.buffers().take_words(sum.extent.len().div_ceil(64));
        let mut spikes = Spikes::in_words(words, steps * samples, pixels, channels);
        lif_scan(self.parameters.isa(), sum, parameters, membrane, &mut spikes);
        spikes
    }

    fn spiking(&self, spikes: Spikes) -> Value {
        let isa = self.parameters.isa();
        let activity = self.pass.kernels.map(|kinds| Activity::new(isa, kinds, &spikes, self.pass.samples));
        Value::Spikes { spikes: Arc::new(spikes), activity: activity.map(Arc::new) }
    }

    fn hidden(&mut self, classifier: &Classifier, shape: Shape, spikes: Id) -> Value {
        let (hidden, lif) = (&classifier.hidden, &classifier.lif);
        let kernel = self.parameters.linear_of_averages(hidden, shape.channels);
        let (spikes, pool) = (self.spikes(spikes), self.pass.last_pool);
        let values = linear_of_averages(spikes, shape.height, shape.width, pool, &kernel);
        let terms = [Term { values: &values, affine: None }];
        let sum = Sum { terms: &terms, affine: None, extent: self.extent(lif.shape) };
        let spikes = self.with_membrane(lif, |run, membrane| run.scan(lif, &sum, membrane));
        self.spiking(spikes)
    }

    /// Adds the bias, averages each cluster into a class, and takes the mean over timesteps.
    fn vote(&self, classifier: &Classifier, spikes: Id) -> Vec<f32> {
        let (spikes, outputs) = (self.spikes(spikes), classifier.output.outputs);
        let kernel = self.parameters.linear_kernel(&classifier.output);
        let mut sums = vec![0.0; spikes.maps() * outputs];
        convolve_spikes(spikes, ConvolutionMaps::new(self.pass.samples, 1, 1), &kernel, &mut sums, None);
        let bias = classifier.output.bias().map(|b| self.parameters.tensor(&b));
        let bias = |neuron: usize| bias.as_ref().map_or(0.0, |b| b[neuron]);
        let mut votes = vec![0.0; self.pass.samples * outputs / classifier.cluster];
        for step in sums.chunks((self.pass.samples * outputs).max(1)) {
            for (vote, cluster) in votes.iter_mut().zip(step.chunks(classifier.cluster).enumerate()) {
                let (index, values) = cluster;
                let first = index * classifier.cluster % outputs;
                let sum: f32 = values.iter().enumerate().map(|(i, v)| v + bias(first + i)).sum();
                *vote += sum / classifier.cluster as f32;
            }
        }
        votes.iter_mut().for_each(|vote| *vote /= self.pass.timesteps as f32);
        votes
    }
}
