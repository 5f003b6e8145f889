use serde::{Deserialize, Serialize};

use super::budget::Scope;
use crate::graph::{Graph, Parameter, ParameterKind};

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

/// Trainable parameters of one layer (paper, Eq. 6: weights plus biases).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Module name in the reference's state dict.
    pub name: String,
    /// Convolution or linear weights: height x width x channels x filters (paper, Eq. 7).
    pub weights: u64,
    /// Scales and shifts of batch norms.
    pub batch_norm: u64,
    /// Biases of linear layers.
    pub bias: u64,
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
        for parameter in graph.parameters() {
            let name = layer_name(&parameter);
            if layers.last().is_none_or(|last| last.name != name) {
                layers.push(LedgerEntry { name: name.to_string(), weights: 0, batch_norm: 0, bias: 0 });
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
    use crate::graph::{NetworkConfig, Shape};
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
        assert_eq!(ledger.layers.iter().map(LedgerEntry::total).sum::<u64>(), ledger.count().network);
    }
}
