//! All of a network before the classifier on the CPU's kernels, as one node of the gradient graph.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use spikenas_kernels::{Isa, Spikes};

use super::backward::Tape;
use super::feature::Feature;
use super::forward::{Fired, Mode, Spikes as LayerSpikes};
use super::pass::Pass;
use super::state::{read, write};
use crate::plan::{Parameter, Plan, Shape};
use crate::score::{self, Executor, Goal, Graph, LayerParameters, Value};
use crate::weights::{self, Weights};

impl Pass<'_> {
    /// [`Pass::features`] on the kernels; none on devices other than the CPU.
    pub fn features_on_kernels(&mut self, images: &Tensor<4>) -> Option<Feature> {
        if self.network.is_composed() {
            return None;
        }
        let mode = match self.mode {
            Mode::Train { .. } => score::Mode::Train,
            Mode::Evaluate => score::Mode::Evaluate,
        };
        let plan = self.network.plan().clone();
        let parameters = trainable(&plan);
        let flat: Vec<Tensor<1>> = parameters.iter().map(|p| self.network.tensor(&p.name)).collect();
        let flat = Tensor::cat(flat, 0);
        // Not on the CPU: no such primitive.
        let recorded = flat.clone().autodiff().try_into_primitive::<Autodiff<Flex>>().ok()?;
        let weights = self.weights(&plan, &parameters, read(flat));
        let images: Vec<f32> = images.clone().into_data().iter::<f32>().collect();
        let steps = plan.config.timesteps;
        let ran = run(&plan, weights, images, mode, self.network.buffers().clone());
        for (layer, spikes) in &ran.layers {
            let fired = Fired::Bits { spikes: spikes.clone(), timesteps: steps };
            self.spikes.push(LayerSpikes { layer: layer.clone(), fired });
        }
        for (norm, (mean, variance)) in &ran.tape.statistics.running {
            let device = self.network.device().clone();
            let running = [mean, variance].map(|values| write(values, &device).without_autodiff());
            self.network.set_running(norm, running);
        }
        let Tiles { shape, side } = ran.tiles;
        let values = averages(&ran.spikes, ran.tiles);
        let map = match mode {
            score::Mode::Evaluate => Tensor::from_primitive::<Flex>(from_values(values)),
            score::Mode::Train => {
                let back = Features { tiles: ran.tiles, parameters };
                let tape = Taped(Arc::new(Mutex::new(Some(ran.tape))));
                let output = from_values(values);
                let prepared = back.prepare::<NoCheckpointing>([recorded.node()]);
                let output = match prepared.compute_bound().stateful() {
                    OpsKind::Tracked(preparation) => preparation.finish(tape, output),
                    OpsKind::UnTracked(preparation) => preparation.finish(output),
                };
                Tensor::<1>::from_primitive::<Autodiff<Flex>>(output)
            }
        };
        let (height, width) = (shape.height / side, shape.width / side);
        let map = map.reshape([ran.spikes.maps(), shape.channels, height, width]);
        Some(Feature { map, steps })
    }

    /// The network's weights before the classifier; `flat`: the trainable ones.
    fn weights(&self, plan: &Plan, trainable: &[Parameter], flat: Vec<f32>) -> Weights {
        let mut rest = flat.as_slice();
        let mut tensors = BTreeMap::new();
        for Parameter { name, shape, .. } in trainable {
            let (values, others) = rest.split_at(shape.iter().product());
            tensors.insert(name.clone(), weights::Tensor { shape: shape.clone(), values: values.to_vec() });
            rest = others;
        }
        for Parameter { name, shape, .. } in plan.parameters().into_iter().filter(|p| !p.kind.is_trainable()) {
            let values = read(self.network.tensor(&name));
            tensors.insert(name, weights::Tensor { shape, values });
        }
        Weights::new(tensors, 0)
    }
}

/// The trainable tensors before the classifier.
fn trainable(plan: &Plan) -> Vec<Parameter> {
    let classifier =
        [Some(plan.classifier.hidden.weight()), Some(plan.classifier.output.weight()), plan.classifier.output.bias()];
    let is_before = |p: &Parameter| p.kind.is_trainable() && !classifier.iter().flatten().any(|c| c.name == p.name);
    plan.parameters().into_iter().filter(is_before).collect()
}

/// What a pass on the kernels leaves.
struct Ran {
    /// Of the last layer.
    spikes: Arc<Spikes>,
    tiles: Tiles,
    /// Of every layer, in the order of execution.
    layers: Vec<(String, Arc<Spikes>)>,
    tape: Tape,
}

fn run(plan: &Plan, weights: Weights, images: Vec<f32>, mode: score::Mode, buffers: score::Buffers) -> Ran {
    let samples = images.len() / plan.input.len();
    let mut graph = Graph::default();
    let walk = graph.add(plan, Goal::Features);
    let parameters = LayerParameters::given(&weights, Isa::best()).sharing(&buffers);
    let keeps_sums = mode == score::Mode::Train;
    let pass = score::Pass { mode, keeps_sums, ..score::Pass::new(&plan.config, &images, samples) };
    let mut executor = Executor::new(&graph, &parameters, pass);
    walk.order.iter().for_each(|&id| executor.retain(id));
    for &id in &walk.order {
        let Ok(()) = executor.visit(id) else { unreachable!("there is no ceiling for memory") };
    }
    let (values, statistics) = executor.into_values();
    let spikes = |id: usize| match &values[id] {
        Some(Value::Spikes { spikes, .. }) => spikes.clone(),
        _ => unreachable!("a layer gives spikes, and all is retained"),
    };
    let layers: Vec<_> = walk.layers.iter().map(|(name, id)| (name.clone(), spikes(*id))).collect();
    let spikes = spikes(walk.layers[walk.layers.len() - 1].1);
    let tiles = Tiles { shape: plan.last_lif.shape, side: plan.config.last_pool };
    drop(parameters);
    let config = plan.config.clone();
    let tape = Tape { graph, order: walk.order, values, statistics, weights, buffers, config, images, samples };
    Ran { spikes, tiles, layers, tape }
}

/// Squares of pixels that are averaged.
#[derive(Clone, Copy, Debug)]
struct Tiles {
    shape: Shape,
    side: usize,
}

impl Tiles {
    /// Place of a pixel's average in [channels, rows, columns], for channel 0; the other channels are `apart`.
    fn place(&self, pixel: usize) -> usize {
        let Shape { width, .. } = self.shape;
        pixel / width / self.side * (width / self.side) + pixel % width / self.side
    }

    /// Averages of a channel.
    fn apart(&self) -> usize {
        (self.shape.height / self.side) * (self.shape.width / self.side)
    }

    fn share(&self) -> f32 {
        1.0 / (self.side * self.side) as f32
    }
}

/// Averages of spikes, [maps, channels, rows, columns].
fn averages(spikes: &Spikes, tiles: Tiles) -> Vec<f32> {
    let length = tiles.shape.len() / (tiles.side * tiles.side);
    let words = spikes.words_per_pixel();
    let mut averages = vec![0.0; spikes.maps() * length];
    averages.par_chunks_mut(length.max(1)).enumerate().for_each(|(map, averages)| {
        for (pixel, words) in spikes.map(map).chunks_exact(words).enumerate() {
            let place = tiles.place(pixel);
            for (index, &word) in words.iter().enumerate() {
                let mut word = word;
                while word != 0 {
                    let channel = index * 64 + word.trailing_zeros() as usize;
                    averages[place + channel * tiles.apart()] += tiles.share();
                    word &= word - 1;
                }
            }
        }
    });
    averages
}

/// Averages, [maps, channels, rows, columns], with the channels last.
fn channels_last(averages: &[f32], tiles: Tiles) -> Vec<f32> {
    let (channels, apart) = (tiles.shape.channels, tiles.apart());
    let mut out = vec![0.0; averages.len()];
    out.par_chunks_mut((channels * apart).max(1)).zip(averages.par_chunks((channels * apart).max(1))).for_each(
        |(out, averages)| {
            for (channel, plane) in averages.chunks_exact(apart).enumerate() {
                out.iter_mut().skip(channel).step_by(channels).zip(plane).for_each(|(out, value)| *out = *value);
            }
        },
    );
    out
}

/// The node of the gradient graph: weights, one after the other, to averages of the last spikes.
#[derive(Debug)]
struct Features {
    tiles: Tiles,
    parameters: Vec<Parameter>,
}

/// A tape, which is used up on the way back.
#[derive(Clone)]
struct Taped(Arc<Mutex<Option<Tape>>>);

impl Debug for Taped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Taped")
    }
}

impl Backward<Flex, 1> for Features {
    type State = Taped;

    fn backward(self, ops: Ops<Taped, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let [Some(parent)] = ops.parents else { return };
        let Some(tape) = ops.state.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let gradient =
            if gradient.layout().contiguous_offsets().is_some() { gradient } else { gradient.to_contiguous() };
        let (start, end) = gradient.layout().contiguous_offsets().unwrap_or_default();
        let mut found = tape.back(&channels_last(&gradient.storage::<f32>()[start..end], self.tiles));
        let of_weights = self
            .parameters
            .iter()
            .flat_map(|p| found.remove(&p.name).unwrap_or_else(|| vec![0.0; p.shape.iter().product()]));
        gradients.register::<Flex>(parent.id, from_values(of_weights.collect()));
    }
}

fn from_values(values: Vec<f32>) -> FlexTensor {
    let shape = [values.len()];
    FlexTensor::from_data(TensorData::new(values, shape))
}

#[cfg(test)]
mod tests {
    use crate::network::{Mode, Network, device, loss};
    use crate::plan::{NetworkConfig, Plan, Shape};
    use crate::random::generator;
    use crate::weights::Weights;

    /// Cells of every number, with maps that are constant, empty, sums of the same part, pooled, and dead ends.
    #[test]
    fn kernels_give_the_gradients_of_the_composed_form() {
        let input = Shape { channels: 3, height: 16, width: 16 };
        let images: Vec<f32> = (0..6 * input.len()).map(|i| 2.0 * ((i * i) as f32 * 0.37).sin()).collect();
        let labels = [0, 1, 2, 3, 4, 5];
        for cells in 1..=3 {
            for cell in ["0333 0033 0003 0000", "0111 0011 0001 0000", "0413 0021 0004 0000", "0300 0000 0000 0000"] {
                let config =
                    NetworkConfig { cells, widths: [5, 17], hidden: 16, ..NetworkConfig::preset("sample").unwrap() };
                let plan = Plan::new(&cell.parse().unwrap(), &NetworkConfig { last_pool: 2, ..config }, input).unwrap();
                let weights = Weights::initialised(&plan, 1, 0);
                let on_kernels = Network::new(&plan, &weights, &device("cpu").unwrap()).unwrap();
                let [(gradients, after), (expected, expected_after)] =
                    [on_kernels.clone(), on_kernels.composed()].map(|mut network| {
                        let mode = Mode::Train { dropout: 0.5, rng: &mut generator(&[1]) };
                        let output = network.forward(network.images(&images), mode);
                        (network.gradients(&loss(output.logits, &labels, 0.0)), network.weights())
                    });
                for name in after.tensors().keys() {
                    for (a, b) in after.values(name).iter().zip(expected_after.values(name)) {
                        assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{cells} x {cell} {name}: {a} {b}");
                    }
                    let Some(gradient) = gradients.get(name) else { continue };
                    let values = |tensor: &burn::tensor::Tensor<1>| tensor.clone().into_data().iter::<f32>().collect();
                    let gradient: Vec<f32> = values(gradient);
                    let expected = expected.get(name).map_or_else(|| vec![0.0; gradient.len()], values);
                    let largest = expected.iter().fold(0.05f32, |largest, g| largest.max(g.abs()));
                    for (a, b) in gradient.iter().zip(&expected) {
                        assert!((a - b).abs() < 1e-4 * largest, "{cells} x {cell}, gradient of {name}: {a} {b}");
                    }
                }
            }
        }
    }
}
