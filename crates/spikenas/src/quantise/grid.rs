use crate::cost::WeightBits;
use crate::graph::{Graph, Layer};
use crate::weights::Weights;

/// Parts of the largest weight that are tried as the largest of the grid.
const PARTS: i32 = 20;

/// The distance of the grid of whole numbers to which some weights are rounded: that with the smallest squared error, where the
/// weights beyond its ends are cut off.
pub(super) fn distance(weights: impl Iterator<Item = f64> + Clone, bits: WeightBits) -> f64 {
    let largest = weights.clone().fold(0.0, |most: f64, weight| most.max(weight.abs()));
    let levels = f64::from(bits.most());
    let whole = largest / levels;
    if whole == 0.0 || bits == WeightBits::Eight {
        return whole;
    }
    let error = |distance: f64| -> f64 {
        let of = |weight: f64| weight - distance * (weight / distance).round().clamp(-levels, levels);
        weights.clone().map(|weight| of(weight).powi(2)).sum()
    };
    let mut best = (error(whole), whole);
    // Of eight bits the ends are never worth cutting; of two, almost a third of the range is.
    for part in PARTS / 4..PARTS {
        let distance = whole * f64::from(part) / f64::from(PARTS);
        let found = error(distance);
        if found < best.0 {
            best = (found, distance);
        }
    }
    best.1
}

/// Weights as the integer network of so many bits has them, but for the unit of its maps: what a training rounds them to in its
/// forward passes.
///
/// Convolutions and the hidden layer have a grid for each output, the output layer one for all, on which the mean of the
/// outputs that vote for a class lies. Nothing else changes.
pub fn round_weights(graph: &Graph, weights: &Weights, bits: WeightBits) -> Weights {
    let mut rounded = weights.clone();
    for node in graph.nodes() {
        match &node.layer {
            Layer::Convolution(convolution) => rounded.change(&convolution.weight().name, |tensor| {
                let row = tensor.values.len() / convolution.outputs;
                tensor.values.chunks_exact_mut(row).for_each(|row| round(row, bits));
            }),
            Layer::Linear(linear) if !linear.has_bias => rounded.change(&linear.weight().name, |tensor| {
                tensor.values.chunks_exact_mut(linear.inputs).for_each(|row| round(row, bits));
            }),
            Layer::Linear(linear) => rounded.change(&linear.weight().name, |tensor| {
                round_votes(&mut tensor.values, linear.inputs, graph.config.cluster, bits);
            }),
            _ => {}
        }
    }
    rounded
}

fn round(weights: &mut [f32], bits: WeightBits) {
    let distance = distance(weights.iter().map(|&weight| f64::from(weight)), bits);
    if distance > 0.0 {
        let levels = f64::from(bits.most());
        for weight in weights {
            *weight = (distance * (f64::from(*weight) / distance).round().clamp(-levels, levels)) as f32;
        }
    }
}

/// Moves the outputs that vote for a class so that their mean lies on the grid of all means.
fn round_votes(weights: &mut [f32], inputs: usize, cluster: usize, bits: WeightBits) {
    let means = cluster_means(weights, inputs, cluster);
    let mut rounded: Vec<f32> = means.iter().map(|&mean| mean as f32).collect();
    round(&mut rounded, bits);
    for (class, outputs) in weights.chunks_exact_mut(inputs * cluster).enumerate() {
        for (place, weight) in outputs.iter_mut().enumerate() {
            let of_class = class * inputs + place % inputs;
            *weight += (f64::from(rounded[of_class]) - means[of_class]) as f32;
        }
    }
}

/// The mean of the outputs that vote for a class, `[classes, inputs]`, of `[classes * cluster, inputs]`.
pub(crate) fn cluster_means(weights: &[f32], inputs: usize, cluster: usize) -> Vec<f64> {
    let classes = weights.chunks_exact(inputs * cluster);
    let mean = |outputs: &[f32], input: usize| {
        outputs.iter().skip(input).step_by(inputs).map(|&weight| f64::from(weight)).sum::<f64>() / cluster as f64
    };
    classes.flat_map(|outputs| (0..inputs).map(move |input| mean(outputs, input))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{NetworkConfig, Shape};

    #[test]
    fn the_grid_of_few_bits_cuts_an_outlier_off() {
        let mut weights = vec![1.0, -1.0, 0.9, -0.9, 0.0, 0.05];
        assert_eq!(distance(weights.iter().copied(), WeightBits::Two), 0.95);
        weights.push(1.2);
        assert_eq!(distance(weights.iter().copied(), WeightBits::Eight), 1.2 / 127.0);
        assert!(distance(weights.iter().copied(), WeightBits::Two) < 1.2);
        assert_eq!(distance([0.0, 0.0].into_iter(), WeightBits::Four), 0.0);
    }

    #[test]
    fn rounded_weights_are_on_a_grid_and_rounding_them_again_changes_nothing() {
        let image = Shape { channels: 3, height: 16, width: 16 };
        let config = NetworkConfig { widths: [4, 4], hidden: 8, ..NetworkConfig::preset("sample").unwrap() };
        let graph = Graph::new(&"0313 0021 0003 0000".parse().unwrap(), &config, image).unwrap();
        let weights = Weights::initialised(&graph, 3, 0);
        for bits in [WeightBits::Two, WeightBits::Four, WeightBits::Eight] {
            let once = round_weights(&graph, &weights, bits);
            let twice = round_weights(&graph, &once, bits);
            for (name, tensor) in once.tensors() {
                let again = &twice.tensors()[name].values;
                let is_same = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
                assert!(tensor.values.iter().zip(again).all(is_same), "{name} at {bits} bits");
            }
            let row = &once.values("stem.0.weight")[..27];
            let levels: std::collections::BTreeSet<u32> = row.iter().map(|w| w.abs().to_bits()).collect();
            assert!(levels.len() <= bits.most() as usize + 1, "{levels:?} at {bits} bits");
        }
    }
}
