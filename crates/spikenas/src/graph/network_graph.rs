use serde::{Deserialize, Serialize};

use super::config::NetworkConfig;
use super::layer::{Layer, Lif};
use super::node_id::NodeId;
use super::parameter::Parameter;
use super::shape::Shape;
use crate::space::{Architecture, Cell, Edge, Operation};

/// Which part of the macro-architecture a node belongs to. Cells count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The images.
    Input,
    /// The first convolution and its batch norm.
    Stem,
    /// A node of a cell, 1 to 3; node 0 is what comes before the cell.
    Node {
        /// The cell.
        cell: usize,
        /// The node.
        node: usize,
    },
    /// An operation of a cell.
    Edge {
        /// The cell.
        cell: usize,
        /// The edge.
        edge: Edge,
    },
    /// What comes back to a node of a cell: its sum, what of it is read a timestep later, and the node with that.
    Feedback {
        /// The cell.
        cell: usize,
        /// The node, 0 to 2.
        node: usize,
    },
    /// The reduction behind a cell.
    Reduction {
        /// The cell.
        cell: usize,
    },
    /// Batch norm, LIF and pooling before the classifier.
    LastActivation,
    /// The classifier.
    Classifier,
}

impl Place {
    /// The cell that it is a part of, if any.
    pub fn cell(self) -> Option<usize> {
        match self {
            Place::Node { cell, .. } | Place::Edge { cell, .. } | Place::Feedback { cell, .. } => Some(cell),
            _ => None,
        }
    }
}

/// When a node's values change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// They are the same at every timestep: computed once.
    Constant,
    /// They differ from timestep to timestep.
    Stepwise,
    /// There is one for all timesteps together.
    Total,
}

/// One layer, what it reads, and what it gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it computes.
    pub layer: Layer,
    /// The nodes that it reads.
    pub inputs: Vec<NodeId>,
    /// Shape of what it gives for one image at one timestep.
    pub shape: Shape,
    /// When that changes.
    pub time: Time,
    /// The part of the network that it belongs to.
    pub place: Place,
}

/// A network as a graph of layers with their shapes, in the order of execution; no weights.
///
/// Memory, engines, scores, reports and exports know a network by it alone: none of them looks at the cells' wiring.
///
/// ```
/// use spikenas::graph::{Graph, NetworkConfig, Shape};
/// let image = Shape { channels: 3, height: 32, width: 32 };
/// let graph = Graph::new(&"0313 0031 0003 0000".parse()?, &NetworkConfig::preset("sample")?, image)?;
/// assert_eq!(graph.lifs().count(), 4 + 1 + 4 + 2);
/// let text = serde_json::to_string(&graph).unwrap();
/// assert_eq!(serde_json::from_str::<Graph>(&text).unwrap(), graph);
/// # Ok::<(), spikenas::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Graph {
    /// The cells.
    pub architecture: Architecture,
    /// The network around them.
    pub config: NetworkConfig,
    /// Shape of an image.
    pub input: Shape,
    pub(super) nodes: Vec<Node>,
}

/// A graph as a file has it, not checked yet.
#[derive(Deserialize)]
struct Unchecked {
    architecture: Architecture,
    config: NetworkConfig,
    input: Shape,
    nodes: Vec<Node>,
}

impl TryFrom<Unchecked> for Graph {
    type Error = String;

    fn try_from(file: Unchecked) -> Result<Self, String> {
        let graph = Graph::new(&file.architecture, &file.config, file.input).map_err(|error| error.to_string())?;
        if graph.nodes != file.nodes {
            return Err(format!("the layers are not those of `{}`", graph.architecture));
        }
        Ok(graph)
    }
}

impl Graph {
    /// Every node, in the order of execution.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Every node with its place in the graph.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index), node))
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The only input of a node, for layers that have one.
    pub fn input_of(&self, node: &Node) -> Option<&Node> {
        node.inputs.first().map(|&id| self.node(id))
    }

    /// For each node, those that read it, in the order of execution.
    pub fn readers(&self) -> Vec<Vec<NodeId>> {
        let mut readers = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.iter() {
            node.inputs.iter().for_each(|input| readers[input.0].push(id));
        }
        readers
    }

    /// Every tensor of the state dict that holds numbers, in the reference's order.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.nodes.iter().flat_map(|node| node.layer.parameters()).collect()
    }

    /// Every LIF layer with its node, in the order of execution.
    pub fn lifs(&self) -> impl Iterator<Item = (&Node, &Lif)> {
        self.nodes.iter().filter_map(|node| match &node.layer {
            Layer::Lif(lif) => Some((node, lif)),
            _ => None,
        })
    }

    /// The LIF layer at a place, if there is one.
    pub fn lif_at(&self, place: Place) -> Option<&Lif> {
        self.lifs().find(|(node, _)| node.place == place).map(|(_, lif)| lif)
    }

    /// The LIF layer that reads a cell's output.
    pub fn lif_behind(&self, cell: usize) -> Option<&Lif> {
        self.lif_at(Place::Reduction { cell }).or_else(|| self.lif_at(Place::LastActivation))
    }

    /// Whether a node is on an edge that is on no path from its cell's input to its output.
    pub fn is_idle(&self, node: &Node) -> bool {
        match node.place {
            Place::Edge { cell, edge } => {
                self.architecture.cells()[cell].pruned().operation(edge) == Operation::Zeroize
            }
            _ => false,
        }
    }

    /// Whether a cell has edges back to earlier nodes.
    pub fn has_feedback(&self) -> bool {
        self.architecture.cells().iter().any(Cell::has_feedback)
    }

    /// Values of a sample: those of its image, or of all its frames.
    pub fn sample_len(&self) -> usize {
        self.config.frames_of_sample() * self.input.len()
    }

    /// Values that the network gives for an image: one per class.
    pub fn outputs(&self) -> usize {
        self.config.classes
    }
}
