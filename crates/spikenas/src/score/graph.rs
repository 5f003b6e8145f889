use std::collections::HashMap;

use crate::plan::{
    BatchNorm, CellPlan, Classifier, Convolution, EdgePlan, Lif, Plan, Reduction, Shape, SpikingConvolution,
};
use crate::space::{Edge, Kernel};

/// Place of a node in its graph.
pub(crate) type Id = usize;

/// A feature map as the sum of what nodes give; of none, zeros.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) parts: Vec<Id>,
    pub(crate) shape: Shape,
}

/// Something to compute once for all networks that have it.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// First convolution and its batch norm, of the images: a part of a map.
    Stem { convolution: Convolution, norm: BatchNorm },
    /// A convolution of spikes and its batch norm, averaged over squares of side `pool`: a part of a map.
    Convolution { layer: SpikingConvolution, spikes: Id, pool: usize },
    /// Average 3x3: a part of a map.
    Pool { map: Map },
    /// Batch norm of a map: its scale and shift.
    Norm { norm: BatchNorm, map: Map },
    /// What a LIF layer fires.
    Spikes { lif: Lif, map: Map, norm: Option<Id> },
    /// What the classifier's LIF layer fires.
    Hidden { classifier: Classifier, shape: Shape, spikes: Id },
    /// Votes for each class.
    Output { classifier: Classifier, spikes: Id },
}

/// What makes two nodes the same: weights belong to a layer's name and shape, all else to what it reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Stem,
    Convolution(String, Kernel, Id),
    Pool(Vec<Id>, Shape),
    Norm(String, Vec<Id>),
    Spikes(Vec<Id>, Shape, Option<Id>, u32),
    Hidden(Id),
    Output(Id),
}

impl Node {
    /// The nodes that it reads.
    pub(crate) fn inputs(&self) -> Vec<Id> {
        match self {
            Node::Stem { .. } => Vec::new(),
            Node::Convolution { spikes, .. } | Node::Hidden { spikes, .. } | Node::Output { spikes, .. } => {
                vec![*spikes]
            }
            Node::Pool { map } | Node::Norm { map, .. } => map.parts.clone(),
            Node::Spikes { map, norm, .. } => map.parts.iter().chain(norm).copied().collect(),
        }
    }

    fn key(&self) -> Key {
        match self {
            Node::Stem { .. } => Key::Stem,
            Node::Convolution { layer, spikes, .. } => {
                Key::Convolution(layer.convolution.name.clone(), layer.convolution.kernel, *spikes)
            }
            Node::Pool { map } => Key::Pool(map.parts.clone(), map.shape),
            Node::Norm { norm, map } => Key::Norm(norm.name.clone(), map.parts.clone()),
            Node::Spikes { lif, map, norm } => {
                Key::Spikes(map.parts.clone(), map.shape, *norm, lif.threshold.to_bits())
            }
            Node::Hidden { spikes, .. } => Key::Hidden(*spikes),
            Node::Output { spikes, .. } => Key::Output(*spikes),
        }
    }
}

/// The computations of several networks of the same settings, each of them once.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    ids: HashMap<Key, Id>,
    /// How many nodes read each node.
    readers: Vec<usize>,
}

/// How far a network is to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// To the last LIF layer before the classifier.
    Features,
    /// To the last LIF layer.
    Spikes,
    /// To its output.
    Output,
}

/// One network in a graph.
#[derive(Default)]
pub(crate) struct Walk {
    /// What to compute, in an order that lets maps go early.
    pub(crate) order: Vec<Id>,
    /// Name and spikes of every LIF layer, in the order of execution.
    pub(crate) layers: Vec<(String, Id)>,
}

impl Graph {
    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn readers(&self, id: Id) -> usize {
        self.readers[id]
    }

    /// Adds what a network needs.
    pub(crate) fn add(&mut self, plan: &Plan, goal: Goal) -> Walk {
        let mut walk = Walk::default();
        let stem = Node::Stem { convolution: plan.stem.clone(), norm: plan.stem_norm.clone() };
        let mut map = Map { parts: vec![self.enter(&mut walk, stem)], shape: plan.stem.output() };
        for (index, cell) in plan.cells.iter().enumerate() {
            map = self.add_cell(&mut walk, cell, map);
            if let Some(reduction) = plan.reductions.get(index) {
                map = self.add_reduction(&mut walk, reduction, map);
            }
        }
        let shape = map.shape;
        let norm = self.enter(&mut walk, Node::Norm { norm: plan.last_norm.clone(), map: map.clone() });
        let spikes = self.fire(&mut walk, &plan.last_lif, map, Some(norm));
        if goal == Goal::Features {
            return walk;
        }
        let classifier = plan.classifier.clone();
        let hidden = self.enter(&mut walk, Node::Hidden { classifier: classifier.clone(), shape, spikes });
        walk.layers.push((classifier.lif.name.clone(), hidden));
        if goal == Goal::Output {
            self.enter(&mut walk, Node::Output { classifier, spikes: hidden });
        }
        walk
    }

    /// `x1 = op01(x0)`, `x2 = op02(x0) + op12(x1)`, `x3 = op03(x0) + op13(x1) + op23(x2)`; returns x3.
    fn add_cell(&mut self, walk: &mut Walk, cell: &CellPlan, input: Map) -> Map {
        let zeros = || Map { parts: Vec::new(), shape: cell.shape };
        let mut nodes = [input, zeros(), zeros(), zeros()];
        self.read_node(walk, cell, 0, &nodes[0]);
        for (edge, plan) in Edge::ALL.into_iter().zip(&cell.edges) {
            let source = nodes[edge.from()].clone();
            let brought = match plan {
                EdgePlan::Zeroize => Vec::new(),
                EdgePlan::Skip => source.parts,
                EdgePlan::AvgPool3x3 => vec![self.enter(walk, Node::Pool { map: source })],
                EdgePlan::Convolution(layer) => {
                    let spikes = self.fire(walk, &layer.lif, source, None);
                    vec![self.enter(walk, Node::Convolution { layer: layer.clone(), spikes, pool: 1 })]
                }
            };
            nodes[edge.to()].parts.extend(brought);
            let is_last_incoming = Edge::ALL.into_iter().rfind(|e| e.to() == edge.to()) == Some(edge);
            if is_last_incoming {
                self.read_node(walk, cell, edge.to(), &nodes[edge.to()]);
            }
        }
        let [.., output] = nodes;
        output
    }

    /// Spikes and averages of a node of a cell as soon as it is known, so that its map need not stay for them.
    fn read_node(&mut self, walk: &mut Walk, cell: &CellPlan, from: usize, map: &Map) {
        for (_, plan) in Edge::ALL.into_iter().zip(&cell.edges).filter(|(edge, _)| edge.from() == from) {
            match plan {
                EdgePlan::Convolution(layer) => {
                    self.enter(walk, Node::Spikes { lif: layer.lif.clone(), map: map.clone(), norm: None });
                }
                EdgePlan::AvgPool3x3 => {
                    self.enter(walk, Node::Pool { map: map.clone() });
                }
                EdgePlan::Zeroize | EdgePlan::Skip => {}
            }
        }
    }

    fn add_reduction(&mut self, walk: &mut Walk, reduction: &Reduction, map: Map) -> Map {
        let layer = &reduction.convolution;
        let norm = self.enter(walk, Node::Norm { norm: reduction.norm.clone(), map: map.clone() });
        let spikes = self.fire(walk, &layer.lif, map, Some(norm));
        let wide = layer.convolution.output();
        let convolution = self.enter(walk, Node::Convolution { layer: layer.clone(), spikes, pool: 2 });
        Map { parts: vec![convolution], shape: Shape { height: wide.height / 2, width: wide.width / 2, ..wide } }
    }

    fn fire(&mut self, walk: &mut Walk, lif: &Lif, map: Map, norm: Option<Id>) -> Id {
        let spikes = self.enter(walk, Node::Spikes { lif: lif.clone(), map, norm });
        walk.layers.push((lif.name.clone(), spikes));
        spikes
    }

    /// The node that is known to be the same, or a new one; the walk comes by it.
    fn enter(&mut self, walk: &mut Walk, node: Node) -> Id {
        let id = match self.ids.get(&node.key()) {
            Some(&id) => id,
            None => {
                let id = self.nodes.len();
                node.inputs().into_iter().for_each(|input| self.readers[input] += 1);
                self.ids.insert(node.key(), id);
                self.nodes.push(node);
                self.readers.push(0);
                id
            }
        };
        if !walk.order.contains(&id) {
            walk.order.push(id);
        }
        id
    }
}
