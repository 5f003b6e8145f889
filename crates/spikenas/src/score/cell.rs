use std::collections::HashMap;
use std::sync::Arc;

use spikenas_kernels::{Spikes, Window};

use super::feature_map::FeatureMap;
use super::forward::Run;
use crate::plan::{CellPlan, EdgePlan};
use crate::space::Edge;

/// Runs a cell: `x1 = op01(x0)`, `x2 = op02(x0) + op12(x1)`, `x3 = op03(x0) + op13(x1) + op23(x2)`; returns x3.
pub(super) fn run_cell(run: &mut Run<'_>, cell: &CellPlan, input: FeatureMap) -> FeatureMap {
    let zeros = || FeatureMap::zeros(cell.shape, run.steps(), run.samples);
    let mut nodes = [input, zeros(), zeros(), zeros()];
    // LIF layers with the same source and threshold have the same spikes.
    let mut codes: HashMap<(usize, u32), Arc<Spikes>> = HashMap::new();
    let mut pools: [Option<FeatureMap>; 4] = Default::default();
    for (edge, plan) in Edge::ALL.into_iter().zip(&cell.edges) {
        let source = &nodes[edge.from()];
        let brought = match plan {
            EdgePlan::Zeroize => continue,
            EdgePlan::Skip => source.clone(),
            EdgePlan::AvgPool3x3 => pools[edge.from()].get_or_insert_with(|| run.pool(source, Window::Around)).clone(),
            EdgePlan::Convolution(convolution) => {
                let known = codes.get(&(edge.from(), convolution.lif.threshold.to_bits())).cloned();
                let spikes = run.fire(&convolution.lif, source, None, known);
                codes.insert((edge.from(), convolution.lif.threshold.to_bits()), spikes.clone());
                run.convolve(convolution, &spikes)
            }
        };
        nodes[edge.to()].add(&brought);
    }
    let [.., output] = nodes;
    output
}
