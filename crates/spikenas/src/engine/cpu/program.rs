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
    /// The only timestep that it is of, within a cell with feedback.
    pub at: Option<usize>,
}

/// A computation that is done once for all networks that have it: layers of a graph, as the kernels take them together.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// First convolution and its batch norm, of the images or of each of their frames: a part of a map.
    Stem { convolution: Convolution, norm: BatchNorm, frames: usize },
    /// A convolution of spikes and its batch norm, averaged over squares of side `pool`: a part of a map. `at`: the only timestep of
    /// the spikes.
    Convolution { convolution: Convolution, norm: BatchNorm, spikes: Id, pool: usize, at: Option<usize> },
    /// Average pooling around each pixel: a part of a map.
    Pool { map: Map },
    /// Batch norm of a map: its scale and shift.
    Norm { norm: BatchNorm, map: Map },
    /// The spikes of a LIF layer. `before`: those of the timestep before, where the map is of one alone.
    Spikes { lif: Lif, map: Map, norm: Option<Id>, before: Option<Id> },
    /// One timestep of a part of a map: a part of a map.
    Moment { part: Id, at: usize, shape: Shape },
    /// A map from those of its timesteps, one after the other: a part of a map.
    Series { maps: Vec<Map>, shape: Shape },
    /// The spikes of a LIF layer from those of its timesteps.
    Fired { lif: Lif, moments: Vec<Id> },
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
    Pool(Vec<Id>, Shape, Option<usize>),
    Norm(String, Vec<Id>),
    Spikes(Vec<Id>, Shape, [Option<Id>; 2], u32, Option<usize>),
    Moment(Id, usize),
    Series(Vec<Vec<Id>>, Shape),
    Fired(Vec<Id>),
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
            Step::Spikes { map, norm, before, .. } => map.parts.iter().chain(norm).chain(before).copied().collect(),
            Step::Moment { part, .. } => vec![*part],
            Step::Series { maps, .. } => maps.iter().flat_map(|map| map.parts.iter().copied()).collect(),
            Step::Fired { moments, .. } => moments.clone(),
        }
    }

    fn key(&self) -> Key {
        match self {
            Step::Stem { .. } => Key::Stem,
            Step::Convolution { convolution, spikes, pool, .. } => {
                Key::Convolution(convolution.name.clone(), convolution.kernel, *spikes, *pool)
            }
            Step::Pool { map } => Key::Pool(map.parts.clone(), map.shape, map.at),
            Step::Norm { norm, map } => Key::Norm(norm.name.clone(), map.parts.clone()),
            Step::Spikes { lif, map, norm, before } => {
                Key::Spikes(map.parts.clone(), map.shape, [*norm, *before], lif.threshold.to_bits(), map.at)
            }
            Step::Moment { part, at, .. } => Key::Moment(*part, *at),
            Step::Series { maps, shape } => Key::Series(maps.iter().map(|map| map.parts.clone()).collect(), *shape),
            Step::Fired { moments, .. } => Key::Fired(moments.clone()),
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

    /// Whether a part of a map is the same at every timestep.
    fn is_constant(&self, part: Id) -> bool {
        match &self.steps[part] {
            Step::Stem { frames, .. } => *frames == 1,
            Step::Pool { map } => map.parts.iter().all(|&part| self.is_constant(part)),
            _ => false,
        }
    }

    /// Adds what a network needs.
    pub fn add(&mut self, graph: &Graph, goal: Goal) -> Route {
        let mut lowering = Lowering {
            program: self,
            graph,
            readers: graph.readers(),
            loops: loops(graph),
            forms: vec![None; graph.nodes().len()],
            route: Route::default(),
        };
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
    /// Known at each timestep alone.
    Looped,
}

/// For each node of a graph, the cell in whose feedback it takes part: all of the cell that depends on what comes back.
fn loops(graph: &Graph) -> Vec<Option<usize>> {
    let mut loops: Vec<Option<usize>> = vec![None; graph.nodes().len()];
    for (id, node) in graph.iter() {
        let Some(cell) = node.place.cell() else { continue };
        let depends = node.inputs.iter().any(|input| loops[input.index()] == Some(cell));
        if depends || matches!(node.layer, Layer::Feedback { .. }) {
            loops[id.index()] = Some(cell);
        }
    }
    loops
}

/// A graph being translated into a program.
struct Lowering<'a> {
    program: &'a mut Program,
    graph: &'a Graph,
    readers: Vec<Vec<NodeId>>,
    /// For each node, the cell in whose feedback it takes part.
    loops: Vec<Option<usize>>,
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
        if let Some(cell) = self.loops[id.index()] {
            return self.lower_loop(cell);
        }
        let graph = self.graph;
        let node = graph.node(id);
        let form = match (&node.layer, node.inputs.first().map(|input| self.form(*input))) {
            (Layer::Sum, _) => {
                let parts = node.inputs.iter().flat_map(|&input| self.map(input).parts).collect();
                Form::Map(Map { parts, shape: node.shape, at: None })
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
                Form::Spikes(self.enter(Step::Spikes { lif: lif.clone(), map, norm: Some(norm), before: None }))
            }
            (Layer::Lif(lif), Some(Form::OfAverages { linear, spikes, shape, pool })) => {
                Form::Spikes(self.enter(Step::Hidden { linear, lif: lif.clone(), spikes, shape, pool }))
            }
            (Layer::Lif(lif), Some(_)) => {
                let map = self.map(node.inputs[0]);
                Form::Spikes(self.enter(Step::Spikes { lif: lif.clone(), map, norm: None, before: None }))
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
        self.lower_early_readers(id);
    }

    /// The LIF layers and averages that read a node.
    fn lower_early_readers(&mut self, id: NodeId) {
        let graph = self.graph;
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
                let part = self.enter(Step::Convolution { convolution, norm, spikes, pool, at: None });
                Form::Map(Map { parts: vec![part], shape, at: None })
            }
            _ => {
                let map = self.map(input);
                Form::Map(Map { parts: vec![self.enter(Step::Pool { map })], shape, at: None })
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
                    Some(spikes) => Step::Convolution { convolution, norm, spikes, pool: 1, at: None },
                    None => Step::Stem { convolution, norm, frames: self.graph.config.frames_of_sample() },
                });
                Map { parts: vec![part], shape, at: None }
            }
            _ => unreachable!("graphs add up maps alone"),
        }
    }

    /// The nodes of a cell that take part in its feedback, timestep by timestep.
    fn lower_loop(&mut self, cell: usize) {
        let graph = self.graph;
        let of_cell: Vec<NodeId> =
            graph.iter().filter(|(_, node)| node.place.cell() == Some(cell)).map(|(id, _)| id).collect();
        let (looped, others): (Vec<_>, Vec<_>) = of_cell.into_iter().partition(|id| self.loops[id.index()].is_some());
        others.into_iter().for_each(|id| self.lower(id));
        let mut moments = Vec::<Vec<Option<Form>>>::new();
        for at in 0..graph.config.timesteps {
            moments.push(vec![None; self.forms.len()]);
            for &id in &looped {
                moments[at][id.index()] = Some(self.form_at(id, at, &moments));
            }
        }
        for &id in &looped {
            let of_node = || moments.iter().filter_map(|forms| forms[id.index()].clone());
            let (node, is_output) = (graph.node(id), graph.node(id).place == Place::Node { cell, node: 3 });
            let form = match &node.layer {
                Layer::Lif(lif) => {
                    let moments =
                        of_node().filter_map(|form| if let Form::Spikes(spikes) = form { Some(spikes) } else { None });
                    let moments = moments.collect();
                    Form::Spikes(self.enter(Step::Fired { lif: lif.clone(), moments }))
                }
                Layer::Sum if is_output => {
                    let maps = of_node().filter_map(|form| if let Form::Map(map) = form { Some(map) } else { None });
                    let (maps, shape) = (maps.collect(), node.shape);
                    Form::Map(Map { parts: vec![self.enter(Step::Series { maps, shape })], shape, at: None })
                }
                _ => Form::Looped,
            };
            self.forms[id.index()] = Some(form);
        }
        looped.into_iter().for_each(|id| self.lower_early_readers(id));
    }

    /// A node that takes part in the feedback of its cell, at one timestep. `moments`: the nodes of all timesteps so far.
    fn form_at(&mut self, id: NodeId, at: usize, moments: &[Vec<Option<Form>>]) -> Form {
        let node = self.graph.node(id);
        let first = node.inputs.first().copied();
        match (&node.layer, first.and_then(|input| moments[at][input.index()].clone())) {
            (&Layer::Feedback { of }, _) => {
                let before = at.checked_sub(1).map(|before| self.map_at(of, before, moments));
                let parts = before.map_or_else(Vec::new, |map| map.parts);
                Form::Map(Map { parts, shape: node.shape, at: Some(at) })
            }
            (Layer::Sum, _) => {
                let parts = node.inputs.iter().flat_map(|&input| self.map_at(input, at, moments).parts).collect();
                Form::Map(Map { parts, shape: node.shape, at: Some(at) })
            }
            (Layer::Lif(lif), Some(Form::Map(map))) => {
                let before = at.checked_sub(1).and_then(|before| match moments[before][id.index()] {
                    Some(Form::Spikes(spikes)) => Some(spikes),
                    _ => None,
                });
                Form::Spikes(self.enter(Step::Spikes { lif: lif.clone(), map, norm: None, before }))
            }
            (Layer::Convolution(convolution), Some(Form::Spikes(spikes))) => {
                Form::Sums(convolution.clone(), Some(spikes))
            }
            (Layer::BatchNorm(norm), Some(Form::Sums(convolution, Some(spikes)))) => {
                let shape = convolution.output();
                let step = Step::Convolution { convolution, norm: norm.clone(), spikes, pool: 1, at: Some(at) };
                Form::Map(Map { parts: vec![self.enter(step)], shape, at: Some(at) })
            }
            (Layer::AveragePool(_), Some(Form::Map(map))) => {
                Form::Map(Map { parts: vec![self.enter(Step::Pool { map })], shape: node.shape, at: Some(at) })
            }
            (layer, _) => unreachable!("no cell has {layer:?} there"),
        }
    }

    /// The map that a node of a cell, or what comes before the cell, gives at one timestep.
    fn map_at(&mut self, id: NodeId, at: usize, moments: &[Vec<Option<Form>>]) -> Map {
        if let Some(Form::Map(map)) = &moments[at][id.index()] {
            return map.clone();
        }
        let Map { parts, shape, .. } = self.map(id);
        let moment =
            |part| if self.program.is_constant(part) { part } else { self.enter(Step::Moment { part, at, shape }) };
        Map { parts: parts.into_iter().map(moment).collect(), shape, at: Some(at) }
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
