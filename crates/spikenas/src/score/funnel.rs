use crate::graph::{Graph, Place};
use crate::space::Edge;

/// Convolutions on the paths through each cell, and how far the firing rate falls along them.
///
/// For each cell half the logarithm of `sum over paths of e^(2 n) * first / last`, added up over the cells. A path leads from the
/// cell's input to its output over edges that connect; n counts its 3x3 convolutions, `first` and `last` are the firing rates of
/// the untrained network in front of the first and of the last of its convolutions. With one convolution alone, `last` is the rate
/// of the LIF layer that reads the cell's output; without any, the path counts as 1. What goes through a silent layer counts as
/// nothing. So a network scores high that has many convolutions one after the other, many spikes where they begin, and
/// few where they end.
///
/// `rate` gives the spikes per neuron and timestep of a LIF layer by its name. Minus infinity where a cell lets nothing
/// through.
pub(super) fn funnel(graph: &Graph, rate: impl Fn(&str) -> f64) -> f64 {
    let mut total = 0.0;
    for (index, cell) in graph.architecture.cells().iter().enumerate() {
        let output = graph.lif_behind(index).map_or(0.0, |lif| rate(&lif.name));
        let lif = |&edge: &Edge| graph.lif_at(Place::Edge { cell: index, edge }).map(|lif| rate(&lif.name));
        let worth = |path: Vec<Edge>| {
            let rates: Vec<f64> = path.iter().filter_map(lif).collect();
            let deep = path.iter().filter(|e| cell.operation(**e).is_spatial_convolution()).count();
            let fall = match rates.as_slice() {
                [] => 1.0,
                [only] => only / output,
                [first, .., last] => first / last,
            };
            // 0 / 0 and x / 0: nothing comes through.
            let silent = rates.contains(&0.0) || output == 0.0;
            if silent { 0.0 } else { (2.0 * deep as f64).exp() * fall }
        };
        total += 0.5 * cell.paths().map(worth).sum::<f64>().ln();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{NetworkConfig, Shape};

    fn graph(text: &str) -> Graph {
        let config = NetworkConfig { cells: 1, ..NetworkConfig::preset("sample").unwrap() };
        let digits = crate::space::Digits::SpikenasBench;
        let architecture = crate::space::Architecture::parse(text, digits).unwrap();
        Graph::new(&architecture, &config, Shape { channels: 3, height: 32, width: 32 }).unwrap()
    }

    /// Rates of the layers in front of the edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3, and of the reduction.
    fn score(text: &str, rates: [f64; 7]) -> f64 {
        let rate = |name: &str| match name.strip_prefix("cell1.cell_architecture.") {
            Some(rest) => rates[rest[..1].parse::<usize>().unwrap()],
            None => rates[6],
        };
        funnel(&graph(text), rate)
    }

    #[test]
    fn paths_add_up_by_their_convolutions_and_the_fall_of_firing() {
        // 0→1→2→3 with three convolutions, and 0→3 with one.
        let rates = [0.4, 0.0, 0.3, 0.2, 0.0, 0.1, 0.25];
        let expected = 0.5 * (6f64.exp() * 0.4 / 0.1 + 2f64.exp() * 0.2 / 0.25).ln();
        assert!((score("0303 0030 0003 0000", rates) - expected).abs() < 1e-12);
        // Skips alone.
        assert_eq!(score("0001 0000 0000 0000", rates), 0.0);
    }

    #[test]
    fn silence_and_zeroize_let_nothing_through() {
        let rates = [0.4, 0.0, 0.3, 0.2, 0.0, 0.0, 0.25];
        assert_eq!(score("0300 0030 0003 0000", rates), f64::NEG_INFINITY);
        assert_eq!(score("0300 0030 0000 0000", rates), f64::NEG_INFINITY);
        assert!(score("0303 0030 0003 0000", rates).is_finite());
    }
}
