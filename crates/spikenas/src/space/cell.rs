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
}

impl Edge {
    /// All edges in the order in which a cell executes them; the position is the index in the reference's state dict.
    pub const ALL: [Edge; 6] = [Edge::E01, Edge::E02, Edge::E12, Edge::E03, Edge::E13, Edge::E23];

    /// All edges in the order of the loops of Algorithm 1, outermost first.
    pub const ALGORITHM_1: [Edge; 6] = [Edge::E01, Edge::E02, Edge::E03, Edge::E12, Edge::E13, Edge::E23];

    /// Position in [`Edge::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Source node.
    pub fn from(self) -> usize {
        match self {
            Edge::E01 | Edge::E02 | Edge::E03 => 0,
            Edge::E12 | Edge::E13 => 1,
            Edge::E23 => 2,
        }
    }

    /// Destination node.
    pub fn to(self) -> usize {
        match self {
            Edge::E01 => 1,
            Edge::E02 | Edge::E12 => 2,
            Edge::E03 | Edge::E13 | Edge::E23 => 3,
        }
    }

    /// The edge between two nodes, if cells have one there.
    pub fn between(from: usize, to: usize) -> Option<Edge> {
        Edge::ALL.into_iter().find(|e| e.from() == from && e.to() == to)
    }
}

/// A directed acyclic graph of four nodes with one operation per edge; node 0 is its input, node 3 its output.
///
/// Nodes hold the sum of their incoming edges: `x2 = op02(x0) + op12(x1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    operations: [Operation; 6],
}

impl Cell {
    /// A cell from its operations in the order of [`Edge::ALL`].
    pub fn new(operations: [Operation; 6]) -> Self {
        Self { operations }
    }

    /// The same operation on every edge.
    pub fn uniform(operation: Operation) -> Self {
        Self::new([operation; 6])
    }

    /// The operation on an edge.
    pub fn operation(&self, edge: Edge) -> Operation {
        self.operations[edge.index()]
    }

    /// The operations in the order of [`Edge::ALL`].
    pub fn operations(&self) -> [Operation; 6] {
        self.operations
    }

    /// The cell with one edge changed.
    pub fn with(mut self, edge: Edge, operation: Operation) -> Self {
        self.operations[edge.index()] = operation;
        self
    }

    /// Which nodes the input reaches, and which nodes reach the output.
    fn reach(&self) -> ([bool; 4], [bool; 4]) {
        let connected = |e: Edge| self.operation(e) != Operation::Zeroize;
        let mut reached = [true, false, false, false];
        for edge in Edge::ALL {
            reached[edge.to()] |= reached[edge.from()] && connected(edge);
        }
        let mut reaching = [false, false, false, true];
        for edge in Edge::ALL.into_iter().rev() {
            reaching[edge.from()] |= reaching[edge.to()] && connected(edge);
        }
        (reached, reaching)
    }

    /// Every path from input to output over edges that connect, from few edges to many.
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
            .filter(|e| !alive(e.from()) || !alive(e.to()))
            .fold(self, |c, e| c.with(e, Operation::Zeroize))
    }
}
