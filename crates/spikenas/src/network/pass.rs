//! The layers of one forward pass, of Burn's own operations.

use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

use super::feature::Feature;
use super::forward::{Fired, Mode, Spikes};
use super::{Network, ops};
use crate::plan::{BatchNorm, CellPlan, Classifier, Convolution, EdgePlan, Lif, Reduction, SpikingConvolution};
use crate::space::Edge;

/// One forward pass on its way through a network.
pub(super) struct Pass<'a> {
    pub(super) network: &'a mut Network,
    pub(super) mode: Mode<'a>,
    pub(super) spikes: Vec<Spikes>,
}

impl<'a> Pass<'a> {
    pub fn new(network: &'a mut Network, mode: Mode<'a>) -> Self {
        Self { network, mode, spikes: Vec::new() }
    }

    /// Ends the pass; gives what every LIF layer fired.
    pub fn finish(self) -> Vec<Spikes> {
        if let Mode::Train { .. } = self.mode {
            self.network.count_batch();
        }
        self.spikes
    }

    /// All before the classifier: averages of the last spikes. `images`: [images, channels, height, width].
    pub fn features(&mut self, images: Tensor<4>) -> Feature {
        let plan = self.network.plan().clone();
        let stem = self.convolution(&plan.stem, Feature { map: images, steps: 1 });
        let mut x = self.batch_norm(&plan.stem_norm, stem, 1);
        for (index, cell) in plan.cells.iter().enumerate() {
            x = self.cell(cell, x);
            if let Some(reduction) = plan.reductions.get(index) {
                x = self.reduction(reduction, x);
            }
        }
        let x = self.batch_norm(&plan.last_norm, x, plan.config.timesteps);
        self.lif(&plan.last_lif, x).average_pool(plan.config.last_pool)
    }

    fn cell(&mut self, plan: &CellPlan, input: Feature) -> Feature {
        let zeros = input.zeros_like();
        let mut nodes = [Some(input), None, None, None];
        for edge in Edge::ALL {
            let source = nodes[edge.from()].clone().unwrap_or_else(|| zeros.clone());
            // A convolution that leads nowhere is run all the same: its running statistics and spikes are the network's.
            if let Some(value) = self.edge(&plan.edges[edge.index()], source) {
                let sum = nodes[edge.to()].take();
                nodes[edge.to()] = Some(sum.map_or(value.clone(), |sum| sum.add(value)));
            }
        }
        let [.., output] = nodes;
        output.unwrap_or(zeros)
    }

    /// What an edge adds to its node, if anything.
    fn edge(&mut self, plan: &EdgePlan, source: Feature) -> Option<Feature> {
        match plan {
            EdgePlan::Zeroize => None,
            EdgePlan::Skip => Some(source),
            EdgePlan::AvgPool3x3 => Some(Feature { map: ops::smooth(source.map), ..source }),
            EdgePlan::Convolution(convolution) => Some(self.spiking_convolution(convolution, source)),
        }
    }

    fn reduction(&mut self, plan: &Reduction, x: Feature) -> Feature {
        let x = self.batch_norm(&plan.norm, x, self.timesteps());
        self.spiking_convolution(&plan.convolution, x).average_pool(2)
    }

    fn spiking_convolution(&mut self, plan: &SpikingConvolution, x: Feature) -> Feature {
        let spikes = self.lif(&plan.lif, x);
        let weight = self.kernel(&plan.convolution);
        let sums = Feature { map: ops::convolution(spikes.map, weight), ..spikes };
        self.batch_norm(&plan.norm, sums, self.timesteps())
    }

    fn convolution(&self, plan: &Convolution, x: Feature) -> Feature {
        Feature { map: ops::convolution(x.map, self.kernel(plan)), ..x }
    }

    fn kernel(&self, plan: &Convolution) -> Tensor<4> {
        let side = plan.kernel.side();
        self.parameter(&plan.name, "weight").reshape([plan.outputs, plan.input.channels, side, side])
    }

    /// Normalises each timestep by its own statistics in training, by the running ones else.
    ///
    /// `updates`: how often the layer is called in the reference, which moves the running statistics at each call.
    fn batch_norm(&mut self, plan: &BatchNorm, x: Feature, updates: usize) -> Feature {
        let affine = ["weight", "bias"].map(|tensor| self.parameter(&plan.name, tensor));
        let running = self.network.running(&plan.name);
        if let Mode::Evaluate = self.mode {
            return Feature { map: ops::normalise(x.map, running, affine), ..x };
        }
        let (map, statistics) = ops::batch_norm(x.map, x.steps, affine);
        self.network.set_running(&plan.name, statistics.update(running, updates));
        Feature { map, ..x }
    }

    /// Spikes at every timestep.
    fn lif(&mut self, plan: &Lif, x: Feature) -> Feature {
        let dims = x.map.dims();
        let flat = self.fire(plan, x.map.reshape([x.steps, dims.iter().product::<usize>() / x.steps]));
        let steps = self.timesteps();
        let [count, channels, height, width] = dims;
        Feature { map: flat.reshape([count / x.steps * steps, channels, height, width]), steps }
    }

    /// [steps or 1, images * neurons] -> spikes [steps, images * neurons], kept for who wants to count them.
    fn fire(&mut self, plan: &Lif, x: Tensor<2>) -> Tensor<2> {
        let steps = self.timesteps();
        let spikes = ops::lif(x, steps, self.network.plan().config.tau, plan.threshold);
        let fired = Fired::Tensor(Box::new(spikes.clone().without_autodiff()));
        self.spikes.push(Spikes { layer: plan.name.clone(), fired });
        spikes
    }

    /// Means over timesteps and clusters, [images, classes].
    pub fn classifier(&mut self, plan: &Classifier, x: Feature) -> Tensor<2> {
        let (steps, inputs, hidden) = (x.steps, plan.hidden.inputs, plan.hidden.outputs);
        let images = x.map.dims()[0] / steps;
        let mut x = x.map.reshape([steps, images * inputs]);
        if let Some(mask) = self.dropout_mask(images * inputs) {
            x = x * mask;
        }
        let weight = self.parameter(&plan.hidden.name, "weight").reshape([hidden, inputs]);
        let x = x.reshape([steps * images, inputs]).matmul(weight.transpose());
        let x = self.fire(&plan.lif, x.reshape([steps, images * hidden]));
        // The output layer is linear, so the mean over timesteps is taken before it.
        let x = x.mean_dim(0).reshape([images, hidden]);
        let weight = self.parameter(&plan.output.name, "weight").reshape([plan.output.outputs, hidden]);
        let bias = self.parameter(&plan.output.name, "bias").reshape([1, plan.output.outputs]);
        let votes = x.matmul(weight.transpose()) + bias;
        let classes = plan.output.outputs / plan.cluster;
        votes.reshape([images, classes, plan.cluster]).mean_dim(2).reshape([images, classes])
    }

    /// [1, length]: 0 with the probability of dropout, else what keeps the mean; none if nothing is dropped.
    fn dropout_mask(&mut self, length: usize) -> Option<Tensor<2>> {
        let device = self.network.device().clone();
        match &mut self.mode {
            Mode::Train { dropout, rng } if *dropout > 0.0 => {
                let kept = 1.0 / (1.0 - *dropout);
                let mask: Vec<f32> =
                    (0..length).map(|_| if rng.random::<f32>() < *dropout { 0.0 } else { kept }).collect();
                Some(Tensor::from_data(TensorData::new(mask, [1, length]), &device))
            }
            _ => None,
        }
    }

    fn timesteps(&self) -> usize {
        self.network.plan().config.timesteps
    }

    /// A parameter; outside training, one that records nothing.
    fn parameter(&self, module: &str, tensor: &str) -> Tensor<1> {
        let parameter = self.network.parameter(module, tensor);
        match self.mode {
            Mode::Train { .. } => parameter,
            Mode::Evaluate => parameter.without_autodiff(),
        }
    }
}
