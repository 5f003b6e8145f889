use std::collections::HashMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use spikenas_kernels::{
    Affine, ConvolutionMaps, Extent, GradientKernel, GradientSums, Isa, LifLayer, LifParameters, LifState, Moments,
    OfAverages, SpikeReader, Spikes, Sum, Term, average_pool, gradient_before_norm, gradient_sums,
    image_weight_gradient, moments, spike_gradients, total_over_steps, write_sum,
};

use super::buffers::{Buffer, Buffers};
use super::executor::Value;
use super::norm::PassStatistics;
use super::part::Part;
use super::program::{Id, Map, Program, Step};
use crate::engine::network::{Gradients, NormOver};
use crate::graph::{BatchNorm, Convolution, Lif, NetworkConfig, Shape};
use crate::weights::Weights;

/// What a forward pass leaves for the backward pass.
pub(super) struct Tape {
    pub program: Program,
    /// The steps in the order of their computation; the last gives the spikes whose averages the classifier reads.
    pub order: Vec<Id>,
    /// Values of the steps, by step.
    pub values: Vec<Option<Value>>,
    pub statistics: PassStatistics,
    pub weights: Arc<Weights>,
    pub buffers: Buffers,
    pub config: NetworkConfig,
    /// [images, channels, height, width], or [frames, samples, channels, height, width].
    pub images: Vec<f32>,
    pub samples: usize,
}

impl Tape {
    /// A backward pass: the gradients of the weights by name, from that of the averages of the last spikes over squares of side
    /// `pool`, [steps * images, rows, columns, channels], with spikes' surrogate gradient of this sharpness. A weight that these do not
    /// depend on has none.
    pub fn backward(self, of_averages: &[f32], pool: usize, surrogate_alpha: f32) -> Gradients {
        let (gradients, sums) = (vec![Vec::new(); self.program.len()], vec![Vec::new(); self.program.len()]);
        let (of_moments, of_membranes) = (HashMap::new(), HashMap::new());
        let mut backward = Backward {
            isa: Isa::best(),
            tape: self,
            pool,
            surrogate_alpha,
            gradients,
            of_moments,
            of_membranes,
            sums,
            of_weights: Gradients::new(),
        };
        for place in (0..backward.tape.order.len()).rev() {
            backward.visit(place, of_averages);
        }
        backward.of_weights
    }

    /// The sizes of a map of all timesteps, or of the one that is given.
    fn extent(&self, shape: Shape, at: Option<usize>) -> Extent {
        let (steps, samples) = (at.map_or(self.config.timesteps, |_| 1), self.samples);
        Extent { steps, samples, pixels: shape.height * shape.width, channels: shape.channels }
    }

    /// The parts of a map, normalised as the forward pass read them.
    fn terms(&self, map: &Map) -> Vec<Term<'_>> {
        map.parts.iter().map(|&id| self.part(id)).collect()
    }

    fn part(&self, id: Id) -> Term<'_> {
        match &self.values[id] {
            Some(Value::Part(part)) => part.term(),
            _ => unreachable!("the parts of a map stay until its readers are done"),
        }
    }

    /// The sums of a convolution: as they are read, or before they were averaged.
    fn sums(&self, id: Id) -> Sums<'_> {
        match &self.values[id] {
            Some(Value::Part(Part { unpooled: Some(values), .. })) => Sums::Averaged(values),
            Some(Value::Part(Part { values, .. })) => Sums::Read(values),
            _ => unreachable!("the parts of a map stay until its readers are done"),
        }
    }

    /// The gradient of a map from that of its averages over squares of a side.
    fn of_averages<'a>(&self, terms: &'a [Term<'a>], shape: Shape, side: usize) -> OfAverages<'a> {
        let averaged = Shape { height: shape.height / side, width: shape.width / side, ..shape };
        OfAverages { gradient: sum(terms, None, self.extent(averaged, None)), side }
    }

    fn spikes(&self, id: Id) -> &Spikes {
        match &self.values[id] {
            Some(Value::Spikes(spikes) | Value::Moment(spikes, _)) => spikes,
            _ => unreachable!("spikes stay"),
        }
    }

    /// Membranes before the first timestep of a layer: those after the spikes before, where there are any.
    fn membranes(&self, before: Option<Id>, extent: Extent) -> Vec<f32> {
        match before.map(|before| &self.values[before]) {
            Some(Some(Value::Moment(_, membranes))) => membranes.to_vec(),
            _ => vec![0.0; extent.step()],
        }
    }

    fn norm(&self, id: Id) -> &[Affine] {
        match &self.values[id] {
            Some(Value::Norm(affine)) => affine,
            _ => unreachable!("norms stay"),
        }
    }

    fn buffer(&self, length: usize) -> Buffer {
        let Some(buffer) = self.buffers.take(length) else { unreachable!("there is no ceiling for memory") };
        buffer
    }

    fn weight(&self, convolution: &Convolution) -> &[f32] {
        self.weights.values(&convolution.weight().name)
    }
}

/// A backward pass in progress.
struct Backward {
    isa: Isa,
    tape: Tape,
    /// Side of the squares over which the last spikes are averaged.
    pool: usize,
    /// Sharpness of the surrogate gradient of spikes.
    surrogate_alpha: f32,
    /// For each part of a map, the gradients of the maps that it is a part of. Where the part is the same at every
    /// timestep, a gradient of a single timestep counts for all.
    gradients: Vec<Vec<Arc<Buffer>>>,
    /// For parts that are read at single timesteps: their gradient at all of them.
    of_moments: HashMap<Id, Buffer>,
    /// For timesteps of a LIF layer: the gradient of the membranes after them.
    of_membranes: HashMap<Id, Vec<f32>>,
    /// For each convolution, sums of its gradient and its products with the values before the batch norm, by timestep.
    sums: Vec<Vec<GradientSums>>,
    of_weights: Gradients,
}

impl Backward {
    fn visit(&mut self, place: usize, of_averages: &[f32]) {
        let id = self.tape.order[place];
        let is_last = place + 1 == self.tape.order.len();
        match self.tape.program.step(id).clone() {
            Step::Stem { convolution, norm, frames } => self.stem(id, &convolution, &norm, frames),
            Step::Pool { map } => self.pool(id, &map),
            Step::Spikes { lif, map, norm, before } => {
                self.spikes(id, &lif, &map, (norm, before), is_last.then_some(of_averages));
            }
            Step::Moment { part, at, shape } => self.moment(id, part, at, shape),
            Step::Series { maps, shape } => self.series(id, &maps, shape),
            // What is read of them is read at each timestep.
            Step::Fired { .. } => {}
            // The backward pass of a convolution is part of that of the spikes that it reads, a norm's of that of its
            // readers.
            Step::Convolution { .. } | Step::Norm { .. } => {}
            Step::Hidden { .. } | Step::Output { .. } => unreachable!("the classifier is not in the program"),
        }
    }

    /// Backward pass of a LIF layer and the convolutions that read it.
    fn spikes(
        &mut self,
        id: Id,
        lif: &Lif,
        map: &Map,
        (norm, before): (Option<Id>, Option<Id>),
        of_averages: Option<&[f32]>,
    ) {
        let readers = self.readers(id);
        let of_membranes = self.of_membranes.remove(&id);
        if readers.is_empty() && of_averages.is_none() && of_membranes.is_none() {
            return;
        }
        let slopes: Vec<NormSlopes> = readers
            .iter()
            .map(|reader| {
                let sums = std::mem::take(&mut self.sums[reader.id]);
                self.norm(&reader.norm, &sums, map.at)
            })
            .collect();
        let tape = &self.tape;
        let (isa, extent) = (self.isa, tape.extent(lif.shape, map.at));
        let terms: Vec<[Vec<Term<'_>>; 2]> = readers
            .iter()
            .zip(&slopes)
            .map(|(reader, slopes)| slopes.before_norm(self.gradient(reader.id), tape.sums(reader.id)))
            .collect();
        let kernels: Vec<GradientKernel> = readers
            .iter()
            .map(|Reader { convolution, .. }| {
                let (outputs, inputs) = (convolution.outputs, convolution.input.channels);
                GradientKernel::new(outputs, inputs, convolution.kernel.side(), tape.weight(convolution))
            })
            .collect();
        let parts: Vec<SpikeReader<'_>> = readers
            .iter()
            .zip(&terms)
            .zip(&kernels)
            .map(|((reader, [terms, of_averages]), kernel)| {
                let shape = reader.convolution.output();
                let gradient = sum(terms, None, tape.extent(shape, map.at));
                let of_averages = (!of_averages.is_empty()).then(|| tape.of_averages(of_averages, shape, 2));
                SpikeReader { gradient, of_averages, kernel }
            })
            .collect();
        let (input, affine) = (tape.terms(map), norm.map(|norm| tape.norm(norm)));
        let layer = LifLayer {
            input: sum(&input, affine, extent),
            parameters: LifParameters { tau: tape.config.tau, threshold: lif.threshold },
            surrogate_alpha: self.surrogate_alpha,
            spikes: tape.spikes(id),
            height: lif.shape.height,
            width: lif.shape.width,
        };
        let of_averages = of_averages.map(|values| [Term { values, affine: None }]);
        let of_averages = of_averages.as_ref().map(|terms| tape.of_averages(terms, lif.shape, self.pool));
        let mut of_map = tape.buffer(layer.input.distinct_steps() * extent.step());
        let start = map.at.map(|_| tape.membranes(before, extent));
        let mut of_membranes = of_membranes.unwrap_or_else(|| vec![0.0; start.as_ref().map_or(0, Vec::len)]);
        let state = start.as_ref().map(|start| LifState { start, gradient: &mut of_membranes });
        let found = spike_gradients(isa, &layer, &parts, of_averages, state, &mut of_map);
        if let Some(before) = before {
            self.of_membranes.insert(before, of_membranes);
        }
        for (reader, of_weight) in readers.into_iter().zip(found.of_weights) {
            add_to(&mut self.of_weights, reader.convolution.weight().name, of_weight);
            self.forget(reader.id);
        }
        let sums = match norm.map(|norm| self.tape.program.step(norm).clone()) {
            Some(Step::Norm { norm, .. }) => self.before_norm_of(&norm, map, extent, &found.sums, &mut of_map),
            _ => found.sums,
        };
        self.hand_on(map, of_map, &sums);
    }

    /// The convolutions that read some spikes and have a gradient.
    fn readers(&self, spikes: Id) -> Vec<Reader> {
        let reader = |&id: &Id| match self.tape.program.step(id) {
            Step::Convolution { convolution, norm, spikes: read, .. } if *read == spikes && self.has_gradient(id) => {
                Some(Reader { id, convolution: convolution.clone(), norm: norm.clone() })
            }
            _ => None,
        };
        self.tape.order.iter().filter_map(reader).collect()
    }

    /// From the gradient of a normalised map to that of the map, in place; takes and gives the sums with its terms.
    fn before_norm_of(
        &mut self,
        norm: &BatchNorm,
        map: &Map,
        extent: Extent,
        sums: &[Vec<GradientSums>],
        gradient: &mut Buffer,
    ) -> Vec<Vec<GradientSums>> {
        let terms = self.tape.terms(map);
        let mut map_sums: Vec<GradientSums> = match sums.first() {
            Some(steps) => {
                steps.iter().map(|s| GradientSums { products: vec![0.0; norm.channels], ..s.clone() }).collect()
            }
            None => {
                let values = [Term { values: gradient, affine: None }];
                let sums = |m: Moments| GradientSums { gradient: m.sum, products: vec![0.0; norm.channels] };
                moments(self.isa, &sum(&values, None, extent)).into_iter().map(sums).collect()
            }
        };
        for (term, sums) in terms.iter().zip(sums) {
            for (step, (map_sums, sums)) in map_sums.iter_mut().zip(sums).enumerate() {
                let affine = term.affine.map(|affine| &affine[step.min(affine.len() - 1)]);
                for c in 0..norm.channels {
                    let (scale, shift) = affine.map_or((1.0, 0.0), |a| (f64::from(a.scale[c]), f64::from(a.shift[c])));
                    map_sums.products[c] += scale * sums.products[c] + shift * sums.gradient[c];
                }
            }
        }
        let slopes = self.norm(norm, &map_sums, None);
        let terms = self.tape.terms(map);
        gradient_before_norm(self.isa, &sum(&terms, None, extent), [&slopes.gradient, &slopes.values], gradient)
    }

    fn pool(&mut self, id: Id, map: &Map) {
        if !self.has_gradient(id) {
            return;
        }
        let extent = self.tape.extent(map.shape, map.at);
        let is_constant = self.tape.part(id).values.len() == extent.step();
        let total = is_constant.then(|| self.total(id, extent));
        let gradient = match &total {
            Some(total) => vec![Term { values: total, affine: None }],
            None => self.gradient(id),
        };
        let gradient = sum(&gradient, None, extent);
        let mut of_map = self.tape.buffer(gradient.distinct_steps() * extent.step());
        let Shape { height, width, .. } = map.shape;
        // Average pooling with stride 1 is its own backward pass: it is symmetric.
        average_pool(self.isa, &gradient, height, width, &mut of_map);
        self.forget(id);
        let sums = gradient_sums(self.isa, &sum(&self.tape.terms(map), None, extent), &of_map);
        self.hand_on(map, of_map, &sums);
    }

    fn stem(&mut self, id: Id, convolution: &Convolution, norm: &BatchNorm, frames: usize) {
        if !self.has_gradient(id) {
            return;
        }
        let all = self.tape.extent(convolution.output(), None);
        let extent = Extent { steps: frames, ..all };
        let total = (frames == 1).then(|| self.total(id, all));
        let sums = match &total {
            Some(total) => gradient_sums(self.isa, &sum(&[self.tape.part(id)], None, extent), total).swap_remove(0),
            None => std::mem::take(&mut self.sums[id]),
        };
        let slopes = self.norm(norm, &sums, None);
        let gradient = match &total {
            Some(total) => vec![Term { values: total, affine: None }],
            None => self.gradient(id),
        };
        let [terms, _] = slopes.before_norm(gradient, self.tape.sums(id));
        let maps = ConvolutionMaps::new(self.tape.samples, convolution.input.height, convolution.input.width);
        let (images, side) = (&self.tape.images, convolution.kernel.side());
        let of_weight = image_weight_gradient(self.isa, images, maps, side, &sum(&terms, None, extent));
        self.of_weights.insert(convolution.weight().name, of_weight);
    }

    /// Backward pass of one timestep of a part: its gradient is a part of that of all timesteps.
    fn moment(&mut self, id: Id, part: Id, at: usize, shape: Shape) {
        if !self.has_gradient(id) {
            return;
        }
        let (extent, steps) = (self.tape.extent(shape, Some(at)), self.tape.config.timesteps);
        let mut gradient = self.tape.buffer(extent.step());
        write_sum(self.isa, &sum(&self.gradient(id), None, extent), &mut gradient);
        let all = self.of_moments.remove(&part);
        let mut all = all.unwrap_or_else(|| {
            let mut zeros = self.tape.buffer(steps * extent.step());
            zeros.fill(0.0);
            zeros
        });
        all[at * extent.step()..][..extent.step()].copy_from_slice(&gradient);
        self.of_moments.insert(part, all);
        let found = std::mem::take(&mut self.sums[id]);
        let sums = &mut self.sums[part];
        if sums.is_empty() {
            sums.resize(steps, GradientSums::zeros(shape.channels));
        }
        found.iter().for_each(|found| sums[at].add(found));
        self.forget(id);
    }

    /// Backward pass of a map that is made of those of its timesteps.
    fn series(&mut self, id: Id, maps: &[Map], shape: Shape) {
        if !self.has_gradient(id) {
            return;
        }
        let extent = self.tape.extent(shape, None);
        let mut all = self.tape.buffer(extent.len());
        write_sum(self.isa, &sum(&self.gradient(id), None, extent), &mut all);
        self.forget(id);
        for (at, map) in maps.iter().enumerate() {
            let mut gradient = self.tape.buffer(extent.step());
            gradient.copy_from_slice(&all[at * extent.step()..][..extent.step()]);
            let input = self.tape.terms(map);
            let sums = gradient_sums(self.isa, &sum(&input, None, self.tape.extent(shape, map.at)), &gradient);
            self.hand_on(map, gradient, &sums);
        }
    }

    /// The gradient of a part, at every timestep.
    fn gradient(&self, id: Id) -> Vec<Term<'_>> {
        let of_moments = self.of_moments.get(&id).map(|values| Term { values, affine: None });
        self.gradients[id].iter().map(|values| Term { values, affine: None }).chain(of_moments).collect()
    }

    /// Whether anything that was visited depends on a part.
    fn has_gradient(&self, id: Id) -> bool {
        !self.gradients[id].is_empty() || self.of_moments.contains_key(&id)
    }

    /// The gradient of a part that is the same at every timestep, for all of them.
    fn total(&self, id: Id, extent: Extent) -> Buffer {
        let (single, full): (Vec<Term<'_>>, Vec<Term<'_>>) =
            self.gradient(id).into_iter().partition(|term| term.values.len() == extent.step());
        let mut total = self.tape.buffer(extent.step());
        total_over_steps(self.isa, &sum(&full, None, extent), &mut total);
        if single.is_empty() {
            return total;
        }
        let all: Vec<Term<'_>> = single.into_iter().chain([Term { values: &total, affine: None }]).collect();
        let mut both = self.tape.buffer(extent.step());
        write_sum(self.isa, &sum(&all, None, Extent { steps: 1, ..extent }), &mut both);
        both
    }

    /// Gives a map's gradient, and its sums with each part, to the parts.
    fn hand_on(&mut self, map: &Map, gradient: Buffer, sums: &[Vec<GradientSums>]) {
        let gradient = Arc::new(gradient);
        for (&part, sums) in map.parts.iter().zip(sums) {
            self.gradients[part].push(gradient.clone());
            let total = &mut self.sums[part];
            if total.is_empty() {
                total.clone_from(sums);
            } else {
                total.iter_mut().zip(sums).for_each(|(total, sums)| total.add(sums));
            }
        }
    }

    /// Frees a part and its gradient.
    fn forget(&mut self, id: Id) {
        self.gradients[id].clear();
        self.of_moments.remove(&id);
        self.tape.values[id] = None;
    }

    /// Backward pass of a batch norm, from the sums of its gradient: keeps the gradients of scale and shift.
    ///
    /// With `y = w n + b, n = (x - mean) inverse`: `dx = w inverse (dy - mean(dy) - n mean(dy n))`.
    fn norm(&mut self, norm: &BatchNorm, sums: &[GradientSums], at: Option<usize>) -> NormSlopes {
        let [scale, shift, ..] = norm.parameters().map(|parameter| parameter.name);
        let weight = self.tape.weights.values(&scale);
        let moments = &self.tape.statistics.moments[&norm.name][at.unwrap_or(0)..];
        let (mut of_scale, mut of_shift) = (vec![0.0f64; norm.channels], vec![0.0f64; norm.channels]);
        let mut slopes = NormSlopes { gradient: Vec::new(), values: Vec::new() };
        let together = match self.tape.statistics.over {
            NormOver::Timestep => None,
            NormOver::All => Some(added(sums, norm.channels)),
        };
        for (own, moments) in sums.iter().zip(moments) {
            let sums = together.as_ref().unwrap_or(own);
            let (mean, variance, count) = (moments.mean(), moments.variance(), moments.count as f64);
            let zeros = || Affine { scale: vec![0.0; norm.channels], shift: vec![0.0; norm.channels] };
            let [mut gradient, mut values] = [zeros(), zeros()];
            for c in 0..norm.channels {
                let inverse = 1.0 / (variance[c] + BatchNorm::EPSILON).sqrt();
                let products = |sums: &GradientSums| (sums.products[c] - mean[c] * sums.gradient[c]) * inverse;
                of_scale[c] += products(own);
                of_shift[c] += own.gradient[c];
                let factor = f64::from(weight[c]) * inverse;
                let slope = factor * inverse * products(sums) / count;
                gradient.scale[c] = factor as f32;
                values.scale[c] = -slope as f32;
                values.shift[c] = (slope * mean[c] - factor * sums.gradient[c] / count) as f32;
            }
            slopes.gradient.push(gradient);
            slopes.values.push(values);
        }
        let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
        add_to(&mut self.of_weights, scale, narrow(of_scale));
        add_to(&mut self.of_weights, shift, narrow(of_shift));
        slopes
    }
}

/// A convolution that reads spikes.
struct Reader {
    id: Id,
    convolution: Convolution,
    norm: BatchNorm,
}

/// Factors of the gradient after a batch norm, and of the values before it, in the gradient before it, at each
/// timestep.
struct NormSlopes {
    gradient: Vec<Affine>,
    values: Vec<Affine>,
}

/// The sums of a convolution.
enum Sums<'a> {
    /// Those that are read.
    Read(&'a [f32]),
    /// Those whose averages are read.
    Averaged(&'a [f32]),
}

impl NormSlopes {
    /// The terms of the gradient before the norm, and those that come from a gradient of averages.
    fn before_norm<'a>(&'a self, mut gradient: Vec<Term<'a>>, sums: Sums<'a>) -> [Vec<Term<'a>>; 2] {
        gradient.iter_mut().for_each(|term| term.affine = Some(&self.gradient));
        let term = |values| Term { values, affine: Some(&self.values) };
        match sums {
            Sums::Read(values) => {
                gradient.push(term(values));
                [gradient, Vec::new()]
            }
            Sums::Averaged(values) => [vec![term(values)], gradient],
        }
    }
}

/// The sums over all timesteps.
fn added(steps: &[GradientSums], channels: usize) -> GradientSums {
    let mut all = GradientSums { gradient: vec![0.0; channels], products: vec![0.0; channels] };
    for step in steps {
        all.gradient.iter_mut().zip(&step.gradient).for_each(|(all, step)| *all += step);
        all.products.iter_mut().zip(&step.products).for_each(|(all, step)| *all += step);
    }
    all
}

/// Adds a gradient: within a cell with feedback, a weight has one from each timestep.
fn add_to(gradients: &mut Gradients, name: String, gradient: Vec<f32>) {
    match gradients.entry(name) {
        Entry::Occupied(total) => total.into_mut().iter_mut().zip(gradient).for_each(|(total, value)| *total += value),
        Entry::Vacant(place) => _ = place.insert(gradient),
    }
}

fn sum<'a>(terms: &'a [Term<'a>], affine: Option<&'a [Affine]>, extent: Extent) -> Sum<'a> {
    Sum { terms, affine, extent }
}
