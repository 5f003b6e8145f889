use super::{BatchNorm, Convolution, EdgePlan, Lif, Linear, Plan};
use crate::space::{Edge, Operation};

/// One tensor of the state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the reference's state dict.
    pub name: String,
    /// Shape, PyTorch's order.
    pub shape: Vec<usize>,
    /// What it is.
    pub kind: ParameterKind,
}

/// What a tensor of the state dict is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Convolution or linear weights.
    Weight,
    /// Bias of a linear layer.
    Bias,
    /// Scale of a batch norm.
    Scale,
    /// Shift of a batch norm.
    Shift,
    /// Running mean of a batch norm: kept, not trained.
    RunningMean,
    /// Running variance of a batch norm: kept, not trained.
    RunningVariance,
}

impl ParameterKind {
    /// Whether training changes it by a gradient.
    pub fn is_trainable(self) -> bool {
        !matches!(self, ParameterKind::RunningMean | ParameterKind::RunningVariance)
    }
}

impl Plan {
    /// Every LIF layer, in the order of execution.
    pub fn lifs(&self) -> Vec<&Lif> {
        let mut lifs = Vec::new();
        for (index, cell) in self.cells.iter().enumerate() {
            lifs.extend(cell.edges.iter().filter_map(EdgePlan::convolution).map(|c| &c.lif));
            lifs.extend(self.reductions.get(index).map(|r| &r.convolution.lif));
        }
        lifs.extend([&self.last_lif, &self.classifier.lif]);
        lifs
    }

    /// Names of the LIF layers on edges that no path from their cell's input to its output takes.
    pub fn idle_lifs(&self) -> Vec<&str> {
        let mut idle = Vec::new();
        for (cell, plan) in self.architecture.cells().iter().zip(&self.cells) {
            let pruned = cell.pruned();
            let dead = Edge::ALL.into_iter().filter(|&edge| pruned.operation(edge) == Operation::Zeroize);
            idle.extend(dead.filter_map(|edge| plan.edges[edge.index()].convolution()).map(|c| c.lif.name.as_str()));
        }
        idle
    }

    /// Every tensor of the state dict that holds numbers, in the reference's order.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut all = Parameters(Vec::new());
        all.convolution(&self.stem);
        all.norm(&self.stem_norm);
        for (index, cell) in self.cells.iter().enumerate() {
            for edge in cell.edges.iter().filter_map(EdgePlan::convolution) {
                all.convolution(&edge.convolution);
                all.norm(&edge.norm);
            }
            if let Some(reduction) = self.reductions.get(index) {
                all.norm(&reduction.norm);
                all.convolution(&reduction.convolution.convolution);
                all.norm(&reduction.convolution.norm);
            }
        }
        all.norm(&self.last_norm);
        all.linear(&self.classifier.hidden);
        all.linear(&self.classifier.output);
        all.0
    }
}

/// Collects the tensors of layers.
struct Parameters(Vec<Parameter>);

impl Parameters {
    fn convolution(&mut self, convolution: &Convolution) {
        self.0.push(convolution.weight());
    }

    fn norm(&mut self, norm: &BatchNorm) {
        self.0.extend(norm.parameters());
    }

    fn linear(&mut self, linear: &Linear) {
        self.0.push(linear.weight());
        self.0.extend(linear.bias());
    }
}
