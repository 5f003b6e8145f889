use std::collections::BTreeMap;
use std::sync::Arc;

use spikenas_kernels::{
    Affine, ConvolutionMaps, Extent, LifParameters, Moments, Spikes, Sum, Term, average_pool, convolve_images,
    convolve_spikes, hamming_distances, lif_scan, linear_of_averages, moments, write_sum,
};

use super::buffers::Buffer;
use super::norm::{PassStatistics, normalise};
use super::parameters::LayerParameters;
use super::part::Part;
use super::program::{Id, Map, Program, Step};
use crate::engine::network::{Mode, NormOver};
use crate::engine::observer::{Firing, Observer};
use crate::graph::{BatchNorm, Convolution, Lif, Linear, NetworkConfig, Shape};
use crate::{Error, Result};

/// Membranes after a pass, by LIF layer; empty before the first. Layers that read the same map share them.
pub type Membranes = BTreeMap<String, Vec<f32>>;

/// What a step gives.
pub(super) enum Value {
    Part(Part),
    Norm(Arc<Vec<Affine>>),
    Spikes(Arc<Spikes>),
    /// One timestep of a LIF layer.
    Moment(Arc<Spikes>, Buffer),
    Output(Vec<f32>),
}

/// The inputs and settings of a pass.
pub(super) struct Pass<'a> {
    /// The images, `[samples, channels, height, width]`, or one frame of every sample after the other.
    pub(super) images: &'a [f32],
    pub(super) samples: usize,
    pub(super) timesteps: usize,
    /// Membrane time constant.
    pub(super) tau: f32,
    pub(super) mode: Mode,
    /// Over what batch norms take their statistics, where they take any.
    pub(super) over: NormOver,
    /// Whether all sums of a convolution are kept beside their averages, for the backward pass.
    pub(super) keeps_sums: bool,
    /// Membranes to start from and to update; without, they start at 0 and are not kept.
    pub(super) membranes: Option<&'a mut Membranes>,
}

impl<'a> Pass<'a> {
    /// A pass in training mode from membranes at 0.
    pub(super) fn new(config: &NetworkConfig, images: &'a [f32], samples: usize) -> Self {
        Self {
            images,
            samples,
            timesteps: config.timesteps,
            tau: config.tau,
            mode: Mode::Train,
            over: NormOver::Timestep,
            keeps_sums: false,
            membranes: None,
        }
    }
}

/// Computes the steps of a program as they are needed, each once, and keeps them for as long as something is to read
/// them. Where memory runs out, the least recently read map is freed, and computed again if it is needed.
pub(super) struct Executor<'a> {
    program: &'a Program,
    parameters: &'a LayerParameters,
    pass: Pass<'a>,
    /// Receives the spikes of each LIF layer.
    observer: Option<&'a mut dyn Observer>,
    /// Statistics of the batch norms computed so far.
    pub(super) statistics: PassStatistics,
    slots: Vec<Slot>,
    clock: u64,
}

/// The state of a step.
#[derive(Default)]
struct Slot {
    value: Option<Value>,
    /// Whether it was computed before, so that its inputs no longer count it as a reader.
    was_computed: bool,
    /// Readers still to come.
    readers: usize,
    /// Computations in progress that read it.
    pins: usize,
    last_read: u64,
}

impl<'a> Executor<'a> {
    pub(super) fn new(
        program: &'a Program,
        parameters: &'a LayerParameters,
        pass: Pass<'a>,
        observer: Option<&'a mut dyn Observer>,
    ) -> Self {
        let slot = |id| Slot { readers: program.readers(id), ..Slot::default() };
        let slots = (0..program.len()).map(slot).collect();
        let statistics = PassStatistics { over: pass.over, ..PassStatistics::default() };
        Self { program, parameters, pass, observer, statistics, slots, clock: 0 }
    }

    /// Tells the observer that all layers of a network have fired.
    pub(super) fn finished(&mut self, network: usize, layers: &[(String, Id)]) -> Result<()> {
        self.observer.as_deref_mut().map_or(Ok(()), |observer| observer.finished(network, layers))
    }

    /// Keeps a step until [`Executor::release`].
    pub(super) fn retain(&mut self, id: Id) {
        self.slots[id].readers += 1;
    }

    /// Frees a step's value once nothing else is to read it.
    pub(super) fn release(&mut self, id: Id) {
        self.slots[id].readers -= 1;
        self.drop_unread(id);
    }

    fn drop_unread(&mut self, id: Id) {
        let slot = &mut self.slots[id];
        if slot.readers > 0 || slot.pins > 0 {
            return;
        }
        let value = slot.value.take();
        if let (Some(Value::Spikes(_)), Some(observer)) = (&value, &mut self.observer) {
            observer.forget(id);
        }
        if let Some(Value::Spikes(spikes) | Value::Moment(spikes, _)) = value
            && let Some(spikes) = Arc::into_inner(spikes)
        {
            self.parameters.buffers().give_words(spikes.into_words());
        }
    }

    /// The spikes of a step that is computed and retained.
    pub(super) fn spikes(&self, id: Id) -> &Arc<Spikes> {
        match &self.slots[id].value {
            Some(Value::Spikes(spikes) | Value::Moment(spikes, _)) => spikes,
            _ => unreachable!("the step gives spikes and is retained"),
        }
    }

    /// The output of a network, computed and retained.
    pub(super) fn output(&self, id: Id) -> &[f32] {
        match &self.slots[id].value {
            Some(Value::Output(values)) => values,
            _ => unreachable!("the step gives the output and is retained"),
        }
    }

    /// The values of all steps that are computed and retained, by step.
    pub(super) fn into_values(self) -> (Vec<Option<Value>>, PassStatistics) {
        (self.slots.into_iter().map(|slot| slot.value).collect(), self.statistics)
    }

    /// Computes a step that was not computed before. Errors: not enough memory even for what must be there at once.
    pub(super) fn visit(&mut self, id: Id) -> Result<()> {
        if self.slots[id].was_computed { Ok(()) } else { self.ensure(id) }
    }

    /// Computes a step that is not there.
    fn ensure(&mut self, id: Id) -> Result<()> {
        self.clock += 1;
        self.slots[id].last_read = self.clock;
        if self.slots[id].value.is_some() {
            return Ok(());
        }
        let inputs = self.program.step(id).inputs();
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
        let program = self.program;
        match program.step(id) {
            Step::Stem { convolution, norm, frames } => self.stem(convolution, norm, *frames),
            Step::Convolution { convolution, norm, spikes, pool, at } => {
                self.convolve(convolution, norm, *spikes, *pool, *at)
            }
            Step::Pool { map } => self.pool(map),
            Step::Norm { norm, map } => Ok(Value::Norm(self.normalise(norm, map))),
            Step::Spikes { lif, map, before, .. } if map.at.is_some() => self.fire_once(lif, map, *before),
            Step::Spikes { lif, map, norm, .. } => {
                Ok(self.fire(id, lif, |run, membrane| run.read(map, *norm, |sum| run.scan(lif, sum, membrane))))
            }
            Step::Moment { part, at, shape } => self.moment(*part, *at, *shape),
            Step::Series { maps, shape } => self.series(maps, *shape),
            Step::Fired { lif, moments } => Ok(self.fire(id, lif, |run, membrane| run.join(moments, membrane))),
            Step::Hidden { linear, lif, spikes, shape, pool } => {
                Ok(self.hidden(id, linear, lif, *spikes, *shape, *pool))
            }
            Step::Output { linear, cluster, spikes } => Ok(Value::Output(self.vote(linear, *cluster, *spikes))),
        }
    }

    /// Memory for a map; where there is none left, the least recently read map makes room.
    fn buffer(&mut self, length: usize) -> Result<Buffer> {
        loop {
            if let Some(buffer) = self.parameters.buffers().take(length) {
                return Ok(buffer);
            }
            let can_go = |slot: &&mut Slot| slot.pins == 0 && matches!(slot.value, Some(Value::Part(_)));
            let Some(oldest) = self.slots.iter_mut().filter(can_go).min_by_key(|slot| slot.last_read) else {
                let allowed = self.parameters.buffers().allowed() as f64 / 1e9;
                return Err(Error::invalid(format!(
                    "{allowed:.2} GB, what is allowed or there for feature maps, do not hold those that a score needs at once: raise the \
                     memory or lower the batch"
                )));
            };
            oldest.value = None;
        }
    }

    /// The sizes of a map of all timesteps, or of the one that is given.
    fn extent(&self, shape: Shape, at: Option<usize>) -> Extent {
        let (steps, samples) = (at.map_or(self.pass.timesteps, |_| 1), self.pass.samples);
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
        read(&Sum { terms: &terms, affine, extent: self.extent(map.shape, map.at) })
    }

    fn stem(&mut self, stem: &Convolution, norm: &BatchNorm, frames: usize) -> Result<Value> {
        let (kernel, samples) = (self.parameters.kernel(stem), self.pass.samples);
        let mut values = self.buffer(frames * samples * stem.output().len())?;
        let images = self.pass.images.chunks((samples * stem.input.len()).max(1));
        let sums = values.chunks_mut((samples * stem.output().len()).max(1));
        let convolve = |(images, sums)| convolve_images(images, self.maps(stem.input, 1), &kernel, sums);
        let moments = images.zip(sums).map(convolve).collect();
        let affine = Some(self.fold(norm, || moments, (frames, None)));
        Ok(Value::Part(Part { values, unpooled: None, affine }))
    }

    fn convolve(
        &mut self,
        convolution: &Convolution,
        norm: &BatchNorm,
        spikes: Id,
        pool: usize,
        at: Option<usize>,
    ) -> Result<Value> {
        let kernel = self.parameters.kernel(convolution);
        let spikes = self.spikes(spikes).clone();
        let mut values = self.buffer(spikes.maps() * convolution.output().len() / (pool * pool))?;
        let mut unpooled = match self.pass.keeps_sums && pool > 1 {
            true => Some(self.buffer(spikes.maps() * convolution.output().len())?),
            false => None,
        };
        let maps = self.maps(convolution.input, pool);
        let moments = convolve_spikes(&spikes, maps, &kernel, &mut values, unpooled.as_deref_mut());
        let affine = Some(self.fold(norm, || moments, (self.pass.timesteps, at)));
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
            Mode::Train | Mode::Estimate { .. } => self.read(map, None, |sum| moments(isa, sum)),
            Mode::Evaluate => Vec::new(),
        };
        self.fold(norm, || moments, (self.pass.timesteps, None))
    }

    fn fold(
        &mut self,
        norm: &BatchNorm,
        moments: impl FnOnce() -> Vec<Moments>,
        updates: (usize, Option<usize>),
    ) -> Arc<Vec<Affine>> {
        normalise(norm, self.parameters, self.pass.mode, moments, updates, &mut self.statistics)
    }

    /// One timestep of a part of a map.
    fn moment(&mut self, part: Id, at: usize, shape: Shape) -> Result<Value> {
        let length = self.pass.samples * shape.len();
        let mut values = self.buffer(length)?;
        let Some(Value::Part(part)) = &self.slots[part].value else {
            unreachable!("the part is there before it is read")
        };
        values.copy_from_slice(&part.values[at * length..][..length]);
        let affine =
            part.affine.as_ref().map(|all| if all.len() == 1 { all.clone() } else { Arc::new(vec![all[at].clone()]) });
        Ok(Value::Part(Part { values, unpooled: None, affine }))
    }

    /// A map from those of its timesteps.
    fn series(&mut self, maps: &[Map], shape: Shape) -> Result<Value> {
        let isa = self.parameters.isa();
        let length = self.pass.samples * shape.len();
        let mut values = self.buffer(maps.len() * length)?;
        for (map, values) in maps.iter().zip(values.chunks_mut(length.max(1))) {
            self.read(map, None, |sum| write_sum(isa, sum, values));
        }
        Ok(Value::Part(Part { values, unpooled: None, affine: None }))
    }

    /// One timestep of a LIF layer, from its membranes of the timestep before.
    fn fire_once(&mut self, lif: &Lif, map: &Map, before: Option<Id>) -> Result<Value> {
        let mut membrane = self.buffer(self.pass.samples * lif.shape.len())?;
        let kept = self.pass.membranes.as_ref().and_then(|membranes| membranes.get(&lif.name));
        match (before.map(|before| &self.slots[before].value), kept) {
            (Some(Some(Value::Moment(_, before))), _) => membrane.copy_from_slice(before),
            (_, Some(kept)) => membrane.copy_from_slice(kept),
            _ => membrane.fill(0.0),
        }
        let spikes = self.read(map, None, |sum| self.scan(lif, sum, Some(&mut membrane)));
        Ok(Value::Moment(Arc::new(spikes), membrane))
    }

    /// The spikes of all timesteps of a LIF layer; `membrane` becomes those after the last.
    fn join(&self, moments: &[Id], membrane: Option<&mut [f32]>) -> Spikes {
        let parts: Vec<&Spikes> = moments.iter().map(|&moment| self.spikes(moment).as_ref()).collect();
        let last = moments.last().map(|&last| &self.slots[last].value);
        if let (Some(membrane), Some(Some(Value::Moment(_, last)))) = (membrane, last) {
            membrane.copy_from_slice(last);
        }
        let words = self.parameters.buffers().take_words(parts.iter().map(|part| part.words().len()).sum());
        Spikes::joined(words, &parts)
    }

    /// Runs a LIF layer from its kept membranes, which it updates, or from 0, and tells the observer.
    fn fire(&mut self, id: Id, lif: &Lif, scan: impl FnOnce(&Self, Option<&mut [f32]>) -> Spikes) -> Value {
        let is_new = !self.slots[id].was_computed;
        let (mut membranes, mut observer) = (self.pass.membranes.take(), self.observer.take());
        let start = || vec![0.0; self.pass.samples * lif.shape.len()];
        let mut wanted = observer.as_ref().is_some_and(|o| is_new && o.wants_membranes()).then(start);
        let kept = membranes.as_deref_mut().map(|m| m.entry(lif.name.clone()).or_insert_with(start).as_mut_slice());
        let spikes = scan(self, kept.or(wanted.as_deref_mut()));
        if let Some(observer) = observer.as_deref_mut().filter(|_| is_new) {
            self.tell(observer, id, &spikes, wanted.as_deref());
        }
        (self.pass.membranes, self.observer) = (membranes, observer);
        Value::Spikes(Arc::new(spikes))
    }

    fn tell(&self, observer: &mut dyn Observer, id: Id, spikes: &Spikes, membranes: Option<&[f32]>) {
        let (isa, samples) = (self.parameters.isa(), self.pass.samples);
        let firing = Firing {
            samples,
            neurons: spikes.pixels() * spikes.channels(),
            counts: &spikes.counts(),
            distances: &|step| hamming_distances(isa, spikes, samples, step),
            membranes,
        };
        observer.fired(id, &firing);
    }

    fn scan(&self, lif: &Lif, sum: &Sum<'_>, membrane: Option<&mut [f32]>) -> Spikes {
        let parameters = LifParameters { tau: self.pass.tau, threshold: lif.threshold };
        let Extent { steps, samples, pixels, channels } = sum.extent;
        let words = self.parameters.buffers().take_words(steps * samples * pixels * channels.div_ceil(64));
        let mut spikes = Spikes::in_words(words, steps * samples, pixels, channels);
        lif_scan(self.parameters.isa(), sum, parameters, membrane, &mut spikes);
        spikes
    }

    fn hidden(&mut self, id: Id, linear: &Linear, lif: &Lif, spikes: Id, shape: Shape, pool: usize) -> Value {
        let kernel = self.parameters.linear_of_averages(linear, shape.channels);
        let values = linear_of_averages(self.spikes(spikes), shape.height, shape.width, pool, &kernel);
        let terms = [Term { values: &values, affine: None }];
        let sum = Sum { terms: &terms, affine: None, extent: self.extent(lif.shape, None) };
        self.fire(id, lif, |run, membrane| run.scan(lif, &sum, membrane))
    }

    /// Adds the bias, averages each cluster into a class, and takes the mean over timesteps.
    fn vote(&self, linear: &Linear, cluster: usize, spikes: Id) -> Vec<f32> {
        let (spikes, outputs) = (self.spikes(spikes), linear.outputs);
        let kernel = self.parameters.linear_kernel(linear);
        let mut sums = vec![0.0; spikes.maps() * outputs];
        convolve_spikes(spikes, ConvolutionMaps::new(self.pass.samples, 1, 1), &kernel, &mut sums, None);
        let bias = linear.bias().map(|b| self.parameters.tensor(&b));
        let bias = |neuron: usize| bias.as_ref().map_or(0.0, |b| b[neuron]);
        let mut votes = vec![0.0; self.pass.samples * outputs / cluster];
        for step in sums.chunks((self.pass.samples * outputs).max(1)) {
            for (vote, (index, values)) in votes.iter_mut().zip(step.chunks(cluster).enumerate()) {
                let first = index * cluster % outputs;
                let sum: f32 = values.iter().enumerate().map(|(i, v)| v + bias(first + i)).sum();
                *vote += sum / cluster as f32;
            }
        }
        votes.iter_mut().for_each(|vote| *vote /= self.pass.timesteps as f32);
        votes
    }
}
