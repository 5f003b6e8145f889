use crate::cost::Ledger;
use crate::graph::Graph;

/// Most spatial convolutions on a path through each cell, added up; among equals, more skips and fewer average poolings score
/// higher. Minus infinity where a cell has no path.
pub(super) fn depth(graph: &Graph) -> f64 {
    graph.architecture.depth_then_skips()
}

/// Trainable parameters of the backbone.
pub(super) fn parameters(graph: &Graph) -> f64 {
    Ledger::new(graph).count().backbone as f64
}
