use serde::{Deserialize, Serialize};

use super::Operation;

/// A connection between two of the four nodes of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Edge {
    /// Node 0 to node 1.
    E01,
    /// Node 0 to node 2.
    E02,
    /// Node 1 to node 2.
    E12,
    /// Node 0 to node 3.
    E03,
    /// Node 1 to node 3.
    E13,
    /// Node 2 to node 3.
    E23,
    /// Node 1 back to node 0.
    E10,
    /// Node 2 back to node 0.
    E20,
    /// Node 3 back to node 0.
    E30,
    /// Node 2 back to node 1.
    E21,
    /// Node 3 back to node 1.
    E31,
    /// Node 3 back to node 2.
    E32,
}

impl Edge {
    /// All edges to later nodes in the order in which a cell executes them; the position is the index in the reference's state dict.
    pub const ALL: [Edge; 6] = [Edge::E01, Edge::E02, Edge::E12, Edge::E03, Edge::E13, Edge::E23];

    /// All edges back to earlier nodes, which they reach a timestep later; the position is the index in the reference's state dict.
    pub const BACK: [Edge; 6] = [Edge::E10, Edge::E20, Edge::E30, Edge::E21, Edge::E31, Edge::E32];

    /// All edges to later nodes in the order of the loops of Algorithm 1, outermost first.
    pub const ALGORITHM_1: [Edge; 6] = [Edge::E01, Edge::E02, Edge::E03, Edge::E12, Edge::E13, Edge::E23];

    /// Position in [`Edge::ALL`], or in [`Edge::BACK`].
    pub fn index(self) -> usize {
        self as usize % Self::ALL.len()
    }

    /// Whether it leads to an earlier node.
    pub fn is_back(self) -> bool {
        self.from() > self.to()
    }

    /// Source node.
    pub fn from(self) -> usize {
        match self {
            Edge::E01 | Edge::E02 | Edge::E03 => 0,
            Edge::E12 | Edge::E13 | Edge::E10 => 1,
            Edge::E23 | Edge::E20 | Edge::E21 => 2,
            Edge::E30 | Edge::E31 | Edge::E32 => 3,
        }
    }

    /// Destination node.
    pub fn to(self) -> usize {
        match self {
            Edge::E10 | Edge::E20 | Edge::E30 => 0,
            Edge::E01 | Edge::E21 | Edge::E31 => 1,
            Edge::E02 | Edge::E12 | Edge::E32 => 2,
            Edge::E03 | Edge::E13 | Edge::E23 => 3,
        }
    }

    /// The edge between two nodes, if cells have one there.
    pub fn between(from: usize, to: usize) -> Option<Edge> {
        Edge::ALL.into_iter().chain(Edge::BACK).find(|e| e.from() == from && e.to() == to)
    }
}

/// A directed graph of four nodes with one operation per edge; node 0 is its input, node 3 its output.
///
/// Nodes hold the sum of their incoming edges: `x2 = op02(x0) + op12(x1)`. What comes over an edge back to an earlier node is added at the
/// next timestep: `x2 = op02(x0 + l0) + op12(x1 + l1)`, where `l1 = op21(x2 + l2) + op31(x3)` of the timestep before, and 0 at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    operations: [Operation; 6],
    back: [Operation; 6],
}

impl Cell {
    /// A cell from its operations in the order of [`Edge::ALL`].
    pub fn new(operations: [Operation; 6]) -> Self {
        Self { operations, back: [Operation::Zeroize; 6] }
    }

    /// The same operation on every edge to a later node.
    pub fn uniform(operation: Operation) -> Self {
        Self::new([operation; 6])
    }

    /// The operation on an edge.
    pub fn operation(&self, edge: Edge) -> Operation {
        if edge.is_back() { self.back[edge.index()] } else { self.operations[edge.index()] }
    }

    /// The operations in the order of [`Edge::ALL`].
    pub fn operations(&self) -> [Operation; 6] {
        self.operations
    }

    /// The operations of edges back in the order of [`Edge::BACK`].
    pub fn back(&self) -> [Operation; 6] {
        self.back
    }

    /// Whether an edge leads back to an earlier node.
    pub fn has_feedback(&self) -> bool {
        self.back.iter().any(|&operation| operation != Operation::Zeroize)
    }

    /// Every operation, those of edges back last.
    pub fn all_operations(&self) -> impl Iterator<Item = Operation> {
        self.operations.into_iter().chain(self.back)
    }

    /// The cell with one edge changed.
    pub fn with(mut self, edge: Edge, operation: Operation) -> Self {
        let operations = if edge.is_back() { &mut self.back } else { &mut self.operations };
        operations[edge.index()] = operation;
        self
    }

    /// Which nodes the input reaches, and which nodes reach the output.
    fn reach(&self) -> ([bool; 4], [bool; 4]) {
        let connecting =
            || Edge::ALL.into_iter().chain(Edge::BACK).filter(|&e| self.operation(e) != Operation::Zeroize);
        let (mut reached, mut reaching) = ([true, false, false, false], [false, false, false, true]);
        // As often as a path has edges at most.
        for _ in 0..3 {
            connecting().for_each(|edge| reached[edge.to()] |= reached[edge.from()]);
            connecting().for_each(|edge| reaching[edge.from()] |= reaching[edge.to()]);
        }
        (reached, reaching)
    }

    /// Every path from input to output over edges to later nodes that connect, from few edges to many.
    ///
    /// ```
    /// use spikenas::space::{Architecture, Edge};
    /// let cell = "0301 0030 0003 0000".parse::<Architecture>().unwrap().cells()[0];
    /// let paths: Vec<Vec<Edge>> = cell.paths().collect();
    /// assert_eq!(paths, [vec![Edge::E03], vec![Edge::E01, Edge::E12, Edge::E23]]);
    /// ```
    pub fn paths(&self) -> impl Iterator<Item = Vec<Edge>> + '_ {
        const PATHS: [&[Edge]; 4] =
            [&[Edge::E03], &[Edge::E01, Edge::E13], &[Edge::E02, Edge::E23], &[Edge::E01, Edge::E12, Edge::E23]];
        let connects = |path: &&[Edge]| path.iter().all(|&e| self.operation(e) != Operation::Zeroize);
        PATHS.into_iter().filter(connects).map(<[Edge]>::to_vec)
    }

    /// Most spatial convolutions on a path from input to output; `None` where there is no path.
    pub fn depth(&self) -> Option<usize> {
        self.paths().map(|path| path.into_iter().filter(|&e| self.operation(e).is_spatial_convolution()).count()).max()
    }

    /// Whether some path of operations other than zeroize leads from the input to the output.
    pub fn is_connected(&self) -> bool {
        self.reach().0[3]
    }

    /// The cell with every edge of a node that does not lead from input to output set to zeroize.
    ///
    /// ```
    /// use spikenas::space::{Architecture, Operation};
    /// // Node 1 does not lead to the output: 1->2 and 1->3 are zeroize.
    /// let cell = "0321 0000 0003 0000".parse::<Architecture>().unwrap().cells()[0];
    /// assert_eq!(cell.pruned(), "0021 0000 0003 0000".parse::<Architecture>().unwrap().cells()[0]);
    /// ```
    pub fn pruned(self) -> Self {
        let (reached, reaching) = self.reach();
        let alive = |node: usize| reached[node] && reaching[node];
        Edge::ALL
            .into_iter()
            .chain(Edge::BACK)
            .filter(|e| !alive(e.from()) || !alive(e.to()))
            .fold(self, |c, e| c.with(e, Operation::Zeroize))
    }
}
