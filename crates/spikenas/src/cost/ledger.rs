use serde::{Deserialize, Serialize};

use super::budget::Scope;
use crate::graph::{Graph, Node, Parameter, ParameterKind, Place, Shape};
use crate::space::Architecture;

/// Number of trainable parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCount {
    /// Everything but the classifier.
    pub backbone: u64,
    /// The classifier.
    pub classifier: u64,
    /// Everything.
    pub network: u64,
}

impl ParameterCount {
    /// What a budget of this scope counts.
    pub fn in_scope(&self, scope: Scope) -> u64 {
        match scope {
            Scope::Backbone => self.backbone,
            Scope::Network => self.network,
        }
    }
}

/// How many times the budget of the backbone a classifier has to have, so that somebody should hear of it.
const HEAVY: u64 = 2;

impl ParameterCount {
    /// What somebody should hear who has a budget for the backbone, or none and looks at the backbone, where the classifier has more
    /// than twice as many parameters; the budget does not count them.
    pub fn concern(&self, budget: Option<u64>) -> Option<String> {
        let Self { backbone, classifier, network } = *self;
        let of = if budget.is_some() { "the budget of the backbone" } else { "the backbone" };
        let compared = budget.unwrap_or(backbone);
        (classifier / HEAVY > compared).then(|| {
            format!(
                "the classifier has {classifier} parameters, {:.0} times {of}, and the whole network {network}: lower the widths, lower \
                 the hidden layer, raise the last pooling, or scale the images down",
                classifier as f64 / compared.max(1) as f64
            )
        })
    }
}

/// Trainable parameters of one layer (paper, Eq. 6: weights plus biases).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Shape of what the layer gives for one image at one timestep.
    pub output: Shape,
    /// Convolution or linear weights: height x width x channels x filters (paper, Eq. 7).
    pub weights: u64,
    /// Scales and shifts of batch norms.
    pub batch_norm: u64,
    /// Biases of linear layers.
    pub bias: u64,
    /// Whether it is on an edge that is on no path from its cell's input to its output, and does no work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
}

impl LedgerEntry {
    /// All parameters of the layer.
    pub fn total(&self) -> u64 {
        self.weights + self.batch_norm + self.bias
    }

    fn is_classifier(&self) -> bool {
        self.name.starts_with("classifier")
    }
}

/// The itemised memory of a network.
///
/// ```
/// use spikenas::{cost::Ledger, graph::{Graph, NetworkConfig, Shape}};
/// let image = Shape { channels: 3, height: 32, width: 32 };
/// let graph = Graph::new(&"0111 0011 0001 0000".parse()?, &NetworkConfig::preset("cifar10")?, image)?;
/// assert_eq!(Ledger::new(&graph).count().network, 17_179_620);
/// # Ok::<(), spikenas::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Every layer that has parameters, in the order of execution.
    pub layers: Vec<LedgerEntry>,
}

impl Ledger {
    /// Itemises a network.
    pub fn new(graph: &Graph) -> Self {
        let mut layers: Vec<LedgerEntry> = Vec::new();
        let parameters =
            graph.nodes().iter().flat_map(|node| node.layer.parameters().into_iter().map(move |p| (node, p)));
        for (node, parameter) in parameters {
            let name = layer_name(&parameter);
            if layers.last().is_none_or(|last| last.name != name) {
                let (name, output, unreachable) = (name.to_string(), given(graph, node), graph.is_idle(node));
                layers.push(LedgerEntry { name, output, weights: 0, batch_norm: 0, bias: 0, unreachable });
            }
            let Some(entry) = layers.last_mut() else { continue };
            let count: u64 = parameter.shape.iter().map(|&n| n as u64).product();
            match parameter.kind {
                ParameterKind::Weight => entry.weights += count,
                ParameterKind::Bias => entry.bias += count,
                ParameterKind::Scale | ParameterKind::Shift => entry.batch_norm += count,
                ParameterKind::RunningMean | ParameterKind::RunningVariance => {}
            }
        }
        Self { layers }
    }

    /// The totals.
    pub fn count(&self) -> ParameterCount {
        let (classifier, backbone): (Vec<_>, Vec<_>) = self.layers.iter().partition(|l| l.is_classifier());
        let total = |layers: &[&LedgerEntry]| layers.iter().map(|l| l.total()).sum::<u64>();
        let (backbone, classifier) = (total(&backbone), total(&classifier));
        ParameterCount { backbone, classifier, network: backbone + classifier }
    }

    /// Parameters of the layers on no path; Eq. 6 counts them, so the totals do.
    pub fn unreachable(&self) -> u64 {
        self.layers.iter().filter(|layer| layer.unreachable).map(LedgerEntry::total).sum()
    }
}

/// Parameters that do no work: those of edges that are on no path from their cell's input to its output.
///
/// Without them the untrained network is the same function. In training, the batch norm of an edge that leaves a node which
/// nothing reaches still learns a shift: a bias per channel, for all the convolution's weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// Parameters of such edges.
    pub parameters: u64,
    /// The architecture without such edges.
    pub without: Architecture,
}

impl Unreachable {
    /// Those of a network, if it has any.
    pub fn of(graph: &Graph) -> Option<Self> {
        let parameters = Ledger::new(graph).unreachable();
        (parameters > 0).then(|| Self { parameters, without: graph.architecture.pruned() })
    }

    /// The same in a line.
    pub fn words(&self) -> String {
        let Self { parameters, without } = self;
        format!(
            "{parameters} parameters are on no path from input to output and do no work; the same network without them is {without}"
        )
    }
}

/// What the layer of a node gives: its part of the network whole, as a reduction with its pooling; the classifier has two layers.
fn given(graph: &Graph, node: &Node) -> Shape {
    let last = graph.nodes().iter().rfind(|other| other.place == node.place);
    if node.place == Place::Classifier { node.shape } else { last.unwrap_or(node).shape }
}

/// The layer to which a tensor is booked: `cell1.cell_architecture.0.1.weight` -> `cell1.cell_architecture.0`,
/// `downconv1.2.weight` -> `downconv1`, but `classifier.3.bias` -> `classifier.3`.
fn layer_name(parameter: &Parameter) -> &str {
    let module = parameter.name.rsplit_once('.').map_or(parameter.name.as_str(), |(module, _)| module);
    if module.starts_with("classifier") { module } else { module.rsplit_once('.').map_or(module, |(layer, _)| layer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NetworkConfig;
    use crate::space::{Architecture, Cell, Edge, Operation};

    fn count(cell: Cell, cells: usize, preset: &str) -> ParameterCount {
        let architecture = Architecture::repeated(cell, cells).unwrap();
        let config = NetworkConfig { cells, ..NetworkConfig::preset(preset).unwrap() };
        Ledger::new(&Graph::new(&architecture, &config, Shape { channels: 3, height: 32, width: 32 }).unwrap()).count()
    }

    #[test]
    fn two_cells_at_128_256_have_the_published_number_of_parameters() {
        let mut cell = Cell::uniform(Operation::Skip);
        for n in 0..=6 {
            assert_eq!(count(cell, 2, "cifar10").network, 17_179_620 + 738_048 * n);
            assert_eq!(count(cell, 2, "cifar100").network, 17_589_620 + 738_048 * n);
            assert_eq!(count(cell, 2, "cifar10").backbone, 299_904 + 738_048 * n);
            if let Some(&edge) = Edge::ALL.get(n as usize) {
                cell = cell.with(edge, Operation::Conv3x3);
            }
        }
    }

    #[test]
    fn the_largest_single_cell_fits_1_2_million() {
        assert_eq!(count(Cell::uniform(Operation::Conv3x3), 1, "cifar10").backbone, 1_186_176);
    }

    #[test]
    fn a_classifier_that_dwarfs_what_the_budget_counts_is_told() {
        let count = count(Cell::uniform(Operation::Skip), 2, "sample");
        let words = |budget| count.concern(budget);
        assert_eq!(words(Some(count.classifier / 2)), None);
        let told = words(Some(count.classifier / 10)).unwrap();
        assert!(
            told.contains("10 times the budget of the backbone") && told.contains(&count.network.to_string()),
            "{told}"
        );
        assert!(words(None).unwrap().contains("times the backbone,"));
    }

    #[test]
    fn convolutions_on_no_path_are_marked_and_the_network_without_them_has_that_many_parameters_less() {
        let image = Shape { channels: 3, height: 32, width: 32 };
        let config = NetworkConfig { cells: 2, widths: [4, 8], ..NetworkConfig::preset("sample").unwrap() };
        let of = |text: &str| Graph::new(&text.parse().unwrap(), &config, image).unwrap();
        // Nothing reaches node 1; in the second cell, node 2 reaches nothing.
        let graph = of("0010 0033 0003 0000/0303 0023 0000 0000");
        let found = Unreachable::of(&graph).unwrap();
        let marked = Ledger::new(&graph).layers.into_iter().filter(|layer| layer.unreachable).map(|layer| layer.name);
        let names = ["cell1.cell_architecture.2", "cell1.cell_architecture.4", "cell2.cell_architecture.2"];
        assert_eq!(marked.collect::<Vec<_>>(), names);
        assert_eq!(found.without.to_string(), "0010 0000 0003 0000/0303 0003 0000 0000");
        let rest = Ledger::new(&of(&found.without.to_string())).count();
        assert_eq!(rest.network + found.parameters, Ledger::new(&graph).count().network);
        assert_eq!(Unreachable::of(&of("0313 0031 0003 0000")), None);
    }

    #[test]
    fn layers_add_up_and_are_itemised() {
        let architecture: Architecture = "0300 0000 0000 0000".parse().unwrap();
        let image = Shape { channels: 3, height: 32, width: 32 };
        let config = NetworkConfig { cells: 1, ..NetworkConfig::preset("cifar10").unwrap() };
        let graph = Graph::new(&architecture, &config, image).unwrap();
        let ledger = Ledger::new(&graph);
        let names: Vec<&str> = ledger.layers.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(
            names,
            ["stem", "cell1.cell_architecture.0", "downconv1", "last_act", "classifier.1", "classifier.3"]
        );
        let reduction = &ledger.layers[2];
        assert_eq!((reduction.weights, reduction.batch_norm, reduction.bias), (294_912, 768, 0));
        assert_eq!(reduction.output, Shape { channels: 256, height: 16, width: 16 });
        assert_eq!(ledger.layers.iter().map(LedgerEntry::total).sum::<u64>(), ledger.count().network);
    }
}
