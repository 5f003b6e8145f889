use super::bounds::ninth;
use super::integer_network::{IntegerConvolution, IntegerNetwork};
use crate::cost::Leak;
use crate::graph::{Content, Convolved, Shape, Source, Stage};

/// What an integer network gives for an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// One score for each class.
    pub scores: Vec<i32>,
    /// Spikes of each LIF layer at each timestep; the hidden layer of the classifier is the last.
    pub fired: Vec<Vec<u64>>,
}

/// An integer network, its weights laid out to be added by spikes.
///
/// Maps lie pixel by pixel with a border of one, all channels of a pixel side by side: a spike adds rows of weights, products
/// with the step, to the pixels around it. Everything is a sum of whole numbers, the same on every machine.
#[derive(Debug)]
pub struct Runner<'a> {
    network: &'a IntegerNetwork,
    /// Of each map that is a convolution.
    kernels: Vec<Option<Kernel>>,
    /// `[inputs, hidden]`.
    hidden: Vec<i32>,
    /// `[hidden, classes]`.
    output: Vec<i32>,
}

/// A convolution's weights by input, then rows of the kernel from the last and its columns from the last, then outputs.
#[derive(Debug)]
struct Kernel {
    weights: Vec<i16>,
    bias: Vec<i16>,
    outputs: usize,
    side: usize,
    tile: usize,
}

/// A spike.
#[derive(Clone, Copy, Debug)]
struct Event {
    row: u32,
    column: u32,
    channel: u32,
}

/// What changes while an image is shown; made once for many.
#[derive(Debug)]
pub struct RunnerState {
    maps: Vec<Vec<i16>>,
    membranes: Vec<Vec<i32>>,
    events: Vec<Vec<Event>>,
    sums: Vec<i32>,
    hidden: Vec<i32>,
    totals: Vec<i32>,
    /// The largest current of each layer, where that is watched.
    seen: Option<Vec<i64>>,
}

impl RunnerState {
    /// With an eye on how large currents become.
    pub(super) fn watched(self) -> Self {
        let layers = self.events.len() + 1;
        Self { seen: Some(vec![0; layers]), ..self }
    }

    /// The largest current of each layer so far, the hidden one last.
    pub(super) fn seen(&self) -> &[i64] {
        self.seen.as_deref().unwrap_or_default()
    }

    fn watch(&mut self, layer: usize, currents: impl Iterator<Item = i32>) {
        if let Some(seen) = &mut self.seen {
            let most = currents.map(|current| i64::from(current).abs()).max().unwrap_or(0);
            seen[layer] = seen[layer].max(most);
        }
    }
}

/// Elements of a map with its border.
fn bordered(shape: Shape) -> usize {
    shape.channels * (shape.height + 2) * (shape.width + 2)
}

/// The first element of a pixel in a map with its border; row and column count from the border.
fn place(shape: Shape, row: usize, column: usize) -> usize {
    (row * (shape.width + 2) + column) * shape.channels
}

impl Kernel {
    fn new(convolution: &IntegerConvolution, convolved: &Convolved) -> Self {
        let Convolved { convolution: layer, tile, .. } = convolved;
        let (inputs, outputs, side) = (layer.input.channels, layer.outputs, layer.kernel.side());
        let area = side * side;
        let mut weights = vec![0; convolution.weights.len()];
        for output in 0..outputs {
            for input in 0..inputs {
                for pixel in 0..area {
                    let weight = i16::from(convolution.weights[(output * inputs + input) * area + pixel]);
                    let to = (input * area + (area - 1 - pixel)) * outputs + output;
                    // What is of an image is scaled, and rounded, as a sum.
                    let step = if convolved.source == Source::Image { 1 } else { convolution.step[output] };
                    weights[to] = weight.wrapping_mul(step);
                }
            }
        }
        Self { weights, bias: convolution.bias.clone(), outputs, side, tile: *tile }
    }

    /// Adds what a spike contributes to a map.
    #[inline]
    fn add(&self, event: Event, shape: Shape, map: &mut [i16]) {
        let Event { row, column, channel } = event;
        let (row, column) = (row as usize, column as usize);
        let row_of_weights = self.side * self.outputs;
        let weights = &self.weights[channel as usize * self.side * row_of_weights..][..self.side * row_of_weights];
        // The last row of the kernel reads the pixel for the output above it.
        let first = if self.side == 3 { 0 } else { 1 };
        if self.tile == 1 {
            for (kernel_row, weights) in weights.chunks_exact(row_of_weights).enumerate() {
                let to = place(shape, row + first + kernel_row, column + first);
                add(&mut map[to..][..row_of_weights], weights);
            }
            return;
        }
        for (place_in_kernel, weights) in weights.chunks_exact(self.outputs).enumerate() {
            let of = |pixel: usize, step: usize| (pixel + first + step).div_ceil(self.tile);
            let (to_row, to_column) = (of(row, place_in_kernel / self.side), of(column, place_in_kernel % self.side));
            let to = place(shape, to_row, to_column);
            add(&mut map[to..][..self.outputs], weights);
        }
    }
}

#[inline]
fn add(sums: &mut [i16], weights: &[i16]) {
    sums.iter_mut().zip(weights).for_each(|(sum, &weight)| *sum = sum.wrapping_add(weight));
}

impl<'a> Runner<'a> {
    /// Lays a network's weights out.
    pub fn new(network: &'a IntegerNetwork) -> Self {
        let mut kernels: Vec<Option<Kernel>> = network.stages.maps.iter().map(|_| None).collect();
        for (map, convolved) in network.stages.convolutions() {
            kernels[map] = Some(Kernel::new(network.convolution(map), convolved));
        }
        let classifier = &network.stages.classifier;
        let hidden = transposed(&network.hidden.weights, classifier.hidden.inputs);
        let output = transposed(&network.output.weights, classifier.output.inputs);
        Self { network, kernels, hidden, output }
    }

    /// Room for what changes.
    pub fn state(&self) -> RunnerState {
        let stages = &self.network.stages;
        let hidden = stages.classifier.hidden.outputs;
        RunnerState {
            maps: stages.maps.iter().map(|map| vec![0; bordered(map.shape)]).collect(),
            membranes: stages.layers.iter().map(|layer| vec![0; layer.shape().len()]).collect(),
            events: vec![Vec::new(); stages.layers.len()],
            sums: vec![0; hidden],
            hidden: vec![0; hidden],
            totals: vec![0; hidden],
            seen: None,
        }
    }

    /// Shows an image, or frames one after the other: levels of channels, rows and columns, as long as the network's samples are.
    pub fn run(&self, sample: &[u8], state: &mut RunnerState) -> Outcome {
        let network = self.network;
        let stages = &network.stages;
        state.membranes.iter_mut().for_each(|membranes| membranes.fill(0));
        state.hidden.fill(0);
        state.totals.fill(0);
        let timesteps = network.graph.config.timesteps;
        let mut fired = vec![Vec::with_capacity(timesteps); stages.layers.len() + 1];
        for timestep in 0..timesteps {
            let image = network.image_at(sample, timestep);
            for stage in &stages.order {
                match *stage {
                    Stage::Map(map) if timestep > 0 && stages.maps[map].is_constant => {}
                    Stage::Map(map) => self.map(map, image, state),
                    Stage::Layer(layer) => {
                        self.watch(layer, state);
                        self.layer(layer, state);
                        fired[layer].push(state.events[layer].len() as u64);
                    }
                }
            }
            fired[stages.layers.len()].push(self.hidden(state));
        }
        Outcome { scores: self.scores(&state.totals), fired }
    }

    fn map(&self, index: usize, image: &[u8], state: &mut RunnerState) {
        let map = &self.network.stages.maps[index];
        let (before, now) = state.maps.split_at_mut(index);
        let sums = &mut now[0];
        match &map.content {
            Content::Convolved(convolved) => {
                let Some(kernel) = &self.kernels[index] else { return };
                sums.chunks_exact_mut(kernel.outputs).for_each(|pixel| pixel.copy_from_slice(&kernel.bias));
                match convolved.source {
                    Source::Image => {
                        self.show(kernel, self.network.convolution(index), convolved.convolution.input, image, sums)
                    }
                    Source::Layer(layer) => {
                        state.events[layer].iter().for_each(|&event| kernel.add(event, map.shape, sums));
                    }
                }
            }
            Content::Averaged { source, .. } => average(&before[*source], map.shape, sums),
            Content::Sum(inputs) => {
                sums.fill(0);
                inputs.iter().for_each(|&input| add(sums, &before[input]));
            }
        }
    }

    /// Adds the convolution of an image to a map.
    fn show(&self, kernel: &Kernel, convolution: &IntegerConvolution, input: Shape, image: &[u8], map: &mut [i16]) {
        let shape = Shape { channels: kernel.outputs, ..input };
        let row = kernel.side * kernel.outputs;
        let first = if kernel.side == 3 { 0 } else { 1 };
        let mut sums = vec![0_i32; bordered(shape)];
        for (channel, plane) in image.chunks_exact(input.height * input.width).enumerate() {
            let weights = &kernel.weights[channel * kernel.side * row..][..kernel.side * row];
            for (pixel, &level) in plane.iter().enumerate() {
                let value = i32::from(self.network.pixels.value(channel, level));
                for (kernel_row, weights) in weights.chunks_exact(row).enumerate() {
                    let to = place(shape, pixel / input.width + first + kernel_row, pixel % input.width + first);
                    let sums = sums[to..][..row].iter_mut().zip(weights);
                    sums.for_each(|(sum, &weight)| *sum += value * i32::from(weight));
                }
            }
        }
        for (sums, values) in sums.chunks_exact(kernel.outputs).zip(map.chunks_exact_mut(kernel.outputs)) {
            for (output, (&sum, value)) in sums.iter().zip(values).enumerate() {
                *value = value.wrapping_add(convolution.scaled(output, sum) as i16);
            }
        }
    }

    /// Takes note of the largest current of a layer, where it is wanted.
    fn watch(&self, index: usize, state: &mut RunnerState) {
        if state.seen.is_none() {
            return;
        }
        let (layer, values) = (&self.network.stages.layers[index], &self.network.layers[index]);
        let shape = layer.shape();
        let map = std::mem::take(&mut state.maps[layer.map]);
        let pixels = (0..shape.height).flat_map(|row| (0..shape.width).map(move |column| (row, column)));
        let currents = pixels.flat_map(|(row, column)| {
            let pixel = &map[place(shape, row + 1, column + 1)..][..shape.channels];
            pixel.iter().enumerate().map(|(channel, &current)| match &values.norm {
                Some((sign, bias)) => i32::from(current) * i32::from(sign[channel]) + bias[channel],
                None => i32::from(current),
            })
        });
        state.watch(index, currents);
        state.maps[layer.map] = map;
    }

    fn layer(&self, index: usize, state: &mut RunnerState) {
        let (layer, values) = (&self.network.stages.layers[index], &self.network.layers[index]);
        let (shape, leak) = (layer.shape(), self.network.leak);
        let (map, events) = (&state.maps[layer.map], &mut state.events[index]);
        events.clear();
        let mut membranes = state.membranes[index].chunks_exact_mut(shape.channels);
        for row in 0..shape.height {
            for column in 0..shape.width {
                let Some(membranes) = membranes.next() else { return };
                let currents = &map[place(shape, row + 1, column + 1)..][..shape.channels];
                let mut fire = |channel: usize| {
                    let event = Event { row: row as u32, column: column as u32, channel: channel as u32 };
                    events.push(event);
                };
                match &values.norm {
                    None => {
                        let currents = currents.iter().map(|&current| i32::from(current));
                        integrate(leak, currents, membranes, &values.threshold, &mut fire);
                    }
                    Some((sign, bias)) => {
                        let normed = currents.iter().zip(sign).zip(bias);
                        let normed =
                            normed.map(|((&current, &sign), &bias)| i32::from(current) * i32::from(sign) + bias);
                        integrate(leak, normed, membranes, &values.threshold, &mut fire);
                    }
                }
            }
        }
    }

    /// A timestep of the hidden layer; returns its spikes.
    fn hidden(&self, state: &mut RunnerState) -> u64 {
        let network = self.network;
        let classifier = &network.stages.classifier;
        let shape = network.stages.layers[classifier.source].shape();
        let (pool, hidden) = (classifier.pool, classifier.hidden.outputs);
        let [rows, columns] = [shape.height / pool, shape.width / pool];
        state.sums.fill(0);
        for &Event { row, column, channel } in &state.events[classifier.source] {
            let tile = (channel as usize * rows + row as usize / pool) * columns + column as usize / pool;
            let weights = &self.hidden[tile * hidden..][..hidden];
            state.sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
        if state.seen.is_some() {
            let sums = std::mem::take(&mut state.sums);
            state.watch(self.network.stages.layers.len(), sums.iter().copied());
            state.sums = sums;
        }
        let mut spikes = 0;
        let totals = &mut state.totals;
        let mut fire = |neuron: usize| {
            totals[neuron] += 1;
            spikes += 1;
        };
        integrate(network.leak, state.sums.iter().copied(), &mut state.hidden, &network.hidden.threshold, &mut fire);
        spikes
    }

    fn scores(&self, totals: &[i32]) -> Vec<i32> {
        let mut scores = self.network.output.bias.clone();
        for (&spikes, weights) in totals.iter().zip(self.output.chunks_exact(scores.len())) {
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += spikes * weight);
        }
        scores
    }
}

/// A timestep of some neurons; tells which fire.
#[inline]
fn integrate(
    leak: Leak,
    currents: impl Iterator<Item = i32>,
    membranes: &mut [i32],
    thresholds: &[i32],
    fire: &mut impl FnMut(usize),
) {
    let fraction = leak.fraction();
    for (neuron, ((current, membrane), &threshold)) in currents.zip(membranes).zip(thresholds).enumerate() {
        *membrane = leak.step(*membrane, current << fraction);
        if *membrane >= threshold {
            *membrane = 0;
            fire(neuron);
        }
    }
}

/// The average of the nine pixels around each; those beyond the border are zeros.
fn average(source: &[i16], shape: Shape, averages: &mut [i16]) {
    let Shape { channels, height, width } = shape;
    for row in 0..height {
        for column in 0..width {
            let to = place(shape, row + 1, column + 1);
            for channel in 0..channels {
                let mut sum = 0;
                for near in row.saturating_sub(1)..(row + 2).min(height) {
                    for beside in column.saturating_sub(1)..(column + 2).min(width) {
                        sum += i32::from(source[place(shape, near + 1, beside + 1) + channel]);
                    }
                }
                averages[to + channel] = ninth(sum);
            }
        }
    }
}

/// `[columns, rows]` of `[rows, columns]`.
fn transposed(weights: &[i8], columns: usize) -> Vec<i32> {
    let column = |column: usize| weights.iter().skip(column).step_by(columns).map(|&weight| i32::from(weight));
    (0..columns).flat_map(column).collect()
}
