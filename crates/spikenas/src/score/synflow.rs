use crate::graph::{Graph, Layer, Node, Parameter};
use crate::weights::Drawn;

/// Logarithm of the flow through all weights of a network made linear (SynFlow, Tanaka et al., NeurIPS 2020).
///
/// Every weight is replaced by its magnitude, batch norms are left out, and a LIF layer divides by its threshold, as
/// fewer spikes come from a higher one. R is the sum of the outputs for an image of ones; the flow is the sum over all
/// weights of `w * dR/dw`. Borders are not seen: the image is taken as endless, so that a layer is a matrix over
/// channels. Minus infinity where nothing comes through.
pub(super) fn synflow(graph: &Graph, weights: &Drawn) -> f64 {
    let links: Vec<Link> = graph.nodes().iter().map(|node| link(graph, node, weights)).collect();
    flow(graph, &links).ln()
}

/// What a node makes of the sum of its inputs, one number per channel: the sum times a gain, or times magnitudes of
/// weights.
enum Link {
    Gain(f64),
    /// `[outputs][inputs]`
    Weights(Vec<Vec<f64>>),
}

fn link(graph: &Graph, node: &Node, weights: &Drawn) -> Link {
    match &node.layer {
        Layer::Convolution(convolution) => {
            weigh(&convolution.weight(), convolution.outputs, convolution.input.channels, weights)
        }
        // Its inputs that belong to one channel count as one.
        Layer::Linear(linear) => {
            let channels = graph.input_of(node).map_or(linear.inputs, |source| source.shape.channels);
            weigh(&linear.weight(), linear.outputs, channels, weights)
        }
        Layer::Lif(lif) => Link::Gain(1.0 / f64::from(lif.threshold)),
        // What comes back adds nothing at the first timestep, at which the flow is taken.
        Layer::Input
        | Layer::BatchNorm(_)
        | Layer::Sum
        | Layer::Feedback { .. }
        | Layer::AveragePool(_)
        | Layer::Vote { .. } => Link::Gain(1.0),
    }
}

fn weigh(weight: &Parameter, outputs: usize, inputs: usize, weights: &Drawn) -> Link {
    let values = weights.tensor(weight);
    let each = values.len() / (outputs * inputs);
    let size = |kernel: &[f32]| kernel.iter().map(|w| f64::from(w.abs())).sum::<f64>();
    Link::Weights(values.chunks(each * inputs).map(|row| row.chunks(each).map(size).collect()).collect())
}

/// The sum over all weights of `w * dR/dw`.
fn flow(graph: &Graph, links: &[Link]) -> f64 {
    let mut values: Vec<Vec<f64>> = vec![vec![1.0; graph.input.channels]];
    for (node, link) in graph.nodes().iter().zip(links).skip(1) {
        let mut sum = Vec::new();
        node.inputs.iter().for_each(|input| add(&mut sum, &values[input.index()]));
        values.push(link.forward(&sum));
    }
    let mut slopes: Vec<Vec<f64>> = vec![Vec::new(); values.len()];
    if let [.., slope] = slopes.as_mut_slice() {
        *slope = vec![1.0; values.last().map_or(0, Vec::len)];
    }
    let mut total = 0.0;
    for (index, (node, link)) in graph.nodes().iter().zip(links).enumerate().rev() {
        if let Link::Weights(_) = link {
            total += values[index].iter().zip(&slopes[index]).map(|(value, slope)| value * slope).sum::<f64>();
        }
        let of_inputs = link.backward(&slopes[index]);
        node.inputs.iter().for_each(|input| add(&mut slopes[input.index()], &of_inputs));
    }
    total
}

impl Link {
    fn forward(&self, values: &[f64]) -> Vec<f64> {
        match self {
            // A node that nothing reaches has no value.
            Link::Weights(rows) if values.is_empty() => vec![0.0; rows.len()],
            Link::Weights(rows) => rows.iter().map(|row| row.iter().zip(values).map(|(w, v)| w * v).sum()).collect(),
            Link::Gain(gain) => values.iter().map(|value| gain * value).collect(),
        }
    }

    fn backward(&self, slopes: &[f64]) -> Vec<f64> {
        let rows = match self {
            Link::Weights(rows) => rows,
            Link::Gain(gain) => return slopes.iter().map(|slope| gain * slope).collect(),
        };
        let mut of_inputs = vec![0.0; rows.first().map_or(0, Vec::len)];
        for (row, slope) in rows.iter().zip(slopes) {
            of_inputs.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * slope);
        }
        of_inputs
    }
}

/// Adds numbers to those that are there, if any are.
fn add(sums: &mut Vec<f64>, values: &[f64]) {
    sums.resize(sums.len().max(values.len()), 0.0);
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
