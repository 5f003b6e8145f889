use crate::cost::Ledger;
use crate::graph::Graph;

/// Most spatial convolutions on a path through each cell, added up; among equals, more paths score higher. Minus
/// infinity where a cell has no path.
pub(super) fn depth(graph: &Graph) -> f64 {
    let cells = graph.architecture.cells();
    let of_cell = |cell: &crate::space::Cell| {
        // At most four paths per cell and three cells: they never make up for a convolution.
        cell.depth().map_or(f64::NEG_INFINITY, |depth| depth as f64 + cell.paths().count() as f64 / 16.0)
    };
    cells.iter().map(of_cell).sum()
}

/// Trainable parameters of the backbone.
pub(super) fn parameters(graph: &Graph) -> f64 {
    Ledger::new(graph).count().backbone as f64
}
