use std::collections::HashMap;

use crate::graph::{AveragePool, BatchNorm, Convolution, Graph, Layer, Lif, Linear, NodeId, Place, Shape};
use crate::space::Kernel;

/// Place of a step in its program.
pub(super) type Id = usize;

/// A feature map as the sum of the results of steps; zeros where there are none.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub parts: Vec<Id>,
    pub shape: Shape,
}

/// A computation that is done once for all networks that have it: layers of a graph, as the kernels take them together.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// First convolution and its batch norm, of the images: a part of a map.
    Stem { convolution: Convolution, norm: BatchNorm },
    /// A convolution of spikes and its batch norm, averaged over squares of side `pool`: a part of a map.
    Convolution { convolution: Convolution, norm: BatchNorm, spikes: Id, pool: usize },
    /// Average pooling around each pixel: a part of a map.
    Pool { map: Map },
    /// Batch norm of a map: its scale and shift.
    Norm { norm: BatchNorm, map: Map },
    /// The spikes of a LIF layer.
    Spikes { lif: Lif, map: Map, norm: Option<Id> },
    /// The spikes of the classifier's LIF layer, which reads averages of spikes over squares of side `pool`.
    Hidden { linear: Linear, lif: Lif, spikes: Id, shape: Shape, pool: usize },
    /// Votes for each class.
    Output { linear: Linear, cluster: usize, spikes: Id },
}

/// The identity of a step: its weights by the layer's name and shape, and the steps that it reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Stem,
    Convolution(String, Kernel, Id, usize),
    Pool(Vec<Id>, Shape),
    Norm(String, Vec<Id>),
    Spikes(Vec<Id>, Shape, Option<Id>, u32),
    Hidden(Id),
    Output(Id),
}

impl Step {
    /// The steps that it reads.
    pub fn inputs(&self) -> Vec<Id> {
        match self {
            Step::Stem { .. } => Vec::new(),
            Step::Convolution { spikes, .. } | Step::Hidden { spikes, .. } | Step::Output { spikes, .. } => {
                vec![*spikes]
            }
            Step::Pool { map } | Step::Norm { map, .. } => map.parts.clone(),
            Step::Spikes { map, norm, .. } => map.parts.iter().chain(norm).copied().collect(),
        }
    }

    fn key(&self) -> Key {
        match self {
            Step::Stem { .. } => Key::Stem,
            Step::Convolution { convolution, spikes, pool, .. } => {
                Key::Convolution(convolution.name.clone(), convolution.kernel, *spikes, *pool)
            }
            Step::Pool { map } => Key::Pool(map.parts.clone(), map.shape),
            Step::Norm { norm, map } => Key::Norm(norm.name.clone(), map.parts.clone()),
            Step::Spikes { lif, map, norm } => {
                Key::Spikes(map.parts.clone(), map.shape, *norm, lif.threshold.to_bits())
            }
            Step::Hidden { spikes, .. } => Key::Hidden(*spikes),
            Step::Output { spikes, .. } => Key::Output(*spikes),
        }
    }
}

/// The last layer of a network that is to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// To the last LIF layer before the classifier.
    Features,
    /// To the last LIF layer.
    Spikes,
    /// To its output.
    Output,
}

/// One network in a program.
#[derive(Default)]
pub(super) struct Route {
    /// The steps to compute, in an order that frees maps early.
    pub order: Vec<Id>,
    /// Name and spikes of every LIF layer, in the order of execution.
    pub layers: Vec<(String, Id)>,
}

/// The computations of several networks of the same settings, each of them once.
#[derive(Default)]
pub(super) struct Program {
    steps: Vec<Step>,
    ids: HashMap<Key, Id>,
    /// How many steps read each step.
    readers: Vec<usize>,
}

impl Program {
    pub fn step(&self, id: Id) -> &Step {
        &self.steps[id]
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn readers(&self, id: Id) -> usize {
        self.readers[id]
    }

    /// Adds what a network needs.
    pub fn add(&mut self, graph: &Graph, goal: Goal) -> Route {
        let mut lowering =
            Lowering { program: self, graph, readers: graph.readers(), forms: Vec::new(), route: Route::default() };
        lowering.forms.resize_with(graph.nodes().len(), || None);
        for (id, node) in graph.iter() {
            let is_wanted = match goal {
                Goal::Features => node.place != Place::Classifier,
                Goal::Spikes => !matches!(node.layer, Layer::Vote { .. }),
                Goal::Output => true,
            };
            if is_wanted {
                lowering.lower(id);
            }
        }
        lowering.finish()
    }
}

/// A node of a graph, translated so far. Layers that the kernels compute together wait until the last of them is known.
#[derive(Clone)]
enum Form {
    Images,
    /// Sums of a convolution of spikes, or of the images.
    Sums(Convolution, Option<Id>),
    /// The same, normalised.
    NormalSums(Convolution, BatchNorm, Option<Id>),
    Map(Map),
    /// A map, normalised.
    NormalMap(Map, Id),
    Spikes(Id),
    /// Averages of spikes over squares.
    Averages {
        spikes: Id,
        shape: Shape,
        pool: usize,
    },
    /// A linear layer of averages.
    OfAverages {
        linear: Linear,
        spikes: Id,
        shape: Shape,
        pool: usize,
    },
    /// A linear layer of spikes.
    OfSpikes(Linear, Id),
    Output,
}

/// A graph being translated into a program.
struct Lowering<'a> {
    program: &'a mut Program,
    graph: &'a Graph,
    readers: Vec<Vec<NodeId>>,
    /// By node.
    forms: Vec<Option<Form>>,
    route: Route,
}

impl Lowering<'_> {
    fn finish(self) -> Route {
        let Self { graph, forms, mut route, .. } = self;
        for (id, node) in graph.iter() {
            if let (Layer::Lif(lif), Some(Form::Spikes(spikes))) = (&node.layer, &forms[id.index()]) {
                route.layers.push((lif.name.clone(), *spikes));
            }
        }
        route
    }

    /// A node and, so that its map need not stay for them, the LIF layers and averages that read it.
    fn lower(&mut self, id: NodeId) {
        if self.forms[id.index()].is_some() {
            return;
        }
        let graph = self.graph;
        let node = graph.node(id);
        let form = match (&node.layer, node.inputs.first().map(|input| self.form(*input))) {
            (Layer::Sum, _) => {
                let parts = node.inputs.iter().flat_map(|&input| self.map(input).parts).collect();
                Form::Map(Map { parts, shape: node.shape })
            }
            (Layer::Input, _) => Form::Images,
            (Layer::Convolution(convolution), Some(Form::Images)) => Form::Sums(convolution.clone(), None),
            (Layer::Convolution(convolution), Some(Form::Spikes(spikes))) => {
                Form::Sums(convolution.clone(), Some(spikes))
            }
            (Layer::BatchNorm(norm), Some(Form::Sums(convolution, spikes))) => {
                Form::NormalSums(convolution, norm.clone(), spikes)
            }
            (Layer::BatchNorm(norm), Some(_)) => {
                let map = self.map(node.inputs[0]);
                let norm = self.enter(Step::Norm { norm: norm.clone(), map: map.clone() });
                Form::NormalMap(map, norm)
            }
            (Layer::Lif(lif), Some(Form::NormalMap(map, norm))) => {
                Form::Spikes(self.enter(Step::Spikes { lif: lif.clone(), map, norm: Some(norm) }))
            }
            (Layer::Lif(lif), Some(Form::OfAverages { linear, spikes, shape, pool })) => {
                Form::Spikes(self.enter(Step::Hidden { linear, lif: lif.clone(), spikes, shape, pool }))
            }
            (Layer::Lif(lif), Some(_)) => {
                let map = self.map(node.inputs[0]);
                Form::Spikes(self.enter(Step::Spikes { lif: lif.clone(), map, norm: None }))
            }
            (Layer::AveragePool(average), Some(form)) => self.average(average, form, node.inputs[0], node.shape),
            (Layer::Linear(linear), Some(Form::Averages { spikes, shape, pool })) => {
                Form::OfAverages { linear: linear.clone(), spikes, shape, pool }
            }
            (Layer::Linear(linear), Some(Form::Spikes(spikes))) => Form::OfSpikes(linear.clone(), spikes),
            (&Layer::Vote { cluster }, Some(Form::OfSpikes(linear, spikes))) => {
                self.enter(Step::Output { linear, cluster, spikes });
                Form::Output
            }
            (layer, _) => unreachable!("no graph has {layer:?} there"),
        };
        self.forms[id.index()] = Some(form);
        if !self.is_averaged(id) {
            self.settle(id);
        }
        let reads_early = |id: &NodeId| match &graph.node(*id).layer {
            Layer::Lif(_) => true,
            Layer::AveragePool(average) => average.tile().is_none(),
            _ => false,
        };
        let early: Vec<NodeId> = self.readers[id.index()].iter().copied().filter(reads_early).collect();
        early.into_iter().for_each(|reader| self.lower(reader));
    }

    fn average(&mut self, average: &AveragePool, form: Form, input: NodeId, shape: Shape) -> Form {
        match (average.tile(), form) {
            (Some(pool), Form::Spikes(spikes)) => Form::Averages { spikes, shape: self.graph.node(input).shape, pool },
            (Some(pool), Form::NormalSums(convolution, norm, Some(spikes))) => {
                let part = self.enter(Step::Convolution { convolution, norm, spikes, pool });
                Form::Map(Map { parts: vec![part], shape })
            }
            _ => {
                let map = self.map(input);
                Form::Map(Map { parts: vec![self.enter(Step::Pool { map })], shape })
            }
        }
    }

    /// Whether averages over squares are all that is read of a node.
    fn is_averaged(&self, id: NodeId) -> bool {
        let is_tiled = |reader: &NodeId| match &self.graph.node(*reader).layer {
            Layer::AveragePool(average) => average.tile().is_some(),
            _ => false,
        };
        matches!(self.readers[id.index()].as_slice(), [reader] if is_tiled(reader))
    }

    /// Computes normalised sums as they are: their running statistics are the network's, whoever reads them.
    fn settle(&mut self, id: NodeId) {
        if let Form::NormalSums(..) = self.form(id) {
            self.forms[id.index()] = Some(Form::Map(self.map(id)));
        }
    }

    fn form(&self, id: NodeId) -> Form {
        let Some(form) = self.forms[id.index()].clone() else { unreachable!("nodes read only nodes before them") };
        form
    }

    /// The map that a node gives.
    fn map(&mut self, id: NodeId) -> Map {
        match self.form(id) {
            Form::Map(map) => map,
            Form::NormalSums(convolution, norm, spikes) => {
                let shape = convolution.output();
                let part = self.enter(match spikes {
                    Some(spikes) => Step::Convolution { convolution, norm, spikes, pool: 1 },
                    None => Step::Stem { convolution, norm },
                });
                Map { parts: vec![part], shape }
            }
            _ => unreachable!("graphs add up maps alone"),
        }
    }

    /// The known step that is the same, or a new one; it is added to the route.
    fn enter(&mut self, step: Step) -> Id {
        let program = &mut *self.program;
        let id = match program.ids.get(&step.key()) {
            Some(&id) => id,
            None => {
                let id = program.steps.len();
                step.inputs().into_iter().for_each(|input| program.readers[input] += 1);
                program.ids.insert(step.key(), id);
                program.steps.push(step);
                program.readers.push(0);
                id
            }
        };
        if !self.route.order.contains(&id) {
            self.route.order.push(id);
        }
        id
    }
}
