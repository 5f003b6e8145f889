use std::str::FromStr;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Cell, CellKind, Edge, Operation};
use crate::{Error, Result};

/// The operations allowed on an edge, and the number of cells.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SearchSpace {
    operations: Vec<Operation>,
    cells: usize,
    kind: CellKind,
}

impl SearchSpace {
    /// Names of the known sets of operations.
    pub const NAMES: [&str; 4] = ["snasnet", "spikenas-3o", "spikenas-2o", "spikenas-bench"];

    /// A space of `cells` cells (1 to 3) whose edges take one of `operations`; their order is the order of the search.
    pub fn new(operations: Vec<Operation>, cells: usize) -> Result<Self> {
        if operations.is_empty() {
            return Err(Error::invalid("a search space needs at least one operation"));
        }
        if let Some(twice) = operations.iter().enumerate().find(|(i, o)| operations[..*i].contains(o)) {
            return Err(Error::invalid(format!("operation `{}` stands twice in the search space", twice.1)));
        }
        if !(1..=3).contains(&cells) {
            return Err(Error::invalid(format!("{cells} cells: a network has 1, 2 or 3")));
        }
        Ok(Self { operations, cells, kind: CellKind::Forward })
    }

    /// The space with cells of a kind.
    pub fn of_kind(self, kind: CellKind) -> Self {
        Self { kind, ..self }
    }

    /// The operations of a named set.
    pub fn named(name: &str) -> Option<Vec<Operation>> {
        use Operation::*;
        match name {
            "snasnet" => Some(vec![Zeroize, Skip, Conv1x1, Conv3x3, AvgPool3x3]),
            "spikenas-3o" => Some(vec![Skip, Conv3x3, AvgPool3x3]),
            "spikenas-2o" => Some(vec![Skip, Conv3x3]),
            "spikenas-bench" => Some(vec![Zeroize, Skip, Conv3x3Low, Conv3x3, Conv3x3High]),
            _ => None,
        }
    }

    /// Reads operations: the name of a set, or names of operations joined by commas.
    pub fn parse_operations(text: &str) -> Result<Vec<Operation>> {
        if let Some(operations) = Self::named(text) {
            return Ok(operations);
        }
        text.split(',').map(|name| Operation::from_str(name.trim())).collect()
    }

    /// Operations allowed on an edge, in search order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Number of cells of the network.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The edges of its cells.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + use<> {
        let back: &[Edge] = if self.kind == CellKind::Backward { &Edge::BACK } else { &[] };
        Edge::ALL.into_iter().chain(back.iter().copied())
    }

    /// The operations that an edge may have. An edge back may be left out, and else is a convolution: what comes back over a skip or
    /// an average is added again at every timestep, and grows so that no running statistics of a batch norm fit all timesteps.
    pub fn choices(&self, edge: Edge) -> Vec<Operation> {
        let all = self.operations.iter().copied();
        if !edge.is_back() {
            return all.collect();
        }
        std::iter::once(Operation::Zeroize).chain(all.filter(|operation| operation.kernel().is_some())).collect()
    }

    /// Number of different cells: for six edges, operations to the sixth.
    pub fn cell_count(&self) -> usize {
        self.edges().map(|edge| self.choices(edge).len()).product()
    }

    /// Every cell, in the order of the loops of Algorithm 1 (c01 outermost, then c02, c03, c12, c13, c23, and edges back).
    pub fn iter_cells(&self) -> impl Iterator<Item = Cell> + '_ {
        let edges: Vec<Edge> =
            Edge::ALGORITHM_1.into_iter().chain(self.edges().filter(|edge| edge.is_back())).collect();
        let choices: Vec<Vec<Operation>> = edges.iter().map(|&edge| self.choices(edge)).collect();
        (0..self.cell_count()).map(move |mut rank| {
            let mut cell = Cell::uniform(Operation::Zeroize);
            for (&edge, choices) in edges.iter().zip(&choices).rev() {
                cell = cell.with(edge, choices[rank % choices.len()]);
                rank /= choices.len();
            }
            cell
        })
    }

    /// Every cell without an edge back, in the same order.
    pub fn iter_forward_cells(&self) -> impl Iterator<Item = Cell> {
        let forward = self.clone().of_kind(CellKind::Forward);
        forward.iter_cells().collect::<Vec<_>>().into_iter()
    }

    /// A cell as SNASNet's random search draws it: operations uniform, edge 0->3 never zeroize, edges back last, nodes that do not
    /// lead from input to output cut. `None` where zeroize is the only operation.
    pub fn sample_cell(&self, rng: &mut impl Rng) -> Option<Cell> {
        let connecting: Vec<Operation> = self.operations.iter().copied().filter(|&o| o != Operation::Zeroize).collect();
        if connecting.is_empty() {
            return None;
        }
        let cell = self.edges().fold(Cell::uniform(Operation::Zeroize), |cell, edge| {
            let choices = if edge == Edge::E03 { connecting.clone() } else { self.choices(edge) };
            cell.with(edge, choices[rng.random_range(0..choices.len())])
        });
        Some(cell.pruned())
    }

    /// A cell drawn uniformly among those with a path from input to output, without what is on none; `None` where zeroize is the
    /// only operation.
    pub fn sample_connected_cell(&self, rng: &mut impl Rng) -> Option<Cell> {
        /// Of a cell of zeroize and one other operation, a draw has a path with a probability of 0.67.
        const DRAWS: usize = 100;
        let draw = |rng: &mut _| {
            self.edges().fold(Cell::uniform(Operation::Zeroize), |cell, edge| {
                let choices = self.choices(edge);
                cell.with(edge, choices[RngExt::random_range(rng, 0..choices.len())])
            })
        };
        let connected = (0..DRAWS).map(|_| draw(rng)).find(Cell::is_connected);
        connected.map(Cell::pruned).or_else(|| self.sample_cell(rng))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::generator;

    #[test]
    fn cells_come_in_the_order_of_algorithm_1() {
        let space = SearchSpace::new(SearchSpace::named("spikenas-2o").unwrap(), 2).unwrap();
        let cells: Vec<Cell> = space.iter_cells().collect();
        assert_eq!(cells.len(), 64);
        assert_eq!(cells[0], Cell::uniform(Operation::Skip));
        assert_eq!(cells[1], cells[0].with(Edge::E23, Operation::Conv3x3));
        assert_eq!(cells[4], cells[0].with(Edge::E12, Operation::Conv3x3));
        assert_eq!(cells[8], cells[0].with(Edge::E03, Operation::Conv3x3));
        assert_eq!(cells.iter().collect::<HashSet<_>>().len(), 64);
    }

    #[test]
    fn sampled_cells_are_connected_and_have_no_dead_node() {
        let space = SearchSpace::new(SearchSpace::named("snasnet").unwrap(), 2).unwrap();
        let mut rng = generator(&[1]);
        for _ in 0..2000 {
            let cell = space.sample_cell(&mut rng).unwrap();
            assert!(cell.is_connected());
            assert_ne!(cell.operation(Edge::E03), Operation::Zeroize);
            assert_eq!(cell.pruned(), cell);
        }
    }

    #[test]
    fn backward_cells_have_every_forward_cell_and_edges_back_that_may_be_left_out() {
        let forward = SearchSpace::new(vec![Operation::Skip, Operation::Conv3x3], 1).unwrap();
        let space = forward.clone().of_kind(CellKind::Backward);
        // An edge back is a convolution or left out.
        assert_eq!((forward.cell_count(), space.cell_count()), (64, 64 * 64));
        assert!(space.iter_forward_cells().eq(forward.iter_cells()));
        let all: HashSet<Cell> = space.iter_cells().collect();
        assert!(all.len() == 64 * 64 && forward.iter_cells().all(|cell| all.contains(&cell)));
        let mut rng = generator(&[3]);
        let drawn: Vec<Cell> = (0..500).map(|_| space.sample_cell(&mut rng).unwrap()).collect();
        assert!(
            drawn.iter().any(Cell::has_feedback) && drawn.iter().all(|cell| all.contains(cell) && cell.is_connected())
        );
    }

    #[test]
    fn a_space_of_zeroize_alone_has_no_cell_to_sample() {
        let space = SearchSpace::new(vec![Operation::Zeroize], 2).unwrap();
        assert_eq!(space.sample_cell(&mut generator(&[1])), None);
    }

    #[test]
    fn wrong_spaces_are_refused() {
        assert!(SearchSpace::parse_operations("skip,conv5x5").unwrap_err().to_string().contains("conv5x5"));
        assert!(SearchSpace::new(vec![Operation::Skip, Operation::Skip], 2).is_err());
        assert!(SearchSpace::new(vec![Operation::Skip], 4).is_err());
    }
}
