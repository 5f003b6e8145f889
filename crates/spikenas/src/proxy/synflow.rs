use crate::plan::{Convolution, EdgePlan, Lif, Linear, Parameter, Plan, SpikingConvolution};
use crate::score::LayerParameters;
use crate::space::Edge;

/// Logarithm of the flow through all weights of a network made linear (SynFlow, Tanaka et al., NeurIPS 2020).
///
/// Every weight is replaced by its size, batch norms are left out, and a LIF layer divides by its threshold, as fewer spikes come
/// from a higher one. R is the sum of the outputs for an image of ones; the flow is the sum over all weights of `w * dR/dw`.
/// Borders are not seen: the image is taken as endless, so that a layer is a matrix over channels. Minus infinity where nothing
/// comes through.
pub(super) fn synflow(plan: &Plan, parameters: &LayerParameters<'_>) -> f64 {
    let mut network = Linearised { parameters, links: Vec::new(), nodes: 1 };
    let stem = network.node();
    network.convolve(0, stem, &plan.stem, None);
    let mut input = stem;
    for (index, cell) in plan.cells.iter().enumerate() {
        let nodes = [input, network.node(), network.node(), network.node()];
        for (edge, planned) in Edge::ALL.into_iter().zip(&cell.edges) {
            let (from, to) = (nodes[edge.from()], nodes[edge.to()]);
            match planned {
                EdgePlan::Zeroize => {}
                EdgePlan::Skip | EdgePlan::AvgPool3x3 => network.links.push(Link { from, to, weights: None }),
                EdgePlan::Convolution(layer) => network.spike(from, to, layer),
            }
        }
        input = nodes[3];
        if let Some(reduction) = plan.reductions.get(index) {
            let reduced = network.node();
            network.spike(input, reduced, &reduction.convolution);
            input = reduced;
        }
    }
    let (hidden, output) = (network.node(), network.node());
    let classifier = &plan.classifier;
    network.link(input, hidden, &classifier.hidden, plan.last_lif.shape.channels, &plan.last_lif);
    network.link(hidden, output, &classifier.output, classifier.output.inputs, &classifier.lif);
    network.flow(vec![1.0; plan.input.channels]).ln()
}

/// The network as links between nodes, each node a number a channel.
struct Linearised<'a> {
    parameters: &'a LayerParameters<'a>,
    /// In an order in which every node is complete before it is read.
    links: Vec<Link>,
    nodes: usize,
}

/// What a node adds to another: itself, or itself times sizes of weights, `[outputs][inputs]`.
struct Link {
    from: usize,
    to: usize,
    weights: Option<Vec<Vec<f64>>>,
}

impl Linearised<'_> {
    fn node(&mut self) -> usize {
        self.nodes += 1;
        self.nodes - 1
    }

    fn spike(&mut self, from: usize, to: usize, layer: &SpikingConvolution) {
        self.convolve(from, to, &layer.convolution, Some(&layer.lif));
    }

    fn convolve(&mut self, from: usize, to: usize, convolution: &Convolution, lif: Option<&Lif>) {
        let (outputs, inputs) = (convolution.outputs, convolution.input.channels);
        self.weigh(from, to, &convolution.weight(), outputs, inputs, lif);
    }

    /// A linear layer; its inputs that belong to one channel count as one.
    fn link(&mut self, from: usize, to: usize, linear: &Linear, channels: usize, lif: &Lif) {
        self.weigh(from, to, &linear.weight(), linear.outputs, channels, Some(lif));
    }

    fn weigh(&mut self, from: usize, to: usize, weight: &Parameter, outputs: usize, inputs: usize, lif: Option<&Lif>) {
        let values = self.parameters.tensor(weight);
        let gain = lif.map_or(1.0, |lif| 1.0 / f64::from(lif.threshold));
        let each = values.len() / (outputs * inputs);
        let size = |kernel: &[f32]| gain * kernel.iter().map(|w| f64::from(w.abs())).sum::<f64>();
        let rows = values.chunks(each * inputs).map(|row| row.chunks(each).map(size).collect()).collect();
        self.links.push(Link { from, to, weights: Some(rows) });
    }

    /// The sum over all weights of `w * dR/dw`.
    fn flow(&self, image: Vec<f64>) -> f64 {
        let mut values = vec![Vec::new(); self.nodes];
        values[0] = image;
        for link in &self.links {
            let brought = link.forward(&values[link.from]);
            add(&mut values[link.to], &brought);
        }
        let mut slopes = vec![Vec::new(); self.nodes];
        if let (Some(slope), Some(output)) = (slopes.last_mut(), values.last()) {
            *slope = vec![1.0; output.len()];
        }
        let mut total = 0.0;
        for link in self.links.iter().rev() {
            if link.weights.is_some() {
                let brought = link.forward(&values[link.from]);
                total += brought.iter().zip(&slopes[link.to]).map(|(value, slope)| value * slope).sum::<f64>();
            }
            let back = link.backward(&slopes[link.to]);
            add(&mut slopes[link.from], &back);
        }
        total
    }
}

impl Link {
    fn forward(&self, values: &[f64]) -> Vec<f64> {
        match &self.weights {
            // A node that nothing reaches gives nothing.
            Some(rows) if values.is_empty() => vec![0.0; rows.len()],
            Some(rows) => rows.iter().map(|row| row.iter().zip(values).map(|(w, v)| w * v).sum()).collect(),
            None => values.to_vec(),
        }
    }

    fn backward(&self, slopes: &[f64]) -> Vec<f64> {
        let Some(rows) = &self.weights else { return slopes.to_vec() };
        let mut back = vec![0.0; rows.first().map_or(0, Vec::len)];
        for (row, slope) in rows.iter().zip(slopes) {
            back.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * slope);
        }
        back
    }
}

/// Adds numbers to those that are there, if any are.
fn add(sums: &mut Vec<f64>, values: &[f64]) {
    sums.resize(sums.len().max(values.len()), 0.0);
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
