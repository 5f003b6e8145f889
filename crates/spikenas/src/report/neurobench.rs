use serde::Serialize;

use crate::cost::Operations;
use crate::engine::Evaluation;
use crate::graph::Graph;

/// The figures of a test under the names that NeuroBench gives them (Yik et al., Nature Communications 2025).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NeuroBench {
    /// Bytes of all parameters and buffers as 32-bit numbers.
    pub footprint: u64,
    /// Test accuracy as a part of 1.
    pub classification_accuracy: f64,
    /// Neurons and timesteps without a spike as a part of 1.
    pub activation_sparsity: f64,
    /// Operations of one inference.
    pub synaptic_operations: SynapticOperations,
}

/// Operations of one inference under NeuroBench's names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SynapticOperations {
    /// Multiplications, each with its addition.
    #[serde(rename = "Effective_MACs")]
    pub effective_macs: f64,
    /// Additions.
    #[serde(rename = "Effective_ACs")]
    pub effective_acs: f64,
    /// Operations that dense layers would need.
    #[serde(rename = "Dense")]
    pub dense: f64,
}

impl NeuroBench {
    /// The figures of a tested network.
    pub fn new(graph: &Graph, evaluation: &Evaluation, operations: &Operations) -> Self {
        let numbers: usize = graph.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum();
        Self {
            footprint: 4 * numbers as u64,
            classification_accuracy: evaluation.accuracy / 100.0,
            activation_sparsity: 1.0 - evaluation.firing_rate,
            synaptic_operations: SynapticOperations {
                effective_macs: operations.multiplications(),
                effective_acs: operations.additions(),
                dense: operations.dense(),
            },
        }
    }
}
