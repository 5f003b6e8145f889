use super::config::NetworkConfig;
use super::layer::{AveragePool, BatchNorm, Convolution, Layer, Lif, Linear};
use super::network_graph::{Graph, Node, Place, Time};
use super::node_id::NodeId;
use super::shape::Shape;
use crate::space::{Architecture, Cell, Edge, Kernel, Operation, Transform};
use crate::{Error, Result};

impl Graph {
    /// Lays out an architecture for images of the given shape; a single cell is repeated for each cell of the network.
    ///
    /// Errors: settings out of range, another number of cells, or images too small for the poolings.
    pub fn new(architecture: &Architecture, config: &NetworkConfig, input: Shape) -> Result<Self> {
        config.check()?;
        let architecture = architecture.clone().with_cells(config.cells)?;
        let reductions = config.reductions();
        check_sides(input, config, (1 << reductions) * config.last_pool)?;
        let mut builder = Builder { config, nodes: Vec::new() };
        let mut map = builder.stem(input);
        for (index, cell) in architecture.cells().iter().enumerate() {
            map = builder.cell(index, cell, map);
            if index < reductions {
                map = builder.reduction(index, map);
            }
        }
        let spikes = builder.last_activation(map);
        builder.classifier(spikes);
        Ok(Self { architecture, config: config.clone(), input, nodes: builder.nodes })
    }
}

fn check_sides(input: Shape, config: &NetworkConfig, side: usize) -> Result<()> {
    /// Rows and columns that the kernels can list in 32 bits.
    const MOST: usize = 1 << 16;
    if input.height.max(input.width) > MOST {
        let Shape { height, width, .. } = input;
        return Err(Error::invalid(format!("images of {width}x{height}: both sides must be at most {MOST}")));
    }
    if !input.is_empty() && input.height.is_multiple_of(side) && input.width.is_multiple_of(side) {
        return Ok(());
    }
    let (Shape { height, width, .. }, cells, pool) = (input, config.cells, config.last_pool);
    Err(Error::invalid(format!(
        "images of {width}x{height} do not fit {cells} cells with a last pooling of {pool}: both sides must be multiples of {side}"
    )))
}

/// A graph under construction; the wiring of a network is looked at nowhere else.
struct Builder<'a> {
    config: &'a NetworkConfig,
    nodes: Vec<Node>,
}

impl Builder<'_> {
    fn add(&mut self, place: Place, layer: Layer, inputs: Vec<NodeId>, shape: Shape) -> NodeId {
        let of_inputs = inputs.iter().map(|id| self.nodes[id.index()].time).max().unwrap_or(Time::Constant);
        let time = match layer {
            Layer::Lif(_) | Layer::Feedback { .. } => Time::Stepwise,
            Layer::Input if self.config.frames => Time::Stepwise,
            Layer::Vote { .. } => Time::Total,
            _ => of_inputs,
        };
        self.nodes.push(Node { layer, inputs, shape, time, place });
        NodeId(self.nodes.len() - 1)
    }

    fn shape(&self, id: NodeId) -> Shape {
        self.nodes[id.index()].shape
    }

    fn stem(&mut self, input: Shape) -> NodeId {
        let images = self.add(Place::Input, Layer::Input, Vec::new(), input);
        let sums = self.convolution(Place::Stem, "stem.0", images, self.config.widths[0], Kernel::THREE);
        self.batch_norm(Place::Stem, "stem.1", sums)
    }

    /// `x1 = op01(x0)`, `x2 = op02(x0) + op12(x1)`, `x3 = op03(x0) + op13(x1) + op23(x2)`, each with what comes back to it; returns x3.
    fn cell(&mut self, index: usize, cell: &Cell, input: NodeId) -> NodeId {
        let shape = self.shape(input);
        let mut feedback = Vec::new();
        let mut nodes = vec![self.with_feedback(index, cell, 0, input, &mut feedback)];
        for node in 1..=3 {
            let incoming = Edge::ALL.into_iter().filter(|edge| edge.to() == node);
            let inputs = incoming.filter_map(|edge| self.edge(index, cell, edge, nodes[edge.from()])).collect();
            let sum = self.add(Place::Node { cell: index, node }, Layer::Sum, inputs, shape);
            nodes.push(self.with_feedback(index, cell, node, sum, &mut feedback));
        }
        for (node, later) in feedback {
            let incoming = Edge::BACK.into_iter().filter(|edge| edge.to() == node);
            let inputs = incoming.filter_map(|edge| self.edge(index, cell, edge, nodes[edge.from()])).collect();
            let of = self.add(Place::Feedback { cell: index, node }, Layer::Sum, inputs, shape);
            self.nodes[later.index()].layer = Layer::Feedback { of };
        }
        nodes[3]
    }

    /// A node of a cell with what comes back to it, if anything; what comes back is known later, and listed with its node.
    fn with_feedback(
        &mut self,
        index: usize,
        cell: &Cell,
        node: usize,
        map: NodeId,
        feedback: &mut Vec<(usize, NodeId)>,
    ) -> NodeId {
        let comes_back = |edge: &Edge| edge.to() == node && cell.operation(*edge) != Operation::Zeroize;
        if !Edge::BACK.iter().any(comes_back) {
            return map;
        }
        let (place, shape) = (Place::Feedback { cell: index, node }, self.shape(map));
        let later = self.add(place, Layer::Feedback { of: map }, Vec::new(), shape);
        feedback.push((node, later));
        self.add(place, Layer::Sum, vec![map, later], shape)
    }

    /// What an edge adds to its node, if anything.
    fn edge(&mut self, cell: usize, operations: &Cell, edge: Edge, source: NodeId) -> Option<NodeId> {
        let place = Place::Edge { cell, edge };
        match operations.operation(edge).transform() {
            Transform::Nothing => None,
            Transform::Identity => Some(source),
            Transform::AveragePool(side) => Some(self.average(place, AveragePool::around(side), source)),
            Transform::Convolution { kernel, threshold } => {
                let back = if edge.is_back() { "_back" } else { "" };
                let name = |child: usize| format!("cell{}.cell_architecture{back}.{}.{child}", cell + 1, edge.index());
                let spikes = self.lif(place, &name(0), source, self.config.threshold * threshold);
                let sums = self.convolution(place, &name(1), spikes, self.shape(source).channels, kernel);
                Some(self.batch_norm(place, &name(2), sums))
            }
        }
    }

    /// Batch norm -> LIF -> 3x3 convolution -> batch norm -> 2x2 average pooling.
    fn reduction(&mut self, cell: usize, source: NodeId) -> NodeId {
        let place = Place::Reduction { cell };
        let name = |child: usize| format!("downconv{}.{child}", cell + 1);
        let normal = self.batch_norm(place, &name(0), source);
        let spikes = self.lif(place, &name(1), normal, self.config.threshold);
        let sums = self.convolution(place, &name(2), spikes, self.config.widths[1], Kernel::THREE);
        let normal = self.batch_norm(place, &name(3), sums);
        self.average(place, AveragePool::tiles(2), normal)
    }

    fn last_activation(&mut self, source: NodeId) -> NodeId {
        let normal = self.batch_norm(Place::LastActivation, "last_act.0", source);
        let spikes = self.lif(Place::LastActivation, "last_act.1", normal, self.config.threshold);
        self.average(Place::LastActivation, AveragePool::tiles(self.config.last_pool), spikes)
    }

    /// Linear -> LIF -> linear -> mean of each cluster.
    fn classifier(&mut self, source: NodeId) {
        let (place, config) = (Place::Classifier, self.config);
        let hidden = self.linear("classifier.1", source, config.hidden, false);
        let spikes = self.lif(place, "classifier.2", hidden, config.threshold);
        let outputs = self.linear("classifier.3", spikes, config.outputs(), true);
        let classes = Shape { channels: config.classes, height: 1, width: 1 };
        self.add(place, Layer::Vote { cluster: config.cluster }, vec![outputs], classes);
    }

    fn convolution(&mut self, place: Place, name: &str, source: NodeId, outputs: usize, kernel: Kernel) -> NodeId {
        let convolution = Convolution { name: name.into(), input: self.shape(source), outputs, kernel };
        let shape = convolution.output();
        self.add(place, Layer::Convolution(convolution), vec![source], shape)
    }

    fn batch_norm(&mut self, place: Place, name: &str, source: NodeId) -> NodeId {
        let shape = self.shape(source);
        let norm = BatchNorm { name: name.into(), channels: shape.channels };
        self.add(place, Layer::BatchNorm(norm), vec![source], shape)
    }

    fn lif(&mut self, place: Place, name: &str, source: NodeId, threshold: f32) -> NodeId {
        let shape = self.shape(source);
        self.add(place, Layer::Lif(Lif { name: name.into(), shape, threshold }), vec![source], shape)
    }

    fn average(&mut self, place: Place, pool: AveragePool, source: NodeId) -> NodeId {
        let shape = pool.output(self.shape(source));
        self.add(place, Layer::AveragePool(pool), vec![source], shape)
    }

    fn linear(&mut self, name: &str, source: NodeId, outputs: usize, has_bias: bool) -> NodeId {
        let linear = Linear { name: name.into(), inputs: self.shape(source).len(), outputs, has_bias };
        let shape = Shape { channels: outputs, height: 1, width: 1 };
        self.add(Place::Classifier, Layer::Linear(linear), vec![source], shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Shape = Shape { channels: 3, height: 32, width: 32 };

    fn graph(text: &str, cells: usize, preset: &str) -> Result<Graph> {
        Graph::new(&text.parse()?, &NetworkConfig { cells, ..NetworkConfig::preset(preset)? }, IMAGE)
    }

    #[test]
    fn lif_layers_come_in_the_order_of_execution() {
        let graph = graph("0302 0041 0002 0000", 2, "cifar100").unwrap();
        let names: Vec<String> = graph.lifs().map(|(_, lif)| lif.name.clone()).collect();
        let cell = |c: usize| [0, 3, 5].map(|k| format!("cell{c}.cell_architecture.{k}.0"));
        let expected: Vec<String> = cell(1)
            .into_iter()
            .chain(["downconv1.1".to_string()])
            .chain(cell(2))
            .chain(["last_act.1".to_string(), "classifier.2".to_string()])
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn one_cell_is_followed_by_a_reduction_and_three_have_one_between() {
        let shapes = |cells| {
            let graph = graph("0111 0011 0001 0000", cells, "cifar10").unwrap();
            let outputs = graph.nodes().iter().filter(|n| matches!(n.place, Place::Node { node: 3, .. }));
            let is_reduction = |n: &&Node| matches!((&n.layer, n.place), (Layer::Lif(_), Place::Reduction { .. }));
            let linear = graph.nodes().iter().find_map(|n| match &n.layer {
                Layer::Linear(linear) => Some(linear.inputs),
                _ => None,
            });
            (
                outputs.map(|n| (n.shape.channels, n.shape.height)).collect::<Vec<_>>(),
                graph.nodes().iter().filter(is_reduction).count(),
                linear.unwrap(),
            )
        };
        assert_eq!(shapes(1), (vec![(128, 32)], 1, 16_384));
        assert_eq!(shapes(2), (vec![(128, 32), (256, 16)], 1, 16_384));
        assert_eq!(shapes(3), (vec![(128, 32), (256, 16), (256, 8)], 2, 4_096));
    }

    #[test]
    fn what_follows_a_spike_changes_with_time_and_nothing_before() {
        let graph = graph("0410 0000 0003 0000", 1, "sample").unwrap();
        let time = |place| graph.nodes().iter().rfind(|node| node.place == place).map(|node| node.time);
        let node = |node| Place::Node { cell: 0, node };
        assert_eq!([1, 2].map(|n| time(node(n))), [Some(Time::Constant); 2]);
        assert_eq!([time(node(3)), time(Place::LastActivation)], [Some(Time::Stepwise); 2]);
        assert_eq!(time(Place::Classifier), Some(Time::Total));
    }

    #[test]
    fn frames_change_with_time_from_the_stem_on() {
        let config = NetworkConfig { frames: true, ..NetworkConfig::preset("sample").unwrap() };
        let graph = Graph::new(&"0410 0000 0003 0000".parse().unwrap(), &config, IMAGE).unwrap();
        let (last, others) = graph.nodes().split_last().unwrap();
        assert!(last.time == Time::Total && others.iter().all(|node| node.time == Time::Stepwise));
        assert_eq!(graph.sample_len(), 5 * IMAGE.len());
    }

    #[test]
    fn files_with_other_layers_are_refused() {
        let mut value = serde_json::to_value(graph("0313 0031 0003 0000", 2, "sample").unwrap()).unwrap();
        value["nodes"][4]["shape"]["channels"] = 7.into();
        assert!(serde_json::from_value::<Graph>(value).unwrap_err().to_string().contains("0313"));
    }

    #[test]
    fn images_that_do_not_fit_the_poolings_are_refused() {
        let architecture: Architecture = "0111 0011 0001 0000".parse().unwrap();
        let config = NetworkConfig::preset("cifar10").unwrap();
        let error = Graph::new(&architecture, &config, Shape { channels: 3, height: 30, width: 32 }).unwrap_err();
        assert!(error.to_string().contains("multiples of 4"), "{error}");
    }
}
